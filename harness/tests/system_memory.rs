//! What arenas take from the system's allocator, counted there: little for a small one, and nothing
//! for what is dead.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use gc_core::{Arena, Collector, DynamicRootSet, Gc, Rootable};

/// Bytes that are allocated now.
static ALLOCATED_BYTES: AtomicUsize = AtomicUsize::new(0);

struct Counting;

// SAFETY: everything is passed on to the system's allocator; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATED_BYTES.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promises are the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        ALLOCATED_BYTES.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promises are the same.
        unsafe { System.dealloc(ptr, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn bytes_of_an_arena<C: Collector + Default>() -> usize {
    let before = ALLOCATED_BYTES.load(Ordering::Relaxed);
    let mut arena = Arena::<Rootable![Gc<'_, u64>], C>::new(|mc| Gc::new(mc, 42));
    arena.mutate(|_, _| ());
    arena.collect();
    let bytes = ALLOCATED_BYTES.load(Ordering::Relaxed) - before;
    arena.enter(|_, answer| assert_eq!(**answer, 42));
    bytes
}

/// Whether a handle is made in a set.
#[derive(Clone, Copy, Debug)]
enum Sets {
    Used,
    Unused,
}

/// What is allocated more when ten thousand more sets of handles have come and gone.
fn bytes_of_dead_sets<C: Collector + Default>(sets: Sets) -> usize {
    let mut arena = Arena::<Rootable![()], C>::builder().nursery_bytes(1 << 16).build(|_| ());
    let mut make = |count| {
        for _ in 0..count {
            arena.mutate(|mc, ()| {
                let set = DynamicRootSet::new(mc);
                if matches!(sets, Sets::Used) {
                    set.stash::<Rootable![u32]>(mc, Gc::new(mc, 1));
                }
            });
        }
        arena.collect();
        ALLOCATED_BYTES.load(Ordering::Relaxed)
    };
    // The first ten thousand bring the arena to its size.
    let before = make(10_000);
    make(10_000).saturating_sub(before)
}

/// The only test of this file: tests that run beside it would be counted, too.
#[test]
fn arenas_take_little_and_give_it_back() {
    for (name, bytes) in [
        ("null", bytes_of_an_arena::<gc_core::NullCollector>()),
        ("refcount", bytes_of_an_arena::<gc_refcount::Refcount>()),
        ("marksweep", bytes_of_an_arena::<gc_marksweep::MarkSweep>()),
        ("generational", bytes_of_an_arena::<gc_generational::Generational>()),
    ] {
        assert!(bytes > 0 && bytes < 256 << 10, "{name}: {bytes} bytes for one small object");
    }
    for sets in [Sets::Used, Sets::Unused] {
        for (name, bytes) in [
            ("refcount", bytes_of_dead_sets::<gc_refcount::Refcount>(sets)),
            ("marksweep", bytes_of_dead_sets::<gc_marksweep::MarkSweep>(sets)),
            ("generational", bytes_of_dead_sets::<gc_generational::Generational>(sets)),
        ] {
            assert!(bytes < 32 << 10, "{name}: {bytes} bytes after sets that are dead, {sets:?}");
        }
    }
}
