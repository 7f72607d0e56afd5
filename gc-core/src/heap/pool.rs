//! The pool of blocks: what the heap has from the system, what of it is free, and which blocks have
//! holes.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::fmt;
use core::ops::{ControlFlow, Range};
use core::ptr::NonNull;

use super::chunk::{ChunkKind, PAIR_BYTES};
use super::fresh_chunk::FreshChunk;
use super::holes::{Hole, for_each_hole};
use super::huge_pages::HugePages;
use super::residency::Residency;
use super::shadow::{self, NEVER_TOLD};
use super::whims::{Decision, Whims};
use super::{BLOCK_BYTES, Block, BlockState, CHUNK_BYTES, Chunk, Settings};
use crate::clock::Clock;
use crate::id::IdTable;

/// The first chunk of an arena: metadata and five blocks, one for each state that a tiny arena of
/// any collector has, so that it is cheap. The next ones double up to the full size.
pub(super) const FIRST_CHUNK_BYTES: usize = 6 * BLOCK_BYTES;

/// In a heap of so many chunks, 1.3 megabytes, the next ones come in pairs if there are huge pages.
const PAIRS_FROM_CHUNKS: usize = 3;

/// Blocks that [quarantine](crate::Zeal::quarantine) keeps back: half a mebibyte.
const QUARANTINE_LEN: usize = 16;

/// The heap cannot grow: its limit is reached, or the system has no memory.
///
/// See the example of [`Pool::take`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exhausted;

/// The chunks of small objects, and the state of their blocks.
///
/// See the example of [`Pool::take`].
pub struct Pool {
    ids: NonNull<IdTable>,
    pub(super) chunks: Vec<Chunk>,
    /// Memory for chunks that are begun when all other blocks are taken.
    pub(super) fresh: Vec<FreshChunk>,
    /// Taken from the end, so that the memory used last, still in the cache, is used first.
    pub(super) free: Vec<Block>,
    /// Blocks that had enough room between their objects when they were put here; each stands here
    /// at most once.
    pub(super) with_holes: VecDeque<Block>,
    pub(super) taken_blocks: usize,
    limit_bytes: usize,
    /// Bytes that count against the limit but are not in this pool.
    pub(super) other_bytes: usize,
    pub(super) residency: Residency,
    /// All objects of a block that an allocator uses have died.
    is_emptied: bool,
    whims: Whims,
    huge_pages: HugePages,
    /// Memory that becomes free is filled with a pattern.
    poisons: bool,
    /// Free blocks that are kept back, the oldest first.
    pub(super) quarantine: VecDeque<Block>,
    /// How many of them there may be.
    quarantine_len_max: usize,
    /// Chunks up to the one that cannot be had; zero if none is.
    until_failure: u64,
}

impl Pool {
    pub(crate) fn new(ids: NonNull<IdTable>, settings: &Settings) -> Pool {
        Pool {
            ids,
            chunks: Vec::new(),
            fresh: Vec::new(),
            free: Vec::new(),
            with_holes: VecDeque::new(),
            taken_blocks: 0,
            limit_bytes: settings.limit_bytes,
            other_bytes: 0,
            residency: Residency::new(),
            is_emptied: false,
            whims: Whims::new(settings, 1),
            huge_pages: HugePages::new(settings.huge_pages),
            poisons: settings.zeal.poison,
            quarantine: VecDeque::new(),
            quarantine_len_max: if settings.zeal.quarantine { QUARANTINE_LEN } else { 0 },
            until_failure: settings.zeal.fail_chunk_at.unwrap_or(0),
        }
    }

    /// Whether a block was found empty that an allocator uses, since this was last asked.
    #[inline]
    pub(crate) fn take_is_emptied(&mut self) -> bool {
        core::mem::take(&mut self.is_emptied)
    }

    /// Whether memory became free since the last look at what is idle.
    pub(crate) fn is_trim_due(&self) -> bool {
        self.residency.is_changed()
    }

    /// What is known of the pages of this pool, and of those for large objects.
    pub(crate) fn residency(&mut self) -> &mut Residency {
        &mut self.residency
    }

    /// Bytes of the heap's memory, large objects included, that the system need not back.
    pub(crate) fn absent_bytes(&self) -> usize {
        self.residency.absent_bytes() + self.fresh_bytes()
    }

    /// Bytes that were given back to the system so far.
    pub(crate) fn returned_bytes(&self) -> u64 {
        self.residency.returned_bytes()
    }

