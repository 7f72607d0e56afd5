//! Runs that are looked at, and not timed: what is in the heap of a workload, and what its collector
//! does.
//!
//! Looking takes time. So each question has a run in a process of its own, and none of them is one of
//! those that [`measure`](crate::measure) times: [`observe`] starts this program again with a hidden
//! subcommand, whose whole output is one line of JSON. The answer is the same workload at the same
//! scale with the same seed, and its checksum is compared like any other. For those who watch a run
//! there is a [`LiveObserver`].

mod allocations;
mod blocks;
mod clock;
mod collector;
mod heap;
mod launch;
mod live;
mod record;
mod slices;
mod types;

pub use self::allocations::AllocationObserver;
pub use self::collector::CollectorObserver;
pub use self::heap::HeapObserver;
pub(crate) use self::launch::SUBCOMMAND;
pub use self::launch::{Question, observe, observe_here};
pub use self::live::{LiveObserver, Update};
pub use self::record::{
    BlockMap, Cell, CollectorRecord, GenerationRecord, HeapRecord, LongCollection, Look,
    Observation, PauseQuantile, Seen, Slice, TypeName, UtilizationAt,
};
