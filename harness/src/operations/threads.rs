//! Full collections that two threads mark, beside the same by one: how many times faster they are,
//! in elapsed time.
//!
//! What two threads can gain depends on the machine: two that share a core gain little but where they
//! wait for memory.

use std::sync::Arc;

use gc_core::{Arena, ArenaBuilder, Collector, Gc, Lock, Mutation, Rootable, Trace, unlock};
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rayon::ThreadPoolBuilder;

use super::Meter;
use crate::workloads::Random;

/// A cache line with its header.
#[derive(Debug, Trace)]
struct Node<'gc> {
    next: Lock<Option<Gc<'gc, Node<'gc>>>>,
    other: Lock<Option<Gc<'gc, Node<'gc>>>>,
    payload: [u64; 5],
}

/// The first node, and nodes that an array refers to.
#[derive(Debug, Trace)]
struct Root<'gc> {
    first: Option<Gc<'gc, Node<'gc>>>,
    all: Option<Gc<'gc, [Gc<'gc, Node<'gc>>]>>,
}

type Heap = Rootable!['gc => Root<'gc>];

type Builder<C> = ArenaBuilder<Heap, C>;

fn node<'gc>(mc: &'gc Mutation<'gc>) -> Gc<'gc, Node<'gc>> {
    Gc::new(mc, Node { next: Lock::new(None), other: Lock::new(None), payload: [0; 5] })
}

/// Collects two arenas that `build` makes alike, of which one has two threads.
fn compare<C: Collector + Default>(
    meter: &mut Meter,
    build: impl Fn(Builder<C>) -> Arena<Heap, C>,
) {
    let pool = ThreadPoolBuilder::new().num_threads(2).build().expect("two threads");
    let mut one = build(Builder::new(C::default()));
    let mut two = build(Builder::new(C::default()).workers(Arc::new(pool)));
    // After this nothing is young, and nothing is garbage.
    one.collect();
    two.collect();
    meter.compare(
        || assert_eq!(one.collect().freed_objects, 0),
        || assert_eq!(two.collect().freed_objects, 0),
    );
}

/// One array of objects that refer to nothing.
pub(super) fn wide<C: Collector + Default>(objects: usize, meter: &mut Meter) {
    compare::<C>(meter, |builder| {
        builder.build(|mc| Root {
            first: None,
            all: Some(Gc::slice_from_fn(mc, objects, |_| node(mc))),
        })
    });
}

/// A chain in the order of memory, all of it in an array, too.
pub(super) fn sequential<C: Collector + Default>(objects: usize, meter: &mut Meter) {
    compare::<C>(meter, |builder| {
        builder.build(|mc| {
            let all = Gc::slice_from_fn(mc, objects, |_| node(mc));
            for pair in all.windows(2) {
                unlock!(Gc::write(mc, pair[0]), Node, next).set(Some(pair[1]));
            }
            Root { first: None, all: Some(all) }
        })
    });
}

/// A balanced tree, made depth first.
pub(super) fn tree<C: Collector + Default>(objects: usize, meter: &mut Meter) {
    fn grow<'gc>(mc: &'gc Mutation<'gc>, objects: usize) -> Option<Gc<'gc, Node<'gc>>> {
        let below = objects.checked_sub(1)?;
        let top = node(mc);
        unlock!(Gc::write(mc, top), Node, next).set(grow(mc, below / 2));
        unlock!(Gc::write(mc, top), Node, other).set(grow(mc, below - below / 2));
        Some(top)
    }
    compare::<C>(meter, |builder| builder.build(|mc| Root { first: grow(mc, objects), all: None }));
}

/// Objects that refer to the next of a random order, and to one more at random.
pub(super) fn random<C: Collector + Default>(objects: usize, meter: &mut Meter) {
    compare::<C>(meter, |builder| {
        let mut random = Random::seed_from_u64(0);
        builder.build(|mc| {
            let mut all = Vec::from_iter((0..objects).map(|_| node(mc)));
            all.shuffle(&mut random);
            for pair in all.windows(2) {
                unlock!(Gc::write(mc, pair[0]), Node, next).set(Some(pair[1]));
                let other = all[random.random_range(0..objects)];
                unlock!(Gc::write(mc, pair[0]), Node, other).set(Some(other));
            }
            Root { first: Some(all[0]), all: None }
        })
    });
}

/// A chain in the order of memory, which cannot be shared.
pub(super) fn deep<C: Collector + Default>(objects: usize, meter: &mut Meter) {
    compare::<C>(meter, |builder| {
        builder.build(|mc| {
            let first = node(mc);
            let mut last = first;
            for _ in 1..objects {
                let next = node(mc);
                unlock!(Gc::write(mc, last), Node, next).set(Some(next));
                last = next;
            }
            Root { first: Some(first), all: None }
        })
    });
}
