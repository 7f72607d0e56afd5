//! The trace of young and aging objects: one loop for minor and middle collections.
//!
//! What happens to an object that is reached depends only on the state of the block it lies in, by
//! a table that each collection sets up. Objects that were reached wait on a list until they are
//! scanned, and slots that were scanned pass a short queue before what they refer to is reached:
//! nothing recurses.

use alloc::vec::Vec;

use gc_core::Slot;
use gc_core::heap::{
    Block, BlockState, Evacuator, Heap, ObjectRef, References, for_each_slot, for_each_slot_among,
    may_refer,
};

/// What is done to an object that is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Nothing: its generation is not collected.
    Leave,
    /// Copy it into the aging space.
    Age,
    /// Copy it into the mature space.
    Tenure,
    /// Make it mature where it lies, if it is young.
    Promote,
    /// Mark it; its block will be swept.
    Mark,
}

/// What a scan wants to know of a target, by the state of its block.
#[derive(Clone, Copy, Debug)]
struct Prospect {
    action: Action,
    /// The target is aging when the collection is done.
    ages: bool,
}

/// Slots on their way from the scan to [`Trace::reach`]. What they refer to is prefetched when they
/// enter, so that several cache misses are under way at once instead of one.
const QUEUE_LEN: usize = if cfg!(gc_zeal) { 1 } else { 16 };

/// A slot that is yet to be reached.
#[derive(Debug)]
struct Waiting {
    slot: Slot,
    /// What it refers to, unless it was reached meanwhile: it may be here twice.
    target: ObjectRef,
    action: Action,
}

/// The state of one trace.
#[derive(Debug)]
pub(crate) struct Trace<'a> {
    heap: &'a mut Heap,
    to_aging: &'a mut Evacuator,
    to_mature: &'a mut Evacuator,
    prospects: [Prospect; BlockState::COUNT],
    /// Objects that were reached, at their new addresses, and are yet to be scanned.
    pending: Vec<ObjectRef>,
    /// Slots that are yet to be reached: a ring. Since it was empty so many have entered, and all left but
    /// the last of them.
    queue: [Option<Waiting>; QUEUE_LEN],
    entered: usize,
}

