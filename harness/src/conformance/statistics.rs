//! What the statistics say is what happened, and memory that is free is used again.

use gc_core::collector::Collector;
use gc_core::heap::object_bytes;
use gc_core::{Arena, Gc, Lock, Mutation, Rootable, Stats};

use super::node::{Node, NodeRef, set_a};
use super::trial::{Setting, age, reclaims};
use super::witness::Witness;

/// Sized objects, slices, strings and weak cells are counted one by one, and by the byte.
pub fn allocations_are_counted_exactly<C: Collector + Default>() {
    fn allocate(mc: &Mutation<'_>) -> (u64, u64) {
        let _ = Gc::new(mc, ());
        let _ = Gc::new(mc, 1_u8);
        let _ = Gc::new(mc, [1_u64; 5]);
        let _ = Gc::slice_from_fn(mc, 7, |_| 1_u16);
        let _ = Gc::new_str(mc, "four");
        let _ = Gc::slice_from_fn(mc, 5000, |_| 1_u64);
        let sizes = [0, 1, 40, 8 + 14, 8 + 4, 8 + 40_000];
        (6, sizes.map(object_bytes).into_iter().sum::<usize>() as u64)
    }
    Setting::each(|setting| {
        let mut arena = setting.arena::<Rootable![()], C>(|_| ());
        let (mut objects, mut bytes) = (0, 0);
        for round in 0..200 {
            arena.mutate(|mc, ()| {
                for _ in 0..10 {
                    let more = allocate(mc);
                    (objects, bytes) = (objects + more.0, bytes + more.1);
                }
                let stats = mc.metrics().stats();
                assert_eq!((stats.allocated_objects, stats.allocated_bytes), (objects, bytes));
            });
            if round % 20 == 0 {
                arena.collect_generation((round % 3) as u8);
            }
            let stats = arena.stats();
            assert_eq!((stats.allocated_objects, stats.allocated_bytes), (objects, bytes));
        }
    });
}

/// After a full collection, `live_bytes` are the bytes of what can be reached, to the byte.
pub fn live_bytes_are_those_of_what_can_be_reached<C: Collector + Default>() {
    if !reclaims::<C>() {
        return;
    }
    type Row<'gc> = Vec<(NodeRef<'gc>, Gc<'gc, [u8]>)>;
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena = setting.arena::<Rootable!['gc => Row<'gc>], C>(|_| Vec::new());
        let mut lens: Vec<usize> = Vec::new();
        for round in 0..30_usize {
            arena.mutate_root(|mc, row| {
                for len in [round, 30 * round, 400 * round] {
                    let node = Node::new(mc, &witness, 0);
                    set_a(mc, node, Some(Node::new(mc, &witness, 0)));
                    row.push((node, Gc::slice_from_fn(mc, len, |_| 0)));
                    let _ = Gc::slice_from_fn(mc, len, |_| 0_u8);
                    lens.push(len);
                }
                if round % 3 == 2 {
                    row.drain(1..5);
                    lens.drain(1..5);
                }
            });
            let collection = arena.collect();
            let slices: usize = lens.iter().map(|len| object_bytes(8 + len)).sum();
            let expected = slices + lens.len() * 2 * object_bytes(size_of::<Node<'_>>());
            let stats = arena.stats();
            assert_eq!((stats.live_bytes, collection.live_bytes), (expected, expected));
            assert!(stats.live_bytes_max >= expected && stats.used_bytes >= expected);
            assert!(stats.reserved_bytes >= stats.used_bytes);
        }
    });
}

/// Numbers that only rise: allocations, collections, the largest live size, what was freed.
pub fn totals_never_fall<C: Collector + Default>() {
    fn assert_risen(before: &Stats, after: &Stats) {
        assert!(before.allocated_objects <= after.allocated_objects);
        assert!(before.allocated_bytes <= after.allocated_bytes);
        assert!(before.collections <= after.collections);
        assert!(before.freed_objects <= after.freed_objects);
        assert!(before.live_bytes_max <= after.live_bytes_max);
    }
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena = setting.arena::<Rootable!['gc => Option<NodeRef<'gc>>], C>(|_| None);
        let mut before = arena.stats();
        for round in 0..50 {
            arena.mutate_root(|mc, root| {
                let names = round * 100..round * 100 + 100;
                *root = Node::list(mc, &witness, names).filter(|_| round % 3 > 0);
            });
            let middle = arena.stats();
            assert_risen(&before, &middle);
            arena.collect();
            let after = arena.stats();
            assert_risen(&middle, &after);
            assert!(after.collections > middle.collections);
            before = after;
        }
        assert_eq!(before.allocated_objects, 5000);
        assert_eq!(before.freed_objects > 0, reclaims::<C>());
        assert!(before.freed_objects <= 5000 - 100);
    });
}

