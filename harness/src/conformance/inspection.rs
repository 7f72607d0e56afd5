//! The heap can be looked at: every object is there once, with what refers to it and what it refers
//! to, and nothing is different afterwards.

use std::collections::{HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use gc_core::collector::Collector;
use gc_core::{
    AnyGc, Arena, DynamicRoot, DynamicRootSet, Gc, GcId, GcVec, Lock, RefLock, Rootable, Trace,
};

use super::node::{Node, NodeRef, set_a, set_b};
use super::trial::{Setting, age, reclaims, settle};
use super::witness::Witness;

type Nodes<C> = Arena<Rootable![NodeRef<'_>], C>;

/// A root node without references.
fn nodes<C: Collector + Default>(setting: Setting, witness: &Witness) -> Nodes<C> {
    setting.arena(|mc| Node::new(mc, witness, 0))
}

fn ids<'gc>(objects: impl Iterator<Item = AnyGc<'gc>>) -> Vec<GcId> {
    let mut ids: Vec<GcId> = objects.map(AnyGc::id).collect();
    ids.sort_unstable();
    ids
}

/// `root -> a -> a`, not seen by a safepoint yet.
pub fn a_new_self_loop_is_listed_in_the_youngest_generation<C: Collector + Default>() {
    Setting::each(|setting| {
        let mut arena = nodes::<C>(setting, &Witness::default());
        arena.enter(|mc, root| {
            let looped = Node::new(mc, &Witness::default(), 1);
            set_a(mc, looped, Some(looped));
            set_a(mc, *root, Some(looped));
        });
        arena.inspect(|heap, root| {
            let looped = AnyGc::from(root.a.get().expect("it was stored"));
            assert_eq!(heap.objects().filter(|&object| object == looped).count(), 1);
            assert_eq!(heap.generation(looped), Some(0));
            let mut youngest = heap.objects_in_generation(0).expect("there is always one");
            assert!(youngest.any(|object| object == looped));
            assert!(heap.referrers(looped).any(|holder| holder == looped));
        });
    });
}

/// A number beyond the oldest is an error, which says what there is.
pub fn a_generation_that_does_not_exist_is_refused<C: Collector + Default>() {
    let mut arena = nodes::<C>(Setting::Default, &Witness::default());
    let generations = C::ATTRIBUTES.generations;
    arena.inspect(|heap, _| {
        for generation in 0..generations {
            assert!(heap.objects_in_generation(generation).is_ok());
        }
        for generation in [generations, u8::MAX] {
            let error = heap.objects_in_generation(generation).err().expect("there is none");
            assert_eq!(error.oldest(), generations - 1);
            assert!(error.to_string().contains(&generation.to_string()));
        }
    });
}

/// An object ages by one generation at each collection of its own, and is listed in one only.
pub fn an_object_is_listed_in_the_generation_that_it_is_in<C: Collector + Default>() {
    let oldest = C::ATTRIBUTES.generations - 1;
    Setting::each(|setting| {
        let mut arena = nodes::<C>(setting, &Witness::default());
        let mut generations = Vec::new();
        for collected in [None, Some(0), Some(1), Some(2)] {
            if let Some(generation) = collected {
                arena.collect_generation(generation);
            }
            let generation = arena.inspect(|heap, root| {
                let node = AnyGc::from(*root);
                let lists = |generation| {
                    let mut objects = heap.objects_in_generation(generation).expect("it exists");
                    objects.any(|object| object == node)
                };
                let listed: Vec<u8> =
                    (0..=oldest).filter(|&generation| lists(generation)).collect();
                assert_eq!(listed.len(), 1);
                assert_eq!(heap.generation(node), Some(listed[0]));
                listed[0]
            });
            assert_eq!(arena.enter(|mc, root| mc.generation(*root)), Some(generation));
            generations.push(generation);
        }
        assert!(generations.is_sorted());
        assert_eq!(generations[3], if C::ATTRIBUTES.moves_objects { oldest } else { 0 });
        if setting == Setting::Default && oldest == 2 {
            assert_eq!(generations, [0, 1, 2, 2]);
        }
    });
}

/// Objects of all sorts, in many blocks, some of which have died again.
pub fn every_object_is_listed_once<C: Collector + Default>() {
    #[derive(Trace)]
    #[repr(align(64))]
    struct Aligned<'gc>(Lock<Option<Gc<'gc, Aligned<'gc>>>>);

    #[derive(Trace)]
    enum Object<'gc> {
        Number(Gc<'gc, u64>),
        Text(Gc<'gc, str>),
        Aligned(Gc<'gc, Aligned<'gc>>),
        Array(Gc<'gc, [u64]>),
        Row(Gc<'gc, [Lock<Option<NodeRef<'gc>>>]>),
    }

    impl<'gc> Object<'gc> {
        fn any(&self) -> AnyGc<'gc> {
            match *self {
                Object::Number(object) => object.into(),
                Object::Text(object) => object.into(),
                Object::Aligned(object) => object.into(),
                Object::Array(object) => object.into(),
                Object::Row(object) => object.into(),
            }
        }
    }

    type Root = Rootable![Vec<Object<'_>>];

    fn check<C: Collector>(arena: &mut Arena<Root, C>) {
        arena.inspect(|heap, root| {
            let mut seen = HashMap::new();
            heap.objects().for_each(|object| *seen.entry(object).or_insert(0) += 1);
            assert!(seen.values().all(|&count| count == 1), "an object is listed twice");
            let are_listed = root.iter().all(|object| seen.contains_key(&object.any()));
            assert!(are_listed, "a live object is not listed");
            for object in heap.objects() {
                // What an unfinished array, or a gap, would say is anything.
                assert!(object.size_bytes() >= 16 && !object.type_name().is_empty());
                heap.referents(object).for_each(|referent| assert!(seen.contains_key(&referent)));
            }
        });
    }

    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena = setting.arena::<Root, C>(|_| Vec::new());
        for round in 0..4 {
            arena.mutate_root(|mc, root| {
                let mut place = 0;
                root.retain(|_| {
                    place += 1;
                    place % 3 != 0
                });
                for len in 0..120 {
                    root.push(Object::Number(Gc::new(mc, len as u64)));
                    root.push(Object::Aligned(Gc::new(mc, Aligned(Lock::new(None)))));
                    root.push(Object::Text(Gc::new_str(mc, "seventeen letters")));
                    let unfinished = || {
                        let element = |index| if index < 5 { index } else { panic!("unfinished") };
                        Gc::slice_from_fn(mc, 4 * len + 6, element)
                    };
                    assert!(catch_unwind(AssertUnwindSafe(unfinished)).is_err());
                    // The last ones are large.
                    root.push(Object::Array(Gc::slice_from_fn(mc, 12 * len, |i| i as u64)));
                    let node = Node::new(mc, &witness, len as u32);
                    root.push(Object::Row(Gc::slice_from_fn(mc, len, |_| Lock::new(Some(node)))));
                }
            });
            check(&mut arena);
            arena.collect_generation(round);
            check(&mut arena);
        }
        age(&mut arena);
        check(&mut arena);
    });
}

