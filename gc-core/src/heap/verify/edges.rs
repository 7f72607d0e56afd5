//! References: that each leads to an object, and none of an old object to a young one that nobody would
//! find.

use alloc::vec::Vec;

use super::super::{Logged, ObjectRef, ObjectSet, for_each_edge, for_each_edge_among};
use super::log::is_logged_as_a_whole;
use super::territory::Standing;
use super::{FaultKind, Verifier};
use crate::trace::{DynTrace, Edges};

impl Verifier<'_> {
    pub(super) fn check_edges(&mut self, root: &dyn DynTrace, is_root_dirty: bool) {
        let heap = self.heap;
        let mut targets = Vec::new();

        Edges::collect(&mut |target| targets.push(target), |edges| root.visit_dyn(edges));
        if heap.settings.takes_snapshots() && !is_root_dirty && targets != heap.log.borrow().root()
        {
            let message = "the root is clean, and refers to others than when it was last compared";
            self.fault(FaultKind::Log, None, message);
        }
        for target in targets.drain(..) {
            if self.check_edge(None, target) == Standing::Young && !is_root_dirty {
                self.fault(FaultKind::Unlogged, Some(target), "it is young, and the root is clean");
            }
        }

        let sets = self.sets_of_handles();
        heap.for_each_mature(|object| {
            // SAFETY: its header was looked at, and at a safepoint nothing is borrowed.
            unsafe { for_each_edge(object, |target| targets.push(target)) }
            let mut refers_to_young = false;
            for target in targets.drain(..) {
                let standing = self.check_edge(Some(object), target);
                refers_to_young |= standing == Standing::Young;
            }
            // What a set of handles refers to changes without a barrier: see `handles.rs`.
            if refers_to_young && !sets.contains(object) {
                self.check_young_are_logged(object);
            }
        });

        self.find_listed_young();
        let mut next = 0;
        // What is found on the way is put at the end.
        while let Some(&object) = self.young.get(next) {
            next += 1;
            // SAFETY: as above.
            unsafe { for_each_edge(object, |target| targets.push(target)) }
            for target in targets.drain(..) {
                self.check_edge(Some(object), target);
            }
        }
    }

    #[cold]
    fn check_young_are_logged(&mut self, object: ObjectRef) {
        let mut targets = Vec::new();
        // SAFETY: as in `check_edges`.
        unsafe { for_each_edge(object, |target| targets.push(target)) }
        targets.retain(|&target| self.territory.standing(target) == Standing::Young);
        let message = "it is young, and an old object refers to it that was not logged";
        self.check_is_noted(object, &|target| targets.contains(&target), &|_| false, message);
    }

    /// Checks where a reference leads.
    #[inline]
    fn check_edge(&mut self, holder: Option<ObjectRef>, target: ObjectRef) -> Standing {
        self.steps += 1;
        let standing = self.find(target);
        if let Standing::Nothing(what) = standing {
            self.edge_fault(holder, target, what);
        }
        standing
    }

    #[cold]
    fn edge_fault(&mut self, holder: Option<ObjectRef>, target: ObjectRef, what: &str) {
        match holder {
            Some(holder) => {
                let message = alloc::format!("a reference leads to {what}");
                self.fault_of_holder(FaultKind::Edge, target, holder, message);
            }
            None => {
                let message = alloc::format!("a reference of the root leads to {what}");
                self.fault(FaultKind::Edge, Some(target), message);
            }
        }
    }

    /// Checks that every mature object which has a reference that has to be remembered, by `refers`
    /// (holder and target), is in the log or in a set of the collector's: as a whole, or the segment in
    /// which the reference is. Sets of handles are passed over: what they refer to changes without a
    /// barrier, and their tables know of it.
    ///
    /// See the example of [`Verifier`].
    pub fn check_remembered(
        &mut self,
        refers: impl Fn(ObjectRef, ObjectRef) -> bool,
        is_noted: impl Fn(Logged) -> bool,
        message: &str,
    ) {
        let sets = self.sets_of_handles();
        self.for_each_mature(|verifier, object| {
            let mut is_any = false;
            // SAFETY: its header was looked at, and at a safepoint nothing is borrowed.
            unsafe { for_each_edge(object, |target| is_any |= refers(object, target)) }
            if is_any && !sets.contains(object) {
                let refers = |target| refers(object, target);
                verifier.check_is_noted(object, &refers, &is_noted, message);
            }
        });
    }

    /// Checks that an object which refers to others that have to be remembered is noted, or the segments
    /// with these.
    #[cold]
    fn check_is_noted(
        &mut self,
        object: ObjectRef,
        refers: &dyn Fn(ObjectRef) -> bool,
        is_noted: &dyn Fn(Logged) -> bool,
        message: &str,
    ) {
        // SAFETY: its header was looked at.
        if unsafe { is_logged_as_a_whole(object) } || is_noted(Logged::Object(object)) {
            return;
        }
        let segment_len = self.heap.settings.barrier.segment_len();
        // SAFETY: as above.
        let len = unsafe { object.element_count() };
        let mut targets = Vec::new();
        for segment in 0..len.div_ceil(segment_len) {
            let is_logged = len > segment_len && {
                // SAFETY: as above; a longer array has bits for its segments.
                let bits = unsafe { object.segment_bits() };
                // SAFETY: it is one of its segments.
                unsafe { bits.contains(segment) }
            };
            if is_logged || is_noted(Logged::Segment(object, segment)) {
                continue;
            }
            let first = segment * segment_len;
            // SAFETY: as above, and at a safepoint nothing is borrowed.
            unsafe {
                for_each_edge_among(object, first, segment_len, |target| targets.push(target))
            }
            for target in targets.drain(..).filter(|&target| refers(target)) {
                self.fault_of_holder(FaultKind::Unlogged, target, object, message);
            }
        }
    }

    /// The objects of the heap whose references are handles.
    fn sets_of_handles(&self) -> ObjectSet {
        let mut sets = ObjectSet::default();
        for table in &*self.heap.handle_tables.borrow() {
            if let Some(owner) = table.owning_object() {
                sets.insert(owner);
            }
        }
        sets
    }

    /// Looks at what lists have that is young: what nothing refers to has references, too.
    fn find_listed_young(&mut self) {
        let heap = self.heap;
        for &object in heap.young_drops.borrow().iter().chain(&*heap.young_finalizable.borrow()) {
            self.find(object);
        }
        for table in &*heap.handle_tables.borrow() {
            table.for_each_edge(|object| {
                self.find(object);
            });
        }
    }
}
