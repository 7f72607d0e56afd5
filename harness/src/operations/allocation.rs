//! Allocation.

use std::hint::black_box;

use gc_core::{Arena, Collector, Gc, Rootable};

use super::Meter;

/// Objects that are garbage at once, all in one `mutate`.
pub(super) fn allocate<C: Collector + Default>(objects: usize, meter: &mut Meter) {
    let mut arena = Arena::<Rootable!['gc => ()], C>::new(|_| ());
    meter.repeat(objects, || {
        arena.mutate(|mc, ()| {
            for number in 0..objects {
                black_box(Gc::new(mc, number));
            }
        });
    });
}
