//! One region is reset after each tree; the trees that live longer have regions of their own.

use bumpalo::Bump;

use crate::workloads::binary_trees::rounds;
use crate::workloads::{Checksum, Parameters};

struct Tree<'region> {
    children: Option<[&'region Tree<'region>; 2]>,
}

impl<'region> Tree<'region> {
    fn grow(region: &'region Bump, depth: u32) -> &'region Self {
        let children =
            (depth > 0).then(|| [Tree::grow(region, depth - 1), Tree::grow(region, depth - 1)]);
        region.alloc(Tree { children })
    }

    /// Makes a tree node by node, in post-order.
    fn grow_by_node(region: &'region Bump, depth: u32) -> Option<&'region Self> {
        let mut stack: Vec<&Tree<'_>> = Vec::with_capacity(depth as usize + 1);
        for leaf in 1..=1_u64 << depth {
            stack.push(region.alloc(Tree { children: None }));
            for _ in 0..leaf.trailing_zeros() {
                if let (Some(right), Some(left)) = (stack.pop(), stack.pop()) {
                    stack.push(region.alloc(Tree { children: Some([left, right]) }));
                }
            }
        }
        stack.pop()
    }

    fn count(&self) -> u64 {
        1 + self.children.iter().flatten().map(|child| child.count()).sum::<u64>()
    }
}

pub(super) fn run(parameters: &Parameters) -> Checksum {
    let depth_max = parameters.scale as u32;
    let mut checksum = Checksum::default();

    checksum.add(Tree::grow(&Bump::new(), depth_max + 1).count());
    let region = Bump::new();
    let long_lived = Tree::grow(&region, depth_max);

    let mut region_of_one = Bump::new();
    for (depth, trees) in rounds(depth_max) {
        let mut nodes = 0;
        for _ in 0..trees {
            nodes += Tree::grow(&region_of_one, depth).count();
            region_of_one.reset();
        }
        checksum.add(nodes);
    }

    checksum.add(long_lived.count());
    checksum
}

/// The same trees, made one node after the other. There are no safepoints here.
pub(super) fn run_rooted(parameters: &Parameters) -> Checksum {
    let depth_max = parameters.scale as u32;
    let mut checksum = Checksum::default();
    let count = |tree: Option<&Tree<'_>>| tree.map_or(0, Tree::count);

    checksum.add(count(Tree::grow_by_node(&Bump::new(), depth_max + 1)));
    let region = Bump::new();
    let long_lived = Tree::grow_by_node(&region, depth_max);

    let mut region_of_one = Bump::new();
    for (depth, trees) in rounds(depth_max) {
        let mut nodes = 0;
        for _ in 0..trees {
            nodes += count(Tree::grow_by_node(&region_of_one, depth));
            region_of_one.reset();
        }
        checksum.add(nodes);
    }

    checksum.add(count(long_lived));
    checksum
}
