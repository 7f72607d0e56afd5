//! Mistakes that other collectors have made, one claim for each: that it is not made here.
//!
//! Others of the sort are held elsewhere: recursion by [`deep`](super::deep), a finalizer whose object
//! is freed after it brought it back by [`finalizers`](super::finalizers), rings that wait for somebody
//! to ask by [`statistics`](super::statistics).

use std::cell::Cell;
use std::rc::Rc;

use gc_core::collector::Collector;
use gc_core::{Arena, Event, Gc, Lock, Rootable};

use super::node::{Node, NodeRef, names, set_a};
use super::trial::{Setting, age, litter, reclaims, settle};
use super::witness::Witness;

type Nodes<C> = Arena<Rootable!['gc => Vec<NodeRef<'gc>>], C>;

/// Marks of lines by a number that wraps after 128 collections: what had the number once counts as
/// marked again, and is never used.
pub fn hundreds_of_collections_leak_no_memory<C: Collector + Default>() {
    if !reclaims::<C>() {
        return;
    }
    const COLLECTIONS: usize = 700;
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena: Nodes<C> = setting.arena(|_| Vec::new());
        let mut used_bytes = Vec::new();
        for _ in 0..COLLECTIONS {
            // Of each generation of objects some outlive the others, so that blocks are never empty.
            arena.mutate_root(|mc, kept| {
                (0..40).for_each(|name| kept.push(Node::new(mc, &witness, name)));
                let dead = kept.len().saturating_sub(400);
                kept.drain(..dead);
                if kept.len() == 400 {
                    kept.swap(0, 399);
                }
            });
            arena.collect();
            used_bytes.push(arena.stats().used_bytes);
        }
        let peak = |bytes: &[usize]| bytes.iter().copied().max().unwrap_or(0);
        let (early, late) = used_bytes.split_at(100);
        // Where zeal draws what memory is used, the peak is drawn, too. What leaks grows without end.
        let allowed = peak(early) * if setting.is_zealous() { 2 } else { 1 };
        assert!(peak(late) <= allowed, "{} bytes, then {}", peak(early), peak(late));
        assert_eq!(witness.count(), 40 * COLLECTIONS - 400);
    });
}

/// The state of a dead object's log bit, found by the one that gets its memory: a store into that would
/// not be seen.
pub fn what_takes_the_place_of_a_written_object_is_logged<C: Collector + Default>() {
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena: Nodes<C> = setting.arena(|_| Vec::new());
        for round in 0..30 {
            arena.mutate_root(|mc, nodes| {
                *nodes = (0..100).map(|name| Node::new(mc, &witness, name)).collect();
            });
            age(&mut arena);
            // Old, written to, and dead before the log is read.
            arena.mutate_root(|mc, nodes| {
                for &node in &*nodes {
                    set_a(mc, node, Some(Node::new(mc, &witness, 1000)));
                }
                nodes.clear();
            });
            arena.collect_generation(round % 3);
            arena.mutate_root(|mc, nodes| {
                *nodes = (0..100).map(|name| Node::new(mc, &witness, name)).collect();
            });
            age(&mut arena);
            arena.mutate(|mc, nodes| {
                nodes.iter().for_each(|&node| set_a(mc, node, Some(Node::new(mc, &witness, 7))));
            });
            age(&mut arena);
            arena.enter(|_, nodes| {
                assert!(nodes.iter().all(|node| names(node.a.get()) == [7]));
            });
        }
    });
}

