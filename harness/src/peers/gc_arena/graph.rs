//! The table of nodes is the root; the edges of a node are in a `RefLock`, as ours are.

use gc_arena::barrier::unlock;
use gc_arena::lock::RefLock;
use gc_arena::{Collect, Gc, Mutation, Rootable};
use rand::RngExt;

use crate::workloads::graph::{BATCH, EDGES, REPLACE_ONE_IN, REWRITES_PER_NODE};
use crate::workloads::{Checksum, Parameters, Random, batches};

#[derive(Collect)]
#[collect(no_drop)]
struct Node<'gc> {
    version: u64,
    edges: RefLock<[Option<Gc<'gc, Node<'gc>>>; EDGES]>,
}

type Table<'gc> = Vec<Gc<'gc, Node<'gc>>>;

/// Points one edge of a node somewhere else.
fn rewrite<'gc>(mc: &Mutation<'gc>, table: &Table<'gc>, random: &mut Random) {
    let node = table[random.random_range(0..table.len())];
    let target = table[random.random_range(0..table.len())];
    unlock!(Gc::write(mc, node), Node, edges).borrow_mut()[random.random_range(0..EDGES)] =
        Some(target);
}

/// Puts a copy of a node in its place.
fn replace<'gc>(mc: &Mutation<'gc>, table: &mut Table<'gc>, random: &mut Random) {
    let index = random.random_range(0..table.len());
    let old = table[index];
    let version = old.version + table.len() as u64;
    table[index] = Gc::new(mc, Node { version, edges: old.edges.clone() });
}

pub(super) fn run(parameters: &Parameters) -> Checksum {
    let nodes = parameters.scale;
    let mut random = parameters.random();
    let mut checksum = Checksum::default();
    let mut arena = super::arena::<Rootable!['gc => Table<'gc>]>(|mc| {
        let node =
            |index| Gc::new(mc, Node { version: index as u64, edges: RefLock::new([None; EDGES]) });
        (0..nodes).map(node).collect()
    });

    for batch in batches(nodes * EDGES, BATCH) {
        arena.mutate(|mc, table| (0..batch).for_each(|_| rewrite(mc, table, &mut random)));
        arena.collect_debt();
    }
    for batch in batches(nodes * REWRITES_PER_NODE, BATCH) {
        arena.mutate_root(|mc, table| {
            for _ in 0..batch {
                match random.random_range(0..REPLACE_ONE_IN) {
                    0 => replace(mc, table, &mut random),
                    _ => rewrite(mc, table, &mut random),
                }
            }
        });
        arena.collect_debt();
    }

    arena.mutate(|_, table| {
        for node in table {
            checksum.add(node.version);
            checksum.extend(node.edges.borrow().iter().flatten().map(|target| target.version));
        }
    });
    checksum
}
