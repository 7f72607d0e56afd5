//! What of a heap is not the heap's alone, and what can still be seen in it: what
//! [`Arena::into_send`](crate::Arena::into_send) has to know.
//!
//! Note [Shared counts]: reference counts that are not atomic are shared by the heap, by what is in it,
//! and by what the program has. Of each table of handles the heap has one, and its set another; of the
//! arena's own table each saved object and each registration for an object's death has a [`Guard`](super::Guard);
//! all others are those of handles. The flags that handles set ([`Changes`](crate::handles::Changes))
//! belong to the heap, and to each table and each tally of a weak collection that there is: more mean a
//! stale handle, by whose table they are reached. Tallies are had by the heap and their collection, and
//! by nothing that a program can hold. So if the counts are as they should be, all of them are in the
//! arena.

use alloc::rc::Rc;
use alloc::vec::Vec;

use super::{Heap, ObjectRef, ObjectSet, for_each_edge};
use crate::handles::{HandleTable, Owner};

impl Heap {
    /// Whether there are handles, stale ones included. No call waits.
    pub(crate) fn are_handles_outside(&mut self) -> bool {
        self.tidy_tables();
        let guards = self.saved_objects() + self.registered_deaths();
        let has_other_owners = |table: &Rc<HandleTable>| {
            let owners = match table.owner() {
                Owner::Arena => 1 + guards,
                Owner::Object(_) => 2,
                Owner::Nobody => 1,
            };
            Rc::strong_count(table) != owners
        };
        let tables = self.handle_tables.get_mut();
        let sharers = 1 + tables.len() + self.weak.get_mut().collections.tallies();
        tables.iter().any(has_other_owners) || Rc::strong_count(&self.handle_changes) != sharers
    }

    /// How many functions are registered for deaths.
    pub(crate) fn registered_deaths(&self) -> usize {
        self.deaths.get().map_or(0, |registry| registry.len())
    }

    /// Lets go of the registry of functions for deaths, in which there is none. What the program has of
    /// them refers to nothing then.
    pub(crate) fn forget_deaths(&mut self) {
        self.deaths.take();
    }

    /// Whether calls wait, or a collection that waits for some.
    pub(crate) fn are_calls_waiting(&mut self) -> bool {
        self.calls.get_mut().is_anything_waiting() || self.weak.get_mut().has_fired()
    }

    /// Calls `each` once for every object that code of the program can still come to see, and others: all
    /// that are listed when the heap is inspected, all whose drop glue or finalizer will run, what weak
    /// references lead to and their cells, what `roots` and handles refer to, and all that these lead to.
    ///
    /// # Safety
    ///
    /// The roots are live; no reference into any object is in use, and counts are up to date, if there
    /// are any.
    pub(crate) unsafe fn for_each_visible(
        &mut self,
        roots: Vec<ObjectRef>,
        mut each: impl FnMut(ObjectRef),
    ) {
        let mut pending = roots;
        pending.extend(self.young_drops.get_mut().iter());
        pending.extend(self.young_finalizable.get_mut().iter());
        for table in self.handle_tables.get_mut() {
            table.for_each_edge(|object| pending.push(object));
        }
        let contents = self.contents();
        pending.extend(contents.weak.all_ephemerons().iter().map(|ephemeron| ephemeron.value));
        pending.extend(contents.weak.targets_and_cells());
        let mut seen = ObjectSet::default();
        let mut listed = contents.objects();
        // One after the other, for they are most of the heap.
        while let Some(object) = pending.pop().or_else(|| listed.next()) {
            if seen.insert(object) {
                each(object);
                // SAFETY: it was not reclaimed, and nothing is borrowed from it, says the caller.
                unsafe { for_each_edge(object, |target| pending.push(target)) }
            }
        }
    }
}
