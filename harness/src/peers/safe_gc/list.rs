//! A `Root` of the first cell holds the list.

use std::iter::successors;

use rand::RngExt;
use safe_gc::{Collector, Gc, Heap, Root, Trace};

use crate::workloads::{Checksum, Parameters};

struct Cons {
    value: u64,
    next: Option<Gc<Cons>>,
}

impl Trace for Cons {
    fn trace(&self, collector: &mut Collector) {
        if let Some(next) = self.next {
            collector.edge(next);
        }
    }
}

fn cells<'heap>(
    heap: &'heap Heap,
    first: Option<&Root<Cons>>,
) -> impl Iterator<Item = Gc<Cons>> + use<'heap> {
    successors(first.map(Root::unrooted), |&cons| heap[cons].next)
}

pub(super) fn run(parameters: &Parameters) -> Checksum {
    let mut random = parameters.random();
    let mut checksum = Checksum::default();
    let mut heap = Heap::new();
    let mut list: Option<Root<Cons>> = None;

    for _ in 0..parameters.scale {
        let next = list.as_ref().map(Root::unrooted);
        list = Some(heap.alloc(Cons { value: random.random(), next }));
    }
    checksum.extend(cells(&heap, list.as_ref()).map(|cons| heap[cons].value));

    let half = cells(&heap, list.as_ref()).nth(parameters.scale / 2);
    list = half.map(|cons| heap.root(cons));
    heap.gc();
    checksum.add(cells(&heap, list.as_ref()).count() as u64);
    drop(list);
    heap.gc();
    checksum
}
