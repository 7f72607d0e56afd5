//! Every node owns the one below. A stack is never deeper than it was pushed to, a few hundred
//! nodes, so that its drop may recurse.

use std::cell::Cell;
use std::rc::Rc;

use rand::RngExt;

use crate::workloads::droppable::{BATCH, OPERATIONS_PER_STACK, Operation, Payload};
use crate::workloads::{Checksum, Parameters, batches};

struct Node {
    payload: Payload,
    next: Option<Box<Node>>,
}

pub(super) fn run(parameters: &Parameters) -> Checksum {
    let dropped = Rc::new(Cell::new(0));
    let mut made = 0;
    let mut random = parameters.random();
    let mut checksum = Checksum::default();
    let mut stacks: Vec<Option<Box<Node>>> = (0..parameters.scale).map(|_| None).collect();

    for batch in batches(stacks.len() * OPERATIONS_PER_STACK, BATCH) {
        let mut sum = 0_u64;
        for _ in 0..batch {
            let index = random.random_range(0..stacks.len());
            let stack = &mut stacks[index];
            let top = stack.as_ref().map_or(0, |node| node.payload.numbers[3]);
            match Operation::random(&mut random) {
                Operation::Clear => *stack = None,
                Operation::Pop => *stack = stack.take().and_then(|node| node.next),
                Operation::Push => {
                    made += 1;
                    let payload = Payload::new(made, &dropped);
                    *stack = Some(Box::new(Node { payload, next: stack.take() }));
                }
            }
            sum = sum.wrapping_mul(31).wrapping_add(top);
        }
        checksum.add(sum);
    }

    for stack in &stacks {
        let nodes = std::iter::successors(stack.as_deref(), |node| node.next.as_deref());
        checksum.extend(nodes.map(|node| node.payload.numbers[0]));
    }
    drop(stacks);
    checksum.add(made);
    checksum.add(dropped.get());
    checksum
}
