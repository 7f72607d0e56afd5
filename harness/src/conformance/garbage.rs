//! What is unreachable and was not reclaimed is reported on demand, by cycles; nothing happens to it.

use gc_core::collector::Collector;
use gc_core::{
    AnyGc, Arena, DynamicRoot, DynamicRootSet, Gc, GcVec, Holder, Lock, Mutation, Rootable, Trace,
    WeakMap, unlock,
};

use super::node::{Node, NodeRef, set_a, set_b};
use super::trial::{Setting, reclaims, settle};
use super::witness::Witness;

type Nodes<C> = Arena<Rootable![NodeRef<'_>], C>;

/// A root node without references, in an arena that collects only when it is asked to.
fn nodes<C: Collector + Default>(setting: Setting, witness: &Witness) -> Nodes<C> {
    let mut arena = setting.arena(|mc| Node::new(mc, witness, 0));
    arena.disable();
    arena
}

/// A ring that is linked through `a`: its first node.
fn ring<'gc>(
    mc: &Mutation<'gc>,
    witness: &Witness,
    names: impl DoubleEndedIterator<Item = u32>,
) -> NodeRef<'gc> {
    let first = Node::list(mc, witness, names).expect("it has members");
    let mut last = first;
    while let Some(next) = last.a.get() {
        last = next;
    }
    set_a(mc, last, Some(first));
    first
}

/// Cuts off what the root refers to.
fn cut<C: Collector>(arena: &mut Nodes<C>) {
    arena.mutate(|mc, root| {
        set_a(mc, *root, None);
        set_b(mc, *root, None);
    });
}

/// `1 -> 2 -> 1`, and `1 -> 3 -> 4`, all cut off.
pub fn a_leaked_cycle_is_reported_with_what_it_keeps<C: Collector + Default>() {
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena = nodes::<C>(setting, &witness);
        arena.mutate(|mc, root| {
            let ring = ring(mc, &witness, 1..=2);
            set_b(mc, ring, Node::list(mc, &witness, 3..=4));
            set_a(mc, *root, Some(ring));
        });
        assert!(arena.inspect(|heap, _| heap.find_garbage().is_empty()));
        cut(&mut arena);
        let check = |arena: &mut Nodes<C>| {
            arena.inspect(|heap, _| {
                let garbage = heap.find_garbage();
                let [cycle] = garbage.cycles() else { panic!("not one cycle: {garbage}") };
                assert_eq!((cycle.members().len(), cycle.kept().len()), (2, 2));
                assert_eq!(cycle.way_around().len(), 2);
                assert_eq!(cycle.holder(), Holder::Nothing);
                assert!(garbage.shared().is_empty() && garbage.acyclic().is_empty());
                let bytes = cycle.members()[0].size_bytes();
                assert_eq!((cycle.size_bytes(), garbage.size_bytes()), (2 * bytes, 4 * bytes));
                let line = cycle.to_string().replace("<'_>", "");
                let (two, four) = (2 * bytes, 4 * bytes);
                let expected = format!(
                    "2 objects, {two} bytes: Node.a -> Node.a -> Node; keeps 2 objects, {two} bytes: 2 Node"
                );
                assert_eq!(line, expected);
                let all = garbage.to_string();
                assert!(all.starts_with(&format!("4 objects, {four} bytes are unreachable")));
                assert!(garbage.objects().all(|object| object.is_tracked()));
            });
        };
        check(&mut arena);
        check(&mut arena);
        assert_eq!(witness.count(), 0, "a report reclaims nothing");
        arena.collect();
        if C::ATTRIBUTES.reclaims_cycles {
            assert_eq!(witness.sorted(), [1, 2, 3, 4]);
            let report = arena.inspect(|heap, _| heap.find_garbage().to_string());
            assert_eq!(report, "nothing is unreachable");
        } else {
            check(&mut arena);
        }
    });
}

/// A ring of three leads to a ring of two and a loop, and these to a node.
pub fn cycles_say_which_of_them_holds_them<C: Collector + Default>() {
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena = nodes::<C>(setting, &witness);
        arena.mutate(|mc, root| {
            let (large, small) = (ring(mc, &witness, 1..=3), ring(mc, &witness, 4..=5));
            let alone = ring(mc, &witness, 6..=6);
            let last = Node::new(mc, &witness, 7);
            set_b(mc, large, Some(small));
            set_b(mc, large.a.get().expect("it is a ring"), Some(alone));
            set_b(mc, small, Some(last));
            set_b(mc, alone, Some(last));
            set_a(mc, *root, Some(large));
        });
        cut(&mut arena);
        arena.inspect(|heap, _| {
            let garbage = heap.find_garbage();
            let sizes: Vec<usize> = garbage.cycles().iter().map(|c| c.members().len()).collect();
            assert_eq!(sizes, [3, 2, 1]);
            let holders: Vec<Holder> = garbage.cycles().iter().map(|c| c.holder()).collect();
            assert_eq!(holders, [Holder::Nothing, Holder::Cycle(0), Holder::Cycle(0)]);
            assert_eq!(garbage.shared().len(), 1, "both of the small ones keep it");
            let report = garbage.to_string().replace("<'_>", "");
            assert!(report.contains("Node.a -> itself; held by cycle 1"), "{report}");
            assert!(report.contains("kept by several cycles: 1 object"), "{report}");
        });
        arena.collect();
        assert_eq!(witness.count(), if C::ATTRIBUTES.reclaims_cycles { 7 } else { 0 });
    });
}

