//! Memory that goes back to the operating system.

use gc_core::{Arena, Collector, Gc, Lock, Mutation, Rootable, Trace};

use super::Meter;
use crate::measure::anonymous_bytes;

/// One in so many objects stays.
const STAYS_ONE_IN: usize = 1000;

/// Objects that are made, or let go, in one `mutate`.
const BATCH: usize = 1000;

/// A cache line with its header.
#[derive(Debug, Trace)]
struct Line {
    numbers: [u64; 7],
}

type Slots<'gc> = Gc<'gc, [Lock<Option<Gc<'gc, Line>>>]>;

type Lines = Rootable!['gc => Slots<'gc>];

/// Frees all objects but one in a thousand. The answer is how much of the memory that the objects
/// took went back, in percent. Where the system does not say how much is resident, it is none.
pub(super) fn returned<C: Collector + Default>(objects: usize, meter: &mut Meter) {
    // Huge pages would round up what is resident.
    let mut arena = Arena::<Lines, C>::builder()
        .huge_pages(false)
        .build(|mc| Gc::slice_from_fn(mc, objects, |_| Lock::new(None)));
    // What the collector's own lists take is no memory of the objects: they find their size first.
    fill(&mut arena, objects.min(BATCH));
    arena
        .mutate(|mc, &slots| (0..objects.min(BATCH)).for_each(|place| set(mc, slots, place, None)));
    arena.collect();
    let resident_empty = resident();
    fill(&mut arena, objects);
    arena.collect();
    let resident_full = resident();
    meter.once(objects as u64, || {
        for first in (0..objects).step_by(BATCH) {
            arena.mutate(|mc, &slots| {
                for place in first..objects.min(first + BATCH) {
                    if !place.is_multiple_of(STAYS_ONE_IN) {
                        set(mc, slots, place, None);
                    }
                }
            });
        }
        // A collector that empties sparse blocks learns in one collection which these are.
        arena.collect();
        arena.collect();
    });
    let resident_sparse = resident();
    let stayed = arena.enter(|_, slots| {
        let live = slots.iter().enumerate().filter_map(|(place, slot)| Some((place, slot.get()?)));
        live.filter(|(place, line)| line.numbers[6] == *place as u64).count()
    });
    assert_eq!(stayed, objects.div_ceil(STAYS_ONE_IN));
    let taken = resident_full - resident_empty;
    meter.set_percent(100.0 * (resident_full - resident_sparse) / taken.max(1.0));
}

/// Makes the first objects.
fn fill<C: Collector>(arena: &mut Arena<Lines, C>, objects: usize) {
    for first in (0..objects).step_by(BATCH) {
        arena.mutate(|mc, &slots| {
            for place in first..objects.min(first + BATCH) {
                let line = Gc::new(mc, Line { numbers: [place as u64; 7] });
                set(mc, slots, place, Some(line));
            }
        });
    }
}

fn set<'gc>(mc: &'gc Mutation<'gc>, slots: Slots<'gc>, place: usize, line: Option<Gc<'gc, Line>>) {
    if let Some(slot) = Gc::write_at(mc, slots, place) {
        slot.unlock().set(line);
    }
}

fn resident() -> f64 {
    anonymous_bytes().unwrap_or_default() as f64
}
