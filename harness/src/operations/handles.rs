//! Roots outside of the arena.

use std::hint::black_box;

use gc_core::{Collector, DynamicRoot, Rootable};

use super::Meter;
use super::nodes::{Node, cells};

type Handle = DynamicRoot<Rootable!['gc => Node<'gc>]>;

/// A handle, made and dropped.
pub(super) fn stash<C: Collector + Default>(objects: usize, meter: &mut Meter) {
    let mut arena = cells::<C>(objects);
    meter.repeat(objects, || {
        arena.mutate(|mc, nodes| {
            for &node in nodes.iter() {
                drop::<Handle>(black_box(mc.stash(node)));
            }
        });
    });
}

/// A copy of a handle, made and dropped.
pub(super) fn clone<C: Collector + Default>(objects: usize, meter: &mut Meter) {
    let mut arena = cells::<C>(objects);
    let handles: Vec<Handle> =
        arena.mutate(|mc, nodes| nodes.iter().map(|&node| mc.stash(node)).collect());
    meter.repeat(objects, || {
        for handle in &handles {
            drop(black_box(handle.clone()));
        }
    });
}
