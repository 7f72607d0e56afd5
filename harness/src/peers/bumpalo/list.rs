//! The whole list is in one region: half of it cannot be freed before the rest.

use std::iter::successors;

use bumpalo::Bump;
use rand::RngExt;

use crate::workloads::{Checksum, Parameters};

struct Cons<'region> {
    value: u64,
    next: Option<&'region Cons<'region>>,
}

pub(super) fn run(parameters: &Parameters) -> Checksum {
    let mut random = parameters.random();
    let mut checksum = Checksum::default();
    let region = Bump::new();
    let mut list: Option<&Cons<'_>> = None;

    for _ in 0..parameters.scale {
        list = Some(region.alloc(Cons { value: random.random(), next: list }));
    }
    checksum.extend(successors(list, |cons| cons.next).map(|cons| cons.value));

    list = successors(list, |cons| cons.next).nth(parameters.scale / 2);
    checksum.add(successors(list, |cons| cons.next).count() as u64);
    checksum
}
