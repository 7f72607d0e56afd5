//! An entry of a `WeakMap` lives only as long as its key, whatever its value refers to.

use gc_core::collector::Collector;
use gc_core::{Arena, Gc, Mutation, Rootable, Trace, WeakMap};

use super::node::{Node, NodeRef, set_a, set_b};
use super::trial::{Setting, age, litter, reclaims, settle};
use super::witness::Witness;

type Map<'gc> = WeakMap<'gc, Node<'gc>, Node<'gc>>;
type Root<'gc> = (Option<Map<'gc>>, Vec<NodeRef<'gc>>);
type MapArena<C> = Arena<Rootable!['gc => Root<'gc>], C>;

fn arena<C: Collector + Default>(setting: Setting) -> MapArena<C> {
    setting.arena(|mc| (Some(WeakMap::new(mc)), Vec::new()))
}

/// Runs with the map and the nodes that the root has.
fn with_map<C: Collector, T>(
    arena: &mut MapArena<C>,
    f: impl for<'gc> FnOnce(&'gc Mutation<'gc>, Map<'gc>, &mut Vec<NodeRef<'gc>>) -> T,
) -> T {
    arena.mutate_root(|mc, (map, nodes)| f(mc, map.expect("the map is kept"), nodes))
}

/// Entries with their names, which are intact.
fn entries(map: Map<'_>) -> Vec<(u32, u32)> {
    let entries: Vec<_> = map.iter().map(|(key, value)| (key.name(), value.name())).collect();
    assert_eq!(entries.len(), map.len());
    entries
}

/// `root -> 0`, and `map: 0 => 10 -> 11, 1 => 12`, of young entries and of old ones.
pub fn an_entry_lives_as_long_as_its_key<C: Collector + Default>() {
    Setting::each(|setting| {
        for is_aged in [false, true] {
            let witness = Witness::default();
            let mut arena = arena::<C>(setting);
            if is_aged {
                age(&mut arena);
            }
            with_map(&mut arena, |mc, map, nodes| {
                let value = Node::list(mc, &witness, 10..12).expect("two");
                for (key, value) in [(0, value), (1, Node::new(mc, &witness, 12))] {
                    nodes.push(Node::new(mc, &witness, key));
                    assert!(map.insert(mc, nodes[key as usize], value).is_none());
                }
            });
            if is_aged {
                age(&mut arena);
            }
            with_map(&mut arena, |_, map, nodes| {
                assert_eq!(entries(map), [(0, 10), (1, 12)]);
                nodes.truncate(1);
            });
            if C::ATTRIBUTES.prompt {
                assert_eq!(witness.sorted(), [1, 12]);
                with_map(&mut arena, |_, map, _| assert_eq!(map.len(), 1, "it has gone at once"));
            }
            for _ in 0..3 {
                age(&mut arena);
                with_map(&mut arena, |mc, map, nodes| {
                    litter(mc);
                    let value = map.get(nodes[0]).expect("its key lives");
                    assert_eq!((value.name(), value.a.get().expect("kept").name()), (10, 11));
                    if reclaims::<C>() {
                        assert_eq!(entries(map), [(0, 10)]);
                    }
                });
            }
            assert_eq!(witness.sorted(), if reclaims::<C>() { vec![1, 12] } else { vec![] });
            with_map(&mut arena, |_, _, nodes| nodes.clear());
            settle(&mut arena);
            with_map(&mut arena, |_, map, _| assert_eq!(map.is_empty(), reclaims::<C>()));
            let all = vec![0, 1, 10, 11, 12];
            assert_eq!(witness.sorted(), if reclaims::<C>() { all } else { vec![] });
        }
    });
}

