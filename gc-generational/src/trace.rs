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

/// What a scan wants to know of a target, by the state of its block: two bits.
type Interest = u8;

/// The target is to be reached.
const REACHED: Interest = 1;
/// The target is aging when the collection is done.
const AGING: Interest = 2;

/// Slots on their way from the scan to [`Trace::reach`]. What they refer to is prefetched when they
/// enter, so that several cache misses are under way at once instead of one.
const QUEUE_LEN: usize = if cfg!(gc_zeal) { 1 } else { 16 };

/// The state of one trace.
#[derive(Debug)]
pub(crate) struct Trace<'a> {
    heap: &'a mut Heap,
    to_aging: &'a mut Evacuator,
    to_mature: &'a mut Evacuator,
    actions: [Action; BlockState::COUNT],
    interests: [Interest; BlockState::COUNT],
    /// Objects that were reached, at their new addresses, and are yet to be scanned.
    pending: Vec<ObjectRef>,
    /// Slots that are yet to be reached: a ring, in which `next` is the place of the oldest, or of the
    /// next if there are fewer. Zero if there are none.
    queue: [Option<Slot>; QUEUE_LEN],
    next: usize,
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
        let mut interests = actions.map(|action| match action {
            Action::Leave => 0,
            Action::Age => REACHED | AGING,
            _ => REACHED,
        });
        interests[BlockState::Aging as usize] |= AGING;
        let queue = [const { None }; QUEUE_LEN];
        Trace { heap, to_aging, to_mature, actions, interests, pending, queue, next: 0 }
    }

    pub(crate) fn heap(&mut self) -> &mut Heap {
        self.heap
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
            action => {
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
        let evacuator = if ages { &mut *self.to_aging } else { &mut *self.to_mature };
        // SAFETY: live, says the caller, and not forwarded; large objects are in blocks of another
        // state.
        let Ok(to) = (unsafe { evacuator.evacuate(self.heap, object) }) else { out_of_memory() };
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
        let mut interests = 0;
        // SAFETY: live, says the caller.
        if unsafe { object.descriptor() }.references() == References::Dynamic {
            let reach = |slot: &mut Slot| {
                interests |= self.interest(slot.get());
                // SAFETY: what a live object refers to was live.
                unsafe { self.reach(slot) }
            };
            // SAFETY: live, says the caller, and this is a safepoint.
            unsafe { for_each_slot_among(object, first, count, reach) }
            return interests & AGING != 0;
        }
        let enqueue = |slot: &mut Slot| {
            let target = slot.get();
            let interest = self.interest(target);
            interests |= interest;
            if interest & REACHED != 0 {
                target.prefetch();
                // SAFETY: 1. Where the object lies it will be, says the caller, and nothing is
                // reclaimed before the trace ends. 2. Not dynamic.
                self.enqueue(unsafe { slot.for_later() });
            }
        };
        if first == 0 && count == usize::MAX {
            // SAFETY: live, says the caller, and this is a safepoint.
            unsafe { for_each_slot(object, enqueue) }
        } else {
            // SAFETY: as above.
            unsafe { for_each_slot_among(object, first, count, enqueue) }
        }
        interests & AGING != 0
    }

    #[inline]
    fn interest(&self, object: ObjectRef) -> Interest {
        self.interests[Block::containing(object).state() as usize]
    }

    /// Puts a slot in the queue, and reaches the one whose turn it is.
    ///
    /// Out of line: most targets of most old objects are old, and few are worth a slot in the queue.
    #[inline(never)]
    fn enqueue(&mut self, slot: Slot) {
        let oldest = self.queue[self.next % QUEUE_LEN].replace(slot);
        self.next += 1;
        if let Some(mut slot) = oldest {
            // SAFETY: it was found in a live object.
            unsafe { self.reach(&mut slot) }
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
            if self.next == 0 {
                return;
            }
            // The oldest first. Nothing enters meanwhile.
            for place in 0..QUEUE_LEN {
                if let Some(mut slot) = self.queue[(self.next + place) % QUEUE_LEN].take() {
                    // SAFETY: it was found in a live object.
                    unsafe { self.reach(&mut slot) }
                }
            }
            self.next = 0;
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
