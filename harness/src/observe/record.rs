//! What was seen, as one line of JSON.

use serde::{Deserialize, Serialize};

/// What was seen of one contender on one workload.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// The answer of the run, in hexadecimal.
    pub checksum: String,
    /// How long it took, without the time in which it was looked at.
    pub run_ns: u64,
    /// What was asked for.
    pub seen: Seen,
}

/// The answer to a [`Question`](super::Question).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Seen {
    /// What was in the heap.
    Heap(HeapRecord),
}

/// The heap over the time of a run. Sizes are in bytes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HeapRecord {
    /// How long each slice is.
    pub slice_ns: u64,
    /// What the meters said, in pieces of equal length.
    pub slices: Vec<Slice>,
    /// The names of the types that were found.
    pub types: Vec<String>,
    /// What was in the heap at some moments.
    pub looks: Vec<Look>,
}

/// What the meters said during a piece of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Slice {
    /// The least that was in use: see [`Stats::used_bytes`](gc_core::Stats::used_bytes).
    pub used_bytes_min: u64,
    /// The most that was in use.
    pub used_bytes_max: u64,
    /// The most that was held from the system.
    pub reserved_bytes_max: u64,
    /// Collections that ended, by the oldest generation that was collected.
    pub collections: Vec<u64>,
}

/// What was in the heap at one moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Look {
    /// When it was.
    pub at_ns: u64,
    /// Bytes of reachable objects for each of the types that were known by then.
    pub bytes: Vec<u64>,
    /// Reachable objects.
    pub objects: u64,
    /// Bytes of unreachable objects that were not reclaimed yet.
    pub garbage_bytes: u64,
}

impl Look {
    /// Bytes of all reachable objects.
    #[must_use]
    pub fn reachable_bytes(&self) -> u64 {
        self.bytes.iter().sum()
    }
}
