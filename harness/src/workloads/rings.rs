//! Rings of 2 to 64 nodes, made and dropped beside a long-lived graph.
//!
//! Pure reference counting leaks every ring. A cycle detector must find them without walking the
//! long-lived graph each time, although every node of every ring points into it.

use gc_core::{Collector, Gc, Lock, Mutation, RefLock, Rootable, Trace, unlock};
use rand::RngExt;

use super::{Checksum, Parameters, Random};
use crate::measure::Instruments;

/// Rings that are alive at the same time.
pub(crate) const WINDOW: usize = 64;

/// Objects in the long-lived graph, where there are five times as many rings.
const VERTICES_MAX: usize = 10_000;

/// Edges of every object in the long-lived graph.
pub(crate) const EDGES: usize = 4;

/// The number of objects in the long-lived graph beside this many rings.
pub(crate) fn vertices(rings: usize) -> usize {
    (rings / 5).clamp(WINDOW, VERTICES_MAX)
}

/// The length of a ring, from the value of the node that is made first.
pub(crate) const fn length(value: u64) -> u64 {
    2 + value % 63
}

#[derive(Debug, Trace)]
struct Vertex<'gc> {
    weight: u64,
    edges: RefLock<Vec<Gc<'gc, Vertex<'gc>>>>,
}

#[derive(Debug, Trace)]
struct Link<'gc> {
    value: u64,
    anchor: Gc<'gc, Vertex<'gc>>,
    next: Lock<Option<Gc<'gc, Link<'gc>>>>,
}

#[derive(Debug, Trace)]
struct World<'gc> {
    graph: Gc<'gc, [Gc<'gc, Vertex<'gc>>]>,
    rings: Gc<'gc, [Lock<Option<Gc<'gc, Link<'gc>>>>]>,
}

impl<'gc> World<'gc> {
    fn new(mc: &'gc Mutation<'gc>, vertices: usize, random: &mut Random) -> Self {
        let graph = Gc::slice_from_fn(mc, vertices, |index| {
            Gc::new(
                mc,
                Vertex { weight: index as u64, edges: RefLock::new(Vec::with_capacity(EDGES)) },
            )
        });
        for &vertex in graph.iter() {
            let mut edges = unlock!(Gc::write(mc, vertex), Vertex, edges).borrow_mut();
            edges.extend((0..EDGES).map(|_| graph[random.random_range(0..vertices)]));
        }
        World { graph, rings: Gc::slice_from_fn(mc, WINDOW, |_| Lock::new(None)) }
    }

    /// Makes a ring: `first -> .. -> first`.
    fn ring(&self, mc: &'gc Mutation<'gc>, random: &mut Random) -> Gc<'gc, Link<'gc>> {
        let mut link = |next| {
            let anchor = self.graph[random.random_range(0..self.graph.len())];
            Gc::new(mc, Link { value: random.random(), anchor, next: Lock::new(next) })
        };
        let last = link(None);
        let mut first = last;
        for _ in 1..length(last.value) {
            first = link(Some(first));
        }
        unlock!(Gc::write(mc, last), Link, next).set(Some(first));
        first
    }
}

/// The values around a ring, and the weights of what its nodes are anchored to.
fn sum<'gc>(ring: Gc<'gc, Link<'gc>>) -> u64 {
    let mut sum = 0_u64;
    let mut link = ring;
    loop {
        let second = link.anchor.edges.borrow()[0].weight;
        sum = sum.rotate_left(1).wrapping_add(link.value ^ link.anchor.weight ^ second);
        match link.next.get() {
            Some(next) if !Gc::ptr_eq(next, ring) => link = next,
            _ => return sum,
        }
    }
}

/// Runs the workload; the scale is the number of rings.
pub fn run<C: Collector + Default>(
    parameters: &Parameters,
    instruments: &mut Instruments,
) -> Checksum {
    let vertices = vertices(parameters.scale);
    let mut random = parameters.random();
    let mut checksum = Checksum::default();
    let mut arena = instruments
        .arena::<Rootable!['gc => World<'gc>], C>(|mc| World::new(mc, vertices, &mut random));

    for _ in 0..parameters.scale {
        let dropped = arena.mutate(|mc, world| {
            let place = random.random_range(0..WINDOW);
            let old = world.rings[place].get();
            let ring = world.ring(mc, &mut random);
            if let Some(write) = Gc::write_at(mc, world.rings, place) {
                write.unlock().set(Some(ring));
            }
            old.map_or(0, sum)
        });
        checksum.add(dropped);
        instruments.tick(&mut arena);
    }

    arena.enter(|_, world| {
        checksum.extend(world.rings.iter().map(|ring| ring.get().map_or(0, sum)));
        checksum.extend(world.graph.iter().map(|vertex| vertex.edges.borrow().len() as u64));
    });
    instruments.retire(arena);
    checksum
}
