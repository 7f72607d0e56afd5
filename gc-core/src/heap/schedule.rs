//! When collections are due by what the arena's owner has said: [`Threshold`]s and [`Pacing`], and what
//! has happened since each generation was last collected.

use super::Heap;
use crate::collector::GENERATIONS_MAX;
use crate::pacing::{Pacing, Threshold};

/// The oldest of several generations is collected after so many collections only if it has grown by
/// this share, as a divisor: CPython's rule.
const GROWTH_DIVISOR: usize = 4;

/// Objects and their bytes.
#[derive(Clone, Copy, Debug, Default)]
struct Amount {
    objects: usize,
    bytes: usize,
}

impl Amount {
    fn since(self, before: Amount) -> Amount {
        Amount {
            objects: self.objects.saturating_sub(before.objects),
            bytes: self.bytes.saturating_sub(before.bytes),
        }
    }
}

/// Thresholds, and how far they are.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    thresholds: [Threshold; GENERATIONS_MAX],
    pacing: Pacing,
    /// What had been allocated when the last collection of any generation ended.
    allocated: Amount,
    /// What lived when each generation was last collected.
    live: [Amount; GENERATIONS_MAX],
    /// Collections of the next younger generation since then.
    collections: [usize; GENERATIONS_MAX],
}

impl Heap {
    /// Whether a generation is due by the threshold that was set for it; `None` if the choice is the
    /// collector's. `generations` is how many that has.
    ///
    /// See the example of [`Collector`](crate::Collector).
    #[must_use]
    pub fn is_threshold_reached(&self, generation: u8, generations: u8) -> Option<bool> {
        let schedule = &self.schedule;
        let index = usize::from(generation);
        let threshold = schedule.thresholds[index];
        if threshold.is_automatic() {
            return None;
        }
        let grown = self.grown(generation);
        let is_reached =
            |limit: Option<usize>, now| limit.is_some_and(|limit| limit > 0 && now >= limit);
        let is_oldest = generation > 0 && generation + 1 == generations;
        let has_grown =
            !is_oldest || grown.objects >= schedule.live[index].objects / GROWTH_DIVISOR;
        Some(
            is_reached(threshold.objects, grown.objects)
                || is_reached(threshold.bytes, grown.bytes)
                || (is_reached(threshold.collections, schedule.collections[index]) && has_grown),
        )
    }

    /// How the arena's owner weighs memory against work.
    ///
    /// See the example of [`Collector`](crate::Collector).
    #[must_use]
    pub fn pacing(&self) -> Pacing {
        self.schedule.pacing
    }

    pub(crate) fn set_pacing(&mut self, pacing: Pacing) {
        self.schedule.pacing = pacing;
    }

    pub(crate) fn thresholds(&self) -> [Threshold; GENERATIONS_MAX] {
        self.schedule.thresholds
    }

    pub(crate) fn set_thresholds(&mut self, thresholds: [Threshold; GENERATIONS_MAX]) {
        self.schedule.thresholds = thresholds;
        if self.settings.counts_references {
            return;
        }
        // How much is allocated is looked at where the nursery grows.
        let youngest = thresholds[0];
        let bytes = youngest.bytes.filter(|&bytes| bytes > 0).unwrap_or(usize::MAX);
        self.fix_nursery_bytes((!youngest.is_automatic()).then_some(bytes));
        self.set_objects_due();
    }

    /// How many objects are allocated when the youngest generation is due by their number: a collector
    /// that counts has growth instead.
    fn set_objects_due(&self) {
        let objects = self.schedule.thresholds[0].objects.filter(|&objects| objects > 0);
        let objects = objects.filter(|_| !self.settings.counts_references);
        let allocated = self.schedule.allocated.objects as u64;
        let due_at = objects.map_or(u64::MAX, |objects| allocated.saturating_add(objects as u64));
        self.objects_due_at.set(due_at);
    }

    /// What has happened to each generation since it was last collected: objects for the youngest,
    /// collections of the next younger one for the others.
    pub(crate) fn generation_counts(&self) -> [usize; GENERATIONS_MAX] {
        let mut counts = self.schedule.collections;
        counts[0] = self.grown(0).objects;
        counts
    }

    /// By how much a generation has grown since it was last collected.
    fn grown(&self, generation: u8) -> Amount {
        if generation == 0 && !self.settings.counts_references {
            return self.allocated_amount().since(self.schedule.allocated);
        }
        self.live_amount().since(self.schedule.live[usize::from(generation)])
    }

    fn allocated_amount(&self) -> Amount {
        let (objects, bytes) = self.allocated();
        Amount { objects: objects as usize, bytes: bytes as usize }
    }

    fn live_amount(&self) -> Amount {
        Amount { objects: self.live_objects(), bytes: self.live_bytes() }
    }

    /// Notes that a generation was collected, and all younger ones.
    pub(crate) fn note_generation(&mut self, generation: u8) {
        let live = self.live_amount();
        self.schedule.allocated = self.allocated_amount();
        let (collected, older) =
            self.schedule.collections.split_at_mut(usize::from(generation) + 1);
        collected.fill(0);
        if let Some(next) = older.first_mut() {
            *next += 1;
        }
        self.schedule.live[..=usize::from(generation)].fill(live);
        self.set_objects_due();
    }
}
