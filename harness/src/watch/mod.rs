//! A workload in the terminal, while it runs: its heap, its last pauses, its largest types.
//!
//! The workload runs in a thread of its own and is observed there (see [`observe`](crate::observe)); a
//! [`Watching`] takes the updates, and [`draw`] shows what they say.

mod run;
mod screen;
mod state;

pub use self::run::Run;
pub use self::screen::draw;
pub use self::state::{Ending, Watching};
