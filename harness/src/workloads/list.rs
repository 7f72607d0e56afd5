//! A singly linked list, built, walked and dropped.
//!
//! A collector that recurses over the list when it marks, counts or drops overflows the stack here.

use std::iter::successors;

use gc_core::{Collector, Gc, Rootable, Trace};
use rand::RngExt;

use super::parameters::batches;
use super::{Checksum, Parameters};
use crate::measure::Instruments;

/// Cells made in one `mutate`.
pub(crate) const BATCH: usize = 4096;

#[derive(Debug, Trace)]
struct Cons<'gc> {
    value: u64,
    next: Option<Gc<'gc, Cons<'gc>>>,
}

/// Runs the workload; the scale is the length of the list.
pub fn run<C: Collector + Default>(
    parameters: &Parameters,
    instruments: &mut Instruments,
) -> Checksum {
    let mut random = parameters.random();
    let mut checksum = Checksum::default();
    let mut arena = instruments.arena::<Rootable!['gc => Option<Gc<'gc, Cons<'gc>>>], C>(|_| None);

    for batch in batches(parameters.scale, BATCH) {
        arena.mutate_root(|mc, list| {
            for _ in 0..batch {
                *list = Some(Gc::new(mc, Cons { value: random.random(), next: *list }));
            }
        });
        instruments.tick(&mut arena);
    }
    arena.enter(|_, list| {
        checksum.extend(successors(*list, |cons| cons.next).map(|cons| cons.value))
    });

    // The whole list dies at once: half of it by losing its root, then the rest by a collection of
    // its own.
    arena.mutate_root(|_, list| {
        *list = successors(*list, |cons| cons.next).nth(parameters.scale / 2)
    });
    instruments.tick(&mut arena);
    arena.collect();
    instruments.tick(&mut arena);
    checksum.add(arena.enter(|_, list| successors(*list, |cons| cons.next).count() as u64));
    arena.mutate_root(|_, list| *list = None);
    arena.collect();

    instruments.retire(arena);
    checksum
}
