//! The long-lived graph and the rings are in the root.

use gc_arena::barrier::unlock;
use gc_arena::lock::{Lock, RefLock};
use gc_arena::{Collect, Gc, Mutation, Rootable};
use rand::RngExt;

use crate::workloads::rings::{EDGES, WINDOW, length, vertices};
use crate::workloads::{Checksum, Parameters, Random};

#[derive(Collect)]
#[collect(no_drop)]
struct Vertex<'gc> {
    weight: u64,
    edges: RefLock<Vec<Gc<'gc, Vertex<'gc>>>>,
}

#[derive(Collect)]
#[collect(no_drop)]
struct Link<'gc> {
    value: u64,
    anchor: Gc<'gc, Vertex<'gc>>,
    next: Lock<Option<Gc<'gc, Link<'gc>>>>,
}

#[derive(Collect)]
#[collect(no_drop)]
struct World<'gc> {
    graph: Vec<Gc<'gc, Vertex<'gc>>>,
    rings: [Option<Gc<'gc, Link<'gc>>>; WINDOW],
}

impl<'gc> World<'gc> {
    fn new(mc: &Mutation<'gc>, vertices: usize, random: &mut Random) -> Self {
        let vertex = |index| {
            let edges = RefLock::new(Vec::with_capacity(EDGES));
            Gc::new(mc, Vertex { weight: index as u64, edges })
        };
        let graph: Vec<_> = (0..vertices).map(vertex).collect();
        for &vertex in &graph {
            let mut edges = unlock!(Gc::write(mc, vertex), Vertex, edges).borrow_mut();
            edges.extend((0..EDGES).map(|_| graph[random.random_range(0..vertices)]));
        }
        World { graph, rings: [None; WINDOW] }
    }

    /// Makes a ring: `first -> .. -> first`.
    fn ring(&self, mc: &Mutation<'gc>, random: &mut Random) -> Gc<'gc, Link<'gc>> {
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

pub(super) fn run(parameters: &Parameters) -> Checksum {
    let vertices = vertices(parameters.scale);
    let mut random = parameters.random();
    let mut checksum = Checksum::default();
    let mut arena =
        super::arena::<Rootable!['gc => World<'gc>]>(|mc| World::new(mc, vertices, &mut random));

    for _ in 0..parameters.scale {
        let dropped = arena.mutate_root(|mc, world| {
            let place = random.random_range(0..WINDOW);
            let ring = world.ring(mc, &mut random);
            world.rings[place].replace(ring).map_or(0, sum)
        });
        arena.collect_debt();
        checksum.add(dropped);
    }

    arena.mutate(|_, world| {
        checksum.extend(world.rings.iter().map(|ring| ring.map_or(0, sum)));
        checksum.extend(world.graph.iter().map(|vertex| vertex.edges.borrow().len() as u64));
    });
    checksum
}
