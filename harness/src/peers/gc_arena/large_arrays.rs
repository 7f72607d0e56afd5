//! An array is a `Vec` of locks in one object. A write while the collector marks makes it look at
//! the whole array again.

use gc_arena::lock::Lock;
use gc_arena::{Collect, Gc, Rootable};
use rand::RngExt;

use crate::workloads::large_arrays::{ARRAYS, BATCH, WRITES_PER_LENGTH};
use crate::workloads::{Checksum, Parameters, batches};

#[derive(Collect)]
#[collect(require_static)]
struct Leaf {
    value: u64,
}

type Array<'gc> = Gc<'gc, Vec<Lock<Option<Gc<'gc, Leaf>>>>>;

pub(super) fn run(parameters: &Parameters) -> Checksum {
    let length = parameters.scale;
    let mut random = parameters.random();
    let mut checksum = Checksum::default();
    let mut arena = super::arena::<Rootable!['gc => [Array<'gc>; ARRAYS]]>(|mc| {
        [(); ARRAYS].map(|()| Gc::new(mc, vec![Lock::new(None); length]))
    });

    let mut writes = 0;
    for batch in batches(length * WRITES_PER_LENGTH, BATCH) {
        arena.mutate(|mc, arrays| {
            for _ in 0..batch {
                writes += 1;
                let [from, to] = [(); 2]
                    .map(|()| (random.random_range(0..ARRAYS), random.random_range(0..length)));
                let leaf = match writes % 2 {
                    0 => arrays[from.0][from.1].get(),
                    _ => Some(Gc::new(mc, Leaf { value: writes })),
                };
                Gc::write(mc, arrays[to.0])[to.1].unlock().set(leaf);
            }
        });
        arena.collect_debt();
    }

    arena.mutate(|_, arrays| {
        for array in arrays {
            checksum.extend(array.iter().map(|place| place.get().map_or(0, |leaf| leaf.value)));
        }
    });
    checksum
}
