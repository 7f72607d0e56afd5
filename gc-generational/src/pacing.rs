//! When to collect what: sizes and thresholds.
//!
//! What a full collection costs is paid for by what became old since the last one: the old bytes have
//! to grow by a share of what lived then. So the heap is at most that much larger than what lives,
//! beside what is young or ages, and each byte that becomes old pays for a bounded number of bytes
//! that are marked.
//!
//! Where hardly any of the growth was garbage, the next full collection waits for twice the share, up
//! to [`GROWTH_PERCENT_MAX`]: a heap that is being built up is collected less often, at the risk
//! that, once it makes garbage, it holds that much more until the next full collection has seen it.
//! CPython waits for 25 % in any case, and has no bound for what is wasted in younger generations.

use gc_core::heap::{BLOCK_BYTES, Heap};

use crate::collector::{FULL, GENERATIONS, MIDDLE};

/// The nursery does not shrink below this: about half of the second-level cache.
const NURSERY_BYTES_MIN: usize = 1 << 20;
/// It does not grow beyond this: a nursery of 64 MiB, which leaves every cache, was measured to
/// cost 1.8 times as much.
pub const NURSERY_BYTES_MAX: usize = 16 << 20;

/// Minor collections in a row before the aging space is collected: CPython's threshold.
const MINORS_PER_MIDDLE: usize = 10;

/// The aging space is collected, too, before it holds more than this many nurseries. With two,
/// neither `churn`, `droppable`, `lru` nor `quads` were faster beyond the noise, and `churn` and
/// `droppable` took 13 and 19 MB more at their peaks: `harness measure-here --backend generational`.
const NURSERIES_PER_AGING: usize = 1;

/// A full collection runs when the old bytes exceed those after the last one by this share.
const GROWTH_PERCENT: usize = 50;

/// The largest share.
const GROWTH_PERCENT_MAX: usize = 200;

/// And by this much at least, so that a small heap is not collected for every few objects.
const GROWTH_BYTES_MIN: usize = 4 << 20;

/// A full collection was of little use if less than this share of the growth was garbage.
const USEFUL_PERCENT: usize = 25;

/// Objects are promoted where they lie if more than this share of them is likely to live: copying
/// them would take their memory twice for a while, and what lies between them is reused.
const IN_PLACE_PERCENT: usize = 70;

/// (Nearly) all of a nursery lives if this share of it does. Then the next ones are taken to live as
/// they are, without a trace, a few in a row.
const CERTAIN_PERCENT: usize = 98;

/// Bytes that become old in a row without a look at what lives. The next collection looks, and would
/// find that a program has begun to do something else.
const UNSEEN_BYTES_MAX: usize = 16 << 20;

/// The least and the largest size of the nursery. Who wants to save work has nothing of a larger one.
fn nursery_bounds(pacing: gc_core::Pacing) -> (usize, usize) {
    let at_most = |bytes| pacing.scale(bytes).min(bytes);
    (at_most(NURSERY_BYTES_MIN), at_most(NURSERY_BYTES_MAX))
}

/// What a collection has found to live.
#[derive(Debug)]
pub(crate) struct Survival {
    /// Bytes that were handed out since the last collection, and that live.
    pub(crate) taken_bytes: usize,
    pub(crate) survived_bytes: usize,
    /// Bytes of the objects that were made.
    pub(crate) allocated_bytes: usize,
    /// Whether it looked at what lives, or all of the nursery became old.
    pub(crate) is_seen: bool,
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
    /// Whether much of what had become old was garbage at the last full collection.
    is_growth_garbage: bool,
    /// The nursery at the last collection, and what lived of it.
    taken_bytes: usize,
    survived_bytes: usize,
    /// Nearly all lived when the nursery was last looked at.
    is_certain: bool,
    /// What became old since then.
    unseen_bytes: usize,
    /// The share of the aging space that lived when it was last collected; zero if that is no sign any more.
    tenured_percent: usize,
}

impl Default for Pacing {
    fn default() -> Pacing {
        Pacing {
            minors_since_middle: 0,
            aging_bytes: 0,
            old_bytes: 0,
            growth_percent: GROWTH_PERCENT,
            is_growth_garbage: false,
            taken_bytes: 0,
            survived_bytes: 0,
            is_certain: false,
            unseen_bytes: 0,
            tenured_percent: 0,
        }
    }
}

