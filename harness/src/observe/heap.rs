//! The observer of the heap over time: [`HeapObserver`].

use std::time::Duration;

use gc_core::{GenerationStats, HeapView, Stats};

use super::clock::RunClock;
use super::slices::Slices;
use super::types::TypeTable;
use super::{HeapRecord, Look};
use crate::measure::Observer;

/// A look takes at most so many times as long as the run between it and the next: a run that is looked
/// at ends, however large its heap.
const LOOK_TIMES_MAX: u32 = 4;

/// Reads the meters after every operation, and looks into the heap now and then.
#[derive(Debug)]
pub struct HeapObserver {
    clock: RunClock,
    look_interval: Duration,
    next_look: Duration,
    slices: Slices,
    types: TypeTable,
    looks: Vec<Look>,
}

impl HeapObserver {
    /// An observer of a run that begins now, and that looks into the heap about so often.
    #[must_use]
    pub fn new(look_interval: Duration) -> Self {
        HeapObserver {
            clock: RunClock::start(),
            look_interval,
            next_look: Duration::ZERO,
            slices: Slices::new(),
            types: TypeTable::default(),
            looks: Vec::new(),
        }
    }

    /// How long the run took so far, and what was seen.
    #[must_use]
    pub fn record(&self) -> (Duration, HeapRecord) {
        let types = self.types.names().iter().map(|&name| name.to_owned()).collect();
        let record = HeapRecord {
            slice_ns: self.slices.slice_ns(),
            slices: self.slices.all().to_vec(),
            types,
            looks: self.looks.clone(),
        };
        (self.clock.elapsed(), record)
    }
}

impl Observer for HeapObserver {
    fn operation_ended(&mut self, stats: &Stats, generations: &[GenerationStats]) -> bool {
        let now = self.clock.elapsed();
        self.slices.add(now.as_nanos() as u64, stats, generations);
        let is_due = now >= self.next_look;
        if is_due {
            self.clock.stop();
        }
        is_due
    }

    fn look<'gc>(&mut self, heap: &'gc HeapView<'gc>) {
        let now = self.clock.elapsed();
        self.looks.push(self.types.look(now.as_nanos() as u64, heap));
        let cost = self.clock.go_on();
        self.next_look = now + self.look_interval.max(cost / LOOK_TIMES_MAX);
    }
}