impl<'a> Trace<'a> {
    pub(crate) fn new(
        heap: &'a mut Heap,
        to_aging: &'a mut Evacuator,
        to_mature: &'a mut Evacuator,
        actions: [Action; BlockState::COUNT],
        pending: Vec<ObjectRef>,
    ) -> Trace<'a> {
        debug_assert!(pending.is_empty());
        let mut prospects = actions.map(|action| Prospect { action, ages: action == Action::Age });
        prospects[BlockState::Aging as usize].ages = true;
        let queue = [const { None }; QUEUE_LEN];
        Trace { heap, to_aging, to_mature, prospects, pending, queue, entered: 0 }
    }

    pub(crate) fn heap(&mut self) -> &mut Heap {
        self.heap
    }

    /// The list of pending objects, for its memory.
    pub(crate) fn into_pending(self) -> Vec<ObjectRef> {
        self.pending
    }

    pub(crate) fn action(&self, object: ObjectRef) -> Action {
        self.prospect(object).action
    }

    #[inline]
    fn prospect(&self, object: ObjectRef) -> Prospect {
        self.prospects[Block::containing(object).state() as usize]
    }

    /// Reaches what a slot refers to, and updates the slot if that has moved.
    ///
    /// # Safety
    ///
    /// The slot refers to an object that was live before the collection.
    #[inline]
    pub(crate) unsafe fn reach(&mut self, slot: &mut Slot) {
        let action = self.action(slot.get());
        // SAFETY: the caller's promise.
        unsafe { self.reach_by(slot, action) }
    }

    /// Reaches what a slot refers to, by the action for its block.
    ///
    /// # Safety
    ///
    /// As [`reach`](Trace::reach), and that is the action.
    #[inline]
    unsafe fn reach_by(&mut self, slot: &mut Slot, action: Action) {
        let object = slot.get();
        match action {
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
            Action::Age | Action::Tenure => {
                // SAFETY: live, says the caller.
                let to = unsafe { self.copy(object, action == Action::Age) };
                // SAFETY: `to` is the object's copy.
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
    unsafe fn copy(&mut self, object: ObjectRef, ages: bool) -> ObjectRef {
        // SAFETY: the memory is untouched, for the collection is still running.
        if let Some(to) = unsafe { object.header() }.forwarded() {
            if gc_core::planted!("forwarding-is-not-followed") {
                return object;
            }
            return to;
        }
        // As long as its header says where its references are.
        // SAFETY: live and not forwarded, and this is a safepoint.
        let may_refer = unsafe { may_refer(object) };
        let evacuator = if ages { &mut *self.to_aging } else { &mut *self.to_mature };
        // SAFETY: live, says the caller, and not forwarded; large objects are in blocks of another
        // state.
        let Ok(to) = (unsafe { evacuator.evacuate(self.heap, object) }) else { out_of_memory() };
        if may_refer {
            self.pending.push(to);
        }
        to
    }

    #[inline]
    fn push(&mut self, object: ObjectRef) {
        // SAFETY: it was just reached, this is its new address, and this is a safepoint.
        if unsafe { may_refer(object) } {
            self.pending.push(object);
        }
    }

    /// Scans some elements of an object: whether one of them refers to an object that is aging when
    /// the collection is done.
    ///
    /// What they refer to may be reached only later, by [`Trace::run`].
    ///
    /// # Safety
    ///
    /// The object is live, and lies where it will be.
    #[inline]
    pub(crate) unsafe fn scan(&mut self, object: ObjectRef, first: usize, count: usize) -> bool {
        let mut refers_to_aging = false;
        // SAFETY: live, says the caller.
        if unsafe { object.descriptor() }.references() == References::Dynamic {
            let reach = |slot: &mut Slot| {
                let Prospect { action, ages } = self.prospect(slot.get());
                refers_to_aging |= ages;
                // SAFETY: what a live object refers to was live.
                unsafe { self.reach_by(slot, action) }
            };
            // SAFETY: live, says the caller, and this is a safepoint.
            unsafe { for_each_slot_among(object, first, count, reach) }
            return refers_to_aging;
        }
        let enqueue = |slot: &mut Slot| {
            let target = slot.get();
            let Prospect { action, ages } = self.prospect(target);
            refers_to_aging |= ages;
            if action != Action::Leave {
                target.prefetch();
                // SAFETY: 1. Where the object lies it will be, says the caller, and nothing is
                // reclaimed before the trace ends. 2. Not dynamic.
                let slot = unsafe { slot.for_later() };
                self.enqueue(slot, target, action);
            }
        };
        if first == 0 && count == usize::MAX {
            // SAFETY: live, says the caller, and this is a safepoint.
            unsafe { for_each_slot(object, enqueue) }
        } else {
            // SAFETY: as above.
            unsafe { for_each_slot_among(object, first, count, enqueue) }
        }
        refers_to_aging
    }

    /// Puts a slot in the queue, and reaches the one whose turn it is.
    ///
    /// Out of line: most targets of most old objects are old, and few are worth a slot in the queue. (And
    /// in registers: three words that were just written one by one are read in one go only slowly.)
    #[inline(never)]
    fn enqueue(&mut self, slot: Slot, target: ObjectRef, action: Action) {
        let waiting = Waiting { slot, target, action };
        let oldest = self.queue[self.entered % QUEUE_LEN].replace(waiting);
        self.entered += 1;
        if let Some(waiting) = oldest {
            self.reach_waiting(waiting);
        }
    }

    #[inline(always)]
    fn reach_waiting(&mut self, Waiting { mut slot, target, action }: Waiting) {
        if slot.get() == target || gc_core::planted!("place-is-reached-twice") {
            // SAFETY: it was found in a live object, and that is what it referred to then.
            unsafe { self.reach_by(&mut slot, action) }
        }
    }

    /// Scans everything that was reached, and what that reaches, until nothing is pending.
    ///
    /// `remember` is called for every object that is old now, has been scanned, and refers to an object
    /// that is aging.
    ///
    /// # Complexity
    ///
    /// O(objects and references reached).
    pub(crate) fn run(&mut self, mut remember: impl FnMut(ObjectRef)) {
        loop {
            while let Some(object) = self.pending.pop() {
                // SAFETY: it was reached, so it is live, and this is its new address.
                let refers_to_aging = unsafe { self.scan(object, 0, usize::MAX) };
                if refers_to_aging
                    && !self.is_aging(object)
                    && !gc_core::planted!("tenured-is-not-remembered")
                {
                    remember(object);
                }
            }
            if self.entered == 0 {
                return;
            }
            // The oldest first. Nothing enters meanwhile. Of a list there is only one at a time.
            let first = self.entered.saturating_sub(QUEUE_LEN);
            for place in first..self.entered {
                if let Some(waiting) = self.queue[place % QUEUE_LEN].take() {
                    self.reach_waiting(waiting);
                }
            }
            self.entered = 0;
        }
    }

    /// Whether an object lies in the aging space.
    pub(crate) fn is_aging(&self, object: ObjectRef) -> bool {
        Block::containing(object).state() == BlockState::Aging
    }
}

/// The system has no memory to copy into, in the middle of a collection. There is no way back, and a
/// panic that could be caught would leave a heap that is half moved: a panic while a panic unwinds
/// ends the process. What is copied is reserved before the trace, so this does not happen.
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