/// `map: 0 => 1 -> 0`, and `map: 2 => 2`: nothing else refers to the keys.
pub fn a_value_that_refers_to_its_key_keeps_neither<C: Collector + Default>() {
    Setting::each(|setting| {
        for is_aged in [false, true] {
            let witness = Witness::default();
            let mut arena = arena::<C>(setting);
            with_map(&mut arena, |mc, map, nodes| {
                let key = Node::new(mc, &witness, 0);
                map.insert(mc, key, Node::with(mc, &witness, 1, Some(key), None));
                let both = Node::new(mc, &witness, 2);
                map.insert(mc, both, both);
                nodes.extend([key, both]);
            });
            if is_aged {
                age(&mut arena);
            }
            assert_eq!(with_map(&mut arena, |_, map, _| entries(map)), [(0, 1), (2, 2)]);
            with_map(&mut arena, |_, _, nodes| nodes.clear());
            arena.collect();
            if C::ATTRIBUTES.reclaims_cycles {
                assert_eq!(witness.sorted(), [0, 1, 2]);
                with_map(&mut arena, |_, map, _| assert_eq!(entries(map), []));
            } else {
                age(&mut arena);
                with_map(&mut arena, |_, map, _| assert_eq!(entries(map), [(0, 1), (2, 2)]));
            }
        }
    });
}

/// `map: 0 => 1, 1 => 2, .. 99 => 100`, in either order, held at its beginning.
pub fn a_chain_of_entries_lives_to_its_end<C: Collector + Default>() {
    Setting::each(|setting| {
        for (is_aged, is_reversed) in [(false, false), (false, true), (true, false), (true, true)] {
            let witness = Witness::default();
            let mut arena = arena::<C>(setting);
            with_map(&mut arena, |mc, map, nodes| {
                let chain: Vec<_> = (0..=100).map(|name| Node::new(mc, &witness, name)).collect();
                for step in 0..100 {
                    let at = if is_reversed { 99 - step } else { step };
                    map.insert(mc, chain[at], chain[at + 1]);
                }
                nodes.push(chain[0]);
            });
            if is_aged {
                age(&mut arena);
            }
            age(&mut arena);
            with_map(&mut arena, |_, map, nodes| {
                assert_eq!(map.len(), 100);
                let chain = std::iter::successors(Some(nodes[0]), |&node| map.get(node));
                assert!(chain.map(|node| node.name()).eq(0..=100));
            });
            assert_eq!(witness.count(), 0);
            with_map(&mut arena, |_, _, nodes| nodes.clear());
            settle(&mut arena);
            with_map(&mut arena, |_, map, _| assert_eq!(map.is_empty(), reclaims::<C>()));
            assert_eq!(witness.count(), if reclaims::<C>() { 101 } else { 0 });
        }
    });
}

/// The key is on a dead ring: `0 -> 1 -> 0`, `map: 0 => 2`.
pub fn an_entry_goes_with_the_ring_of_its_key<C: Collector + Default>() {
    Setting::each(|setting| {
        for is_aged in [false, true] {
            let witness = Witness::default();
            let mut arena = arena::<C>(setting);
            with_map(&mut arena, |mc, map, nodes| {
                let (a, b) = (Node::new(mc, &witness, 0), Node::new(mc, &witness, 1));
                set_a(mc, a, Some(b));
                set_a(mc, b, Some(a));
                map.insert(mc, a, Node::new(mc, &witness, 2));
                nodes.push(b);
            });
            if is_aged {
                age(&mut arena);
            }
            with_map(&mut arena, |_, map, nodes| {
                assert_eq!(entries(map), [(0, 2)]);
                nodes.clear();
            });
            arena.collect();
            if C::ATTRIBUTES.reclaims_cycles {
                with_map(&mut arena, |_, map, _| assert_eq!(entries(map), []));
                assert_eq!(witness.sorted(), [0, 1, 2]);
            }
        }
    });
}

