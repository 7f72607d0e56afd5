//! The long-lived graph is one rooted object, and each ring is held by a `Root` of one of its links.

use rand::RngExt;
use safe_gc::{Collector, Gc, Heap, Root, Trace};

use crate::workloads::rings::{EDGES, WINDOW, length, vertices};
use crate::workloads::{Checksum, Parameters, Random};

struct Vertex {
    weight: u64,
    edges: Vec<Gc<Vertex>>,
}

impl Trace for Vertex {
    fn trace(&self, collector: &mut Collector) {
        self.edges.iter().for_each(|&vertex| collector.edge(vertex));
    }
}

struct Graph {
    vertices: Vec<Gc<Vertex>>,
}

impl Trace for Graph {
    fn trace(&self, collector: &mut Collector) {
        self.vertices.iter().for_each(|&vertex| collector.edge(vertex));
    }
}

struct Link {
    value: u64,
    anchor: Gc<Vertex>,
    next: Option<Gc<Link>>,
}

impl Trace for Link {
    fn trace(&self, collector: &mut Collector) {
        collector.edge(self.anchor);
        if let Some(next) = self.next {
            collector.edge(next);
        }
    }
}

struct World {
    heap: Heap,
    graph: Root<Graph>,
}

impl World {
    fn new(vertices: usize, random: &mut Random) -> Self {
        let mut heap = Heap::new();
        let graph = heap.alloc(Graph { vertices: Vec::with_capacity(vertices) });
        for index in 0..vertices as u64 {
            let vertex = heap.alloc(Vertex { weight: index, edges: Vec::with_capacity(EDGES) });
            heap[&graph].vertices.push(vertex.unrooted());
        }
        for index in 0..vertices {
            let vertex = heap[&graph].vertices[index];
            for _ in 0..EDGES {
                let target = heap[&graph].vertices[random.random_range(0..vertices)];
                heap[vertex].edges.push(target);
            }
        }
        World { heap, graph }
    }

    fn link(&mut self, next: Option<&Root<Link>>, random: &mut Random) -> Root<Link> {
        let vertices = &self.heap[&self.graph].vertices;
        let anchor = vertices[random.random_range(0..vertices.len())];
        self.heap.alloc(Link { value: random.random(), anchor, next: next.map(Root::unrooted) })
    }

    /// Makes a ring: `first -> .. -> first`.
    fn ring(&mut self, random: &mut Random) -> Root<Link> {
        let mut first = self.link(None, random);
        let last = first.unrooted();
        for _ in 1..length(self.heap[last].value) {
            first = self.link(Some(&first), random);
        }
        self.heap[last].next = Some(first.unrooted());
        first
    }

    /// The values around a ring, and the weights of what its nodes are anchored to.
    fn sum(&self, ring: &Root<Link>) -> u64 {
        let ring = ring.unrooted();
        let mut sum = 0_u64;
        let mut link = &self.heap[ring];
        loop {
            let anchor = &self.heap[link.anchor];
            let second = self.heap[anchor.edges[0]].weight;
            sum = sum.rotate_left(1).wrapping_add(link.value ^ anchor.weight ^ second);
            match link.next {
                Some(next) if next != ring => link = &self.heap[next],
                _ => return sum,
            }
        }
    }
}

pub(super) fn run(parameters: &Parameters) -> Checksum {
    let mut random = parameters.random();
    let mut checksum = Checksum::default();
    let mut world = World::new(vertices(parameters.scale), &mut random);
    let mut rings = [const { None::<Root<Link>> }; WINDOW];

    for _ in 0..parameters.scale {
        let place = random.random_range(0..WINDOW);
        let ring = world.ring(&mut random);
        let old = rings[place].replace(ring);
        checksum.add(old.map_or(0, |old| world.sum(&old)));
    }

    checksum.extend(rings.iter().map(|ring| ring.as_ref().map_or(0, |ring| world.sum(ring))));
    let vertices = &world.heap[&world.graph].vertices;
    checksum.extend(vertices.iter().map(|&vertex| world.heap[vertex].edges.len() as u64));
    checksum
}
