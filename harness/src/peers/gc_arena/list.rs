//! A list of immutable cells.

use std::iter::successors;

use gc_arena::{Collect, Gc, Rootable};
use rand::RngExt;

use crate::workloads::list::BATCH;
use crate::workloads::{Checksum, Parameters, batches};

#[derive(Collect)]
#[collect(no_drop)]
struct Cons<'gc> {
    value: u64,
    next: Option<Gc<'gc, Cons<'gc>>>,
}

pub(super) fn run(parameters: &Parameters) -> Checksum {
    let mut random = parameters.random();
    let mut checksum = Checksum::default();
    let mut arena = super::arena::<Rootable!['gc => Option<Gc<'gc, Cons<'gc>>>]>(|_| None);

    for batch in batches(parameters.scale, BATCH) {
        arena.mutate_root(|mc, list| {
            for _ in 0..batch {
                *list = Some(Gc::new(mc, Cons { value: random.random(), next: *list }));
            }
        });
        arena.collect_debt();
    }
    arena.mutate(|_, list| {
        checksum.extend(successors(*list, |cons| cons.next).map(|cons| cons.value));
    });

    arena.mutate_root(|_, list| {
        *list = successors(*list, |cons| cons.next).nth(parameters.scale / 2);
    });
    arena.finish_cycle();
    checksum.add(arena.mutate(|_, list| successors(*list, |cons| cons.next).count() as u64));
    arena.mutate_root(|_, list| *list = None);
    arena.finish_cycle();
    checksum
}
