//! With `--cfg asan` what is free in a heap is poisoned, and AddressSanitizer sees who uses it.
//!
//! Each test plants a bug: it keeps an object's address in a raw pointer and uses it when the object
//! is dead, or reaches too far from one that lives. That must end a process of its own with a report.
#![cfg(asan)]

use std::env;
use std::hint::black_box;
use std::process::Command;

use gc_core::{Arena, Collector, Gc, Lock, RefLock, Rootable, Trace};
use harness::backend::Backend;
use harness::with_collector;

#[derive(Trace)]
struct Node<'gc> {
    next: Lock<Option<Gc<'gc, Node<'gc>>>>,
    numbers: RefLock<[u64; 4]>,
}

type List = Rootable![Gc<'_, Lock<Option<Gc<'_, Node<'_>>>>>];

fn node<'gc>(mc: &gc_core::Mutation<'gc>, next: Option<Gc<'gc, Node<'gc>>>) -> Gc<'gc, Node<'gc>> {
    Gc::new(mc, Node { next: Lock::new(next), numbers: RefLock::new([1; 4]) })
}

/// An arena with a list of so many nodes that are old.
fn list<C: Collector + Default>(len: usize) -> Arena<List, C> {
    let mut arena: Arena<List, C> = Arena::new(|mc| Gc::new(mc, Lock::new(None)));
    arena.mutate(|mc, root| {
        let first = (0..len).fold(None, |next, _| Some(node(mc, next)));
        Gc::write(mc, *root).unlock().set(first);
    });
    arena.collect();
    // What was made in a nursery may have moved once more.
    arena.collect();
    arena
}

/// The address of the first node of a list.
fn first<C: Collector>(arena: &Arena<List, C>) -> *const u64 {
    arena.enter(|_, root| Gc::raw(root.get().unwrap()).as_ptr().cast())
}

fn read(address: *const u64) {
    // SAFETY: none: that is the bug. If the memory is not poisoned, it is at least mapped, and
    // the value is not used.
    black_box(unsafe { address.read_volatile() });
}

/// Runs one of the bugs below. If it returns nobody has noticed.
fn run<C: Collector + Default>(bug: &str) {
    match bug {
        "none" => {
            let mut arena = list::<C>(1000);
            read(first(&arena));
            arena.mutate(|mc, root| Gc::write(mc, *root).unlock().set(Some(node(mc, None))));
            arena.collect();
            read(first(&arena));
        }
        // Its block lives on.
        "an old object that died among others" => {
            let mut arena = list::<C>(1000);
            let address = first(&arena);
            arena.mutate(|mc, root| {
                let second = root.get().unwrap().next.get();
                Gc::write(mc, *root).unlock().set(second);
            });
            arena.collect();
            assert!(arena.stats().live_objects >= 1000, "the others live");
            read(address);
        }
        "an object of a block that was freed" => {
            let mut arena = list::<C>(5000);
            let address = first(&arena);
            arena.mutate(|mc, root| Gc::write(mc, *root).unlock().set(None));
            arena.collect();
            read(address);
        }
        "an object of a nursery that was reset" => {
            let mut arena = list::<C>(10);
            let address = arena.mutate(|mc, _| Gc::raw(node(mc, None)).as_ptr().cast::<u64>());
            // A nursery that a survivor was copied out of, or that only dead objects are in.
            arena.collect();
            read(address);
        }
        "an object that was moved" => {
            let mut arena: Arena<List, C> = Arena::new(|mc| Gc::new(mc, Lock::new(None)));
            arena.mutate(|mc, root| Gc::write(mc, *root).unlock().set(Some(node(mc, None))));
            let address = first(&arena);
            arena.collect();
            assert_ne!(first(&arena), address, "it moves");
            read(address);
        }
        "a large object" => {
            let mut arena = list::<C>(10);
            let address = arena.mutate(|mc, _| Gc::slice_from_fn(mc, 5000, |_| 1_u64).as_ptr());
            arena.collect();
            read(address);
        }
        "what lies behind a large object" => {
            let arena: Arena<Rootable![Gc<'_, [u64]>], C> =
                Arena::new(|mc| Gc::slice_from_fn(mc, 5000, |_| 1));
            read(arena.enter(|_, root| root.as_ptr().wrapping_add(5200)));
        }
        "what a collection left of a block" => {
            let arena = list::<C>(1);
            read(first(&arena).wrapping_add(size_of::<Node<'static>>() / 8 + 64));
        }
        _ => panic!("no such bug: {bug}"),
    }
}

/// The program that the tests start.
#[test]
#[ignore = "run by other tests, in a process of its own"]
fn a_program_with_a_bug() {
    let backend: Backend = env::var("BACKEND").unwrap().parse().unwrap();
    let bug = env::var("BUG").unwrap();
    with_collector!(backend, C => run::<C>(&bug));
    println!("it was not noticed");
}

/// Runs a program with a bug; what it printed last.
fn output(backend: Backend, bug: &str) -> String {
    let output = Command::new(env::current_exe().unwrap())
        .args(["--ignored", "--exact", "a_program_with_a_bug", "--nocapture"])
        .envs([("BUG", bug), ("BACKEND", backend.name())])
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn assert_reported(backends: &[Backend], bug: &str) {
    for &backend in backends {
        let output = output(backend, bug);
        assert!(
            output.contains("AddressSanitizer: use-after-poison"),
            "{backend}, {bug}: {output}"
        );
    }
}

#[test]
fn what_has_no_bug_is_not_reported() {
    for backend in Backend::ALL {
        let output = output(backend, "none");
        assert!(output.contains("it was not noticed"), "{backend}: {output}");
    }
}

#[test]
fn a_read_of_an_object_that_died_among_others_is_reported() {
    assert_reported(&Backend::COLLECTING, "an old object that died among others");
}

#[test]
fn a_read_in_a_block_that_was_freed_is_reported() {
    assert_reported(&Backend::COLLECTING, "an object of a block that was freed");
}

#[test]
fn a_read_in_a_nursery_that_was_reset_is_reported() {
    assert_reported(&Backend::COLLECTING, "an object of a nursery that was reset");
}

#[test]
fn a_read_where_an_object_was_before_it_moved_is_reported() {
    assert_reported(&[Backend::Generational], "an object that was moved");
}

#[test]
fn a_read_of_a_large_object_that_died_is_reported() {
    assert_reported(&Backend::COLLECTING, "a large object");
}

#[test]
fn a_read_behind_a_large_object_is_reported() {
    assert_reported(&Backend::ALL, "what lies behind a large object");
}

#[test]
fn a_read_in_what_a_collection_left_of_a_block_is_reported() {
    assert_reported(&[Backend::Generational], "what a collection left of a block");
}
