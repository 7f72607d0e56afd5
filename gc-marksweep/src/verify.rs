//! What only this collector knows of: candidates, which are marked, and the batch that waits for calls.

use alloc::format;
use alloc::vec::Vec;

use gc_core::heap::{Flag, ObjectRef, Policy, Verifier};

use crate::candidates::CANDIDATE;
use crate::collector::MarkSweep;

/// Checks that all that is marked is a candidate and the other way round, that there are as many as were
/// counted, and that what is said to be of a batch is of the one that waits.
pub(crate) fn verify(collector: &MarkSweep, verifier: &mut Verifier<'_>) {
    collector.counting.verify(verifier);
    let members = collector.batch.as_ref().map_or(&[][..], |batch| batch.members());
    let heap = verifier.heap();
    let living: Vec<ObjectRef> =
        members.iter().copied().filter(|&object| heap.is_in_batch(object)).collect();
    let batch = verifier.check_list("the batch", &living);

    let mut candidates = 0;
    verifier.for_each_mature(|verifier, object| {
        // SAFETY: the verifier has looked at its header.
        let header = unsafe { object.header() };
        let policy = header.policy();
        let is_marked = object.chunk().marks().contains(object);
        candidates += usize::from(is_marked);
        if is_marked != (policy == CANDIDATE) {
            verifier
                .add_fault(Some(object), "it is marked and no candidate, or the other way round");
        }
        if policy != CANDIDATE && policy != Policy::ZERO {
            verifier.add_fault(Some(object), "it has a color, and no detection is at work");
        }
        if header.has(Flag::Batched) != batch.contains(object) {
            verifier.add_fault(Some(object), "its flag and the batch do not agree");
        }
    });
    if candidates != collector.candidates.len() {
        let counted = collector.candidates.len();
        verifier.add_fault(
            None,
            format!("{candidates} objects are candidates, {counted} were counted"),
        );
    }
}
