//! When to look for cycles: thresholds, and what a detection may cost.

use gc_core::heap::{Decision, Heap};

/// Candidates that are gathered before a detection. CPython's youngest generation is collected
/// after 700 to 2000 new containers; a candidate is rarer than a new object.
const CANDIDATES_MIN: usize = 2000;

/// A detection runs, too, when the heap has grown by this share since the last, in percent, and by
/// this much at least: few candidates may hold much garbage.
const GROWTH_PERCENT: usize = 50;
const GROWTH_BYTES_MIN: usize = 4 << 20;

/// By this share after a detection that freed little: what grows then is likely to live.
const GROWTH_PERCENT_FRUITLESS: usize = 100;

/// Objects that trial deletion may reach for each candidate before it gives up: rings of 64 nodes
/// are found.
const BUDGET_PER_CANDIDATE: usize = 64;

/// But no more than this share of the heap, as a divisor: where candidates reach more, they reach
/// most of it, and the mark-sweep of everything, which has to follow, is the better way. An object
/// costs trial deletion several times what it costs that. (Three detections in `graph` with 40,000
/// nodes took 117 million instructions where the candidates were followed, 53 where everything was
/// marked, and fewer misses of the cache.)
const BUDGET_DIVISOR_MIN: usize = 8;

/// Few candidates may reach this share of the heap, as a divisor, and so many objects in any case.
const BUDGET_DIVISOR: usize = 16;
const BUDGET_MIN: usize = 4096;

/// Objects that a detection under stress or zeal may look at: few, so that small heaps use it up.
const BUDGET_SHORT: usize = 6;

/// Objects that are looked at for each candidate on average, at most, when that frees little: what
/// detections cost is spread over the decrements that brought the candidates.
const VISITS_PER_CANDIDATE: usize = 4;

/// A detection that frees less than this share of what it looked at, as a divisor, was fruitless.
const FRUITFUL_DIVISOR: usize = 8;

/// After each fruitless detection in a row twice as many candidates are gathered, but no more than
/// this often: in a doubly linked list that is only relinked, all effort would be in vain.
const FRUITLESS_MAX: u32 = 4;

/// What has happened since the last detections, and what follows from it.
#[derive(Debug)]
pub(crate) struct Pacing {
    /// Candidates that make a detection due.
    candidates_max: usize,
    /// Live bytes that do.
    live_bytes_max: usize,
    /// Detections in a row that freed little.
    fruitless: u32,
}

impl Default for Pacing {
    fn default() -> Pacing {
        Pacing { candidates_max: CANDIDATES_MIN, live_bytes_max: GROWTH_BYTES_MIN, fruitless: 0 }
    }
}

impl Pacing {
    /// Whether it is time to look for cycles near this many candidates.
    pub(crate) fn is_due(&self, heap: &Heap, candidates: usize) -> bool {
        if candidates == 0 {
            return false;
        }
        let settings = heap.settings();
        if settings.is_stressed || settings.zeal.collect {
            return true;
        }
        if let Some(is_due) = heap.whim(Decision::Other) {
            return is_due;
        }
        heap.is_threshold_reached(0, 1).unwrap_or_else(|| {
            candidates >= heap.pacing().scale(self.candidates_max)
                || heap.live_bytes() > self.live_bytes_max
        })
    }

    /// Objects that trial deletion may reach before it gives up.
    pub(crate) fn budget(heap: &Heap, candidates: usize) -> usize {
        let settings = heap.settings();
        if settings.is_stressed || settings.zeal.short_lists {
            return BUDGET_SHORT;
        }
        if let Some(budget) = heap.whim_below(BUDGET_MIN) {
            return budget;
        }
        let live_objects = heap.live_objects();
        (candidates * BUDGET_PER_CANDIDATE)
            .clamp(live_objects / BUDGET_DIVISOR, live_objects / BUDGET_DIVISOR_MIN)
            .max(BUDGET_MIN)
    }

    /// Notes a detection, which looked at `visited` objects and freed `freed`.
    pub(crate) fn note(&mut self, heap: &Heap, visited: usize, freed: usize) {
        self.note_live(heap.live_bytes(), heap.pacing(), visited, freed);
    }

    /// Notes a detection that left this much alive.
    fn note_live(
        &mut self,
        live_bytes: usize,
        pacing: gc_core::Pacing,
        visited: usize,
        freed: usize,
    ) {
        let growth_percent = if freed >= visited / FRUITFUL_DIVISOR {
            self.fruitless = 0;
            self.candidates_max = CANDIDATES_MIN.max(self.candidates_max / 2);
            GROWTH_PERCENT
        } else {
            self.fruitless = FRUITLESS_MAX.min(self.fruitless + 1);
            self.candidates_max =
                CANDIDATES_MIN.max(visited / VISITS_PER_CANDIDATE) << self.fruitless;
            GROWTH_PERCENT_FRUITLESS
        };
        let growth_bytes = (live_bytes / 100 * growth_percent).max(GROWTH_BYTES_MIN);
        self.live_bytes_max = live_bytes + pacing.scale(growth_bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BALANCED: gc_core::Pacing = gc_core::Pacing::BALANCED;
    const LIVE_BYTES: usize = 100 << 20;

    #[test]
    fn a_heap_in_which_nothing_was_found_doubles_before_it_is_looked_at_for_its_size() {
        let mut pacing = Pacing::default();
        pacing.note_live(LIVE_BYTES, BALANCED, 1000, 0);
        assert!(pacing.live_bytes_max > LIVE_BYTES / 100 * 199);
        pacing.note_live(LIVE_BYTES, BALANCED, 1000, 1000);
        assert!(pacing.live_bytes_max <= LIVE_BYTES / 100 * 150 + 100);
    }

    #[test]
    fn candidates_are_gathered_longer_after_each_detection_that_finds_little() {
        let mut pacing = Pacing::default();
        let mut before = pacing.candidates_max;
        for _ in 0..FRUITLESS_MAX {
            pacing.note_live(LIVE_BYTES, BALANCED, 1000, 0);
            assert_eq!(pacing.candidates_max, 2 * before);
            before = pacing.candidates_max;
        }
        pacing.note_live(LIVE_BYTES, BALANCED, 1000, 1000);
        assert!(pacing.candidates_max < before);
    }
}
