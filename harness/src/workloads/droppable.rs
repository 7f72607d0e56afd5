//! Stacks of nodes that own a `Box`: the collector must run the drop glue of each exactly once.
//!
//! Objects with drop glue cannot be reclaimed in bulk. The workload counts the drops: when the
//! arena is gone, as many payloads must have been dropped as were made.

use std::cell::Cell;
use std::rc::Rc;

use gc_core::{Collector, Gc, Lock, Rootable, Trace};
use rand::RngExt;

use super::parameters::batches;
use super::{Checksum, Parameters, Random};
use crate::measure::Instruments;

/// Pushes and pops per stack.
pub(crate) const OPERATIONS_PER_STACK: usize = 256;

/// Pushes and pops in one `mutate`.
pub(crate) const BATCH: usize = 256;

/// What happens to a stack.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Operation {
    /// The whole stack goes.
    Clear,
    Pop,
    Push,
}

impl Operation {
    /// Three pushes for every two pops, and now and then a whole stack goes.
    pub(crate) fn random(random: &mut Random) -> Self {
        match random.random_range(0..100) {
            0 => Operation::Clear,
            1..40 => Operation::Pop,
            _ => Operation::Push,
        }
    }
}

/// What a node owns outside the collected heap.
#[derive(Debug)]
pub(crate) struct Payload {
    pub(crate) numbers: Box<[u64; 4]>,
    dropped: Rc<Cell<u64>>,
}

impl Payload {
    /// A payload that counts in `dropped`.
    pub(crate) fn new(number: u64, dropped: &Rc<Cell<u64>>) -> Self {
        Payload { numbers: Box::new([number; 4]), dropped: Rc::clone(dropped) }
    }
}

impl Drop for Payload {
    fn drop(&mut self) {
        self.dropped.set(self.dropped.get() + 1);
    }
}

#[derive(Debug, Trace)]
struct Node<'gc> {
    #[trace(require_static)]
    payload: Payload,
    next: Option<Gc<'gc, Node<'gc>>>,
}

type Stacks<'gc> = Gc<'gc, [Lock<Option<Gc<'gc, Node<'gc>>>>]>;

/// Runs the workload; the scale is the number of stacks.
pub fn run<C: Collector + Default>(
    parameters: &Parameters,
    instruments: &mut Instruments,
) -> Checksum {
    let stacks = parameters.scale;
    let dropped = Rc::new(Cell::new(0));
    let mut made = 0;
    let mut random = parameters.random();
    let mut checksum = Checksum::default();
    let mut arena = instruments.arena::<Rootable!['gc => Stacks<'gc>], C>(|mc| {
        Gc::slice_from_fn(mc, stacks, |_| Lock::new(None))
    });

    for batch in batches(stacks * OPERATIONS_PER_STACK, BATCH) {
        let sum = arena.mutate(|mc, &stacks| {
            let mut sum = 0_u64;
            for _ in 0..batch {
                let index = random.random_range(0..stacks.len());
                let top = stacks[index].get();
                let next = match Operation::random(&mut random) {
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
                if let Some(place) = Gc::write_at(mc, stacks, index) {
                    place.unlock().set(next);
                }
            }
            sum
        });
        checksum.add(sum);
        instruments.tick(&mut arena);
    }

    arena.enter(|_, stacks| {
        for stack in stacks.iter() {
            let nodes = std::iter::successors(stack.get(), |node| node.next);
            checksum.extend(nodes.map(|node| node.payload.numbers[0]));
        }
    });
    instruments.retire(arena);
    checksum.add(made);
    checksum.add(dropped.get());
    checksum
}
