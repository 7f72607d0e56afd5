//! The backup: marking from the roots, and reclaiming what is not marked.
//!
//! It finds all garbage, at the price of a walk over all that lives. The counts are up to date when
//! it starts, and when it ends: what lives loses the references that garbage had to it.
//!
//! If all candidates are found before everything is marked there is no new garbage: garbage was
//! reachable once, so something of it lost a reference and lived, a candidate, which nothing that
//! lives reaches. Candidates often lie near the roots. What garbage was left by earlier detections
//! (see [`trial_deletion`](crate::trial_deletion)) is not found then.

use alloc::vec::Vec;

use gc_core::collector::Safepoint;
use gc_core::heap::{Block, Flags, Heap, ObjectRef, Policy, for_each_edge};
use gc_refcount::counting::Counting;

/// A candidate, while it is looked for.
const SOUGHT: Policy = Policy::new(1);

/// Marks everything that is reachable from the roots.
///
/// # Complexity
///
/// O(live objects and references). No recursion: the objects yet to be scanned are on a list.
///
/// # Safety
///
/// This is a safepoint, no young object is live, and no object is marked.
///
/// # Examples
///
/// See the example of [`sweep`].
pub unsafe fn mark(safepoint: &mut Safepoint<'_>, counting: &Counting) {
    let mut roots = counting.roots(safepoint);
    // SAFETY: the roots refer to live objects, and so do handles; nothing is ever forwarded here,
    // and the caller says that nothing is young or marked.
    unsafe { safepoint.heap.mark_reachable(&mut roots) }
}

/// As [`mark`], but ends when all candidates are marked: then it says how many objects it has looked
/// into. `None` says that everything reachable is marked.
///
/// # Safety
///
/// As [`mark`], and the candidates are not reclaimed, there is none twice, and the policy of all
/// objects is zero.
///
/// # Examples
///
/// See the example of [`sweep`].
pub unsafe fn mark_until_found(
    safepoint: &mut Safepoint<'_>,
    counting: &Counting,
    candidates: &[ObjectRef],
) -> Option<usize> {
    let set_policy = |policy| {
        for candidate in candidates {
            // SAFETY: not reclaimed, says the caller.
            unsafe { candidate.header() }.set_policy(policy);
        }
    };
    set_policy(SOUGHT);
    let mut roots = counting.roots(safepoint);
    // SAFETY: as in `mark`.
    let scanned = unsafe { safepoint.heap.mark_until_found(&mut roots, SOUGHT, candidates.len()) };
    set_policy(Policy::ZERO);
    scanned
}

/// Clears all marks.
///
/// # Complexity
///
/// O(blocks).
///
/// # Examples
///
/// See the example of [`sweep`].
pub fn clear_marks(heap: &mut Heap) {
    heap.blocks().into_iter().for_each(Block::clear_marks);
}

/// Whether one of the mature objects that are not marked has one of these flags.
pub(crate) fn is_any_unmarked(heap: &Heap, flags: Flags) -> bool {
    let mut is_any = false;
    for block in heap.blocks() {
        block.for_each_unmarked(|object| {
            // SAFETY: a mature object is intact until it is reclaimed.
            is_any |= unsafe { object.header() }.has_any(flags);
        });
    }
    is_any
}

/// The mature objects that are not marked. Clears all marks.
///
/// # Complexity
///
/// O(blocks and garbage).
///
/// # Examples
///
/// See the example of [`sweep`].
pub fn take_unmarked(heap: &mut Heap) -> Vec<ObjectRef> {
    let mut garbage = Vec::new();
    for block in heap.blocks() {
        block.for_each_unmarked(|object| garbage.push(object));
        block.clear_marks();
    }
    garbage
}

