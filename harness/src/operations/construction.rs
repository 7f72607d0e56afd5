//! Heaps that only grow, and heaps of many edges: shapes in which CPython's collector is known to
//! work hard.

use gc_core::{Arena, Collector, Gc, Lock, Rootable, Trace, unlock};

use super::Meter;
use super::nodes::Node;

/// Objects that are made in one `mutate`.
const BATCH: usize = 1000;

#[derive(Debug, Trace)]
struct Batch<'gc> {
    nodes: Gc<'gc, [Gc<'gc, Node<'gc>>]>,
    before: Option<Gc<'gc, Batch<'gc>>>,
}

type Growing<C> = Arena<Rootable!['gc => Option<Gc<'gc, Batch<'gc>>>], C>;

/// Makes objects that all live, with automatic collection.
pub(super) fn build<C: Collector + Default>(objects: usize, meter: &mut Meter) {
    build_with::<C>(objects, meter, |_| ());
}

/// The same, with automatic collection disabled.
pub(super) fn build_disabled<C: Collector + Default>(objects: usize, meter: &mut Meter) {
    build_with::<C>(objects, meter, Arena::disable);
}

fn build_with<C: Collector + Default>(
    objects: usize,
    meter: &mut Meter,
    set_up: fn(&mut Growing<C>),
) {
    let batches = objects.div_ceil(BATCH);
    meter.repeat_prepared(
        batches * BATCH,
        &mut None,
        |arena: &mut Option<Growing<C>>| {
            *arena = None;
            set_up(arena.insert(Arena::new(|_| None)));
        },
        |arena| {
            let arena = arena.as_mut().expect("it was prepared");
            for _ in 0..batches {
                arena.mutate_root(|mc, last| {
                    let nodes =
                        Gc::slice_from_fn(mc, BATCH, |number| Gc::new(mc, Node::new(number)));
                    *last = Some(Gc::new(mc, Batch { nodes, before: *last }));
                });
            }
        },
    );
}

type Edges<'gc> = Gc<'gc, [Gc<'gc, Hub<'gc>>]>;

#[derive(Debug, Trace)]
struct Hub<'gc> {
    edges: Lock<Option<Edges<'gc>>>,
}

/// Edges of every hub.
const EDGES_PER_HUB: usize = 500;

/// A full collection of hubs that refer to each other through arrays, per edge.
pub(super) fn edges<C: Collector + Default>(edges: usize, meter: &mut Meter) {
    let count = edges.div_ceil(EDGES_PER_HUB);
    let mut arena = Arena::<Rootable!['gc => Edges<'gc>], C>::new(|mc| {
        let hubs = Gc::slice_from_fn(mc, count, |_| Gc::new(mc, Hub { edges: Lock::new(None) }));
        for (place, &hub) in hubs.iter().enumerate() {
            let edges = Gc::slice_from_fn(mc, EDGES_PER_HUB, |edge| hubs[(place + edge) % count]);
            unlock!(Gc::write(mc, hub), Hub, edges).set(Some(edges));
        }
        hubs
    });
    arena.collect();
    meter.repeat(count * EDGES_PER_HUB, || arena.collect());
}
