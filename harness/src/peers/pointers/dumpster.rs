//! dumpster: counts, and looks for cycles among what lost a reference when there were many drops
//! for the references that exist.
//!
//! By default it collects when there were more drops than there are references. With four times as
//! many, `lru` takes 0.56 of the CPU time, `droppable` 0.62, `interp` 0.71 and `graph` 0.71, at the
//! quick scale and with no more memory; with fewer, everything takes longer. In `rings` that
//! hardly ever happens, because the garbage counts among the references: 3.7 GB at the default scale.
//! So it is told of cyclic garbage, as those are that have no triggers of their own; 100,000 objects
//! are near the optimum.

use std::cell::RefCell as GcCell;

use ::dumpster::Trace;
use ::dumpster::unsync::{Gc, collect, set_collect_condition};

use super::super::{Answer, Kind, Peer};
use super::cyclic_garbage;
use super::strong::{follow, link};

/// The peer.
pub(in crate::peers) const PEER: Peer = Peer {
    name: "peer:dumpster",
    sentence: "dumpster::unsync: reference counting with trial deletion",
    kind: Kind::Collector,
    answers: &[
        ("binary-trees", Answer::Runs(workloads::binary_trees::run)),
        ("binary-trees-rooted", Answer::Runs(workloads::binary_trees_rooted::run)),
        ("gcbench", Answer::Runs(workloads::gcbench::run)),
        ("quads", Answer::Runs(workloads::quads::run)),
        ("churn", Answer::Runs(workloads::churn::run)),
        ("lru", Answer::Runs(workloads::lru::run)),
        ("rings", Answer::Runs(workloads::rings::run)),
        // Its depth-first search recurses: 200,000 nodes, the default, do not fit on 8 MiB of stack.
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

/// So many drops for each existing reference make a collection.
const DROPS_PER_REFERENCE: usize = 4;

/// Objects; with more cyclic garbage than this it is told to collect.
const CYCLIC_GARBAGE_MAX: usize = 100_000;

// What the derive makes. It cannot be used behind a macro: it mixes the hygiene of the fields with
// its own.
macro_rules! impl_trace {
    ($name:ident: $($pattern:pat => $field:ident: $type:ty;)*) => {
        // SAFETY: every field is visited, always in the same order.
        unsafe impl<V: ::dumpster::Visitor> ::dumpster::TraceWith<V> for $name {
            #[inline]
            fn accept(&self, visitor: &mut V) -> Result<(), ()> {
                $(
                    #[allow(irrefutable_let_patterns, reason = "enums have variants")]
                    if let $pattern = self {
                        let field: &$type = $field;
                        ::dumpster::TraceWith::accept(field, visitor)?;
                    }
                )*
                Ok(())
            }
        }
    };
}

macro_rules! untraced {
    ($type:ty) => {
        // SAFETY: there is no `Gc` in the type.
        unsafe impl<V: ::dumpster::Visitor> ::dumpster::TraceWith<V> for $type {
            fn accept(&self, _: &mut V) -> Result<(), ()> {
                Ok(())
            }
        }
    };
}

type Link<T> = Gc<T>;
type Text = Gc<str>;

fn text(line: impl AsRef<str>) -> Text {
    Gc::from(line.as_ref())
}

fn take<T: Trace + Clone, R>(mut from: Gc<T>, what: impl FnOnce(&mut T) -> R) -> R {
    what(Gc::make_mut(&mut from))
}

fn set_up() {
    set_collect_condition(|info| {
        info.n_gcs_dropped_since_last_collect() > DROPS_PER_REFERENCE * info.n_gcs_existing()
    });
}

fn safepoint(more_cyclic_garbage: usize) {
    if cyclic_garbage::exceeds(CYCLIC_GARBAGE_MAX, more_cyclic_garbage) {
        collect();
    }
}

#[expect(dead_code, reason = "what the peer cannot do is compiled, too")]
#[path = "workloads/mod.rs"]
mod workloads;
