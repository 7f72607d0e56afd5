//! Random stores of new objects into old cells: every store makes an object reachable and another
//! one garbage.
//!
//! The worst case of a generational collector (objects die in the order of no generation) and the
//! everyday case of reference counting. With 16384 cells everything fits into a cache, with 262144
//! it does not.

use gc_core::{Collector, Gc, Lock, Rootable, Trace, unlock};
use rand::RngExt;

use super::parameters::batches;
use super::{Checksum, Parameters};
use crate::measure::Instruments;

/// Stores per cell.
const STORES_PER_CELL: usize = 1024;

/// Stores altogether, at most: both usual sizes do the same work and differ in what the cache
/// holds.
const STORES_MAX: usize = 1 << 24;

/// Stores in one `mutate`.
pub(crate) const BATCH: usize = 256;

/// The number of stores into this many cells.
pub(crate) fn stores(cells: usize) -> usize {
    (cells * STORES_PER_CELL).min(STORES_MAX)
}

#[derive(Debug, Trace)]
struct Item {
    value: u64,
    stored_at: u64,
}

#[derive(Debug, Trace)]
struct Cell<'gc> {
    item: Lock<Gc<'gc, Item>>,
}

/// Runs the workload; the scale is the number of cells.
pub fn run<C: Collector + Default>(
    parameters: &Parameters,
    instruments: &mut Instruments,
) -> Checksum {
    let cells = parameters.scale;
    let mut random = parameters.random();
    let mut checksum = Checksum::default();
    let mut arena = instruments.arena::<Rootable!['gc => Gc<'gc, [Gc<'gc, Cell<'gc>>]>], C>(|mc| {
        Gc::slice_from_fn(mc, cells, |index| {
            let item = Gc::new(mc, Item { value: index as u64, stored_at: 0 });
            Gc::new(mc, Cell { item: Lock::new(item) })
        })
    });

    let mut time = 0;
    for batch in batches(stores(cells), BATCH) {
        arena.mutate(|mc, cells| {
            for _ in 0..batch {
                time += 1;
                let cell = cells[random.random_range(0..cells.len())];
                let value = cell.item.get().value.wrapping_mul(3) ^ time;
                let item = Gc::new(mc, Item { value, stored_at: time });
                unlock!(Gc::write(mc, cell), Cell, item).set(item);
            }
        });
        instruments.tick(&mut arena);
    }

    arena.enter(|_, cells| {
        for cell in cells.iter() {
            checksum.add(cell.item.get().value);
            checksum.add(cell.item.get().stored_at);
        }
    });
    instruments.retire(arena);
    checksum
}
