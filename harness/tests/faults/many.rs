//! As much as there can be: arenas, bytes, references, objects over time; and a collector that is
//! disabled.

use std::hint::black_box;

use gc_core::collector::Collector;
use gc_core::heap::COUNT_MAX;
use gc_core::{Arena, Gc, Lock, Rootable, Threshold};

use super::on_every_collector;
use super::witness::{Token, Witness};

type Small<C> = Arena<Rootable![Gc<'_, u64>], C>;

/// Arenas that are alive at once.
const ARENAS: usize = if cfg!(debug_assertions) { 2000 } else { 100_000 };

fn arenas<C: Collector + Default>() {
    let mut arenas: Vec<Small<C>> = Vec::with_capacity(ARENAS);
    for number in 0..ARENAS as u64 {
        arenas.push(Small::new(|mc| Gc::new(mc, number)));
    }
    // All of them at once, in another order.
    for arena in arenas.iter_mut().step_by(2) {
        arena.collect();
    }
    for (number, arena) in arenas.iter_mut().enumerate() {
        arena.mutate(|_, answer| assert_eq!(**answer, number as u64));
    }
    let odd = arenas.iter().skip(1).step_by(2);
    assert!(odd.zip((1..).step_by(2)).all(|(arena, n)| arena.enter(|_, answer| **answer == n)));
    while arenas.len() > 1 {
        let middle = arenas.len() / 2;
        arenas.truncate(middle);
    }
}

on_every_collector! {
    /// They are independent, in any number.
    arenas_without_number_live_at_once => arenas
}

/// References to one object: so many that the count is beyond the header several times.
const REFERENCES: usize = 4 * COUNT_MAX;

fn references<C: Collector + Default>() {
    type Slot<'gc> = Lock<Option<Gc<'gc, Token>>>;
    let witness = Witness::new();
    let mut arena = Arena::<Rootable!['gc => Gc<'gc, [Slot<'gc>]>], C>::new(|mc| {
        let object = Gc::new(mc, witness.token());
        Gc::slice_from_fn(mc, REFERENCES, |_| Lock::new(Some(object)))
    });
    arena.collect();
    arena.mutate(|mc, row| {
        let count = mc.ref_count(row[0].get().expect("it is there"));
        assert_eq!(count, Some(REFERENCES).filter(|_| C::ATTRIBUTES.counts_references));
    });
    for from in [0, REFERENCES / 2, 1] {
        arena.mutate(|mc, row| {
            for index in (from..REFERENCES).step_by(2) {
                let slot = Gc::write_at(mc, *row, index).expect("there are so many");
                slot.unlock().set(None);
            }
        });
        arena.collect();
        let is_held = from != 1;
        let reclaims = C::ATTRIBUTES.prompt || C::ATTRIBUTES.reclaims_cycles;
        assert_eq!(witness.dropped(), usize::from(!is_held && reclaims));
        arena.enter(|_, row| row.iter().filter_map(Lock::get).for_each(|t| t.assert_alive()));
    }
    drop(arena);
    witness.assert_all_dropped_once();
}

on_every_collector! {
    /// An object whose count is beyond its header lives as long as one reference is left.
    references_without_number_keep_an_object => references
}

fn disabled<C: Collector + Default>() {
    let witness = Witness::new();
    let mut arena = Arena::<Rootable!['gc => Vec<Gc<'gc, Token>>], C>::builder()
        .nursery_bytes(1)
        .build(|_| Vec::new());
    let mut always = Threshold::default();
    (always.objects, always.bytes, always.collections) = (Some(1), Some(1), Some(1));
    arena.set_thresholds([always; 3]);
    arena.disable();
    for round in 0..200 {
        arena.mutate_root(|mc, row| {
            row.extend((0..50).map(|_| Gc::new(mc, witness.token())));
            if round % 10 == 9 {
                row.clear();
            }
        });
    }
    assert!(!arena.is_enabled());
    if C::ATTRIBUTES.prompt {
        assert_eq!(witness.dropped(), witness.made(), "counting goes on");
    } else {
        assert_eq!(witness.dropped(), 0, "nothing is collected");
        assert_eq!(arena.stats().collections, 0);
        assert!(arena.stats().used_bytes > witness.made() * size_of::<Token>());
    }
    arena.collect();
    let reclaims = C::ATTRIBUTES.prompt || C::ATTRIBUTES.reclaims_cycles;
    assert_eq!(witness.dropped(), if reclaims { witness.made() } else { 0 });
    arena.enable();
    drop(arena);
    witness.assert_all_dropped_once();
}

on_every_collector! {
    /// Memory grows, thresholds do nothing, an explicit collection works.
    what_a_disabled_collector_leaves_an_explicit_collection_finds => disabled
}

/// More than 32 bits count.
const OBJECTS: u64 = (1 << 32) + 10_000;

fn objects_over_time<C: Collector + Default>() {
    if !C::ATTRIBUTES.prompt && !C::ATTRIBUTES.reclaims_cycles {
        println!("skipped: they would take 64 GB where nothing is reclaimed");
        return;
    }
    let mut arena = Arena::<Rootable!['gc => Vec<Gc<'gc, u64>>], C>::new(|_| Vec::new());
    let mut made = 0;
    let mut last = None;
    while made < OBJECTS {
        arena.mutate_root(|mc, row| {
            // What nobody looks at the compiler would only count.
            (0..1_000_000_u64).for_each(|number| _ = black_box(Gc::new(mc, number)));
            row.clear();
            row.extend((0..10).map(|number| Gc::new(mc, made + number)));
            // Identities are given in the order of their first requests.
            let id = Gc::id(row[0]);
            assert!(last < Some(id));
            last = Some(id);
        });
        made += 1_000_010;
        arena.enter(|_, row| {
            let numbers = row.iter().map(|number| **number);
            assert!(numbers.eq(made - 1_000_010..made - 1_000_000));
        });
    }
    let stats = arena.stats();
    assert!(stats.allocated_objects >= OBJECTS && stats.allocated_objects == made);
    assert!(stats.live_objects <= 10 + 1_000_010 && stats.reserved_bytes < 1 << 30, "{stats:?}");
}

on_every_collector! {
    #[ignore = "takes a minute: ci/large.sh"]
    objects_without_number_come_and_go => objects_over_time
}

/// A heap of so many bytes.
const HEAP_BYTES: usize = 8 << 30;

fn a_large_heap<C: Collector + Default>() {
    type Rows<'gc> = Vec<Gc<'gc, [Lock<Option<Gc<'gc, [u64; 30]>>>]>>;
    const ROW: usize = 1 << 20;
    let rows = HEAP_BYTES / (ROW * (size_of::<[u64; 30]>() + 16));
    let mut arena = Arena::<Rootable!['gc => Rows<'gc>], C>::new(|_| Vec::new());
    for row in 0..rows {
        arena.mutate_root(|mc, all| {
            all.push(Gc::slice_from_fn(mc, ROW, |index| {
                Lock::new(Some(Gc::new(mc, [(row * ROW + index) as u64; 30])))
            }));
        });
    }
    let used_bytes = arena.stats().used_bytes;
    assert!(used_bytes > HEAP_BYTES - (HEAP_BYTES / 50), "{used_bytes} bytes are used");
    arena.collect();
    arena.enter(|_, all| {
        for (row, slice) in all.iter().enumerate() {
            for index in (0..ROW).step_by(1021) {
                let object = slice[index].get().expect("it is there");
                assert_eq!(object[29], (row * ROW + index) as u64);
            }
        }
    });
    arena.mutate_root(|_, all| all.truncate(1));
    arena.collect();
    if C::ATTRIBUTES.prompt || C::ATTRIBUTES.reclaims_cycles {
        let stats = arena.stats();
        assert_eq!(stats.live_objects, ROW + 1);
        assert!(stats.used_bytes < HEAP_BYTES / 4, "{stats:?}");
    }
}

on_every_collector! {
    #[ignore = "takes ten gigabytes: ci/large.sh"]
    a_heap_may_have_eight_gigabytes => a_large_heap
}
