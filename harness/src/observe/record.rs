//! What was seen, as one line of JSON.

use gc_insight::profile::Profile;
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
    /// What the collector did.
    Collector(CollectorRecord),
    /// Who allocated what.
    Allocations(Profile),
}

/// The heap over the time of a run. Sizes are in bytes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HeapRecord {
    /// How long each slice is.
    pub slice_ns: u64,
    /// What the meters said, in pieces of equal length; those in which an operation lasted from end to
    /// end are left out.
    pub slices: Vec<Slice>,
    /// The types that were found.
    pub types: Vec<TypeName>,
    /// What was in the heap at some moments.
    pub looks: Vec<Look>,
    /// What its memory was used for, at that of those moments at which most was.
    pub blocks: Option<BlockMap>,
}

/// What the memory of a heap is used for: see [`HeapView::blocks`](gc_core::HeapView::blocks).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockMap {
    /// When it was.
    pub at_ns: u64,
    /// How large a cell is: a block, or some that follow each other.
    pub cell_bytes: u64,
    /// Cells of blocks, and then cells of large objects.
    pub cells: Vec<Cell>,
    /// How many of them are of blocks.
    pub small_cells: usize,
    /// Blocks in which there is something.
    pub blocks: u64,
    /// Blocks in which nothing is.
    pub free_blocks: u64,
    /// Bytes of mature objects in blocks.
    pub block_live_bytes: u64,
    /// Bytes in blocks that were handed out since the last safepoint that collected.
    pub block_young_bytes: u64,
    /// Bytes of neither, in blocks in which there is something.
    pub block_free_bytes: u64,
    /// How many pieces these are in, as far as objects fit.
    pub holes: u64,
    /// Large objects.
    pub large_objects: u64,
    /// Bytes of their pages.
    pub large_bytes: u64,
}

/// What a piece of memory is used for. The rest of it is free.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "[u64; 2]", into = "[u64; 2]")]
pub struct Cell {
    /// Bytes of mature objects.
    pub live_bytes: u64,
    /// Bytes that were handed out since the last safepoint that collected.
    pub young_bytes: u64,
}

/// There are many: in JSON they have no names.
impl From<Cell> for [u64; 2] {
    fn from(cell: Cell) -> Self {
        [cell.live_bytes, cell.young_bytes]
    }
}

impl From<[u64; 2]> for Cell {
    fn from([live_bytes, young_bytes]: [u64; 2]) -> Self {
        Cell { live_bytes, young_bytes }
    }
}

/// A type of objects.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TypeName {
    /// As [`core::any::type_name`] has it.
    pub name: String,
    /// Without modules.
    pub short: String,
}

/// What the meters said during a piece of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Slice {
    /// How many slices were before it.
    pub place: u64,
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

/// What the collector did during a run. Times are in nanoseconds, sizes in bytes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CollectorRecord {
    /// How often the program stood still: safepoints at which the collector worked.
    pub pauses: u64,
    /// How long all of them took.
    pub paused_ns: u64,
    /// How long they were.
    pub quantiles: Vec<PauseQuantile>,
    /// The minimum mutator utilization, the shortest windows first.
    pub utilization: Vec<UtilizationAt>,
    /// How much time at the run's end the utilization is of: all of it, unless there were too many
    /// pauses to keep.
    pub utilization_span_ns: u64,
    /// What the collections of each generation did, the youngest first.
    pub generations: Vec<GenerationRecord>,
    /// The longest collections, the longest first.
    pub longest: Vec<LongCollection>,
}

/// The pause that a part of all pauses does not exceed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PauseQuantile {
    /// The part: from 0 to 1.
    pub quantile: f64,
    /// The pause.
    pub pause_ns: u64,
}

/// What the mutator has at least of every window of some length.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct UtilizationAt {
    /// The length of the windows.
    pub window_ns: u64,
    /// The least part: from 0 to 1.
    pub minimum: f64,
}

/// What the collections of one generation did: those in which it was the oldest that was collected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GenerationRecord {
    /// How many there were.
    pub collections: u64,
    /// How long they took together.
    pub duration_ns: u64,
    /// How long the longest one took.
    pub duration_ns_max: u64,
    /// Objects among which garbage was sought.
    pub candidates: u64,
    /// Objects that were reclaimed.
    pub freed_objects: u64,
    /// Their bytes.
    pub freed_bytes: u64,
}

/// One collection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LongCollection {
    /// When it began.
    pub start_ns: u64,
    /// How long it took.
    pub duration_ns: u64,
    /// Why it ran.
    pub reason: String,
    /// The oldest generation that was collected.
    pub generation: u8,
    /// Objects among which garbage was sought.
    pub candidates: u64,
    /// Objects that were reclaimed.
    pub freed_objects: u64,
    /// Their bytes.
    pub freed_bytes: u64,
    /// Bytes of the objects that were mature after it.
    pub live_bytes: u64,
}

impl CollectorRecord {
    /// The pause that this part of all pauses does not exceed, if it is one of those that were noted.
    #[must_use]
    pub fn pause_ns(&self, quantile: f64) -> Option<u64> {
        let mut found = self.quantiles.iter();
        found.find(|at| at.quantile == quantile).map(|at| at.pause_ns)
    }

    /// The minimum utilization in windows of this length, if it is one of those that were noted: no
    /// longer than the run.
    #[must_use]
    pub fn utilization(&self, window_ns: u64) -> Option<f64> {
        let mut found = self.utilization.iter();
        found.find(|at| at.window_ns == window_ns).map(|at| at.minimum)
    }
}
