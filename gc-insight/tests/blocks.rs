//! What the heap's memory is used for, on every backend.

use gc_core::heap::{BLOCK_BYTES, BlockState};
use gc_core::{Arena, BlockUsage, Collector, Gc, Rootable};
use gc_generational::Generational;
use gc_insight::blocks::Fragmentation;
use gc_marksweep::MarkSweep;
use gc_refcount::Refcount;

type Arrays<C> = Arena<Rootable![Vec<Gc<'_, [u8]>>], C>;

/// Bytes of one of the small arrays: its elements, their number, and a header.
const ARRAY_BYTES: usize = 112 + 16;

fn retain_every_other<C: Collector>(arena: &mut Arrays<C>) {
    arena.mutate_root(|_, root| {
        let mut number = 0;
        root.retain(|_| {
            number += 1;
            number % 2 == 0
        });
    });
    arena.collect();
}

fn arrays<C: Collector + Default>(count: usize, len: usize) -> Arrays<C> {
    let mut arena: Arrays<C> = Arena::new(|_| Vec::new());
    arena.mutate_root(|mc, root| {
        root.extend((0..count).map(|_| Gc::slice_from_fn(mc, len, |_| 1)));
    });
    // Old, in the end.
    (0..5).for_each(|_| _ = arena.collect());
    arena
}

/// What the arena says of itself is what its blocks sum up to.
fn check<C: Collector>(arena: &mut Arrays<C>) -> Fragmentation {
    let stats = arena.stats();
    arena.inspect(|heap, _| {
        let blocks: Vec<BlockUsage> = heap.blocks().collect();
        assert!(blocks.iter().all(|block| {
            block.live_bytes + block.young_bytes + block.free_bytes == block.size_bytes
        }));
        let live: usize = blocks.iter().map(|block| block.live_bytes).sum();
        assert_eq!(live, stats.live_bytes);
        let fragmentation = Fragmentation::of(heap);
        let used = fragmentation.block_bytes + fragmentation.large_bytes;
        // A block that was taken may have nothing in it yet.
        let empty = blocks.iter().filter(|block| {
            block.is_free() && !matches!(block.state, BlockState::Free | BlockState::Large)
        });
        assert_eq!(used + empty.count() * BLOCK_BYTES, stats.used_bytes);
        assert_eq!(fragmentation.by_fullness.iter().sum::<usize>(), fragmentation.blocks);
        assert_eq!(fragmentation.to_string().lines().count(), 5);
        fragmentation
    })
}

fn small_objects<C: Collector + Default>() {
    let mut arena = arrays::<C>(2000, 112);
    let before = check(&mut arena);
    assert_eq!(before.live_bytes, 2000 * ARRAY_BYTES);
    assert!(before.free_share() < 0.2, "{before}");
    assert_eq!(before.large_objects + before.large_holes, 0);

    retain_every_other(&mut arena);
    let after = check(&mut arena);
    assert_eq!(after.live_bytes, 1000 * ARRAY_BYTES);
    if arena.attributes().moves_objects {
        return;
    }
    // One behind each that lives, but for those at the end of a block.
    assert!((1000..=1000 + after.blocks).contains(&after.holes), "{after}");
    assert!(after.free_share() > 0.45, "{after}");
    assert!(after.by_fullness[4] + after.by_fullness[5] >= after.blocks - 1, "{after}");
}

fn large_objects<C: Collector + Default>() {
    let mut arena = arrays::<C>(20, 10_000);
    let before = check(&mut arena);
    assert_eq!((before.large_objects, before.large_bytes), (20, 20 * 3 * 4096));
    assert_eq!(before.large_waste_bytes, before.large_bytes - 20 * (10_000 + 16));
    assert_eq!(before.large_holes, 1, "behind all of them");
    retain_every_other(&mut arena);
    let after = check(&mut arena);
    assert_eq!((after.large_objects, after.large_holes), (10, 11));
    assert_eq!(after.large_free_bytes, before.large_free_bytes + 10 * 3 * 4096);
    assert_eq!(after.large_hole_bytes_max, before.large_free_bytes);
}

#[test]
fn holes_are_where_small_objects_died() {
    small_objects::<Refcount>();
    small_objects::<MarkSweep>();
    small_objects::<Generational>();
}

#[test]
fn runs_of_pages_are_free_where_large_objects_died() {
    large_objects::<Refcount>();
    large_objects::<MarkSweep>();
    large_objects::<Generational>();
}
