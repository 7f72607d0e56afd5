//! Loops that do what the memory asks for at least, without any collector.

use super::Meter;
use super::minor::NURSERY_PER_SURVIVOR;

/// As large as a node with its header.
#[derive(Clone, Copy, Debug, Default)]
struct Object([u64; 3]);

/// Copies every fourth object, one by one, into fresh memory, and updates the reference to it.
pub(super) fn copy(survivors: usize, meter: &mut Meter) {
    let from = vec![Object([1; 3]); survivors * NURSERY_PER_SURVIVOR];
    let mut to = vec![Object::default(); survivors];
    let mut slots = vec![0; survivors];
    meter.repeat_prepared(
        survivors,
        &mut (&mut slots, &mut to),
        |(slots, to)| {
            for (place, slot) in slots.iter_mut().enumerate() {
                *slot = place * NURSERY_PER_SURVIVOR;
            }
            to.fill(Object::default());
        },
        |(slots, to)| {
            for (place, (slot, to)) in slots.iter_mut().zip(to.iter_mut()).enumerate() {
                *to = from[*slot];
                *slot = place;
            }
        },
    );
    assert_eq!(to.iter().map(|object| object.0[2]).sum::<u64>(), survivors as u64);
}
