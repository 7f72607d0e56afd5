//! Collections are asked for, kept from starting, and listened to.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use gc_core::collector::Collector;
use gc_core::{Arena, Collection, DynamicRoot, Event, Gc, Reason, Rootable};

use super::node::{Node, NodeRef, names, set_a, set_b};
use super::trial::{Setting, age, litter, reclaims, settle};
use super::witness::Witness;

type NodeRoot = Rootable![Node<'_>];
type Nodes<C> = Arena<Rootable!['gc => Vec<NodeRef<'gc>>], C>;

/// Every number of a generation is one: those beyond the oldest mean the oldest.
pub fn every_generation_may_be_collected<C: Collector + Default>() {
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena: Nodes<C> = setting.arena(|_| Vec::new());
        for generation in 0..=u8::MAX {
            arena.mutate_root(|mc, nodes| {
                litter(mc);
                nodes.push(Node::new(mc, &witness, generation.into()));
                let _ = Node::new(mc, &witness, 1000);
            });
            let collection = arena.collect_generation(generation);
            assert!(collection.generation < C::ATTRIBUTES.generations);
            arena.enter(|_, nodes| {
                let names = nodes.iter().map(|node| node.name());
                assert!(names.eq(0..=u32::from(generation)));
            });
        }
        let dead = if reclaims::<C>() { vec![1000; 256] } else { vec![] };
        assert_eq!(witness.sorted(), dead);
        assert!(std::ptr::eq(arena.attributes(), arena.attributes()));
        assert_eq!(*arena.attributes(), C::ATTRIBUTES);
    });
}

/// With collections disabled none starts by itself, so dead rings stay; explicit ones still run.
pub fn a_disabled_collector_finds_no_cycles_by_itself<C: Collector + Default>() {
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena: Nodes<C> = setting.arena(|_| Vec::new());
        assert!(arena.is_enabled());
        arena.disable();
        assert!(!arena.is_enabled());
        for _ in 0..100 {
            arena.mutate_root(|mc, nodes| {
                litter(mc);
                for _ in 0..50 {
                    let [x, y] = [0, 1].map(|name| Node::new(mc, &witness, name));
                    set_a(mc, x, Some(y));
                    set_b(mc, y, Some(x));
                    nodes.push(x);
                }
            });
        }
        arena.mutate_root(|_, nodes| nodes.clear());
        (0..20).for_each(|_| arena.mutate(|mc, _| litter(mc)));
        arena.collect_debt();
        assert_eq!(witness.count(), 0);
        arena.collect();
        let dead = if C::ATTRIBUTES.reclaims_cycles { 10_000 } else { 0 };
        assert_eq!(witness.count(), dead);
        assert!(!arena.is_enabled());
        arena.enable();
        assert!(arena.is_enabled());
    });
}

/// What is prompt stays prompt: counting goes on when collections are disabled.
pub fn a_disabled_collector_is_as_prompt_as_before<C: Collector + Default>() {
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena: Nodes<C> = setting.arena(|mc| vec![Node::new(mc, &witness, 0)]);
        age(&mut arena);
        arena.disable();
        arena.mutate_root(|mc, nodes| nodes[0] = Node::new(mc, &witness, 1));
        assert_eq!(witness.count(), usize::from(C::ATTRIBUTES.prompt));
        arena.enable();
        settle(&mut arena);
        assert_eq!(witness.count(), usize::from(reclaims::<C>()));
        arena.enter(|_, nodes| assert_eq!(nodes[0].name(), 1));
    });
}

/// Starts and stops alternate, at safepoints and of collections, and what an explicit collection
/// returns is what was told.
pub fn events_come_in_pairs<C: Collector + Default>() {
    Setting::each(|setting| {
        let witness = Witness::default();
        let events: Rc<RefCell<Vec<Event>>> = Rc::default();
        let mut arena: Nodes<C> = setting.arena(|_| Vec::new());
        let told = Rc::clone(&events);
        arena.set_listener(move |event: &Event| told.borrow_mut().push(*event));
        for round in 0..60 {
            arena.mutate_root(|mc, nodes| {
                nodes.extend((0..5).map(|name| Node::new(mc, &witness, name)));
                nodes.truncate(20 - round % 20);
            });
            if round % 3 == 0 {
                events.borrow_mut().clear();
                let returned = arena.collect();
                assert_eq!(returned.reason, Reason::Explicit);
                assert_eq!(stopped_collections(&events.borrow())[0], returned);
            }
            assert_paired(&events.borrow());
        }
        let stats = arena.stats();
        assert!(stats.collections >= 20, "{stats:?}");
        assert!(stats.safepoints >= stats.collections, "{stats:?}");
        let of_generations: u64 =
            arena.generation_stats().iter().map(|stats| stats.collections).sum();
        assert_eq!(of_generations, stats.collections);
    });
}