/// A million objects, of which a thousand live at a time: the memory is that of thousands, without
/// one explicit collection.
pub fn memory_of_the_dead_is_used_again<C: Collector + Default>() {
    if !reclaims::<C>() {
        return;
    }
    type Cell<'gc> = Gc<'gc, [u64]>;
    type Window<'gc> = Gc<'gc, [Lock<Option<Cell<'gc>>>]>;
    Setting::each(|setting| {
        let mut arena = setting.arena::<Rootable!['gc => Window<'gc>], C>(|mc| {
            Gc::slice_from_fn(mc, 1000, |_| Lock::new(None))
        });
        // A collection at every safepoint looks at all that lives: fewer then.
        let batches = if setting == Setting::Default { 10_000 } else { 500 };
        let mut peak_bytes = 0;
        let mut random = 1_usize;
        for batch in 0..batches {
            arena.mutate(|mc, window| {
                for step in 0..100 {
                    random = random.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
                    let place = Gc::write_at(mc, *window, (random >> 40) % 1000).expect("within");
                    let len = [1, 2, 3, 4, 8, 16, 40, 90][step % 8];
                    place.unlock().set(Some(Gc::slice_from_fn(mc, len, |i| (batch + i) as u64)));
                }
            });
            peak_bytes = peak_bytes.max(arena.stats().reserved_bytes);
        }
        // On average 20 words for each of the thousand, and a nursery of 16 MiB at most.
        assert!(peak_bytes < 24 << 20, "{peak_bytes} bytes for 200 kB");
        arena.enter(|_, window| {
            let intact = |cell: Cell<'_>| cell.windows(2).all(|pair| pair[0] + 1 == pair[1]);
            assert!(window.iter().filter_map(Lock::get).all(intact));
        });
    });
}

/// Large objects, rings, and a heap that grows and shrinks: the memory is that of the largest.
pub fn memory_of_large_objects_and_rings_is_used_again<C: Collector + Default>() {
    if !reclaims::<C>() {
        return;
    }
    Setting::each(|setting| {
        let witness = Witness::default();
        type Root<'gc> = (Option<NodeRef<'gc>>, Vec<Gc<'gc, [u8]>>);
        let mut arena = setting.arena::<Rootable!['gc => Root<'gc>], C>(|_| (None, Vec::new()));
        let mut peak_bytes = 0;
        for round in 0..12_usize {
            for step in 0..20 {
                arena.mutate_root(|mc, (ring, large)| {
                    let first = Node::list(mc, &witness, 0..100).expect("a list");
                    if C::ATTRIBUTES.reclaims_cycles {
                        let last = std::iter::successors(Some(first), |node| node.a.get()).last();
                        set_a(mc, last.expect("a last one"), Some(first));
                    }
                    *ring = Some(first);
                    let len = 10_000 + (round * 7919 + step * 104_729) % 90_000;
                    large.push(Gc::slice_from_fn(mc, len, |_| 1));
                });
            }
            arena.mutate_root(|_, (_, large)| drop(large.drain(..large.len() - round % 5)));
            arena.collect();
            peak_bytes = peak_bytes.max(arena.stats().reserved_bytes);
        }
        // At most 24 large ones of 100 kB are alive at a time.
        assert!(peak_bytes < 24 << 20, "{peak_bytes} bytes for 2.4 MB, of 13 MB in all");
        assert_eq!(witness.count(), 12 * 20 * 100 - 100);
    });
}

/// Dead rings do not pile up, without one explicit collection.
pub fn rings_do_not_pile_up<C: Collector + Default>() {
    if !C::ATTRIBUTES.reclaims_cycles {
        return;
    }
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena: Arena<Rootable!['gc => Vec<NodeRef<'gc>>], C> =
            setting.arena(|_| Vec::new());
        // Several times the four megabytes that a heap may grow by before all of it is collected.
        let rings = if setting == Setting::Default { 200_000 } else { 80_000 };
        for ring in 0..rings / 20 {
            arena.mutate_root(|mc, kept| {
                for _ in 0..20 {
                    let [x, y] = [0, 1].map(|name| Node::new(mc, &witness, name));
                    set_a(mc, x, Some(y));
                    set_a(mc, y, Some(x));
                    kept.push(x);
                }
                // They are old when they die.
                let dead = kept.len().saturating_sub(400);
                kept.drain(..dead);
            });
            let pending = 2 * rings as usize / 10 + 800;
            let dead = witness.count();
            let made = 40 * (ring as usize + 1);
            assert!(made - dead < pending.max(200_000), "{dead} of {made} nodes are dead");
        }
        let dead = witness.count() as f64;
        assert!(dead > 0.4 * f64::from(2 * rings), "{dead} nodes of {}", 2 * rings);
        age(&mut arena);
        assert_eq!(witness.count(), 2 * rings as usize - 800);
    });
}
