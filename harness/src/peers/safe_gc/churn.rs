//! One rooted object has all cells.

use rand::RngExt;
use safe_gc::{Collector, Gc, Heap, Trace};

use crate::workloads::churn::stores;
use crate::workloads::{Checksum, Parameters};

struct Item {
    value: u64,
    stored_at: u64,
}

impl Trace for Item {
    fn trace(&self, _: &mut Collector) {}
}

struct Cell {
    item: Gc<Item>,
}

impl Trace for Cell {
    fn trace(&self, collector: &mut Collector) {
        collector.edge(self.item);
    }
}

struct Table {
    cells: Vec<Gc<Cell>>,
}

impl Trace for Table {
    fn trace(&self, collector: &mut Collector) {
        self.cells.iter().for_each(|&cell| collector.edge(cell));
    }
}

pub(super) fn run(parameters: &Parameters) -> Checksum {
    let cells = parameters.scale;
    let mut random = parameters.random();
    let mut checksum = Checksum::default();
    let mut heap = Heap::new();
    let table = heap.alloc(Table { cells: Vec::with_capacity(cells) });
    for index in 0..cells as u64 {
        let item = heap.alloc(Item { value: index, stored_at: 0 });
        let cell = heap.alloc(Cell { item: item.unrooted() });
        heap[&table].cells.push(cell.unrooted());
    }

    for time in 1..=stores(cells) as u64 {
        let cell = heap[&table].cells[random.random_range(0..cells)];
        let value = heap[heap[cell].item].value.wrapping_mul(3) ^ time;
        let item = heap.alloc(Item { value, stored_at: time });
        heap[cell].item = item.unrooted();
    }

    for &cell in &heap[&table].cells {
        let item = &heap[heap[cell].item];
        checksum.add(item.value);
        checksum.add(item.stored_at);
    }
    checksum
}
