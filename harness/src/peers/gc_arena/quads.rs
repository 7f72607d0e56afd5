//! A node is a `Lock` of its four children.

use gc_arena::lock::Lock;
use gc_arena::{Collect, Gc, Mutation, Rootable};
use rand::RngExt;

use crate::workloads::quads::{piece_level, rebuilds};
use crate::workloads::{Checksum, Parameters, Random};

#[derive(Clone, Copy, Collect)]
#[collect(no_drop)]
struct Quad<'gc> {
    children: [Option<QuadRef<'gc>>; 4],
}

type QuadRef<'gc> = Gc<'gc, Lock<Quad<'gc>>>;

fn grow<'gc>(mc: &Mutation<'gc>, depth: u32) -> QuadRef<'gc> {
    let children = [(); 4].map(|()| (depth > 0).then(|| grow(mc, depth - 1)));
    Gc::new(mc, Lock::new(Quad { children }))
}

/// The number of nodes.
fn count(quad: QuadRef<'_>) -> u64 {
    1 + quad.get().children.into_iter().flatten().map(count).sum::<u64>()
}

/// Replaces a random subtree `level` levels down by a new one and returns the number of nodes of
/// the old one.
fn rebuild<'gc>(
    mc: &Mutation<'gc>,
    root: QuadRef<'gc>,
    level: u32,
    depth: u32,
    random: &mut Random,
) -> u64 {
    let mut parent = root;
    for _ in 1..level {
        match parent.get().children[random.random_range(0..4)] {
            Some(child) => parent = child,
            None => return 0,
        }
    }
    let mut quad = parent.get();
    let old = quad.children[random.random_range(0..4)].replace(grow(mc, depth - level));
    parent.set(mc, quad);
    old.map_or(0, count)
}

pub(super) fn run(parameters: &Parameters) -> Checksum {
    let depth = parameters.scale as u32;
    let level = piece_level(depth);
    let mut random = parameters.random();
    let mut checksum = Checksum::default();
    let mut arena = super::arena::<Rootable!['gc => QuadRef<'gc>]>(|mc| grow(mc, depth));

    for _ in 0..rebuilds(depth) {
        checksum.add(arena.mutate(|mc, &root| rebuild(mc, root, level, depth, &mut random)));
        arena.collect_debt();
    }

    checksum.add(arena.mutate(|_, &root| count(root)));
    checksum.add(random.random());
    checksum
}
