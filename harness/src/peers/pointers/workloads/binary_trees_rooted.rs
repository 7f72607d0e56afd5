//! See `workloads::binary_trees_rooted`. What our backends do at a safepoint a smart pointer does
//! all the time, so only the stack is left of it.

use super::binary_trees::Tree;
use super::{Gc, collect, set_up};
use crate::workloads::binary_trees::rounds;
use crate::workloads::{Checksum, Parameters};

/// Leaves a tree of this depth on the stack, made in post-order.
fn grow(stack: &mut Vec<Gc<Tree>>, depth: u32) {
    for leaf in 1..=1_u64 << depth {
        stack.push(Tree::leaf());
        for _ in 0..leaf.trailing_zeros() {
            if let (Some(right), Some(left)) = (stack.pop(), stack.pop()) {
                stack.push(Tree::join(left, right));
            }
        }
    }
}

/// Takes the only tree from the stack and counts its nodes.
fn take_and_count(stack: &mut Vec<Gc<Tree>>) -> u64 {
    stack.pop().map_or(0, |tree| tree.count())
}

pub(in crate::peers::pointers) fn run(parameters: &Parameters) -> Checksum {
    set_up();
    let depth_max = parameters.scale as u32;
    let mut checksum = Checksum::default();
    let mut stack = Vec::new();

    grow(&mut stack, depth_max + 1);
    checksum.add(take_and_count(&mut stack));
    grow(&mut stack, depth_max);
    let long_lived = stack.pop();

    for (depth, trees) in rounds(depth_max) {
        let mut nodes = 0;
        for _ in 0..trees {
            grow(&mut stack, depth);
            nodes += take_and_count(&mut stack);
        }
        checksum.add(nodes);
    }

    checksum.add(long_lived.as_ref().map_or(0, |tree| tree.count()));
    drop(long_lived);
    collect();
    checksum
}
