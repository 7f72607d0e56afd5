//! Quad trees, after Whippet's benchmark of the same name: a long-lived tree of which a tenth is
//! rebuilt, again and again.
//!
//! Objects of 40 bytes (header and four children) that live for a while and die in large connected
//! pieces: neither young nor old. The stores that hang in a new piece are stores of young objects
//! into old ones.

use gc_core::{Collector, Gc, Lock, Mutation, Rootable, Trace, unlock};
use rand::RngExt;

use super::{Checksum, Parameters, Random};
use crate::measure::Instruments;

/// How often a tenth of the tree is rebuilt.
const ROUNDS: usize = 100;

/// The pieces hang this far below the root at most, so that there are up to 64 of them.
const PIECE_LEVEL_MAX: u32 = 3;

#[derive(Debug, Trace)]
struct Quad<'gc> {
    children: Lock<[Option<Gc<'gc, Quad<'gc>>>; 4]>,
}

impl<'gc> Quad<'gc> {
    fn grow(mc: &'gc Mutation<'gc>, depth: u32) -> Gc<'gc, Self> {
        let children = match depth {
            0 => [None; 4],
            _ => [(); 4].map(|()| Some(Quad::grow(mc, depth - 1))),
        };
        Gc::new(mc, Quad { children: Lock::new(children) })
    }

    /// The number of nodes.
    fn count(&self) -> u64 {
        1 + self.children.get().into_iter().flatten().map(|child| child.count()).sum::<u64>()
    }

    /// Replaces a random subtree `level` levels down by a new one and returns the number of nodes
    /// of the old one.
    fn rebuild(
        mc: &'gc Mutation<'gc>,
        root: Gc<'gc, Self>,
        level: u32,
        depth: u32,
        random: &mut Random,
    ) -> u64 {
        let mut parent = root;
        for _ in 1..level {
            match parent.children.get()[random.random_range(0..4)] {
                Some(child) => parent = child,
                None => return 0,
            }
        }
        let mut children = parent.children.get();
        let child = &mut children[random.random_range(0..4)];
        let old = child.replace(Quad::grow(mc, depth - level));
        unlock!(Gc::write(mc, parent), Quad, children).set(children);
        old.map_or(0, |old| old.count())
    }
}

/// How many levels below the root of a tree its pieces hang.
pub(crate) fn piece_level(depth: u32) -> u32 {
    depth.min(PIECE_LEVEL_MAX)
}

/// How many pieces are rebuilt altogether.
pub(crate) fn rebuilds(depth: u32) -> usize {
    ROUNDS * (4_usize.pow(piece_level(depth)) / 10).max(1)
}

/// Runs the workload; the scale is the depth of the long-lived tree.
pub fn run<C: Collector + Default>(
    parameters: &Parameters,
    instruments: &mut Instruments,
) -> Checksum {
    let depth = parameters.scale as u32;
    let level = piece_level(depth);
    let mut random = parameters.random();
    let mut checksum = Checksum::default();
    let mut arena =
        instruments.arena::<Rootable!['gc => Gc<'gc, Quad<'gc>>], C>(|mc| Quad::grow(mc, depth));

    instruments.start_loop(&arena);
    for _ in 0..rebuilds(depth) {
        checksum.add(arena.mutate(|mc, &root| Quad::rebuild(mc, root, level, depth, &mut random)));
        instruments.tick(&mut arena);
    }
    instruments.stop_loop(&arena);

    checksum.add(arena.enter(|_, root| root.count()));
    checksum.add(random.random());
    instruments.retire(arena);
    checksum
}
