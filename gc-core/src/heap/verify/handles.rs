//! Handles: what the tables lead to, and their lists.

use alloc::rc::Rc;

use super::super::ObjectSet;
use super::territory::Standing;
use super::{FaultKind, Verifier, twice};
use crate::handles::{HandleTable, Owner};

impl Verifier<'_> {
    pub(super) fn check_handles(&mut self) {
        let heap = self.heap;
        let mut owners = ObjectSet::default();
        for table in &*heap.handle_tables.borrow() {
            match table.owner() {
                Owner::Object(owner) => {
                    let is_live =
                        self.check_live(FaultKind::Handles, "the owner of handles", owner);
                    if is_live && !owners.insert(owner) {
                        self.fault(FaultKind::Handles, Some(owner), twice("the owners of handles"));
                    }
                }
                Owner::Arena => {}
                // Its set is dead, or was never finished.
                Owner::Nobody => continue,
            }
            self.check_handle_table(table);
        }
        for tally in heap.weak.borrow().collections.tallies.values() {
            if let Some(owner) = tally.owner() {
                self.check_live(FaultKind::Weak, "the tally of a weak collection", owner);
            }
        }
    }

    fn check_handle_table(&mut self, table: &Rc<HandleTable>) {
        if let Some(message) = table.contradiction() {
            self.fault(FaultKind::Handles, None, message);
        }
        let is_settled = table.is_owner_mature();
        table.for_each_entry(|object, is_fresh| {
            let is_live = self.check_live(FaultKind::Handles, "a handle", object);
            let is_young = is_live && self.territory.standing(object) == Standing::Young;
            if is_young && !is_fresh && is_settled {
                let message = "it is young, and its handle is not among those that are new";
                self.fault(FaultKind::Unlogged, Some(object), message);
            }
        });
        table.for_each_released(|object| {
            self.check_live(FaultKind::Handles, "a handle that was dropped", object);
        });
    }
}
