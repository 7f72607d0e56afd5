//! Frozen objects: those that no collection reclaims, as if something outside of the heap referred to
//! each.
//!
//! A counting collector still reclaims one whose count goes to zero.

use super::{Flag, Heap, ObjectRef};

impl Heap {
    /// Freezes every mature object.
    pub(crate) fn freeze(&mut self) {
        let mut frozen = 0;
        self.for_each_mature(|object| {
            // SAFETY: a mature object is intact until it is reclaimed.
            unsafe { object.header() }.set(Flag::Frozen);
            frozen += 1;
        });
        self.frozen_objects = frozen;
    }

    /// Makes frozen objects ordinary again.
    pub(crate) fn unfreeze(&mut self) {
        self.for_each_frozen(|object| {
            // SAFETY: as above.
            unsafe { object.header() }.clear(Flag::Frozen);
        });
        self.frozen_objects = 0;
    }

    /// How many objects are frozen.
    ///
    /// See the example of [`Arena::freeze`](crate::Arena::freeze).
    #[must_use]
    pub fn frozen_objects(&self) -> usize {
        self.frozen_objects
    }

    /// Notes the death of a frozen object.
    pub(super) fn forget_frozen(&mut self) {
        self.frozen_objects -= 1;
    }

    /// Calls `each` for every frozen object: these are roots of a collection.
    ///
    /// # Complexity
    ///
    /// O(mature objects), unless none is frozen.
    ///
    /// # Examples
    ///
    /// See the example of [`Collector`](crate::Collector).
    pub fn for_each_frozen(&self, mut each: impl FnMut(ObjectRef)) {
        if self.frozen_objects == 0 {
            return;
        }
        self.for_each_mature(|object| {
            // SAFETY: a mature object is intact until it is reclaimed.
            if unsafe { object.header() }.has(Flag::Frozen) {
                each(object);
            }
        });
    }
}
