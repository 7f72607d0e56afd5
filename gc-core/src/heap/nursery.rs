//! The nursery: the regions of memory that were handed to the mutator since the last safepoint
//! that collected.
//!
//! A region is a whole block, or, where the collector does not move objects, a part of one: a hole
//! between mature objects. A block with a region is *in use*: there may be young objects where its
//! start bits show none, so it is not searched again before the next safepoint. All holes of a block
//! are found in one go when it is taken, and handed out one after the other.

use alloc::vec::Vec;
use core::{mem, ptr};

use super::holes::{Hole, OBJECT_BYTES_MIN, has_start_in};
use super::{BLOCK_BYTES, Block, BlockState, Exhausted, Heap, Pool, Settings};

/// Bytes handed to the mutator before a safepoint is due, unless the collector chooses: half of
/// the second-level cache of the machines this was measured on.
const NURSERY_BYTES: usize = 1 << 20;

/// The nursery takes at most this share of the limit, as a divisor, unless it is fixed.
const LIMIT_DIVISOR: usize = 4;

/// A block that memory was taken from, with what says how much of that was of use.
#[derive(Clone, Copy, Debug)]
struct Taken {
    block: Block,
    /// Bytes of its holes that were handed out; zero for a whole block.
    hole_bytes: usize,
    /// What was live in the block before.
    live_bytes_before: usize,
    /// Where what was allocated in it ends, if the block was left.
    filled_to: *mut u8,
}

impl Taken {
    #[inline]
    fn new(block: Block) -> Taken {
        let live_bytes_before = block.live_bytes();
        Taken { block, hole_bytes: 0, live_bytes_before, filled_to: block.base() }
    }

    /// Ends allocation in the block: it may become free, or be queued for its holes.
    #[inline]
    fn retire(self, pool: &mut Pool) {
        let block = self.block;
        block.set_in_use(false);
        block.set_state(BlockState::Mature);
        let survived_bytes = block.live_bytes().saturating_sub(self.live_bytes_before);
        if self.hole_bytes > 0 && 2 * survived_bytes >= self.hole_bytes {
            // Its holes are filled: only further deaths make new ones.
            block.note_search();
        } else {
            block.forget_search();
        }
        pool.reconsider(block);
    }
}

/// Memory to bump through.
#[derive(Clone, Copy, Debug)]
struct Region {
    begin: *mut u8,
    end: *mut u8,
}

impl Region {
    #[inline]
    fn len_bytes(self) -> usize {
        self.end.addr() - self.begin.addr()
    }
}

/// The block that is allocated into, and the region of it that the heap's cursor moves in.
#[derive(Debug)]
struct Current {
    taken: Taken,
    region: Region,
}

impl Current {
    /// A block in which nothing lives.
    fn whole(block: Block) -> Current {
        Current {
            taken: Taken::new(block),
            region: Region { begin: block.base(), end: block.end() },
        }
    }
}

/// The regions of the nursery.
#[derive(Debug)]
pub struct Nursery {
    current: Option<Current>,
    /// Holes of the current block that are yet to be handed out, the next one last.
    holes: Vec<Hole>,
    /// Blocks that were left since the last safepoint that collected.
    filled: Vec<Taken>,
    taken_bytes: usize,
    target_bytes: usize,
}

impl Nursery {
    pub(crate) fn new(settings: &Settings) -> Nursery {
        Nursery {
            current: None,
            holes: Vec::new(),
            filled: Vec::new(),
            taken_bytes: 0,
            target_bytes: settings
                .nursery_bytes
                .unwrap_or(NURSERY_BYTES.min(settings.limit_bytes / LIMIT_DIVISOR)),
        }
    }

    /// Takes a region in which `bytes` fit.
    #[inline]
    fn take_region(
        &mut self,
        pool: &mut Pool,
        bytes: usize,
        allocates_in_holes: bool,
    ) -> Result<Region, Exhausted> {
        while let Some(hole) = self.holes.pop() {
            // Those that are too small are found again when the block is next searched.
            if hole.len() >= bytes
                && let Some(current) = &mut self.current
            {
                let base = current.taken.block.base();
                let (begin, end) = (base.wrapping_add(hole.start), base.wrapping_add(hole.end));
                current.region = Region { begin, end };
                current.taken.hole_bytes += hole.len();
                self.taken_bytes += hole.len();
                pool.note_hole_taken(current.taken.block, &hole);
                return Ok(current.region);
            }
        }
        self.take_block(pool, bytes, allocates_in_holes)
    }

    /// Takes a block with a hole in which `bytes` fit, or a free one.
    #[cold]
    #[inline(never)]
    fn take_block(
        &mut self,
        pool: &mut Pool,
        bytes: usize,
        allocates_in_holes: bool,
    ) -> Result<Region, Exhausted> {
        if allocates_in_holes && let Some(block) = pool.take_holes(bytes, &mut self.holes) {
            let taken = Taken::new(block);
            let region = Region { begin: block.base(), end: block.base() };
            self.enter(Current { taken, region });
            return self.take_region(pool, bytes, false);
        }
        let current = Current::whole(pool.take(BlockState::Nursery)?);
        let region = current.region;
        self.taken_bytes += BLOCK_BYTES;
        self.enter(current);
        Ok(region)
    }

