//! What leads from object to object: [`Links`].

use crate::heap::{Ephemeron, ObjectRef, ObjectSet, WeakTable};
use crate::trace::Edges;

/// What leads from object to object: references, and entries of weak maps from their keys to their
/// values.
pub(in crate::inspect) struct Links<'a> {
    weak: &'a WeakTable,
    /// What is reachable, if there are entries. One whose map is unreachable and whose key is not
    /// leads nowhere.
    reachable: Option<ObjectSet>,
}

impl<'a> Links<'a> {
    /// `reachable` is what is reachable, and may be left out if there are no ephemerons.
    pub(in crate::inspect) fn new(weak: &'a WeakTable, reachable: Option<ObjectSet>) -> Links<'a> {
        debug_assert!(reachable.is_some() || !weak.has_ephemerons());
        Links { weak, reachable }
    }

    /// Calls `each` for each reference of an object, in the order of its fields, and then for the values
    /// of which it is the key.
    ///
    /// # Safety
    ///
    /// The object was not reclaimed, and there is no `&mut` into it. The table is that of its heap.
    pub(super) unsafe fn for_each(&self, of: ObjectRef, mut each: impl FnMut(ObjectRef)) {
        // SAFETY: it was not reclaimed, and outside of a collection nothing is forwarded.
        let descriptor = unsafe { of.descriptor() };
        if descriptor.has_references() {
            // SAFETY: as above.
            let elements = 0..unsafe { of.element_count() };
            // `for_each_edge` has another order.
            // SAFETY: the caller's promises; the elements are all there are.
            Edges::collect(&mut each, |edges| unsafe { descriptor.visit(of, elements, edges) });
        }
        let lead_to_value = |ephemeron: Ephemeron| {
            // It may be the cell, too.
            let is_key = ephemeron.key == of;
            let is_void = self.reachable.as_ref().is_some_and(|reachable| {
                reachable.contains(of) && !reachable.contains(ephemeron.cell)
            });
            if is_key && !is_void {
                each(ephemeron.value);
            }
        };
        // SAFETY: as above.
        unsafe { self.weak.for_each_ephemeron_of(of, lead_to_value) }
    }
}
