//! Reference counting with cycle detection: [`MarkSweep`], a
//! [`Collector`](gc_core::collector::Collector) for gc-core's arenas.
//!
//! Counting is gc-refcount's, and as prompt. What it leaves behind, unreachable cycles and what
//! hangs from them, is found in two ways:
//!
//! - [`trial_deletion`]: from objects that lost a reference and lived, as far as a budget goes
//!   (Bacon and Rajan, "Concurrent cycle collection in reference counted systems", 2001, section 3,
//!   the synchronous algorithm);
//! - [`mark_sweep`]: from the roots over everything, as a backup when the budget runs out, and when
//!   a full collection is asked for. The backup ends early if it has found all the candidates.
//!
//! `collector` decides which, and `pacing` when; `batch` lets finalizers and callbacks run in between.
//! `verify` is what the heap verifier asks of them.
#![no_std]

extern crate alloc;

pub mod mark_sweep;
pub mod trial_deletion;

mod batch;
mod candidates;
mod collector;
mod pacing;
mod verify;

pub use collector::MarkSweep;
