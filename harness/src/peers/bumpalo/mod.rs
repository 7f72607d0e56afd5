//! Regions: every tree has a region of its own, as the fastest Rust entries of the Benchmarks Game
//! do it.
//!
//! Unfair to everybody else: the program says when a tree is dead, nobody has to find out. Where
//! objects do not die together, a region would only be a heap that nobody collects.

mod binary_trees;
mod gcbench;
mod list;

use super::{Answer, Kind, Peer};

/// The peer.
pub(super) const PEER: Peer = Peer {
    name: "peer:bumpalo",
    sentence: "bump allocation in regions that are freed as a whole",
    kind: Kind::Program,
    answers: &[
        ("binary-trees", Answer::Runs(binary_trees::run)),
        ("binary-trees-rooted", Answer::Runs(binary_trees::run_rooted)),
        ("gcbench", Answer::Runs(gcbench::run)),
        ("quads", Answer::Cannot("die one by one")),
        ("churn", Answer::Cannot("die one by one")),
        ("lru", Answer::Cannot("die one by one")),
        ("rings", Answer::Cannot("die one by one")),
        ("graph", Answer::Cannot("die one by one")),
        ("list", Answer::Runs(list::run)),
        ("interp", Answer::Cannot("die one by one")),
        ("droppable", Answer::Cannot("no drops")),
        ("large-arrays", Answer::Cannot("die one by one")),
        ("weak-cache", Answer::Cannot("no weak references")),
        ("strings", Answer::Cannot("die one by one")),
        ("heap-program", Answer::Cannot("needs our API")),
    ],
};
