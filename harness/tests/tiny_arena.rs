//! A small arena is cheap: what one object costs, counted at the system's allocator.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use gc_core::{Arena, Collector, Gc, Rootable};

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

/// The only test of this file: tests run in parallel would count each other's memory.
#[test]
fn an_arena_with_one_small_object_takes_less_than_256_kib() {
    for (name, bytes) in [
        ("null", bytes_of_an_arena::<gc_core::NullCollector>()),
        ("refcount", bytes_of_an_arena::<gc_refcount::Refcount>()),
        ("marksweep", bytes_of_an_arena::<gc_marksweep::MarkSweep>()),
        ("generational", bytes_of_an_arena::<gc_generational::Generational>()),
    ] {
        assert!(bytes > 0 && bytes < 256 << 10, "{name}: {bytes} bytes");
    }
}
