//! What of an arena's memory is resident: pages of the dead go back to the system, and memory that is
//! used again and again does not.
// AddressSanitizer keeps memory of its own about all that was ever used.
#![cfg(not(asan))]

use std::process::Command;
use std::{env, fs};

use gc_core::{Arena, Collector, Gc, Lock, Mutation, Rootable, Stats};

const OBJECTS: usize = 2_000_000;
/// One object in so many stays.
const OBJECTS_PER_SURVIVOR: usize = 1000;
/// With their headers 64 bytes: of the pages of 4 KiB one in sixteen has a survivor.
type Object = [u64; 7];
const OBJECT_BYTES: usize = 64;

type Slots<'gc> = Gc<'gc, [Lock<Option<Gc<'gc, Object>>>]>;
type SlotsArena<C> = Arena<Rootable!['gc => Slots<'gc>], C>;

/// Slots that are changed in one `mutate`.
const BATCH: usize = 10_000;

/// The memory of this process that is resident now; `None` where the system does not say.
fn resident_bytes() -> Option<usize> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: usize = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes << 10)
}

fn fill<'gc>(mc: &'gc Mutation<'gc>, slots: Slots<'gc>, first: usize) {
    for index in first..first + BATCH {
        let object = Gc::new(mc, [index as u64; 7]);
        Gc::write_at(mc, slots, index).expect("within").unlock().set(Some(object));
    }
}

fn empty<'gc>(mc: &Mutation<'gc>, count: usize) -> Slots<'gc> {
    Gc::slice_from_fn(mc, count, |_| Lock::new(None))
}

/// The verifier would look at millions of objects again and again, for minutes.
fn arena<C: Collector + Default>(count: usize) -> SlotsArena<C> {
    SlotsArena::builder().verify(false).build(|mc| empty(mc, count))
}

/// Frees all objects but one in a thousand; says how many bytes of pages went back.
fn freed_bytes<C: Collector + Default>(huge_pages: bool) -> Option<(usize, Stats)> {
    let mut arena = SlotsArena::<C>::builder()
        .verify(false)
        .huge_pages(huge_pages)
        .build(|mc| empty(mc, OBJECTS));
    for first in (0..OBJECTS).step_by(BATCH) {
        arena.mutate(|mc, &slots| fill(mc, slots, first));
    }
    arena.collect();
    let before = resident_bytes()?;

    for first in (0..OBJECTS).step_by(BATCH) {
        arena.mutate(|mc, &slots| {
            for index in (first..first + BATCH).filter(|index| index % OBJECTS_PER_SURVIVOR != 0) {
                Gc::write_at(mc, slots, index).expect("within").unlock().set(None);
            }
        });
    }
    arena.collect();
    let after = resident_bytes()?;
    arena.enter(|_, slots| {
        for (index, slot) in slots.iter().enumerate().step_by(OBJECTS_PER_SURVIVOR) {
            assert_eq!(slot.get().map(|object| *object), Some([index as u64; 7]));
        }
    });
    let stats = arena.stats();
    // What went back is as good as new.
    for first in (0..OBJECTS).step_by(BATCH) {
        arena.mutate(|mc, &slots| fill(mc, slots, first));
    }
    arena.collect();
    arena.enter(|_, slots| {
        for (index, slot) in slots.iter().enumerate() {
            assert_eq!(slot.get().map(|object| *object), Some([index as u64; 7]));
        }
    });
    Some((before.saturating_sub(after), stats))
}

/// What goes back while the same amounts of memory are used again and again.
fn bytes_returned_in_steady_state<C: Collector + Default>() -> u64 {
    const KEPT: usize = 100_000;
    let mut arena = arena::<C>(KEPT);
    let mut rounds = |count| {
        for round in 0..count {
            for first in (0..KEPT).step_by(BATCH) {
                arena.mutate(|mc, &slots| fill(mc, slots, first));
            }
            // Every tenth round most of it dies at once.
            if round % 10 == 9 {
                arena.mutate(|mc, &slots| {
                    for index in (0..KEPT).filter(|index| index % 20 != 0) {
                        Gc::write_at(mc, slots, index).expect("within").unlock().set(None);
                    }
                });
                arena.collect();
            }
        }
        arena.stats().returned_bytes
    };
    let before = rounds(100);
    rounds(200) - before
}

/// What goes back while a program fills its heap, empties it and collects, again and again.
fn bytes_returned_by_collecting<C: Collector + Default>() -> u64 {
    const KEPT: usize = 50_000;
    let mut arena = arena::<C>(KEPT);
    let mut rounds = |count| {
        for _ in 0..count {
            for first in (0..KEPT).step_by(BATCH) {
                arena.mutate(|mc, &slots| fill(mc, slots, first));
            }
            arena.collect();
            arena.mutate(|mc, &slots| {
                for index in 0..KEPT {
                    Gc::write_at(mc, slots, index).expect("within").unlock().set(None);
                }
            });
            arena.collect();
            arena.collect();
        }
        arena.stats().returned_bytes
    };
    let before = rounds(20);
    rounds(100) - before
}

