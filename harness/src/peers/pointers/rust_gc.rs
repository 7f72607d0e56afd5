//! The crate gc (rust-gc): counts roots, and marks and sweeps when so many bytes are allocated.
#![allow(
    non_local_definitions,
    reason = "the derive, of an older age, makes its impls in a constant"
)]

use ::gc::{Gc, GcCell, Trace, force_collect as collect};

use super::strong::{follow, link};

use super::super::{Answer, Peer};

/// The peer.
pub(in crate::peers) const PEER: Peer = Peer {
    name: "peer:rust-gc",
    sentence: "gc: mark-sweep with counted roots",
    answers: &[
        ("binary-trees", Answer::Runs(workloads::binary_trees::run)),
        ("binary-trees-rooted", Answer::Runs(workloads::binary_trees_rooted::run)),
        ("gcbench", Answer::Runs(workloads::gcbench::run)),
        ("quads", Answer::Runs(workloads::quads::run)),
        ("churn", Answer::Runs(workloads::churn::run)),
        ("lru", Answer::Runs(workloads::lru::run)),
        ("rings", Answer::Runs(workloads::rings::run)),
        ("graph", Answer::Runs(workloads::graph::run)),
        ("list", Answer::Runs(workloads::list::run)),
        ("interp", Answer::Runs(workloads::interp::run)),
        ("droppable", Answer::Runs(workloads::droppable::run)),
        ("large-arrays", Answer::Runs(workloads::large_arrays::run)),
        ("weak-cache", Answer::Cannot("no weak references")),
        ("strings", Answer::Runs(workloads::strings::run)),
        ("heap-program", Answer::Cannot("not a program of its own")),
    ],
};

macro_rules! traced {
    ($type:item) => {
        #[derive(::gc::Trace, ::gc::Finalize)]
        $type
    };
}

macro_rules! untraced {
    ($type:ty) => {
        // SAFETY: there is no `Gc` in the type.
        unsafe impl ::gc::Trace for $type {
            ::gc::unsafe_empty_trace!();
        }

        impl ::gc::Finalize for $type {}
    };
}

type Link<T> = Gc<T>;
type Text = Gc<String>;

fn text(line: impl Into<String>) -> Text {
    Gc::new(line.into())
}

/// Nobody can know whether there are other references.
fn take<T: Trace + Clone, R>(from: Gc<T>, what: impl FnOnce(&mut T) -> R) -> R {
    what(&mut T::clone(&from))
}

fn safepoint(_cyclic_garbage: usize) {}

#[path = "workloads/mod.rs"]
mod workloads;
