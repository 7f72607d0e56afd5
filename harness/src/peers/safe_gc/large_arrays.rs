//! Every array is one rooted object.

use rand::RngExt;
use safe_gc::{Collector, Gc, Heap, Trace};

use crate::workloads::large_arrays::{ARRAYS, WRITES_PER_LENGTH};
use crate::workloads::{Checksum, Parameters};

struct Leaf {
    value: u64,
}

impl Trace for Leaf {
    fn trace(&self, _: &mut Collector) {}
}

struct Array {
    leaves: Vec<Option<Gc<Leaf>>>,
}

impl Trace for Array {
    fn trace(&self, collector: &mut Collector) {
        self.leaves.iter().flatten().for_each(|&leaf| collector.edge(leaf));
    }
}

pub(super) fn run(parameters: &Parameters) -> Checksum {
    let length = parameters.scale;
    let mut random = parameters.random();
    let mut checksum = Checksum::default();
    let mut heap = Heap::new();
    let rooted = [(); ARRAYS].map(|()| heap.alloc(Array { leaves: vec![None; length] }));
    let arrays = rooted.each_ref().map(|array| array.unrooted());

    for write in 1..=(length * WRITES_PER_LENGTH) as u64 {
        let [from, to] =
            [(); 2].map(|()| (random.random_range(0..ARRAYS), random.random_range(0..length)));
        let leaf = match write % 2 {
            0 => heap[arrays[from.0]].leaves[from.1],
            _ => Some(heap.alloc(Leaf { value: write }).unrooted()),
        };
        heap[arrays[to.0]].leaves[to.1] = leaf;
    }

    for array in arrays {
        let leaves = heap[array].leaves.iter();
        checksum.extend(leaves.map(|leaf| leaf.map_or(0, |leaf| heap[leaf].value)));
    }
    checksum
}
