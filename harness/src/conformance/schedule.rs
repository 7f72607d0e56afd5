//! When collections start by themselves: thresholds, counts, and the one knob.

use gc_core::collector::Collector;
use gc_core::{Arena, Pacing, Rootable, Threshold};

use super::node::{Node, set_a};
use super::trial::Setting;
use super::witness::Witness;

type Nothing = Rootable![()];

const AUTOMATIC: Threshold = Threshold::AUTOMATIC;

/// Makes self-loops that nothing refers to, each in two steps: so that a collector that counts has
/// counted it.
fn churn<C: Collector + Default>(arena: &mut Arena<Nothing, C>, witness: &Witness, loops: u32) {
    for name in 0..loops {
        let handle = arena.mutate(|mc, ()| {
            let node = Node::new(mc, witness, name);
            set_a(mc, node, Some(node));
            mc.stash::<Rootable![Node<'_>]>(node)
        });
        drop(handle);
        arena.mutate(|_, ()| ());
    }
}

/// How many collections began by themselves while `loops` self-loops were made, and how many of these
/// are dead.
fn automatic<C: Collector + Default>(
    thresholds: [Threshold; 3],
    loops: u32,
    prepare: impl FnOnce(&mut Arena<Nothing, C>),
) -> (u64, usize) {
    let witness = Witness::default();
    let mut arena: Arena<Nothing, C> = Arena::new(|_| ());
    arena.set_thresholds(thresholds);
    assert_eq!(arena.thresholds(), thresholds);
    prepare(&mut arena);
    churn(&mut arena, &witness, loops);
    (arena.stats().collections, witness.count())
}

/// 100 objects, of 1000 that are made.
pub fn a_collection_is_due_after_so_many_objects<C: Collector + Default>() {
    let thresholds = [AUTOMATIC.at_objects(100), AUTOMATIC, AUTOMATIC];
    let (collections, dead) = automatic::<C>(thresholds, 1000, |_| ());
    if C::ATTRIBUTES.reclaims_cycles {
        assert!((8..=11).contains(&collections), "{collections} collections");
        assert!(dead >= 800, "{dead} of 1000 are dead");
    } else {
        assert_eq!((collections, dead), (0, 0));
    }
}

/// The same in bytes; the first measure that is reached is the one that counts.
pub fn a_collection_is_due_after_so_many_bytes<C: Collector + Default>() {
    let threshold = AUTOMATIC.at_bytes(64 << 10).at_objects(1_000_000);
    let (collections, dead) = automatic::<C>([threshold, AUTOMATIC, AUTOMATIC], 10_000, |_| ());
    if C::ATTRIBUTES.reclaims_cycles {
        assert!((3..=20).contains(&collections), "{collections} collections");
        assert!(dead >= 5000, "{dead} of 10000 are dead");
    } else {
        assert_eq!((collections, dead), (0, 0));
    }
}

/// Whatever numbers are set, nothing overflows: the largest are never reached.
pub fn the_largest_thresholds_are_never_reached<C: Collector + Default>() {
    let largest = AUTOMATIC.at_objects(usize::MAX).at_bytes(usize::MAX).at_collections(usize::MAX);
    assert_eq!(automatic::<C>([largest; 3], 1000, |_| ()), (0, 0));
    let witness = Witness::default();
    let mut arena: Arena<Nothing, C> = Arena::builder().nursery_bytes(usize::MAX).build(|_| ());
    churn(&mut arena, &witness, 1000);
    arena.collect();
}

/// As in CPython, where `gc.set_threshold(0)` turns the collector off.
pub fn a_threshold_of_zero_is_never_reached<C: Collector + Default>() {
    let thresholds = [AUTOMATIC.at_objects(0), AUTOMATIC, AUTOMATIC];
    assert_eq!(automatic::<C>(thresholds, 5000, |_| ()), (0, 0));
}

/// Nor is anything else while collections are disabled.
pub fn a_disabled_collector_ignores_thresholds<C: Collector + Default>() {
    let thresholds = [AUTOMATIC.at_objects(100), AUTOMATIC, AUTOMATIC];
    assert_eq!(automatic::<C>(thresholds, 1000, |arena| arena.disable()), (0, 0));
}

/// One middle collection for each three minor ones; a full one for each two of these, where the heap
/// has grown by a quarter, and none where it has not.
pub fn an_older_generation_is_due_after_so_many_collections<C: Collector + Default>() {
    if C::ATTRIBUTES.generations < 3 {
        return;
    }
    for grows in [false, true] {
        let witness = Witness::default();
        let mut arena: Arena<Rootable!['gc => Vec<gc_core::Gc<'gc, Node<'gc>>>], C> =
            Arena::new(|mc| (0..1000).map(|name| Node::new(mc, &witness, name)).collect());
        arena.set_thresholds([
            AUTOMATIC.at_objects(50),
            AUTOMATIC.at_collections(3),
            AUTOMATIC.at_collections(2),
        ]);
        arena.collect();
        let before = arena.generation_stats()[2].collections;
        for _ in 0..60 {
            arena.mutate_root(|mc, nodes| {
                let made = (0..50).map(|name| Node::new(mc, &witness, name));
                if grows { nodes.extend(made) } else { made.for_each(|_| ()) }
            });
        }
        let [minor, middle, full] = arena.generation_stats() else { panic!("three generations") };
        let full = full.collections - before;
        assert_eq!(minor.collections + middle.collections + full, 60);
        let expected = minor.collections / 3;
        assert!(middle.collections.abs_diff(expected) <= 1, "{minor:?} {middle:?}");
        // 3000 objects are added to 1000, and a full collection waits for a quarter.
        assert!(if grows { (3..=7).contains(&full) } else { full == 0 }, "{full} full ones");
    }
}

/// Each collection has the next older generation wait for one less, and its own begin anew.
pub fn counts_say_how_long_ago_a_generation_was_collected<C: Collector + Default>() {
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena: Arena<Rootable!['gc => Vec<gc_core::Gc<'gc, Node<'gc>>>], C> =
            setting.arena(|_| Vec::new());
        arena.disable();
        arena.collect();
        assert!(arena.generation_counts().iter().all(|&count| count == 0));
        arena.mutate_root(|mc, nodes| {
            nodes.extend((0..7).map(|name| Node::new(mc, &witness, name)))
        });
        assert_eq!(arena.generation_counts()[0], 7);
        let mut expected = arena.generation_counts();
        for generation in [0, 0, 1, 0, 1, 1, 0, 2, 0] {
            arena.collect_generation(generation);
            let generation = usize::from(generation).min(expected.len() - 1);
            expected[..=generation].fill(0);
            if let Some(count) = expected.get_mut(generation + 1) {
                *count += 1;
            }
            assert_eq!(arena.generation_counts(), expected);
        }
    });
}

/// The knob: who wants less memory has more collections.
pub fn less_memory_means_more_collections<C: Collector + Default>() {
    let collections =
        |pacing| automatic::<C>([AUTOMATIC; 3], 60_000, |arena| arena.set_pacing(pacing)).0;
    let (memory, throughput) = (collections(Pacing::MEMORY), collections(Pacing::THROUGHPUT));
    if C::ATTRIBUTES.reclaims_cycles {
        assert!(memory > throughput, "{memory} and {throughput} collections");
    } else {
        assert_eq!((memory, throughput), (0, 0));
    }
}
