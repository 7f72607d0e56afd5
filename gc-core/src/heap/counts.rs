//! Exact reference counts: thirteen bits in the header, and a table for what exceeds them.

use hashbrown::HashMap;

use super::{COUNT_MAX, ObjectRef};
use crate::id::AddressHash;

/// The part of each count that its header cannot hold.
///
/// # Examples
///
/// ```
/// # use gc_core::{heap::*, *};
/// # Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
/// let number = Gc::new(mc, 42_u64);
/// let object = ObjectRef::from_ptr(Gc::raw(number).as_ptr().cast()).unwrap();
/// let mut counts = CountTable::default();
/// for _ in 0..COUNT_MAX + 10 {
///     // SAFETY: the object is live.
///     unsafe { counts.increment(object) }
/// }
/// // The header has as much as it can hold, and the table the rest.
/// // SAFETY: as above.
/// assert_eq!(unsafe { object.header() }.count(), COUNT_MAX);
/// // SAFETY: as above.
/// assert_eq!(unsafe { counts.get(object) }, COUNT_MAX + 10);
/// # });
/// ```
#[derive(Debug, Default)]
pub struct CountTable {
    pub(super) excess: HashMap<ObjectRef, usize, AddressHash>,
}

impl CountTable {
    /// Adds one to an object's count; the new count is 1 for an object that had none.
    ///
    /// # Safety
    ///
    /// The object is live.
    ///
    /// # Examples
    ///
    /// See the example of [`CountTable`].
    #[inline]
    pub unsafe fn increment(&mut self, object: ObjectRef) {
        // SAFETY: the caller says that the object is live.
        let header = unsafe { object.header() };
        let count = header.count();
        if count < COUNT_MAX - usize::from(crate::planted!("header-is-full-early")) {
            header.increment();
        } else {
            self.increment_excess(object);
        }
    }

    #[cold]
    fn increment_excess(&mut self, object: ObjectRef) {
        if crate::planted!("excess-is-forgotten") {
            return;
        }
        let excess = self.excess.entry(object).or_insert(0);
        *excess = excess.saturating_add(1);
    }

    /// Takes one from an object's count; whether it is zero now.
    ///
    /// # Safety
    ///
    /// The object is live and its count is not zero.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::{heap::*, *};
    /// # Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let number = Gc::new(mc, 42_u64);
    /// let object = ObjectRef::from_ptr(Gc::raw(number).as_ptr().cast()).unwrap();
    /// let mut counts = CountTable::default();
    /// // SAFETY: the object is live, in each of these calls.
    /// unsafe { counts.increment(object) }
    /// // SAFETY: as above.
    /// unsafe { counts.increment(object) }
    /// // SAFETY: as above.
    /// assert!(unsafe { counts.decrement_unless_last(object) });
    /// // SAFETY: as above.
    /// assert!(!unsafe { counts.decrement_unless_last(object) }, "one is left");
    /// // SAFETY: as above.
    /// assert!(unsafe { counts.decrement(object) }, "and none now");
    /// # });
    /// ```
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
    ///
    /// # Examples
    ///
    /// See the example of [`decrement`](CountTable::decrement).
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
    ///
    /// # Examples
    ///
    /// See the example of [`CountTable`].
    #[must_use]
    pub unsafe fn get(&self, object: ObjectRef) -> usize {
        // SAFETY: the caller says that the object is live.
        let count = unsafe { object.header() }.count();
        count + self.excess.get(&object).copied().unwrap_or(0)
    }

    /// Forgets an object that dies with a count above zero, as members of cycles do.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::{heap::*, *};
    /// # Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let number = Gc::new(mc, 42_u64);
    /// let object = ObjectRef::from_ptr(Gc::raw(number).as_ptr().cast()).unwrap();
    /// let mut counts = CountTable::default();
    /// // SAFETY: the object is live.
    /// (0..COUNT_MAX + 10).for_each(|_| unsafe { counts.increment(object) });
    /// // It dies, although it counts as referred to: a cycle held it.
    /// counts.forget(object);
    /// // SAFETY: it is untouched.
    /// assert_eq!(unsafe { counts.get(object) }, COUNT_MAX, "what the header holds");
    /// # });
    /// ```
    #[inline]
    pub fn forget(&mut self, object: ObjectRef) {
        if !self.excess.is_empty() && !crate::planted!("excess-outlives-its-object") {
            self.excess.remove(&object);
        }
    }
}
