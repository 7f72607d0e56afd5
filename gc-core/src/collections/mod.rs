//! Collections that are objects of the heap: [`GcVec`], [`GcHashMap`] and [`GcHashSet`], and the weak
//! ones, [`WeakMap`], [`WeakValueMap`] and [`WeakSet`], which are made of the second.
//!
//! A collection of `std` in the heap is a part of its object: one store into it logs all of it, its
//! buffer is memory that the collector neither sees nor limits, and it has drop glue. These are
//! handles of one word, `Copy`, to an object whose storage is a slice in the heap. A store logs one
//! segment of it, so that it costs the same however large and old the collection is; nothing has
//! drop glue (but the weak ones), so that a dead collection is never looked at; and keys may hold
//! [`Gc`](crate::Gc), because the hash is kept beside the key and the table holds indices, which do
//! not change when objects move.
//!
//! ```text
//!  handle -> object [ slots | len | .. ] -> slice [ Some | Some | None | None ]
//! ```
//!
//! Elements are `Copy` in this version: a store into a shared collection could otherwise drop, and
//! a read would have to clone, both of which run the user's code.
//!
//! Note [User code]: `Eq`, `Hash`, `Borrow`, iterators, closures and formatters are the user's. They
//! may panic, and they may use the very collection that called them. So whenever one runs:
//!
//! - it is shown copies, and no reference into a collection exists (there is none in this module
//!   but to cells);
//! - the collection is complete, as if the operation had not begun or were over, but for those that
//!   proceed element by element and say so;
//! - afterwards nothing that was read before is relied upon, unless it was found unchanged.
//!
//! Every file here but for its implementations of [`Trace`](crate::Trace) is safe code, so a mistake
//! in this could give a wrong answer, and no worse.

mod buffer;
mod map;
mod set;
#[cfg(test)]
mod testing;
mod vec;
mod weak;

pub use map::{GcHashMap, MapIter};
pub use set::GcHashSet;
pub use vec::{GcVec, VecIter};
pub use weak::{WeakMap, WeakSet, WeakValueMap};

pub use hashbrown::DefaultHashBuilder;
