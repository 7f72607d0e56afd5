//! Full collections of heaps in which everything lives, per object.

use gc_core::{Arena, Collector, Gc, Lock, Rootable, Trace, unlock};
use rand::SeedableRng;
use rand::seq::SliceRandom;

use super::Meter;
use super::nodes::{Node, cells, chain};
use crate::workloads::Random;

/// A cache line with its header: two million are 128 MB.
#[derive(Debug, Trace)]
struct Padded<'gc> {
    number: u64,
    next: Lock<Option<Gc<'gc, Padded<'gc>>>>,
    payload: [u64; 5],
}

type Chain = Rootable!['gc => Gc<'gc, Padded<'gc>>];

/// A chain whose order in memory is random. Nothing but the chain leads to its objects.
fn random_chain<C: Collector + Default>(objects: usize) -> Arena<Chain, C> {
    let mut order: Vec<usize> = (0..objects).collect();
    order.shuffle(&mut Random::seed_from_u64(0));
    let mut arena = Arena::<Chain, C>::new(|mc| {
        let all = Gc::slice_from_fn(mc, objects, |index| {
            Gc::new(mc, Padded { number: index as u64, next: Lock::new(None), payload: [0; 5] })
        });
        for pair in order.windows(2) {
            unlock!(Gc::write(mc, all[pair[0]]), Padded, next).set(Some(all[pair[1]]));
        }
        all[order[0]]
    });
    arena.collect();
    arena
}

/// The numbers along a chain, added up.
fn chase<C: Collector>(arena: &Arena<Chain, C>) -> u64 {
    arena.enter(|_, &first| {
        std::iter::successors(Some(first), |object| object.next.get())
            .map(|object| object.number + object.payload[0])
            .sum()
    })
}

fn sum_to(objects: usize) -> u64 {
    (0..objects as u64).sum()
}

/// A chain in the order of memory, all of it in an array, too.
pub(super) fn sequential<C: Collector + Default>(objects: usize, meter: &mut Meter) {
    let mut arena = chain::<C>(objects);
    meter.repeat(objects, || arena.collect());
}

/// A chain in random order.
pub(super) fn random<C: Collector + Default>(objects: usize, meter: &mut Meter) {
    let mut arena = random_chain::<C>(objects);
    meter.repeat(objects, || arena.collect());
    assert_eq!(chase(&arena), sum_to(objects), "everything lives");
}

/// The mutator's walk along the chain of [`random`]: what the memory alone costs.
pub(super) fn chase_random<C: Collector + Default>(objects: usize, meter: &mut Meter) {
    let arena = random_chain::<C>(objects);
    assert_eq!(chase(&arena), sum_to(objects), "the chain is whole");
    meter.repeat(objects, || chase(&arena));
}

/// One array of objects that refer to nothing.
pub(super) fn wide<C: Collector + Default>(objects: usize, meter: &mut Meter) {
    let mut arena = cells::<C>(objects);
    meter.repeat(objects, || arena.collect());
}

/// A chain in the order of memory, of which only the first object is held otherwise.
pub(super) fn deep<C: Collector + Default>(objects: usize, meter: &mut Meter) {
    let mut arena = Arena::<Rootable!['gc => Gc<'gc, Node<'gc>>], C>::new(|mc| {
        let first = Gc::new(mc, Node::new(0));
        let mut last = first;
        for number in 1..objects {
            let node = Gc::new(mc, Node::new(number));
            unlock!(Gc::write(mc, last), Node, next).set(Some(node));
            last = node;
        }
        first
    });
    arena.collect();
    meter.repeat(objects, || arena.collect());
}
