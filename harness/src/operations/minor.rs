//! Minor collections: of the nursery only.

use gc_core::{Arena, Collector, Gc, Lock, Rootable};

use super::Meter;
use super::nodes::{Node, cells};

/// Collections in one repetition where each is short.
const COLLECTIONS: usize = 1000;

/// Objects in the nursery for each that survives: a collector that found most of them alive might
/// rather promote them where they lie.
pub(super) const NURSERY_PER_SURVIVOR: usize = 4;

/// A nursery without survivors, beside so many old objects.
pub(super) fn empty<C: Collector + Default>(old: usize, meter: &mut Meter) {
    let mut arena = cells::<C>(old);
    meter.repeat(COLLECTIONS, || {
        for _ in 0..COLLECTIONS {
            arena.collect_generation(0);
        }
    });
}

/// A nursery of which every fourth object survives, held by an old array.
pub(super) fn survivors<C: Collector + Default>(survivors: usize, meter: &mut Meter) {
    type Slots<'gc> = Gc<'gc, [Lock<Option<Gc<'gc, Node<'gc>>>>]>;
    let mut arena = Arena::<Rootable!['gc => Slots<'gc>], C>::new(|mc| {
        Gc::slice_from_fn(mc, survivors, |_| Lock::new(None))
    });
    // A nursery that is full must wait for the collection that is measured.
    arena.disable();
    meter.repeat_prepared(
        survivors,
        &mut arena,
        |arena| {
            arena.collect();
            arena.mutate(|mc, &slots| {
                for number in 0..survivors * NURSERY_PER_SURVIVOR {
                    let node = Gc::new(mc, Node::new(number));
                    if number.is_multiple_of(NURSERY_PER_SURVIVOR)
                        && let Some(slot) = Gc::write_at(mc, slots, number / NURSERY_PER_SURVIVOR)
                    {
                        slot.unlock().set(Some(node));
                    }
                }
            });
        },
        |arena| {
            arena.collect_generation(0);
        },
    );
    let is_alive = arena.enter(|_, slots| {
        slots.iter().enumerate().all(|(place, slot)| {
            slot.get().is_some_and(|node| node.number == (place * NURSERY_PER_SURVIVOR) as u64)
        })
    });
    assert!(is_alive, "every survivor is in its place");
}
