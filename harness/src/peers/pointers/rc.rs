//! `std::rc::Rc`: counts, and leaks cycles.

use std::cell::RefCell as GcCell;
use std::rc::{Rc as Gc, Weak};

use super::super::{Answer, Kind, Peer};

/// The peer.
pub(in crate::peers) const PEER: Peer = Peer {
    name: "peer:rc",
    sentence: "std::rc::Rc: reference counting, cycles leak",
    kind: Kind::Language,
    answers: &[
        ("binary-trees", Answer::Runs(workloads::binary_trees::run)),
        ("binary-trees-rooted", Answer::Runs(workloads::binary_trees_rooted::run)),
        ("gcbench", Answer::Runs(workloads::gcbench::run)),
        ("quads", Answer::Runs(workloads::quads::run)),
        ("churn", Answer::Runs(workloads::churn::run)),
        ("lru", Answer::Runs(workloads::lru::run)),
        ("rings", Answer::Cannot("leaks cycles")),
        ("graph", Answer::Cannot("leaks cycles")),
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
        $type
    };
}

macro_rules! untraced {
    ($type:ty) => {};
}

type Link<T> = Weak<T>;
type Text = Gc<str>;

fn link<T>(to: &Gc<T>) -> Link<T> {
    Gc::downgrade(to)
}

fn follow<T>(link: &Link<T>) -> Option<Gc<T>> {
    link.upgrade()
}

fn downgrade<T>(to: &Gc<T>) -> Weak<T> {
    Gc::downgrade(to)
}

fn take<T: Clone, R>(mut from: Gc<T>, what: impl FnOnce(&mut T) -> R) -> R {
    what(Gc::make_mut(&mut from))
}

fn text(line: impl AsRef<str>) -> Text {
    Gc::from(line.as_ref())
}

fn set_up() {}

fn safepoint(_cyclic_garbage: usize) {}

fn collect() {}

#[path = "workloads/weak_cache.rs"]
mod weak_cache;
#[expect(dead_code, reason = "what the peer cannot do is compiled, too")]
#[path = "workloads/mod.rs"]
mod workloads;
