//! The trace of young and aging objects: one loop for minor and middle collections.
//!
//! What happens to an object that is reached depends only on the state of the block it lies in, by
//! a table that each collection sets up. Objects that were reached wait on a list until they are
//! scanned: nothing recurses.

use alloc::vec::Vec;

use gc_core::Slot;
use gc_core::heap::{
    Block, BlockState, Evacuator, Heap, ObjectRef, for_each_slot, for_each_slot_among,
};

/// What is done to an object that is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Nothing: its generation is not collected.
    Leave,
    /// Copy it out of its block.
    Copy,
    /// Make it mature where it lies, if it is young.
    Promote,
    /// Mark it; its block will be swept.
    Mark,
}

/// The state of one trace.
#[derive(Debug)]
pub(crate) struct Trace<'a> {
    heap: &'a mut Heap,
    to: &'a mut Evacuator,
    actions: [Action; BlockState::COUNT],
    pending: Vec<ObjectRef>,
}

impl<'a> Trace<'a> {
    pub(crate) fn new(
        heap: &'a mut Heap,
        to: &'a mut Evacuator,
        actions: [Action; BlockState::COUNT],
        pending: Vec<ObjectRef>,
    ) -> Trace<'a> {
        debug_assert!(pending.is_empty());
        Trace { heap, to, actions, pending }
    }

    /// The list of pending objects, for its memory.
    pub(crate) fn into_pending(self) -> Vec<ObjectRef> {
        self.pending
    }

    pub(crate) fn action(&self, object: ObjectRef) -> Action {
        self.actions[Block::containing(object).state() as usize]
    }

    /// Reaches what a slot refers to, and updates the slot if that has moved.
    ///
    /// # Safety
    ///
    /// The slot refers to an object that was live before the collection.
    #[inline]
    pub(crate) unsafe fn reach(&mut self, slot: &mut Slot) {
        let object = slot.get();
        match self.action(object) {
            Action::Leave => {}
            Action::Mark => {
                // SAFETY: live, says the caller, and in this kind of block nothing is forwarded.
                if unsafe { self.heap.mark(object) } {
                    self.push(object);
                }
            }
            Action::Promote => {
                if !object.is_mature() {
                    // SAFETY: live, says the caller, and in this kind of block nothing is forwarded.
                    unsafe { self.heap.promote_in_place(object) }
                    self.push(object);
                }
            }
            Action::Copy => {
                // SAFETY: live, says the caller.
                let to = unsafe { self.copy(object) };
                // SAFETY: `to` is the object's copy, or the object itself.
                unsafe { slot.set(to) }
            }
        }
    }

    /// Copies an object, unless that is done.
    ///
    /// # Safety
    ///
    /// The object was live before the collection.
    #[inline]
    unsafe fn copy(&mut self, object: ObjectRef) -> ObjectRef {
        // SAFETY: the memory is untouched, for the collection is still running.
        if let Some(to) = unsafe { object.header() }.forwarded() {
            return to;
        }
        // SAFETY: live, says the caller, and not forwarded; large objects are in blocks of another
        // state.
        let Ok(to) = (unsafe { self.to.evacuate(self.heap, object) }) else { out_of_memory() };
        self.push(to);
        to
    }

    #[inline]
    fn push(&mut self, object: ObjectRef) {
        // SAFETY: it was just reached, and this is its new address.
        if unsafe { object.descriptor() }.has_references() {
            self.pending.push(object);
        }
    }

    /// Scans some elements of an object whose generation is not collected; whether one of them now
    /// refers to an object that is aging.
    ///
    /// # Safety
    ///
    /// The object is live.
    pub(crate) unsafe fn scan_old(
        &mut self,
        object: ObjectRef,
        first: usize,
        count: usize,
    ) -> bool {
        let mut refers_to_aging = false;
        let reach = |slot: &mut Slot| {
            // SAFETY: what a live object refers to was live.
            unsafe { self.reach(slot) }
            // What is promoted in place lies in a block that becomes aging after the trace.
            refers_to_aging |= matches!(
                Block::containing(slot.get()).state(),
                BlockState::Aging | BlockState::Nursery
            );
        };
        // SAFETY: live, says the caller, and this is a safepoint.
        unsafe { for_each_slot_among(object, first, count, reach) }
        refers_to_aging
    }

    /// Scans everything that was reached, and what that reaches, until nothing is pending.
    ///
    /// `old` is called for every large object that was scanned and may refer to an object that is
    /// aging: large objects are old from their first collection on.
    ///
    /// # Complexity
    ///
    /// O(objects and references reached).
    pub(crate) fn run(&mut self, mut old: impl FnMut(ObjectRef)) {
        while let Some(object) = self.pending.pop() {
            if Block::containing(object).state() == BlockState::Large {
                // SAFETY: it was reached, so it is live.
                if unsafe { self.scan_old(object, 0, usize::MAX) } {
                    old(object);
                }
                continue;
            }
            let reach = |slot: &mut Slot| {
                // SAFETY: what a live object refers to was live.
                unsafe { self.reach(slot) }
            };
            // SAFETY: it was reached, so it is live, and this is a safepoint.
            unsafe { for_each_slot(object, reach) }
        }
    }

    /// Whether an object lies in the aging space.
    pub(crate) fn is_aging(&self, object: ObjectRef) -> bool {
        Block::containing(object).state() == BlockState::Aging
    }
}

/// The system has no memory to copy into, in the middle of a collection. There is no way back, and a
/// panic that could be caught would leave a heap that is half moved: a panic while a panic unwinds
/// ends the process. What is copied is reserved before the trace, so this is for a system that fails
/// where over-aligned objects need more.
#[cold]
pub(crate) fn out_of_memory() -> ! {
    const MESSAGE: &str = "the system has no memory for a collection that has begun";
    struct PanicOnUnwind;
    impl Drop for PanicOnUnwind {
        fn drop(&mut self) {
            panic!("{MESSAGE}");
        }
    }
    let _abort = PanicOnUnwind;
    panic!("{MESSAGE}");
}
