//! Sweeping by bit maps: what is not marked is garbage.
//!
//! Sweeping a block is a matter of its 64 words, whatever is in it: no dead object is looked at.

use alloc::vec::Vec;

use super::{Block, BlockState, Heap, ObjectRef};

impl Heap {
    /// Counts the marked bytes of every block, after [`Heap::mark_reachable`].
    ///
    /// # Complexity
    ///
    /// O(blocks), and a look at the headers of what is marked or of what is not, whichever are fewer,
    /// in blocks in which something has died.
    ///
    /// # Safety
    ///
    /// No mature object is forwarded, and none of their memory was used again.
    ///
    /// # Examples
    ///
    /// See the example of [`Heap::sweep`].
    pub unsafe fn count_marked(&mut self) {
        for block in self.pool.get_mut().blocks().filter(|block| block.live_bytes() > 0) {
            // SAFETY: the caller's promise.
            block.set_marked_bytes(unsafe { count_marked_bytes(block) });
        }
    }

    /// Makes exactly the marked objects of a block mature, and clears the marks.
    ///
    /// The others are dead. Their drop glue, weak references and identities are the caller's to see
    /// to, beforehand; the memory of large ones is given back at the end of the safepoint.
    ///
    /// # Safety
    ///
    /// Everything that lives in the block is marked.
    ///
    /// # Examples
    ///
    /// ```
    /// use gc_core::Reason;
    /// use gc_core::collector::{Attributes, Collector, Safepoint};
    /// use gc_core::heap::{BlockState, for_each_edge};
    /// # use gc_core::{Arena, Gc, Lock, Rootable, Trace, unlock};
    ///
    /// /// Promotes what lives of the young, marks all that lives, and sweeps whole blocks.
    /// /// For arenas without handles, weak references and finalizers.
    /// #[derive(Default)]
    /// struct Sweeper;
    ///
    /// // SAFETY: what the root leads to is promoted and marked, and only the rest is reclaimed.
    /// unsafe impl Collector for Sweeper {
    ///     const ATTRIBUTES: Attributes = Attributes::new("sweeper");
    ///
    ///     fn safepoint(&mut self, _: &mut Safepoint<'_>) {}
    ///
    ///     fn collect(&mut self, safepoint: &mut Safepoint<'_>, _: u8, _: Reason) {
    ///         let heap = &mut *safepoint.heap;
    ///         let mut marked = Vec::new();
    ///         safepoint.roots.for_each_edge(|object| marked.push(object));
    ///         let mut pending = marked.clone();
    ///         // An old object refers to a young one only if it was modified.
    ///         let mut modified = Vec::new();
    ///         // SAFETY: what was logged is untouched: nothing was reclaimed since.
    ///         unsafe { heap.log_mut().drain(|logged| modified.push(logged.object())) }
    ///         for object in modified {
    ///             // SAFETY: as above, and nothing is borrowed at a safepoint.
    ///             unsafe { for_each_edge(object, |target| pending.push(target)) }
    ///         }
    ///         while let Some(object) = pending.pop() {
    ///             if !object.is_mature() {
    ///                 // SAFETY: it is young, and what refers to it may live.
    ///                 unsafe { heap.promote_in_place(object) }
    ///                 // SAFETY: as above.
    ///                 unsafe { for_each_edge(object, |target| pending.push(target)) }
    ///             }
    ///         }
    ///         // SAFETY: all that lives of what was young is promoted.
    ///         unsafe { heap.bury_young_in_place() }
    ///
    ///         // SAFETY: what is reachable is promoted, and nothing is forwarded.
    ///         unsafe { heap.mark_reachable(&mut marked) }
    ///         // SAFETY: as above.
    ///         unsafe { heap.count_marked() }
    ///         heap.retain_ids(|object| object.chunk().marks().contains(object));
    ///         let mut blocks = heap.blocks();
    ///         blocks.retain(|block| block.state() != BlockState::Free);
    ///         safepoint.free(|heap| {
    ///             for block in blocks {
    ///                 if !block.is_all_marked() {
    ///                     block.for_each_unmarked(|object| {
    ///                         // SAFETY: it is dead, and visited once.
    ///                         unsafe { heap.schedule_drop(object) }
    ///                     });
    ///                 }
    ///                 // SAFETY: what lives is marked.
    ///                 unsafe { heap.sweep(block) }
    ///                 if block.state() == BlockState::Mature && !block.is_in_use() {
    ///                     heap.pool().reconsider(block);
    ///                 }
    ///             }
    ///         });
    ///         safepoint.heap.settle_nursery(true);
    ///     }
    /// }
    ///
    /// #[derive(Trace)]
    /// struct Node<'gc> {
    ///     next: Lock<Option<Gc<'gc, Node<'gc>>>>,
    /// }
    ///
    /// let mut arena: Arena<Rootable![Gc<'_, Node<'_>>], Sweeper> =
    ///     Arena::new(|mc| Gc::new(mc, Node { next: Lock::new(None) }));
    /// arena.mutate(|mc, root| {
    ///     let next = Gc::new(mc, Node { next: Lock::new(None) });
    ///     unlock!(Gc::write(mc, *root), Node, next).set(Some(next));
    /// });
    /// arena.collect();
    /// assert_eq!(arena.stats().live_objects, 2);
    /// arena.mutate(|mc, root| unlock!(Gc::write(mc, *root), Node, next).set(None));
    /// assert!(arena.collect().freed_bytes > 0);
    /// assert_eq!(arena.stats().live_objects, 1);
    /// ```
    pub unsafe fn sweep(&mut self, block: Block) {
        debug_assert!(
            !(self.settings.counts_references && self.weak.get_mut().has_fired()),
            "callbacks are taken first"
        );
        if block.is_all_marked() {
            return block.clear_marks();
        }
        let chunk = block.chunk();
        let starts = chunk.starts().block(block.index());
        let marks = chunk.marks().block(block.index());
        let live_bytes = block.marked_bytes();
        let freed_bytes = if block.state() == BlockState::Large {
            let mut freed_bytes = 0;
            block.for_each_unmarked(|object| {
                // SAFETY: dead, but its memory is not given back yet.
                freed_bytes += unsafe { object.bytes() };
                // SAFETY: dead, and its start bit goes now.
                unsafe { self.schedule_release_large(object) }
            });
            freed_bytes
        } else {
            let freed_bytes = block.live_bytes() - live_bytes;
            if !crate::planted!("block-bytes-are-not-reset") {
                block.set_live_bytes(live_bytes);
            }
            freed_bytes
        };
        chunk.starts().set_block(block.index(), marks);
        block.clear_marks();
        self.census.remove(count(&starts) - count(&marks), freed_bytes);
    }

