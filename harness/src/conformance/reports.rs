//! What is told of collections: the report of each, sums per generation, events.

use std::cell::RefCell;
use std::rc::Rc;

use gc_core::collector::Collector;
use gc_core::{Arena, Collection, DynamicRoot, Event, Listener, Mutation, Reason, Rootable};

use super::node::{Node, NodeRef, set_a};
use super::trial::{Setting, age};
use super::witness::Witness;

type AnyNode = Rootable![Node<'_>];
type Nothing = Rootable![()];
type Handles = Rc<RefCell<Vec<DynamicRoot<AnyNode>>>>;

/// An object that refers to itself.
fn self_loop<'gc>(mc: &Mutation<'gc>, witness: &Witness, name: u32) -> NodeRef<'gc> {
    let node = Node::new(mc, witness, name);
    set_a(mc, node, Some(node));
    node
}

/// A self-loop whose finalizer keeps it.
fn survivor<'gc>(mc: &Mutation<'gc>, witness: &Witness, kept: &Handles) -> NodeRef<'gc> {
    let node = self_loop(mc, witness, 1000);
    let kept = Rc::clone(kept);
    mc.on_unreachable::<AnyNode, _>(node, move |mc, node| {
        kept.borrow_mut().push(mc.stash::<AnyNode>(node));
    })
    .expect("it was just made");
    node
}

/// Makes objects that live through the next safepoint, and lets go of them after it: what is never
/// counted is not found unreachable by a collector that counts.
fn make_garbage<C: Collector + Default>(
    arena: &mut Arena<Nothing, C>,
    make: impl for<'gc> FnOnce(&Mutation<'gc>) -> Vec<NodeRef<'gc>>,
) {
    let handles: Vec<_> =
        arena.mutate(|mc, ()| make(mc).into_iter().map(|node| mc.stash::<AnyNode>(node)).collect());
    age(arena);
    arena.collect();
    arena.disable();
    drop(handles);
    arena.collect_debt();
}

/// `survivor`, which its finalizer keeps, and two rings that have none.
pub fn a_report_says_what_became_of_garbage<C: Collector + Default>() {
    Setting::each(|setting| {
        let witness = Witness::default();
        let kept = Handles::default();
        let mut arena: Arena<Nothing, C> = setting.arena(|_| ());
        make_garbage(&mut arena, |mc| {
            let mut nodes: Vec<_> = (0..2).map(|name| self_loop(mc, &witness, name)).collect();
            nodes.push(survivor(mc, &witness, &kept));
            nodes
        });
        let before = arena.stats();
        let report = arena.collect();
        assert_eq!(report.reason, Reason::Explicit);
        assert_eq!(report.generation, C::ATTRIBUTES.generations - 1);
        assert_eq!(report.survivors + report.freed_objects, report.candidates);
        let after = arena.stats();
        assert_eq!(report.live_bytes, after.live_bytes);
        assert_eq!(after.finalized_objects - before.finalized_objects, report.finalized as u64);
        let counts = (report.freed_objects, report.finalized, report.resurrected);
        if C::ATTRIBUTES.reclaims_cycles {
            assert_eq!((report.unreachable, counts), (2, (2, 1, 1)));
            assert_eq!((report.candidates, report.uncollectable), (3, 0));
        } else {
            let leaked = if C::ATTRIBUTES.counts_references { 3 } else { 0 };
            assert_eq!((report.uncollectable, counts), (leaked, (0, 0, 0)));
            assert_eq!(arena.collect().uncollectable, leaked, "they are still there");
        }
        assert!(report.to_string().contains("explicit collection"), "{report}");
    });
}

