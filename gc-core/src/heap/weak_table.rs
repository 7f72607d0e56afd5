//! Which objects are weakly held, and by which cell.
//!
//! All weak references to an object share one cell, an object of its own that holds the target's
//! address. The table finds the cell of a target when it moves or dies. The table itself keeps
//! neither alive.

use alloc::vec::Vec;

use hashbrown::HashMap;

use super::{Flag, ObjectRef};
use crate::id::AddressHash;
use crate::weak::WeakCell;

/// The weakly held objects of a heap.
#[derive(Debug, Default)]
pub struct WeakTable {
    cells: HashMap<ObjectRef, ObjectRef, AddressHash>,
    /// Targets whose cell was made since the last safepoint that collected: only among these can
    /// the target or the cell be young.
    young: Vec<ObjectRef>,
}

impl WeakTable {
    pub(crate) fn cell_of(&self, target: ObjectRef) -> Option<ObjectRef> {
        self.cells.get(&target).copied()
    }

    pub(crate) fn insert(&mut self, target: ObjectRef, cell: ObjectRef) {
        self.cells.insert(target, cell);
        self.young.push(target);
    }

    /// Notes the death of a target or of a cell, whichever `object` is.
    ///
    /// Call it when a mature object with [`Flag::WeaklyHeld`] is freed.
    ///
    /// # Safety
    ///
    /// `object` was just found dead; its memory is untouched. Its counterpart, if it is dead too,
    /// is untouched too.
    pub unsafe fn remove(&mut self, object: ObjectRef) {
        // SAFETY: the caller says that the memory is untouched.
        if unsafe { object.descriptor() }.is_weak_cell() {
            // SAFETY: the descriptor says that it is a cell.
            if let Some(target) = unsafe { WeakCell::of(object) }.target() {
                self.cells.remove(&target);
                // SAFETY: a cell's target is cleared when the target dies, so it is not reused.
                unsafe { target.header() }.clear(Flag::WeaklyHeld);
            }
        } else if let Some(cell) = self.cells.remove(&object) {
            // SAFETY: a cell that dies first leaves the table, so it is still a cell.
            let cell = unsafe { WeakCell::of(cell) };
            // SAFETY: the caller says that the target is untouched.
            unsafe { cell.clear() }
        }
    }

    /// Brings the entries made since the last call up to date: `fate` gives an object's address
    /// after the collection, or `None` if it is dead.
    ///
    /// # Safety
    ///
    /// The memory of dead objects is untouched, and `fate` is right.
    pub unsafe fn update_young(&mut self, fate: impl Fn(ObjectRef) -> Option<ObjectRef>) {
        for target in core::mem::take(&mut self.young) {
            if let Some(cell) = self.cells.remove(&target) {
                // SAFETY: the caller's promise.
                unsafe { self.update_entry(target, cell, &fate) }
            }
        }
    }

    /// Brings all entries up to date, as [`update_young`](WeakTable::update_young) does the new.
    ///
    /// # Safety
    ///
    /// As [`update_young`](WeakTable::update_young).
    pub unsafe fn update_all(&mut self, fate: impl Fn(ObjectRef) -> Option<ObjectRef>) {
        self.young.clear();
        for (target, cell) in core::mem::take(&mut self.cells) {
            // SAFETY: the caller's promise.
            unsafe { self.update_entry(target, cell, &fate) }
        }
    }

    /// # Safety
    ///
    /// As [`update_young`](WeakTable::update_young).
    unsafe fn update_entry(
        &mut self,
        target: ObjectRef,
        cell: ObjectRef,
        fate: &impl Fn(ObjectRef) -> Option<ObjectRef>,
    ) {
        match (fate(target), fate(cell)) {
            (Some(target), Some(cell)) => {
                // SAFETY: `fate` says that it lives here now, and it is a copy of a cell.
                unsafe { WeakCell::of(cell) }.set_target(target);
                self.cells.insert(target, cell);
            }
            (None, Some(cell)) => {
                // SAFETY: as above.
                let cell = unsafe { WeakCell::of(cell) };
                // SAFETY: the caller says that dead objects are untouched.
                unsafe { cell.clear() }
            }
            (Some(target), None) => {
                // SAFETY: `fate` says that the target lives here now.
                unsafe { target.header() }.clear(Flag::WeaklyHeld);
            }
            (None, None) => {}
        }
    }

    /// The number of weakly held objects.
    #[must_use]
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// Whether no object is weakly held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }
}
