//! boa_gc: counts references from outside the heap, and marks and sweeps when so many bytes are
//! allocated.

use ::boa_gc::{Gc, GcRefCell as GcCell, Trace, WeakGc as Weak, force_collect as collect};

use super::super::{Answer, Kind, Peer};
use super::strong::{follow, link};

/// The peer.
pub(in crate::peers) const PEER: Peer = Peer {
    name: "peer:boa-gc",
    sentence: "boa_gc: mark-sweep with roots found by counting",
    kind: Kind::Collector,
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
        ("weak-cache", Answer::Runs(weak_cache::run)),
        ("strings", Answer::Runs(workloads::strings::run)),
        ("heap-program", Answer::Cannot("needs our API")),
    ],
};

macro_rules! traced {
    ($type:item) => {
        #[derive(::boa_gc::Trace, ::boa_gc::Finalize)]
        $type
    };
}

macro_rules! untraced {
    ($type:ty) => {
        // SAFETY: there is no `Gc` in the type.
        unsafe impl ::boa_gc::Trace for $type {
            ::boa_gc::empty_trace!();
        }

        impl ::boa_gc::Finalize for $type {}
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

fn downgrade<T: Trace>(to: &Gc<T>) -> Weak<T> {
    Weak::new(to)
}

fn set_up() {}

fn safepoint(_cyclic_garbage: usize) {}

#[path = "workloads/weak_cache.rs"]
mod weak_cache;
#[path = "workloads/mod.rs"]
mod workloads;
