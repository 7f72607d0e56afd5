//! See `workloads::large_arrays`. The arrays are vectors outside the collected heap: a cell with a
//! whole array in it is borrowed, and by some peers rooted, as a whole.

use rand::RngExt;

use super::{Gc, collect, safepoint, set_up};
use crate::workloads::large_arrays::{ARRAYS, BATCH, WRITES_PER_LENGTH};
use crate::workloads::{Checksum, Parameters, batches};

struct Leaf {
    value: u64,
}

untraced!(Leaf);

pub(in crate::peers::pointers) fn run(parameters: &Parameters) -> Checksum {
    set_up();
    let length = parameters.scale;
    let mut random = parameters.random();
    let mut checksum = Checksum::default();
    let mut arrays: [Vec<Option<Gc<Leaf>>>; ARRAYS] =
        [(); ARRAYS].map(|()| (0..length).map(|_| None).collect());

    let mut writes = 0;
    for batch in batches(length * WRITES_PER_LENGTH, BATCH) {
        for _ in 0..batch {
            writes += 1;
            let [from, to] =
                [(); 2].map(|()| (random.random_range(0..ARRAYS), random.random_range(0..length)));
            arrays[to.0][to.1] = match writes % 2 {
                0 => arrays[from.0][from.1].clone(),
                _ => Some(Gc::new(Leaf { value: writes })),
            };
        }
        safepoint(0);
    }

    for array in &arrays {
        checksum.extend(array.iter().map(|place| place.as_ref().map_or(0, |leaf| leaf.value)));
    }
    drop(arrays);
    collect();
    checksum
}
