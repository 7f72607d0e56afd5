//! See `workloads::droppable`.

use std::cell::Cell;
use std::rc::Rc;

use rand::RngExt;

use super::{Gc, collect, safepoint, set_up};
use crate::workloads::droppable::{BATCH, OPERATIONS_PER_STACK, Operation, Payload};
use crate::workloads::{Checksum, Parameters, batches};

untraced!(Payload);

traced! {
    struct Node {
        payload: Payload,
        next: Option<Gc<Node>>,
    }
}

/// Adds the numbers of a stack, from the top.
fn add_all(stack: &Option<Gc<Node>>, checksum: &mut Checksum) {
    let mut next = stack.as_ref();
    while let Some(node) = next {
        checksum.add(node.payload.numbers[0]);
        next = node.next.as_ref();
    }
}

pub(in crate::peers::pointers) fn run(parameters: &Parameters) -> Checksum {
    set_up();
    let dropped = Rc::new(Cell::new(0));
    let mut made = 0;
    let mut random = parameters.random();
    let mut checksum = Checksum::default();
    let mut stacks: Vec<Option<Gc<Node>>> = (0..parameters.scale).map(|_| None).collect();

    for batch in batches(stacks.len() * OPERATIONS_PER_STACK, BATCH) {
        let mut sum = 0_u64;
        for _ in 0..batch {
            let index = random.random_range(0..stacks.len());
            let top = stacks[index].take();
            sum = sum
                .wrapping_mul(31)
                .wrapping_add(top.as_ref().map_or(0, |node| node.payload.numbers[3]));
            stacks[index] = match Operation::random(&mut random) {
                Operation::Clear => None,
                Operation::Pop => top.and_then(|node| node.next.clone()),
                Operation::Push => {
                    made += 1;
                    let payload = Payload::new(made, &dropped);
                    Some(Gc::new(Node { payload, next: top }))
                }
            };
        }
        checksum.add(sum);
        safepoint(0);
    }

    stacks.iter().for_each(|stack| add_all(stack, &mut checksum));
    drop(stacks);
    collect();
    checksum.add(made);
    checksum.add(dropped.get());
    checksum
}
