//! The policy: count at every safepoint, look for cycles when enough candidates have gathered.

use alloc::vec::Vec;

use gc_core::Reason;
use gc_core::collector::{Attributes, Barrier, Collector, Safepoint};
use gc_core::heap::{Decision, Flag, Flags, ObjectRef, Policy, Verifier, for_each_edge};
use gc_refcount::counting::{Counting, Observer};

use crate::batch::{self, Batch, is_member};
use crate::candidates::Candidates;
use crate::mark_sweep;
use crate::pacing::Pacing;
use crate::trial_deletion::{self, Outcome};
use crate::verify::verify;

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
    pub(crate) counting: Counting,
    pub(crate) candidates: Candidates,
    pacing: Pacing,
    /// Garbage that waits for calls.
    pub(crate) batch: Option<Batch>,
}

/// What is left to do when calls have run, beside what [`Counting`] knows of: the garbage is torn down
/// now, the collection is over then, or nothing.
const TEAR_DOWN: usize = usize::MAX;
const END: usize = usize::MAX - 1;
const NOTHING: usize = usize::MAX - 2;

impl MarkSweep {
    fn settle(&mut self, safepoint: &mut Safepoint<'_>) {
        // SAFETY: this is a safepoint, and the attributes ask for snapshots.
        unsafe { self.counting.settle(safepoint, &mut self.candidates) }
    }

    /// Looks for dead cycles near the candidates, or everywhere if that leads too far.
    fn detect(&mut self, safepoint: &mut Safepoint<'_>) {
        let live_before = safepoint.heap.live_objects();
        let budget = Pacing::budget(safepoint.heap, self.candidates.len());
        let is_all_marked = safepoint.heap.whim(Decision::Other);
        if is_all_marked.unwrap_or(self.candidates.len() > budget) {
            self.collect_all(safepoint);
        } else {
            safepoint.collection.candidates = self.detect_near(safepoint, budget);
        }
        let visited = safepoint.collection.candidates;
        let freed = live_before - safepoint.heap.live_objects();
        self.pacing.note(safepoint.heap, visited, freed);
    }

    /// The same from the candidates. Says how many objects were looked at.
    fn detect_near(&mut self, safepoint: &mut Safepoint<'_>, budget: usize) -> usize {
        let candidates = self.candidates.take(safepoint.heap);
        // SAFETY: the counts were brought up to date at this safepoint; a candidate that dies
        // leaves the set; `take` made them black, and the others are.
        match unsafe { trial_deletion::detect(safepoint.heap.weak(), &candidates, budget) } {
            Outcome::Garbage { objects, visited } => {
                let heap = &mut *safepoint.heap;
                if heap.saves_garbage() || (heap.may_have_calls() && is_any_delayed(&objects)) {
                    // SAFETY: that is what trial deletion found.
                    unsafe { trial_deletion::put_back(safepoint.heap.weak(), &objects) }
                    // SAFETY: all of it is counted again.
                    unsafe { self.begin_batch(safepoint, &objects) }
                } else {
                    if safepoint.heap.whim(Decision::Other) == Some(true) {
                        self.keep_candidates(&candidates);
                    }
                    // SAFETY: that is what trial deletion found.
                    unsafe { self.reclaim(safepoint, &objects) }
                }
                return visited;
            }
            Outcome::GaveUp => {}
        }
        let live_objects = safepoint.heap.live_objects();
        // SAFETY: as for the trial deletion, which has changed nothing; counting has promoted what
        // was young, and candidates are marked no more.
        let scanned =
            unsafe { mark_sweep::mark_until_found(safepoint, &self.counting, &candidates) };
        if scanned.is_some() {
            mark_sweep::clear_marks(safepoint.heap);
        } else {
            // SAFETY: everything reachable is marked, and the counts are up to date.
            unsafe { self.sweep(safepoint) }
        }
        budget + scanned.unwrap_or(live_objects)
    }

    /// Has those that were no garbage be candidates still: to look at them again is never wrong.
    fn keep_candidates(&mut self, candidates: &[ObjectRef]) {
        for &candidate in candidates {
            // SAFETY: nothing was reclaimed since these were candidates.
            if unsafe { candidate.header() }.policy() == Policy::ZERO {
                self.candidates.decremented(candidate);
            }
        }
    }