/// `0 => 1` in a map that dies, while its key lives.
pub fn a_dead_map_holds_nothing<C: Collector + Default>() {
    Setting::each(|setting| {
        for is_aged in [false, true] {
            let witness = Witness::default();
            let mut arena = arena::<C>(setting);
            with_map(&mut arena, |mc, map, nodes| {
                nodes.push(Node::new(mc, &witness, 0));
                map.insert(mc, nodes[0], Node::new(mc, &witness, 1));
            });
            if is_aged {
                age(&mut arena);
            }
            arena.mutate_root(|_, (map, _)| *map = None);
            settle(&mut arena);
            arena.enter(|_, (_, nodes)| assert_eq!(nodes[0].name(), 0));
            assert_eq!(witness.sorted(), if reclaims::<C>() { vec![1] } else { vec![] });
        }
    });
}

/// `map: 0 => 1`, and 1 has the only reference to the map: an ordinary cycle, though the key lives.
pub fn a_map_that_only_its_value_refers_to_dies<C: Collector + Default>() {
    #[derive(Trace)]
    struct Owner<'gc> {
        node: NodeRef<'gc>,
        map: Owners<'gc>,
    }
    type Owners<'gc> = WeakMap<'gc, Node<'gc>, Owner<'gc>>;
    Setting::each(|setting| {
        for is_aged in [false, true] {
            let witness = Witness::default();
            let mut arena = setting
                .arena::<Rootable!['gc => (NodeRef<'gc>, Option<Owners<'gc>>)], C>(|mc| {
                    let (key, map) = (Node::new(mc, &witness, 0), WeakMap::new(mc));
                    let node = Node::new(mc, &witness, 1);
                    map.insert(mc, key, Gc::new(mc, Owner { node, map }));
                    (key, Some(map))
                });
            if is_aged {
                age(&mut arena);
            }
            arena.mutate_root(|_, (key, map)| {
                let owner = map.and_then(|map| map.get(*key)).expect("both live");
                assert!(owner.node.name() == 1 && owner.map.len() == 1);
                *map = None;
            });
            arena.collect();
            arena.enter(|_, (key, _)| assert_eq!(key.name(), 0));
            if C::ATTRIBUTES.reclaims_cycles {
                assert_eq!(witness.sorted(), [1]);
            } else if is_aged {
                assert_eq!(witness.count(), 0);
            }
        }
    });
}

/// Inserted again and again, removed, retained and cleared: what is replaced dies.
pub fn what_is_removed_is_held_no_more<C: Collector + Default>() {
    Setting::each(|setting| {
        for is_aged in [false, true] {
            let witness = Witness::default();
            let mut arena = arena::<C>(setting);
            with_map(&mut arena, |mc, _, nodes| {
                nodes.extend((0..4).map(|name| Node::new(mc, &witness, name)));
            });
            for round in 0..3 {
                with_map(&mut arena, |mc, map, nodes| {
                    for (place, &key) in nodes.iter().enumerate() {
                        let name = 10 * (round + 1) + place as u32;
                        let old = map.insert(mc, key, Node::new(mc, &witness, name));
                        assert_eq!(old.map(|old| old.name()), (round > 0).then(|| name - 10));
                    }
                    assert_eq!(map.len(), 4);
                });
                if is_aged {
                    age(&mut arena);
                }
            }
            settle(&mut arena);
            let replaced: Vec<u32> = vec![10, 11, 12, 13, 20, 21, 22, 23];
            let expected = if reclaims::<C>() { replaced.clone() } else { vec![] };
            assert_eq!(witness.sorted(), expected);
            with_map(&mut arena, |mc, map, nodes| {
                assert_eq!(map.remove(mc, nodes[0]).map(|value| value.name()), Some(30));
                assert!(map.remove(mc, nodes[0]).is_none() && !map.contains_key(nodes[0]));
                map.retain(mc, |key, value| {
                    assert_eq!(key.name() + 30, value.name());
                    key.name() != 1
                });
                assert_eq!(entries(map), [(2, 32), (3, 33)]);
                map.clear(mc);
                assert!(map.is_empty() && map.get(nodes[3]).is_none());
                map.insert(mc, nodes[3], nodes[3]);
                assert_eq!(entries(map), [(3, 3)]);
            });
            settle(&mut arena);
            let all = [replaced, vec![30, 31, 32, 33]].concat();
            assert_eq!(witness.sorted(), if reclaims::<C>() { all } else { vec![] });
        }
    });
}

