//! Candidates: objects that lost a reference and lived, and so may be what is left of a cycle.
//!
//! A candidate is marked: between collections nobody else needs the mark bits. So the set takes no
//! memory, an object enters and leaves it by a bit, and its order is that of memory.

use alloc::vec::Vec;

use gc_core::heap::{Flag, Heap, ObjectRef, Policy};
use gc_refcount::counting::Observer;

/// The header of a candidate says so, too: it is in the cache when its count has just changed, and
/// most objects that lose a reference are candidates already.
pub(crate) const CANDIDATE: Policy = Policy::new(0b100);

/// The set of candidates. All of them are alive: an object leaves the set when it dies.
#[derive(Debug, Default)]
pub(crate) struct Candidates {
    len: usize,
}

impl Candidates {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Empties the set.
    pub(crate) fn take(&mut self, heap: &Heap) -> Vec<ObjectRef> {
        let mut objects = Vec::with_capacity(self.len);
        self.drain(heap, |object| objects.push(object));
        objects
    }

    /// Empties the set: no object is marked afterwards.
    pub(crate) fn clear(&mut self, heap: &Heap) {
        self.drain(heap, |_| {});
    }

    /// # Complexity
    ///
    /// O(blocks, and candidates), unless there are none.
    fn drain(&mut self, heap: &Heap, mut each: impl FnMut(ObjectRef)) {
        if self.len == 0 {
            return;
        }
        for block in heap.blocks() {
            block.for_each_marked(|object| {
                // SAFETY: an object in the set is alive.
                unsafe { object.header() }.set_policy(Policy::ZERO);
                each(object);
            });
            block.clear_marks();
        }
        self.len = 0;
    }
}

impl Observer for Candidates {
    #[inline]
    fn decremented(&mut self, object: ObjectRef) {
        // SAFETY: counting says that it lives.
        let header = unsafe { object.header() };
        // What refers to nothing is in no cycle, unless it is the key of an ephemeron.
        let may_be_in_cycle =
            || header.descriptor().has_references() || header.has(Flag::WeaklyHeld);
        if header.policy() != CANDIDATE
            && may_be_in_cycle()
            && !gc_core::planted!("candidate-is-dropped")
        {
            header.set_policy(CANDIDATE);
            object.chunk().marks().insert(object);
            self.len += 1;
        }
    }

    #[inline]
    fn dying(&mut self, object: ObjectRef) {
        // SAFETY: its memory is untouched.
        if unsafe { object.header() }.policy() == CANDIDATE {
            if !gc_core::planted!("dead-candidate-stays-marked") {
                object.chunk().marks().remove(object);
            }
            self.len -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use gc_core::collector::{Attributes, Collector, Safepoint};
    use gc_core::{Arena, Gc, Lock, Reason, Rootable, Trace, unlock};
    use gc_refcount::counting::Counting;

    use super::*;

    /// Counts, and compares the candidates with what is marked.
    #[derive(Debug, Default)]
    struct Gathering {
        counting: Counting,
        candidates: Candidates,
    }

    // SAFETY: `Counting` reclaims only what nothing refers to, and moves nothing.
    unsafe impl Collector for Gathering {
        const ATTRIBUTES: Attributes = crate::MarkSweep::ATTRIBUTES;

        fn safepoint(&mut self, safepoint: &mut Safepoint<'_>) {
            // SAFETY: this is a safepoint, and the attributes ask for snapshots.
            unsafe { self.counting.settle(safepoint, &mut self.candidates) }
            assert_eq!(marked(safepoint.heap).len(), self.candidates.len());
        }

        fn collect(&mut self, safepoint: &mut Safepoint<'_>, _: u8, _: Reason) {
            self.safepoint(safepoint);
            let marked = marked(safepoint.heap);
            assert_eq!(self.candidates.take(safepoint.heap), marked);
            safepoint.collection.unreachable = marked.len();
            assert_eq!(self::marked(safepoint.heap), []);
        }
    }

    fn marked(heap: &Heap) -> Vec<ObjectRef> {
        let mut marked = Vec::new();
        heap.blocks().iter().for_each(|block| block.for_each_marked(|object| marked.push(object)));
        marked
    }

    #[derive(Trace)]
    struct Node<'gc> {
        next: Lock<Option<Gc<'gc, Node<'gc>>>>,
    }

    type Nodes<'gc> = Vec<Gc<'gc, Node<'gc>>>;

    /// `0 -> 1 -> .. -> 9`, all of them in the root.
    fn nodes() -> Arena<Rootable![Nodes<'_>], Gathering> {
        let mut arena = Arena::new(|mc| {
            let mut nodes: Nodes<'_> =
                (0..10).map(|_| Gc::new(mc, Node { next: Lock::new(None) })).collect();
            for pair in nodes.windows(2) {
                unlock!(Gc::write(mc, pair[0]), Node, next).set(Some(pair[1]));
            }
            nodes.reverse();
            nodes
        });
        arena.mutate(|_, _| ());
        arena
    }

    #[test]
    fn what_loses_a_reference_and_lives_is_a_candidate_once() {
        let mut arena = nodes();
        // In the root they are in the opposite order: the last is the first there.
        let mut set_next = |target: Option<usize>| {
            arena.mutate(|mc, nodes| {
                let target = target.map(|place| nodes[place]);
                unlock!(Gc::write(mc, nodes[5]), Node, next).set(target);
            });
        };
        for target in [Some(0), None, Some(0), None] {
            set_next(target);
        }
        // What the fifth referred to first, and the last.
        assert_eq!(arena.collect().unreachable, 2);
        assert_eq!(arena.collect().unreachable, 0);
    }

    #[test]
    fn a_candidate_that_dies_leaves_the_set_and_what_takes_its_place_is_none() {
        let mut arena = nodes();
        arena.mutate(|mc, nodes| {
            nodes.iter().for_each(|&node| unlock!(Gc::write(mc, node), Node, next).set(None));
        });
        // Nine are candidates now, the first five of the root among them.
        arena.mutate_root(|_, nodes| nodes.truncate(5));
        for _ in 0..100 {
            arena.mutate_root(|mc, nodes| {
                nodes.push(Gc::new(mc, Node { next: Lock::new(None) }));
            });
        }
        assert_eq!(arena.stats().live_objects, 5 + 100);
        assert_eq!(arena.collect().unreachable, 5);
    }
}
