//! What is recorded of each event: [`Pause`], [`CollectionRecord`], [`HeapSample`].

use std::time::Duration;

use gc_core::{Collection, Reason};
use serde::{Deserialize, Serialize};

/// The collector was at work, and the program stood still: from a
/// [`SafepointStart`](gc_core::Event::SafepointStart) to its
/// [`SafepointStop`](gc_core::Event::SafepointStop).
///
/// A collector that counts references works at many safepoints without a collection. Finalizers and
/// callbacks run between safepoints: the time that they take is no pause.
///
/// See the example of [`History`](super::History).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// When it began, since the log's beginning. In nanoseconds as `start_ns` in files.
    #[serde(rename = "start_ns", with = "nanoseconds")]
    pub start: Duration,
    /// How long it took. In nanoseconds as `duration_ns` in files.
    #[serde(rename = "duration_ns", with = "nanoseconds")]
    pub duration: Duration,
    /// Whether it was a step of a collection.
    pub is_collection: bool,
    /// Objects that were reclaimed.
    pub freed_objects: usize,
    /// Bytes of these, headers included.
    pub freed_bytes: usize,
    /// Bytes of the objects that were mature after it, headers included.
    pub live_bytes: usize,
    /// Bytes that counted against the heap's limit after it.
    pub used_bytes: usize,
    /// Bytes that counted against the heap's limit before it.
    pub used_bytes_before: usize,
}

impl Pause {
    /// When it was over, since the log's beginning.
    ///
    /// See the example of [`History`](super::History).
    #[must_use]
    pub fn end(&self) -> Duration {
        self.start.saturating_add(self.duration)
    }
}

/// One collection.
///
/// See the example of [`History`](super::History).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "CollectionLine", into = "CollectionLine")]
pub struct CollectionRecord {
    /// When it began, since the log's beginning.
    pub start: Duration,
    /// How long it took by the log's clock, with the finalizers and callbacks that it waited for.
    pub duration: Duration,
    /// What it did.
    pub collection: Collection,
}

impl CollectionRecord {
    /// When it was over, since the log's beginning.
    ///
    /// See the example of [`History`](super::History).
    #[must_use]
    pub fn end(&self) -> Duration {
        self.start.saturating_add(self.duration)
    }
}

/// How large the heap was at a safepoint.
///
/// See the example of [`History`](super::History).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeapSample {
    /// When the safepoint began, since the log's beginning. In nanoseconds as `start_ns` in files.
    #[serde(rename = "start_ns", with = "nanoseconds")]
    pub start: Duration,
    /// When it was over. In nanoseconds as `end_ns` in files.
    #[serde(rename = "end_ns", with = "nanoseconds")]
    pub end: Duration,
    /// Bytes of the objects that were mature after it, headers included.
    pub live_bytes: usize,
    /// Bytes that counted against the heap's limit after it.
    pub used_bytes: usize,
    /// Bytes that counted against the heap's limit before it.
    pub used_bytes_before: usize,
}

impl HeapSample {
    pub(super) fn of(pause: &Pause) -> HeapSample {
        let &Pause { start, live_bytes, used_bytes, used_bytes_before, .. } = pause;
        HeapSample { start, end: pause.end(), live_bytes, used_bytes, used_bytes_before }
    }

    /// The one of two that shows the larger heap.
    pub(super) fn larger(self, later: HeapSample) -> HeapSample {
        if self.used_bytes_before > later.used_bytes_before { self } else { later }
    }
}

/// A collection in a file.
#[derive(Serialize, Deserialize)]
struct CollectionLine {
    start_ns: u64,
    duration_ns: u64,
    reason: ReasonName,
    generation: u8,
    candidates: usize,
    unreachable: usize,
    finalized: usize,
    resurrected: usize,
    uncollectable: usize,
    survivors: usize,
    freed_objects: usize,
    freed_bytes: usize,
    live_bytes: usize,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ReasonName {
    Automatic,
    Explicit,
    Other,
}

impl From<CollectionRecord> for CollectionLine {
    fn from(record: CollectionRecord) -> CollectionLine {
        let CollectionRecord { start, duration, collection } = record;
        CollectionLine {
            start_ns: nanoseconds::of(start),
            duration_ns: nanoseconds::of(duration),
            reason: match collection.reason {
                Reason::Automatic => ReasonName::Automatic,
                Reason::Explicit => ReasonName::Explicit,
                _ => ReasonName::Other,
            },
            generation: collection.generation,
            candidates: collection.candidates,
            unreachable: collection.unreachable,
            finalized: collection.finalized,
            resurrected: collection.resurrected,
            uncollectable: collection.uncollectable,
            survivors: collection.survivors,
            freed_objects: collection.freed_objects,
            freed_bytes: collection.freed_bytes,
            live_bytes: collection.live_bytes,
        }
    }
}

impl From<CollectionLine> for CollectionRecord {
    fn from(line: CollectionLine) -> CollectionRecord {
        let duration = Duration::from_nanos(line.duration_ns);
        let mut collection = Collection::default();
        collection.reason = match line.reason {
            ReasonName::Explicit => Reason::Explicit,
            ReasonName::Automatic | ReasonName::Other => Reason::Automatic,
        };
        collection.generation = line.generation;
        collection.candidates = line.candidates;
        collection.unreachable = line.unreachable;
        collection.finalized = line.finalized;
        collection.resurrected = line.resurrected;
        collection.uncollectable = line.uncollectable;
        collection.survivors = line.survivors;
        collection.freed_objects = line.freed_objects;
        collection.freed_bytes = line.freed_bytes;
        collection.live_bytes = line.live_bytes;
        collection.duration = duration;
        CollectionRecord { start: Duration::from_nanos(line.start_ns), duration, collection }
    }
}

/// Durations in files.
pub(super) mod nanoseconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    /// In nanoseconds: up to 584 years.
    pub(crate) fn of(duration: Duration) -> u64 {
        u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
    }

    pub(crate) fn serialize<S: Serializer>(
        duration: &Duration,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(of(*duration))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_nanos)
    }
}
