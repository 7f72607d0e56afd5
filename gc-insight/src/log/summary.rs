//! A history in a few lines: [`Summary`].

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::history::History;
use super::record::{CollectionRecord, nanoseconds};
use super::utilization::UtilizationPoint;
use crate::text::Bytes;

/// The windows of which a summary says the minimum utilization.
const WINDOWS: [Duration; 4] = [
    Duration::from_millis(1),
    Duration::from_millis(5),
    Duration::from_millis(10),
    Duration::from_millis(50),
];

/// A [`History`] in a few numbers. It is printed as a small table.
///
/// # Examples
///
/// ```
/// use gc_core::{Arena, NullCollector, Rootable};
/// use gc_insight::log::CollectionLog;
///
/// let mut arena: Arena<Rootable![()], NullCollector> = Arena::new(|_| ());
/// let log = CollectionLog::new();
/// arena.set_listener(log.clone());
/// arena.collect();
/// let summary = log.history().summary();
/// assert_eq!((summary.pauses, summary.generations[0].collections), (1, 1));
/// assert_eq!(summary.generations, log.history().generations());
/// assert!(summary.to_string().starts_with("pauses        1 in "));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Summary {
    /// How long the log is.
    #[serde(rename = "elapsed_ns", with = "nanoseconds")]
    pub elapsed: Duration,
    /// How many pauses there were.
    pub pauses: u64,
    /// How long they took together.
    #[serde(rename = "paused_ns", with = "nanoseconds")]
    pub paused: Duration,
    /// The pause that half of all do not exceed.
    #[serde(rename = "pause_p50_ns", with = "nanoseconds")]
    pub pause_p50: Duration,
    /// The pause that 90 % of all do not exceed.
    #[serde(rename = "pause_p90_ns", with = "nanoseconds")]
    pub pause_p90: Duration,
    /// The pause that 99 % of all do not exceed.
    #[serde(rename = "pause_p99_ns", with = "nanoseconds")]
    pub pause_p99: Duration,
    /// The longest pause.
    #[serde(rename = "pause_max_ns", with = "nanoseconds")]
    pub pause_max: Duration,
    /// The minimum mutator utilization of 1, 5, 10 and 50 ms, as far as pauses are kept: see
    /// [`History::span`].
    pub utilization: Vec<UtilizationPoint>,
    /// What the collections of each generation did, the youngest first.
    pub generations: Vec<GenerationSummary>,
    /// Bytes of the objects that were mature after the last safepoint, headers included.
    pub live_bytes: usize,
    /// The most bytes that counted against the heap's limit when a safepoint began.
    pub used_bytes_max: usize,
}

/// What the collections of one generation did: those in which it was the oldest that was collected.
///
/// See the example of [`Summary`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct GenerationSummary {
    /// How many there were.
    pub collections: u64,
    /// How long they took together, with the finalizers and callbacks that they waited for.
    #[serde(rename = "duration_ns", with = "nanoseconds")]
    pub duration: Duration,
    /// How long the longest one took.
    #[serde(rename = "duration_max_ns", with = "nanoseconds")]
    pub duration_max: Duration,
    /// The objects among which garbage was sought, as a sum.
    pub candidates: u64,
    /// The objects that were reclaimed.
    pub freed_objects: u64,
    /// Their bytes, headers included.
    pub freed_bytes: u64,
}

impl GenerationSummary {
    pub(super) fn add(&mut self, record: &CollectionRecord) {
        self.collections += 1;
        self.duration = self.duration.saturating_add(record.duration);
        self.duration_max = self.duration_max.max(record.duration);
        self.candidates += record.collection.candidates as u64;
        self.freed_objects += record.collection.freed_objects as u64;
        self.freed_bytes += record.collection.freed_bytes as u64;
    }
}

impl History {
    /// The history in a few numbers.
    ///
    /// # Complexity
    ///
    /// O(records).
    ///
    /// # Examples
    ///
    /// See the example of [`Summary`].
    #[must_use]
    pub fn summary(&self) -> Summary {
        let utilization = self.utilization();
        let point = |window| UtilizationPoint { window, minimum: utilization.minimum(window) };
        let pauses = self.pause_histogram();
        Summary {
            elapsed: self.span.end,
            pauses: pauses.count(),
            paused: pauses.total(),
            pause_p50: pauses.quantile(0.5),
            pause_p90: pauses.quantile(0.9),
            pause_p99: pauses.quantile(0.99),
            pause_max: pauses.longest(),
            utilization: WINDOWS.into_iter().map(point).collect(),
            generations: self.generations.clone(),
            live_bytes: self.pauses.last().map_or(0, |pause| pause.live_bytes),
            used_bytes_max: self.heap.iter().map(|at| at.used_bytes_before).max().unwrap_or(0),
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Summary { pauses, paused, elapsed, .. } = self;
        let share = paused.as_secs_f64() / elapsed.as_secs_f64().max(f64::MIN_POSITIVE);
        writeln!(
            f,
            "pauses        {pauses} in {elapsed:.1?}: {paused:.1?}, {:.1} %",
            100.0 * share
        )?;
        let Summary { pause_p50, pause_p90, pause_p99, pause_max, .. } = self;
        write!(f, "              half up to {pause_p50:.1?}, 90 % {pause_p90:.1?}, ")?;
        writeln!(f, "99 % {pause_p99:.1?}, longest {pause_max:.1?}")?;
        f.write_str("utilization   at least")?;
        for (place, point) in self.utilization.iter().enumerate() {
            let comma = if place == 0 { "" } else { "," };
            write!(f, "{comma} {:.0} % of {:?}", (100.0 * point.minimum).floor(), point.window)?;
        }
        for (generation, sums) in self.generations.iter().enumerate() {
            let GenerationSummary { collections, duration, duration_max, .. } = sums;
            let GenerationSummary { candidates, freed_objects, .. } = sums;
            write!(f, "\ngeneration {generation}  {collections} collections: {duration:.1?}, ")?;
            write!(
                f,
                "longest {duration_max:.1?}; freed {freed_objects} of {candidates} objects, "
            )?;
            write!(f, "{}", Bytes(sums.freed_bytes))?;
        }
        let [live, used] = [self.live_bytes, self.used_bytes_max].map(|bytes| Bytes(bytes as u64));
        write!(f, "\nheap          {live} live, {used} used at most")
    }
}
