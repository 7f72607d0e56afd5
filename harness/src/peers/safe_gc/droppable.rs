//! One rooted object has all stacks.

use std::cell::Cell;
use std::rc::Rc;

use rand::RngExt;
use safe_gc::{Collector, Gc, Heap, Trace};

use crate::workloads::droppable::{BATCH, OPERATIONS_PER_STACK, Operation, Payload};
use crate::workloads::{Checksum, Parameters, batches};

struct Node {
    payload: Payload,
    next: Option<Gc<Node>>,
}

impl Trace for Node {
    fn trace(&self, collector: &mut Collector) {
        if let Some(next) = self.next {
            collector.edge(next);
        }
    }
}

struct Stacks {
    tops: Vec<Option<Gc<Node>>>,
}

impl Trace for Stacks {
    fn trace(&self, collector: &mut Collector) {
        self.tops.iter().flatten().for_each(|&node| collector.edge(node));
    }
}

pub(super) fn run(parameters: &Parameters) -> Checksum {
    let stacks = parameters.scale;
    let dropped = Rc::new(Cell::new(0));
    let mut made = 0;
    let mut random = parameters.random();
    let mut checksum = Checksum::default();
    let mut heap = Heap::new();
    let table = heap.alloc(Stacks { tops: vec![None; stacks] });

    for batch in batches(stacks * OPERATIONS_PER_STACK, BATCH) {
        let mut sum = 0_u64;
        for _ in 0..batch {
            let index = random.random_range(0..stacks);
            let top = heap[&table].tops[index];
            let number = top.map_or(0, |node| heap[node].payload.numbers[3]);
            match Operation::random(&mut random) {
                Operation::Clear => heap[&table].tops[index] = None,
                Operation::Pop => {
                    heap[&table].tops[index] = top.and_then(|node| heap[node].next);
                }
                Operation::Push => {
                    made += 1;
                    let payload = Payload::new(made, &dropped);
                    let node = heap.alloc(Node { payload, next: top });
                    heap[&table].tops[index] = Some(node.unrooted());
                }
            }
            sum = sum.wrapping_mul(31).wrapping_add(number);
        }
        checksum.add(sum);
    }

    for &top in &heap[&table].tops {
        let nodes = std::iter::successors(top, |&node| heap[node].next);
        checksum.extend(nodes.map(|node| heap[node].payload.numbers[0]));
    }
    drop(heap);
    checksum.add(made);
    checksum.add(dropped.get());
    checksum
}
