//! Small `mutate`s, each with its safepoint.

use std::hint::black_box;

use gc_core::{Collector, Gc, unlock};

use super::Meter;
use super::nodes::{Node, cells, scattered};

/// A `mutate` that does nothing.
pub(super) fn empty<C: Collector + Default>(objects: usize, meter: &mut Meter) {
    let mut arena = cells::<C>(objects);
    meter.repeat(objects, || {
        for _ in 0..objects {
            arena.mutate(|_, nodes| {
                black_box(nodes);
            });
        }
    });
}

/// A `mutate` that makes one object and forgets it.
pub(super) fn temporary<C: Collector + Default>(objects: usize, meter: &mut Meter) {
    let mut arena = cells::<C>(objects);
    meter.repeat(objects, || {
        for number in 0..objects {
            arena.mutate(|mc, _| {
                black_box(Gc::new(mc, Node::new(number)));
            });
        }
    });
}

/// A `mutate` that makes one object, links it into an old one and so makes another garbage.
pub(super) fn replacing<C: Collector + Default>(objects: usize, meter: &mut Meter) {
    let objects = objects.next_power_of_two();
    let mut arena = cells::<C>(objects);
    let mut round = 0;
    meter.repeat(objects, || {
        round += 1;
        for place in scattered(objects, round) {
            arena.mutate(|mc, nodes| {
                let new = Gc::new(mc, Node::new(place));
                unlock!(Gc::write(mc, nodes[place]), Node, next).set(Some(new));
            });
        }
    });
}
