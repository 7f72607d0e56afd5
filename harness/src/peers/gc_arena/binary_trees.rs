//! The same trees as ours. A node that is never written after it was made needs no lock.

use gc_arena::{Arena, Collect, Gc, Mutation, Rootable};

use crate::workloads::binary_trees::rounds;
use crate::workloads::{Checksum, Parameters};

#[derive(Collect)]
#[collect(no_drop)]
struct Tree<'gc> {
    children: Option<[Gc<'gc, Tree<'gc>>; 2]>,
}

impl<'gc> Tree<'gc> {
    fn leaf(mc: &Mutation<'gc>) -> Gc<'gc, Self> {
        Gc::new(mc, Tree { children: None })
    }

    fn join(mc: &Mutation<'gc>, children: [Gc<'gc, Self>; 2]) -> Gc<'gc, Self> {
        Gc::new(mc, Tree { children: Some(children) })
    }

    fn grow(mc: &Mutation<'gc>, depth: u32) -> Gc<'gc, Self> {
        match depth {
            0 => Tree::leaf(mc),
            _ => Tree::join(mc, [Tree::grow(mc, depth - 1), Tree::grow(mc, depth - 1)]),
        }
    }

    fn count(&self) -> u64 {
        1 + self.children.iter().flatten().map(|child| child.count()).sum::<u64>()
    }
}

pub(super) fn run(parameters: &Parameters) -> Checksum {
    let depth_max = parameters.scale as u32;
    let mut checksum = Checksum::default();
    let mut arena = super::arena::<Rootable!['gc => Option<Gc<'gc, Tree<'gc>>>]>(|_| None);

    checksum.add(arena.mutate(|mc, _| Tree::grow(mc, depth_max + 1).count()));
    arena.collect_debt();
    arena.mutate_root(|mc, long_lived| *long_lived = Some(Tree::grow(mc, depth_max)));
    arena.collect_debt();

    for (depth, trees) in rounds(depth_max) {
        let mut nodes = 0;
        for _ in 0..trees {
            nodes += arena.mutate(|mc, _| Tree::grow(mc, depth).count());
            arena.collect_debt();
        }
        checksum.add(nodes);
    }

    checksum.add(arena.mutate(|_, long_lived| long_lived.map_or(0, |tree| tree.count())));
    checksum
}

/// Everything that is alive between two instructions.
#[derive(Default, Collect)]
#[collect(no_drop)]
struct Forest<'gc> {
    stack: Vec<Gc<'gc, Tree<'gc>>>,
    long_lived: Option<Gc<'gc, Tree<'gc>>>,
}

type ForestArena = Arena<Rootable!['gc => Forest<'gc>]>;

/// Leaves a tree of this depth on the stack, made in post-order.
fn grow(arena: &mut ForestArena, depth: u32) {
    for leaf in 1..=1_u64 << depth {
        arena.mutate_root(|mc, forest| forest.stack.push(Tree::leaf(mc)));
        arena.collect_debt();
        for _ in 0..leaf.trailing_zeros() {
            arena.mutate_root(|mc, forest| {
                if let (Some(right), Some(left)) = (forest.stack.pop(), forest.stack.pop()) {
                    forest.stack.push(Tree::join(mc, [left, right]));
                }
            });
            arena.collect_debt();
        }
    }
}

/// Takes the only tree from the stack and counts its nodes.
fn take_and_count(arena: &mut ForestArena) -> u64 {
    arena.mutate_root(|_, forest| forest.stack.pop().map_or(0, |tree| tree.count()))
}

pub(super) fn run_rooted(parameters: &Parameters) -> Checksum {
    let depth_max = parameters.scale as u32;
    let mut checksum = Checksum::default();
    let mut arena: ForestArena = super::arena(|_| Forest::default());

    grow(&mut arena, depth_max + 1);
    checksum.add(take_and_count(&mut arena));
    grow(&mut arena, depth_max);
    arena.mutate_root(|_, forest| forest.long_lived = forest.stack.pop());

    for (depth, trees) in rounds(depth_max) {
        let mut nodes = 0;
        for _ in 0..trees {
            grow(&mut arena, depth);
            nodes += take_and_count(&mut arena);
        }
        checksum.add(nodes);
    }

    checksum.add(arena.mutate(|_, forest| forest.long_lived.map_or(0, |tree| tree.count())));
    checksum
}
