//! Single operations of the mutator and of the collector: what each costs, on every backend and
//! beside programs that do the same without one.
//!
//! An [`Operation`] is a set-up and a body that a [`Meter`] repeats. The same bodies are used three
//! ways: `cargo bench` shows how they spread, [`measure`] takes their CPU time in processes of their
//! own, and [`instructions`] counts their instructions, which do not depend on who else uses the
//! machine.

pub mod instructions;

mod access;
mod allocation;
mod construction;
mod cpython;
mod death;
mod handles;
mod marking;
mod measure;
mod meter;
mod minor;
mod nodes;
mod pages;
mod plain;
mod rc;
mod runner;
mod safepoints;
mod table;
mod threads;
mod weak;

pub(crate) use self::measure::SUBCOMMAND;
pub use self::measure::{Amount, Answer, Measured, Reading, measure, measure_here};
pub use self::meter::Meter;
pub use self::runner::{Beside, Runner, UnknownRunner};
pub use self::table::{OPERATIONS, Operation, Unit, UnknownOperation};
