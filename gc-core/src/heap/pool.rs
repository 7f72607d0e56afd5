//! The pool of blocks: what the heap has from the system, what of it is free, and which blocks have
//! holes.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::fmt;
use core::ptr::NonNull;

use super::chunk::ChunkKind;
use super::holes::{Hole, next_hole};
use super::{BLOCK_BYTES, Block, BlockState, CHUNK_BYTES, Chunk};
use crate::id::IdTable;

/// The first chunk of an arena: metadata and five blocks, one for each state that a tiny arena of
/// any collector has, so that it is cheap. The next ones double up to the full size.
const FIRST_CHUNK_BYTES: usize = 6 * BLOCK_BYTES;

/// Free memory that is kept for reuse before chunks go back to the system: a quarter of what is
/// used, and at least this much, so that a heap that breathes does not ask the system each time.
const KEPT_BYTES_MIN: usize = 8 * CHUNK_BYTES;

/// The heap cannot grow: its limit is reached, or the system has no memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exhausted;

/// The chunks of small objects, and the state of their blocks.
pub struct Pool {
    ids: NonNull<IdTable>,
    chunks: Vec<Chunk>,
    /// Taken from the end, so that the memory used last, still in the cache, is used first.
    free: Vec<Block>,
    /// Blocks that had enough room between their objects when they were put here; each stands here
    /// at most once.
    with_holes: VecDeque<Block>,
    taken_blocks: usize,
    limit_bytes: usize,
    /// Bytes that count against the limit but are not in this pool.
    other_bytes: usize,
}

impl Pool {
    pub(crate) fn new(ids: NonNull<IdTable>, limit_bytes: usize) -> Pool {
        Pool {
            ids,
            chunks: Vec::new(),
            free: Vec::new(),
            with_holes: VecDeque::new(),
            taken_blocks: 0,
            limit_bytes,
            other_bytes: 0,
        }
    }

    /// Bytes that are in use: blocks taken, large objects, and external memory.
    #[must_use]
    pub fn used_bytes(&self) -> usize {
        self.taken_blocks * BLOCK_BYTES + self.other_bytes
    }

    /// Bytes of blocks that are taken.
    #[must_use]
    pub fn taken_bytes(&self) -> usize {
        self.taken_blocks * BLOCK_BYTES
    }

