//! One rooted object has all nodes.

use rand::RngExt;
use safe_gc::{Collector, Gc, Heap, Root, Trace};

use crate::workloads::graph::{EDGES, REPLACE_ONE_IN, REWRITES_PER_NODE};
use crate::workloads::{Checksum, Parameters, Random};

struct Node {
    version: u64,
    edges: [Option<Gc<Node>>; EDGES],
}

impl Trace for Node {
    fn trace(&self, collector: &mut Collector) {
        self.edges.iter().flatten().for_each(|&target| collector.edge(target));
    }
}

struct Table {
    nodes: Vec<Gc<Node>>,
}

impl Trace for Table {
    fn trace(&self, collector: &mut Collector) {
        self.nodes.iter().for_each(|&node| collector.edge(node));
    }
}

/// Points one edge of a node somewhere else.
fn rewrite(heap: &mut Heap, table: &Root<Table>, random: &mut Random) {
    let nodes = &heap[table].nodes;
    let [node, target] = [(); 2].map(|()| nodes[random.random_range(0..nodes.len())]);
    heap[node].edges[random.random_range(0..EDGES)] = Some(target);
}

/// Puts a copy of a node in its place.
fn replace(heap: &mut Heap, table: &Root<Table>, random: &mut Random) {
    let nodes = &heap[table].nodes;
    let index = random.random_range(0..nodes.len());
    let Node { version, edges } = heap[nodes[index]];
    let version = version + nodes.len() as u64;
    // The old node is still in the table, so that the allocation collects none of its edges.
    let new = heap.alloc(Node { version, edges });
    heap[table].nodes[index] = new.unrooted();
}

pub(super) fn run(parameters: &Parameters) -> Checksum {
    let nodes = parameters.scale;
    let mut random = parameters.random();
    let mut checksum = Checksum::default();
    let mut heap = Heap::new();
    let table = heap.alloc(Table { nodes: Vec::with_capacity(nodes) });
    for index in 0..nodes as u64 {
        let node = heap.alloc(Node { version: index, edges: [None; EDGES] });
        heap[&table].nodes.push(node.unrooted());
    }

    (0..nodes * EDGES).for_each(|_| rewrite(&mut heap, &table, &mut random));
    for _ in 0..nodes * REWRITES_PER_NODE {
        match random.random_range(0..REPLACE_ONE_IN) {
            0 => replace(&mut heap, &table, &mut random),
            _ => rewrite(&mut heap, &table, &mut random),
        }
    }

    for &node in &heap[&table].nodes {
        let Node { version, edges } = &heap[node];
        checksum.add(*version);
        checksum.extend(edges.iter().flatten().map(|&target| heap[target].version));
    }
    checksum
}
