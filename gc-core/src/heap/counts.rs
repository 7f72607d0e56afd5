//! Exact reference counts: thirteen bits in the header, and a table for what exceeds them.

use hashbrown::HashMap;

use super::{COUNT_MAX, ObjectRef};
use crate::id::AddressHash;

/// The part of each count that its header cannot hold.
#[derive(Debug, Default)]
pub struct CountTable {
    excess: HashMap<ObjectRef, usize, AddressHash>,
}

impl CountTable {
    /// Adds one to an object's count; the new count is 1 for an object that had none.
    ///
    /// # Safety
    ///
    /// The object is live.
    #[inline]
    pub unsafe fn increment(&mut self, object: ObjectRef) {
        // SAFETY: the caller says that the object is live.
        let header = unsafe { object.header() };
        let count = header.count();
        if count < COUNT_MAX {
            header.increment();
        } else {
            self.increment_excess(object);
        }
    }

    #[cold]
    fn increment_excess(&mut self, object: ObjectRef) {
        let excess = self.excess.entry(object).or_insert(0);
        *excess = excess.saturating_add(1);
    }

    /// Takes one from an object's count; whether it is zero now.
    ///
    /// # Safety
    ///
    /// The object is live and its count is not zero.
    #[inline]
    pub unsafe fn decrement(&mut self, object: ObjectRef) -> bool {
        // SAFETY: the caller says that the object is live.
        let header = unsafe { object.header() };
        let count = header.count();
        debug_assert!(count > 0, "a count below zero");
        if count == COUNT_MAX && self.decrement_excess(object) {
            return false;
        }
        header.decrement();
        count == 1
    }

    /// Takes one from an object's count unless that would leave none; whether it did.
    ///
    /// # Safety
    ///
    /// As [`decrement`](CountTable::decrement).
    #[must_use]
    pub unsafe fn decrement_unless_last(&mut self, object: ObjectRef) -> bool {
        // SAFETY: the caller's promise.
        if unsafe { object.header() }.count() == 1 {
            return false;
        }
        // SAFETY: as above.
        let is_zero = unsafe { self.decrement(object) };
        debug_assert!(!is_zero, "the last reference was taken");
        true
    }

    #[cold]
    fn decrement_excess(&mut self, object: ObjectRef) -> bool {
        let Some(excess) = self.excess.get_mut(&object) else { return false };
        *excess -= 1;
        if *excess == 0 {
            self.excess.remove(&object);
        }
        true
    }

    /// An object's count.
    ///
    /// # Safety
    ///
    /// The object is live.
    #[must_use]
    pub unsafe fn get(&self, object: ObjectRef) -> usize {
        // SAFETY: the caller says that the object is live.
        let count = unsafe { object.header() }.count();
        count + self.excess.get(&object).copied().unwrap_or(0)
    }

    /// Forgets an object that dies with a count above zero, as members of cycles do.
    #[inline]
    pub fn forget(&mut self, object: ObjectRef) {
        if !self.excess.is_empty() {
            self.excess.remove(&object);
        }
    }
}
