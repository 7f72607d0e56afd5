//! Binary trees with a possible collection after every single allocation.
//!
//! The same trees as in `binary_trees`, but every node is made in a `mutate_root` of its own, as an
//! interpreter does that reaches a safepoint at every instruction. What is not yet part of a tree
//! waits on a stack in the arena's root. This measures what a safepoint and a changed root cost.

use gc_core::{Arena, Collector, Gc, Rootable, Trace};

use super::binary_trees::{Tree, rounds};
use super::{Checksum, Parameters};
use crate::measure::Instruments;

/// After so many leaves an observer may look at the heap.
const TICK_LEAVES: u64 = 16;

/// Everything that is alive between two instructions.
#[derive(Debug, Default, Trace)]
struct Forest<'gc> {
    stack: Vec<Gc<'gc, Tree<'gc>>>,
    long_lived: Option<Gc<'gc, Tree<'gc>>>,
}

type ForestArena<C> = Arena<Rootable!['gc => Forest<'gc>], C>;

/// Leaves a tree of this depth on the stack, made in post-order.
fn grow<C: Collector>(arena: &mut ForestArena<C>, depth: u32, instruments: &mut Instruments) {
    for leaf in 1..=1_u64 << depth {
        arena.mutate_root(|mc, forest| forest.stack.push(Tree::leaf(mc)));
        // The n-th leaf completes as many subtrees as n has trailing zeros: a binary counter that
        // carries.
        for _ in 0..leaf.trailing_zeros() {
            arena.mutate_root(|mc, forest| {
                if let (Some(right), Some(left)) = (forest.stack.pop(), forest.stack.pop()) {
                    forest.stack.push(Tree::join(mc, left, right));
                }
            });
        }
        // An operation of this workload is so small that looking up from each would cost something.
        if leaf.is_multiple_of(TICK_LEAVES) {
            instruments.tick(arena);
        }
    }
}

/// Takes the only tree from the stack and counts its nodes.
fn take_and_count<C: Collector>(arena: &mut ForestArena<C>) -> u64 {
    arena.mutate_root(|_, forest| forest.stack.pop().map_or(0, |tree| tree.count()))
}

/// Runs the workload; the scale is the depth of the deepest of the short-lived trees.
pub fn run<C: Collector + Default>(
    parameters: &Parameters,
    instruments: &mut Instruments,
) -> Checksum {
    let depth_max = parameters.scale as u32;
    let mut checksum = Checksum::default();
    let mut arena: ForestArena<C> = instruments.arena(|_| Forest::default());

    grow(&mut arena, depth_max + 1, instruments);
    checksum.add(take_and_count(&mut arena));
    grow(&mut arena, depth_max, instruments);
    arena.mutate_root(|_, forest| forest.long_lived = forest.stack.pop());

    for (depth, trees) in rounds(depth_max) {
        let mut nodes = 0;
        for _ in 0..trees {
            grow(&mut arena, depth, instruments);
            nodes += take_and_count(&mut arena);
        }
        checksum.add(nodes);
    }

    checksum.add(arena.enter(|_, forest| forest.long_lived.map_or(0, |tree| tree.count())));
    instruments.retire(arena);
    checksum
}
