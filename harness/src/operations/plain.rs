//! Loops that do what the memory asks for at least, without any collector.

use std::hint::black_box;

use super::Meter;
use super::minor::NURSERY_PER_SURVIVOR;

/// As large as a node with its header.
#[derive(Clone, Copy, Debug, Default)]
struct Object([u64; 3]);

/// Copies every fourth object, one by one, into fresh memory, and updates the reference to it. As in
/// a nursery, the objects were just made.
pub(super) fn copy(survivors: usize, meter: &mut Meter) {
    struct Space {
        from: Vec<Object>,
        to: Vec<Object>,
        slots: Vec<usize>,
    }
    let from = vec![Object::default(); survivors * NURSERY_PER_SURVIVOR];
    let mut space =
        Space { from, to: vec![Object::default(); survivors], slots: vec![0; survivors] };
    meter.repeat_prepared(
        survivors,
        &mut space,
        |Space { from, slots, .. }| {
            from.fill(black_box(Object([1; 3])));
            for (place, slot) in slots.iter_mut().enumerate() {
                *slot = place * NURSERY_PER_SURVIVOR;
            }
        },
        |Space { from, to, slots }| {
            for (place, (slot, to)) in slots.iter_mut().zip(to).enumerate() {
                *to = from[*slot];
                *slot = place;
            }
        },
    );
    let is_copied = |&slot: &usize| space.to[slot].0 == [1; 3];
    assert!(space.slots.iter().all(is_copied));
}