/// `x <- g -> g`, where `g` is cut off: a cycle that was not collected is listed, and refers to `x`.
pub fn unreachable_referrers_are_listed_until_they_are_collected<C: Collector + Default>() {
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena = nodes::<C>(setting, &witness);
        arena.disable();
        let garbage = arena.mutate(|mc, root| {
            let x = Node::new(mc, &witness, 1);
            let g = Node::new(mc, &witness, 2);
            set_a(mc, g, Some(g));
            set_b(mc, g, Some(x));
            set_a(mc, *root, Some(x));
            set_b(mc, *root, Some(g));
            Gc::id(g)
        });
        arena.mutate(|mc, root| set_b(mc, *root, None));
        arena.inspect(|heap, root| {
            let x = AnyGc::from(root.a.get().expect("x is held"));
            assert!(ids(heap.referrers(x)).contains(&garbage));
            assert_eq!(heap.referrers(x).count(), 2);
            assert_eq!(heap.ref_count(x), Some(2).filter(|_| C::ATTRIBUTES.counts_references));
        });
        assert_eq!(witness.count(), 0);
        arena.collect();
        arena.inspect(|heap, root| {
            let x = AnyGc::from(root.a.get().expect("x is held"));
            let lives_on = !C::ATTRIBUTES.reclaims_cycles;
            assert_eq!(heap.referrers(x).count(), if lives_on { 2 } else { 1 });
            assert_eq!(ids(heap.referrers(x)).contains(&garbage), lives_on);
            assert_eq!(heap.object_with_id(garbage).is_some(), lives_on);
        });
    });
}

