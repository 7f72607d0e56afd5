//! What is reachable, found without the heap's own mark bits: a collector may keep something in
//! these.

use alloc::vec::Vec;

use super::{Ephemeron, ObjectRef, ObjectSet, WeakTable, for_each_edge};

impl ObjectSet {
    /// Adds what is reachable from the roots: also the values of ephemerons whose cell and key are in the
    /// set (Note [Ephemerons]).
    ///
    /// # Complexity
    ///
    /// O(reachable objects and references) time, and memory for a bit for each granule of the chunks
    /// that they are in. No recursion.
    ///
    /// # Safety
    ///
    /// The roots were not reclaimed, none of what is reachable is forwarded, and there is no `&mut`
    /// into any of it. The table is that of their heap.
    pub(crate) unsafe fn reach(
        &mut self,
        roots: impl IntoIterator<Item = ObjectRef>,
        weak: &WeakTable,
    ) {
        let mut pending = Vec::new();
        for root in roots {
            // One after the other, for the roots may be most of the heap.
            pending.extend(self.insert(root).then_some(root));
            while let Some(object) = pending.pop() {
                let reach = |target| pending.extend(self.insert(target).then_some(target));
                // SAFETY: the caller's promises; what is reachable was not reclaimed.
                unsafe { for_each_edge(object, reach) }
                let reach_value = |ephemeron: Ephemeron| {
                    // If the other of them is reached later, this is done then.
                    if self.contains(ephemeron.cell) && self.contains(ephemeron.key) {
                        pending.extend(self.insert(ephemeron.value).then_some(ephemeron.value));
                    }
                };
                // SAFETY: as above.
                unsafe { weak.for_each_ephemeron_of(object, reach_value) }
            }
        }
    }
}
