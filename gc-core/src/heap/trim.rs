//! Giving memory back to the system: what of the pool's free memory is more than a heap of its size is
//! likely to use again.
//!
//! How much is kept, and which pages are gone, says `residency.rs`; here it is decided which chunks, blocks
//! and holes lose theirs.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::ops::ControlFlow;

use super::holes::for_each_hole;
use super::pages::PAGE_BYTES;
use super::residency::Thrift;
use super::{BLOCK_BYTES, Block, BlockState, CHUNK_BYTES, Chunk, Pool};

impl Pool {
    /// Bytes of the blocks that are free, in whole or in part, and present. `live_bytes` are those of
    /// the objects in them.
    fn idle_bytes(&self, live_bytes: usize) -> usize {
        (self.taken_bytes() - self.residency.taken_absent_bytes()).saturating_sub(live_bytes)
            + self.idle_block_bytes()
    }

    /// Bytes of free blocks that are present.
    fn idle_block_bytes(&self) -> usize {
        self.free_bytes() - self.residency.free_absent_bytes()
    }

    /// Gives free memory back to the system, if more of it is present than a heap of this size is
    /// likely to use again: chunks that are wholly free, free blocks, and pages within holes.
    ///
    /// Called at the end of a safepoint that found this [due](Pool::is_trim_due), or that is a full
    /// collection which was asked for. `live_bytes` are those of the objects in the blocks. Says
    /// whether there was so much that this was tried; if not, it was O(1).
    pub(crate) fn trim(&mut self, live_bytes: usize, thrift: Thrift) -> bool {
        let heap_bytes = self.taken_bytes() + self.free_bytes();
        // An explicit full collection keeps its promise; otherwise zeal may give back all, or nothing.
        let whim = if thrift == Thrift::Lazy { self.whim() } else { None };
        let kept_bytes = match whim {
            Some(_) => 0,
            None => self.residency.kept_bytes(live_bytes, thrift),
        };
        let is_excessive = whim.unwrap_or_else(|| {
            self.residency.is_excessive(self.idle_bytes(live_bytes), kept_bytes, thrift)
        });
        if is_excessive {
            self.fresh.clear();
            // A little more than is kept is not worth the way to the system.
            let excess_bytes_min = kept_bytes / 2;
            if self.idle_block_bytes() > kept_bytes + excess_bytes_min {
                self.trim_blocks(kept_bytes);
                self.trim_chunks(kept_bytes);
            }
            let kept_bytes = kept_bytes.saturating_sub(self.idle_block_bytes());
            self.trim_holes(kept_bytes, excess_bytes_min);
            self.residency.note_trimmed(self.idle_bytes(live_bytes), excess_bytes_min, thrift);
        }
        self.residency.note_safepoint(heap_bytes);
        is_excessive
    }

    /// Frees chunks whose blocks are all free and absent, and, where single blocks do not go back,
    /// those that are present. Of a pair, both.
    fn trim_chunks(&mut self, kept_bytes: usize) {
        let mut excess_bytes = self.idle_block_bytes().saturating_sub(kept_bytes);
        let mut freed = Vec::new();
        self.chunks.retain(|&chunk| {
            if chunk != chunk.first_of_pair() {
                // Which stands before it.
                return freed.last() != Some(&chunk.first_of_pair());
            }
            let blocks = || chunk.pair().flat_map(Chunk::blocks);
            let is_free = blocks().all(|block| block.state() == BlockState::Free);
            let present_bytes =
                blocks().map(|block| BLOCK_BYTES - block.absent_bytes()).sum::<usize>();
            if chunk.size_bytes() < CHUNK_BYTES || present_bytes > excess_bytes || !is_free {
                return true;
            }
            excess_bytes -= present_bytes;
            freed.push(chunk);
            false
        });
        freed.sort_unstable();
        let is_kept = |block: &Block| freed.binary_search(&block.chunk().first_of_pair()).is_err();
        self.free.retain(is_kept);
        self.quarantine.retain(is_kept);
        self.with_holes.retain(is_kept);
        for chunk in freed {
            self.residency.forget(chunk.pair().flat_map(Chunk::blocks));
            // SAFETY: all its blocks were free, and none is in the free list any more; of a pair, this is
            // the first half, and the same holds for the second.
            unsafe { chunk.free() }
        }
    }

    /// Makes free blocks absent, although their chunk may be freed next: the allocator that gets it
    /// might keep it.
    fn trim_blocks(&mut self, kept_bytes: usize) {
        let mut excess_bytes = self.idle_block_bytes().saturating_sub(kept_bytes);
        let mut excess = Vec::new();
        // Those that would be taken last.
        for &block in &self.free {
            if excess_bytes < BLOCK_BYTES {
                break;
            }
            let present_bytes = BLOCK_BYTES - block.absent_bytes();
            if present_bytes > 0 {
                excess_bytes -= present_bytes;
                excess.push(block);
            }
        }
        excess.sort_unstable();
        for run in excess.chunk_by(|block, next| block.end() == next.base()) {
            // SAFETY: free, and side by side: between two chunks there is a block of metadata.
            unsafe { self.residency.give_back_blocks(run) }
        }
    }

    /// Makes the pages within holes absent, unless there are few of them.
    ///
    /// The holes are found twice: a list of them would take memory that the system does not get back at
    /// once.
    fn trim_holes(&mut self, kept_bytes: usize, excess_bytes_min: usize) {
        let Pool { with_holes, residency, .. } = self;
        let mut excess_bytes = 0;
        let is_excessive = blocks_beyond(with_holes, kept_bytes).any(|block| {
            let _ = for_each_hole(block, PAGE_BYTES, |hole| {
                excess_bytes += residency.present_pages(block, hole).map_or(0, |pages| pages.len());
                ControlFlow::<()>::Continue(())
            });
            excess_bytes >= excess_bytes_min
        });
        if !is_excessive {
            return;
        }
        for block in blocks_beyond(with_holes, kept_bytes) {
            let _ = for_each_hole(block, PAGE_BYTES, |hole| {
                if let Some(pages) = residency.present_pages(block, hole) {
                    // SAFETY: within a hole of a block that is not in use. What died in it was torn
                    // down.
                    unsafe { residency.give_back_pages(block, pages) }
                }
                ControlFlow::<()>::Continue(())
            });
        }
    }
}

/// The blocks of a queue that may lose pages, without the first ones, in which so much is free: those
/// are used first.
fn blocks_beyond(with_holes: &VecDeque<Block>, kept_bytes: usize) -> impl Iterator<Item = Block> {
    let is_quiet = |block: &Block| block.state() == BlockState::Mature && !block.is_in_use();
    let mut idle_bytes = 0;
    with_holes.iter().copied().filter(is_quiet).skip_while(move |block| {
        idle_bytes += block.idle_bytes();
        idle_bytes <= kept_bytes
    })
}