/// One reference of each kind to the same node.
pub fn every_holder_of_an_object_is_told<C: Collector + Default>() {
    type NodeRoot = Rootable![Node<'_>];
    type Row<'gc> = Gc<'gc, [Lock<Option<NodeRef<'gc>>>]>;
    type Root<'gc> = (NodeRef<'gc>, NodeRef<'gc>, Row<'gc>, DynamicRootSet<'gc>);
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena = setting.arena::<Rootable!['gc => Root<'gc>], C>(|mc| {
            let node = Node::new(mc, &witness, 0);
            let other = Node::with(mc, &witness, 1, Some(node), Some(node));
            let row = Gc::slice_from_fn(mc, 100, |index| {
                Lock::new(Some(node).filter(|_| [7, 70].contains(&index)))
            });
            (node, other, row, DynamicRootSet::new(mc))
        });
        let (handle, of_set): (DynamicRoot<NodeRoot>, DynamicRoot<NodeRoot>) =
            arena.mutate(|mc, (node, .., set)| (mc.stash(*node), set.stash(mc, *node)));
        let clone = handle.clone();
        arena.inspect(|heap, (node, other, row, _)| {
            let node = AnyGc::from(*node);
            assert_eq!(heap.count_in_root(node), 1);
            assert_eq!(heap.count_handles(node), 2);
            let holders: Vec<_> = heap.referrers(node).collect();
            assert_eq!(holders.len(), 3, "the other node, the row and the set");
            assert!(holders.contains(&AnyGc::from(*other)) && holders.contains(&AnyGc::from(*row)));
            assert!(heap.referents(AnyGc::from(*other)).eq([node, node]));
            assert!(heap.referents(AnyGc::from(*row)).eq([node, node]));
            assert_eq!(heap.referents(node).count(), 0);
            let fetched = heap.try_fetch(&handle).expect("it is of this arena");
            assert_eq!(AnyGc::from(fetched), node);
            assert!(heap.try_fetch(&of_set).is_none());
            // The root, a slot, two fields, two elements, and a slot of the set.
            let count = Some(7).filter(|_| C::ATTRIBUTES.counts_references);
            assert_eq!(heap.ref_count(node), count);
        });
        drop((clone, of_set));
        arena.inspect(|heap, (node, ..)| {
            let node = AnyGc::from(*node);
            assert_eq!((heap.count_handles(node), heap.referrers(node).count()), (1, 2));
            // A handle may go at any time.
            drop(handle);
            assert_eq!(heap.count_handles(node), 0);
        });
        settle(&mut arena);
        assert_eq!(witness.count(), 0);
    });
}

