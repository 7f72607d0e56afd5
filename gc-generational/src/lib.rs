//! Generational collection: [`Generational`], a
//! [`Collector`](gc_core::collector::Collector) for gc-core's arenas.
//!
//! ```text
//!             0: young                1: aging                  2: old
//!          +-----------+   minor    +-----------+   middle    +-----------+
//!  new --> |  nursery  | ---------> |   aging   | ----------> |  mature   |
//!          |  (copied) |            | (copied,  |             | (in place)|
//!          +-----------+            | in place) |             +-----------+
//!                                   +-----------+
//! ```
//!
//! New objects are bump-allocated into a nursery. A minor collection copies what lives of it to the
//! aging space, at a cost in proportion to what lives. A middle collection does that, too, and makes
//! what aged before old: by copying it once more if little of it lives, or where it lies. A full
//! collection marks everything, frees what is not marked by blocks and holes, and moves what lives out
//! of sparse blocks (Blackburn and McKinley, "Immix: a mark-region garbage collector", 2008). Three
//! generations, as in CPython's `gc`.
//!
//! When one `mutate` overran the nursery, or most of it lives, it is old at once, and stays where it
//! lies. Where (nearly) all of it lived the last time, the next ones become old without a look at what
//! lives, up to 16 MiB in a row: dead objects among them stay until the next full collection. Only a
//! collection that starts by itself does that; one that is asked for looks.
//!
//! - `collector`: what is collected when, step by step.
//! - `pacing`: the sizes and thresholds behind that.
//! - `trace`: reaching everything that lives, moving some of it.
//! - `remembered`: references from old to young.
//! - `full`: marking everything, and emptying sparse blocks.
//! - `ephemerons`: the values of weak maps, in that.
//! - `fate`: where an object is after the trace.
//! - `finalizable`: what has a finalizer, and was not reached.
//! - `verify`: what the heap verifier asks of all that.
#![no_std]

extern crate alloc;

mod collector;
mod ephemerons;
mod fate;
mod finalizable;
mod full;
mod pacing;
mod remembered;
mod trace;
mod verify;

pub use collector::Generational;
pub use pacing::NURSERY_BYTES_MAX;