    /// Bytes of the chunks, metadata included.
    #[must_use]
    pub fn reserved_bytes(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.size_bytes()).sum()
    }

    /// Counts bytes outside the pool against the limit.
    pub(crate) fn add_other(&mut self, bytes: usize) -> Result<(), Exhausted> {
        let used_bytes = self.used_bytes().checked_add(bytes).ok_or(Exhausted)?;
        // Half of the address space is more than there is, and keeps every sum from overflowing.
        if used_bytes > self.limit_bytes.min(usize::MAX / 2) {
            return Err(Exhausted);
        }
        self.other_bytes += bytes;
        Ok(())
    }

    pub(crate) fn remove_other(&mut self, bytes: usize) {
        self.other_bytes = self.other_bytes.saturating_sub(bytes);
    }

    /// Takes a free block for the mutator, within the limit.
    ///
    /// # Errors
    ///
    /// [`Exhausted`] if the limit is reached or the system has no memory.
    pub fn take(&mut self, state: BlockState) -> Result<Block, Exhausted> {
        if self.used_bytes() + BLOCK_BYTES > self.limit_bytes {
            return Err(Exhausted);
        }
        self.take_beyond_limit(state)
    }

    /// Takes a free block for a collector: a collection that copies needs room before it frees any.
    ///
    /// # Errors
    ///
    /// [`Exhausted`] if the system has no memory.
    pub fn take_beyond_limit(&mut self, state: BlockState) -> Result<Block, Exhausted> {
        if self.free.is_empty() {
            self.grow()?;
        }
        let block = self.free.pop().ok_or(Exhausted)?;
        debug_assert_eq!(block.state(), BlockState::Free);
        debug_assert_eq!(block.live_bytes(), 0);
        block.set_state(state);
        block.forget_search();
        self.taken_blocks += 1;
        Ok(block)
    }

    /// Makes sure that as many free blocks can be taken beyond the limit as `bytes` of objects
    /// need, so that a copying collection does not run out in the middle.
    ///
    /// Over-aligned objects may need more; then blocks are taken from the system as they are needed.
    ///
    /// # Errors
    ///
    /// [`Exhausted`] if the system has no memory.
    pub fn reserve(&mut self, bytes: usize) -> Result<(), Exhausted> {
        // The end of a block is wasted when an object does not fit it: up to a quarter.
        let blocks = (bytes + bytes / 3).div_ceil(BLOCK_BYTES);
        while self.free.len() < blocks {
            self.grow()?;
        }
        Ok(())
    }

    fn grow(&mut self) -> Result<(), Exhausted> {
        let size_bytes = match self.chunks.len() {
            0 => FIRST_CHUNK_BYTES,
            1 => CHUNK_BYTES / 4,
            2 => CHUNK_BYTES / 2,
            _ => CHUNK_BYTES,
        };
        let chunk = Chunk::allocate(size_bytes, ChunkKind::Small, self.ids).ok_or(Exhausted)?;
        self.chunks.push(chunk);
        self.free.extend(chunk.blocks().rev());
        Ok(())
    }

    /// Gives back a block in which nothing lives.
    pub fn release(&mut self, block: Block) {
        debug_assert_eq!(block.live_bytes(), 0);
        debug_assert!(!block.is_in_use());
        block.set_state(BlockState::Free);
        self.taken_blocks -= 1;
        self.free.push(block);
    }

    /// Notes that objects of a block have died: it becomes free, or is queued for its holes.
    #[inline]
    pub fn reconsider(&mut self, block: Block) {
        if block.is_to_be_reconsidered() {
            self.release_or_queue(block);
        }
    }

    #[cold]
    fn release_or_queue(&mut self, block: Block) {
        if block.live_bytes() == 0 {
            self.release(block);
        } else {
            block.set_queued(true);
            self.with_holes.push_back(block);
        }
    }

    /// Takes the first hole of at least `bytes_min` in the first block that has one.
    ///
    /// The block leaves the queue: whoever takes the hole may take the others of the block too.
    pub fn take_hole(&mut self, bytes_min: usize) -> Option<(Block, Hole)> {
        while let Some(block) = self.with_holes.pop_front() {
            block.set_queued(false);
            // It may have become free since, and even something else.
            if block.state() != BlockState::Mature || block.is_in_use() {
                continue;
            }
            if let Some(hole) = next_hole(block, 0, bytes_min) {
                return Some((block, hole));
            }
            block.note_search();
        }
        None
    }

    /// Forgets the queue of blocks with holes; a collector that recounts all blocks refills it.
    pub fn forget_holes(&mut self) {
        for block in self.with_holes.drain(..) {
            block.set_queued(false);
        }
        self.chunks.iter().flat_map(|chunk| chunk.blocks()).for_each(Block::forget_search);
    }

    /// Every block, free ones included.
    pub fn blocks(&self) -> impl Iterator<Item = Block> + '_ {
        self.chunks.iter().flat_map(|chunk| chunk.blocks())
    }

    /// Gives chunks that are wholly free back to the system, if more is free than a heap of this
    /// size is likely to use again. Returns the bytes given back.
    #[inline]
    pub(crate) fn trim(&mut self) -> usize {
        // Twice as much must be free as is kept, so that a heap at the border does not trim often.
        if self.free.len() * BLOCK_BYTES <= 2 * KEPT_BYTES_MIN {
            return 0;
        }
        self.trim_slow()
    }

    #[inline(never)]
    fn trim_slow(&mut self) -> usize {
        let kept_bytes = KEPT_BYTES_MIN.max(self.taken_bytes() / 4);
        let free_bytes = self.free.len() * BLOCK_BYTES;
        if free_bytes <= 2 * kept_bytes {
            return 0;
        }
        let mut excess_bytes = free_bytes - kept_bytes;
        let mut freed = Vec::new();
        self.chunks.retain(|&chunk| {
            let size_bytes = chunk.size_bytes();
            let is_free = chunk.blocks().all(|block| block.state() == BlockState::Free);
            if size_bytes < CHUNK_BYTES || size_bytes > excess_bytes || !is_free {
                return true;
            }
            excess_bytes -= size_bytes;
            freed.push(chunk);
            false
        });
        freed.sort_unstable();
        let is_kept = |block: &Block| freed.binary_search(&block.chunk()).is_err();
        self.free.retain(is_kept);
        self.with_holes.retain(is_kept);
        let bytes = freed.iter().map(|chunk| chunk.size_bytes()).sum();
        for chunk in freed {
            // SAFETY: all its blocks were free, and none is in the free list any more.
            unsafe { chunk.free() }
        }
        bytes
    }

    /// Frees all chunks.
    ///
    /// # Safety
    ///
    /// Nothing refers to an object of the pool any more.
    pub(crate) unsafe fn free_all(&mut self) {
        self.free.clear();
        self.with_holes.clear();
        for chunk in self.chunks.drain(..) {
            // SAFETY: the caller says so.
            unsafe { chunk.free() }
        }
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("chunks", &self.chunks.len())
            .field("free_blocks", &self.free.len())
            .field("taken_blocks", &self.taken_blocks)
            .field("blocks_with_holes", &self.with_holes.len())
            .field("limit_bytes", &self.limit_bytes)
            .finish_non_exhaustive()
    }
}