/// Sizes, types, and what became of finalizers.
pub fn an_object_says_what_it_is<C: Collector + Default>() {
    type Root<'gc> = (NodeRef<'gc>, Gc<'gc, [u64]>, GcVec<'gc, u32>);
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena = setting.arena::<Rootable!['gc => Root<'gc>], C>(|mc| {
            let words = Gc::slice_from_fn(mc, 100, |index| index as u64);
            (Node::new(mc, &witness, 0), words, GcVec::new(mc))
        });
        arena.mutate(|mc, (node, ..)| {
            mc.on_unreachable::<Rootable![Node<'_>], _>(*node, |_, _| ()).expect("it is new");
            let weak = Gc::downgrade(mc, *node);
            assert!(!weak.is_dropped());
        });
        let allocated_bytes = arena.stats().allocated_bytes;
        arena.inspect(|heap, (node, words, numbers)| {
            let (node, words) = (AnyGc::from(*node), AnyGc::from(*words));
            assert!(node.is_tracked() && !words.is_tracked());
            assert_eq!((node.element_count(), words.element_count()), (None, Some(100)));
            assert!(node.size_bytes() > size_of::<Node<'_>>());
            assert!((800..900).contains(&words.size_bytes()));
            assert!(node.is_finalizable() && !node.is_finalized() && !node.is_frozen());
            assert_eq!(words.type_name(), "[u64]");
            assert!(node.type_name().contains("Node"));
            assert!(heap.objects_of_type::<Node<'_>>().eq([node]));
            assert!(heap.objects_of_type::<[u64]>().eq([words]));
            assert_eq!(numbers.len(), 0);
            let bytes: usize = heap.objects().map(AnyGc::size_bytes).sum();
            assert!(bytes as u64 <= allocated_bytes);
        });
        arena.freeze();
        arena.inspect(|heap, (node, ..)| {
            let node = AnyGc::from(*node);
            if C::ATTRIBUTES.counts_references || C::ATTRIBUTES.moves_objects {
                assert!(node.is_frozen());
                assert_eq!(heap.generation(node), None);
                let in_generations = (0..C::ATTRIBUTES.generations)
                    .filter_map(|generation| heap.objects_in_generation(generation).ok());
                assert!(in_generations.flatten().all(|object| object != node));
            }
            assert!(heap.objects().any(|object| object == node));
        });
    });
}

/// Looking at all objects, again and again, changes neither them nor when they are collected.
pub fn looking_changes_nothing<C: Collector + Default>() {
    Setting::each(|setting| {
        let run = |looks: bool| {
            let witness = Witness::default();
            let mut arena = nodes::<C>(setting, &witness);
            let mut deaths = Vec::new();
            for name in 0..2000 {
                arena.mutate(|mc, root| {
                    let node = Node::new(mc, &witness, name);
                    set_a(mc, node, Some(node));
                    set_b(mc, node, root.a.get().filter(|_| name % 10 > 0));
                    set_a(mc, *root, Some(node));
                });
                deaths.push(witness.count());
                if looks && name % 100 == 0 {
                    let before = arena.stats();
                    arena.inspect(|heap, _| {
                        let all: HashSet<_> = heap.objects().collect();
                        for object in heap.objects() {
                            assert!(heap.referents(object).all(|referent| all.contains(&referent)));
                        }
                    });
                    assert_eq!(arena.stats(), before);
                }
            }
            (deaths, arena.stats())
        };
        let (seen, unseen) = (run(true), run(false));
        assert_eq!(seen.0, unseen.0);
        assert_eq!(seen.1, unseen.1);
    });
}

