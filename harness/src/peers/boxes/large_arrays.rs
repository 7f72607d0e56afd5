//! Every place owns its leaf. What the others share is copied here, because it has one owner.

use rand::RngExt;

use crate::workloads::large_arrays::{ARRAYS, WRITES_PER_LENGTH};
use crate::workloads::{Checksum, Parameters};

#[derive(Clone)]
struct Leaf {
    value: u64,
}

pub(super) fn run(parameters: &Parameters) -> Checksum {
    let length = parameters.scale;
    let mut random = parameters.random();
    let mut checksum = Checksum::default();
    let mut arrays = [(); ARRAYS].map(|()| vec![None::<Box<Leaf>>; length]);

    for write in 1..=(length * WRITES_PER_LENGTH) as u64 {
        let [from, to] =
            [(); 2].map(|()| (random.random_range(0..ARRAYS), random.random_range(0..length)));
        arrays[to.0][to.1] = match write % 2 {
            0 => arrays[from.0][from.1].clone(),
            _ => Some(Box::new(Leaf { value: write })),
        };
    }

    for array in &arrays {
        checksum.extend(array.iter().map(|place| place.as_ref().map_or(0, |leaf| leaf.value)));
    }
    checksum
}
