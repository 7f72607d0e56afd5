//! Every cell owns the next. The drop that comes with that recurses over the list and overflows the
//! stack, so the list is dropped in a loop.

use rand::RngExt;

use crate::workloads::{Checksum, Parameters};

struct Cons {
    value: u64,
    next: Option<Box<Cons>>,
}

#[derive(Default)]
struct List {
    first: Option<Box<Cons>>,
}

impl List {
    fn push(&mut self, value: u64) {
        self.first = Some(Box::new(Cons { value, next: self.first.take() }));
    }

    fn pop(&mut self) -> Option<u64> {
        let first = self.first.take()?;
        self.first = first.next;
        Some(first.value)
    }

    fn iter(&self) -> impl Iterator<Item = u64> {
        std::iter::successors(self.first.as_deref(), |cons| cons.next.as_deref())
            .map(|cons| cons.value)
    }
}

impl Drop for List {
    fn drop(&mut self) {
        while self.pop().is_some() {}
    }
}

pub(super) fn run(parameters: &Parameters) -> Checksum {
    let mut random = parameters.random();
    let mut checksum = Checksum::default();
    let mut list = List::default();

    (0..parameters.scale).for_each(|_| list.push(random.random()));
    checksum.extend(list.iter());

    // The first half dies, then the rest.
    for _ in 0..parameters.scale / 2 {
        list.pop();
    }
    checksum.add(list.iter().count() as u64);
    drop(list);
    checksum
}
