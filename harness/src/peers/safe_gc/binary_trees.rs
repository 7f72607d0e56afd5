//! The same trees as ours. A subtree is rooted until it is part of a tree.

use safe_gc::{Collector, Gc, Heap, Root, Trace};

use crate::workloads::binary_trees::rounds;
use crate::workloads::{Checksum, Parameters};

struct Tree {
    children: Option<[Gc<Tree>; 2]>,
}

impl Trace for Tree {
    fn trace(&self, collector: &mut Collector) {
        self.children.iter().flatten().for_each(|&child| collector.edge(child));
    }
}

impl Tree {
    fn leaf(heap: &mut Heap) -> Root<Self> {
        heap.alloc(Tree { children: None })
    }

    fn join(heap: &mut Heap, left: &Root<Self>, right: &Root<Self>) -> Root<Self> {
        heap.alloc(Tree { children: Some([left.unrooted(), right.unrooted()]) })
    }

    fn grow(heap: &mut Heap, depth: u32) -> Root<Self> {
        if depth == 0 {
            return Tree::leaf(heap);
        }
        let left = Tree::grow(heap, depth - 1);
        let right = Tree::grow(heap, depth - 1);
        Tree::join(heap, &left, &right)
    }

    fn count(&self, heap: &Heap) -> u64 {
        1 + self.children.iter().flatten().map(|&child| heap[child].count(heap)).sum::<u64>()
    }
}

fn count(heap: &Heap, tree: &Root<Tree>) -> u64 {
    heap[tree].count(heap)
}

pub(super) fn run(parameters: &Parameters) -> Checksum {
    let depth_max = parameters.scale as u32;
    let mut checksum = Checksum::default();
    let mut heap = Heap::new();

    let stretch = Tree::grow(&mut heap, depth_max + 1);
    checksum.add(count(&heap, &stretch));
    drop(stretch);
    let long_lived = Tree::grow(&mut heap, depth_max);

    for (depth, trees) in rounds(depth_max) {
        let mut nodes = 0;
        for _ in 0..trees {
            let tree = Tree::grow(&mut heap, depth);
            nodes += count(&heap, &tree);
        }
        checksum.add(nodes);
    }

    checksum.add(count(&heap, &long_lived));
    checksum
}

/// What is not yet part of a tree.
#[derive(Default)]
struct Forest {
    heap: Heap,
    stack: Vec<Root<Tree>>,
}

impl Forest {
    /// Makes a tree node by node, in post-order.
    fn grow(&mut self, depth: u32) -> Option<Root<Tree>> {
        for leaf in 1..=1_u64 << depth {
            self.stack.push(Tree::leaf(&mut self.heap));
            for _ in 0..leaf.trailing_zeros() {
                if let (Some(right), Some(left)) = (self.stack.pop(), self.stack.pop()) {
                    self.stack.push(Tree::join(&mut self.heap, &left, &right));
                }
            }
        }
        self.stack.pop()
    }

    fn grow_and_count(&mut self, depth: u32) -> u64 {
        self.grow(depth).map_or(0, |tree| count(&self.heap, &tree))
    }
}

/// The same trees, made one node after the other. Every allocation may collect, anyway.
pub(super) fn run_rooted(parameters: &Parameters) -> Checksum {
    let depth_max = parameters.scale as u32;
    let mut checksum = Checksum::default();
    let mut forest = Forest::default();

    checksum.add(forest.grow_and_count(depth_max + 1));
    let long_lived = forest.grow(depth_max);

    for (depth, trees) in rounds(depth_max) {
        checksum.add((0..trees).map(|_| forest.grow_and_count(depth)).sum());
    }

    checksum.add(long_lived.map_or(0, |tree| count(&forest.heap, &tree)));
    checksum
}