    /// Bytes that are in use: blocks taken, large objects, and external memory.
    ///
    /// See the example of [`Pool::take`].
    #[must_use]
    pub fn used_bytes(&self) -> usize {
        self.taken_blocks * BLOCK_BYTES + self.other_bytes
    }

    /// Bytes of blocks that are taken.
    ///
    /// See the example of [`Pool::take`].
    #[must_use]
    pub fn taken_bytes(&self) -> usize {
        self.taken_blocks * BLOCK_BYTES
    }

    /// Bytes that the system gave: those of the chunks, metadata included, and what is kept for others.
    ///
    /// See the example of [`Pool::take`].
    #[must_use]
    pub fn reserved_bytes(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.size_bytes()).sum::<usize>() + self.fresh_bytes()
    }

    /// Bytes of the chunks that were not begun.
    fn fresh_bytes(&self) -> usize {
        self.fresh.iter().map(FreshChunk::size_bytes).sum()
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
    ///
    /// # Examples
    ///
    /// ```
    /// use gc_core::Reason;
    /// use gc_core::collector::{Attributes, Collector, Safepoint};
    /// use gc_core::heap::{BLOCK_BYTES, BlockState, Exhausted};
    /// # use gc_core::{Arena, Rootable};
    ///
    /// /// Takes blocks and gives them back.
    /// #[derive(Default)]
    /// struct Taker;
    ///
    /// // SAFETY: nothing is reclaimed, moved or promoted; no object is in the blocks.
    /// unsafe impl Collector for Taker {
    ///     const ATTRIBUTES: Attributes = Attributes::new("taker");
    ///
    ///     fn safepoint(&mut self, _: &mut Safepoint<'_>) {}
    ///
    ///     fn collect(&mut self, safepoint: &mut Safepoint<'_>, _: u8, _: Reason) {
    ///         let pool = safepoint.heap.pool();
    ///         let taken_bytes = pool.taken_bytes();
    ///         let block = pool.take(BlockState::Mature).expect("the limit is not reached");
    ///         assert_eq!(pool.taken_bytes(), taken_bytes + BLOCK_BYTES);
    ///         assert!(pool.used_bytes() >= pool.taken_bytes());
    ///         assert!(pool.reserved_bytes() > pool.used_bytes(), "there is metadata");
    ///         assert!(pool.blocks().any(|other| other == block));
    ///
    ///         assert_eq!(pool.take(BlockState::Mature), Err(Exhausted), "the limit is a block");
    ///         // A collection that copies may take more, so that it does not fail half way.
    ///         pool.reserve([10_000]).expect("the system has memory");
    ///         let beyond = pool.take_beyond_limit(BlockState::Aging).expect("it was reserved");
    ///         pool.release(beyond);
    ///         // No object is left in it: it becomes free, too.
    ///         pool.reconsider(block);
    ///         assert_eq!(pool.taken_bytes(), taken_bytes);
    ///         // And no block has holes.
    ///         pool.forget_holes();
    ///         assert!(pool.take_hole(64).is_none());
    ///     }
    /// }
    ///
    /// type TakerArena = Arena<Rootable![()], Taker>;
    /// TakerArena::builder().limit_bytes(BLOCK_BYTES).build(|_| ()).collect();
    /// ```
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
    ///
    /// # Examples
    ///
    /// See the example of [`Pool::take`].
    pub fn take_beyond_limit(&mut self, state: BlockState) -> Result<Block, Exhausted> {
        if self.free.is_empty() {
            self.provide()?;
        }
        let block = self.pop_free().ok_or(Exhausted)?;
        debug_assert_eq!(block.state(), BlockState::Free);
        debug_assert_eq!(block.live_bytes(), 0);
        self.residency.take_block(block, self.free_bytes());
        block.set_state(state);
        block.forget_search();
        block.set_told_live_bytes(NEVER_TOLD);
        self.taken_blocks += 1;
        Ok(block)
    }

    /// The free block that is used next.
    fn pop_free(&mut self) -> Option<Block> {
        match self.whims.below(self.free.len()) {
            Some(index) if !self.free.is_empty() => Some(self.free.swap_remove(index)),
            _ => self.free.pop(),
        }
    }

    /// Tells that memory of the heap is free, and poisons it if zeal wants that.
    pub(super) fn tell_free(&self, memory: Range<*mut u8>) {
        if self.poisons { shadow::poison(memory) } else { shadow::freed(memory) }
    }

    /// What zeal decides in place of the pool's users.
    pub(super) fn whim(&self) -> Option<bool> {
        self.whims.decide(Decision::Other)
    }

    /// Makes sure that as many free blocks can be taken beyond the limit as objects need: so many
    /// `bytes` for each [evacuator](super::Evacuator), so that a copying collection does not run out in
    /// the middle. What is wasted in front of over-aligned objects is to be counted in:
    /// [`Heap::nursery_copy_bytes`](super::Heap::nursery_copy_bytes),
    /// [`Heap::waste_bytes`](super::Heap::waste_bytes).
    ///
    /// # Errors
    ///
    /// [`Exhausted`] if the system has no memory.
    ///
    /// # Examples
    ///
    /// See the example of [`Pool::take`].
    pub fn reserve<const N: usize>(&mut self, bytes: [usize; N]) -> Result<(), Exhausted> {
        // The end of a block is wasted when an object does not fit it: up to a quarter.
        let blocks = bytes.map(|bytes| (bytes + bytes / 3).div_ceil(BLOCK_BYTES));
        let needed = blocks.iter().sum();
        let mut provided =
            self.free.len() + self.fresh.iter().map(FreshChunk::block_count).sum::<usize>();
        while provided < needed {
            if let Ok(fresh) = self.grow() {
                provided += fresh.block_count();
                self.fresh.push(fresh);
            } else {
                provided += self.end_quarantine()?;
            }
        }
        Ok(())
    }

    /// Has more blocks free: those of a new chunk, or those that are kept back.
    fn provide(&mut self) -> Result<(), Exhausted> {
        let fresh = match self.fresh.pop() {
            Some(fresh) => Ok(fresh),
            None => self.grow(),
        };
        match fresh {
            Ok(fresh) => self.begin(fresh),
            Err(Exhausted) => {
                self.end_quarantine()?;
            }
        }
        Ok(())
    }

    /// Makes fresh memory chunks, for which the lists have room.
    fn begin(&mut self, fresh: FreshChunk) {
        let is_huge = fresh.is_paired() && self.huge_pages.is_next();
        if is_huge {
            fresh.advise_huge();
        }
        let clock = Clock::now();
        let chunks = fresh.begin(ChunkKind::Small, self.ids);
        chunks.for_each(|chunk| self.add_chunk(chunk));
        if is_huge {
            self.huge_pages.note(clock.elapsed());
        }
    }

    /// The blocks that are kept back become free; how many, if there are any.
    fn end_quarantine(&mut self) -> Result<usize, Exhausted> {
        let count = self.quarantine.len();
        self.free.extend(self.quarantine.drain(..));
        if count > 0 { Ok(count) } else { Err(Exhausted) }
    }

    /// Bytes of the free blocks.
    pub(super) fn free_bytes(&self) -> usize {
        (self.free.len() + self.quarantine.len()) * BLOCK_BYTES
    }

    /// Asks the system for the next chunk, or pair of them.
    fn grow(&mut self) -> Result<FreshChunk, Exhausted> {
        // The tables first: what they take may be missing, too.
        let pairs = self.fresh.len() + 1;
        self.fresh.try_reserve(1).map_err(|_| Exhausted)?;
        self.chunks.try_reserve(2 * pairs).map_err(|_| Exhausted)?;
        self.free.try_reserve(pairs * (PAIR_BYTES / BLOCK_BYTES)).map_err(|_| Exhausted)?;
        self.note_chunk()?;
        let chunks = self.chunks.len() + self.fresh.len();
        if self.huge_pages.is_wanted()
            && chunks >= PAIRS_FROM_CHUNKS
            && let Some(pair) = FreshChunk::allocate_pair()
        {
            return Ok(pair);
        }
        let size_bytes = match chunks {
            0 => FIRST_CHUNK_BYTES,
            1 => CHUNK_BYTES / 4,
            2 => CHUNK_BYTES / 2,
            _ => CHUNK_BYTES,
        };
        FreshChunk::allocate(size_bytes).ok_or(Exhausted)
    }

    /// Adds a chunk, for which the lists have room.
    fn add_chunk(&mut self, chunk: Chunk) {
        self.chunks.push(chunk);
        // In a huge page they may be present; but to have them costs what it costs to have absent ones,
        // and that is what is judged by this.
        self.residency.add_fresh(chunk.blocks());
        // What is present is used first.
        self.free.splice(0..0, chunk.blocks().rev());
    }

    /// Asks the system for a chunk of large objects, which count against this pool's limit.
    pub(super) fn allocate_large(&mut self, size_bytes: usize) -> Result<Chunk, Exhausted> {
        self.note_chunk()?;
        let fresh = FreshChunk::allocate(size_bytes).ok_or(Exhausted)?;
        fresh.begin(ChunkKind::Large, self.ids).next().ok_or(Exhausted)
    }

    /// Counts down to the chunk, or pair of them, that zeal says cannot be had.
    fn note_chunk(&mut self) -> Result<(), Exhausted> {
        let left = self.until_failure;
        self.until_failure = left.saturating_sub(1);
        if left == 1 { Err(Exhausted) } else { Ok(()) }
    }

    /// Gives back a block in which nothing lives.
    ///
    /// See the example of [`Pool::take`].
    pub fn release(&mut self, block: Block) {
        debug_assert_eq!(block.live_bytes(), 0);
        debug_assert!(!block.is_in_use());
        block.set_state(BlockState::Free);
        self.taken_blocks -= usize::from(!crate::planted!("released-block-is-counted"));
        self.residency.release_block(block);
        self.residency.note_change();
        if crate::planted!("block-is-released-twice") {
            self.free.push(block);
        }
        if self.quarantine_len_max == 0 {
            return self.free.push(block);
        }
        self.quarantine.push_back(block);
        if self.quarantine.len() > self.quarantine_len_max {
            self.free.extend(self.quarantine.pop_front());
        }
    }

    /// Notes that objects of a block have died: it becomes free, or is queued for its holes.
    ///
    /// See the example of [`Pool::take`].
    #[inline]
    pub fn reconsider(&mut self, block: Block) {
        if block.is_to_be_looked_at() {
            self.release_or_queue(block);
        }
    }

    /// Looks at a block in which little lives: if no allocator uses it, it becomes free or is queued.
    #[cold]
    pub(crate) fn release_or_queue(&mut self, block: Block) {
        if block.state() != BlockState::Mature {
            return;
        }
        if block.is_in_use() {
            self.is_emptied |= block.live_bytes() == 0;
        } else if block.live_bytes() == 0 {
            self.release(block);
        } else if !block.is_queued() {
            self.residency.note_change();
            block.set_queued(true);
            self.with_holes.push_back(block);
        }
    }

    /// Takes the first hole of at least `bytes_min` in the first block that has one.
    ///
    /// The block leaves the queue.
    ///
    /// See the example of [`Pool::take`].
    pub fn take_hole(&mut self, bytes_min: usize) -> Option<(Block, Hole)> {
        let (block, hole) = self.find_block(|block| {
            for_each_hole(block, bytes_min, ControlFlow::Break).break_value()
        })?;
        self.residency.take_hole(block, &hole);
        block.set_told_live_bytes(NEVER_TOLD);
        Some((block, hole))
    }

    /// Takes all holes of at least `bytes_min` in the first block that has one: the last in the list
    /// is the first in the block. The block leaves the queue. Those for which the list has no room are
    /// found again when the block is next searched.
    pub(crate) fn take_holes(&mut self, bytes_min: usize, list: &mut Vec<Hole>) -> Option<Block> {
        let (block, ()) = self.find_block(|block| {
            let _ = for_each_hole(block, bytes_min, |hole| {
                if list.try_reserve(1).is_err() {
                    return ControlFlow::Break(());
                }
                list.push(hole);
                ControlFlow::Continue(())
            });
            list.reverse();
            (!list.is_empty()).then_some(())
        })?;
        self.residency.take_holes(block, list);
        block.set_told_live_bytes(NEVER_TOLD);
        Some(block)
    }

    /// Takes the first block from the queue of which `search` approves.
    fn find_block<T>(&mut self, mut search: impl FnMut(Block) -> Option<T>) -> Option<(Block, T)> {
        while let Some(block) = self.with_holes.pop_front() {
            block.set_queued(false);
            // It may have become free since, and even something else.
            if block.state() != BlockState::Mature || block.is_in_use() {
                continue;
            }
            if let Some(found) = search(block) {
                return Some((block, found));
            }
            block.note_search();
        }
        None
    }

    /// Forgets the queue of blocks with holes; a collector that recounts all blocks refills it.
    ///
    /// See the example of [`Pool::take`].
    pub fn forget_holes(&mut self) {
        self.residency.note_change();
        for block in self.with_holes.drain(..) {
            block.set_queued(false);
        }
        self.chunks.iter().flat_map(|chunk| chunk.blocks()).for_each(Block::forget_search);
    }

    /// Every block, free ones included.
    ///
    /// See the example of [`Pool::take`].
    pub fn blocks(&self) -> impl Iterator<Item = Block> + '_ {
        self.chunks.iter().flat_map(|chunk| chunk.blocks())
    }

    /// Frees all chunks.
    ///
    /// # Safety
    ///
    /// Nothing refers to an object of the pool any more.
    pub(crate) unsafe fn free_all(&mut self) {
        self.fresh.clear();
        self.free.clear();
        self.quarantine.clear();
        self.with_holes.clear();
        self.chunks.retain(|&chunk| chunk == chunk.first_of_pair());
        for chunk in self.chunks.drain(..) {
            // SAFETY: the caller says so, and the second halves of pairs are not in the list.
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

#[cfg(test)]
mod tests {
    use std::boxed::Box;

    use super::super::residency::Thrift;
    use super::*;
    use crate::{Collector, NullCollector};

    fn with_pool(settings: Settings, test: impl FnOnce(&mut Pool)) {
        let ids = NonNull::from(Box::leak(Box::<IdTable>::default()));
        let mut pool = Pool::new(ids, &settings);
        test(&mut pool);
        // SAFETY: there are no objects.
        unsafe { pool.free_all() }
        // SAFETY: it came from a box, and the chunks that had copies are gone.
        drop(unsafe { Box::from_raw(ids.as_ptr()) });
    }

    #[test]
    fn what_is_reserved_is_not_touched_before_it_is_taken() {
        for huge_pages in [false, true] {
            let settings = Settings { huge_pages, ..Settings::new(&NullCollector::ATTRIBUTES) };
            with_pool(settings, |pool| {
                pool.reserve([20 << 20, 1]).expect("there is memory");
                assert!(pool.chunks.is_empty() && pool.free.is_empty());
                let reserved_bytes = pool.reserved_bytes();
                assert!((20 << 20..32 << 20).contains(&reserved_bytes));
                assert_eq!(pool.absent_bytes(), reserved_bytes);

                // To reserve the same again changes nothing, and nothing more is needed.
                pool.reserve([1, 20 << 20]).expect("it is there");
                let take = |pool: &mut Pool| pool.take(BlockState::Mature).expect("reserved");
                let blocks: Vec<_> = (0..(20 << 20) / BLOCK_BYTES).map(|_| take(pool)).collect();
                assert_eq!(pool.reserved_bytes(), reserved_bytes);
                assert!(pool.absent_bytes() < reserved_bytes / 2);

                // What is not needed goes first when memory is given back.
                pool.reserve([20 << 20]).expect("there is memory");
                assert!(!pool.fresh.is_empty());
                blocks.into_iter().for_each(|block| pool.release(block));
                assert!([(); 2].map(|()| pool.trim(0, Thrift::Eager)).contains(&true));
                assert!(pool.fresh.is_empty());
            });
        }
    }

    #[cfg(all(feature = "std", target_os = "linux", not(any(miri, asan))))]
    #[test]
    fn chunks_of_a_pair_come_and_go_together() {
        with_pool(Settings::new(&NullCollector::ATTRIBUTES), |pool| {
            let mut blocks = Vec::new();
            while pool.chunks.len() < PAIRS_FROM_CHUNKS + 6 {
                blocks.push(pool.take(BlockState::Mature).expect("there is memory"));
            }
            let (single, paired) = pool.chunks.split_at(PAIRS_FROM_CHUNKS);
            assert!(single.iter().all(|chunk| chunk.pair().eq([*chunk])));
            let pairs: Vec<_> = paired.chunks(2).map(<[Chunk]>::to_vec).collect();
            for pair in &pairs {
                assert!(pair.iter().all(|chunk| chunk.pair().eq(pair.iter().copied())));
                assert!(pair[0].base().addr().is_multiple_of(PAIR_BYTES));
            }

            // All becomes free but for a block in one half of two pairs each.
            let of_chunk = |chunk| blocks.iter().find(move |block| block.chunk() == chunk).copied();
            let kept =
                [of_chunk(pairs[0][0]), of_chunk(pairs[1][1])].map(|block| block.expect("taken"));
            // The first ones last: they are used again first.
            for &block in blocks.iter().rev().filter(|block| !kept.contains(block)) {
                pool.release(block);
            }
            // What was handed out since the last safepoint is kept: the second one finds nothing of that.
            assert!([(); 2].map(|()| pool.trim(0, Thrift::Eager)).contains(&true));
            let left: Vec<_> =
                pool.chunks.iter().copied().filter(|chunk| chunk.pair().count() == 2).collect();
            assert_eq!(left, [pairs[0].clone(), pairs[1].clone()].concat());

            // And what is left serves on.
            kept.into_iter().for_each(|block| pool.release(block));
            assert!((0..3 * blocks.len()).all(|_| pool.take(BlockState::Mature).is_ok()));
        });
    }
}