    /// Marks from the roots, and reclaims the rest.
    fn collect_all(&mut self, safepoint: &mut Safepoint<'_>) {
        safepoint.collection.candidates = safepoint.heap.live_objects();
        // The candidates are all reachable or garbage: either way there is nothing left to ask.
        self.candidates.clear(safepoint.heap);
        // SAFETY: this is a safepoint, counting has promoted what was young, and no candidate is
        // marked any more.
        unsafe { mark_sweep::mark(safepoint, &self.counting) }
        // SAFETY: counting has brought the counts up to date.
        unsafe { self.sweep(safepoint) }
    }

    /// Reclaims what is not marked, or lets calls come first.
    ///
    /// # Safety
    ///
    /// As [`mark_sweep::sweep`].
    unsafe fn sweep(&mut self, safepoint: &mut Safepoint<'_>) {
        let heap = &mut *safepoint.heap;
        // The last reference to a frozen object may come from garbage: then that dies, too.
        let is_delayed = heap.saves_garbage()
            || heap.frozen_objects() > 0
            || (heap.may_have_calls() && mark_sweep::is_any_unmarked(heap, Flags::DELAYS_DEATH));
        if is_delayed {
            let garbage = mark_sweep::take_unmarked(heap);
            // SAFETY: it is unreachable, and all of it is counted.
            unsafe { self.begin_batch(safepoint, &garbage) }
        } else {
            // SAFETY: the caller's promises.
            unsafe { mark_sweep::sweep(safepoint) }
        }
    }

    /// Has the callbacks and finalizers run that garbage has, before it is torn down.
    ///
    /// # Safety
    ///
    /// It is mature and unreachable, each object is there once, and all its references are counted.
    unsafe fn begin_batch(&mut self, safepoint: &mut Safepoint<'_>, garbage: &[ObjectRef]) {
        // SAFETY: the caller's promises.
        let mut batch = unsafe { Batch::new(safepoint.heap, garbage) };
        if batch.call(safepoint.heap, TEAR_DOWN) {
            safepoint.heap.begin_collecting();
            self.batch = Some(batch);
        } else {
            // SAFETY: it is garbage, and nothing has happened since.
            unsafe { self.tear_down(safepoint, &mut batch) }
        }
    }

    /// Goes on with the batch when its calls have run: reclaims what is still unreachable, unless some of
    /// that was given finalizers meanwhile, which come first.
    ///
    /// # Safety
    ///
    /// The counts are up to date, and no young object is live.
    unsafe fn end_batch(&mut self, safepoint: &mut Safepoint<'_>) {
        let Some(mut batch) = self.batch.take() else { return };
        let candidates = self.candidates.take(safepoint.heap);
        // SAFETY: the caller's promises; candidates were the only objects with another policy.
        safepoint.collection.resurrected += unsafe { batch.retain_unreachable(safepoint.heap) };
        // SAFETY: nothing was reclaimed since these were candidates.
        for candidate in candidates.into_iter().filter(|&object| !unsafe { is_member(object) }) {
            self.candidates.decremented(candidate);
        }
        if batch.call(safepoint.heap, TEAR_DOWN) {
            self.batch = Some(batch);
            return;
        }
        // What dies in the teardown may have calls, too: these are a part of the collection.
        safepoint.heap.finalize_batch([], END);
        // Weak references that finalizers have made.
        batch::clear_weak(safepoint.heap, batch.members());
        safepoint.heap.call_back(NOTHING);
        // SAFETY: it is garbage still.
        unsafe { self.tear_down(safepoint, &mut batch) }
    }

    /// Reclaims the members of a batch, and takes back their references to others, and those that
    /// ephemerons had; or saves them.
    ///
    /// # Safety
    ///
    /// They are unreachable and mature, each is there once, none has a finalizer that has not run, and
    /// all their references are counted.
    unsafe fn tear_down(&mut self, safepoint: &mut Safepoint<'_>, batch: &mut Batch) {
        let mut lost = batch.take_released();
        let members = batch.members();
        safepoint.collection.unreachable += members.len();
        if safepoint.heap.saves_garbage() {
            for &object in members {
                // SAFETY: it is intact until it is reclaimed.
                unsafe { object.header() }.clear(Flag::Batched);
                // SAFETY: as above, and mature; what it refers to is counted, and so stays.
                unsafe { safepoint.heap.save(object) }
            }
            // When the handles are counted by which they are saved now.
            safepoint.heap.weak().release_later(lost);
            return;
        }
        lost.append(&mut safepoint.heap.weak().take_released());
        // SAFETY: what is counted, and what is a member, is intact until it is reclaimed.
        lost.retain(|&value| !unsafe { is_member(value) });
        for &object in members {
            let note = |target| {
                // SAFETY: as above.
                if !unsafe { is_member(target) } {
                    lost.push(target);
                }
            };
            // SAFETY: as above.
            unsafe { for_each_edge(object, note) }
        }
        safepoint.free(|heap| {
            for &object in members {
                // SAFETY: as above.
                unsafe { object.header() }.clear(Flag::Batched);
                heap.census.counts.forget(object);
                // SAFETY: garbage is unreachable and mature, and each object is there once.
                unsafe { heap.reclaim(object) }
            }
            // SAFETY: these references were counted, and nothing has them any more.
            unsafe { self.counting.decrement_all(heap, lost, &mut self.candidates) }
        });
    }

