//! What only this collector knows of: blocks that age, the remembered set, and the lists of what has drop
//! glue or finalizers, by age.

use alloc::vec::Vec;

use gc_core::heap::{Block, BlockState, Flag, Listed, ObjectRef, Verifier};

use crate::collector::Generational;

/// Checks all that is known of objects by age. A collection has ended, or has not begun.
pub(crate) fn verify(collector: &Generational, verifier: &mut Verifier<'_>) {
    verifier.check_no_marks();
    check_blocks(collector, verifier);
    collector.remembered.verify(verifier);
    check_drops(collector, verifier);
    check_finalizable(collector, verifier);
    verifier.check_list("the list of what was revived", &collector.revived);
    if !collector.pending.is_empty() {
        verifier.add_fault(None, "a trace has ended, and objects are pending");
    }
}

pub(crate) fn is_aging(object: ObjectRef) -> bool {
    Block::containing(object).state() == BlockState::Aging
}

fn check_blocks(collector: &Generational, verifier: &mut Verifier<'_>) {
    let mut listed: Vec<Block> = collector.aging.clone();
    listed.sort_unstable();
    let mut aging = verifier.heap().blocks();
    aging.retain(|block| block.state() == BlockState::Aging);
    aging.sort_unstable();
    if listed != aging {
        verifier.add_fault(
            None,
            "the list of aging blocks is not that of those that are in this state",
        );
    }
}

