//! What a log has kept, to be read: [`History`].

use std::ops::Range;
use std::time::Duration;

use super::pauses::PauseHistogram;
use super::record::{CollectionRecord, HeapSample, Pause};
use super::summary::GenerationSummary;
use super::utilization::Utilization;

/// What an arena's collector did until some moment: a copy of what a
/// [`CollectionLog`](super::CollectionLog) has kept.
///
/// Times are counted from the log's beginning.
///
/// # Examples
///
/// ```
/// use gc_core::{Arena, Gc, NullCollector, Reason, Rootable};
/// use gc_insight::log::CollectionLog;
/// use std::time::Duration;
///
/// let mut arena: Arena<Rootable![Gc<'_, u32>], NullCollector> = Arena::new(|mc| Gc::new(mc, 1));
/// let log = CollectionLog::new();
/// arena.set_listener(log.clone());
/// (0..3).for_each(|_| _ = arena.collect());
/// let history = log.history();
///
/// let [first, ..] = history.collections() else { panic!("there were three") };
/// assert_eq!((first.collection.reason, first.collection.generation), (Reason::Explicit, 0));
/// let [pause, ..] = history.pauses() else { panic!("one for each") };
/// assert!(pause.is_collection && first.start <= pause.start && pause.end() <= first.end());
/// assert_eq!(history.heap()[2].used_bytes, arena.stats().used_bytes);
/// assert_eq!((history.pauses_dropped(), history.collections_dropped()), (0, 0));
/// assert!(history.span().start.is_zero() && history.span().end >= first.end());
///
/// // How much of any 5 ms is left to the program?
/// let minimum = history.mmu(Duration::from_millis(5));
/// assert!((0.0..=1.0).contains(&minimum));
/// assert!(minimum <= history.utilization().overall());
/// assert_eq!(history.pause_histogram().count(), 3);
/// ```
#[derive(Clone, Debug)]
pub struct History {
    pub(super) span: Range<Duration>,
    pub(super) pauses: Vec<Pause>,
    pub(super) pauses_dropped: u64,
    pub(super) collections: Vec<CollectionRecord>,
    pub(super) collections_dropped: u64,
    pub(super) heap: Vec<HeapSample>,
    pub(super) histogram: PauseHistogram,
    pub(super) generations: Vec<GenerationSummary>,
}

impl History {
    /// The time in which every pause is known: from the log's beginning, or the end of the last pause
    /// that was dropped, until this was taken.
    ///
    /// See the example of [`History`].
    #[must_use]
    pub fn span(&self) -> Range<Duration> {
        self.span.clone()
    }

    /// The pauses that are kept, in order.
    ///
    /// See the example of [`History`].
    #[must_use]
    pub fn pauses(&self) -> &[Pause] {
        &self.pauses
    }

    /// How many pauses there were before those.
    ///
    /// See the example of [`History`].
    #[must_use]
    pub fn pauses_dropped(&self) -> u64 {
        self.pauses_dropped
    }

    /// The collections that are kept, in order.
    ///
    /// See the example of [`History`].
    #[must_use]
    pub fn collections(&self) -> &[CollectionRecord] {
        &self.collections
    }

    /// How many collections there were before those.
    ///
    /// See the example of [`History`].
    #[must_use]
    pub fn collections_dropped(&self) -> u64 {
        self.collections_dropped
    }

    /// The size of the heap over time, from the log's beginning: of every safepoint at first, and in a
    /// long log of one among several that follow each other, that at which most was used.
    ///
    /// See the example of [`History`].
    #[must_use]
    pub fn heap(&self) -> &[HeapSample] {
        &self.heap
    }

    /// How long the pauses were, all of them since the log's beginning.
    ///
    /// See the example of [`History`].
    #[must_use]
    pub fn pause_histogram(&self) -> &PauseHistogram {
        &self.histogram
    }

    /// What the collections of each generation did, all of them since the log's beginning: the
    /// youngest first, up to the oldest that was collected.
    ///
    /// See the example of [`Summary`](super::Summary).
    #[must_use]
    pub fn generations(&self) -> &[GenerationSummary] {
        &self.generations
    }

    /// How much of the [span](History::span) the mutator had. To ask for more than one window, ask
    /// this.
    ///
    /// # Complexity
    ///
    /// O(pauses).
    ///
    /// # Examples
    ///
    /// See the example of [`History`].
    #[must_use]
    pub fn utilization(&self) -> Utilization {
        let pauses = self.pauses.iter().map(|pause| (pause.start, pause.duration));
        Utilization::new(self.span(), pauses)
    }

    /// The minimum mutator utilization: what the mutator had at least of every window of this length in
    /// the [span](History::span), from 0 to 1. See [`Utilization`].
    ///
    /// # Complexity
    ///
    /// O(pauses).
    ///
    /// # Examples
    ///
    /// See the example of [`History`].
    #[must_use]
    pub fn mmu(&self, window: Duration) -> f64 {
        self.utilization().minimum(window)
    }
}
