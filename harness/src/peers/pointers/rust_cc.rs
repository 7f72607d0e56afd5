//! rust-cc: counts, and looks for cycles when so many bytes are allocated.

use std::cell::RefCell as GcCell;

use ::rust_cc::weak::Weak;
use ::rust_cc::{Cc as Gc, Trace, collect_cycles as collect};

use super::super::{Answer, Kind, Peer};
use super::strong::{follow, link};

/// The peer.
pub(in crate::peers) const PEER: Peer = Peer {
    name: "peer:rust-cc",
    sentence: "rust-cc: reference counting with trial deletion",
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
        #[derive(::rust_cc::Trace, ::rust_cc::Finalize)]
        $type
    };
}

macro_rules! untraced {
    ($type:ty) => {
        // SAFETY: there is no `Cc` in the type.
        unsafe impl ::rust_cc::Trace for $type {
            fn trace(&self, _: &mut ::rust_cc::Context<'_>) {}
        }

        impl ::rust_cc::Finalize for $type {}
    };
}

type Link<T> = Gc<T>;
type Text = Gc<String>;

fn text(line: impl Into<String>) -> Text {
    Gc::new(line.into())
}

fn take<T: Trace + Clone, R>(from: Gc<T>, what: impl FnOnce(&mut T) -> R) -> R {
    match from.try_unwrap() {
        Ok(mut value) => what(&mut value),
        Err(shared) => what(&mut T::clone(&shared)),
    }
}

fn downgrade<T: Trace>(to: &Gc<T>) -> Weak<T> {
    to.downgrade()
}

fn set_up() {}

fn safepoint(_cyclic_garbage: usize) {}

#[path = "workloads/weak_cache.rs"]
mod weak_cache;
#[path = "workloads/mod.rs"]
mod workloads;
