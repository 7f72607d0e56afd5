//! The listener that keeps a record: [`CollectionLog`].

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt;
use std::rc::Rc;
use std::time::{Duration, Instant};

use gc_core::{Collection, Event, Listener};

use super::history::History;
use super::pauses::PauseHistogram;
use super::record::{CollectionRecord, HeapSample, Pause};
use super::summary::GenerationSummary;
use crate::series::Decimated;

/// How many pauses are kept, and how many collections, unless it is said otherwise.
const RECORDS_MAX: usize = 1 << 15;

/// Moments of which the size of the heap is kept.
const HEAP_SAMPLES_MAX: usize = 1 << 12;

/// The record of what an arena's collector does.
///
/// It is a handle: give a clone to [`Arena::set_listener`](gc_core::Arena::set_listener), and ask the
/// other for the [`History`] at any time. To listen with others set a vector of listeners.
///
/// What is kept is bounded. Of pauses and of collections those that were last are there; the
/// histogram of pauses and the sums of generations go back to the beginning, as does the series of
/// heap sizes, which gets coarser the longer it is. The default takes up to 10 MB, in a program with
/// very many pauses.
///
/// An event is recorded in about as long as it takes to look at the clock; that is part of the pause.
///
/// # Examples
///
/// ```
/// use gc_core::{Arena, Gc, NullCollector, Rootable};
/// use gc_insight::log::CollectionLog;
///
/// let mut arena: Arena<Rootable![Gc<'_, u32>], NullCollector> = Arena::new(|mc| Gc::new(mc, 1));
/// let log = CollectionLog::new();
/// arena.set_listener(log.clone());
/// arena.collect();
///
/// let history = log.history();
/// assert_eq!(history.collections().len(), 1);
/// println!("{}", history.summary());
/// ```
#[derive(Clone)]
pub struct CollectionLog {
    recorder: Rc<RefCell<Recorder>>,
}

impl Default for CollectionLog {
    fn default() -> CollectionLog {
        CollectionLog::new()
    }
}

impl CollectionLog {
    /// Begins a log now.
    ///
    /// See the example of [`CollectionLog`].
    ///
    /// # Panics
    ///
    /// In a browser, where the standard library has no clock.
    #[must_use]
    pub fn new() -> CollectionLog {
        CollectionLog::with_capacity(RECORDS_MAX)
    }

    /// Begins a log that keeps as many pauses as this, and as many collections; one of each at least.
    /// A pause takes 80 bytes, a collection 128; memory is taken when it is needed.
    ///
    /// # Panics
    ///
    /// As [`new`](CollectionLog::new).
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::{Arena, NullCollector, Rootable};
    /// # use gc_insight::log::CollectionLog;
    /// # let mut arena: Arena<Rootable![()], NullCollector> = Arena::new(|_| ());
    /// let log = CollectionLog::with_capacity(5);
    /// arena.set_listener(log.clone());
    /// (0..8).for_each(|_| _ = arena.collect());
    /// let history = log.history();
    /// assert_eq!((history.collections().len(), history.collections_dropped()), (5, 3));
    /// assert_eq!((history.pauses().len(), history.pauses_dropped()), (5, 3));
    /// assert_eq!(history.pause_histogram().count(), 8);
    /// ```
    #[must_use]
    pub fn with_capacity(records_max: usize) -> CollectionLog {
        let recorder = Recorder::new(records_max.max(1));
        CollectionLog { recorder: Rc::new(RefCell::new(recorder)) }
    }

    /// What has happened until now. A copy: it does not change any more.
    ///
    /// # Complexity
    ///
    /// O(records that are kept).
    ///
    /// # Examples
    ///
    /// See the example of [`CollectionLog`].
    #[must_use]
    pub fn history(&self) -> History {
        let recorder = self.recorder.borrow();
        recorder.history(recorder.began.elapsed())
    }

    /// Forgets everything, and begins anew. A collection or a pause that is under way is left out.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::{Arena, NullCollector, Rootable};
    /// # use gc_insight::log::CollectionLog;
    /// # let mut arena: Arena<Rootable![()], NullCollector> = Arena::new(|_| ());
    /// let log = CollectionLog::new();
    /// arena.set_listener(log.clone());
    /// arena.collect(); // While the program warms up.
    /// log.clear();
    /// assert!(log.history().pauses().is_empty());
    /// ```
    pub fn clear(&self) {
        let mut recorder = self.recorder.borrow_mut();
        *recorder = Recorder::new(recorder.records_max);
    }
}

