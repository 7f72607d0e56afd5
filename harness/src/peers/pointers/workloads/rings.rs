//! See `workloads::rings`.

use rand::RngExt;

use super::{Gc, GcCell, collect, safepoint, set_up};
use crate::workloads::rings::{EDGES, WINDOW, length, vertices};
use crate::workloads::{Checksum, Parameters, Random};

traced! {
    struct Vertex {
        weight: u64,
        edges: GcCell<Vec<Gc<Vertex>>>,
    }
}

traced! {
    struct Link {
        value: u64,
        anchor: Gc<Vertex>,
        next: GcCell<Option<Gc<Link>>>,
    }
}

/// A ring, and how many nodes it has.
struct Ring {
    first: Gc<Link>,
    length: usize,
}

fn graph(vertices: usize, random: &mut Random) -> Vec<Gc<Vertex>> {
    let graph: Vec<_> = (0..vertices as u64)
        .map(|weight| Gc::new(Vertex { weight, edges: GcCell::new(Vec::with_capacity(EDGES)) }))
        .collect();
    for vertex in &graph {
        let targets = (0..EDGES).map(|_| Gc::clone(&graph[random.random_range(0..vertices)]));
        vertex.edges.borrow_mut().extend(targets);
    }
    graph
}

impl Ring {
    /// Makes a ring: `first -> .. -> first`.
    fn new(graph: &[Gc<Vertex>], random: &mut Random) -> Self {
        let mut link = |next| {
            let anchor = Gc::clone(&graph[random.random_range(0..graph.len())]);
            Gc::new(Link { value: random.random(), anchor, next: GcCell::new(next) })
        };
        let last = link(None);
        let length = length(last.value) as usize;
        let mut first = Gc::clone(&last);
        for _ in 1..length {
            first = link(Some(first));
        }
        *last.next.borrow_mut() = Some(Gc::clone(&first));
        Ring { first, length }
    }

    /// The values around a ring, and the weights of what its nodes are anchored to.
    fn sum(&self) -> u64 {
        self.add_from(&self.first, 0)
    }

    fn add_from(&self, link: &Link, sum: u64) -> u64 {
        let second = link.anchor.edges.borrow()[0].weight;
        let sum = sum.rotate_left(1).wrapping_add(link.value ^ link.anchor.weight ^ second);
        match &*link.next.borrow() {
            Some(next) if !Gc::ptr_eq(next, &self.first) => self.add_from(next, sum),
            _ => sum,
        }
    }
}

pub(in crate::peers::pointers) fn run(parameters: &Parameters) -> Checksum {
    set_up();
    let vertices = vertices(parameters.scale);
    let mut random = parameters.random();
    let mut checksum = Checksum::default();
    let graph = graph(vertices, &mut random);
    let mut rings: Vec<Option<Ring>> = (0..WINDOW).map(|_| None).collect();

    for _ in 0..parameters.scale {
        let place = random.random_range(0..WINDOW);
        let ring = Ring::new(&graph, &mut random);
        let old = rings[place].replace(ring);
        checksum.add(old.as_ref().map_or(0, Ring::sum));
        safepoint(old.map_or(0, |old| old.length));
    }

    checksum.extend(rings.iter().map(|ring| ring.as_ref().map_or(0, Ring::sum)));
    checksum.extend(graph.iter().map(|vertex| vertex.edges.borrow().len() as u64));
    drop((graph, rings));
    collect();
    checksum
}
