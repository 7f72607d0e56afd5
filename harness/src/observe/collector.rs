//! The observer of what the collector does: [`CollectorObserver`].

use std::cmp::Reverse;
use std::time::Duration;

use gc_core::{GenerationStats, HeapView, Listener, Stats};
use gc_insight::log::{CollectionLog, CollectionRecord, History, PauseHistogram};

use super::{CollectorRecord, GenerationRecord, LongCollection, PauseQuantile, UtilizationAt};
use crate::measure::Observer;

/// So many pauses are kept, and so many collections: some 200 MB. A collector that counts makes a
/// million pauses in a second.
const RECORDS_MAX: usize = 1 << 20;

/// So many of the longest collections are in the record.
const LONGEST: usize = 10;

/// The quantiles that are in the record, if there are so many pauses that they differ from the longest.
const QUANTILES: [f64; 19] = [
    0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 0.9995,
    0.9999, 0.99999, 0.999_999,
];

/// The windows that are in the record, of each power of ten, in hundredths.
const WINDOWS: [u64; 10] = [100, 120, 150, 200, 250, 300, 400, 500, 600, 800];

/// The shortest and the longest window.
const WINDOW_NS_MIN: u64 = 100_000;
const WINDOW_NS_MAX: u64 = 1_000_000_000;

/// Listens to the collector, and never looks into the heap.
#[derive(Debug, Default)]
pub struct CollectorObserver {
    log: Option<CollectionLog>,
}

impl CollectorObserver {
    /// What the collector did until now; nothing if no arena was made.
    #[must_use]
    pub fn record(&self) -> Option<(Duration, CollectorRecord)> {
        let history = self.log.as_ref()?.history();
        Some((history.span().end, CollectorRecord::of(&history)))
    }
}

impl Observer for CollectorObserver {
    fn listener(&mut self) -> Option<Box<dyn Listener>> {
        let log = CollectionLog::with_capacity(RECORDS_MAX);
        self.log = Some(log.clone());
        Some(Box::new(log))
    }

    fn operation_ended(&mut self, _: &Stats, _: &[GenerationStats]) -> bool {
        false
    }

    fn look<'gc>(&mut self, _: &'gc HeapView<'gc>) {}
}

impl CollectorRecord {
    fn of(history: &History) -> Self {
        let pauses = history.pause_histogram();
        let span = history.span();
        let generations = history.generations().iter().map(|sums| GenerationRecord {
            collections: sums.collections,
            duration_ns: nanoseconds(sums.duration),
            duration_ns_max: nanoseconds(sums.duration_max),
            candidates: sums.candidates,
            freed_objects: sums.freed_objects,
            freed_bytes: sums.freed_bytes,
        });
        let mut longest: Vec<_> = history.collections().iter().collect();
        longest.sort_by_key(|record| Reverse(record.duration));
        CollectorRecord {
            pauses: pauses.count(),
            paused_ns: nanoseconds(pauses.total()),
            quantiles: quantiles(pauses),
            utilization: utilization(history),
            utilization_span_ns: nanoseconds(span.end - span.start),
            generations: generations.collect(),
            longest: longest.into_iter().take(LONGEST).map(LongCollection::of).collect(),
        }
    }
}

impl LongCollection {
    fn of(record: &CollectionRecord) -> Self {
        let done = &record.collection;
        LongCollection {
            start_ns: nanoseconds(record.start),
            duration_ns: nanoseconds(record.duration),
            reason: done.reason.to_string(),
            generation: done.generation,
            candidates: done.candidates as u64,
            freed_objects: done.freed_objects as u64,
            freed_bytes: done.freed_bytes as u64,
            live_bytes: done.live_bytes as u64,
        }
    }
}

fn quantiles(pauses: &PauseHistogram) -> Vec<PauseQuantile> {
    let count = pauses.count() as f64;
    let at =
        |quantile| PauseQuantile { quantile, pause_ns: nanoseconds(pauses.quantile(quantile)) };
    // One beyond it is the longest. Rounded: 1 - 0.99 is a little more than a hundredth.
    let beyond = |quantile: f64| ((1.0 - quantile) * count).round();
    let told_apart = QUANTILES.into_iter().filter(|&quantile| beyond(quantile) > 1.0);
    let mut quantiles: Vec<_> = told_apart.map(at).collect();
    if pauses.count() > 0 {
        quantiles.push(at(1.0));
    }
    quantiles
}

fn utilization(history: &History) -> Vec<UtilizationAt> {
    let utilization = history.utilization();
    let span = history.span();
    let longest_ns = nanoseconds(span.end - span.start).min(WINDOW_NS_MAX);
    let decades = std::iter::successors(Some(WINDOW_NS_MIN), |decade_ns| Some(decade_ns * 10));
    decades
        .flat_map(|decade_ns| WINDOWS.map(|hundredths| decade_ns / 100 * hundredths))
        .take_while(|&window_ns| window_ns <= longest_ns)
        .map(|window_ns| UtilizationAt {
            window_ns,
            minimum: utilization.minimum(Duration::from_nanos(window_ns)),
        })
        .collect()
}

fn nanoseconds(duration: Duration) -> u64 {
    duration.as_nanos().try_into().unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_as_many_as_the_pauses_can_tell_apart() {
        let mut pauses = PauseHistogram::new();
        assert_eq!(quantiles(&pauses), []);
        (1..=100).for_each(|length| pauses.record(Duration::from_micros(length)));
        let quantiles = quantiles(&pauses);
        let [.., before, last] = quantiles[..] else { panic!("{quantiles:?}") };
        assert_eq!((before.quantile, last.quantile), (0.98, 1.0));
        assert_eq!(last.pause_ns, 100_000);
        assert!(before.pause_ns.abs_diff(98_000) < 100, "{before:?}");
    }

    #[test]
    fn what_the_collector_does_is_in_the_record() {
        use gc_core::{Arena, Gc, Rootable};
        let mut observer = CollectorObserver::default();
        assert!(observer.record().is_none());
        let mut arena = Arena::<Rootable![()], gc_generational::Generational>::new(|_| ());
        arena.set_listener(observer.listener().expect("it listens"));
        arena.mutate(|mc, ()| (0..100).for_each(|n| _ = Gc::new(mc, n)));
        arena.collect();
        std::thread::sleep(Duration::from_millis(2));
        let (run, record) = observer.record().expect("there was an arena");
        assert!(run >= Duration::from_millis(2));
        assert!(record.pauses >= 1 && record.pause_ns(1.0).is_some());
        let collections: u64 = record.generations.iter().map(|sums| sums.collections).sum();
        assert_eq!((collections, record.longest.len()), (1, 1));
        assert_eq!(record.longest[0].reason, "explicit");
        assert_eq!(record.longest[0].freed_objects, 100);
        let windows: Vec<_> = record.utilization.iter().map(|at| at.window_ns).collect();
        assert_eq!(&windows[..3], [100_000, 120_000, 150_000]);
        assert!(windows.last().is_some_and(|&last| last <= record.utilization_span_ns));
        assert!(record.utilization(1_000_000).is_some());
        assert!(record.utilization(900_000).is_none());
    }
}