impl Listener for CollectionLog {
    fn event(&mut self, event: &Event) {
        let mut recorder = self.recorder.borrow_mut();
        let at = recorder.began.elapsed();
        recorder.record(event, at);
    }
}

impl fmt::Debug for CollectionLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let recorder = self.recorder.borrow();
        f.debug_struct("CollectionLog")
            .field("pauses", &recorder.pauses.kept.len())
            .field("collections", &recorder.collections.kept.len())
            .finish_non_exhaustive()
    }
}

/// What is kept, at times that are given.
pub(super) struct Recorder {
    began: Instant,
    records_max: usize,
    pauses: Ring<Pause>,
    collections: Ring<CollectionRecord>,
    heap: Decimated<HeapSample>,
    histogram: PauseHistogram,
    generations: Vec<GenerationSummary>,
    /// When the last pause was over of which nothing is known any more.
    forgotten_until: Duration,
    open_pause: Option<Duration>,
    open_collection: Option<Duration>,
}

/// The last ones.
struct Ring<T> {
    kept: VecDeque<T>,
    dropped: u64,
}

impl<T: Copy> Ring<T> {
    fn new() -> Ring<T> {
        Ring { kept: VecDeque::new(), dropped: 0 }
    }

    /// Adds one; gives the oldest one back if there are too many.
    fn push(&mut self, record: T, records_max: usize) -> Option<T> {
        let oldest = if self.kept.len() < records_max { None } else { self.kept.pop_front() };
        self.dropped += u64::from(oldest.is_some());
        self.kept.push_back(record);
        oldest
    }

    fn to_vec(&self) -> Vec<T> {
        self.kept.iter().copied().collect()
    }
}

impl Recorder {
    pub(super) fn new(records_max: usize) -> Recorder {
        Recorder {
            began: Instant::now(),
            records_max,
            pauses: Ring::new(),
            collections: Ring::new(),
            heap: Decimated::new(HEAP_SAMPLES_MAX, HeapSample::larger),
            histogram: PauseHistogram::new(),
            generations: Vec::new(),
            forgotten_until: Duration::ZERO,
            open_pause: None,
            open_collection: None,
        }
    }

    /// Records an event. A stop without a start, of what began before the log, is left out.
    pub(super) fn record(&mut self, event: &Event, at: Duration) {
        match *event {
            Event::SafepointStart => self.open_pause = Some(at),
            Event::SafepointStop {
                freed_objects,
                freed_bytes,
                live_bytes,
                used_bytes,
                used_bytes_before,
            } => {
                let Some(start) = self.open_pause.take() else { return };
                self.add_pause(Pause {
                    start,
                    duration: at.saturating_sub(start),
                    is_collection: self.open_collection.is_some(),
                    freed_objects,
                    freed_bytes,
                    live_bytes,
                    used_bytes,
                    used_bytes_before,
                });
            }
            Event::CollectionStart { .. } => self.open_collection = Some(at),
            Event::CollectionStop { collection } => {
                let Some(start) = self.open_collection.take() else { return };
                self.add_collection(start, at, collection);
            }
            _ => {}
        }
    }

    fn add_pause(&mut self, pause: Pause) {
        self.histogram.record(pause.duration);
        self.heap.push(HeapSample::of(&pause));
        if let Some(oldest) = self.pauses.push(pause, self.records_max) {
            self.forgotten_until = oldest.end();
        }
    }

    fn add_collection(&mut self, start: Duration, end: Duration, collection: Collection) {
        let record = CollectionRecord { start, duration: end.saturating_sub(start), collection };
        let generation = usize::from(collection.generation);
        if self.generations.len() <= generation {
            self.generations.resize_with(generation + 1, GenerationSummary::default);
        }
        self.generations[generation].add(&record);
        self.collections.push(record, self.records_max);
    }

