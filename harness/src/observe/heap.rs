//! The observer of the heap over time: [`HeapObserver`].

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use gc_core::{Event, GenerationStats, HeapView, Listener, Stats};

use super::clock::RunClock;
use super::slices::Slices;
use super::types::TypeTable;
use super::{BlockMap, HeapRecord, Look, TypeName};
use crate::measure::Observer;

/// A look takes at most so many times as long as the run between it and the next: a run that is looked
/// at ends, however large its heap.
const LOOK_TIMES_MAX: u32 = 4;

/// Reads the meters after every operation and before every pause, and looks into the heap now and then.
#[derive(Debug)]
pub struct HeapObserver {
    meters: Rc<RefCell<Meters>>,
    look_interval: Duration,
    next_look: Duration,
    types: TypeTable,
    looks: Vec<Look>,
    blocks: Option<BlockMap>,
}

/// What the listener needs, too.
#[derive(Debug)]
struct Meters {
    clock: RunClock,
    slices: Slices,
}

impl HeapObserver {
    /// An observer of a run that begins now, and that looks into the heap about so often.
    #[must_use]
    pub fn new(look_interval: Duration) -> Self {
        let meters = Meters { clock: RunClock::start(), slices: Slices::new() };
        HeapObserver {
            meters: Rc::new(RefCell::new(meters)),
            look_interval,
            next_look: Duration::ZERO,
            types: TypeTable::default(),
            looks: Vec::new(),
            blocks: None,
        }
    }

    /// How long the run took so far, and what was seen.
    #[must_use]
    pub fn record(&self) -> (Duration, HeapRecord) {
        let meters = self.meters.borrow();
        let record = HeapRecord {
            slice_ns: meters.slices.slice_ns(),
            slices: meters.slices.all().to_vec(),
            types: self.types.types().to_vec(),
            looks: self.looks.clone(),
            blocks: self.blocks.clone(),
        };
        (meters.clock.elapsed(), record)
    }

    /// How long the run took so far.
    pub(super) fn elapsed(&self) -> Duration {
        self.meters.borrow().clock.elapsed()
    }

    /// Takes the last look out, with the names of the types, and forgets all looks.
    pub(super) fn take_last_look(&mut self) -> Option<(Look, &[TypeName])> {
        let last = self.looks.pop();
        self.looks.clear();
        last.map(|look| (look, self.types.types()))
    }

    /// Stops the clock while something else is done.
    pub(super) fn stand(&self, meanwhile: impl FnOnce()) {
        self.meters.borrow_mut().clock.stop();
        meanwhile();
        self.meters.borrow_mut().clock.go_on();
    }
}

impl Observer for HeapObserver {
    fn listener(&mut self) -> Option<Box<dyn Listener>> {
        let meters = Rc::clone(&self.meters);
        Some(Box::new(move |event: &Event| {
            // A heap is largest just before a collection. No operation ends then.
            if let Event::SafepointStop { used_bytes_before, .. } = *event {
                let Meters { clock, slices } = &mut *meters.borrow_mut();
                slices.add_used(clock.elapsed().as_nanos() as u64, used_bytes_before as u64);
            }
        }))
    }

    fn operation_ended(&mut self, stats: &Stats, generations: &[GenerationStats]) -> bool {
        let Meters { clock, slices } = &mut *self.meters.borrow_mut();
        let now = clock.elapsed();
        slices.add(now.as_nanos() as u64, stats, generations);
        let is_due = now >= self.next_look;
        if is_due {
            clock.stop();
        }
        is_due
    }

    fn look<'gc>(&mut self, heap: &'gc HeapView<'gc>) {
        let clock = &mut self.meters.borrow_mut().clock;
        let now = clock.elapsed();
        self.looks.push(self.types.look(now.as_nanos() as u64, heap));
        let blocks = BlockMap::of(now.as_nanos() as u64, heap);
        let before = self.blocks.as_ref().map_or(0, BlockMap::taken_bytes);
        if self.blocks.is_none() || blocks.taken_bytes() > before {
            self.blocks = Some(blocks);
        }
        let cost = clock.go_on();
        self.next_look = now + self.look_interval.max(cost / LOOK_TIMES_MAX);
    }
}