/// What is kept does not count as collected, and what is collected beside it does.
pub fn statistics_leave_out_what_is_resurrected<C: Collector + Default>() {
    if !C::ATTRIBUTES.reclaims_cycles {
        return;
    }
    Setting::each(|setting| {
        let witness = Witness::default();
        let kept = Handles::default();
        let mut arena: Arena<Nothing, C> = setting.arena(|_| ());
        let oldest = usize::from(C::ATTRIBUTES.generations) - 1;
        let collected = |arena: &mut Arena<Nothing, C>, loops: u32, survivors: usize| {
            make_garbage(arena, |mc| {
                let mut nodes: Vec<_> =
                    (0..loops).map(|name| self_loop(mc, &witness, name)).collect();
                nodes.extend((0..survivors).map(|_| survivor(mc, &witness, &kept)));
                nodes
            });
            let before = arena.generation_stats()[oldest];
            let returned = arena.collect().unreachable as u64;
            let after = arena.generation_stats()[oldest];
            assert_eq!(after.collections, before.collections + 1);
            assert_eq!(after.unreachable, before.unreachable + returned);
            returned
        };
        assert_eq!(collected(&mut arena, 5, 0), 5);
        assert_eq!(collected(&mut arena, 0, 1), 0);
        assert_eq!(collected(&mut arena, 5, 1), 5);
        kept.borrow_mut().clear();
        arena.collect_debt();
        assert_eq!(arena.collect().unreachable, 2);
        assert_eq!(witness.count(), 12);
    });
}

/// What was found is kept and can be found again; a finalizer does not run again for that.
pub fn garbage_is_saved_until_it_is_let_go_of<C: Collector + Default>() {
    Setting::each(|setting| {
        let witness = Witness::default();
        let kept = Handles::default();
        let mut arena: Arena<Nothing, C> = setting.arena(|_| ());
        make_garbage(&mut arena, |mc| {
            let finalized = survivor(mc, &witness, &kept);
            vec![self_loop(mc, &witness, 0), self_loop(mc, &witness, 1), finalized]
        });
        assert_eq!(arena.saved_garbage(), 0);
        arena.save_garbage(true);
        let report = arena.collect();
        let found = if C::ATTRIBUTES.reclaims_cycles { 2 } else { 0 };
        assert_eq!((report.unreachable, report.freed_objects), (found, 0));
        assert_eq!(arena.saved_garbage(), found);
        kept.borrow_mut().clear();
        // It is reachable now, and what was kept is found.
        arena.collect_debt();
        let report = arena.collect();
        let survivors = usize::from(C::ATTRIBUTES.reclaims_cycles);
        assert_eq!((report.unreachable, report.finalized), (survivors, 0));
        assert_eq!(arena.saved_garbage(), found + survivors);
        age(&mut arena);
        assert_eq!(witness.count(), 0);
        arena.save_garbage(false);
        arena.collect();
        assert_eq!(witness.count(), 0, "what was saved is still there");
        arena.clear_garbage();
        assert_eq!((arena.collect().unreachable, arena.saved_garbage()), (found + survivors, 0));
        assert_eq!(witness.count(), found + survivors);
    });
}

/// Two listeners are told of the start and the stop of every collection, with its generation.
pub fn several_listeners_are_told_of_the_generation<C: Collector + Default>() {
    type Told = Rc<RefCell<Vec<(u8, Option<Collection>)>>>;
    let told: [Told; 2] = Default::default();
    let listeners: Vec<Box<dyn Listener>> = told
        .iter()
        .map(|told| {
            let told = Rc::clone(told);
            Box::new(move |event: &Event| match *event {
                Event::CollectionStart { generation, .. } => {
                    told.borrow_mut().push((generation, None));
                }
                Event::CollectionStop { collection } => {
                    told.borrow_mut().push((collection.generation, Some(collection)));
                }
                _ => {}
            }) as Box<dyn Listener>
        })
        .collect();
    let mut arena: Arena<Nothing, C> = Arena::new(|_| ());
    arena.disable();
    arena.set_listener(listeners);
    for generation in [0, 1, 2, 1000_u16 as u8] {
        let returned = arena.collect_generation(generation);
        let generation = generation.min(C::ATTRIBUTES.generations - 1);
        for told in &told {
            assert_eq!(told.take(), [(generation, None), (generation, Some(returned))]);
        }
    }
}
