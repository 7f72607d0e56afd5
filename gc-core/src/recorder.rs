//! The record of what collections do: the one that is under way, the sums of each generation, and the
//! listener that is told.
//!
//! A collection is *open* from its start event to its stop event. In between it may wait for finalizers
//! and callbacks, and what the collector does until it has ended belongs to it. Only one is open at a
//! time: none begins while another waits.

use alloc::boxed::Box;

use crate::clock::Clock;
use crate::collector::GENERATIONS_MAX;
use crate::event::{Collection, Event, GenerationStats, Listener, Reason};

#[derive(Default)]
pub(crate) struct Recorder {
    pub(crate) listener: Option<Box<dyn Listener>>,
    /// What the heap used when the collector began to work, if somebody is told.
    pub(crate) used_bytes_before: usize,
    generations: [GenerationStats; GENERATIONS_MAX],
    open: Option<Open>,
    /// The last one that has ended, until somebody takes it.
    ended: Option<Collection>,
}

/// A collection that has begun.
struct Open {
    sum: Collection,
    /// Objects that had been finalized when it began.
    finalized_before: u64,
    begin: Clock,
}

impl Recorder {
    /// A collection begins.
    pub(crate) fn begin(&mut self, reason: Reason, generation: u8, finalized: u64) {
        self.tell(&Event::CollectionStart { reason, generation });
        let sum = Collection { reason, generation, ..Collection::default() };
        self.open = Some(Open { sum, finalized_before: finalized, begin: Clock::now() });
    }

    /// Whether a collection has begun, and not ended.
    #[inline]
    pub(crate) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Adds what the collector did.
    pub(crate) fn add(&mut self, step: &Collection) {
        if let Some(open) = &mut self.open {
            open.sum = open.sum.and(step);
        }
    }

    /// The open collection has ended.
    pub(crate) fn end(&mut self, finalized: u64) -> Option<Collection> {
        let Open { mut sum, finalized_before, begin } = self.open.take()?;
        sum.finalized = (finalized - finalized_before) as usize;
        sum.survivors = sum.candidates.saturating_sub(sum.freed_objects);
        sum.duration = begin.elapsed();
        if let Some(stats) = self.generations.get_mut(usize::from(sum.generation)) {
            stats.add(&sum);
        }
        self.ended = Some(sum);
        Some(sum)
    }

    /// Takes the last collection, if it has ended.
    pub(crate) fn take_ended(&mut self) -> Option<Collection> {
        self.ended.take()
    }

    pub(crate) fn generations(&self) -> &[GenerationStats; GENERATIONS_MAX] {
        &self.generations
    }

    pub(crate) fn tell(&mut self, event: &Event) {
        if let Some(listener) = &mut self.listener {
            listener.event(event);
        }
    }
}
