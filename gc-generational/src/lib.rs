//! Generational collection: [`Generational`], a
//! [`Collector`](gc_core::collector::Collector) for gc-core's arenas.
//!
//! ```text
//!             0: young                1: aging                  2: old
//!          +-----------+   minor    +-----------+    middle   +-----------+
//!  new --> |  nursery  | ---------> |   aging   | ----------> |  mature   |
//!          |  (copied) |            | (in place)|             | (in place)|
//!          +-----------+            +-----------+             +-----------+
//! ```
//!
//! New objects are bump-allocated into a nursery. A minor collection copies what lives of it to the
//! aging space, at a cost in proportion to what lives; a middle collection promotes what lives of
//! the aging space where it lies; a full collection marks everything, frees what is not marked by
//! blocks and holes, and moves what lives out of sparse blocks (Blackburn and McKinley, "Immix: a
//! mark-region garbage collector", 2008). Three generations, as in CPython's `gc`.
//!
//! When one `mutate` overran the nursery, or much of it lives, it is promoted where it lies instead
//! of being copied.
//!
//! - `collector`: what is collected when, step by step.
//! - `pacing`: the sizes and thresholds behind that.
//! - `trace`: reaching everything that lives, moving some of it.
//! - `remembered`: references from old to young.
//! - `fate`: where an object is after the trace.
#![no_std]

extern crate alloc;

mod collector;
mod fate;
mod pacing;
mod remembered;
mod trace;

pub use collector::Generational;
pub use pacing::NURSERY_BYTES_MAX;
