//! When to collect what: sizes and thresholds.
//!
//! What a full collection costs is paid for by what became old since the last one: the mature space
//! has to grow by a share of what lived then. So the heap is at most that much larger than what
//! lives, beside what is young or ages, and a program that makes garbage at a steady rate spends a
//! bounded number of visits on each object that it tenures.
//!
//! Where hardly any of it was garbage, the next full collection waits for twice the share, up to
//! [`GROWTH_PERCENT_MAX`]: a heap that is being built up costs few collections, and little is
//! wasted, for what is kept longer lives.

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

/// A full collection runs when the mature bytes exceed those after the last one by this share.
const GROWTH_PERCENT: usize = 50;

/// The largest share.
const GROWTH_PERCENT_MAX: usize = 200;

/// And by this much at least, so that a small heap is not collected for every few objects.
const GROWTH_BYTES_MIN: usize = 4 << 20;

/// A full collection was of little use if it freed less than this share of the growth since the last.
const USEFUL_PERCENT: usize = 25;

/// Objects are promoted where they lie if more than this share of them is likely to live: then
/// copying them takes time, and their memory twice.
const IN_PLACE_PERCENT: usize = 60;

/// What a collection has found to live.
#[derive(Debug)]
pub(crate) struct Survival {
    /// Bytes that were handed out since the last collection, and that live.
    pub(crate) taken_bytes: usize,
    pub(crate) survived_bytes: usize,
    /// Bytes of these that age now.
    pub(crate) aged_bytes: usize,
    /// Bytes that were aging, if the collection looked at them, and that live.
    pub(crate) aging_bytes: usize,
    pub(crate) tenured_bytes: usize,
}

/// What has happened since the last collections, and what follows from it.
#[derive(Debug)]
pub(crate) struct Pacing {
    minors_since_middle: usize,
    aging_bytes: usize,
    /// Old bytes after the last full collection.
    old_bytes: usize,
    growth_percent: usize,
    /// The nursery at the last collection, and what lived of it.
    taken_bytes: usize,
    survived_bytes: usize,
    /// The share of the aging space that lived when it was last collected.
    tenured_percent: usize,
}

impl Default for Pacing {
    fn default() -> Pacing {
        Pacing {
            minors_since_middle: 0,
            aging_bytes: 0,
            old_bytes: 0,
            growth_percent: GROWTH_PERCENT,
            taken_bytes: 0,
            survived_bytes: 0,
            tenured_percent: 0,
        }
    }
}

impl Pacing {
    /// The generation that is due.
    pub(crate) fn generation(&self, heap: &Heap) -> u8 {
        let mut old_bytes = heap.live_bytes() - self.aging_bytes;
        let mut aging_bytes = self.aging_bytes;
        if self.promotes_in_place(heap) {
            old_bytes += self.survived_bytes;
        } else {
            aging_bytes += self.survived_bytes;
        }
        let is_aging_full = aging_bytes > NURSERIES_PER_AGING * heap.nursery_bytes();
        let is_middle = is_aging_full || self.minors_since_middle >= MINORS_PER_MIDDLE;
        // What ages and is likely to live is as good as old.
        let expected_bytes = if self.tenures_in_place() {
            old_bytes + aging_bytes
        } else if is_middle {
            old_bytes + self.aging_bytes * self.tenured_percent / 100
        } else {
            old_bytes
        };
        if expected_bytes > self.full_at_bytes() {
            2
        } else if is_middle {
            1
        } else {
            0
        }
    }

    /// Old bytes that make a full collection due.
    fn full_at_bytes(&self) -> usize {
        self.old_bytes + (self.old_bytes / 100 * self.growth_percent).max(GROWTH_BYTES_MIN)
    }

    /// Whether the nursery is promoted where it lies, and is old at once: if a `mutate` overran it, so that its objects
    /// were made for each other, or if most of it is likely to live.
    pub(crate) fn promotes_in_place(&self, heap: &Heap) -> bool {
        let overrun_bytes = 2 * heap.nursery_bytes() + 2 * BLOCK_BYTES;
        let taken_bytes = heap.nursery_taken_bytes();
        // Of a nursery that has grown a smaller share lives, but rarely just as many bytes.
        let percent = |of: usize| (self.survived_bytes * 100).checked_div(of).unwrap_or(0);
        let expected_percent = (percent(self.taken_bytes) + percent(taken_bytes).min(100)) / 2;
        taken_bytes > overrun_bytes || expected_percent > IN_PLACE_PERCENT
    }

    /// Whether the aging objects become old where they lie.
    pub(crate) fn tenures_in_place(&self) -> bool {
        self.tenured_percent > IN_PLACE_PERCENT
    }

    /// Notes a collection, and chooses the nursery's size by what lived of it.
    pub(crate) fn note(&mut self, heap: &mut Heap, generation: u8, survival: &Survival) {
        let &Survival { taken_bytes, survived_bytes, .. } = survival;
        self.taken_bytes = taken_bytes;
        self.survived_bytes = survived_bytes;
        let nursery_bytes = heap.nursery_bytes().max(NURSERY_BYTES_MIN);
        match (survived_bytes * 100).checked_div(taken_bytes).unwrap_or(0) {
            20.. => heap.set_nursery_bytes((nursery_bytes * 2).min(NURSERY_BYTES_MAX)),
            0..5 => heap.set_nursery_bytes((nursery_bytes / 2).max(NURSERY_BYTES_MIN)),
            _ => {}
        }
        if let Some(percent) = (survival.tenured_bytes * 100).checked_div(survival.aging_bytes) {
            self.tenured_percent = percent;
        }
        if generation > 0 {
            (self.minors_since_middle, self.aging_bytes) = (0, 0);
        } else {
            self.minors_since_middle += 1;
        }
        self.aging_bytes += survival.aged_bytes;
        if generation == 2 {
            self.note_full(heap.live_bytes());
        }
    }

    /// Notes what a full collection has left.
    fn note_full(&mut self, old_bytes: usize) {
        let grown_bytes = self.full_at_bytes() - self.old_bytes;
        let kept_bytes = old_bytes.saturating_sub(self.old_bytes);
        let is_useful =
            (grown_bytes.saturating_sub(kept_bytes)) * 100 > grown_bytes * USEFUL_PERCENT;
        self.growth_percent = if is_useful {
            GROWTH_PERCENT
        } else {
            (2 * self.growth_percent).min(GROWTH_PERCENT_MAX)
        };
        self.old_bytes = old_bytes;
    }
}
