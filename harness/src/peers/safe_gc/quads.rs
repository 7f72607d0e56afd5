//! A piece is rooted until it hangs in the tree, and so is each of its subtrees.

use rand::RngExt;
use safe_gc::{Collector, Gc, Heap, Root, Trace};

use crate::workloads::quads::{piece_level, rebuilds};
use crate::workloads::{Checksum, Parameters, Random};

struct Quad {
    children: [Option<Gc<Quad>>; 4],
}

impl Trace for Quad {
    fn trace(&self, collector: &mut Collector) {
        self.children.iter().flatten().for_each(|&child| collector.edge(child));
    }
}

impl Quad {
    fn grow(heap: &mut Heap, depth: u32) -> Root<Self> {
        let rooted = [(); 4].map(|()| (depth > 0).then(|| Quad::grow(heap, depth - 1)));
        let children = rooted.each_ref().map(|child| child.as_ref().map(Root::unrooted));
        heap.alloc(Quad { children })
    }

    fn count(&self, heap: &Heap) -> u64 {
        1 + self.children.iter().flatten().map(|&child| heap[child].count(heap)).sum::<u64>()
    }
}

/// Replaces a random subtree `level` levels down by a new one and returns the number of nodes of
/// the old one.
fn rebuild(heap: &mut Heap, root: Gc<Quad>, level: u32, depth: u32, random: &mut Random) -> u64 {
    let mut parent = root;
    for _ in 1..level {
        match heap[parent].children[random.random_range(0..4)] {
            Some(child) => parent = child,
            None => return 0,
        }
    }
    let place = random.random_range(0..4);
    let new = Quad::grow(heap, depth - level);
    let old = heap[parent].children[place].replace(new.unrooted());
    old.map_or(0, |old| heap[old].count(heap))
}

pub(super) fn run(parameters: &Parameters) -> Checksum {
    let depth = parameters.scale as u32;
    let level = piece_level(depth);
    let mut random = parameters.random();
    let mut checksum = Checksum::default();
    let mut heap = Heap::new();
    let root = Quad::grow(&mut heap, depth);

    for _ in 0..rebuilds(depth) {
        checksum.add(rebuild(&mut heap, root.unrooted(), level, depth, &mut random));
    }

    checksum.add(heap[&root].count(&heap));
    checksum.add(random.random());
    checksum
}