/// Runs a test in a process of its own, where nothing else is resident, not even what the system's
/// allocator kept of an arena that is gone.
fn alone(test: &str, run: fn()) {
    const ALONE: &str = "RESIDENT_MEMORY_ALONE";
    if env::var_os(ALONE).is_some() {
        return run();
    }
    let output = Command::new(env::current_exe().expect("this test's binary"))
        .args([test, "--exact", "--nocapture"])
        .env(ALONE, "1")
        .output()
        .expect("this test's binary runs");
    print!("{}", String::from_utf8_lossy(&output.stdout));
    eprint!("{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{test} failed in its own process");
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"), "{test} was not run");
}

fn pages_of_the_dead_go_back<C: Collector + Default>(huge_pages: bool) {
    let Some((bytes, stats)) = freed_bytes::<C>(huge_pages) else {
        println!("skipped: this system does not say what is resident");
        return;
    };
    let percent = bytes * 100 / (OBJECTS * OBJECT_BYTES);
    assert!(percent >= 90, "{percent} % of the objects' pages went back: {stats:?}");
    // Not a share of what is reserved: chunks in which nothing is left are reserved no more.
    assert!(stats.resident_bytes < OBJECTS * OBJECT_BYTES / 3, "{stats:?}");
}

fn what_is_used_again_is_kept<C: Collector + Default>() {
    assert_eq!(bytes_returned_in_steady_state::<C>(), 0);
}

fn collecting_again_and_again_gives_back_once<C: Collector + Default>() {
    assert_eq!(bytes_returned_by_collecting::<C>(), 0);
}

fn a_collection_that_is_asked_for_keeps_little<C: Collector + Default>() {
    let mut arena = arena::<C>(250_000);
    for first in (0..250_000).step_by(BATCH) {
        arena.mutate(|mc, &slots| fill(mc, slots, first));
    }
    arena.collect();
    arena.mutate_root(|mc, slots| *slots = empty(mc, 0));
    arena.collect();
    assert_keeps_little(&arena.stats());
}

/// A quarter of what is kept otherwise, and the metadata of the first chunks.
fn assert_keeps_little(stats: &Stats) {
    if resident_bytes().is_none() {
        println!("skipped: this system does not say what is resident");
        return;
    }
    assert!(stats.resident_bytes < 1 << 20, "{stats:?}");
}

/// Large objects, but not so large that each has a chunk of its own.
fn a_collection_that_is_asked_for_keeps_no_large_objects<C: Collector + Default>() {
    let mut arena = Arena::<Rootable!['gc => Vec<Slots<'gc>>], C>::new(|_| Vec::new());
    arena.mutate_root(|mc, arrays| arrays.extend((0..20).map(|_| empty(mc, 10_000))));
    arena.collect();
    arena.mutate_root(|_, arrays| arrays.clear());
    arena.collect();
    assert_keeps_little(&arena.stats());
}

macro_rules! tests {
    ($($name:ident: $collector:ty),*) => {$(
        mod $name {
            #[test]
            fn pages_of_the_dead_go_back() {
                let test = concat!(stringify!($name), "::pages_of_the_dead_go_back");
                super::alone(test, || super::pages_of_the_dead_go_back::<$collector>(false));
            }

            #[test]
            fn pages_of_the_dead_go_back_from_huge_ones() {
                let test = concat!(stringify!($name), "::pages_of_the_dead_go_back_from_huge_ones");
                super::alone(test, || super::pages_of_the_dead_go_back::<$collector>(true));
            }

            #[test]
            fn what_is_used_again_is_kept() {
                super::what_is_used_again_is_kept::<$collector>();
            }

            #[test]
            fn collecting_again_and_again_gives_back_once() {
                super::collecting_again_and_again_gives_back_once::<$collector>();
            }

            #[test]
            fn a_collection_that_is_asked_for_keeps_little() {
                super::a_collection_that_is_asked_for_keeps_little::<$collector>();
            }

            #[test]
            fn a_collection_that_is_asked_for_keeps_no_large_objects() {
                super::a_collection_that_is_asked_for_keeps_no_large_objects::<$collector>();
            }
        }
    )*};
}

tests! {
    refcount: gc_refcount::Refcount,
    marksweep: gc_marksweep::MarkSweep,
    generational: gc_generational::Generational
}

/// Two megabytes are kept in any case; sixteen that die at once are much more than that.
#[test]
fn an_arena_that_is_told_to_keeps_its_memory() {
    let returned_bytes = |returns_memory| {
        let mut arena = SlotsArena::<gc_refcount::Refcount>::builder()
            .return_memory(returns_memory)
            .build(|mc| empty(mc, 256 << 10));
        for first in (0..250_000).step_by(BATCH) {
            arena.mutate(|mc, &slots| fill(mc, slots, first));
        }
        arena.mutate_root(|mc, slots| *slots = empty(mc, 0));
        arena.mutate(|_, _| ());
        arena.collect();
        arena.stats().returned_bytes
    };
    assert!(returned_bytes(true) > 8 << 20);
    assert_eq!(returned_bytes(false), 0);
}
