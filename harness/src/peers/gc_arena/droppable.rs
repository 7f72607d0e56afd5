//! The stacks are the root; what a node owns is `require_static`.

use std::cell::Cell;
use std::rc::Rc;

use gc_arena::{Collect, Gc, Rootable};
use rand::RngExt;

use crate::workloads::droppable::{BATCH, OPERATIONS_PER_STACK, Operation, Payload};
use crate::workloads::{Checksum, Parameters, batches};

#[derive(Collect)]
#[collect(no_drop)]
struct Node<'gc> {
    #[collect(require_static)]
    payload: Payload,
    next: Option<Gc<'gc, Node<'gc>>>,
}

pub(super) fn run(parameters: &Parameters) -> Checksum {
    let stacks = parameters.scale;
    let dropped = Rc::new(Cell::new(0));
    let mut made = 0;
    let mut random = parameters.random();
    let mut checksum = Checksum::default();
    let mut arena =
        super::arena::<Rootable!['gc => Vec<Option<Gc<'gc, Node<'gc>>>>]>(|_| vec![None; stacks]);

    for batch in batches(stacks * OPERATIONS_PER_STACK, BATCH) {
        let sum = arena.mutate_root(|mc, stacks| {
            let mut sum = 0_u64;
            for _ in 0..batch {
                let index = random.random_range(0..stacks.len());
                let top = stacks[index];
                stacks[index] = match Operation::random(&mut random) {
                    Operation::Clear => None,
                    Operation::Pop => top.and_then(|node| node.next),
                    Operation::Push => {
                        made += 1;
                        let payload = Payload::new(made, &dropped);
                        Some(Gc::new(mc, Node { payload, next: top }))
                    }
                };
                sum = sum
                    .wrapping_mul(31)
                    .wrapping_add(top.map_or(0, |node| node.payload.numbers[3]));
            }
            sum
        });
        arena.collect_debt();
        checksum.add(sum);
    }

    arena.mutate(|_, stacks| {
        for stack in stacks {
            let nodes = std::iter::successors(*stack, |node| node.next);
            checksum.extend(nodes.map(|node| node.payload.numbers[0]));
        }
    });
    drop(arena);
    checksum.add(made);
    checksum.add(dropped.get());
    checksum
}
