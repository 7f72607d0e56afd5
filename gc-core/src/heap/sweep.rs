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
    pub unsafe fn sweep(&mut self, block: Block) {
        let chunk = block.chunk();
        let starts = chunk.starts().block(block.index());
        let marks = chunk.marks().block(block.index());
        let live_bytes = block.take_marked_bytes();
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
            block.set_live_bytes(live_bytes);
            freed_bytes
        };
        chunk.starts().set_block(block.index(), marks);
        chunk.marks().clear_block(block.index());
        self.census.remove(count(&starts) - count(&marks), freed_bytes);
    }

    /// Frees a block from which everything that lived was evacuated.
    ///
    /// # Safety
    ///
    /// Nothing in the block is alive.
    pub unsafe fn discard(&mut self, block: Block) {
        let starts = block.chunk().starts();
        let objects = count(&starts.block(block.index()));
        starts.clear_block(block.index());
        self.census.remove(objects, block.live_bytes());
        block.set_live_bytes(0);
        self.pool().release(block);
    }

    /// Every block that objects may start in, those of large objects included.
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
    let starts = block.chunk().starts().block(block.index());
    let marks = block.chunk().marks().block(block.index());
    if starts == marks {
        return block.live_bytes();
    }
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
    #[must_use]
    pub fn mature_objects(self) -> usize {
        count(&self.chunk().starts().block(self.index()))
    }

    /// Calls `each` for every mature object in the block that is not marked, in address order.
    pub fn for_each_unmarked(self, mut each: impl FnMut(ObjectRef)) {
        let mut words = self.chunk().starts().block(self.index());
        let marks = self.chunk().marks().block(self.index());
        for (word, marks) in words.iter_mut().zip(marks) {
            *word &= !marks;
        }
        self.for_each_in(&words, &mut each);
    }

    /// Calls `each` for every marked object in the block, in address order.
    pub fn for_each_marked(self, mut each: impl FnMut(ObjectRef)) {
        let words = self.chunk().marks().block(self.index());
        self.for_each_in(&words, &mut each);
    }

    /// Clears the marks and leaves everything else as it is.
    pub fn clear_marks(self) {
        self.chunk().marks().clear_block(self.index());
        self.take_marked_bytes();
    }
}
