//! What is kept though nothing refers to it: objects with finalizers that have not run, and frozen ones.

use alloc::vec::Vec;

use gc_core::Slot;
use gc_core::heap::{Block, BlockState, Flag, Heap, ObjectRef};

use crate::collector::{FULL, MIDDLE};
use crate::fate::fate;
use crate::trace::Trace;

/// Which objects there are with finalizers, but for those that got one since the last collection:
/// these are on a list of the heap's.
#[derive(Debug, Default)]
pub(crate) struct Finalizable {
    aging: Vec<ObjectRef>,
    /// In the mature space, and large.
    mature: Vec<ObjectRef>,
}

impl Finalizable {
    pub(crate) fn aging(&self) -> &[ObjectRef] {
        &self.aging
    }

    pub(crate) fn mature(&self) -> &[ObjectRef] {
        &self.mature
    }

    /// Keeps everything alive that got a finalizer since the last collection, or a weak reference with
    /// a callback: a full collection asks later what is unreachable.
    pub(crate) fn reach_young(&mut self, trace: &mut Trace<'_>) {
        for from in trace.heap().take_young_finalizable() {
            // SAFETY: nothing was reclaimed since it got its finalizer.
            let to = unsafe { reach(trace, from) };
            self.note_survivor(trace.heap(), from, to);
        }
        for target in trace.heap().weak().take_new_callbacks() {
            // SAFETY: nothing was reclaimed since it got its weak reference.
            unsafe { reach(trace, target) };
        }
    }

    /// Takes those of the collected generations that the trace did not reach, and notes where the others
    /// are now.
    pub(crate) fn take_unreached(&mut self, heap: &mut Heap, generation: u8) -> Vec<ObjectRef> {
        let mut objects = heap.take_young_finalizable();
        if generation >= MIDDLE {
            objects.append(&mut self.aging);
        }
        if generation == FULL {
            objects.append(&mut self.mature);
        }
        objects.retain(|&object| {
            // SAFETY: nothing was freed since the trace.
            let to = unsafe { fate(object, generation) };
            if let Some(to) = to {
                self.note_survivor(heap, object, to);
            }
            to.is_none()
        });
        if generation == FULL {
            // What ages is old when the collection ends.
            self.mature.append(&mut self.aging);
        }
        objects
    }

    fn note_survivor(&mut self, heap: &mut Heap, from: ObjectRef, to: ObjectRef) {
        if from != to && !gc_core::planted!("finalizer-stays-behind") {
            heap.relocate_finalizers(from, to);
        }
        match Block::containing(to).state() {
            BlockState::Aging => self.aging.push(to),
            _ => self.mature.push(to),
        }
    }
}

/// Keeps everything alive that is frozen in blocks whose objects are collected.
pub(crate) fn reach_frozen(trace: &mut Trace<'_>, blocks: &[Block]) {
    if trace.heap().frozen_objects() == 0 {
        return;
    }
    for block in blocks {
        block.for_each_mature(|object| {
            // SAFETY: nothing was reclaimed since it was made; it may have been moved already.
            let header = unsafe { object.header() };
            if !header.is_forwarded() && header.has(Flag::Frozen) {
                // SAFETY: as above.
                unsafe { reach(trace, object) };
            }
        });
    }
}

/// Reaches an object, and returns where it is afterwards.
///
/// # Safety
///
/// It was live before the collection.
unsafe fn reach(trace: &mut Trace<'_>, mut object: ObjectRef) -> ObjectRef {
    // SAFETY: `object` is a variable that nothing else refers to.
    let mut slot = unsafe { Slot::new((&mut object).into()) };
    // SAFETY: the caller's promise.
    unsafe { trace.reach(&mut slot) }
    slot.get()
}

/// Has the finalizers of unreached objects run, and the callbacks of weak references to all that was
/// not reached. They have fresh handles in the arena's own table from now on, and are yet to be reached.
///
/// # Safety
///
/// They were not reached by the trace of this generation, their memory is untouched, and so is that of
/// all else.
pub(crate) unsafe fn revive(
    heap: &mut Heap,
    unreached: Vec<ObjectRef>,
    generation: u8,
    resume: usize,
) {
    // SAFETY: the caller's promises.
    let fate = |object| unsafe { fate(object, generation) };
    // SAFETY: as above.
    unsafe { heap.weak().clear_unreachable(generation > 0, fate) }
    heap.begin_collecting();
    // SAFETY: as above; they are on the list because they have finalizers that have not run.
    unsafe { heap.finalize_revived(unreached, resume) }
}
