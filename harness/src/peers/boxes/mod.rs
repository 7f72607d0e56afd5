//! Plain ownership: what a Rust programmer writes who has no collector and wants none.
//!
//! Every object that a workload makes as it goes is a `Box` of its own, as it is an object of its
//! own elsewhere. What is there from the beginning to the end is a `Vec` with its elements inside,
//! and what has no single owner is found by its index. Where a reference is shared and nobody owns
//! the object, there is no answer.
//!
//! Unfair to everybody else: the program says what is dead.

mod binary_trees;
mod churn;
mod droppable;
mod gcbench;
mod large_arrays;
mod list;
mod lru;
mod quads;
mod rings;
mod strings;

use super::{Answer, Kind, Peer};

/// The peer.
pub(super) const PEER: Peer = Peer {
    name: "peer:box",
    sentence: "plain ownership with Box and Vec, and indices where nobody owns",
    kind: Kind::Language,
    answers: &[
        ("binary-trees", Answer::Runs(binary_trees::run)),
        ("binary-trees-rooted", Answer::Runs(binary_trees::run_rooted)),
        ("gcbench", Answer::Runs(gcbench::run)),
        ("quads", Answer::Runs(quads::run)),
        ("churn", Answer::Runs(churn::run)),
        ("lru", Answer::Runs(lru::run)),
        ("rings", Answer::Runs(rings::run)),
        ("graph", Answer::Cannot("nobody owns")),
        ("list", Answer::Runs(list::run)),
        ("interp", Answer::Cannot("nobody owns")),
        ("droppable", Answer::Runs(droppable::run)),
        ("large-arrays", Answer::Runs(large_arrays::run)),
        ("weak-cache", Answer::Cannot("no weak references")),
        ("strings", Answer::Runs(strings::run)),
        ("heap-program", Answer::Cannot("nobody owns")),
    ],
};