    /// Reclaims garbage, and takes back its references to what takes no part in trial deletion.
    ///
    /// # Safety
    ///
    /// Trial deletion found this garbage just now.
    unsafe fn reclaim(&mut self, safepoint: &mut Safepoint<'_>, garbage: &[ObjectRef]) {
        // All of them before the first is taken back: who takes part is only then what it was.
        let mut lost = Vec::new();
        for &object in garbage {
            let note = |target| {
                // SAFETY: what garbage refers to is not reclaimed yet.
                if !unsafe { trial_deletion::takes_part(safepoint.heap.weak(), target) } {
                    lost.push(target);
                }
            };
            // SAFETY: garbage is intact until it is reclaimed.
            unsafe { for_each_edge(object, note) }
        }
        safepoint.collection.unreachable += garbage.len();
        safepoint.free(|heap| {
            for &object in garbage {
                heap.census.counts.forget(object);
                // SAFETY: garbage is unreachable and mature, and each object is there once.
                unsafe { heap.reclaim(object) }
            }
            // SAFETY: garbage takes part, so this is none; these references were counted.
            unsafe { self.counting.decrement_all(heap, lost, &mut self.candidates) }
        });
    }
}

/// Whether some of the garbage has a finalizer or is weakly held.
fn is_any_delayed(garbage: &[ObjectRef]) -> bool {
    // SAFETY: garbage is intact until it is reclaimed.
    garbage.iter().any(|object| unsafe { object.header() }.has_any(Flags::DELAYS_DEATH))
}

// SAFETY: `Counting` is right as far as it goes (see gc-refcount). Trial deletion reclaims only what
// no counted reference from outside reaches, mark-sweep only what no root reaches; both take back
// the references of what they reclaim. Nothing is moved. What it keeps are addresses in the
// heap, and numbers.
unsafe impl Collector for MarkSweep {
    const ATTRIBUTES: Attributes = {
        let mut attributes = Attributes::new("reference counting with cycle detection");
        attributes.reclaims_cycles = true;
        attributes.prompt = true;
        attributes.counts_references = true;
        attributes.barrier = Barrier::Snapshot;
        attributes
    };

    const IS_SEND: bool = true;

    fn safepoint(&mut self, safepoint: &mut Safepoint<'_>) {
        self.settle(safepoint);
        if safepoint.is_enabled() && self.pacing.is_due(safepoint.heap, self.candidates.len()) {
            safepoint.ask_for(0);
        }
    }

    fn collect(&mut self, safepoint: &mut Safepoint<'_>, _generation: u8, reason: Reason) {
        self.settle(safepoint);
        match reason {
            Reason::Automatic => self.detect(safepoint),
            _ => self.collect_all(safepoint),
        }
    }

    fn resume(&mut self, safepoint: &mut Safepoint<'_>, resume: usize) {
        match resume {
            // SAFETY: what the calls have done was counted.
            TEAR_DOWN => unsafe { self.end_batch(safepoint) },
            END => safepoint.heap.end_collecting(),
            NOTHING => {}
            // SAFETY: as in `settle`.
            base => unsafe { self.counting.resume(safepoint, base, &mut self.candidates) },
        }
    }

    fn verify(&self, verifier: &mut Verifier<'_>) {
        verify(self, verifier);
    }

    fn owed(&self) -> Vec<ObjectRef> {
        let released = self.batch.as_ref().map_or(&[][..], Batch::released);
        [self.counting.owed(), released].concat()
    }
}