/// A guard of a lock that was forgotten hides nothing, and is no hindrance.
pub fn what_a_forgotten_guard_covers_is_listed<C: Collector + Default>() {
    type Cell<'gc> = Gc<'gc, RefLock<Vec<Gc<'gc, u64>>>>;
    Setting::each(|setting| {
        let mut arena = setting
            .arena::<Rootable![Cell<'_>], C>(|mc| Gc::new(mc, RefLock::new(vec![Gc::new(mc, 1)])));
        arena.mutate(|mc, cell| {
            let mut numbers = cell.borrow_mut(mc);
            numbers.push(Gc::new(mc, 2));
            std::mem::forget(numbers);
        });
        arena.inspect(|heap, cell| {
            assert_eq!(heap.referents(AnyGc::from(*cell)).count(), 2);
            assert_eq!(heap.objects_of_type::<u64>().count(), 2);
        });
    });
}

/// `root -> 1 -> 2 -> 3`, each with a finalizer, and `root -> 4`, which dies after them: what dies waits
/// for calls, one after the other.
pub fn a_heap_that_waits_for_calls_is_whole<C: Collector + Default>() {
    Setting::each(|setting| {
        let witness = Witness::default();
        let builder = setting.builder::<Rootable![NodeRef<'_>], C>();
        let mut arena = builder.defer_calls(true).build(|mc| Node::new(mc, &witness, 0));
        arena.mutate(|mc, root| {
            let list = Node::list(mc, &witness, 1..=3);
            let mut next = list;
            while let Some(node) = next {
                mc.on_unreachable::<Rootable![Node<'_>], _>(node, |_, _| ()).expect("it is new");
                next = node.a.get();
            }
            set_a(mc, *root, list);
            set_b(mc, *root, Some(Node::new(mc, &witness, 4)));
        });
        arena.mutate(|mc, root| {
            set_a(mc, *root, None);
            set_b(mc, *root, None);
        });
        settle(&mut arena);
        let mut calls = 0;
        while let Some(mut call) = arena.next_call() {
            call.run();
            calls += 1;
            call.check_trace().expect("all is counted that is not taken back yet");
            call.inspect(|heap, root| {
                let nodes: Vec<_> = heap.objects_of_type::<Node<'_>>().collect();
                assert!(nodes.contains(&AnyGc::from(*root)));
                assert!(nodes.iter().any(|node| node.is_finalized()));
                let names_left = nodes.len() + witness.count();
                assert!(names_left == 5 || !C::ATTRIBUTES.prompt);
                assert_eq!(heap.find_garbage().cycles().len(), 0);
                if C::ATTRIBUTES.counts_references {
                    assert!(heap.find_garbage().is_empty(), "it only waits");
                }
            });
        }
        settle(&mut arena);
        assert_eq!(calls, if reclaims::<C>() { 3 } else { 0 });
        assert_eq!(witness.count(), if reclaims::<C>() { 4 } else { 0 });
    });
}

/// In epochs the counts are brought up to date first: then what died is gone, and the rest is there.
pub fn looking_ends_an_epoch<C: Collector + Default>() {
    let witness = Witness::default();
    let mut arena: Nodes<C> = Arena::builder().prompt(false).build(|mc| Node::new(mc, &witness, 0));
    arena.mutate(|mc, root| set_a(mc, *root, Some(Node::new(mc, &witness, 1))));
    arena.mutate(|mc, root| set_a(mc, *root, Some(Node::new(mc, &witness, 2))));
    assert_eq!(witness.count(), 0);
    arena.inspect(|heap, root| {
        let node = AnyGc::from(root.a.get().expect("it was stored"));
        assert!(heap.objects().any(|object| object == node));
        assert_eq!(heap.ref_count(node), Some(1).filter(|_| C::ATTRIBUTES.counts_references));
        let expected = if C::ATTRIBUTES.counts_references { 2 } else { 3 };
        assert_eq!(heap.objects().count(), expected);
    });
    assert_eq!(witness.count(), usize::from(C::ATTRIBUTES.counts_references));
}

/// And ends with it; what is named anew is found by its new name alone.
pub fn a_name_goes_with_its_object<C: Collector + Default>() {
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena: Arena<Rootable![Option<NodeRef<'_>>], C> = setting.arena(|_| None);
        arena.mutate_root(|mc, root| {
            let last = Node::new(mc, &witness, 2);
            *root = Some(Node::with(mc, &witness, 1, Some(last), None));
            mc.set_tag(root.unwrap(), Some("first"));
            mc.set_tag(last, Some("last"));
            // Nobody is called that any more when the next safepoint is over.
            mc.set_tag(Node::new(mc, &witness, 3), Some("nobody"));
        });
        age(&mut arena);
        arena.inspect(|heap, root| {
            let first = root.expect("it is there");
            let last = AnyGc::from(first.a.get().expect("it refers to the last"));
            assert!(heap.objects_with_tag("first").eq([AnyGc::from(first)]));
            assert!(heap.objects_with_tag("last").eq([last]));
            assert_eq!(heap.tag(last).as_deref(), Some("last"));
        });
        arena.mutate_root(|mc, root| {
            let first = root.unwrap();
            mc.set_tag(first, Some("only"));
            mc.set_tag(first.a.get().unwrap(), None);
            set_a(mc, first, None);
        });
        age(&mut arena);
        arena.inspect(|heap, root| {
            let only = AnyGc::from(root.expect("it is there"));
            assert!(heap.objects_with_tag("only").eq([only]));
            for tag in ["first", "last"] {
                assert_eq!(heap.objects_with_tag(tag).count(), 0);
            }
            assert!(!reclaims::<C>() || heap.objects_with_tag("nobody").next().is_none());
        });
    });
}
