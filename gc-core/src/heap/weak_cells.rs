//! The cells that hold one object weakly.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;

use super::ObjectRef;
use crate::weak::{CallbackCell, WeakKind};
use crate::weak_entry::EntryCell;

/// The cells that hold one object.
#[derive(Debug, Default)]
pub(super) struct Cells {
    ordinary: Option<ObjectRef>,
    entries: Entries,
    /// Few objects have others.
    others: Option<Box<Others>>,
}

/// The cells of entries of weak collections. Most objects that are in one are in no other.
#[derive(Debug, Default)]
enum Entries {
    #[default]
    None,
    One(ObjectRef),
    /// By their numbers.
    Many(BTreeMap<u64, ObjectRef>),
}

#[derive(Debug, Default)]
struct Others {
    tracking: Option<ObjectRef>,
    /// By their numbers: the newest last.
    callbacks: BTreeMap<u64, ObjectRef>,
}

impl Entries {
    /// # Safety
    ///
    /// They are all cells of entries, and their memory is untouched.
    unsafe fn insert(&mut self, cell: ObjectRef) {
        // SAFETY: the caller's promise.
        let number = |cell| unsafe { EntryCell::of(cell) }.number();
        match self {
            Entries::None => *self = Entries::One(cell),
            Entries::One(other) => {
                let both = BTreeMap::from([(number(*other), *other), (number(cell), cell)]);
                *self = Entries::Many(both);
            }
            Entries::Many(cells) => {
                cells.insert(number(cell), cell);
            }
        }
    }

    /// # Safety
    ///
    /// As [`insert`](Entries::insert).
    unsafe fn remove(&mut self, cell: ObjectRef) {
        match self {
            Entries::One(other) if *other == cell => *self = Entries::None,
            Entries::None | Entries::One(_) => {}
            Entries::Many(cells) => {
                // SAFETY: the caller's promise.
                cells.remove(&unsafe { EntryCell::of(cell) }.number());
                if cells.is_empty() {
                    *self = Entries::None;
                }
            }
        }
    }

    fn iter(&self) -> impl Iterator<Item = ObjectRef> {
        let (one, many) = match self {
            Entries::None => (None, None),
            Entries::One(cell) => (Some(*cell), None),
            Entries::Many(cells) => (None, Some(cells.values().copied())),
        };
        one.into_iter().chain(many.into_iter().flatten())
    }

    fn into_iter(self) -> impl Iterator<Item = ObjectRef> {
        let (one, many) = match self {
            Entries::None => (None, None),
            Entries::One(cell) => (Some(cell), None),
            Entries::Many(cells) => (None, Some(cells.into_values())),
        };
        one.into_iter().chain(many.into_iter().flatten())
    }
}

impl Cells {
    pub(super) fn shared(&self, kind: WeakKind) -> Option<ObjectRef> {
        match kind {
            WeakKind::Ordinary => self.ordinary,
            WeakKind::Tracking => self.others.as_ref()?.tracking,
            WeakKind::Callback | WeakKind::Entry => None,
        }
    }

    /// # Safety
    ///
    /// It is a cell, and its memory is untouched; so is that of the others.
    pub(super) unsafe fn insert(&mut self, cell: ObjectRef) {
        let others = &mut self.others;
        // SAFETY: untouched, says the caller.
        match unsafe { cell.descriptor() }.weak_cell() {
            None | Some(WeakKind::Ordinary) => self.ordinary = Some(cell),
            Some(WeakKind::Tracking) => others.get_or_insert_default().tracking = Some(cell),
            Some(WeakKind::Callback) => {
                // SAFETY: its descriptor says so, and the caller that it is untouched.
                let number = unsafe { CallbackCell::number_of(cell) };
                others.get_or_insert_default().callbacks.insert(number, cell);
            }
            // SAFETY: as above.
            Some(WeakKind::Entry) => unsafe { self.entries.insert(cell) },
        }
    }

    /// Takes a cell out. It is one of these.
    ///
    /// # Safety
    ///
    /// As [`insert`](Cells::insert).
    pub(super) unsafe fn remove(&mut self, cell: ObjectRef) {
        let others = self.others.as_mut();
        // SAFETY: untouched, says the caller.
        match unsafe { cell.descriptor() }.weak_cell() {
            None | Some(WeakKind::Ordinary) => self.ordinary = None,
            Some(WeakKind::Tracking) => {
                if let Some(others) = others {
                    others.tracking = None;
                }
            }
            Some(WeakKind::Callback) => {
                if let Some(others) = others {
                    // SAFETY: its descriptor says so, and the caller that it is untouched.
                    others.callbacks.remove(&unsafe { CallbackCell::number_of(cell) });
                }
            }
            // SAFETY: as above.
            Some(WeakKind::Entry) => unsafe { self.entries.remove(cell) },
        }
    }

    /// The cells of entries of weak collections.
    pub(super) fn entries(&self) -> impl Iterator<Item = ObjectRef> {
        self.entries.iter()
    }

    /// All cells but the one of tracking references.
    pub(super) fn ordinary(&self) -> impl Iterator<Item = ObjectRef> {
        let callbacks = self.others.iter().flat_map(|others| others.callbacks.values().copied());
        callbacks.chain(self.entries()).chain(self.ordinary)
    }

    /// All of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = ObjectRef> {
        self.ordinary().chain(self.shared(WeakKind::Tracking))
    }

    /// Takes out the cells of entries of weak collections.
    pub(super) fn take_entries(&mut self) -> impl Iterator<Item = ObjectRef> + use<> {
        core::mem::take(&mut self.entries).into_iter()
    }

    /// Takes out all cells but the one of tracking references: those with callbacks first, the newest
    /// before the others.
    pub(super) fn take_ordinary(&mut self) -> impl Iterator<Item = ObjectRef> + use<> {
        let callbacks = match &mut self.others {
            Some(others) => core::mem::take(&mut others.callbacks),
            None => BTreeMap::new(),
        };
        callbacks.into_values().rev().chain(self.take_entries()).chain(self.ordinary.take())
    }

    /// As [`take_ordinary`](Cells::take_ordinary), and then the last one.
    pub(super) fn into_all(mut self) -> impl Iterator<Item = ObjectRef> {
        self.take_ordinary().chain(self.shared(WeakKind::Tracking))
    }

    pub(super) fn is_empty(&self) -> bool {
        let is_empty = |others: &Others| others.tracking.is_none() && others.callbacks.is_empty();
        self.ordinary.is_none()
            && matches!(self.entries, Entries::None)
            && self.others.as_deref().is_none_or(is_empty)
    }
}
