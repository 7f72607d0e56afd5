//! bacon_rajan_cc: counts, keeps a buffer of what lost a reference, and looks there for cycles when
//! it is told to.
//!
//! It is told when there is so much in the buffer. Tried: 1,000 to 100,000. `rings` is fastest with
//! 3,000 (608 ms of CPU time at the quick scale; 931 ms with 100,000), everything else with 100,000:
//! `graph` takes 1749 ms with 10,000 and 154 ms with 100,000, `droppable` 861 and 249 ms.

use std::cell::RefCell as GcCell;

use ::bacon_rajan_cc::{
    Cc as Gc, Trace, Tracer, Weak, collect_cycles as collect, number_of_roots_buffered,
};

use super::super::{Answer, Kind, Peer};

/// The peer.
pub(in crate::peers) const PEER: Peer = Peer {
    name: "peer:bacon-rajan-cc",
    sentence: "bacon_rajan_cc: reference counting with trial deletion on demand",
    kind: Kind::Collector,
    answers: &[
        ("binary-trees", Answer::Runs(workloads::binary_trees::run)),
        ("binary-trees-rooted", Answer::Runs(workloads::binary_trees_rooted::run)),
        ("gcbench", Answer::Runs(workloads::gcbench::run)),
        ("quads", Answer::Runs(workloads::quads::run)),
        ("churn", Answer::Runs(workloads::churn::run)),
        ("lru", Answer::Runs(workloads::lru::run)),
        ("rings", Answer::Runs(workloads::rings::run)),
        // All phases recurse: 200,000 nodes, the default, do not fit on 8 MiB of stack.
        ("graph", Answer::Cannot("overflows the stack")),
        ("list", Answer::Runs(workloads::list::run)),
        ("interp", Answer::Runs(workloads::interp::run)),
        ("droppable", Answer::Runs(workloads::droppable::run)),
        ("large-arrays", Answer::Runs(workloads::large_arrays::run)),
        ("weak-cache", Answer::Runs(weak_cache::run)),
        ("strings", Answer::Runs(workloads::strings::run)),
        ("heap-program", Answer::Cannot("needs our API")),
    ],
};

/// How many buffered roots make a collection.
const ROOTS_MAX: usize = 100_000;

macro_rules! impl_trace {
    ($name:ident: $($pattern:pat => $field:ident: $type:ty;)*) => {
        impl ::bacon_rajan_cc::Trace for $name {
            fn trace(&self, tracer: &mut ::bacon_rajan_cc::Tracer<'_>) {
                #[allow(unused_imports, reason = "most types have no array")]
                use crate::peers::pointers::bacon_rajan_cc::{Trace as _, TraceArray as _};
                $(
                    #[allow(irrefutable_let_patterns, reason = "enums have variants")]
                    if let $pattern = self {
                        let field: &$type = $field;
                        field.trace(tracer);
                    }
                )*
            }
        }
    };
}

macro_rules! untraced {
    ($type:ty) => {
        impl ::bacon_rajan_cc::Trace for $type {
            fn trace(&self, _: &mut ::bacon_rajan_cc::Tracer<'_>) {}
        }
    };
}

/// `Trace` is not implemented for arrays.
trait TraceArray {
    fn trace(&self, tracer: &mut Tracer<'_>);
}

impl<T: Trace, const N: usize> TraceArray for GcCell<[T; N]> {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.borrow().iter().for_each(|element| element.trace(tracer));
    }
}

// With ordinary references, a collection recurses over the whole list of `lru`.
type Link<T> = Weak<T>;
type Text = Gc<String>;

fn text(line: impl Into<String>) -> Text {
    Gc::new(line.into())
}

fn take<T: Trace + Clone, R>(mut from: Gc<T>, what: impl FnOnce(&mut T) -> R) -> R {
    what(from.make_unique())
}

fn link<T: Trace>(to: &Gc<T>) -> Link<T> {
    to.downgrade()
}

fn follow<T: Trace>(link: &Link<T>) -> Option<Gc<T>> {
    link.upgrade()
}

fn downgrade<T: Trace>(to: &Gc<T>) -> Weak<T> {
    to.downgrade()
}

fn set_up() {}

fn safepoint(_cyclic_garbage: usize) {
    if number_of_roots_buffered() > ROOTS_MAX {
        collect();
    }
}

#[path = "workloads/weak_cache.rs"]
mod weak_cache;
#[expect(dead_code, reason = "what the peer cannot do is compiled, too")]
#[path = "workloads/mod.rs"]
mod workloads;
