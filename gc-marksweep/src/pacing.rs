//! When to look for cycles: thresholds, and what a detection may cost.

use gc_core::heap::Heap;

/// Candidates that are gathered before a detection. CPython's youngest generation is collected
/// after 700 to 2000 new containers; a candidate is rarer than a new object.
const CANDIDATES_MIN: usize = 2000;

/// A detection runs, too, when the heap has grown by this share since the last, as a divisor, and
/// by this much at least: few candidates may hold much garbage.
const GROWTH_DIVISOR: usize = 2;
const GROWTH_BYTES_MIN: usize = 4 << 20;

/// Objects that a detection may look at for each candidate before it gives up. Rings of 64 nodes
/// are found; where candidates reach more than this, they reach most of the heap, and a mark-sweep
/// of all of it is the better way.
const BUDGET_PER_CANDIDATE: usize = 64;

/// But few candidates may reach this share of the heap, as a divisor, and so many objects in any
/// case: an object costs trial deletion several times what it costs the mark-sweep, which has to
/// follow where it gives up.
const BUDGET_DIVISOR: usize = 16;
const BUDGET_MIN: usize = 4096;

/// Objects that a detection under stress may look at: few, so that small heaps use it up.
const BUDGET_STRESSED: usize = 6;

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
        candidates >= self.candidates_max
            || (candidates > 0
                && (heap.live_bytes() > self.live_bytes_max || heap.settings().is_stressed))
    }

    /// Objects that a detection may look at before it gives up.
    pub(crate) fn budget(heap: &Heap, candidates: usize) -> usize {
        if heap.settings().is_stressed {
            return BUDGET_STRESSED;
        }
        (candidates * BUDGET_PER_CANDIDATE)
            .max(heap.live_objects() / BUDGET_DIVISOR)
            .max(BUDGET_MIN)
    }

    /// Notes a detection, which looked at `visited` objects and freed `freed`.
    pub(crate) fn note(&mut self, heap: &Heap, visited: usize, freed: usize) {
        if freed >= visited / FRUITFUL_DIVISOR {
            self.fruitless = 0;
            self.candidates_max = CANDIDATES_MIN.max(self.candidates_max / 2);
        } else {
            self.fruitless = FRUITLESS_MAX.min(self.fruitless + 1);
            self.candidates_max =
                CANDIDATES_MIN.max(visited / VISITS_PER_CANDIDATE) << self.fruitless;
        }
        let live_bytes = heap.live_bytes();
        self.live_bytes_max = live_bytes + (live_bytes / GROWTH_DIVISOR).max(GROWTH_BYTES_MIN);
    }
}
