//! jrsonnet-gcmodule: counts, and looks at every object for cycles when it is told to.
//!
//! It is told when the program knows of so much cyclic garbage, in proportion to what there is to
//! trace. Tried: 0.5, 1, 2 and 4 times as much; `rings` takes 792, 528, 360 and 308 ms of CPU time
//! at the quick scale, with no more memory.

use std::cell::{Cell, RefCell as GcCell};

use ::jrsonnet_gcmodule::{
    Cc as Gc, Trace, Tracer, Weak, collect_thread_cycles, count_thread_tracked,
};

use super::super::{Answer, Kind, Peer};
use super::cyclic_garbage;
use super::strong::{follow, link};

/// The peer.
pub(in crate::peers) const PEER: Peer = Peer {
    name: "peer:jrsonnet-gcmodule",
    sentence: "jrsonnet-gcmodule: reference counting with a full trace on demand",
    kind: Kind::Collector,
    answers: &[
        ("binary-trees", Answer::Runs(workloads::binary_trees::run)),
        ("binary-trees-rooted", Answer::Runs(workloads::binary_trees_rooted::run)),
        ("gcbench", Answer::Runs(workloads::gcbench::run)),
        ("quads", Answer::Runs(workloads::quads::run)),
        ("churn", Answer::Runs(workloads::churn::run)),
        ("lru", Answer::Runs(workloads::lru::run)),
        ("rings", Answer::Runs(workloads::rings::run)),
        // Marking recurses: 200,000 nodes, the default, do not fit on 8 MiB of stack.
        ("graph", Answer::Cannot("overflows the stack")),
        // Nor do 3,000,000 cells, the quick scale, when half of the list is left and a collection is
        // asked for.
        ("list", Answer::Cannot("overflows the stack")),
        ("interp", Answer::Runs(workloads::interp::run)),
        ("droppable", Answer::Runs(workloads::droppable::run)),
        ("large-arrays", Answer::Runs(workloads::large_arrays::run)),
        ("weak-cache", Answer::Runs(weak_cache::run)),
        ("strings", Answer::Runs(workloads::strings::run)),
        ("heap-program", Answer::Cannot("needs our API")),
    ],
};

/// Less cyclic garbage than this is left alone.
const CYCLIC_GARBAGE_MIN: usize = 10_000;

/// So many times the objects that the last collection traced.
const GARBAGE_PER_TRACKED: usize = 4;

thread_local! {
    /// How much is let be until the next collection.
    static CYCLIC_GARBAGE_MAX: Cell<usize> = const { Cell::new(CYCLIC_GARBAGE_MIN) };
}

macro_rules! impl_trace {
    ($name:ident: $($pattern:pat => $field:ident: $type:ty;)*) => {
        impl ::jrsonnet_gcmodule::Trace for $name {
            fn trace(&self, tracer: &mut ::jrsonnet_gcmodule::Tracer<'_>) {
                #[allow(unused_imports, reason = "most types have no array")]
                use crate::peers::pointers::jrsonnet_gcmodule::{Trace as _, TraceArray as _};
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
        impl ::jrsonnet_gcmodule::Trace for $type {
            fn is_type_tracked() -> bool {
                false
            }
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

type Link<T> = Gc<T>;
type Text = Gc<String>;

fn text(line: impl Into<String>) -> Text {
    Gc::new(line.into())
}

fn take<T: Trace + Clone, R>(
    mut from: Gc<T>,
    mut what: impl FnMut(&mut T) -> Option<R>,
) -> Option<R> {
    let mut taken = None;
    from.update_with(|value| taken = what(value));
    taken
}

fn downgrade<T>(to: &Gc<T>) -> Weak<T> {
    to.downgrade()
}

fn set_up() {}

fn safepoint(more_cyclic_garbage: usize) {
    if cyclic_garbage::exceeds(CYCLIC_GARBAGE_MAX.get(), more_cyclic_garbage) {
        collect();
        let tracked = count_thread_tracked();
        CYCLIC_GARBAGE_MAX.set(CYCLIC_GARBAGE_MIN.max(tracked * GARBAGE_PER_TRACKED));
    }
}

fn collect() {
    let _reclaimed = collect_thread_cycles();
}

#[path = "workloads/weak_cache.rs"]
mod weak_cache;
#[expect(dead_code, reason = "what the peer cannot do is compiled, too")]
#[path = "workloads/mod.rs"]
mod workloads;
