//! A node owns its subtrees; a tree is dropped by recursion, as deep as the tree.

use crate::workloads::binary_trees::rounds;
use crate::workloads::{Checksum, Parameters};

struct Tree {
    children: Option<[Box<Tree>; 2]>,
}

impl Tree {
    fn grow(depth: u32) -> Box<Self> {
        let children = (depth > 0).then(|| [Tree::grow(depth - 1), Tree::grow(depth - 1)]);
        Box::new(Tree { children })
    }

    fn count(&self) -> u64 {
        1 + self.children.iter().flatten().map(|child| child.count()).sum::<u64>()
    }
}

pub(super) fn run(parameters: &Parameters) -> Checksum {
    let depth_max = parameters.scale as u32;
    let mut checksum = Checksum::default();

    checksum.add(Tree::grow(depth_max + 1).count());
    let long_lived = Tree::grow(depth_max);

    for (depth, trees) in rounds(depth_max) {
        checksum.add((0..trees).map(|_| Tree::grow(depth).count()).sum());
    }

    checksum.add(long_lived.count());
    checksum
}

/// What is not yet part of a tree, and needs no box of its own until then.
#[derive(Default)]
struct Forest {
    stack: Vec<Tree>,
}

impl Forest {
    /// Makes a tree node by node, in post-order.
    fn grow(&mut self, depth: u32) -> Option<Tree> {
        for leaf in 1..=1_u64 << depth {
            self.stack.push(Tree { children: None });
            for _ in 0..leaf.trailing_zeros() {
                if let (Some(right), Some(left)) = (self.stack.pop(), self.stack.pop()) {
                    let children = [Box::new(left), Box::new(right)];
                    self.stack.push(Tree { children: Some(children) });
                }
            }
        }
        self.stack.pop()
    }

    fn grow_and_count(&mut self, depth: u32) -> u64 {
        self.grow(depth).map_or(0, |tree| tree.count())
    }
}

/// The same trees, made one node after the other. There are no safepoints here.
pub(super) fn run_rooted(parameters: &Parameters) -> Checksum {
    let depth_max = parameters.scale as u32;
    let mut checksum = Checksum::default();
    let mut forest = Forest::default();

    checksum.add(forest.grow_and_count(depth_max + 1));
    let long_lived = forest.grow(depth_max);

    for (depth, trees) in rounds(depth_max) {
        checksum.add((0..trees).map(|_| forest.grow_and_count(depth)).sum());
    }

    checksum.add(long_lived.map_or(0, |tree| tree.count()));
    checksum
}
