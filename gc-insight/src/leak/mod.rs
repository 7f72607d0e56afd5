//! What grows, and what is left over.
//!
//! - A [`Census`] counts the objects of each type; the difference of two is a [`Growth`].
//! - A [`LeakMonitor`] is told of a census after each collection, and reports the types that grow for
//!   longer than chance and warming up explain.
//! - [`assert_no_leaks!`](crate::assert_no_leaks) fails a test that leaves something behind, and
//!   [`Leaks`] is what it says.

mod census;
mod leaks;
mod monitor;
mod trend;

pub use census::{Census, Count, Growth, GrowthRow, Kind};
pub use leaks::{LeakCheck, Leaks};
pub use monitor::{LeakMonitor, LeakMonitorBuilder, LeakTrend};
