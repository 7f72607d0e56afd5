//! The record of one measurement, one line of JSON.

use serde::{Deserialize, Serialize};

use super::HeapUse;

/// What was measured. Times are in nanoseconds, sizes in bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measurement {
    /// The name of the workload.
    pub workload: String,
    /// The name of the contender.
    pub backend: String,
    /// The scale of the run.
    pub scale: usize,
    /// The seed of the random numbers.
    pub seed: u64,
    /// The answer, in hexadecimal.
    pub checksum: String,
    /// User and system time of the whole process.
    pub cpu_ns: u64,
    /// Elapsed time of the workload, with the end of its arenas.
    pub wall_ns: u64,
    /// The most memory the process had resident; null where the system does not say.
    pub peak_rss_bytes: Option<u64>,
    /// Objects that were made; this and what follows is null for a contender that has no such
    /// meter.
    pub allocated_objects: Option<u64>,
    /// Their bytes.
    pub allocated_bytes: Option<u64>,
    /// Collections of any generation.
    pub collections: Option<u64>,
    /// CPU time in collections; this and the pauses are null if nobody timed them.
    pub gc_cpu_ns: Option<u64>,
    /// Elapsed time in collections.
    pub gc_wall_ns: Option<u64>,
    /// The median pause.
    pub pause_ns_p50: Option<u64>,
    /// The pause that one in a hundred exceeds.
    pub pause_ns_p99: Option<u64>,
    /// The longest pause.
    pub pause_ns_max: Option<u64>,
    /// The most that was alive after a collection.
    pub live_bytes_max: Option<u64>,
    /// CPU time of the workload's loop, without building up and reading back; this and the next are
    /// null for a workload that does not tell its loop.
    pub loop_cpu_ns: Option<u64>,
    /// Objects that the loop made.
    pub loop_objects: Option<u64>,
}

impl Measurement {
    /// Fills the meters of the collected heap in, or clears them.
    pub(super) fn set_heap_use(&mut self, heap_use: Option<HeapUse>) {
        self.allocated_objects = heap_use.map(|heap| heap.allocated_objects);
        self.allocated_bytes = heap_use.map(|heap| heap.allocated_bytes);
        self.collections = heap_use.map(|heap| heap.collections);
        let pauses = heap_use.and_then(|heap| heap.pauses);
        self.gc_cpu_ns = pauses.map(|pauses| pauses.gc_cpu_ns);
        self.gc_wall_ns = pauses.map(|pauses| pauses.gc_wall_ns);
        self.pause_ns_p50 = pauses.map(|pauses| pauses.pause_ns_p50);
        self.pause_ns_p99 = pauses.map(|pauses| pauses.pause_ns_p99);
        self.pause_ns_max = pauses.map(|pauses| pauses.pause_ns_max);
        self.live_bytes_max = heap_use.map(|heap| heap.live_bytes_max);
        let steady = heap_use.and_then(|heap| heap.steady);
        self.loop_cpu_ns = steady.map(|steady| steady.cpu_ns);
        self.loop_objects = steady.map(|steady| steady.objects);
    }
}

/// Why a measurement went wrong, as far as the cases can be told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// It took longer than so many seconds.
    TimeLimit(u64),
    /// The heap was full.
    HeapFull,
    /// Anything else.
    Other,
}

/// A measurement that went wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The name of the workload.
    pub workload: String,
    /// The name of the contender.
    pub backend: String,
    /// The scale of the run.
    pub scale: usize,
    /// The seed of the random numbers.
    pub seed: u64,
    /// The cause, for programs.
    pub cause: Cause,
    /// What happened to the process, and the first line of what it complained about.
    pub error: String,
}

/// A measurement that was not made, with a reason that is nobody's fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skip {
    /// The name of the workload.
    pub workload: String,
    /// The name of the contender.
    pub backend: String,
    /// The scale of the run.
    pub scale: usize,
    /// The seed of the random numbers.
    pub seed: u64,
    /// Why it was not made.
    pub skipped: String,
}

/// How an order ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Outcome {
    /// The process ended well.
    Measured(Measurement),
    /// The process crashed, could not be started or wrote something else.
    Failed(Failure),
    /// There was no process.
    Skipped(Skip),
}

impl Outcome {
    /// The name of the workload.
    #[must_use]
    pub fn workload(&self) -> &str {
        match self {
            Outcome::Measured(measurement) => &measurement.workload,
            Outcome::Failed(failure) => &failure.workload,
            Outcome::Skipped(skip) => &skip.workload,
        }
    }

    /// The name of the contender.
    #[must_use]
    pub fn backend(&self) -> &str {
        match self {
            Outcome::Measured(measurement) => &measurement.backend,
            Outcome::Failed(failure) => &failure.backend,
            Outcome::Skipped(skip) => &skip.backend,
        }
    }

    /// The scale of the run.
    #[must_use]
    pub fn scale(&self) -> usize {
        match self {
            Outcome::Measured(measurement) => measurement.scale,
            Outcome::Failed(failure) => failure.scale,
            Outcome::Skipped(skip) => skip.scale,
        }
    }

    /// Whether it ran into a limit of time or memory.
    #[must_use]
    pub fn is_limited(&self) -> bool {
        matches!(self, Outcome::Failed(failure) if failure.cause != Cause::Other)
    }

    /// The measurement, if there is one.
    #[must_use]
    pub fn measurement(&self) -> Option<&Measurement> {
        match self {
            Outcome::Measured(measurement) => Some(measurement),
            Outcome::Failed(_) | Outcome::Skipped(_) => None,
        }
    }
}
