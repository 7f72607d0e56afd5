//! Measuring one run of a workload: time, memory, and what the collector did.
//!
//! Every measurement has a process of its own, so that none inherits the heap, the caches of the
//! allocator or the peak of another. An [`Order`] says what to measure; [`Launcher::measure`]
//! starts this program again with a hidden subcommand, whose whole output is one line of JSON; the
//! answer is an [`Outcome`].

mod at_hand;
mod audit;
mod contender;
mod instruments;
mod launcher;
mod measurement;
mod memory;
mod observer;
mod order;
mod pauses;
mod queue;
mod rounds;
mod spread;
mod sweep;

pub(crate) use self::at_hand::{AT_HAND_BYTES, SUBCOMMAND as TOUCH_MEMORY, touch};
pub use self::contender::{Contender, UnknownContender};
pub use self::instruments::{HeapUse, Instruments, LoopUse, PauseUse};
pub use self::launcher::Launcher;
pub(crate) use self::launcher::SUBCOMMAND;
pub use self::measurement::{Cause, Failure, Measurement, Outcome, Skip};
pub use self::memory::{
    allocator, anonymous_bytes, available_bytes, peak_rss_bytes, resident_bytes,
};
pub use self::observer::Observer;
pub use self::order::{Order, Setting, measure_here};
pub use self::queue::measure_all;
pub use self::rounds::{Job, Rounds, Series};
pub use self::spread::Spread;
pub use self::sweep::{HEAP_FACTORS, Sweep, SweepRow, Unit, find_least_heap};
