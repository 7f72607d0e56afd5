//! Looking into a heap of `gc-core`: what is in it, who made it, why it is alive, and what the collector
//! does.
//!
//! gc-core gives the facts ([`Arena::inspect`](gc_core::Arena::inspect), the events of collections, the
//! samples of allocations). Here they become tables, files and pictures:
//!
//! - [`profile`]: who allocated what.
//! - [`snapshot`]: every object and every reference, as a file for other tools.
//! - [`leak`]: what grows, and what is left over.
//! - [`log`]: the record of collections, pauses and utilization.
//! - [`blocks`]: how full the heap's memory is, and how scattered what is free.
//!
//! Nothing here runs unless it is called.

pub mod blocks;
pub mod leak;
pub mod log;
pub mod profile;
pub mod snapshot;

mod series;
mod text;
