//! What most operations work on: an array of old nodes, and an order in which they are met.

use gc_core::{Arena, Collector, Gc, Lock, Rootable, Trace, unlock};

/// Two words: a number and a reference.
#[derive(Debug, Trace)]
pub(super) struct Node<'gc> {
    pub(super) number: u64,
    pub(super) next: Lock<Option<Gc<'gc, Node<'gc>>>>,
}

impl<'gc> Node<'gc> {
    pub(super) fn new(number: usize) -> Self {
        Node { number: number as u64, next: Lock::new(None) }
    }
}

/// The root of most operations: an array of nodes.
pub(super) type Nodes = Rootable!['gc => Gc<'gc, [Gc<'gc, Node<'gc>>]>];

/// An arena with a chain of old nodes, `nodes[0] -> nodes[1] -> ..`, all of them also in the array
/// that is the root. They lie in the order of the chain.
pub(super) fn chain<C: Collector + Default>(count: usize) -> Arena<Nodes, C> {
    let mut arena = Arena::<Nodes, C>::new(|mc| {
        let nodes = Gc::slice_from_fn(mc, count, |index| Gc::new(mc, Node::new(index)));
        for pair in nodes.windows(2) {
            unlock!(Gc::write(mc, pair[0]), Node, next).set(Some(pair[1]));
        }
        nodes
    });
    arena.collect();
    arena
}

/// An arena with old nodes that refer to nothing.
pub(super) fn cells<C: Collector + Default>(count: usize) -> Arena<Nodes, C> {
    let mut arena = Arena::<Nodes, C>::new(|mc| {
        Gc::slice_from_fn(mc, count, |index| Gc::new(mc, Node::new(index)))
    });
    arena.collect();
    arena
}

/// The places of an array of `count`, a power of two, each once, in an order that no prefetcher
/// guesses, that costs two instructions, and that is another one in each round: what one round has
/// allocated in order the next one does not meet in order.
///
/// A linear congruential generator has full period for every power of two if its increment is odd
/// and its multiplier one more than a multiple of four (Hull and Dobell, "Random number generators",
/// 1962).
pub(super) fn scattered(count: usize, round: usize) -> impl Iterator<Item = usize> {
    let multiplier = 1_664_525 + 4 * (round % 1024);
    let next = move |place: &usize| {
        Some(place.wrapping_mul(multiplier).wrapping_add(1_013_904_223) & (count - 1))
    };
    std::iter::successors(Some(0), next).take(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scattered_order_meets_every_place_once() {
        for count in [1, 2, 64, 1024] {
            for round in 0..5 {
                let mut places: Vec<_> = scattered(count, round).collect();
                places.sort_unstable();
                assert!(places.into_iter().eq(0..count), "{count}");
            }
        }
        assert!(!scattered(64, 0).eq(scattered(64, 1)));
    }
}
