//! [`Trace`](crate::Trace) for types that are not this crate's.
//!
//! A container that owns its elements through the allocator (`Vec`, `Box`, maps) says that it holds
//! references without asking what its elements are: if its constants named theirs, a recursive type
//! such as `struct Tree { children: Vec<Tree> }` would not compile. Only its methods ask. So a
//! `Vec<u8>` in an object makes the collector look at it: mark such a field
//! `#[trace(require_static)]`.

mod alloc_types;
mod core_types;
#[cfg(feature = "std")]
mod std_types;

pub use core_types::Static;
