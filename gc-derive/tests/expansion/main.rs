//! The derive against a miniature of gc-core: generated code compiles without a warning and reports
//! the right references.
#![no_std]
#![deny(
    warnings,
    clippy::all,
    missing_docs,
    unsafe_op_in_unsafe_fn,
    trivial_bounds,
    unused_qualifications
)]

extern crate std;
// Generated code finds the miniature where it looks for gc-core, and for the facade.
extern crate self as gc_core;
extern crate self as tenure;

mod core_in_miniature;
pub use core_in_miniature::{
    __IsSend, __MayBeSend, __MustNotImplDrop, Edges, Gc, NamedEdges, SendCheck, SlotMap, Slots,
    Trace, described, not_send, reported,
};

mod bounds;
mod names;
mod recursion;
mod references;
mod sending;
