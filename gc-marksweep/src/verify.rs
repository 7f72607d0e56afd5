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

#[cfg(test)]
mod tests {
    use gc_core::heap::Header;
    use gc_core::{Arena, FaultKind, Gc, Lock, Rootable};

    use super::*;

    type Link<'gc> = Gc<'gc, Lock<Option<Gc<'gc, u64>>>>;
    type Links = Arena<Rootable![Vec<Link<'_>>], MarkSweep>;

    fn header<'a>(object: ObjectRef) -> &'a Header {
        // SAFETY: the tests have it in the root.
        unsafe { object.header() }
    }

    #[track_caller]
    fn expect(arena: &mut Links, part: &str) {
        let faults = arena.verify().expect_err("it was corrupted");
        assert_eq!(faults.faults()[0].kind, FaultKind::Collector, "{faults}");
        assert!(faults.faults()[0].message.contains(part), "{faults}");
    }

    #[test]
    fn candidates_colors_and_batches_that_contradict_each_other_are_found() {
        let mut arena = Links::builder().verify(false).build(|mc| {
            let link = Gc::new(mc, Lock::new(None));
            [link, link].into()
        });
        arena.mutate(|_, _| ());
        let link = arena.enter(|_, links| Gc::raw(links[0]).as_ptr());
        let link = ObjectRef::from_ptr(link.cast()).expect("an object has an address");
        arena.verify().expect("all is in order");
        link.chunk().marks().insert(link);
        expect(&mut arena, "it is marked and no candidate");
        header(link).set_policy(CANDIDATE);
        expect(&mut arena, "1 objects are candidates, 0 were counted");
        header(link).set_policy(Policy::ZERO);
        link.chunk().marks().remove(link);
        header(link).set_policy(Policy::new(1));
        expect(&mut arena, "it has a color");
        header(link).set_policy(Policy::ZERO);
        header(link).set(Flag::Batched);
        expect(&mut arena, "its flag and the batch");
        header(link).clear(Flag::Batched);
        // What has lost a reference and lives is one in fact.
        arena.mutate_root(|_, links| links.truncate(1));
        arena.verify().expect("all is in order again");
        assert_eq!(header(link).policy(), CANDIDATE);
    }
}
