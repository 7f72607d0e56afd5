//! The policy: count at every safepoint, look for cycles when enough candidates have gathered.

use gc_core::collector::{Attributes, Barrier, Collector, Safepoint};
use gc_core::heap::{ObjectRef, for_each_edge};
use gc_refcount::counting::Counting;

use crate::candidates::Candidates;
use crate::mark_sweep;
use crate::pacing::Pacing;
use crate::trial_deletion::{self, Outcome};

/// Reference counting plus cycle detection.
///
/// What nothing refers to is dropped promptly; unreachable cycles are found when enough objects have
/// lost a reference and lived, and by [`collect`](gc_core::Arena::collect).
///
/// # Examples
///
/// ```
/// use gc_core::{Arena, Gc, Lock, Rootable, Trace, unlock};
/// use gc_marksweep::MarkSweep;
///
/// #[derive(Trace)]
/// struct Node<'gc> {
///     other: Lock<Option<Gc<'gc, Node<'gc>>>>,
/// }
///
/// type Kept = Rootable![Gc<'_, Lock<Option<Gc<'_, Node<'_>>>>>];
/// let mut arena: Arena<Kept, MarkSweep> = Arena::new(|mc| Gc::new(mc, Lock::new(None)));
/// arena.mutate(|mc, kept| {
///     let a = Gc::new(mc, Node { other: Lock::new(None) });
///     let b = Gc::new(mc, Node { other: Lock::new(Some(a)) });
///     unlock!(Gc::write(mc, a), Node, other).set(Some(b));
///     kept.set(mc, Some(a));
/// });
/// arena.mutate(|mc, kept| kept.set(mc, None));
/// assert_eq!(arena.collect().unreachable, 2, "a -> b -> a");
/// ```
#[derive(Debug, Default)]
pub struct MarkSweep {
    counting: Counting,
    candidates: Candidates,
    pacing: Pacing,
}

impl MarkSweep {
    fn settle(&mut self, safepoint: &mut Safepoint<'_>) {
        // SAFETY: this is a safepoint, and the attributes ask for snapshots.
        unsafe { self.counting.settle(safepoint, &mut self.candidates) }
    }

    /// Looks for dead cycles near the candidates, or everywhere if that leads too far.
    fn detect(&mut self, safepoint: &mut Safepoint<'_>) {
        let live_before = safepoint.heap.live_objects();
        let budget = Pacing::budget(safepoint.heap, self.candidates.len());
        let visited = if self.candidates.len() > budget {
            self.collect_all(safepoint);
            live_before
        } else {
            self.detect_near(safepoint, budget)
        };
        let freed = live_before - safepoint.heap.live_objects();
        self.pacing.note(safepoint.heap.live_bytes(), visited, freed);
    }

    /// The same from candidates that are no more than the budget. Says how many objects were looked
    /// at.
    fn detect_near(&mut self, safepoint: &mut Safepoint<'_>, budget: usize) -> usize {
        let candidates = self.candidates.take(safepoint.heap);
        // SAFETY: the counts were brought up to date at this safepoint; a candidate that dies
        // leaves the set; `take` made them black, and the others are.
        match unsafe { trial_deletion::detect(&candidates, budget) } {
            Outcome::Garbage { objects, visited } => {
                // SAFETY: that is what trial deletion found.
                unsafe { self.reclaim(safepoint, &objects) }
                return visited;
            }
            Outcome::GaveUp => {}
        }
        let live_objects = safepoint.heap.live_objects();
        // SAFETY: as for the trial deletion, which has changed nothing; counting has promoted what
        // was young, and candidates are marked no more.
        let scanned = unsafe { mark_sweep::mark_until_found(safepoint, &candidates) };
        if scanned.is_some() {
            mark_sweep::clear_marks(safepoint.heap);
        } else {
            // SAFETY: everything reachable is marked, and the counts are up to date.
            unsafe { mark_sweep::sweep(safepoint) }
        }
        budget + scanned.unwrap_or(live_objects)
    }

    /// Marks from the roots, and reclaims the rest.
    fn collect_all(&mut self, safepoint: &mut Safepoint<'_>) {
        // The candidates are all reachable or garbage: either way there is nothing left to ask.
        self.candidates.clear(safepoint.heap);
        // SAFETY: this is a safepoint, counting has promoted what was young, and no candidate is
        // marked any more.
        unsafe { mark_sweep::mark(safepoint) }
        // SAFETY: counting has brought the counts up to date.
        unsafe { mark_sweep::sweep(safepoint) }
    }

    /// Reclaims garbage, and takes back its references to what takes no part in trial deletion.
    ///
    /// # Safety
    ///
    /// Trial deletion found this garbage just now.
    unsafe fn reclaim(&mut self, safepoint: &mut Safepoint<'_>, garbage: &[ObjectRef]) {
        safepoint.collection.unreachable += garbage.len();
        safepoint.free(|heap| {
            for &object in garbage {
                heap.census.counts.forget(object);
                // SAFETY: garbage is unreachable and mature, and each object is there once.
                unsafe { heap.reclaim(object) }
            }
            for &object in garbage {
                let take_back = |target| {
                    // SAFETY: what died at this safepoint is untouched until the end of it.
                    if !unsafe { trial_deletion::takes_part(target) } {
                        let lost = core::iter::once(target);
                        // SAFETY: garbage takes part, so this is none; the reference was counted.
                        unsafe { self.counting.decrement_all(heap, lost, &mut self.candidates) }
                    }
                };
                // SAFETY: as above.
                unsafe { for_each_edge(object, take_back) }
            }
        });
    }
}

// SAFETY: `Counting` is right as far as it goes (see gc-refcount). Trial deletion reclaims only what
// no counted reference from outside reaches, mark-sweep only what no root reaches; both take back
// the references of what they reclaim. Nothing is moved.
unsafe impl Collector for MarkSweep {
    const ATTRIBUTES: Attributes = {
        let mut attributes = Attributes::new("reference counting with cycle detection");
        attributes.reclaims_cycles = true;
        attributes.prompt = true;
        attributes.counts_references = true;
        attributes.barrier = Barrier::Snapshot;
        attributes
    };

    fn safepoint(&mut self, safepoint: &mut Safepoint<'_>) {
        self.settle(safepoint);
        if safepoint.is_enabled && self.pacing.is_due(safepoint.heap, self.candidates.len()) {
            self.detect(safepoint);
        }
    }

    fn collect(&mut self, safepoint: &mut Safepoint<'_>, _generation: u8) {
        self.settle(safepoint);
        self.collect_all(safepoint);
    }
}
