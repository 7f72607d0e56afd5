//! A `Trace` that does not report what was counted is found, and the types are named.

use std::cell::Cell;
use std::rc::Rc;

use gc_core::{Arena, Edges, Gc, Lock, Rootable, SlotMap, Slots, Trace, TraceFault, TraceFaults};
use gc_refcount::Refcount;

#[derive(Trace)]
struct Leaf(u32);

/// Reports its reference as often as somebody outside says.
struct Fickle<'gc> {
    leaf: Gc<'gc, Leaf>,
    times: Rc<Cell<usize>>,
}

// SAFETY: it is not, which is what the tests are about; nothing of it is ever torn down, and nothing
// is moved.
unsafe impl Trace for Fickle<'_> {
    const HAS_GC: bool = true;
    const SLOTS: SlotMap = SlotMap::Dynamic;

    fn visit(&self, edges: &mut Edges) {
        (0..self.times.get()).for_each(|_| self.leaf.visit(edges));
    }

    fn relocate(&mut self, slots: &mut Slots) {
        (0..self.times.get()).for_each(|_| self.leaf.relocate(slots));
    }
}

type Fickles = Arena<Rootable![Gc<'_, Fickle<'_>>], Refcount>;

/// An arena with `root -> fickle -> leaf`, counted once, and how often the last is reported.
fn fickle() -> (Fickles, Rc<Cell<usize>>) {
    let times = Rc::new(Cell::new(1));
    let mut arena = Fickles::new(|mc| {
        Gc::new(mc, Fickle { leaf: Gc::new(mc, Leaf(7)), times: Rc::clone(&times) })
    });
    arena.mutate(|_, fickle| assert_eq!(fickle.leaf.0, 7));
    (arena, times)
}

#[track_caller]
fn only_fault(faults: TraceFaults) -> TraceFault {
    let [fault] = faults.faults() else { panic!("not one fault: {faults}") };
    fault.clone()
}

#[test]
fn what_is_reported_as_it_was_counted_is_no_fault() {
    let (mut arena, _) = fickle();
    assert_eq!(arena.check_trace(), Ok(()));
}

#[test]
fn a_reference_that_is_reported_no_more_is_found() {
    let (mut arena, times) = fickle();
    times.set(0);
    let fault = only_fault(arena.check_trace().expect_err("the leaf leaks"));
    let TraceFault::Miscount { counted: 1, reported: 0, ref holders, .. } = fault else {
        panic!("{fault:?}");
    };
    assert!(holders.is_empty());
    assert_eq!(fault.to_string(), "a Leaf is counted 1 times and referred to 0 times");
}

#[test]
fn a_reference_that_was_not_counted_is_found_and_its_holder_named() {
    let (mut arena, times) = fickle();
    times.set(2);
    let fault = only_fault(arena.check_trace().expect_err("the leaf would die too early"));
    let TraceFault::Miscount { counted: 1, reported: 2, ref holders, .. } = fault else {
        panic!("{fault:?}");
    };
    let [holder] = holders[..] else { panic!("{holders:?}") };
    assert!(holder.contains("Fickle"));
    assert!(fault.to_string().replace("<'_>", "").ends_with(", by Fickle"), "{fault}");
}

#[test]
#[should_panic(expected = "a Leaf is counted 1 times and referred to 0 times")]
fn a_check_at_every_safepoint_panics_with_the_name_of_the_type() {
    type Checked = Arena<Rootable![(Gc<'_, Fickle<'_>>, Gc<'_, Lock<u32>>)], Refcount>;
    let times = Rc::new(Cell::new(1));
    let mut arena: Checked = Arena::builder().check_trace(true).build(|mc| {
        let leaf = Gc::new(mc, Leaf(7));
        (Gc::new(mc, Fickle { leaf, times: Rc::clone(&times) }), Gc::new(mc, Lock::new(0)))
    });
    arena.mutate(|_, _| ());
    arena.mutate(|mc, (_, number)| number.set(mc, 1));
    times.set(0);
    arena.mutate_root(|_, _| ());
}

/// A store without the write barrier is not counted.
#[test]
fn a_store_that_was_not_logged_is_found() {
    type Holder<'gc> = Gc<'gc, Lock<Option<Gc<'gc, Leaf>>>>;
    let mut arena = Arena::<Rootable![(Holder<'_>, Holder<'_>)], Refcount>::new(|mc| {
        let holder = |leaf| Gc::new(mc, Lock::new(leaf));
        (holder(Some(Gc::new(mc, Leaf(1)))), holder(None))
    });
    arena.mutate(|_, _| ());
    arena.mutate(|_, (a, b)| {
        // SAFETY: it is not: the object is old, and was not logged. That is what the test is for.
        unsafe { b.unlock_unchecked() }.set(a.get());
    });
    let fault = only_fault(arena.check_trace().expect_err("one reference is not counted"));
    assert!(matches!(fault, TraceFault::Miscount { counted: 1, reported: 2, .. }), "{fault:?}");
    // So that the leaf is not freed while the other holder refers to it.
    // SAFETY: as above: what was not counted is taken away again.
    arena.mutate(|_, (_, b)| unsafe { b.unlock_unchecked() }.set(None));
    assert_eq!(arena.check_trace(), Ok(()));
}
