//! When to collect what: sizes and thresholds.

use gc_core::heap::{BLOCK_BYTES, Heap};

/// The nursery does not shrink below this: about half of the second-level cache.
const NURSERY_BYTES_MIN: usize = 1 << 20;
/// It does not grow beyond this: a nursery of 64 MiB, which leaves every cache, was measured to
/// cost 1.8 times as much.
pub const NURSERY_BYTES_MAX: usize = 16 << 20;

/// Minor collections in a row before the aging space is collected: CPython's threshold.
const MINORS_PER_MIDDLE: usize = 10;

/// The aging space is collected, too, when it holds this many nurseries. With four, `quads` took 9
/// MiB more at its peak (`graph` 6 MiB less), and neither they nor `churn`, `gcbench`, `rings` and
/// `binary-trees` were faster beyond the noise: `harness run --backend generational --no-pauses`.
const NURSERIES_PER_AGING: usize = 1;

/// A full collection runs when the mature bytes exceed those after the last one by this share,
/// as a divisor: by half.
const GROWTH_DIVISOR: usize = 2;

/// And by this much at least, so that a small heap is not collected for every few objects.
const GROWTH_BYTES_MIN: usize = 4 << 20;

/// What has happened since the last collections, and what follows from it.
#[derive(Debug)]
pub(crate) struct Pacing {
    minors_since_middle: usize,
    aging_bytes: usize,
    /// Mature bytes that make a full collection due.
    full_at_bytes: usize,
    /// The share of the nursery that lived at the last minor collection, in percent.
    survival_percent: usize,
}

impl Default for Pacing {
    fn default() -> Pacing {
        Pacing {
            minors_since_middle: 0,
            aging_bytes: 0,
            full_at_bytes: GROWTH_BYTES_MIN,
            survival_percent: 0,
        }
    }
}

impl Pacing {
    /// The generation that is due.
    pub(crate) fn generation(&self, heap: &Heap) -> u8 {
        let aging_bytes_max = NURSERIES_PER_AGING * heap.nursery_bytes();
        if heap.live_bytes() > self.full_at_bytes {
            2
        } else if self.minors_since_middle >= MINORS_PER_MIDDLE
            || self.aging_bytes > aging_bytes_max
        {
            1
        } else {
            0
        }
    }

    /// Whether the nursery is promoted where it lies: if a `mutate` overran it, so that its objects
    /// were made for each other, or if more than half of it is likely to live.
    pub(crate) fn promotes_in_place(&self, heap: &Heap) -> bool {
        let overrun_bytes = 2 * heap.nursery_bytes() + 2 * BLOCK_BYTES;
        heap.nursery_taken_bytes() > overrun_bytes || self.survival_percent > 50
    }

    /// Notes a collection, and chooses the nursery's size by what lived of it.
    pub(crate) fn note(
        &mut self,
        heap: &mut Heap,
        generation: u8,
        taken_bytes: usize,
        survived_bytes: usize,
    ) {
        self.survival_percent = (survived_bytes * 100).checked_div(taken_bytes).unwrap_or(0);
        let nursery_bytes = heap.nursery_bytes().max(NURSERY_BYTES_MIN);
        match self.survival_percent {
            20.. => heap.set_nursery_bytes((nursery_bytes * 2).min(NURSERY_BYTES_MAX)),
            0..5 => heap.set_nursery_bytes((nursery_bytes / 2).max(NURSERY_BYTES_MIN)),
            _ => {}
        }
        if generation == 0 {
            self.minors_since_middle += 1;
            self.aging_bytes += survived_bytes;
        } else {
            self.minors_since_middle = 0;
            self.aging_bytes = 0;
        }
        if generation == 2 {
            let live_bytes = heap.live_bytes();
            self.full_at_bytes = live_bytes + (live_bytes / GROWTH_DIVISOR).max(GROWTH_BYTES_MIN);
        }
    }
}
