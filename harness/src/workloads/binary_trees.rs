//! Binary trees of the Computer Language Benchmarks Game: many short-lived trees beside one
//! long-lived tree.
//!
//! Nearly all objects die young, no object is ever written after it was made, and there are no
//! cycles. Every tree is made, counted and forgotten in one `mutate`.

use gc_core::{Collector, Gc, Mutation, Rootable, Trace};

use super::{Checksum, Parameters};
use crate::measure::Instruments;

/// The depth of the smallest trees.
const DEPTH_MIN: u32 = 4;

/// A node. It has two subtrees or none.
#[derive(Debug, Trace)]
pub(super) struct Tree<'gc> {
    children: Option<[Gc<'gc, Tree<'gc>>; 2]>,
}

impl<'gc> Tree<'gc> {
    pub(super) fn leaf(mc: &'gc Mutation<'gc>) -> Gc<'gc, Self> {
        Gc::new(mc, Tree { children: None })
    }

    pub(super) fn join(
        mc: &'gc Mutation<'gc>,
        left: Gc<'gc, Self>,
        right: Gc<'gc, Self>,
    ) -> Gc<'gc, Self> {
        Gc::new(mc, Tree { children: Some([left, right]) })
    }

    fn grow(mc: &'gc Mutation<'gc>, depth: u32) -> Gc<'gc, Self> {
        if depth == 0 {
            return Tree::leaf(mc);
        }
        let left = Tree::grow(mc, depth - 1);
        let right = Tree::grow(mc, depth - 1);
        Tree::join(mc, left, right)
    }

    /// The number of nodes.
    pub(super) fn count(&self) -> u64 {
        1 + self.children.iter().flatten().map(|child| child.count()).sum::<u64>()
    }
}

/// The depths of the short-lived trees, and how many of each: every depth makes about the same
/// number of nodes.
pub(crate) fn rounds(depth_max: u32) -> impl Iterator<Item = (u32, u64)> {
    (DEPTH_MIN..=depth_max)
        .step_by(2)
        .map(move |depth| (depth, 1 << (depth_max - depth + DEPTH_MIN)))
}

/// Runs the workload; the scale is the depth of the deepest of the short-lived trees.
pub fn run<C: Collector + Default>(
    parameters: &Parameters,
    instruments: &mut Instruments,
) -> Checksum {
    let depth_max = parameters.scale as u32;
    let mut checksum = Checksum::default();
    let mut arena = instruments.arena::<Rootable!['gc => Option<Gc<'gc, Tree<'gc>>>], C>(|_| None);

    checksum.add(arena.mutate(|mc, _| Tree::grow(mc, depth_max + 1).count()));
    instruments.tick(&mut arena);
    arena.mutate_root(|mc, long_lived| *long_lived = Some(Tree::grow(mc, depth_max)));
    instruments.tick(&mut arena);

    for (depth, trees) in rounds(depth_max) {
        let mut nodes = 0;
        for _ in 0..trees {
            nodes += arena.mutate(|mc, _| Tree::grow(mc, depth).count());
            instruments.tick(&mut arena);
        }
        checksum.add(nodes);
    }

    checksum.add(arena.enter(|_, long_lived| long_lived.map_or(0, |tree| tree.count())));
    instruments.retire(arena);
    checksum
}