/// A finalizer brings the key back, which has lost its entry if a collection found it; and a callback
/// looks at the map.
pub fn a_key_that_is_brought_back_has_no_entry<C: Collector + Default>() {
    Setting::each(|setting| {
        for (is_aged, is_ring) in [(false, false), (false, true), (true, false), (true, true)] {
            let witness = Witness::default();
            let mut arena = arena::<C>(setting);
            let back = std::rc::Rc::new(std::cell::RefCell::new(None));
            let kept = std::rc::Rc::clone(&back);
            with_map(&mut arena, |mc, map, nodes| {
                let key = Node::new(mc, &witness, 0);
                set_a(mc, key, is_ring.then_some(key));
                map.insert(mc, key, Node::with(mc, &witness, 1, None, None));
                mc.on_unreachable::<Rootable![Node<'_>], ()>(key, move |mc, key| {
                    *kept.borrow_mut() = Some(mc.stash::<Rootable![Node<'_>]>(key));
                })
                .expect("it was not finalized");
                nodes.push(key);
            });
            if is_aged {
                age(&mut arena);
            }
            with_map(&mut arena, |_, _, nodes| nodes.clear());
            arena.collect();
            if let Some(handle) = &*back.borrow() {
                age(&mut arena);
                with_map(&mut arena, |mc, map, _| {
                    let key = mc.fetch(handle);
                    assert_eq!(key.name(), 0);
                    // By its count it dies after its finalizers, and it has not died.
                    let is_kept = C::ATTRIBUTES.counts_references && !is_ring;
                    assert_eq!(map.get(key).map(|value| value.name()), is_kept.then_some(1));
                    assert_eq!(map.len(), usize::from(is_kept));
                    assert_eq!(witness.sorted(), if is_kept { vec![] } else { vec![1] });
                });
            } else {
                assert!(!C::ATTRIBUTES.reclaims_cycles);
            }
            back.take();
            arena.collect();
            if C::ATTRIBUTES.reclaims_cycles {
                assert_eq!(witness.sorted(), [0, 1]);
            }
        }
    });
}

/// 100,000 entries in a chain, in either order: a collector that looks at all of them again for each
/// would not come to an end.
pub fn a_long_chain_of_entries_takes_linear_time<C: Collector + Default>() {
    const LEN: usize = 100_000;
    for is_reversed in [false, true] {
        let mut arena =
            Arena::<Rootable!['gc => Option<(Counts<'gc>, Gc<'gc, usize>)>], C>::new(|mc| {
                let keys: Vec<_> = (0..=LEN).map(|number| Gc::new(mc, number)).collect();
                let map = WeakMap::new(mc);
                for step in 0..LEN {
                    let at = if is_reversed { LEN - 1 - step } else { step };
                    map.insert(mc, keys[at], keys[at + 1]);
                }
                Some((map, keys[0]))
            });
        for generation in [0, 1, 2] {
            arena.collect_generation(generation);
            arena.enter(|_, root| {
                let (map, first) = root.expect("kept");
                let chain = core::iter::successors(Some(first), |&key| map.get(key));
                assert!(chain.map(|number| *number).eq(0..=LEN));
            });
        }
        arena.mutate_root(|mc, root| {
            let map = root.expect("kept").0;
            *root = Some((map, Gc::new(mc, 0)));
        });
        arena.collect();
        arena.enter(|_, root| {
            let left = root.expect("kept").0.len();
            assert_eq!(left, if reclaims::<C>() { 0 } else { LEN });
        });
    }
}

type Counts<'gc> = WeakMap<'gc, usize, usize>;