    /// Frees a block from which everything that lived was evacuated.
    ///
    /// # Safety
    ///
    /// Nothing in the block is alive.
    ///
    /// # Examples
    ///
    /// See the example of [`Evacuator`](super::Evacuator).
    pub unsafe fn discard(&mut self, block: Block) {
        let starts = block.chunk().starts();
        let objects = count(&starts.block(block.index()));
        starts.clear_block(block.index());
        self.census.remove(objects, block.live_bytes());
        block.set_live_bytes(0);
        self.pool().release(block);
    }

    /// Every block that objects may start in, those of large objects included.
    ///
    /// See the example of [`Heap::sweep`].
    #[must_use]
    pub fn blocks(&self) -> Vec<Block> {
        let pool = self.pool.borrow();
        let large = self.large.borrow();
        pool.blocks().chain(large.blocks()).collect()
    }
}

/// # Safety
///
/// As [`Heap::count_marked`].
unsafe fn count_marked_bytes(block: Block) -> usize {
    if block.is_all_marked() {
        return block.live_bytes();
    }
    let starts = block.chunk().starts().block(block.index());
    let marks = block.chunk().marks().block(block.index());
    let mut bytes = 0;
    // SAFETY: mature, not forwarded and untouched, says the caller.
    let mut add = |object: ObjectRef| bytes += unsafe { object.bytes() };
    if 2 * count(&marks) < count(&starts) {
        block.for_each_marked(add);
        return bytes;
    }
    block.for_each_unmarked(&mut add);
    block.live_bytes() - bytes
}

fn count(words: &[u64]) -> usize {
    words.iter().map(|word| word.count_ones() as usize).sum()
}

impl Block {
    /// How many mature objects start in the block.
    ///
    /// # Complexity
    ///
    /// O(1): a look at its 64 words of start bits.
    ///
    /// # Examples
    ///
    /// See the example of [`Block`].
    #[must_use]
    pub fn mature_objects(self) -> usize {
        count(&self.chunk().starts().block(self.index()))
    }

    /// Whether every mature object in the block is marked.
    ///
    /// See the example of [`Heap::sweep`].
    #[must_use]
    pub fn is_all_marked(self) -> bool {
        let chunk = self.chunk();
        chunk.starts().is_equal(chunk.marks(), self.index())
    }

    /// Calls `each` for every mature object in the block that is not marked, in address order.
    ///
    /// See the example of [`Heap::sweep`].
    pub fn for_each_unmarked(self, mut each: impl FnMut(ObjectRef)) {
        let mut words = self.chunk().starts().block(self.index());
        let marks = self.chunk().marks().block(self.index());
        for (word, marks) in words.iter_mut().zip(marks) {
            *word &= !marks | u64::from(crate::planted!("marked-is-swept"));
        }
        self.for_each_in(&words, &mut each);
    }

    /// Calls `each` for every marked object in the block, in address order.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::{heap::*, *};
    /// # Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let number = Gc::new(mc, 42_u64);
    /// let object = ObjectRef::from_ptr(Gc::raw(number).as_ptr().cast()).unwrap();
    /// let block = Block::containing(object);
    /// object.chunk().marks().insert(object);
    /// block.for_each_marked(|marked| assert_eq!(marked, object));
    /// block.clear_marks();
    /// block.for_each_marked(|marked| unreachable!("{marked:?}"));
    /// # });
    /// ```
    pub fn for_each_marked(self, mut each: impl FnMut(ObjectRef)) {
        let words = self.chunk().marks().block(self.index());
        self.for_each_in(&words, &mut each);
    }

    /// Clears the marks and leaves everything else as it is.
    ///
    /// See the example of [`for_each_marked`](Block::for_each_marked).
    pub fn clear_marks(self) {
        if !crate::planted!("marks-are-not-cleared") {
            self.chunk().marks().clear_block(self.index());
        }
        self.take_marked_bytes();
    }
}
