//! safe-gc 1.1: a mark-sweep collector without any unsafe code. A `Gc` is an index, and every access
//! goes through the `Heap`, which finds the table of the type by hashing.
//!
//! It collects when the table of a type is full, and doubles a table that is nearly full after a
//! collection. Nothing else can be tuned. `Heap::gc` is only called where the workload asks for a
//! collection. What has to survive the next allocation is held by a `Root`; what is reachable from
//! one is read through its `Gc`, as the documentation advises.

mod binary_trees;
mod churn;
mod droppable;
mod gcbench;
mod graph;
mod interp;
mod large_arrays;
mod list;
mod lru;
mod quads;
mod rings;
mod strings;

use super::{Answer, Kind, Peer};

/// The peer.
pub(super) const PEER: Peer = Peer {
    name: "peer:safe-gc",
    sentence: "safe-gc 1.1, mark-sweep over tables of objects, without unsafe code",
    kind: Kind::Collector,
    answers: &[
        ("binary-trees", Answer::Runs(binary_trees::run)),
        ("binary-trees-rooted", Answer::Runs(binary_trees::run_rooted)),
        ("gcbench", Answer::Runs(gcbench::run)),
        ("quads", Answer::Runs(quads::run)),
        ("churn", Answer::Runs(churn::run)),
        ("lru", Answer::Runs(lru::run)),
        ("rings", Answer::Runs(rings::run)),
        ("graph", Answer::Runs(graph::run)),
        ("list", Answer::Runs(list::run)),
        ("interp", Answer::Runs(interp::run)),
        ("droppable", Answer::Runs(droppable::run)),
        ("large-arrays", Answer::Runs(large_arrays::run)),
        ("weak-cache", Answer::Cannot("no weak references")),
        ("strings", Answer::Runs(strings::run)),
        ("heap-program", Answer::Cannot("needs our API")),
    ],
};
