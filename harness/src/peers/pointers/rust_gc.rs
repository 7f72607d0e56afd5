//! The crate gc (rust-gc): counts roots, and marks and sweeps when so many bytes are allocated.
//!
//! By default the next collection comes when the survivors of the last one are 0.7 of the heap. With
//! 0.5, when the heap has doubled, `droppable` takes 0.55 of the CPU time, `rings` 0.72 and
//! `binary-trees` 0.77 at the quick scale, with up to a third more memory. A first threshold of a
//! megabyte (default: 100 bytes) changes nothing.
#![allow(
    non_local_definitions,
    reason = "the derive, of an older age, makes its impls in a constant"
)]

use ::gc::{Gc, GcCell, Trace, configure, force_collect as collect};

use super::super::{Answer, Kind, Peer};
use super::strong::{follow, link};

/// The peer.
pub(in crate::peers) const PEER: Peer = Peer {
    name: "peer:rust-gc",
    sentence: "gc: mark-sweep with counted roots",
    kind: Kind::Collector,
    answers: &[
        ("binary-trees", Answer::Runs(workloads::binary_trees::run)),
        ("binary-trees-rooted", Answer::Runs(workloads::binary_trees_rooted::run)),
        ("gcbench", Answer::Runs(workloads::gcbench::run)),
        ("quads", Answer::Runs(workloads::quads::run)),
        ("churn", Answer::Runs(workloads::churn::run)),
        ("lru", Answer::Runs(workloads::lru::run)),
        ("rings", Answer::Runs(workloads::rings::run)),
        // Marking recurses: 200,000 nodes, the default, do not fit on 8 MiB of stack. The list does,
        // because the compiler makes a loop of it.
        ("graph", Answer::Cannot("overflows the stack")),
        ("list", Answer::Runs(workloads::list::run)),
        ("interp", Answer::Runs(workloads::interp::run)),
        ("droppable", Answer::Runs(workloads::droppable::run)),
        ("large-arrays", Answer::Runs(workloads::large_arrays::run)),
        ("weak-cache", Answer::Cannot("no weak references")),
        ("strings", Answer::Runs(workloads::strings::run)),
        ("heap-program", Answer::Cannot("needs our API")),
    ],
};

/// Of the bytes that make the next collection, how many have survived the last one.
const USED_SPACE_RATIO: f64 = 0.5;

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

fn set_up() {
    configure(|config| config.used_space_ratio = USED_SPACE_RATIO);
}

fn safepoint(_cyclic_garbage: usize) {}

#[expect(dead_code, reason = "what the peer cannot do is compiled, too")]
#[path = "workloads/mod.rs"]
mod workloads;