/// Reclaims the mature objects that are not marked, takes their references back, and clears all
/// marks.
///
/// # Complexity
///
/// O(blocks), and O(garbage and its references).
///
/// # Safety
///
/// This is a safepoint, all counts are up to date, exactly what is reachable is marked, and nothing is
/// frozen: what garbage alone refers to would be marked, too.
///
/// # Examples
///
/// ```
/// use gc_core::Reason;
/// use gc_core::collector::{Attributes, Barrier, Collector, Safepoint};
/// use gc_core::heap::ObjectRef;
/// use gc_marksweep::mark_sweep;
/// use gc_refcount::counting::Counting;
/// # use gc_core::{Arena, Gc, Lock, Rootable, Trace, unlock};
///
/// /// Counts, and marks from the roots when it is asked to. For arenas without finalizers and
/// /// callbacks.
/// #[derive(Default)]
/// struct Backup(Counting);
///
/// // SAFETY: counting is right as far as it goes, and what is not marked is unreachable.
/// unsafe impl Collector for Backup {
///     const ATTRIBUTES: Attributes = {
///         let mut attributes = Attributes::new("backup tracing");
///         attributes.reclaims_cycles = true;
///         attributes.prompt = true;
///         attributes.counts_references = true;
///         attributes.barrier = Barrier::Snapshot;
///         attributes
///     };
///
///     fn safepoint(&mut self, safepoint: &mut Safepoint<'_>) {
///         // SAFETY: this is a safepoint with snapshots, and nobody else counts.
///         unsafe { self.0.settle(safepoint, &mut ()) }
///     }
///
///     fn collect(&mut self, safepoint: &mut Safepoint<'_>, _: u8, _: Reason) {
///         self.safepoint(safepoint);
///         // If all that lost a reference is found soon there is no new garbage.
///         let mut candidates = Vec::new();
///         safepoint.roots.for_each_edge(|object| candidates.push(object));
///         // SAFETY: nothing is young or marked, and there is at most one.
///         let found = unsafe { mark_sweep::mark_until_found(safepoint, &self.0, &candidates) };
///         assert_eq!(found, Some(1), "one object was looked into");
///         mark_sweep::clear_marks(safepoint.heap);
///
///         // SAFETY: as above.
///         unsafe { mark_sweep::mark(safepoint, &self.0) }
///         let unmarked = mark_sweep::take_unmarked(safepoint.heap).len();
///         // SAFETY: as above: the marks are gone again.
///         unsafe { mark_sweep::mark(safepoint, &self.0) }
///         // SAFETY: the counts are up to date, and what is reachable is marked.
///         unsafe { mark_sweep::sweep(safepoint) }
///         assert_eq!(safepoint.collection.freed_objects, unmarked);
///     }
///
///     fn resume(&mut self, safepoint: &mut Safepoint<'_>, resume: usize) {
///         // SAFETY: as in `safepoint`.
///         unsafe { self.0.resume(safepoint, resume, &mut ()) }
///     }
///
///     fn owed(&self) -> Vec<ObjectRef> {
///         self.0.owed().to_vec()
///     }
/// }
///
/// #[derive(Trace)]
/// struct Node<'gc> {
///     other: Lock<Option<Gc<'gc, Node<'gc>>>>,
/// }
///
/// let mut arena: Arena<Rootable![Gc<'_, Node<'_>>], Backup> =
///     Arena::new(|mc| Gc::new(mc, Node { other: Lock::new(None) }));
/// arena.mutate(|mc, root| {
///     let a = Gc::new(mc, Node { other: Lock::new(None) });
///     let b = Gc::new(mc, Node { other: Lock::new(Some(a)) });
///     unlock!(Gc::write(mc, a), Node, other).set(Some(b));
///     unlock!(Gc::write(mc, *root), Node, other).set(Some(a));
/// });
/// arena.mutate(|mc, root| unlock!(Gc::write(mc, *root), Node, other).set(None));
/// assert_eq!(arena.stats().live_objects, 3, "the root's object, and a -> b -> a");
/// assert_eq!(arena.collect().unreachable, 2);
/// assert_eq!(arena.stats().live_objects, 1);
/// ```
pub unsafe fn sweep(safepoint: &mut Safepoint<'_>) {
    let Safepoint { heap, collection, .. } = safepoint;
    // Of a block in which all lives no more is asked than that.
    let (full, blocks): (Vec<_>, Vec<_>) =
        heap.blocks().into_iter().partition(|block| block.is_all_marked());
    for block in &blocks {
        block.for_each_unmarked(|object| {
            // SAFETY: a mature object is intact until it is reclaimed.
            let is_tracked = unsafe { object.descriptor() }.is_tracked();
            collection.unreachable += usize::from(is_tracked);
            let take_back = |target: ObjectRef| {
                // Garbage loses what it holds of garbage too, but that is counted no more.
                if target.chunk().marks().contains(target)
                    && !gc_core::planted!("backup-keeps-counts")
                {
                    // SAFETY: it is live, and the reference was counted.
                    let is_zero = unsafe { heap.census.counts.decrement(target) };
                    debug_assert!(!is_zero, "what is reachable is referred to by something else");
                }
            };
            // SAFETY: as above.
            unsafe { for_each_edge(object, take_back) }
        });
    }
    safepoint.free(|heap| {
        for block in &blocks {
            block.for_each_unmarked(|object| {
                heap.census.counts.forget(object);
                // SAFETY: mature, unreachable, and here once.
                unsafe { heap.reclaim(object) }
            });
            block.clear_marks();
        }
    });
    full.into_iter().for_each(Block::clear_marks);
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
    fn where_garbage_was_swept_and_where_all_lives_no_mark_stays() {
        let mut arena = TestArena::new(|_| Root { newest: None, ring: None });
        make_ring(&mut arena);
        grow(&mut arena);
        arena.mutate_root(|_, root| root.ring = None);
        assert_eq!(arena.collect().unreachable, RING_LEN as usize);
        arena.verify().expect("only candidates are marked, and there are none");
    }

    /// `root -> ring -> ring`, and `ring -> frozen`: then the root lets go.
    #[test]
    fn what_is_frozen_dies_with_the_garbage_that_held_it_last() {
        #[derive(Trace)]
        struct Ring<'gc> {
            own: Lock<Option<Gc<'gc, Ring<'gc>>>>,
            frozen: Gc<'gc, u64>,
        }
        #[derive(Trace)]
        enum Root<'gc> {
            Nothing,
            Number(Gc<'gc, u64>),
            Ring { _ring: Gc<'gc, Ring<'gc>> },
        }
        let mut arena: Arena<Rootable![Root<'_>], MarkSweep> =
            Arena::new(|mc| Root::Number(Gc::new(mc, 1)));
        arena.collect();
        arena.freeze();
        assert_eq!(arena.frozen_objects(), 1);
        arena.mutate_root(|mc, root| {
            let Root::Number(frozen) = *root else { panic!("nothing else was put there") };
            let ring = Gc::new(mc, Ring { own: Lock::new(None), frozen });
            unlock!(Gc::write(mc, ring), Ring, own).set(Some(ring));
            *root = Root::Ring { _ring: ring };
        });
        arena.mutate_root(|_, root| *root = Root::Nothing);
        assert_eq!(arena.stats().live_objects, 2);
        assert_eq!(arena.collect().freed_objects, 2, "the last reference goes with the ring");
        assert_eq!((arena.stats().live_objects, arena.frozen_objects()), (0, 0));
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
