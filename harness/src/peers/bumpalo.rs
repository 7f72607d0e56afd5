//! Regions: every tree has a region of its own, as the fastest Rust entries of the Benchmarks Game
//! do it.
//!
//! Unfair to everybody else: the program says when a tree is dead, nobody has to find out.

use bumpalo::Bump;

use super::{Answer, Kind, Peer};
use crate::workloads::binary_trees::rounds;
use crate::workloads::{Checksum, Parameters};

/// The peer.
pub(super) const PEER: Peer = Peer {
    name: "peer:bumpalo",
    sentence: "bump allocation in regions that are freed as a whole",
    kind: Kind::Program,
    answers: &[("binary-trees", Answer::Runs(binary_trees))],
};

struct Tree<'region> {
    children: Option<[&'region Tree<'region>; 2]>,
}

impl<'region> Tree<'region> {
    fn grow(region: &'region Bump, depth: u32) -> &'region Self {
        let children =
            (depth > 0).then(|| [Tree::grow(region, depth - 1), Tree::grow(region, depth - 1)]);
        region.alloc(Tree { children })
    }

    fn count(&self) -> u64 {
        1 + self.children.iter().flatten().map(|child| child.count()).sum::<u64>()
    }
}

/// The same trees as in `workloads::binary_trees`, and the same answer.
fn binary_trees(parameters: &Parameters) -> Checksum {
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
