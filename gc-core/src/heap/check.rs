//! Checking the write barrier: a debug mode that finds stores which did not log.
//!
//! After each collection it notes what every mature object refers to. Before the next, an object
//! that refers to something else now must have been logged; one that was not is reported with its
//! type. It costs a walk over the heap at each safepoint.

use alloc::vec::Vec;
use core::hash::BuildHasher;

use hashbrown::HashMap;

use super::{Flag, Heap, ObjectRef, SEGMENT_LEN, for_each_edge};
use crate::id::AddressHash;

/// What the mature objects referred to at the last safepoint, as a hash of each object's edges.
#[derive(Debug, Default)]
pub(crate) struct BarrierCheck {
    edges: HashMap<ObjectRef, u64, AddressHash>,
}

impl Heap {
    /// Notes what every mature object refers to.
    pub(crate) fn note_edges(&mut self) {
        let exempt = self.exempt();
        let mut edges = HashMap::default();
        self.for_each_mature(|object| {
            if !exempt.contains(&object) {
                edges.insert(object, hash_of_edges(object));
            }
        });
        self.barrier_check.edges = edges;
    }

    /// Compares what the mature objects refer to with what was noted.
    ///
    /// # Panics
    ///
    /// If an object has changed that was not logged.
    pub(crate) fn check_edges(&self) {
        for (&object, &edges) in &self.barrier_check.edges {
            // SAFETY: it was mature at the end of the last safepoint, and nothing was freed since.
            let is_logged = !unsafe { object.header() }.has(Flag::Unlogged);
            // SAFETY: as above. A long array keeps its flag while segments of it are logged.
            let is_segmented = unsafe { object.element_count() } > SEGMENT_LEN;
            assert!(
                is_logged || is_segmented || hash_of_edges(object) == edges,
                "{} was written to without the write barrier",
                // SAFETY: as above.
                unsafe { object.descriptor() }.type_name(),
            );
        }
    }

    /// Sets of handles, which change without a barrier: their tables keep account.
    fn exempt(&self) -> Vec<ObjectRef> {
        self.handle_tables().iter().filter_map(|table| table.owning_object()).collect()
    }
}

fn hash_of_edges(object: ObjectRef) -> u64 {
    let mut targets = Vec::new();
    // SAFETY: mature objects are live, and at a safepoint nothing is borrowed.
    unsafe { for_each_edge(object, |target| targets.push(target)) }
    AddressHash::default().hash_one(targets)
}

#[cfg(test)]
mod tests {
    use crate::collector::{Attributes, Collector, Safepoint};
    use crate::{Arena, Gc, Lock, Reason, Rootable};

    /// Promotes what the root refers to, and nothing more.
    #[derive(Default)]
    struct PromoteOnly;

    // SAFETY: nothing is reclaimed or moved. Only the test below uses it, with one object.
    unsafe impl Collector for PromoteOnly {
        const ATTRIBUTES: Attributes = Attributes::new("promotion alone");

        fn safepoint(&mut self, safepoint: &mut Safepoint<'_>) {
            let heap = &mut *safepoint.heap;
            // SAFETY: nothing was reclaimed.
            unsafe { heap.log_mut().drain(|_| {}) }
            safepoint.roots.for_each_edge(|object| {
                if !object.is_mature() {
                    // SAFETY: young, and live.
                    unsafe { heap.promote_in_place(object) }
                }
            });
        }

        fn collect(&mut self, safepoint: &mut Safepoint<'_>, _: u8, _: Reason) {
            self.safepoint(safepoint);
        }
    }

    type Cell<'gc> = Gc<'gc, Lock<Option<Gc<'gc, u32>>>>;
    type Cells = Arena<Rootable![Cell<'_>], PromoteOnly>;

    fn cells() -> Cells {
        let mut arena = Cells::builder()
            .stress(true)
            .check_barrier(true)
            .build(|mc| Gc::new(mc, Lock::new(None)));
        arena.mutate(|_, _| ());
        arena
    }

    #[test]
    fn a_store_with_the_barrier_is_no_finding() {
        let mut arena = cells();
        for value in 0..3 {
            arena.mutate(|mc, cell| cell.set(mc, Some(Gc::new(mc, value))));
        }
    }

    #[test]
    #[should_panic(expected = "Lock")]
    fn a_store_without_the_barrier_is_found_and_the_type_named() {
        let mut arena = cells();
        arena.mutate(|mc, cell| {
            // SAFETY: it is not: the cell is old, and was not logged. That is what the test is for.
            unsafe { cell.unlock_unchecked() }.set(Some(Gc::new(mc, 1)));
        });
    }
}