fn stopped_collections(events: &[Event]) -> Vec<Collection> {
    let stopped = |event: &Event| match event {
        Event::CollectionStop { collection } => Some(*collection),
        _ => None,
    };
    events.iter().filter_map(stopped).collect()
}

/// A safepoint begins and ends, and a collection does so around safepoints of its own.
fn assert_paired(events: &[Event]) {
    let (mut collection, mut is_at_safepoint) = (None, false);
    for event in events {
        match *event {
            Event::SafepointStart => {
                assert!(!std::mem::replace(&mut is_at_safepoint, true), "{events:?}");
            }
            Event::SafepointStop { .. } => {
                assert!(std::mem::replace(&mut is_at_safepoint, false), "{events:?}");
            }
            Event::CollectionStart { reason, generation } => {
                assert!(!is_at_safepoint, "{events:?}");
                assert_eq!(collection.replace((reason, generation)), None, "{events:?}");
            }
            Event::CollectionStop { collection: stopped } => {
                let begun = collection.take();
                assert_eq!(begun, Some((stopped.reason, stopped.generation)), "{events:?}");
            }
            _ => {}
        }
    }
    assert!(collection.is_none() && !is_at_safepoint, "{events:?}");
}

/// A listener that is taken hears no more and is given back; one that is replaced is dropped.
pub fn a_listener_may_be_taken_and_replaced<C: Collector + Default>() {
    let mut arena: Nodes<C> = Arena::new(|_| Vec::new());
    assert!(arena.take_listener().is_none());
    let heard: [Rc<Cell<usize>>; 2] = Default::default();
    for heard in &heard {
        let heard = Rc::clone(heard);
        arena.set_listener(move |_: &Event| heard.set(heard.get() + 1));
        arena.collect();
    }
    assert_eq!(Rc::strong_count(&heard[0]), 1, "the first one was dropped");
    assert_eq!((heard[0].get(), heard[1].get()), (4, 4));
    let mut taken = arena.take_listener().expect("the second one");
    arena.collect();
    assert_eq!(heard[1].get(), 4);
    taken.event(&Event::SafepointStart);
    assert_eq!(heard[1].get(), 5, "it still works");
    assert!(arena.take_listener().is_none());
}

/// A listener has handles of the arena, and drops and clones them in the middle of collections.
pub fn a_listener_may_use_handles<C: Collector + Default>() {
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena: Nodes<C> = setting.arena(|_| Vec::new());
        let mut handles: Vec<DynamicRoot<NodeRoot>> = arena.mutate(|mc, _| {
            (0..20).map(|name| mc.stash::<NodeRoot>(Node::new(mc, &witness, name))).collect()
        });
        let kept = handles[0].clone();
        let mut clones = Vec::new();
        arena.set_listener(move |_: &Event| {
            handles.pop();
            clones.extend(handles.last().cloned());
            if clones.len() > 3 {
                clones.remove(0);
            }
        });
        for _ in 0..30 {
            arena.mutate(|mc, _| {
                litter(mc);
                assert_eq!(mc.fetch(&kept).name(), 0);
            });
            arena.collect();
        }
        drop(arena.take_listener());
        settle(&mut arena);
        let dead = (1..20).collect();
        assert_eq!(witness.sorted(), if reclaims::<C>() { dead } else { vec![] });
    });
}

/// What a collection reports: the members of a dead ring that can refer to others, and all that was
/// freed.
///
/// ```text
///   root -> ring of ten, each -> leaf
/// ```
pub fn a_collection_reports_what_it_found<C: Collector + Default>() {
    #[derive(gc_core::Trace)]
    struct Member<'gc> {
        leaf: Gc<'gc, u32>,
        next: gc_core::Lock<Option<Gc<'gc, Member<'gc>>>>,
    }
    if !C::ATTRIBUTES.reclaims_cycles {
        return;
    }
    Setting::each(|setting| {
        let mut arena = setting.arena::<Rootable!['gc => Option<Gc<'gc, Member<'gc>>>], C>(|mc| {
            let member = |next| {
                let leaf = Gc::new(mc, 0);
                Gc::new(mc, Member { leaf, next: gc_core::Lock::new(next) })
            };
            let last = member(None);
            let first = (1..10).fold(last, |next, _| member(Some(next)));
            gc_core::unlock!(Gc::write(mc, last), Member, next).set(Some(first));
            assert_eq!(*first.leaf, 0);
            Some(first)
        });
        age(&mut arena);
        // The garbage of growing old is not meant.
        arena.collect();
        arena.disable();
        arena.mutate_root(|_, root| *root = None);
        let before = arena.stats();
        let collection = arena.collect();
        // Only a collector that counts tells the leaves, which refer to nothing, from the ring.
        let unreachable = if C::ATTRIBUTES.counts_references { 10 } else { 20 };
        assert_eq!(collection.unreachable, unreachable);
        assert_eq!(collection.freed_objects, 20);
        assert_eq!(collection.freed_bytes, before.live_bytes);
        assert_eq!(arena.stats().freed_objects, before.freed_objects + 20);
        assert_eq!(arena.collect().unreachable, 0);
    });
}

