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