impl Pacing {
    /// The generation that is due: the oldest whose threshold is reached, if it has one, or that its
    /// size makes due.
    pub(crate) fn generation(&self, heap: &mut Heap) -> u8 {
        let grown_bytes = heap.live_bytes().saturating_sub(self.old_bytes);
        // What grew may be garbage. It should be no more than what the next nursery can take.
        if 2 * (grown_bytes + BLOCK_BYTES) > self.room_bytes(heap) {
            return FULL;
        }
        let by_size = self.generation_by_size(heap);
        let is_due = |generation: &u8| {
            let is_reached = heap.is_threshold_reached(*generation, GENERATIONS);
            is_reached.unwrap_or(*generation <= by_size)
        };
        (MIDDLE..=FULL).rev().find(is_due).unwrap_or(0)
    }

    /// The oldest generation that its size makes due.
    fn generation_by_size(&self, heap: &Heap) -> u8 {
        let mut old_bytes = heap.live_bytes() - self.aging_bytes;
        let mut aging_bytes = self.aging_bytes;
        if self.promotes_in_place(heap) {
            old_bytes += self.survived_bytes;
        } else {
            aging_bytes += self.survived_bytes;
        }
        let is_aging_full = aging_bytes > NURSERIES_PER_AGING * heap.nursery_bytes();
        // Where nothing ages a nursery that lives need not be looked at.
        let is_aging_in_the_way = self.lives_as_a_whole() && self.aging_bytes > 0;
        let is_middle =
            is_aging_full || is_aging_in_the_way || self.minors_since_middle >= MINORS_PER_MIDDLE;
        // Where most of what ages is likely to live, all of it is as good as old.
        let expected_bytes = if self.tenures_in_place() {
            old_bytes + aging_bytes
        } else if is_middle {
            old_bytes + self.aging_bytes * self.tenured_percent / 100
        } else {
            old_bytes
        };
        if expected_bytes > self.full_at_bytes(heap.pacing()) {
            FULL
        } else if is_middle {
            MIDDLE
        } else {
            0
        }
    }

    /// Old bytes that make a full collection due.
    fn full_at_bytes(&self, pacing: gc_core::Pacing) -> usize {
        let growth_bytes = self.old_bytes / 100 * self.growth_percent;
        self.old_bytes + pacing.scale(growth_bytes.max(GROWTH_BYTES_MIN))
    }

    /// Bytes below the limit that are free when what is young and likely to be dead is gone.
    fn room_bytes(&self, heap: &mut Heap) -> usize {
        let dead_bytes = heap.nursery_taken_bytes().saturating_sub(self.survived_bytes);
        let used_bytes = heap.pool().used_bytes().saturating_sub(dead_bytes);
        heap.settings().limit_bytes.saturating_sub(used_bytes)
    }

    /// Whether the nursery is promoted where it lies, and is old at once: if a `mutate` overran it,
    /// so that its objects were made for each other, or if most of it is likely to live.
    pub(crate) fn promotes_in_place(&self, heap: &Heap) -> bool {
        let overrun_bytes = 2 * heap.nursery_bytes() + 2 * BLOCK_BYTES;
        heap.nursery_taken_bytes() > overrun_bytes || self.is_nursery_likely_to_live(heap)
    }

    /// Whether most of the nursery is likely to live.
    ///
    /// If lifetimes are memoryless, `(1 - exp(-x)) / x` of a nursery lives that takes `x` mean lifetimes to
    /// fill. The odds to live are `2 / x` then, or a little less: inversely proportional to its size.
    pub(crate) fn is_nursery_likely_to_live(&self, heap: &Heap) -> bool {
        let died_bytes = self.taken_bytes.saturating_sub(self.survived_bytes);
        let live = self.survived_bytes as u128 * self.taken_bytes as u128;
        let dead = died_bytes as u128 * heap.nursery_taken_bytes() as u128;
        live * 100 > (live + dead) * IN_PLACE_PERCENT as u128
    }

