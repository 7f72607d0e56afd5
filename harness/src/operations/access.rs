//! Reading references and writing them: dereference and write barrier.

use std::iter::successors;

use gc_core::{Collector, Gc, unlock};

use super::Meter;
use super::nodes::{Node, chain};

/// A walk along a chain: one dependent load each.
pub(super) fn dereference<C: Collector + Default>(objects: usize, meter: &mut Meter) {
    let arena = chain::<C>(objects);
    meter.repeat(objects, || {
        arena.enter(|_, nodes| {
            successors(nodes.first().copied(), |node| node.next.get())
                .map(|node| node.number)
                .sum::<u64>()
        })
    });
}

/// The first store since the last collection into each of many old objects.
pub(super) fn barrier_first<C: Collector + Default>(objects: usize, meter: &mut Meter) {
    let mut arena = chain::<C>(objects);
    meter.repeat(objects, || {
        arena.mutate(|mc, nodes| {
            for &node in nodes.iter() {
                let next = node.next.get();
                unlock!(Gc::write(mc, node), Node, next).set(next);
            }
        });
        // A collector that is not prompt empties its log here, and only here.
        if !C::ATTRIBUTES.prompt {
            arena.collect_generation(0);
        }
    });
}

/// Stores into an old object that was stored into already.
pub(super) fn barrier_repeated<C: Collector + Default>(objects: usize, meter: &mut Meter) {
    let mut arena = chain::<C>(objects);
    meter.repeat(objects, || {
        arena.mutate(|mc, nodes| {
            let node = nodes[0];
            for &next in nodes.iter() {
                unlock!(Gc::write(mc, node), Node, next).set(Some(next));
            }
        });
    });
}
