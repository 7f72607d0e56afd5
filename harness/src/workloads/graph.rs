//! A graph whose edges are rewritten at random and whose nodes are replaced, so that parts of it
//! fall off.
//!
//! Almost every node lies on many cycles, and nothing tells in advance which piece dies: the
//! hardest case for trial deletion, and for a generational collector a stream of stores into old
//! objects.

use gc_core::{Collector, Gc, Lock, Mutation, RefLock, Rootable, Trace, unlock};
use rand::RngExt;

use super::parameters::batches;
use super::{Checksum, Parameters, Random};
use crate::measure::Instruments;

/// Edges of every node.
pub(crate) const EDGES: usize = 8;

/// Rewritten edges per node.
pub(crate) const REWRITES_PER_NODE: usize = 50;

/// One in so many rewrites replaces the node by a copy instead; edges to the old one stay until
/// they are rewritten.
pub(crate) const REPLACE_ONE_IN: u32 = 16;

/// Rewrites in one `mutate`.
pub(crate) const BATCH: usize = 512;

#[derive(Debug, Trace)]
struct Node<'gc> {
    version: u64,
    edges: RefLock<[Option<Gc<'gc, Node<'gc>>>; EDGES]>,
}

type Table<'gc> = Gc<'gc, [Lock<Gc<'gc, Node<'gc>>>]>;

/// Points one edge of a node somewhere else.
fn rewrite<'gc>(mc: &'gc Mutation<'gc>, table: Table<'gc>, random: &mut Random) {
    let node = table[random.random_range(0..table.len())].get();
    let target = table[random.random_range(0..table.len())].get();
    unlock!(Gc::write(mc, node), Node, edges).borrow_mut()[random.random_range(0..EDGES)] =
        Some(target);
}

/// Puts a copy of a node in its place.
fn replace<'gc>(mc: &'gc Mutation<'gc>, table: Table<'gc>, random: &mut Random) {
    let index = random.random_range(0..table.len());
    let old = table[index].get();
    let edges = *old.edges.borrow();
    let new =
        Gc::new(mc, Node { version: old.version + table.len() as u64, edges: RefLock::new(edges) });
    if let Some(place) = Gc::write_at(mc, table, index) {
        place.unlock().set(new);
    }
}

/// Runs the workload; the scale is the number of nodes.
pub fn run<C: Collector + Default>(
    parameters: &Parameters,
    instruments: &mut Instruments,
) -> Checksum {
    let nodes = parameters.scale;
    let mut random = parameters.random();
    let mut checksum = Checksum::default();
    let mut arena = instruments.arena::<Rootable!['gc => Table<'gc>], C>(|mc| {
        Gc::slice_from_fn(mc, nodes, |index| {
            Lock::new(Gc::new(
                mc,
                Node { version: index as u64, edges: RefLock::new([None; EDGES]) },
            ))
        })
    });

    for batch in batches(nodes * EDGES, BATCH) {
        arena.mutate(|mc, &table| (0..batch).for_each(|_| rewrite(mc, table, &mut random)));
        instruments.tick(&mut arena);
    }
    for batch in batches(nodes * REWRITES_PER_NODE, BATCH) {
        arena.mutate(|mc, &table| {
            for _ in 0..batch {
                match random.random_range(0..REPLACE_ONE_IN) {
                    0 => replace(mc, table, &mut random),
                    _ => rewrite(mc, table, &mut random),
                }
            }
        });
        instruments.tick(&mut arena);
    }

    arena.enter(|_, table| {
        for node in table.iter() {
            checksum.add(node.get().version);
            checksum
                .extend(node.get().edges.borrow().iter().flatten().map(|target| target.version));
        }
    });
    instruments.retire(arena);
    checksum
}
