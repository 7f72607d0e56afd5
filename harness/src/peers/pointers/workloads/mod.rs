//! The workloads, written once for all smart pointers.
//!
//! Compiled once for each peer, as a child of the peer's file. What has another name or another
//! form there comes from `super`: see [`pointers`](crate::peers::pointers).

use super::{Gc, GcCell, Link, Text, collect, follow, link, safepoint, set_up, take, text};

pub(in crate::peers::pointers) mod binary_trees;
pub(in crate::peers::pointers) mod binary_trees_rooted;
pub(in crate::peers::pointers) mod churn;
pub(in crate::peers::pointers) mod droppable;
pub(in crate::peers::pointers) mod gcbench;
pub(in crate::peers::pointers) mod graph;
pub(in crate::peers::pointers) mod interp;
pub(in crate::peers::pointers) mod large_arrays;
pub(in crate::peers::pointers) mod list;
pub(in crate::peers::pointers) mod lru;
pub(in crate::peers::pointers) mod quads;
pub(in crate::peers::pointers) mod rings;
pub(in crate::peers::pointers) mod strings;
