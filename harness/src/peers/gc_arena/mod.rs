//! gc-arena 0.7: an incremental mark-sweep collector behind branded references.
//!
//! `collect_debt` is called after every `mutate`, as its documentation advises, and does nothing most
//! of the time. How much it does is a matter of [`Pacing`]. Every workload was run at its quick scale
//! with each of these; the sum of CPU times, the best of three, and the peak memory of gcbench:
//!
//! | pacing | sum | gcbench |
//! |---|---|---|
//! | `DEFAULT`, incremental | 3.7 s | 36 MiB |
//! | `STOP_THE_WORLD`: sleeps for 1.0 times the live objects, 256 at least | 4.5 s | 31 MiB |
//! | the same, at least 4096 objects | 4.3 s | 31 MiB |
//! | the same, at least 65,536 objects | 4.1 s | 32 MiB |
//! | `STOP_THE_WORLD`, sleeps for 2.0 times the live objects | 3.4 s | 36 MiB |
//! | the same, at least 16,384 objects | 3.4 s | 36 MiB |
//! | the same, at least 65,536 objects | 3.2 s | 36 MiB |
//! | `STOP_THE_WORLD`, sleeps for 4.0 times the live objects | 2.8 s | 62 MiB |
//!
//! The last but one is used. The last is faster still, but it buys that with nearly twice the
//! memory; our own collectors could be had faster at that price, too.
//!
//! The numbers come from `harness run --workload NAME --scale QUICK --backend peer:gc-arena
//! --no-pauses` with the features `peers` and `mimalloc`, on two shared cores.

mod binary_trees;
mod churn;
mod droppable;
mod gcbench;
mod graph;
mod interp;
mod large_arrays;
mod list;
mod lru;
mod quads;
mod rings;
mod strings;
mod weak_cache;

use ::gc_arena::arena::Root;
use ::gc_arena::metrics::Pacing;
use ::gc_arena::{Arena, Mutation, Rootable};

use super::{Answer, Kind, Peer};

/// The peer.
pub(super) const PEER: Peer = Peer {
    name: "peer:gc-arena",
    sentence: "gc-arena 0.7, incremental mark-sweep, paced to collect in one go",
    kind: Kind::Collector,
    answers: &[
        ("binary-trees", Answer::Runs(binary_trees::run)),
        ("binary-trees-rooted", Answer::Runs(binary_trees::run_rooted)),
        ("gcbench", Answer::Runs(gcbench::run)),
        ("quads", Answer::Runs(quads::run)),
        ("churn", Answer::Runs(churn::run)),
        ("lru", Answer::Runs(lru::run)),
        ("rings", Answer::Runs(rings::run)),
        ("graph", Answer::Runs(graph::run)),
        ("list", Answer::Runs(list::run)),
        ("interp", Answer::Runs(interp::run)),
        ("droppable", Answer::Runs(droppable::run)),
        ("large-arrays", Answer::Runs(large_arrays::run)),
        ("weak-cache", Answer::Runs(weak_cache::run)),
        ("strings", Answer::Runs(strings::run)),
        ("heap-program", Answer::Cannot("needs our API")),
    ],
};

/// See the module's documentation for what else was tried.
const PACING: Pacing = Pacing { sleep_factor: 2.0, min_sleep: 1 << 16, ..Pacing::STOP_THE_WORLD };

/// A new arena, paced.
fn arena<R>(root: impl for<'gc> FnOnce(&'gc Mutation<'gc>) -> Root<'gc, R>) -> Arena<R>
where
    R: for<'gc> Rootable<'gc>,
    for<'gc> Root<'gc, R>: Sized,
{
    let arena = Arena::new(root);
    arena.metrics().set_pacing(PACING);
    arena
}
