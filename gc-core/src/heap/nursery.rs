//! The nursery: the regions of memory that were handed to the mutator since the last safepoint
//! that collected.
//!
//! A region is a whole block, or, where the collector does not move objects, a hole between mature
//! objects. A block with a region is *in use*: there may be young objects where its start bits show
//! none.

use alloc::vec::Vec;

use super::holes::{HOLE_BYTES_MIN, Hole, has_start_in};
use super::{Block, BlockState, Exhausted, Heap, Pool, Settings};

/// Bytes handed to the mutator before a safepoint is due, unless the collector chooses: half of
/// the second-level cache of the machines this was measured on.
const NURSERY_BYTES: usize = 1 << 20;

#[derive(Clone, Copy, Debug)]
struct Region {
    block: Block,
    begin: *mut u8,
    end: *mut u8,
    is_hole: bool,
    /// What was live in the block when the region was taken.
    live_bytes_before: usize,
}

impl Region {
    fn whole(block: Block) -> Region {
        let (begin, end) = (block.base(), block.end());
        Region { block, begin, end, is_hole: false, live_bytes_before: 0 }
    }

    fn hole(block: Block, hole: Hole) -> Region {
        let begin = block.base().wrapping_add(hole.start);
        let end = block.base().wrapping_add(hole.end);
        Region { block, begin, end, is_hole: true, live_bytes_before: block.live_bytes() }
    }

    /// Ends allocation in the region's block: it may become free, or be queued for its holes.
    fn retire(self, pool: &mut Pool) {
        let block = self.block;
        block.set_in_use(false);
        block.set_state(BlockState::Mature);
        let survived_bytes = block.live_bytes().saturating_sub(self.live_bytes_before);
        if self.is_hole && 2 * survived_bytes >= self.end.addr() - self.begin.addr() {
            // Its holes are filled: only further deaths make new ones.
            block.note_search();
        } else {
            block.forget_search();
        }
        pool.reconsider(block);
    }
}

/// The regions of the nursery; the last is the one being allocated into.
#[derive(Debug)]
pub struct Nursery {
    regions: Vec<Region>,
    taken_bytes: usize,
    target_bytes: usize,
}

impl Nursery {
    pub(crate) fn new(settings: &Settings) -> Nursery {
        Nursery {
            regions: Vec::new(),
            taken_bytes: 0,
            target_bytes: settings.nursery_bytes.unwrap_or(NURSERY_BYTES),
        }
    }

    /// Takes a region in which `bytes` fit.
    fn extend(
        &mut self,
        pool: &mut Pool,
        bytes: usize,
        allocates_in_holes: bool,
    ) -> Result<Region, Exhausted> {
        let region = match allocates_in_holes.then(|| self.find_hole(pool, bytes)).flatten() {
            Some(region) => region,
            None => Region::whole(pool.take(BlockState::Nursery)?),
        };
        region.block.set_in_use(true);
        self.taken_bytes += region.end.addr() - region.begin.addr();
        self.regions.push(region);
        Ok(region)
    }

    /// The next hole of the block in use, or the first of another.
    fn find_hole(&self, pool: &mut Pool, bytes: usize) -> Option<Region> {
        if let Some(last) = self.regions.last().filter(|last| last.is_hole) {
            let from = offset_in(last.block, last.end);
            if let Some(hole) = pool.take_next_hole(last.block, from, bytes) {
                return Some(Region::hole(last.block, hole));
            }
        }
        pool.take_hole(bytes).map(|(block, hole)| Region::hole(block, hole))
    }
}

impl Heap {
    /// Bytes of the current region that are allocated.
    pub(crate) fn region_used_bytes(&self) -> usize {
        let nursery = self.nursery.borrow();
        nursery.regions.last().map_or(0, |last| self.cursor.get().addr() - last.begin.addr())
    }

    /// Adds to what is due to the nursery; asks for a safepoint when it is full.
    pub(crate) fn take_from_nursery(&self, bytes: usize) {
        let mut nursery = self.nursery.borrow_mut();
        nursery.taken_bytes = nursery.taken_bytes.saturating_add(bytes);
        if nursery.taken_bytes > nursery.target_bytes {
            self.is_due.set(true);
        }
    }