/// Rings that the root, a handle, a set and freezing hold.
pub fn what_is_held_anywhere_is_no_garbage<C: Collector + Default>() {
    type Root<'gc> = (NodeRef<'gc>, DynamicRootSet<'gc>);
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena = setting.arena::<Rootable!['gc => Root<'gc>], C>(|mc| {
            (Node::new(mc, &witness, 0), DynamicRootSet::new(mc))
        });
        let handles: [DynamicRoot<Rootable![Node<'_>]>; 2] = arena.mutate(|mc, (root, set)| {
            set_a(mc, *root, Some(ring(mc, &witness, 1..=3)));
            [mc.stash(ring(mc, &witness, 4..=5)), set.stash(mc, ring(mc, &witness, 6..=7))]
        });
        assert!(arena.inspect(|heap, _| heap.find_garbage().is_empty()));
        if C::ATTRIBUTES.reclaims_cycles {
            arena.freeze();
            drop(handles);
            arena.mutate(|mc, (root, _)| set_a(mc, *root, None));
            assert!(arena.inspect(|heap, _| heap.find_garbage().is_empty()), "it is frozen");
            arena.unfreeze();
            let cycles = arena.inspect(|heap, _| heap.find_garbage().cycles().len());
            assert_eq!(cycles, 3);
        }
        assert_eq!(witness.count(), 0);
    });
}

/// A list that was cut off dies by its counts, or waits for a collection and is in no cycle.
pub fn what_waits_for_a_collection_may_be_in_no_cycle<C: Collector + Default>() {
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena = nodes::<C>(setting, &witness);
        arena.mutate(|mc, root| set_a(mc, *root, Node::list(mc, &witness, 1..=10)));
        cut(&mut arena);
        let (cycles, acyclic) = arena.inspect(|heap, _| {
            let garbage = heap.find_garbage();
            (garbage.cycles().len(), garbage.acyclic().len())
        });
        assert_eq!((cycles, acyclic), (0, if C::ATTRIBUTES.prompt { 0 } else { 10 }));
        settle(&mut arena);
        assert_eq!(witness.count(), if reclaims::<C>() { 10 } else { 0 });
    });
}

/// `map: 1 => 3 => 4` with the ring `1 -> 2 -> 1` as a key, and `map: 5 => 6 -> 5`.
pub fn what_a_weak_map_keeps_is_kept_by_its_key<C: Collector + Default>() {
    type Map<'gc> = WeakMap<'gc, Node<'gc>, Node<'gc>>;
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena = setting.arena::<Rootable!['gc => (NodeRef<'gc>, Map<'gc>)], C>(|mc| {
            (Node::new(mc, &witness, 0), WeakMap::new(mc))
        });
        arena.disable();
        arena.mutate(|mc, (root, map)| {
            let ring = ring(mc, &witness, 1..=2);
            let [value, last] = [3, 4].map(|name| Node::new(mc, &witness, name));
            map.insert(mc, value, last);
            map.insert(mc, ring, value);
            let key = Node::new(mc, &witness, 5);
            map.insert(mc, key, Node::with(mc, &witness, 6, Some(key), None));
            set_a(mc, *root, Some(ring));
            set_b(mc, *root, Some(key));
        });
        arena.inspect(|heap, (root, map)| {
            let garbage = heap.find_garbage();
            assert!(garbage.is_empty(), "{garbage}");
            for (_, value) in map.iter() {
                assert_eq!(heap.count_in_weak_maps(value.into()), 1);
            }
            assert_eq!(heap.count_in_weak_maps(AnyGc::from(*root)), 0);
        });
        arena.mutate(|mc, (root, _)| {
            set_a(mc, *root, None);
            set_b(mc, *root, None);
        });
        arena.inspect(|heap, _| {
            let garbage = heap.find_garbage();
            let [ring, pair] = garbage.cycles() else { panic!("not two cycles: {garbage}") };
            assert_eq!((ring.members().len(), ring.kept().len()), (2, 2));
            assert_eq!((pair.members().len(), pair.kept().len()), (2, 0));
            assert!(garbage.acyclic().is_empty());
        });
        arena.collect();
        let live = arena.enter(|_, (_, map)| map.len());
        assert_eq!(live, if C::ATTRIBUTES.reclaims_cycles { 0 } else { 3 });
        assert_eq!(witness.count(), if C::ATTRIBUTES.reclaims_cycles { 6 } else { 0 });
    });
}

