//! Measuring one run of a workload: time, memory, and what the collector did.
//!
//! Every measurement has a process of its own, so that none inherits the heap, the caches of the
//! allocator or the peak of another. An [`Order`] says what to measure; [`Launcher::measure`]
//! starts this program again with a hidden subcommand, whose whole output is one line of JSON; the
//! answer is an [`Outcome`].

mod contender;
mod instruments;
mod launcher;
mod measurement;
mod memory;
mod order;
mod pauses;
mod queue;

pub use self::contender::{Contender, UnknownContender};
pub use self::instruments::{HeapUse, Instruments, PauseUse};
pub use self::launcher::Launcher;
pub(crate) use self::launcher::SUBCOMMAND;
pub use self::measurement::{Failure, Measurement, Outcome, Skip};
pub use self::memory::{available_bytes, peak_rss_bytes, resident_bytes};
pub use self::order::{Order, Setting, measure_here};
pub use self::queue::measure_all;
