//! Saved garbage: what collections have found unreachable and were told to keep, so that somebody can
//! look at it. Each object has a handle of the arena's own, and so is reachable again.

use alloc::vec::Vec;

use super::calls::Guard;
use super::{Heap, ObjectRef};

/// Whether garbage is saved, and what was.
#[derive(Debug, Default)]
pub(super) struct Saved {
    is_saving: bool,
    objects: Vec<Guard>,
}

impl Saved {
    pub(super) fn objects(&self) -> impl Iterator<Item = ObjectRef> {
        self.objects.iter().filter_map(Guard::object)
    }
}

impl Heap {
    /// Whether a collection keeps what it finds unreachable, when finalizers have run, instead of
    /// reclaiming it: it [saves](Heap::save) each object that is tracked.
    #[must_use]
    pub fn saves_garbage(&self) -> bool {
        self.saved.is_saving
    }

    /// Keeps an object that was found unreachable, unless it is a weak reference, which what holds it
    /// keeps. It has a fresh handle in the arena's own table from now on.
    ///
    /// # Safety
    ///
    /// It is mature and intact, and what it refers to is not reclaimed either.
    pub unsafe fn save(&mut self, object: ObjectRef) {
        // SAFETY: the caller's promise.
        if unsafe { object.descriptor() }.weak_cell().is_none() {
            let guard = Guard::fresh(self, object);
            self.saved.objects.push(guard);
        }
    }

    pub(crate) fn set_saves_garbage(&mut self, is_saving: bool) {
        self.saved.is_saving = is_saving;
    }

    pub(crate) fn saved_objects(&self) -> usize {
        self.saved.objects.len()
    }

    pub(crate) fn clear_saved(&mut self) {
        self.saved.objects.clear();
    }
}
