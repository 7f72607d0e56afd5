//! The policy: count at every safepoint, look for cycles when enough candidates have gathered.

use alloc::vec::Vec;

use gc_core::collector::{Attributes, Barrier, Collector, Safepoint};
use gc_core::heap::{ObjectRef, Policy, for_each_edge};
use gc_refcount::counting::Counting;

use crate::candidates::Candidates;
use crate::mark_sweep;
use crate::pacing::Pacing;
use crate::search;
use crate::trial_deletion::{self, Outcome};

/// What a full collection has found to be garbage.
const DOOMED: Policy = Policy::new(3);

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
        let candidates = self.candidates.take();
        let budget = Pacing::budget(safepoint.heap, candidates.len());
        // SAFETY: the counts were brought up to date at this safepoint; a candidate that dies
        // leaves the set; `take` made them black, and the others are.
        let visited = match unsafe { trial_deletion::detect(&candidates, budget) } {
            Outcome::Garbage { objects, visited } => {
                // SAFETY: `reclaim` asks about objects whose memory is untouched.
                let is_counted = |target| !unsafe { trial_deletion::takes_part(target) };
                // SAFETY: the garbage is unreachable; what takes part was subtracted.
                unsafe { self.reclaim(safepoint, &objects, is_counted) }
                visited
            }
            // SAFETY: as for the trial deletion, which has changed nothing.
            Outcome::GaveUp if unsafe { search::finds_all(safepoint, &candidates, budget) } => {
                2 * budget
            }
            Outcome::GaveUp => {
                self.collect_all(safepoint);
                budget + live_before
            }
        };
        let freed = live_before - safepoint.heap.live_objects();
        self.pacing.note(safepoint.heap, visited, freed);
    }

    /// Marks from the roots, and reclaims the rest.
    fn collect_all(&mut self, safepoint: &mut Safepoint<'_>) {
        // The candidates are all reachable or garbage: either way there is nothing left to ask.
        self.candidates.take();
        // SAFETY: this is a safepoint, and counting has promoted what was young.
        unsafe { mark_sweep::mark(safepoint) }
        let garbage = mark_sweep::take_unmarked(safepoint.heap);
        // Garbage loses what it holds of garbage too, but that is counted no more.
        for &object in &garbage {
            // SAFETY: its memory is untouched.
            unsafe { object.header() }.set_policy(DOOMED);
        }
        let is_counted = |target: ObjectRef| {
            // SAFETY: `reclaim` asks about objects whose memory is untouched.
            unsafe { target.header() }.policy() != DOOMED
        };
        // SAFETY: the garbage is unreachable, and all that it refers to is still counted.
        unsafe { self.reclaim(safepoint, &garbage, is_counted) }
    }

    /// Reclaims garbage, and takes back its references to those that `is_counted` approves.
    ///
    /// # Safety
    ///
    /// 1. The garbage is unreachable, mature, and each object is there once.
    /// 2. `is_counted` approves no garbage, and everything else that garbage refers to and whose
    ///    count includes that reference. It may be asked about any object that garbage refers to.
    unsafe fn reclaim(
        &mut self,
        safepoint: &mut Safepoint<'_>,
        garbage: &[ObjectRef],
        is_counted: impl Fn(ObjectRef) -> bool,
    ) {
        let mut lost: Vec<ObjectRef> = Vec::new();
        for &object in garbage {
            // SAFETY: its memory is untouched.
            let has_references = unsafe { object.descriptor() }.has_references();
            safepoint.collection.unreachable += usize::from(has_references);
            let note = |target| {
                if is_counted(target) {
                    lost.push(target);
                }
            };
            // SAFETY: as above.
            unsafe { for_each_edge(object, note) }
        }
        safepoint.free(|heap| {
            for &object in garbage {
                heap.census.counts.forget(object);
                // SAFETY: obligation 1.
                unsafe { heap.reclaim(object) }
            }
            // SAFETY: obligation 2.
            unsafe { self.counting.decrement_all(heap, lost.into_iter(), &mut self.candidates) }
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