/// Checks two lists, of aging and of old objects, that have all of a kind.
fn check_by_age(
    verifier: &mut Verifier<'_>,
    (name, lists): (&'static str, [&[ObjectRef]; 2]),
    belongs: impl Fn(ObjectRef) -> bool,
    is_elsewhere: impl Fn(ObjectRef) -> bool,
) {
    let [aging, old] = lists.map(|list| verifier.check_list(name, list));
    verifier.for_each_mature(|verifier, object| {
        let is_in = |list: &Listed| list.contains(object);
        let (is_in_right, is_in_wrong) = match is_aging(object) {
            true => (is_in(&aging), is_in(&old)),
            false => (is_in(&old), is_in(&aging)),
        };
        let is_expected = belongs(object) && !is_elsewhere(object);
        if is_in_wrong || is_in_right != is_expected {
            let message = alloc::format!(
                "whether it is in {name} (of its age: {is_in_right}, of the other: {is_in_wrong}) is not \
                 what it should be"
            );
            verifier.add_fault(Some(object), message);
        }
    });
}

fn check_drops(collector: &Generational, verifier: &mut Verifier<'_>) {
    let lists = [&*collector.aging_drops, &*collector.mature_drops];
    // SAFETY: the verifier has looked at the headers of all that is mature.
    let has_glue = |object: ObjectRef| unsafe { object.descriptor() }.drop_glue().is_some();
    check_by_age(verifier, ("the list of objects with drop glue", lists), has_glue, |_| false);
}

fn check_finalizable(collector: &Generational, verifier: &mut Verifier<'_>) {
    let lists = [collector.finalizable.aging(), collector.finalizable.mature()];
    // SAFETY: as above.
    let is_finalizable = |object: ObjectRef| unsafe { object.header() }.has(Flag::Finalizable);
    // What got its finalizer since the last trace is in the heap's list.
    let new = verifier.new_finalizable();
    let is_new = |object| new.contains(object);
    check_by_age(verifier, ("the list of objects with finalizers", lists), is_finalizable, is_new);
}

#[cfg(test)]
mod tests {
    use alloc::string::String;
    use core::cell::RefCell;

    use gc_core::collector::{Attributes, Collector, Safepoint};
    use gc_core::heap::Policy;
    use gc_core::{Arena, ArenaBuilder, Gc, Lock, Reason, Rootable, Static};

    use super::*;

    type Corrupt = fn(&mut Generational, &Roots);

    /// Generational collection, that is corrupted before it is verified.
    struct Corrupted(RefCell<Generational>, Corrupt);

    // SAFETY: it is another one that does it all; it is corrupted when nothing comes after that.
    unsafe impl Collector for Corrupted {
        const ATTRIBUTES: Attributes = Generational::ATTRIBUTES;

        fn safepoint(&mut self, safepoint: &mut Safepoint<'_>) {
            self.0.get_mut().safepoint(safepoint);
        }

        fn collect(&mut self, safepoint: &mut Safepoint<'_>, generation: u8, reason: Reason) {
            self.0.get_mut().collect(safepoint, generation, reason);
        }

        fn resume(&mut self, safepoint: &mut Safepoint<'_>, resume: usize) {
            self.0.get_mut().resume(safepoint, resume);
        }

        fn verify(&self, verifier: &mut Verifier<'_>) {
            let mut roots = Roots::default();
            verifier.for_each_mature(|_, object| match is_aging(object) {
                true => roots.aging.push(object),
                false => roots.old.push(object),
            });
            (self.1)(&mut self.0.borrow_mut(), &roots);
            self.0.borrow().verify(verifier);
        }
    }

    /// The objects of a heap, by age.
    #[derive(Default)]
    struct Roots {
        aging: Vec<ObjectRef>,
        old: Vec<ObjectRef>,
    }

    type Text<'gc> = Gc<'gc, Static<String>>;
    type Slot<'gc> = Gc<'gc, Lock<Option<Text<'gc>>>>;

    /// What is found in a heap with an old object that refers to an aging one, after `corrupt`.
    fn faults(corrupt: Corrupt) -> String {
        type Slots = Arena<Rootable![Vec<Slot<'_>>], Corrupted>;
        let collector = Corrupted(RefCell::default(), corrupt);
        let builder = ArenaBuilder::new(collector).verify(false);
        let mut arena: Slots = builder.build(|mc| [Gc::new(mc, Lock::new(None))].into());
        arena.collect();
        arena.mutate(|mc, slots| slots[0].set(mc, Some(Gc::new(mc, Static("text".into())))));
        arena.mutate(|mc, slots| {
            let text = slots[0].get().expect("it was set");
            mc.on_unreachable::<Rootable![Static<String>], _>(text, |_, _| ()).expect("the first");
        });
        arena.collect_generation(0);
        arena.verify().map_or_else(|faults| alloc::format!("{faults}"), |()| String::new())
    }

    #[test]
    fn what_contradicts_the_age_of_objects_is_found() {
        assert_eq!(
            faults(|collector, roots| {
                assert_eq!((roots.aging.len(), roots.old.len()), (1, 1));
                assert_eq!(collector.aging_drops, roots.aging);
                assert_eq!(collector.remembered.objects(), roots.old);
            }),
            ""
        );
        let cases: [(Corrupt, &str); 9] = [
            (|collector, _| collector.aging.clear(), "the list of aging blocks"),
            (|collector, _| collector.aging_drops.clear(), "in the list of objects with drop glue"),
            (
                |collector, _| collector.mature_drops.append(&mut collector.aging_drops),
                "of the other: true",
            ),
            (
                |collector, roots| collector.aging_drops.extend(&roots.aging),
                "twice in the list of objects with drop glue",
            ),
            (
                |collector, _| collector.finalizable = crate::finalizable::Finalizable::default(),
                "in the list of objects with finalizers",
            ),
            (|collector, _| collector.remembered.clear(), "refers to it that is not remembered"),
            (
                |collector, roots| {
                    // SAFETY: it is live.
                    unsafe { roots.old[0].header() }.set_policy(Policy::ZERO);
                    let _ = collector;
                },
                "the remembered set do not agree",
            ),
            (|collector, roots| collector.pending.extend(&roots.old), "objects are pending"),
            (
                |_, roots| _ = roots.old[0].chunk().marks().insert(roots.old[0]),
                "it is marked, outside of a collection",
            ),
        ];
        for (corrupt, expected) in cases {
            let found = faults(corrupt);
            assert!(found.contains(expected), "{found:?} has not {expected:?}");
        }
    }
}
