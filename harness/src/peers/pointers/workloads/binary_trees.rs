//! See `workloads::binary_trees`.

use super::{Gc, collect, set_up};
use crate::workloads::binary_trees::rounds;
use crate::workloads::{Checksum, Parameters};

traced! {
    pub(super) struct Tree {
        // Not all of them have arrays.
        children: Option<(Gc<Tree>, Gc<Tree>)>,
    }
}

impl Tree {
    pub(super) fn leaf() -> Gc<Self> {
        Gc::new(Tree { children: None })
    }

    pub(super) fn join(left: Gc<Self>, right: Gc<Self>) -> Gc<Self> {
        Gc::new(Tree { children: Some((left, right)) })
    }

    fn grow(depth: u32) -> Gc<Self> {
        if depth == 0 {
            return Tree::leaf();
        }
        let left = Tree::grow(depth - 1);
        let right = Tree::grow(depth - 1);
        Tree::join(left, right)
    }

    /// The number of nodes.
    pub(super) fn count(&self) -> u64 {
        1 + self.children.as_ref().map_or(0, |(left, right)| left.count() + right.count())
    }
}

pub(in crate::peers::pointers) fn run(parameters: &Parameters) -> Checksum {
    set_up();
    let depth_max = parameters.scale as u32;
    let mut checksum = Checksum::default();

    checksum.add(Tree::grow(depth_max + 1).count());
    let long_lived = Tree::grow(depth_max);
    for (depth, trees) in rounds(depth_max) {
        checksum.add((0..trees).map(|_| Tree::grow(depth).count()).sum());
    }

    checksum.add(long_lived.count());
    drop(long_lived);
    collect();
    checksum
}