    pub(super) fn history(&self, until: Duration) -> History {
        History {
            span: self.forgotten_until..until.max(self.forgotten_until),
            pauses: self.pauses.to_vec(),
            pauses_dropped: self.pauses.dropped,
            collections: self.collections.to_vec(),
            collections_dropped: self.collections.dropped,
            heap: self.heap.iter().collect(),
            histogram: self.histogram.clone(),
            generations: self.generations.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use gc_core::Reason;

    use super::*;

    const US: fn(u64) -> Duration = Duration::from_micros;

    fn stop(live_bytes: usize) -> Event {
        Event::SafepointStop {
            freed_objects: 1,
            freed_bytes: 10,
            live_bytes,
            used_bytes: 2 * live_bytes,
            used_bytes_before: 3 * live_bytes,
        }
    }

    const BEGIN: Event = Event::CollectionStart { reason: Reason::Explicit, generation: 1 };

    fn end(freed_objects: usize) -> Event {
        let mut collection = Collection::default();
        collection.generation = 1;
        collection.reason = Reason::Explicit;
        collection.freed_objects = freed_objects;
        Event::CollectionStop { collection }
    }

    fn recorded(records_max: usize, events: &[(u64, Event)]) -> Recorder {
        let mut recorder = Recorder::new(records_max);
        events.iter().for_each(|(at, event)| recorder.record(event, US(*at)));
        recorder
    }

    #[test]
    fn a_collection_of_two_steps_has_two_pauses_and_the_call_between_them_is_none() {
        let start = Event::SafepointStart;
        let events =
            [(5, BEGIN), (6, start), (8, stop(100)), (50, start), (51, stop(90)), (52, end(2))];
        let recorder = recorded(9, &events);
        let history = recorder.history(US(60));
        let pauses: Vec<_> =
            history.pauses().iter().map(|pause| (pause.start, pause.duration)).collect();
        assert_eq!(pauses, [(US(6), US(2)), (US(50), US(1))]);
        assert!(history.pauses().iter().all(|pause| pause.is_collection));
        let [record] = history.collections() else { panic!("{history:?}") };
        assert_eq!(
            (record.start, record.end(), record.collection.freed_objects),
            (US(5), US(52), 2)
        );
        assert_eq!(history.utilization().overall(), 57.0 / 60.0);
        assert_eq!(history.mmu(US(4)), 0.5);
        let sizes: Vec<_> =
            history.heap().iter().map(|at| (at.live_bytes, at.used_bytes_before)).collect();
        assert_eq!(sizes, [(100, 300), (90, 270)]);
        let [none, sums] = history.generations() else { panic!("{history:?}") };
        assert_eq!((none.collections, sums.collections, sums.freed_objects), (0, 1, 2));
        assert_eq!(sums.duration_max, US(47));
    }

    #[test]
    #[cfg(target_pointer_width = "64")]
    fn records_take_what_the_documentation_says() {
        assert_eq!((size_of::<Pause>(), size_of::<CollectionRecord>()), (80, 128));
    }

    #[test]
    fn what_began_before_the_log_is_left_out() {
        let events = [(1, stop(5)), (2, end(1)), (3, Event::SafepointStart), (4, stop(6))];
        let history = recorded(9, &events).history(US(10));
        assert_eq!((history.pauses().len(), history.collections().len()), (1, 0));
        assert!(!history.pauses()[0].is_collection);
    }

    #[test]
    fn pauses_that_were_dropped_are_counted_and_their_time_is_not_judged() {
        let mut events = Vec::new();
        for round in 0..10 {
            events.push((10 * round, Event::SafepointStart));
            events.push((10 * round + 5, stop(round as usize)));
        }
        let history = recorded(3, &events).history(US(100));
        assert_eq!((history.pauses().len(), history.pauses_dropped()), (3, 7));
        assert_eq!((history.pause_histogram().count(), history.heap().len()), (10, 10));
        // The seventh ended at 65; after that there are 35 microseconds with three pauses.
        assert_eq!(history.span(), US(65)..US(100));
        assert_eq!(history.utilization().overall(), 20.0 / 35.0);
    }

    #[test]
    fn a_log_that_is_taken_before_its_last_event_does_not_end_before_it_begins() {
        let events =
            [(5, Event::SafepointStart), (6, stop(1)), (7, Event::SafepointStart), (9, stop(1))];
        let history = recorded(1, &events).history(US(0));
        assert_eq!(history.span(), US(6)..US(6));
    }

    #[test]
    fn a_summary_is_a_table() {
        let start = Event::SafepointStart;
        let events = [
            (1000, BEGIN),
            (1000, start),
            (1250, stop(4096)),
            (1250, end(3)),
            (5000, start),
            (5250, stop(2048)),
        ];
        let text = recorded(9, &events).history(US(100_000)).summary().to_string();
        let expected = "\
pauses        2 in 100.0ms: 500.0µs, 0.5 %
              half up to 250.0µs, 90 % 250.0µs, 99 % 250.0µs, longest 250.0µs
utilization   at least 75 % of 1ms, 90 % of 5ms, 95 % of 10ms, 99 % of 50ms
generation 0  0 collections: 0.0ns, longest 0.0ns; freed 0 of 0 objects, 0 B
generation 1  1 collections: 250.0µs, longest 250.0µs; freed 3 of 0 objects, 0 B
heap          2.00 KiB live, 12.0 KiB used at most";
        assert_eq!(text, expected);
    }
}
