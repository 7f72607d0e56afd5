//! A cell owns its item. A new item is a new `Box`, although the old one could be overwritten:
//! the workload is about making and dropping objects.

use rand::RngExt;

use crate::workloads::churn::stores;
use crate::workloads::{Checksum, Parameters};

struct Item {
    value: u64,
    stored_at: u64,
}

struct Cell {
    item: Box<Item>,
}

#[expect(clippy::replace_box, reason = "making a new object is what is measured")]
pub(super) fn run(parameters: &Parameters) -> Checksum {
    let mut random = parameters.random();
    let mut checksum = Checksum::default();
    let mut cells: Vec<_> = (0..parameters.scale)
        .map(|index| Cell { item: Box::new(Item { value: index as u64, stored_at: 0 }) })
        .collect();

    for time in 1..=stores(cells.len()) as u64 {
        let index = random.random_range(0..cells.len());
        let cell = &mut cells[index];
        let value = cell.item.value.wrapping_mul(3) ^ time;
        cell.item = Box::new(Item { value, stored_at: time });
    }

    for cell in &cells {
        checksum.add(cell.item.value);
        checksum.add(cell.item.stored_at);
    }
    checksum
}
