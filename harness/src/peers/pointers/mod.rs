//! Smart pointers: a clone is a count, a cell makes a field mutable, and a derived trace tells
//! where the pointers are. They have so much in common that a workload is written once, as a user
//! of any of them would write it, and compiled once for each.
//!
//! A file for each peer says what the names in `workloads/` mean for it:
//!
//! | name | what it is |
//! |---|---|
//! | `Gc`, `GcCell` | the pointer, and the cell of a field that changes: `RefCell` or the peer's own |
//! | `traced!` | a type with pointers in it: adds the peer's derive |
//! | `untraced!` | says of a type that there are none |
//! | `Weak`, `downgrade` | the weak reference, if there is one |
//! | `Link`, `link`, `follow` | a reference in a list with links in both directions: weak for `Rc`, ordinary for most others |
//! | `Text`, `text` | an immutable string: `Gc<str>` where there are pointers to unsized types |
//! | `take` | moves something out of an object, in place if nobody else has a reference to it |
//! | `set_up` | sets the triggers of collections, before anything else |
//! | `safepoint` | looks whether there is enough to collect, where the peer does not do so itself |
//! | `collect` | collects what is left when the workload has dropped its data |
//!
//! The triggers of collections are the default ones unless others are faster; the peer's file says
//! what was tried. What a peer cannot do was found at the default scale of the workload, in a release
//! build, with 8 MiB of stack.
#![allow(
    clippy::duplicate_mod,
    reason = "the same source is compiled once for each peer, with other names in scope"
)]

mod cyclic_garbage;
mod strong;

pub(super) mod boa_gc;
pub(super) mod rc;
pub(super) mod rust_cc;
pub(super) mod rust_gc;

#[macro_use]
mod by_hand;
pub(super) mod bacon_rajan_cc;
pub(super) mod dumpster;
pub(super) mod jrsonnet_gcmodule;