    /// Makes a new region the current one, in which `bytes` fit.
    pub(crate) fn next_region(&self, bytes: usize) -> Result<(), Exhausted> {
        let used_bytes = self.region_used_bytes();
        let mut nursery = self.nursery.borrow_mut();
        let mut pool = self.pool.borrow_mut();
        let region = nursery.extend(&mut pool, bytes, !self.settings.moves_objects)?;
        self.allocated_bytes.set(self.allocated_bytes.get() + used_bytes as u64);
        if nursery.taken_bytes > nursery.target_bytes {
            self.is_due.set(true);
        }
        self.cursor.set(region.begin);
        self.end.set(region.end);
        Ok(())
    }

    /// Counts what was allocated in the current region, which the caller then ends.
    fn count_allocated(&mut self) {
        let used_bytes = self.region_used_bytes();
        *self.allocated_bytes.get_mut() += used_bytes as u64;
    }

    /// Bytes handed to the mutator before a safepoint is due.
    #[must_use]
    pub fn nursery_bytes(&self) -> usize {
        self.nursery.borrow().target_bytes
    }

    /// Changes the size of the nursery, unless the arena's maker fixed it.
    pub fn set_nursery_bytes(&mut self, bytes: usize) {
        if self.settings.nursery_bytes.is_none() {
            self.nursery.get_mut().target_bytes = bytes;
        }
    }

    /// Bytes handed to the mutator since the last safepoint that collected.
    #[must_use]
    pub fn nursery_taken_bytes(&self) -> usize {
        self.nursery.borrow().taken_bytes
    }

    /// Bytes of the nursery that are allocated: at most as many can survive.
    #[must_use]
    pub fn nursery_used_bytes(&self) -> usize {
        self.nursery_taken_bytes() - (self.end.get().addr() - self.cursor.get().addr())
    }

    /// Ends the nursery of a collector that moves objects, and returns its blocks, none of which is
    /// in use any more. The caller decides what becomes of them.
    pub fn take_nursery(&mut self) -> Vec<Block> {
        self.count_allocated();
        self.cursor.set(core::ptr::null_mut());
        self.end.set(core::ptr::null_mut());
        let nursery = self.nursery.get_mut();
        nursery.taken_bytes = 0;
        let mut blocks: Vec<_> = nursery.regions.drain(..).map(|region| region.block).collect();
        blocks.retain(|block| {
            let is_first = block.is_in_use();
            block.set_in_use(false);
            is_first
        });
        blocks
    }

    /// Ends the nursery of a collector that promotes in place: blocks without a mature object
    /// become free, the others mature. Allocation goes on in the current block.
    pub fn settle_nursery(&mut self) {
        self.count_allocated();
        let nursery = self.nursery.get_mut();
        let pool = self.pool.get_mut();
        nursery.taken_bytes = 0;
        let Some(current) = nursery.regions.pop() else { return };
        // In reverse, so that the block used first is taken first again.
        for region in nursery.regions.drain(..).rev() {
            if region.block != current.block && region.block.is_in_use() {
                region.retire(pool);
            }
        }
        let block = current.block;
        let begin = self.cursor.get();
        let allocated = offset_in(block, current.begin)..offset_in(block, begin);
        if !has_start_in(block, allocated) {
            // Nothing in the current region survived: it is used again from where it began.
            self.cursor.set(current.begin);
            nursery.regions.push(current);
            return;
        }
        if current.end.addr() - begin.addr() >= HOLE_BYTES_MIN {
            block.set_state(BlockState::Mature);
            nursery.regions.push(Region { begin, is_hole: true, ..current });
        } else {
            current.retire(pool);
            self.cursor.set(core::ptr::null_mut());
            self.end.set(core::ptr::null_mut());
        }
    }
}

fn offset_in(block: Block, address: *mut u8) -> usize {
    address.addr() - block.base().addr()
}