/// Objects of every kind may be keys and values: large, aligned, without a size, behind a trait.
pub fn keys_and_values_may_be_of_any_type<C: Collector + Default>() {
    #[derive(Debug, PartialEq, Eq, Trace)]
    #[repr(align(256))]
    struct Aligned(u8);
    trait Named<'gc>: gc_core::DynTrace {
        fn name(&self) -> u32;
    }
    gc_core::dyn_trace!(for<'gc> dyn Named<'gc> + 'gc);
    impl<'gc> Named<'gc> for Node<'gc> {
        fn name(&self) -> u32 {
            Node::name(self)
        }
    }
    type Names<'gc> = dyn Named<'gc> + 'gc;
    type Maps<'gc> =
        (WeakMap<'gc, [u64], Aligned>, WeakMap<'gc, Names<'gc>, str>, WeakMap<'gc, (), Names<'gc>>);
    type Keys<'gc> = (Gc<'gc, [u64]>, Gc<'gc, Names<'gc>>, Gc<'gc, ()>);
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena =
            setting.arena::<Rootable!['gc => (Maps<'gc>, Option<Keys<'gc>>)], C>(|mc| {
                let maps = (WeakMap::new(mc), WeakMap::new(mc), WeakMap::new(mc));
                let large = Gc::slice_from_fn(mc, 5000, |index| index as u64);
                let node: Gc<'_, Names<'_>> =
                    gc_core::unsize!(Node::new(mc, &witness, 1) => Names<'_>);
                let unit = Gc::new(mc, ());
                maps.0.insert(mc, large, Gc::new(mc, Aligned(7)));
                maps.1.insert(mc, node, Gc::new_str(mc, "one"));
                maps.2.insert(mc, unit, node);
                (maps, Some((large, node, unit)))
            });
        for _ in 0..2 {
            age(&mut arena);
            arena.enter(|_, (maps, keys)| {
                let (large, node, unit) = keys.expect("kept");
                assert_eq!(large[4999], 4999);
                assert_eq!(maps.0.get(large).as_deref(), Some(&Aligned(7)));
                assert_eq!(maps.1.get(node).as_deref(), Some("one"));
                assert_eq!(maps.2.get(unit).map(|node| node.name()), Some(1));
                assert_eq!(maps.1.iter().next().map(|(key, _)| key.name()), Some(1));
            });
        }
        arena.mutate_root(|_, (_, keys)| *keys = None);
        settle(&mut arena);
        arena.enter(|_, (maps, _)| {
            let lens = [maps.0.len(), maps.1.len(), maps.2.len()];
            assert_eq!(lens, if reclaims::<C>() { [0; 3] } else { [1; 3] });
        });
    });
}

/// Where work is done in epochs, entries go at the end of one.
pub fn entries_go_in_epochs_too<C: Collector + Default>() {
    let witness = Witness::default();
    let mut arena: MapArena<C> =
        Setting::Default.builder().prompt(false).build(|mc| (Some(WeakMap::new(mc)), Vec::new()));
    for round in 0..100 {
        with_map(&mut arena, |mc, map, nodes| {
            let key = Node::new(mc, &witness, round);
            map.insert(mc, key, Node::new(mc, &witness, 1000 + round));
            nodes.push(key);
            if round % 3 == 0 {
                map.insert(mc, key, Node::new(mc, &witness, 2000 + round));
            }
            if nodes.len() > 10 {
                nodes.remove(3);
            }
            assert!(nodes.iter().all(|&key| map.get(key).is_some()));
        });
        if round % 10 == 9 {
            arena.collect();
            with_map(&mut arena, |_, map, nodes| {
                assert_eq!(
                    map.len(),
                    if reclaims::<C>() { nodes.len() } else { round as usize + 1 }
                );
            });
        }
    }
    assert_eq!(witness.count(), if reclaims::<C>() { 2 * 90 + 34 } else { 0 });
}

