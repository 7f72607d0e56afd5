//! See `workloads::churn`.

use rand::RngExt;

use super::{Gc, GcCell, collect, set_up};
use crate::workloads::churn::stores;
use crate::workloads::{Checksum, Parameters};

struct Item {
    value: u64,
    stored_at: u64,
}

untraced!(Item);

traced! {
    struct Cell {
        item: GcCell<Gc<Item>>,
    }
}

pub(in crate::peers::pointers) fn run(parameters: &Parameters) -> Checksum {
    set_up();
    let mut random = parameters.random();
    let mut checksum = Checksum::default();
    let cells: Vec<_> = (0..parameters.scale as u64)
        .map(|value| {
            let item = Gc::new(Item { value, stored_at: 0 });
            Gc::new(Cell { item: GcCell::new(item) })
        })
        .collect();

    for time in 1..=stores(cells.len()) as u64 {
        let cell = &cells[random.random_range(0..cells.len())];
        let value = cell.item.borrow().value.wrapping_mul(3) ^ time;
        let item = Gc::new(Item { value, stored_at: time });
        *cell.item.borrow_mut() = item;
    }

    for cell in &cells {
        let item = cell.item.borrow();
        checksum.add(item.value);
        checksum.add(item.stored_at);
    }
    drop(cells);
    collect();
    checksum
}