    /// Whether the next nursery lives as a whole, too, and would if it were larger: a heap is being built
    /// up, or so much lives that nothing dies before many nurseries are filled.
    fn lives_as_a_whole(&self) -> bool {
        self.is_certain && (!self.is_growth_garbage || self.outgrows_nursery())
    }

    /// Whether more is old than any nursery holds. Where as much dies as is made, objects live for
    /// about as long as it takes to make as many as live.
    fn outgrows_nursery(&self) -> bool {
        self.old_bytes > 2 * NURSERY_BYTES_MAX
    }

    /// Whether all of the nursery is taken to live. What is dead in it stays until the next full
    /// collection, which is due no later for that.
    pub(crate) fn promotes_unseen(&self, heap: &Heap) -> bool {
        self.lives_as_a_whole()
            && self.promotes_in_place(heap)
            && self.unseen_bytes + heap.nursery_used_bytes() <= UNSEEN_BYTES_MAX
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
        let was_certain = self.is_certain;
        if survival.is_seen {
            self.is_certain = survived_bytes * 100 > survival.allocated_bytes * CERTAIN_PERCENT;
            self.unseen_bytes = 0;
        } else {
            self.unseen_bytes += survived_bytes;
        }
        // A nursery twice the size costs as many copies where as many objects live at any time, and
        // is filled half as often; below a few percent that is no gain beside the cache it takes.
        // Nor is it where all live for long, and are not copied. When that ends, or what became old turns out
        // to be garbage, it is the age at which objects die that is to be found: the next nursery is large.
        let (bytes_min, bytes_max) = nursery_bounds(heap.pacing());
        let nursery_bytes = heap.nursery_bytes().clamp(bytes_min, bytes_max);
        let nursery_bytes = match (survived_bytes * 100).checked_div(taken_bytes).unwrap_or(0) {
            _ if self.lives_as_a_whole() => (nursery_bytes / 2).max(bytes_min),
            8.. if was_certain => (2 * nursery_bytes).max(bytes_max / 2).min(bytes_max),
            8.. => (2 * nursery_bytes).min(bytes_max),
            0..2 => (nursery_bytes / 2).max(bytes_min),
            _ => nursery_bytes,
        };
        // Below the limit there is room for it, and for what lives of it.
        let room_bytes = heap.settings().limit_bytes.saturating_sub(heap.pool().used_bytes());
        let nursery_bytes = match heap.whim_below(bytes_max / BLOCK_BYTES) {
            Some(blocks) => blocks * BLOCK_BYTES,
            None => nursery_bytes,
        };
        heap.set_nursery_bytes(nursery_bytes.min(room_bytes / 2).max(BLOCK_BYTES));
        if generation > 0 {
            (self.minors_since_middle, self.aging_bytes) = (0, 0);
        } else {
            self.minors_since_middle += 1;
        }
        self.aging_bytes += survival.aged_bytes;
        if generation == FULL {
            self.note_full(heap.live_bytes(), heap.pacing());
            if self.is_growth_garbage {
                // What ages is not taken to live because something did that aged long ago.
                self.tenured_percent = 0;
            }
        }
        if let Some(percent) = (survival.tenured_bytes * 100).checked_div(survival.aging_bytes) {
            self.tenured_percent = percent;
        }
    }

    /// Notes what a full collection has left.
    fn note_full(&mut self, old_bytes: usize, pacing: gc_core::Pacing) {
        let grown_bytes = self.full_at_bytes(pacing) - self.old_bytes;
        let kept_bytes = old_bytes.saturating_sub(self.old_bytes);
        // Before the first one nothing was known to live: it says nothing of garbage.
        let is_first = self.old_bytes == 0;
        let garbage_bytes = grown_bytes.saturating_sub(kept_bytes);
        self.is_growth_garbage = !is_first && garbage_bytes * 100 > grown_bytes * USEFUL_PERCENT;
        self.growth_percent = if is_first || self.is_growth_garbage {
            GROWTH_PERCENT
        } else {
            (2 * self.growth_percent).min(GROWTH_PERCENT_MAX)
        };
        self.old_bytes = old_bytes;
    }
}