/// A map and its keys are frozen; and thawed.
pub fn what_is_frozen_keeps_its_entries<C: Collector + Default>() {
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena = arena::<C>(setting);
        with_map(&mut arena, |mc, map, nodes| {
            let key = Node::new(mc, &witness, 0);
            set_a(mc, key, Some(key));
            map.insert(mc, key, Node::with(mc, &witness, 1, Some(key), None));
            nodes.push(key);
        });
        arena.freeze();
        with_map(&mut arena, |_, _, nodes| nodes.clear());
        age(&mut arena);
        assert_eq!(with_map(&mut arena, |_, map, _| entries(map)), [(0, 1)]);
        arena.unfreeze();
        arena.collect();
        if C::ATTRIBUTES.reclaims_cycles {
            assert_eq!(with_map(&mut arena, |_, map, _| entries(map)), []);
            assert_eq!(witness.sorted(), [0, 1]);
        }
    });
}

/// The heap is full: the map stays what it was, and is of use when there is room again.
pub fn a_full_heap_leaves_a_map_as_it_was<C: Collector + Default>() {
    let mut arena: MapArena<C> = Setting::Default
        .builder()
        .limit_bytes(1 << 20)
        .build(|mc| (Some(WeakMap::new(mc)), Vec::new()));
    let witness = Witness::default();
    with_map(&mut arena, |mc, map, nodes| {
        let value = Node::new(mc, &witness, 0);
        nodes.push(value);
        let mut keys = Vec::new();
        let is_full = loop {
            let token = witness.token(1);
            let node = Node { token, a: gc_core::Lock::new(None), b: gc_core::Lock::new(None) };
            let Ok(key) = Gc::try_new(mc, node) else { break true };
            match map.try_insert(mc, key, value) {
                Ok(old) => assert!(old.is_none()),
                Err(_) => break true,
            }
            keys.push(key);
        };
        assert!(is_full && keys.len() > 1000 && map.len() == keys.len());
        assert!(keys.iter().all(|&key| map.contains_key(key)));
        // What is there may be replaced as long as there is room for the entry.
        if let Err(full) = map.try_insert(mc, keys[0], keys[1]) {
            assert_eq!(full.limit_bytes(), Some(1 << 20));
            assert!(Gc::ptr_eq(map.get(keys[0]).expect("it stays"), value));
        }
        assert_eq!(map.len(), keys.len());
    });
    arena.collect();
    arena.collect();
    if reclaims::<C>() {
        with_map(&mut arena, |mc, map, nodes| {
            assert!(map.is_empty());
            map.insert(mc, nodes[0], nodes[0]);
            assert_eq!(entries(map), [(0, 0)]);
        });
    }
}

/// Values that refer to their keys, without end, and nobody asks for a collection.
pub fn cycles_through_a_map_do_not_pile_up<C: Collector + Default>() {
    let witness = Witness::default();
    let mut arena = arena::<C>(Setting::Default);
    let mut left_max = 0;
    for round in 0..300 {
        with_map(&mut arena, |mc, map, nodes| {
            nodes.clear();
            for _ in 0..100 {
                let key = Node::new(mc, &witness, round);
                map.insert(mc, key, Node::with(mc, &witness, round, Some(key), None));
                nodes.push(key);
            }
        });
        left_max = left_max.max(200 * (round as usize + 1) - witness.count());
    }
    if C::ATTRIBUTES.reclaims_cycles && C::ATTRIBUTES.counts_references {
        // Counting finds them near what has lost a reference, each time that it looks, and long before it
        // looks at everything.
        assert!(left_max < 4_000, "{left_max} of 60,000 were left at once");
    } else if C::ATTRIBUTES.reclaims_cycles {
        let left = 60_000 - witness.count();
        assert!(left < 30_000, "{left} of 60,000 are left");
    }
}