/// A safepoint that is asked for, with nothing to do, changes nothing.
pub fn a_safepoint_without_work_changes_nothing<C: Collector + Default>() {
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena: Nodes<C> = setting.arena(|mc| vec![Node::new(mc, &witness, 0)]);
        age(&mut arena);
        arena.collect();
        let live_bytes = arena.stats().live_bytes;
        for _ in 0..100 {
            arena.collect_debt();
            arena.mutate(|_, _| ());
        }
        assert_eq!(arena.stats().live_bytes, live_bytes);
        arena.enter(|_, nodes| assert_eq!(names(nodes.first().copied()), [0]));
        assert_eq!(witness.count(), 0);
    });
}

/// A ring that is frozen, with another that hangs from it, and a node alone.
pub fn what_is_frozen_is_collected_only_by_its_count<C: Collector + Default>() {
    type Nodes<'gc> = Vec<NodeRef<'gc>>;
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena = setting.arena::<Rootable!['gc => Nodes<'gc>], C>(|mc| {
            let inner = Node::new(mc, &witness, 1);
            set_a(mc, inner, Some(inner));
            let outer = Node::new(mc, &witness, 0);
            set_a(mc, outer, Some(outer));
            set_b(mc, outer, Some(inner));
            vec![outer, Node::new(mc, &witness, 2)]
        });
        arena.freeze();
        arena.mutate_root(|_, nodes| nodes.clear());
        for _ in 0..2 {
            age(&mut arena);
            let expected: &[u32] = if C::ATTRIBUTES.counts_references { &[2] } else { &[] };
            assert_eq!(witness.sorted(), expected);
        }
        if C::ATTRIBUTES.counts_references || C::ATTRIBUTES.reclaims_cycles {
            let counted = usize::from(C::ATTRIBUTES.counts_references);
            assert_eq!(arena.frozen_objects(), 3 - counted);
        }
        arena.unfreeze();
        assert_eq!(arena.frozen_objects(), 0);
        arena.collect();
        if C::ATTRIBUTES.reclaims_cycles {
            assert_eq!(witness.sorted(), [0, 1, 2]);
        }
    });
}

/// A frozen node dies by its count, and its finalizer keeps it: then it is garbage like any other.
pub fn what_its_finalizer_keeps_is_frozen_no_more<C: Collector + Default>() {
    type AnyNode = Rootable![Node<'_>];
    if !C::ATTRIBUTES.counts_references {
        return;
    }
    Setting::each(|setting| {
        let witness = Witness::default();
        let kept: Rc<RefCell<Option<DynamicRoot<AnyNode>>>> = Rc::default();
        let mut arena = setting.arena::<Rootable!['gc => Vec<NodeRef<'gc>>], C>(|mc| {
            let node = Node::new(mc, &witness, 0);
            let kept = Rc::clone(&kept);
            mc.on_unreachable::<AnyNode, _>(node, move |mc, node| {
                kept.replace(Some(mc.stash::<AnyNode>(node)));
            })
            .expect("it was just made");
            vec![node, Node::new(mc, &witness, 1)]
        });
        arena.freeze();
        assert_eq!(arena.frozen_objects(), 2);
        arena.mutate_root(|_, nodes| _ = nodes.remove(0));
        assert_eq!(arena.frozen_objects(), 1);
        arena.mutate(|mc, _| {
            let node = mc.fetch(kept.borrow().as_ref().expect("it was finalized"));
            set_a(mc, node, Some(node));
        });
        drop(kept.take());
        arena.collect();
        assert_eq!(witness.sorted(), if C::ATTRIBUTES.reclaims_cycles { vec![0] } else { vec![] });
        arena.unfreeze();
    });
}
