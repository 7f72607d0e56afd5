//! Candidates: objects that lost a reference and lived, and so may be what is left of a cycle.

use alloc::vec::Vec;

use gc_core::heap::{AddressHash, ObjectRef, Policy};
use gc_refcount::counting::Observer;
use hashbrown::HashSet;

/// The header says so, too, of an object in the set: most objects that lose a reference are asked.
pub(crate) const CANDIDATE: Policy = Policy::new(0b100);

/// The set of candidates. All of them are alive: an object leaves the set when it dies.
#[derive(Debug, Default)]
pub(crate) struct Candidates {
    objects: HashSet<ObjectRef, AddressHash>,
}

impl Candidates {
    pub(crate) fn len(&self) -> usize {
        self.objects.len()
    }

    /// Empties the set.
    pub(crate) fn take(&mut self) -> Vec<ObjectRef> {
        let objects: Vec<_> = self.objects.drain().collect();
        for object in &objects {
            // SAFETY: an object in the set is alive.
            unsafe { object.header() }.set_policy(Policy::ZERO);
        }
        objects
    }
}

impl Observer for Candidates {
    fn decremented(&mut self, object: ObjectRef) {
        // SAFETY: counting says that it lives.
        let header = unsafe { object.header() };
        // What refers to nothing is in no cycle.
        if header.policy() != CANDIDATE && header.descriptor().has_references() {
            header.set_policy(CANDIDATE);
            self.objects.insert(object);
        }
    }

    fn dying(&mut self, object: ObjectRef) {
        // SAFETY: its memory is untouched.
        if unsafe { object.header() }.policy() == CANDIDATE {
            self.objects.remove(&object);
        }
    }
}
