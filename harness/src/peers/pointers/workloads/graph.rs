//! See `workloads::graph`.

use std::mem;

use rand::RngExt;

use super::{Gc, GcCell, collect, safepoint, set_up};
use crate::workloads::graph::{BATCH, EDGES, REPLACE_ONE_IN, REWRITES_PER_NODE};
use crate::workloads::{Checksum, Parameters, Random, batches};

traced! {
    struct Node {
        version: u64,
        edges: GcCell<[Option<Gc<Node>>; EDGES]>,
    }
}

/// Points one edge of a node somewhere else.
fn rewrite(table: &[Gc<Node>], random: &mut Random) {
    let node = &table[random.random_range(0..table.len())];
    let target = Gc::clone(&table[random.random_range(0..table.len())]);
    node.edges.borrow_mut()[random.random_range(0..EDGES)] = Some(target);
}

/// Puts a copy of a node in its place.
fn replace(table: &mut [Gc<Node>], random: &mut Random) {
    let index = random.random_range(0..table.len());
    let version = table[index].version + table.len() as u64;
    let edges = table[index].edges.borrow().clone();
    let new = Gc::new(Node { version, edges: GcCell::new(edges) });
    drop(mem::replace(&mut table[index], new));
}

pub(in crate::peers::pointers) fn run(parameters: &Parameters) -> Checksum {
    set_up();
    let nodes = parameters.scale;
    let mut random = parameters.random();
    let mut checksum = Checksum::default();
    let mut table: Vec<_> = (0..nodes as u64)
        .map(|version| Gc::new(Node { version, edges: GcCell::new([const { None }; EDGES]) }))
        .collect();

    (0..nodes * EDGES).for_each(|_| rewrite(&table, &mut random));
    for batch in batches(nodes * REWRITES_PER_NODE, BATCH) {
        let mut replaced = 0;
        for _ in 0..batch {
            match random.random_range(0..REPLACE_ONE_IN) {
                0 => {
                    replace(&mut table, &mut random);
                    replaced += 1;
                }
                _ => rewrite(&table, &mut random),
            }
        }
        safepoint(replaced);
    }

    for node in &table {
        checksum.add(node.version);
        checksum.extend(node.edges.borrow().iter().flatten().map(|target| target.version));
    }
    drop(table);
    collect();
    checksum
}
