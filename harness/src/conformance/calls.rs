//! Calls wait for each other and for who has deferred them, whatever goes wrong in between.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::rc::Rc;

use gc_core::collector::Collector;
use gc_core::{Arena, CallKind, Gc, Mutation, Rootable, Static};

use super::finalizers::{Finalized, Held};
use super::node::{Node, NodeRef, set_a};
use super::trial::{Setting, age, litter, reclaims, settle};
use super::witness::Witness;

/// Finalizers that wait are given out one by one; the objects wait with them.
pub fn finalizers_may_be_deferred<C: Collector + Default>() {
    Setting::each(|setting| {
        let (witness, finalized) = (Witness::default(), Finalized::default());
        let builder = setting.builder::<Rootable!['gc => Vec<NodeRef<'gc>>], C>();
        let mut arena = builder.defer_calls(true).build(|mc| {
            let nodes: Vec<NodeRef<'_>> =
                (0..2).map(|name| Node::new(mc, &witness, name)).collect();
            nodes.iter().for_each(|&node| finalized.watch(mc, node));
            nodes
        });
        arena.mutate_root(|_, root| root.clear());
        settle(&mut arena);
        settle(&mut arena);
        assert_eq!((finalized.names(), witness.count()), (vec![], 0), "they wait");
        let mut calls = 0;
        while let Some(mut call) = arena.next_call() {
            assert_eq!(call.kind(), CallKind::Finalizer);
            call.run();
            call.run();
            calls += 1;
            assert_eq!(finalized.names().len(), calls);
            assert!(witness.count() < calls, "its object is there until it ends");
            call.mutate(|mc, _| litter(mc));
        }
        settle(&mut arena);
        if reclaims::<C>() {
            assert_eq!((finalized.sorted(), witness.sorted()), (vec![0, 1], vec![0, 1]));
        }
    });
}

/// A collection within a collection finds nothing.
pub fn a_collection_that_waits_for_calls_is_not_begun_again<C: Collector + Default>() {
    if !C::ATTRIBUTES.reclaims_cycles {
        return;
    }
    Setting::each(|setting| {
        let (witness, finalized) = (Witness::default(), Finalized::default());
        let builder = setting.builder::<Rootable!['gc => Held<'gc>], C>();
        let mut arena = builder.defer_calls(true).build(|mc| {
            let node = Node::new(mc, &witness, 0);
            set_a(mc, node, Some(node));
            finalized.watch(mc, node);
            Some(node)
        });
        age(&mut arena);
        arena.mutate_root(|_, root| *root = None);
        arena.collect();
        let mut call = arena.next_call().expect("a finalizer waits");
        call.mutate_root(|mc, root| {
            let node = Node::new(mc, &witness, 1);
            set_a(mc, node, Some(node));
            *root = Some(node);
        });
        call.mutate_root(|_, root| *root = None);
        assert_eq!(call.collect().unreachable, 0);
        call.run();
        drop(call);
        assert!(arena.next_call().is_none());
        assert_eq!(finalized.names(), [0]);
        arena.collect();
        assert_eq!(witness.sorted(), [0, 1]);
    });
}

/// A value whose drop glue panics.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            panic!("on purpose");
        }
    }
}

/// Three objects with finalizers die together. Their drop glue panics, and so does that of what their
/// finalizers own.
pub fn glue_that_panics_keeps_no_finalizer_from_running<C: Collector + Default>() {
    Setting::each(|setting| {
        let count = Rc::new(Cell::new(0));
        let mut arena = setting.arena::<Rootable!['gc => Vec<Gc<'gc, Static<Bomb>>>], C>(|mc| {
            let bomb = |_| {
                let bomb = Gc::new(mc, Static(Bomb));
                let count = Rc::clone(&count);
                // Another, which dies as soon as the finalizer has run.
                let kept = mc.stash::<Rootable![Static<Bomb>]>(Gc::new(mc, Static(Bomb)));
                let finalizer = move |mc: &Mutation<'_>, _: Gc<'_, Static<Bomb>>| {
                    mc.fetch(&kept);
                    count.set(count.get() + 1);
                };
                mc.on_unreachable::<Rootable![Static<Bomb>], _>(bomb, finalizer)
                    .expect("it was not finalized");
                bomb
            };
            (0..3).map(bomb).collect()
        });
        let mut attempt = |f: &mut dyn FnMut(&mut Arena<_, C>)| {
            // What it panics with is the bomb's.
            let _ = panic::catch_unwind(AssertUnwindSafe(|| f(&mut arena)));
        };
        attempt(&mut |arena| {
            arena.mutate_root(|_, bombs: &mut Vec<Gc<'_, Static<Bomb>>>| bombs.clear())
        });
        for _ in 0..12 {
            attempt(&mut |arena| settle(arena));
        }
        assert_eq!(count.get(), if reclaims::<C>() { 3 } else { 0 });
        attempt(&mut |arena| {
            assert_eq!(arena.collect().unreachable, 0);
        });
        let dropped = panic::catch_unwind(AssertUnwindSafe(|| drop(arena)));
        assert_eq!(dropped.is_ok(), reclaims::<C>());
    });
}

/// The arena of a call is exchanged for another in the middle of it.
pub fn a_finalizer_is_not_run_in_another_arena<C: Collector + Default>() {
    Setting::each(|setting| {
        let (witness, finalized) = (Witness::default(), Finalized::default());
        let make = || {
            let builder = setting.builder::<Rootable!['gc => Held<'gc>], C>();
            let mut arena = builder.defer_calls(true).build(|mc| {
                let node = Node::new(mc, &witness, 0);
                finalized.watch(mc, node);
                Some(node)
            });
            arena.mutate_root(|_, root| *root = None);
            settle(&mut arena);
            arena
        };
        let (mut one, mut other) = (make(), make());
        if let Some(mut call) = one.next_call() {
            std::mem::swap(&mut *call, &mut other);
            call.run();
            assert!(finalized.names().is_empty(), "its object is elsewhere");
        }
        drop((one, other));
        assert_eq!(witness.sorted(), [0, 0]);
    });
}
