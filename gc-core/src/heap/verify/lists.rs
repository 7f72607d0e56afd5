//! What else is known of single objects: identities, finalizers, drop glue, frozen ones, large counts.

use alloc::vec::Vec;

use super::super::{COUNT_MAX, Flag, ObjectSet};
use super::territory::Standing;
use super::{FaultKind, Verifier, twice};

impl Verifier<'_> {
    pub(super) fn check_lists(&mut self) {
        self.check_ids();
        self.check_drops();
        self.check_calls();
        self.check_frozen();
        self.check_counts();
    }

    fn check_ids(&mut self) {
        let ids = self.heap.ids();
        let mut noted = Vec::new();
        ids.for_each_noted(|what, object| noted.push((what, object)));
        for (what, object) in noted {
            if self.check_live(FaultKind::Identity, what, object)
                // SAFETY: it is an object, whose header was looked at.
                && !unsafe { object.header() }.has(Flag::Identified)
            {
                let message = alloc::format!("{what} leads to it, and it has no flag that says so");
                self.fault(FaultKind::Identity, Some(object), message);
            }
        }
        if let Some(object) = ids.stray() {
            let message =
                "the identities that were asked for lately have it with another than the table";
            self.fault(FaultKind::Identity, Some(object), message);
        }
    }

    /// Drop glue that is to run: that of young objects is on a list, and nothing else is.
    fn check_drops(&mut self) {
        let heap = self.heap;
        if !heap.dead.is_empty() {
            self.fault(FaultKind::Drops, None, "what is dead was not torn down");
        }
        let mut listed = ObjectSet::default();
        for &object in &*heap.young_drops.borrow() {
            if !self.check_live(FaultKind::Drops, "the list of young drops", object) {
                continue;
            }
            if !listed.insert(object) {
                self.fault(FaultKind::Drops, Some(object), twice("the list of young drops"));
            }
            if self.territory.standing(object) == Standing::Mature {
                let message = "it is in the list of young drops, and is mature";
                self.fault(FaultKind::Drops, Some(object), message);
            }
            // SAFETY: its header was looked at.
            if unsafe { object.descriptor() }.drop_glue().is_none() {
                let message = "it is in the list of young drops, and has no drop glue";
                self.fault(FaultKind::Drops, Some(object), message);
            }
        }
        for object in self.young.clone() {
            // SAFETY: its header was looked at.
            if unsafe { object.descriptor() }.drop_glue().is_some() && !listed.contains(object) {
                let message = "it is young and has drop glue, and is not in the list of those";
                self.fault(FaultKind::Drops, Some(object), message);
            }
        }
    }

    fn check_calls(&mut self) {
        let heap = self.heap;
        let calls = heap.calls.borrow();
        let mut finalizable = 0;
        let mut count = |object: super::ObjectRef| {
            // SAFETY: its header was looked at.
            finalizable += usize::from(unsafe { object.header() }.has(Flag::Finalizable));
        };
        heap.for_each_mature(&mut count);
        self.young.iter().copied().for_each(&mut count);
        // Of young ones some may not have been found: see Note [Weaker].
        let are_all_found = self.territory.is_nothing_young();
        if finalizable > calls.finalizable || (are_all_found && finalizable < calls.finalizable) {
            let message = alloc::format!(
                "{finalizable} objects have finalizers to run, and {} were counted",
                calls.finalizable
            );
            self.fault(FaultKind::Calls, None, message);
        }
        for &object in calls.finalizers.keys() {
            if self.check_live(FaultKind::Calls, "the table of finalizers", object)
                // SAFETY: it is an object, whose header was looked at.
                && !unsafe { object.header() }.has(Flag::Finalizable)
            {
                let message = "it is in the table of finalizers, and has no flag that says so";
                self.fault(FaultKind::Calls, Some(object), message);
            }
        }
        let mut listed = ObjectSet::default();
        for &object in &*heap.young_finalizable.borrow() {
            if self.check_live(FaultKind::Calls, "the list of new finalizers", object)
                && !listed.insert(object)
            {
                self.fault(FaultKind::Calls, Some(object), twice("the list of new finalizers"));
            }
        }
        calls.for_each_batched(|object| {
            self.check_live(FaultKind::Calls, "a finalizer that waits", object);
        });
    }

    fn check_frozen(&mut self) {
        let mut frozen = 0;
        self.heap.for_each_mature(|object| {
            // SAFETY: its header was looked at.
            frozen += usize::from(unsafe { object.header() }.has(Flag::Frozen));
        });
        if frozen != self.heap.frozen_objects {
            let counted = self.heap.frozen_objects;
            let message = alloc::format!("{frozen} objects are frozen, and {counted} were counted");
            self.fault(FaultKind::Frozen, None, message);
        }
    }

    fn check_counts(&mut self) {
        for (&object, &excess) in &self.heap.census.counts.excess {
            self.steps += 1;
            if self.territory.standing(object) != Standing::Mature {
                let message = "it is in the table of large counts, and is no mature object";
                self.fault(FaultKind::Count, Some(object), message);
                continue;
            }
            // SAFETY: its header was looked at.
            let count = unsafe { object.header() }.count();
            if count != COUNT_MAX || excess == 0 {
                let message =
                    alloc::format!("the table has {excess} of its count, and its header {count}");
                self.fault(FaultKind::Count, Some(object), message);
            }
        }
    }
}
