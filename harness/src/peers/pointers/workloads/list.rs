//! See `workloads::list`. Drop glue would recurse over the whole list, so it is taken apart cell by
//! cell.

use rand::RngExt;

use super::{Gc, collect, set_up, take};
use crate::workloads::{Checksum, Parameters};

traced! {
    #[derive(Clone)]
    struct Cons {
        value: u64,
        next: Option<Gc<Cons>>,
    }
}

/// The cells of a list, in order.
fn cells(list: &Option<Gc<Cons>>) -> impl Iterator<Item = &Gc<Cons>> {
    std::iter::successors(list.as_ref(), |cons| cons.next.as_ref())
}

/// A list without its first cells.
fn skip(mut list: Option<Gc<Cons>>, cells: usize) -> Option<Gc<Cons>> {
    for _ in 0..cells {
        list = take(list?, |cons| cons.next.take());
    }
    list
}

pub(in crate::peers::pointers) fn run(parameters: &Parameters) -> Checksum {
    set_up();
    let mut random = parameters.random();
    let mut checksum = Checksum::default();

    let mut list = None;
    for _ in 0..parameters.scale {
        list = Some(Gc::new(Cons { value: random.random(), next: list }));
    }
    checksum.extend(cells(&list).map(|cons| cons.value));

    list = skip(list, parameters.scale / 2);
    collect();
    let left = cells(&list).count();
    checksum.add(left as u64);
    skip(list, left);
    collect();
    checksum
}