    /// The blocks, each with the end of what was allocated in it. The cursor is that of the current
    /// one.
    pub(super) fn filled(&self, cursor: *mut u8) -> impl Iterator<Item = (Block, *mut u8)> {
        let left = self.filled.iter().map(|taken| (taken.block, taken.filled_to));
        left.chain(self.current.iter().map(move |current| (current.taken.block, cursor)))
    }

    /// Makes another block the current one.
    fn enter(&mut self, current: Current) {
        current.taken.block.set_in_use(true);
        let last = self.current.replace(current);
        self.filled.extend(last.map(|last| last.taken));
    }

    /// Ends the epoch of a collector that promotes in place. Allocation goes on where it was if
    /// anything is left there.
    #[inline]
    fn settle(&mut self, pool: &mut Pool, cursor: *mut u8) {
        // In reverse, so that the block used first is taken first again.
        while let Some(taken) = self.filled.pop() {
            taken.retire(pool);
        }
        let Some(current) = &mut self.current else { return };
        let block = current.taken.block;
        if block.live_bytes() == 0 {
            if current.region.begin != block.base() {
                // All of it died: it is as good as new.
                self.holes.clear();
                pool.note_hole_taken(block, &(0..BLOCK_BYTES));
                *current = Current::whole(block);
            }
            return;
        }
        let used = offset_in(block, current.region.begin)..offset_in(block, cursor);
        if !used.is_empty() && has_start_in(block, used) {
            current.region.begin = cursor;
            block.set_state(BlockState::Mature);
        }
        // Otherwise nothing in the region survived: it is used again from where it began.
        if current.region.len_bytes() < OBJECT_BYTES_MIN && self.holes.is_empty() {
            let taken = current.taken;
            self.current = None;
            taken.retire(pool);
        }
    }
}

impl Heap {
    /// Bytes of the current region that are allocated.
    pub(crate) fn region_used_bytes(&self) -> usize {
        let nursery = self.nursery.borrow();
        let begin = nursery.current.as_ref().map(|current| current.region.begin.addr());
        begin.map_or(0, |begin| self.cursor.get().addr() - begin)
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
    #[inline]
    pub(crate) fn next_region(&self, bytes: usize) -> Result<(), Exhausted> {
        let mut nursery = self.nursery.borrow_mut();
        let mut pool = self.pool.borrow_mut();
        let begin = nursery.current.as_mut().map(|current| {
            current.taken.filled_to = self.cursor.get();
            current.region.begin
        });
        let region = nursery.take_region(&mut pool, bytes, !self.settings.moves_objects)?;
        let used_bytes = begin.map_or(0, |begin| self.cursor.get().addr() - begin.addr());
        self.allocated_bytes.set(self.allocated_bytes.get() + used_bytes as u64);
        self.cursor.set(region.begin);
        self.end.set(region.end);
        if nursery.taken_bytes > nursery.target_bytes {
            self.is_due.set(true);
        }
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
        self.cursor.set(ptr::null_mut());
        self.end.set(ptr::null_mut());
        let nursery = self.nursery.get_mut();
        nursery.taken_bytes = 0;
        self.gaps.set(0);
        debug_assert!(nursery.holes.is_empty(), "a moving collector does not allocate in holes");
        let current = nursery.current.take().map(|current| current.taken);
        let taken = nursery.filled.drain(..).chain(current);
        let blocks = taken.map(|taken| taken.block);
        blocks.inspect(|block| block.set_in_use(false)).collect()
    }

    /// Ends the nursery of a collector that promotes in place: blocks without a mature object
    /// become free, the others mature. Allocation goes on where it was. Says how many bytes
    /// were handed to the mutator since this was last done.
    #[inline]
    pub fn settle_nursery(&mut self) -> usize {
        let cursor = self.cursor.get();
        let nursery = self.nursery.get_mut();
        let taken_bytes = mem::take(&mut nursery.taken_bytes);
        let Some(current) = &nursery.current else { return taken_bytes };
        *self.allocated_bytes.get_mut() += (cursor.addr() - current.region.begin.addr()) as u64;
        nursery.settle(self.pool.get_mut(), cursor);
        let (begin, end) = match &nursery.current {
            Some(Current { region: Region { begin, end }, .. }) => (*begin, *end),
            None => (ptr::null_mut(), ptr::null_mut()),
        };
        self.cursor.set(begin);
        self.end.set(end);
        taken_bytes
    }
}

fn offset_in(block: Block, address: *mut u8) -> usize {
    address.addr() - block.base().addr()
}