/// `a session -> a vector -> an entry -> the session`, and a key that its own value refers to.
pub fn a_cycle_is_told_by_the_fields_that_close_it<C: Collector + Default>() {
    #[derive(Trace)]
    struct Session<'gc> {
        name: Gc<'gc, str>,
        cache: GcVec<'gc, Entry<'gc>>,
        value: Lock<Option<Gc<'gc, Session<'gc>>>>,
    }
    #[derive(Clone, Copy, Trace)]
    struct Entry<'gc> {
        number: u32,
        owner: Option<Gc<'gc, Session<'gc>>>,
    }
    type Map<'gc> = WeakMap<'gc, Session<'gc>, Session<'gc>>;
    type Root<'gc> = (Map<'gc>, Vec<Gc<'gc, Session<'gc>>>);
    Setting::each(|setting| {
        let mut arena =
            setting.arena::<Rootable!['gc => Root<'gc>], C>(|mc| (WeakMap::new(mc), Vec::new()));
        arena.disable();
        arena.mutate_root(|mc, (map, held)| {
            let session = || {
                let (name, cache) = (Gc::new_str(mc, "session"), GcVec::new(mc));
                Gc::new(mc, Session { name, cache, value: Lock::new(None) })
            };
            let first = session();
            for (number, owner) in [(0, None), (1, Some(first))] {
                first.cache.push(mc, Entry { number, owner });
            }
            let [key, value] = [session(), session()];
            unlock!(Gc::write(mc, value), Session, value).set(Some(key));
            map.insert(mc, key, value);
            let entry = first.cache.get(1).expect("it was pushed");
            assert_eq!((entry.number, &*key.name), (1, "session"));
            held.extend([first, key]);
        });
        arena.mutate_root(|_, (_, held)| held.clear());
        let mut lines: Vec<String> = arena.inspect(|heap, _| {
            let garbage = heap.find_garbage();
            let cycles = garbage.cycles().iter().map(ToString::to_string);
            cycles.map(|line| line.replace("<'_>", "").replace("'_, ", "")).collect()
        });
        lines.sort();
        let [pair, ring] = &lines[..] else { panic!("not two cycles: {lines:?}") };
        let vec = "Buffer<Entry> -> [Lock<Option<Entry>>][1].owner";
        assert!(ring.contains("3 objects, "), "{ring}");
        let turns = [
            format!(": Session.cache -> {vec} -> Session;"),
            ": Buffer<Entry> -> [Lock<Option<Entry>>][1].owner -> Session.cache -> Buffer<Entry>;"
                .to_string(),
            ": [Lock<Option<Entry>>][1].owner -> Session.cache -> Buffer<Entry> \
             -> [Lock<Option<Entry>>];"
                .to_string(),
        ];
        assert!(turns.iter().any(|turn| ring.contains(turn)), "{ring}");
        let turns =
            [": Session => Session.value -> Session;", ": Session.value -> Session => Session;"];
        assert!(turns.iter().any(|turn| pair.contains(turn)), "{pair}");
    });
}

/// With a report before it, a collection finds what it finds without one.
pub fn a_report_changes_no_collection<C: Collector + Default>() {
    Setting::each(|setting| {
        let run = |reports: bool| {
            let witness = Witness::default();
            let mut arena = nodes::<C>(setting, &witness);
            let mut found = Vec::new();
            for round in 0..10 {
                arena.mutate(|mc, root| {
                    let garbage = ring(mc, &witness, 0..5 + round);
                    set_a(mc, *root, Some(garbage));
                    let live = ring(mc, &witness, 0..3);
                    set_b(mc, live, root.b.get());
                    set_b(mc, *root, Some(live));
                });
                arena.mutate(|mc, root| set_a(mc, *root, None));
                if reports {
                    let reported = arena.inspect(|heap, _| {
                        let garbage = heap.find_garbage();
                        let cycle = garbage.cycles().first().map(|cycle| cycle.members().len());
                        cycle.unwrap_or(0)
                    });
                    assert!(reported >= 5 + round as usize || !reclaims::<C>());
                }
                if round % 3 == 0 {
                    found.push(arena.collect().unreachable);
                }
            }
            (found, witness.in_order())
        };
        assert_eq!(run(true), run(false));
    });
}

/// A hundred thousand nodes, each of which keeps another.
pub fn a_long_ring_is_one_cycle<C: Collector + Default>() {
    const LEN: u32 = 100_000;
    let witness = Witness::default();
    let mut arena = nodes::<C>(Setting::Default, &witness);
    arena.mutate(|mc, root| {
        let first = ring(mc, &witness, 0..LEN);
        let mut next = first;
        for name in 0..LEN {
            set_b(mc, next, Some(Node::new(mc, &witness, name)));
            next = next.a.get().expect("it is a ring");
        }
        assert!(Gc::ptr_eq(next, first));
        set_a(mc, *root, Some(first));
    });
    cut(&mut arena);
    arena.inspect(|heap, _| {
        let garbage = heap.find_garbage();
        assert_eq!(garbage.objects().map(AnyGc::size_bytes).sum::<usize>(), garbage.size_bytes());
        let [cycle] = garbage.cycles() else { panic!("not one cycle") };
        assert_eq!((cycle.members().len(), cycle.kept().len()), (LEN as usize, LEN as usize));
        assert!(cycle.to_string().len() < 500);
    });
}
