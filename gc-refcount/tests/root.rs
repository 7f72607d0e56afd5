//! A root that changes is compared with what it was counted for.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use gc_core::{Arena, Gc, Mutation, Rootable, Static};
use gc_refcount::Refcount;

type Object<'gc> = Gc<'gc, Static<Rc<()>>>;
type Change = for<'gc> fn(&'gc Mutation<'gc>, &mut Vec<Object<'gc>>, &Rc<()>);
type Objects = Arena<Rootable![Vec<Object<'_>>], Refcount>;

fn object<'gc>(mc: &'gc Mutation<'gc>, alive: &Rc<()>) -> Object<'gc> {
    Gc::new(mc, Static(Rc::clone(alive)))
}

/// Each object of the root is counted as often as it is there, and all others are dead.
#[track_caller]
fn check(arena: &mut Objects, alive: &Rc<()>) {
    arena.enter(|mc, root| {
        let mut places = HashMap::new();
        for object in root {
            places.entry(Gc::raw(*object)).or_insert((*object, 0)).1 += 1;
        }
        assert_eq!(Rc::strong_count(alive), 1 + places.len());
        for (object, places) in places.into_values() {
            assert_eq!(mc.ref_count(object), Some(places));
        }
    });
    arena.verify().expect("the heap is in order");
}

#[test]
fn however_a_root_changes_its_references_are_counted() {
    let alive = Rc::new(());
    let mut arena = Objects::new(|mc| vec![object(mc, &alive), object(mc, &alive)]);
    arena.mutate(|_, _| ());
    check(&mut arena, &alive);
    let changes: &[Change] = &[
        |_, _, _| (),
        |mc, root, alive| root.push(object(mc, alive)),
        |_, root, _| root.push(root[0]),
        |_, root, _| root.swap(0, 2),
        |mc, root, alive| root.insert(0, object(mc, alive)),
        |_, root, _| root.rotate_left(2),
        |mc, root, alive| root[1] = object(mc, alive),
        |_, root, _| _ = root.remove(0),
        |_, root, _| root.truncate(1),
        |_, root, _| root.clear(),
        |mc, root, alive| root.extend([0; 5].map(|_| object(mc, alive))),
        |_, root, _| root.reverse(),
        |_, root, _| drop(root.drain(1..3)),
    ];
    for change in changes {
        arena.mutate_root(|mc, root| change(mc, root, &alive));
        check(&mut arena, &alive);
        // A root that is borrowed and stays as it is.
        arena.mutate_root(|_, _| ());
        check(&mut arena, &alive);
    }
}

#[test]
fn what_has_changed_in_front_of_a_panic_is_counted() {
    let alive = Rc::new(());
    let mut arena = Objects::new(|mc| vec![object(mc, &alive)]);
    arena.mutate(|_, _| ());
    let change = || {
        arena.mutate_root(|mc, root| {
            root[0] = object(mc, &alive);
            root.push(root[0]);
            panic!("in the middle");
        });
    };
    catch_unwind(AssertUnwindSafe(change)).expect_err("it panics");
    arena.mutate(|mc, _| _ = object(mc, &alive));
    check(&mut arena, &alive);
}

/// In an epoch a root may change often: what it was in between is never counted.
#[test]
fn in_an_epoch_only_the_last_root_counts() {
    let alive = Rc::new(());
    let mut arena = Objects::builder().prompt(false).build(|mc| vec![object(mc, &alive)]);
    arena.collect();
    for _ in 0..10 {
        arena.mutate_root(|mc, root| root[0] = object(mc, &alive));
    }
    assert_eq!(Rc::strong_count(&alive), 12, "nothing was looked at");
    arena.collect();
    check(&mut arena, &alive);
}
