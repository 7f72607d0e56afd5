//! What only counting knows of: its own lists. (That counts are right gc-core finds itself.)

use gc_core::heap::{Policy, Verifier};

use crate::collector::Refcount;
use crate::counting::Counting;

impl Counting {
    /// Checks the lists of this: those that counting works from are empty between safepoints, and what is
    /// owed lives.
    ///
    /// # Examples
    ///
    /// See the example of [`Counting`].
    pub fn verify(&self, verifier: &mut Verifier<'_>) {
        if !self.promoted.is_empty() || !self.released.is_empty() {
            verifier
                .add_fault(None, "counting has ended, and a list that it works from is not empty");
        }
        for &object in self.owed() {
            if !verifier.is_mature(object) {
                verifier.add_fault(
                    Some(object),
                    "a reference to it is owed, and it is no mature object",
                );
            }
        }
    }
}

/// Nobody marks or classifies objects, but for a look at what leaks.
pub(crate) fn verify(refcount: &Refcount, verifier: &mut Verifier<'_>) {
    refcount.counting.verify(verifier);
    verifier.check_no_marks();
    verifier.for_each_mature(|verifier, object| {
        // SAFETY: the verifier has looked at its header.
        if unsafe { object.header() }.policy() != Policy::ZERO {
            verifier.add_fault(
                Some(object),
                "it has bits of a policy, and there is none that sets any",
            );
        }
    });
}

#[cfg(test)]
mod tests {
    use gc_core::heap::{Header, ObjectRef};
    use gc_core::{Arena, FaultKind, Gc, Lock, Rootable};

    use super::*;

    type Numbers = Arena<Rootable![[Gc<'_, u64>; 2]], Refcount>;

    fn numbers() -> (Numbers, ObjectRef) {
        let mut arena =
            Numbers::builder().verify(false).build(|mc| [Gc::new(mc, 1), Gc::new(mc, 2)]);
        arena.collect();
        let first = arena.enter(|_, numbers| Gc::raw(numbers[0]).as_ptr());
        (arena, ObjectRef::from_ptr(first.cast()).expect("an object has an address"))
    }

    fn header<'a>(object: ObjectRef) -> &'a Header {
        // SAFETY: the tests have it in the root.
        unsafe { object.header() }
    }

    #[track_caller]
    fn expect(arena: &mut Numbers, kind: FaultKind, part: &str) {
        let faults = arena.verify().expect_err("it was corrupted");
        assert_eq!(faults.faults()[0].kind, kind, "{faults}");
        assert!(faults.faults()[0].message.contains(part), "{faults}");
    }

    #[test]
    fn wrong_counts_marks_and_policies_are_found() {
        let (mut arena, first) = numbers();
        arena.verify().expect("all is in order");
        header(first).increment();
        expect(&mut arena, FaultKind::Count, "counted 2 times and referred to 1 times");
        header(first).decrement();
        first.chunk().marks().insert(first);
        expect(&mut arena, FaultKind::Marks, "it is marked");
        first.chunk().marks().remove(first);
        header(first).set_policy(Policy::new(2));
        expect(&mut arena, FaultKind::Collector, "bits of a policy");
        header(first).set_policy(Policy::ZERO);
        arena.verify().expect("all is in order again");
    }

    #[test]
    fn a_root_that_has_changed_and_is_clean_is_found() {
        type Slots = Arena<Rootable![[Lock<Option<Gc<'_, u64>>>; 2]], Refcount>;
        let mut arena = Slots::builder()
            .verify(false)
            .build(|mc| [1, 2].map(|n| Lock::new(Some(Gc::new(mc, n)))));
        arena.collect();
        arena.verify().expect("all is in order");
        arena.mutate(|_, [first, second]| {
            // SAFETY: what it refers to lives, on purpose without a note that the root is dirty.
            unsafe { first.unlock_unchecked() }.set(second.get());
        });
        let faults = arena.verify().expect_err("it was corrupted");
        assert_eq!(faults.faults()[0].kind, FaultKind::Log, "{faults}");
        assert!(faults.faults()[0].message.starts_with("the root is clean"), "{faults}");
    }
}
