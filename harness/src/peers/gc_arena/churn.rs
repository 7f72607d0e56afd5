//! A cell is a `Lock` of its item. The cells are in the root, which does not change.

use gc_arena::lock::Lock;
use gc_arena::{Collect, Gc, Rootable};
use rand::RngExt;

use crate::workloads::churn::{BATCH, stores};
use crate::workloads::{Checksum, Parameters, batches};

#[derive(Collect)]
#[collect(require_static)]
struct Item {
    value: u64,
    stored_at: u64,
}

type Cell<'gc> = Lock<Gc<'gc, Item>>;

pub(super) fn run(parameters: &Parameters) -> Checksum {
    let cells = parameters.scale;
    let mut random = parameters.random();
    let mut checksum = Checksum::default();
    let mut arena = super::arena::<Rootable!['gc => Vec<Gc<'gc, Cell<'gc>>>]>(|mc| {
        let item = |index| Gc::new(mc, Item { value: index as u64, stored_at: 0 });
        (0..cells).map(|index| Gc::new(mc, Lock::new(item(index)))).collect()
    });

    let mut time = 0;
    for batch in batches(stores(cells), BATCH) {
        arena.mutate(|mc, cells| {
            for _ in 0..batch {
                time += 1;
                let cell = cells[random.random_range(0..cells.len())];
                let value = cell.get().value.wrapping_mul(3) ^ time;
                cell.set(mc, Gc::new(mc, Item { value, stored_at: time }));
            }
        });
        arena.collect_debt();
    }

    arena.mutate(|_, cells| {
        for cell in cells {
            checksum.add(cell.get().value);
            checksum.add(cell.get().stored_at);
        }
    });
    checksum
}