/// A large object that is written to while it is young: whoever logs it twice, or then and when it has
/// become old, counts what it refers to twice.
pub fn a_young_large_object_is_counted_once<C: Collector + Default>() {
    /// Large, and of many segments.
    const LEN: usize = 20_000;
    type Row<'gc> = Gc<'gc, [Lock<Option<NodeRef<'gc>>>]>;
    Setting::each(|setting| {
        let witness = Witness::default();
        type Root<'gc> = (Option<Row<'gc>>, Vec<NodeRef<'gc>>);
        let mut arena = setting.arena::<Rootable!['gc => Root<'gc>], C>(|_| (None, Vec::new()));
        arena.mutate_root(|mc, (row, nodes)| {
            let node = Node::new(mc, &witness, 1);
            let young: Row<'_> = Gc::slice_from_fn(mc, LEN, |_| Lock::new(None));
            for index in [0, LEN / 2, LEN / 2 + 1, LEN - 1] {
                for _ in 0..2 {
                    Gc::write_at(mc, young, index).expect("within").unlock().set(Some(node));
                }
            }
            (*row, *nodes) = (Some(young), vec![node]);
        });
        for round in 0..3 {
            arena.mutate(|mc, (row, nodes)| {
                if C::ATTRIBUTES.counts_references {
                    // Four elements, and the root.
                    assert_eq!(mc.ref_count(nodes[0]), Some(5), "in round {round}");
                }
                let at = |index| Gc::write_at(mc, row.expect("set"), index).expect("within");
                at(LEN / 2).unlock().set(None);
                at(LEN / 2).unlock().set(Some(nodes[0]));
            });
            arena.collect_generation(round);
        }
        arena.mutate_root(|mc, (row, nodes)| {
            nodes.clear();
            for place in 0..LEN {
                Gc::write_at(mc, row.expect("set"), place).expect("within").unlock().set(None);
            }
        });
        settle(&mut arena);
        assert_eq!(witness.count(), usize::from(reclaims::<C>()), "nothing refers to it");
    });
}

/// A condition the wrong way round: every collection is a full one, or none ever is.
pub fn full_collections_are_few_and_come<C: Collector + Default>() {
    if C::ATTRIBUTES.generations < 2 {
        return;
    }
    let witness = Witness::default();
    let mut arena: Nodes<C> = Arena::new(|_| Vec::new());
    let [full, young] = [0, 0].map(|none| Rc::new(Cell::new(none)));
    let counted = (Rc::clone(&full), Rc::clone(&young));
    arena.set_listener(move |event: &Event| {
        if let Event::CollectionStop { collection } = event {
            let is_full = collection.generation == C::ATTRIBUTES.generations - 1;
            let number = if is_full { &counted.0 } else { &counted.1 };
            number.set(number.get() + 1);
        }
    });
    for _ in 0..3000 {
        arena.mutate_root(|mc, kept| {
            (0..8).for_each(|_| litter(mc));
            (0..100).for_each(|name| kept.push(Node::new(mc, &witness, name)));
            // Old when they die.
            let dead = kept.len().saturating_sub(50_000);
            kept.drain(..dead);
        });
    }
    let (full, young): (u32, u32) = (full.get(), young.get());
    assert!(full >= 1, "what dies old is found, too");
    assert!(full * 4 <= young, "{full} of {} are full", full + young);
    assert!(witness.count() > 3000 * 100 / 2, "{} are dead", witness.count());
}

/// A value that is being allocated, and is in nobody's sight while room is made for it: no allocation
/// collects, however much there is.
pub fn an_allocation_never_collects<C: Collector + Default>() {
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena: Nodes<C> = setting.arena(|_| Vec::new());
        arena.mutate(|mc, _| {
            let before = mc.metrics().stats();
            let first = Node::list(mc, &witness, 0..1000);
            for _ in 0..300 {
                litter(mc);
            }
            let last = Gc::slice_from_fn(mc, 1000, |name| {
                litter(mc);
                Node::with(mc, &witness, name as u32, first, None)
            });
            let after = mc.metrics().stats();
            assert_eq!((before.safepoints, before.freed_objects), (after.safepoints, 0));
            assert!(names(first).into_iter().eq(0..1000));
            assert!(last.iter().enumerate().all(|(name, node)| node.name() == name as u32));
        });
    });
}

/// Thresholds of a hundred bytes: a heap of ten objects is no reason to collect.
pub fn a_small_program_is_not_collected<C: Collector + Default>() {
    let witness = Witness::default();
    let mut arena: Nodes<C> = Arena::new(|_| Vec::new());
    for name in 0..1000 {
        arena.mutate_root(|mc, nodes| nodes.push(Node::new(mc, &witness, name)));
    }
    assert_eq!(arena.stats().collections, 0);
}

/// Short pauses, paid for with five times the memory on cyclic garbage.
pub fn cyclic_garbage_takes_no_multiple_of_the_memory<C: Collector + Default>() {
    if !C::ATTRIBUTES.reclaims_cycles {
        return;
    }
    let witness = Witness::default();
    let mut arena: Nodes<C> = Arena::new(|_| Vec::new());
    arena.mutate_root(|mc, kept| {
        *kept = (0..100_000).map(|name| Node::new(mc, &witness, name)).collect();
    });
    arena.collect();
    let live_bytes = arena.stats().live_bytes;
    let mut peak_bytes = 0;
    // As in a server: each request makes a few, which refer to each other and to what lives.
    for request in 0..100_000_usize {
        let handle = arena.mutate(|mc, kept| {
            let ring = Node::list(mc, &witness, 0..5).expect("a list");
            let last = std::iter::successors(Some(ring), |node| node.a.get()).last();
            set_a(mc, last.expect("a last one"), Some(ring));
            super::node::set_b(mc, ring, Some(kept[request % kept.len()]));
            mc.stash::<Rootable![Node<'_>]>(ring)
        });
        drop(handle);
        arena.mutate(|_, _| ());
        peak_bytes = peak_bytes.max(arena.stats().used_bytes);
    }
    assert!(peak_bytes <= 3 * live_bytes, "{peak_bytes} bytes, of which {live_bytes} live");
}
