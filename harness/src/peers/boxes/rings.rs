//! The long-lived graph is a `Vec` whose vertices know each other by index; a ring is a `Vec`, too,
//! and owns its links: what is behind the last is the first.

use rand::RngExt;

use crate::workloads::rings::{EDGES, WINDOW, length, vertices};
use crate::workloads::{Checksum, Parameters, Random};

struct Vertex {
    weight: u64,
    /// Indices of other vertices.
    edges: Vec<u32>,
}

struct Link {
    value: u64,
    /// The index of a vertex.
    anchor: u32,
}

/// The link that was made first is the first element here, and the last of the ring.
type Ring = Vec<Link>;

struct World {
    graph: Vec<Vertex>,
    rings: Vec<Option<Ring>>,
}

impl World {
    fn new(vertices: usize, random: &mut Random) -> Self {
        let vertex = |index| Vertex {
            weight: index as u64,
            edges: (0..EDGES).map(|_| random.random_range(0..vertices) as u32).collect(),
        };
        World {
            graph: (0..vertices).map(vertex).collect(),
            rings: (0..WINDOW).map(|_| None).collect(),
        }
    }

    fn ring(&self, random: &mut Random) -> Ring {
        let mut link = || {
            let anchor = random.random_range(0..self.graph.len()) as u32;
            Link { value: random.random(), anchor }
        };
        let last = link();
        let length = length(last.value) as usize;
        let mut ring = Vec::with_capacity(length);
        ring.push(last);
        ring.extend((1..length).map(|_| link()));
        ring
    }

    /// The values around a ring, and the weights of what its nodes are anchored to.
    fn sum(&self, ring: &Ring) -> u64 {
        ring.iter().rev().fold(0_u64, |sum, link| {
            let anchor = &self.graph[link.anchor as usize];
            let second = self.graph[anchor.edges[0] as usize].weight;
            sum.rotate_left(1).wrapping_add(link.value ^ anchor.weight ^ second)
        })
    }
}

pub(super) fn run(parameters: &Parameters) -> Checksum {
    let mut random = parameters.random();
    let mut checksum = Checksum::default();
    let mut world = World::new(vertices(parameters.scale), &mut random);

    for _ in 0..parameters.scale {
        let place = random.random_range(0..WINDOW);
        let ring = world.ring(&mut random);
        let old = world.rings[place].replace(ring);
        checksum.add(old.map_or(0, |old| world.sum(&old)));
    }

    let sums = world.rings.iter().map(|ring| ring.as_ref().map_or(0, |ring| world.sum(ring)));
    checksum.extend(sums);
    checksum.extend(world.graph.iter().map(|vertex| vertex.edges.len() as u64));
    checksum
}
