//! The workloads: programs that a user might write, the same for every collector.
//!
//! Each is a function `run<C: Collector + Default>(&Parameters, &mut Instruments) -> Checksum`. The
//! answer depends on the scale and the seed only, so collectors can be held against each other. After
//! each operation it calls [`Instruments::tick`](crate::measure::Instruments::tick), where somebody may
//! look at the heap.
//! [`WORKLOADS`] lists them.

pub mod binary_trees;
pub mod binary_trees_rooted;
pub mod churn;
pub mod droppable;
pub mod gcbench;
pub mod graph;
pub mod heap_programs;
pub mod interp;
pub mod large_arrays;
pub mod list;
pub mod lru;
pub mod quads;
pub mod rings;
pub mod strings;
pub mod weak_cache;

mod checksum;
mod parameters;
mod table;

pub use self::checksum::Checksum;
#[cfg(feature = "peers")]
pub(crate) use self::parameters::batches;
pub use self::parameters::{Parameters, Random};
pub use self::table::{Scale, ScaleOutOfRange, UnknownWorkload, WORKLOADS, Workload};
