//! The cells of weak collections: [`EntryCell`].
//!
//! Each entry of a weak collection has a cell of its own, which the collector clears when the entry's
//! object dies. In a [`WeakMap`](crate::WeakMap) that object is the key, and the cell also has the
//! value: it is an ephemeron. See Note [Ephemerons] (`heap/ephemerons.rs`).

use core::cell::Cell;

use crate::Gc;
use crate::error::HeapFull;
use crate::heap::{Descriptor, ObjectRef};
use crate::mutation::Mutation;
use crate::pointee::Pointee;
use crate::weak::{GcWeak, WeakCell, WeakKind, weak_cell};

/// What a counting collector has done about the value of an ephemeron.
///
/// See the example of [`reach_values`](crate::heap::reach_values).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// Nothing: the ephemeron is new, or the collector does not count.
    Uncounted,
    /// The value's count includes the ephemeron.
    Counted,
    /// It did, and does not while a trial deletion runs.
    Subtracted,
}

/// The cell of an entry of a weak collection.
///
/// The value is no edge of the cell, as the target is none. Invariant: there is a value only as long as
/// there is a target, in whose entry of the weak table the cell is.
#[repr(C)]
pub(crate) struct EntryCell {
    cell: WeakCell,
    value: Cell<Option<ObjectRef>>,
    hold: Cell<Hold>,
    /// Cells that were made later have a larger one.
    number: u64,
    /// The number of the collection.
    collection: u64,
}

weak_cell!(EntryCell, WeakKind::Entry);

impl EntryCell {
    /// The cell at this address.
    ///
    /// # Safety
    ///
    /// `object` is the cell of an entry, whose memory is untouched.
    pub(crate) unsafe fn of<'a>(object: ObjectRef) -> &'a EntryCell {
        // SAFETY: the caller says so; a cell is changed only through its `Cell`s.
        unsafe { &*object.as_ptr().cast::<EntryCell>() }
    }

    pub(crate) fn target(&self) -> Option<ObjectRef> {
        self.cell.target()
    }

    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    pub(crate) fn collection(&self) -> u64 {
        self.collection
    }

    pub(crate) fn value(&self) -> Option<ObjectRef> {
        self.value.get()
    }

    pub(crate) fn take_value(&self) -> Option<ObjectRef> {
        self.value.take()
    }

    /// The value has moved.
    pub(crate) fn set_value(&self, value: Option<ObjectRef>) {
        self.value.set(value);
    }

    pub(crate) fn hold(&self) -> Hold {
        self.hold.get()
    }

    pub(crate) fn set_hold(&self, hold: Hold) {
        self.hold.set(hold);
    }
}

impl<'gc, T: ?Sized + Pointee + 'gc> GcWeak<'gc, T> {
    /// The weak reference of a new entry of a collection, whose value, if it has one, lives as long as
    /// this and the target do.
    #[track_caller]
    pub(crate) fn of_entry(
        mc: &Mutation<'gc>,
        target: Gc<'gc, T>,
        value: Option<ObjectRef>,
        collection: u64,
    ) -> Result<GcWeak<'gc, T>, HeapFull<()>> {
        let cell = EntryCell {
            cell: WeakCell::new(target.object()),
            value: Cell::new(value),
            hold: Cell::new(Hold::Uncounted),
            number: mc.heap().next_weak_number(),
            collection,
        };
        // SAFETY: the descriptor is that of the cell.
        match unsafe { mc.heap().allocate(Descriptor::of_weak_cell::<EntryCell>(), cell) } {
            Ok(cell) => Ok(GcWeak::to_allocated_cell(mc, target, cell)),
            Err(_) => Err(mc.heap_full(())),
        }
    }

    /// The value of the entry, if both it and the target live.
    ///
    /// # Safety
    ///
    /// It is the weak reference of an entry.
    pub(crate) unsafe fn entry_value(self) -> Option<ObjectRef> {
        // SAFETY: the caller's promise; it is reachable through `self`.
        unsafe { EntryCell::of(self.cell_object()) }.value()
    }

    /// Cuts the entry off: it has no target and no value from now on, and is not counted as dead.
    ///
    /// # Safety
    ///
    /// As [`entry_value`](GcWeak::entry_value).
    pub(crate) unsafe fn cut_off(self, mc: &Mutation<'gc>) {
        // SAFETY: it is reachable through `self`, and while a `mutate` runs all that lives is whole.
        unsafe { mc.heap().remove_weak_cell(self.cell_object()) }
    }
}