/// The same with keys that refer to nothing.
pub fn cycles_through_leaves_do_not_pile_up<C: Collector + Default>() {
    #[derive(Trace)]
    struct About<'gc> {
        token: super::witness::Token,
        leaf: Gc<'gc, u32>,
    }
    type Leaves<'gc> = (WeakMap<'gc, u32, About<'gc>>, Vec<Gc<'gc, u32>>);
    let witness = Witness::default();
    let mut arena = Setting::Default
        .arena::<Rootable!['gc => Leaves<'gc>], C>(|mc| (WeakMap::new(mc), Vec::new()));
    for round in 0..300 {
        arena.mutate_root(|mc, (map, leaves)| {
            for &leaf in &*leaves {
                let about = map.get(leaf).expect("its key lives");
                assert!(about.token.is_intact() && Gc::ptr_eq(about.leaf, leaf));
            }
            leaves.clear();
            for _ in 0..100 {
                let leaf = Gc::new(mc, round);
                map.insert(mc, leaf, Gc::new(mc, About { token: witness.token(round), leaf }));
                leaves.push(leaf);
            }
        });
    }
    if C::ATTRIBUTES.reclaims_cycles {
        let left = 30_000 - witness.count();
        let left_max = if C::ATTRIBUTES.counts_references { 6_000 } else { 20_000 };
        assert!(left < left_max, "{left} of 30,000 are left");
    }
}

/// So many keys lose one of their references that a collector looks for cycles: they live on, and so
/// do their entries. Then half of them die.
pub fn entries_of_keys_that_lose_a_reference_live_on<C: Collector + Default>() {
    const LEN: u32 = 3000;
    let witness = Witness::default();
    let mut arena = arena::<C>(Setting::Default);
    with_map(&mut arena, |mc, map, nodes| {
        for name in 0..LEN {
            let key = Node::new(mc, &witness, name);
            map.insert(mc, key, Node::with(mc, &witness, LEN + name, Some(key), None));
            nodes.push(key);
        }
        nodes.extend_from_within(..);
    });
    for len in [LEN, LEN / 2] {
        arena.mutate(|_, _| ());
        with_map(&mut arena, |_, _, nodes| nodes.truncate(len as usize));
        for _ in 0..2 {
            with_map(&mut arena, |mc, map, nodes| {
                litter(mc);
                assert!(nodes.iter().map(|key| key.name()).eq(0..len));
                for &key in &*nodes {
                    assert_eq!(map.get(key).map(|value| value.name()), Some(LEN + key.name()));
                }
            });
            arena.mutate(|_, _| ());
        }
        if len == LEN {
            assert_eq!(witness.count(), 0);
        }
    }
    arena.collect();
    if C::ATTRIBUTES.reclaims_cycles {
        assert_eq!(witness.count(), LEN as usize);
        assert_eq!(with_map(&mut arena, |_, map, _| map.len()), LEN as usize / 2);
    }
}

/// Keys come and go without end: dead entries are taken out, whether the map is written to or not.
pub fn a_map_takes_no_more_than_its_entries_do<C: Collector + Default>() {
    let witness = Witness::default();
    let mut arena = arena::<C>(Setting::Default);
    for round in 0..40 {
        with_map(&mut arena, |mc, map, nodes| {
            nodes.clear();
            for _ in 0..100 {
                let key = Node::new(mc, &witness, round);
                map.insert(mc, key, Node::with(mc, &witness, round, Some(key), None));
                set_b(mc, key, None);
                nodes.push(key);
            }
        });
        if round % 4 == 3 {
            arena.collect();
        }
    }
    if C::ATTRIBUTES.reclaims_cycles {
        with_map(&mut arena, |_, map, _| {
            assert_eq!(map.len(), 100);
            assert!(map.capacity() <= 1024, "{}", map.capacity());
        });
    }
    with_map(&mut arena, |_, _, nodes| nodes.clear());
    arena.collect();
    arena.collect();
    if C::ATTRIBUTES.reclaims_cycles {
        assert_eq!(witness.count(), 8000);
        with_map(&mut arena, |_, map, _| assert_eq!((map.len(), map.capacity()), (0, 0)));
        let live_objects = arena.stats().live_objects;
        assert!(live_objects < 10, "{live_objects} are left of a map without entries");
    }
}
