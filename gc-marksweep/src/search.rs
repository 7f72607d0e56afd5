//! The search for candidates from the roots: if all of them are found there is no new garbage.
//!
//! Garbage was reachable once, so something of it lost a reference and lived: a candidate, which
//! nothing that lives reaches. Where trial deletion is led too far, since the candidates reach most
//! of the heap, they often lie near the roots. Then this ends long before a mark-sweep would: a heap
//! that is built up as a list of arrays is searched along the list, and no array is looked into.
//!
//! What garbage was left by earlier detections (see [`trial_deletion`](crate::trial_deletion)) is
//! not found by this either.

use alloc::vec::Vec;

use gc_core::collector::Safepoint;
use gc_core::heap::{ObjectRef, Policy, for_each_edge};

use crate::mark_sweep::for_each_root;

/// A candidate that is not found yet.
const SOUGHT: Policy = Policy::new(1);
/// Anything that was found.
const FOUND: Policy = Policy::new(2);

/// What was found from the roots.
#[derive(Debug, Default)]
struct Search {
    /// Objects to be looked into, and arrays, which wait until there are no others: one array may
    /// use up the budget.
    pending: Vec<ObjectRef>,
    pending_arrays: Vec<ObjectRef>,
    /// Everything that was found.
    found: Vec<ObjectRef>,
    sought: usize,
}

impl Search {
    /// Notes an object that was reached.
    ///
    /// # Safety
    ///
    /// The object is live.
    unsafe fn reach(&mut self, object: ObjectRef) {
        // SAFETY: live, says the caller.
        let header = unsafe { object.header() };
        let policy = header.policy();
        if policy == FOUND || !header.descriptor().has_references() {
            return;
        }
        self.sought -= usize::from(policy == SOUGHT);
        header.set_policy(FOUND);
        self.found.push(object);
        if header.descriptor().is_array() {
            self.pending_arrays.push(object);
        } else {
            self.pending.push(object);
        }
    }
}

/// Whether all candidates are reachable from the roots, as far as that shows when no more than
/// `budget` objects are found.
///
/// # Complexity
///
/// O(candidates, and objects found and their references). No recursion.
///
/// # Safety
///
/// 1. This is a safepoint, and no young object is live.
/// 2. The candidates are not reclaimed, there is none twice and none without references, and the
///    policy of all objects is zero.
pub unsafe fn finds_all(
    safepoint: &mut Safepoint<'_>,
    candidates: &[ObjectRef],
    budget: usize,
) -> bool {
    for candidate in candidates {
        // SAFETY: not reclaimed, says the caller.
        unsafe { candidate.header() }.set_policy(SOUGHT);
    }
    let mut search = Search { sought: candidates.len(), ..Search::default() };
    // SAFETY: the roots refer to live objects.
    for_each_root(safepoint, |target| unsafe { search.reach(target) });
    while search.sought > 0
        && search.found.len() <= budget
        && let Some(object) = search.pending.pop().or_else(|| search.pending_arrays.pop())
    {
        // SAFETY: what a live object refers to is live.
        let reach = |target| unsafe { search.reach(target) };
        // SAFETY: it was reached, so it is live.
        unsafe { for_each_edge(object, reach) }
    }
    for object in search.found.iter().chain(candidates) {
        // SAFETY: live, or a candidate: nothing was reclaimed.
        unsafe { object.header() }.set_policy(Policy::ZERO);
    }
    search.sought == 0
}

#[cfg(test)]
mod tests {
    use gc_core::{Arena, Gc, Lock, Rootable, Trace, unlock};

    use crate::MarkSweep;

    #[derive(Trace)]
    struct Node<'gc> {
        number: u64,
        next: Lock<Option<Gc<'gc, Node<'gc>>>>,
    }

    #[derive(Trace)]
    struct Batch<'gc> {
        nodes: Gc<'gc, [Gc<'gc, Node<'gc>>]>,
        before: Option<Gc<'gc, Batch<'gc>>>,
    }

    /// The newest batch, and a node that may be in a ring.
    #[derive(Trace)]
    struct Root<'gc> {
        newest: Option<Gc<'gc, Batch<'gc>>>,
        ring: Option<Gc<'gc, Node<'gc>>>,
    }

    type TestArena = Arena<Rootable![Root<'_>], MarkSweep>;

    const NODES_PER_BATCH: usize = 1000;
    const RING_LEN: u64 = 20_000;

    /// Adds batches, of which each becomes a candidate: nearly 5 MB.
    fn grow(arena: &mut TestArena) {
        for _ in 0..200 {
            arena.mutate_root(|mc, root| {
                let new = |place| Gc::new(mc, Node { number: place as u64, next: Lock::new(None) });
                let nodes = Gc::slice_from_fn(mc, NODES_PER_BATCH, new);
                root.newest = Some(Gc::new(mc, Batch { nodes, before: root.newest }));
            });
        }
    }

    fn make_ring(arena: &mut TestArena) {
        arena.mutate_root(|mc, root| {
            let first = Gc::new(mc, Node { number: 0, next: Lock::new(None) });
            let mut last = first;
            for number in 1..RING_LEN {
                last = Gc::new(mc, Node { number, next: Lock::new(Some(last)) });
            }
            unlock!(Gc::write(mc, first), Node, next).set(Some(last));
            root.ring = Some(first);
        });
    }

    #[test]
    fn a_dead_ring_beyond_the_budget_is_found_and_what_lives_stays() {
        let mut arena = TestArena::new(|_| Root { newest: None, ring: None });
        grow(&mut arena);
        make_ring(&mut arena);
        let live_before = arena.stats().live_objects;
        arena.mutate_root(|_, root| root.ring = None);
        grow(&mut arena);
        grow(&mut arena);
        let grown = 2 * 200 * (NODES_PER_BATCH + 2);
        assert_eq!(arena.stats().live_objects, live_before + grown - RING_LEN as usize);
        let sum = arena.mutate(|_, root| {
            let batches = core::iter::successors(root.newest, |batch| batch.before);
            batches
                .map(|batch| batch.nodes.iter().map(|node| node.number).sum::<u64>())
                .sum::<u64>()
        });
        assert_eq!(sum, 600 * (0..NODES_PER_BATCH as u64).sum::<u64>());
    }

    #[test]
    fn counts_are_right_after_every_candidate_was_found() {
        let mut arena = TestArena::new(|_| Root { newest: None, ring: None });
        grow(&mut arena);
        grow(&mut arena);
        make_ring(&mut arena);
        arena.mutate_root(|_, root| root.newest = None);
        assert_eq!(arena.stats().live_objects, RING_LEN as usize, "what is counted dies promptly");
        arena.mutate_root(|_, root| root.ring = None);
        assert_eq!(arena.collect().unreachable, RING_LEN as usize);
    }
}
