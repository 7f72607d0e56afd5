//! The storage of a collection: a slice in the heap that grows by being replaced.
//!
//! Invariant: the slots from `len` on are empty, so that they keep nothing alive and a read needs no
//! comparison with `len`. Slots before it are empty only where the collection has gaps.

use core::cell::Cell;
use core::mem::offset_of;

use crate::error::HeapFull;
use crate::heap::assert_not_finalized;
use crate::mutation::Mutation;
use crate::place::NamedEdges;
use crate::send_check::SendCheck;
use crate::trace::{Edges, SlotMap, Slots, Trace};
use crate::trace_impls::Static;
use crate::{Gc, Lock, Write, field};

/// A place for one element. Where `T` has a niche, as references and most enums do, it is as large
/// as the element.
pub(super) type Slot<T> = Lock<Option<T>>;

/// A growable slice; a part of a collection's object.
pub(super) struct Buffer<'gc, T: 'gc> {
    slots: Lock<Option<Gc<'gc, [Slot<T>]>>>,
    len: Static<Cell<usize>>,
}

impl<'gc, T: Copy + 'gc> Buffer<'gc, T> {
    /// A buffer without slots, which takes no memory.
    pub(super) const fn new() -> Buffer<'gc, T> {
        Buffer { slots: Lock::new(None), len: Static(Cell::new(0)) }
    }

    /// All slots, the empty ones behind the last element included.
    #[inline]
    pub(super) fn slots(&self) -> &'gc [Slot<T>] {
        self.slots.get().map_or_else(Default::default, Gc::as_ref)
    }

    /// The number of slots in use.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.len.get()
    }

    /// The number of slots.
    #[inline]
    pub(super) fn capacity(&self) -> usize {
        self.slots().len()
    }

    /// The element in a slot, if there is such a slot and it is not empty.
    #[inline]
    pub(super) fn get(&self, index: usize) -> Option<T> {
        self.slots().get(index)?.get()
    }
}

impl<'gc, T: Trace + Copy + 'gc> Buffer<'gc, T> {
    /// Stores into a slot, behind the write barrier of its segment; does nothing if there is no
    /// such slot. The caller keeps the invariant.
    #[inline]
    pub(super) fn put(&self, mc: &Mutation<'gc>, index: usize, element: Option<T>) {
        if let Some(slot) = self.slots.get().and_then(|slots| Gc::write_at(mc, slots, index)) {
            slot.unlock().set(element);
        }
    }

    /// Stores into the slot behind the last in use; gives the element back if there is none.
    #[inline]
    pub(super) fn push(&self, mc: &Mutation<'gc>, element: T) -> Result<(), T> {
        let len = self.len();
        let slot = self.slots.get().and_then(|slots| Gc::write_at(mc, slots, len));
        let Some(slot) = slot else { return Err(element) };
        slot.unlock().set(Some(element));
        self.len.set(len + 1);
        Ok(())
    }

    /// Empties the slots from `len` on.
    pub(super) fn truncate(&self, mc: &Mutation<'gc>, len: usize) {
        let old_len = self.len();
        for index in len..old_len {
            self.put(mc, index, None);
        }
        self.len.set(len.min(old_len));
    }

    /// A slice of these elements with empty slots behind them.
    ///
    /// The iterator is this crate's: the user's might look at what is half made.
    #[track_caller]
    pub(super) fn allocate(
        mc: &Mutation<'gc>,
        capacity: usize,
        mut elements: impl Iterator<Item = T>,
    ) -> Result<Gc<'gc, [Slot<T>]>, HeapFull<()>> {
        const { assert_not_finalized::<T>() }
        Gc::try_slice_from_fn(mc, capacity, |_| Lock::new(elements.next()))
            .map_err(|full| full.map(|_| ()))
    }

    /// Makes these the slots, the first `len` of them in use.
    pub(super) fn install(
        this: &Write<Buffer<'gc, T>>,
        slots: Option<Gc<'gc, [Slot<T>]>>,
        len: usize,
    ) {
        field!(this, Buffer, slots).unlock().set(slots);
        this.len.set(len);
    }
}

// SAFETY: the one reference is passed on; `len` is a number. Nothing names a constant of `T`, so
// that types may be recursive.
unsafe impl<'gc, T: 'gc> Trace for Buffer<'gc, T> {
    const HAS_GC: bool = true;
    const SLOTS: SlotMap = SlotMap::Empty
        .field(offset_of!(Self, slots), <Lock<Option<Gc<'gc, [Slot<T>]>>> as Trace>::SLOTS);

    #[inline]
    fn visit(&self, edges: &mut Edges) {
        self.slots.visit(edges);
    }

    #[inline]
    fn relocate(&mut self, slots: &mut Slots) {
        self.slots.relocate(slots);
    }

    fn describe(&self, edges: &mut NamedEdges<'_>) {
        self.slots.describe(edges);
    }

    // The elements are in an object of their own.
    fn check_send(_: &mut SendCheck<'_>) {}
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::super::testing::with_mutation;
    use super::*;
    use crate::collector::Barrier;
    use crate::heap::{Flag, Logged};

    const SEGMENT_LEN: usize = Barrier::Remember.segment_len();

    #[test]
    fn a_buffer_is_scanned_by_its_words() {
        assert!(matches!(<Buffer<'static, u32> as Trace>::SLOTS, SlotMap::Words(_)));
    }

    #[test]
    fn a_slot_for_a_reference_is_one_word() {
        assert_eq!(size_of::<Slot<Gc<'static, u32>>>(), size_of::<usize>());
    }

    #[test]
    fn a_store_into_an_old_buffer_logs_its_segment_only() {
        with_mutation(|mc| {
            let len = 10 * SEGMENT_LEN;
            let element = Gc::new(mc, 0_u32);
            let buffer = Gc::new(mc, Buffer::new());
            let elements = core::iter::repeat_n(element, len);
            let slots = Buffer::allocate(mc, 2 * len, elements).unwrap();
            Buffer::install(Gc::write(mc, buffer), Some(slots), len);
            // As if both had been promoted at a safepoint.
            for object in [buffer.object(), slots.object()] {
                // SAFETY: nothing is reclaimed here.
                unsafe { object.header() }.set(Flag::Unlogged);
            }
            buffer.put(mc, 3 * SEGMENT_LEN, None);
            buffer.put(mc, 3 * SEGMENT_LEN + 1, None);
            buffer.truncate(mc, len - 1);
            buffer.push(mc, element).unwrap();
            let mut logged = Vec::new();
            // SAFETY: nothing is reclaimed here.
            unsafe { mc.heap().log().borrow_mut().drain(|entry| logged.push(entry)) };
            let segment = |index| Logged::Segment(slots.object(), index);
            assert_eq!(logged, [segment(3), segment(9)]);
        });
    }
}
