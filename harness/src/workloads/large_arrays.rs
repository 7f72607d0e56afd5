//! A few arrays of a million references, written here and there.
//!
//! A write barrier that logs a whole array at its first store makes every safepoint cost a scan of
//! the array; one that logs a segment does not. See `Gc::write_at`.

use gc_core::{Collector, Gc, Lock, Rootable, Trace};
use rand::RngExt;

use super::parameters::batches;
use super::{Checksum, Parameters};
use crate::measure::Instruments;

/// The number of arrays.
pub(crate) const ARRAYS: usize = 4;

/// Writes for every reference that an array holds.
pub(crate) const WRITES_PER_LENGTH: usize = 4;

/// Writes in one `mutate`: few, so that the barrier's cost per safepoint shows.
pub(crate) const BATCH: usize = 64;

#[derive(Debug, Trace)]
struct Leaf {
    value: u64,
}

type Array<'gc> = Gc<'gc, [Lock<Option<Gc<'gc, Leaf>>>]>;

/// Runs the workload; the scale is the number of references in each of the arrays.
pub fn run<C: Collector + Default>(
    parameters: &Parameters,
    instruments: &mut Instruments,
) -> Checksum {
    let length = parameters.scale;
    let mut random = parameters.random();
    let mut checksum = Checksum::default();
    let mut arena = instruments.arena::<Rootable!['gc => [Array<'gc>; ARRAYS]], C>(|mc| {
        [(); ARRAYS].map(|()| Gc::slice_from_fn(mc, length, |_| Lock::new(None)))
    });

    let mut writes = 0;
    for batch in batches(length * WRITES_PER_LENGTH, BATCH) {
        arena.mutate(|mc, arrays| {
            for _ in 0..batch {
                writes += 1;
                let [from, to] = [(); 2]
                    .map(|()| (random.random_range(0..ARRAYS), random.random_range(0..length)));
                // Every other write moves what is there already, so that references are also shared
                // and erased.
                let leaf = match writes % 2 {
                    0 => arrays[from.0][from.1].get(),
                    _ => Some(Gc::new(mc, Leaf { value: writes })),
                };
                if let Some(place) = Gc::write_at(mc, arrays[to.0], to.1) {
                    place.unlock().set(leaf);
                }
            }
        });
        instruments.tick(&mut arena);
    }

    arena.enter(|_, arrays| {
        for array in arrays {
            checksum.extend(array.iter().map(|place| place.get().map_or(0, |leaf| leaf.value)));
        }
    });
    instruments.retire(arena);
    checksum
}
