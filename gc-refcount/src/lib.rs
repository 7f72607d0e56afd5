//! Reference counting: [`Refcount`], a [`Collector`](gc_core::collector::Collector) for gc-core's
//! arenas.
//!
//! Counting is *coalescing* and *deferred* (Levanoni and Petrank, "An on-the-fly reference-counting
//! garbage collector for Java", 2001; Shahriyar, Blackburn, Yang and McKinley, "Taking off the
//! gloves with reference counting Immix", 2013): a store costs no more than the write barrier, and
//! the counts are brought up to date at safepoints, from what the barrier logged. Objects that die
//! before they are ever referred to from an old object or a root are never looked at.
//!
//! By default it is *prompt*: what a `mutate` made unreachable without a cycle has been dropped when
//! `mutate` returns. Cycles are not reclaimed until the arena is dropped: for those see
//! gc-marksweep, which builds on this crate.
//!
//! - [`counting`]: bringing the counts up to date. Shared with gc-marksweep.
//! - `death`: what dies when a reference is taken back.
//! - `leak`: what counting cannot reclaim.
//! - `collector`: when that happens.
//! - `verify`: what the heap verifier asks of it.
#![no_std]

extern crate alloc;

pub mod counting;

mod collector;
mod death;
mod leak;
mod pacing;
mod verify;

pub use collector::Refcount;
pub use pacing::EPOCH_BYTES_MAX;
