//! The nursery: the regions of memory that were handed to the mutator since the last safepoint
//! that collected.
//!
//! A region is a whole block, or, where the collector does not move objects, a part of one: a hole
//! between mature objects, or the *cell* of a single object that has just died. A block with a
//! region is *in use*: there may be young objects where its start bits show none.
//!
//! Note [Cells]: a program that makes an object and drops another of the same size, again and again,
//! is best served with the memory that was just freed: it is in the cache. So a safepoint may make
//! such a cell the current region and set what is left of the last one aside. The next object of
//! exactly this size fills it; any other goes on where allocation was before. What is set aside is
//! taken before any hole is searched, for a search would find it, too.

use alloc::vec::Vec;
use core::ptr;

use super::holes::{HOLE_BYTES_MIN, Hole, has_start_in};
use super::{Block, BlockState, Exhausted, Heap, ObjectRef, Pool, Settings};

/// Bytes handed to the mutator before a safepoint is due, unless the collector chooses: half of
/// the second-level cache of the machines this was measured on.
const NURSERY_BYTES: usize = 1 << 20;

/// The nursery takes at most this share of the limit, as a divisor, unless it is fixed.
const LIMIT_DIVISOR: usize = 4;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Block,
    Hole,
    Cell,
}

#[derive(Clone, Copy, Debug)]
struct Region {
    block: Block,
    begin: *mut u8,
    end: *mut u8,
    kind: Kind,
    /// Whether the next hole may be looked for behind it in its block: nothing that was handed out
    /// since the last safepoint lies there.
    is_searched_behind: bool,
    /// What was live in the block when the region was taken.
    live_bytes_before: usize,
}

impl Region {
    fn whole(block: Block) -> Region {
        let (begin, end) = (block.base(), block.end());
        Region {
            block,
            begin,
            end,
            kind: Kind::Block,
            is_searched_behind: false,
            live_bytes_before: 0,
        }
    }

    fn hole(block: Block, hole: Hole) -> Region {
        let begin = block.base().wrapping_add(hole.start);
        let end = block.base().wrapping_add(hole.end);
        Region {
            block,
            begin,
            end,
            kind: Kind::Hole,
            is_searched_behind: true,
            live_bytes_before: block.live_bytes(),
        }
    }

    fn cell(block: Block, begin: *mut u8, bytes: usize) -> Region {
        let end = begin.wrapping_add(bytes);
        Region {
            block,
            begin,
            end,
            kind: Kind::Cell,
            is_searched_behind: false,
            live_bytes_before: 0,
        }
    }

    fn size_bytes(&self) -> usize {
        self.end.addr() - self.begin.addr()
    }

    fn contains(&self, address: *mut u8) -> bool {
        (self.begin.addr()..self.end.addr()).contains(&address.addr())
    }

    /// Ends allocation in the region's block: it may become free, or be queued for its holes.
    #[inline]
    fn retire(self, pool: &mut Pool) {
        let block = self.block;
        block.set_in_use(false);
        // Where a cell was, one object came where one went: nothing else has changed.
        if self.kind != Kind::Cell {
            block.set_state(BlockState::Mature);
            let survived_bytes = block.live_bytes().saturating_sub(self.live_bytes_before);
            if self.kind == Kind::Hole && 2 * survived_bytes >= self.size_bytes() {
                // Its holes are filled: only further deaths make new ones.
                block.note_search();
            } else {
                block.forget_search();
            }
        }
        pool.reconsider(block);
    }

    /// What is left of the region when allocation has come to `cursor`, after a safepoint that
    /// promotes in place; `None` if that is too little.
    #[inline]
    fn rest(self, cursor: *mut u8) -> Option<Region> {
        if cursor == self.end && self.kind == Kind::Cell {
            return None;
        }
        self.rest_of_many(cursor)
    }

    fn rest_of_many(self, cursor: *mut u8) -> Option<Region> {
        let (begin, end) = (offset_in(self.block, self.begin), offset_in(self.block, cursor));
        if begin == end || !has_start_in(self.block, begin..end) {
            // Nothing in it survived: it is used again from where it began.
            return Some(self);
        }
        if self.end.addr() - cursor.addr() < HOLE_BYTES_MIN {
            return None;
        }
        self.block.set_state(BlockState::Mature);
        let kind = if self.kind == Kind::Block { Kind::Hole } else { self.kind };
        Some(Region { begin: cursor, kind, ..self })
    }
}

/// The regions of the nursery.
#[derive(Debug)]
pub struct Nursery {
    /// What is allocated into.
    current: Option<Region>,
    /// Set aside for a cell: see Note [Cells]. Nothing is allocated in it.
    aside: Option<Region>,
    /// Filled since the last safepoint that collected.
    filled: Vec<Region>,
    taken_bytes: usize,
    target_bytes: usize,
}

impl Nursery {
    pub(crate) fn new(settings: &Settings) -> Nursery {
        Nursery {
            current: None,
            aside: None,
            filled: Vec::new(),
            taken_bytes: 0,
            target_bytes: settings
                .nursery_bytes
                .unwrap_or(NURSERY_BYTES.min(settings.limit_bytes / LIMIT_DIVISOR)),
        }
    }

    /// Makes a region in which `bytes` fit the current one.
    fn extend(
        &mut self,
        pool: &mut Pool,
        bytes: usize,
        allocates_in_holes: bool,
    ) -> Result<Region, Exhausted> {
        let region = match self.aside.take_if(|aside| aside.size_bytes() >= bytes) {
            // A cell of this epoch may lie behind it: a search would take that for a hole.
            Some(aside) => Region { is_searched_behind: false, ..aside },
            None => match allocates_in_holes.then(|| self.find_hole(pool, bytes)).flatten() {
                Some(hole) => hole,
                None => Region::whole(pool.take(BlockState::Nursery)?),
            },
        };
        region.block.set_in_use(true);
        self.taken_bytes += region.size_bytes();
        self.filled.extend(self.current.replace(region));
        Ok(region)
    }

    /// The next hole of the block in use, or the first of another.
    fn find_hole(&self, pool: &mut Pool, bytes: usize) -> Option<Region> {
        if let Some(last) = self.current.filter(|last| last.is_searched_behind) {
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
        nursery.current.map_or(0, |current| self.cursor.get().addr() - current.begin.addr())
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
        self.cursor.set(ptr::null_mut());
        self.end.set(ptr::null_mut());
        let nursery = self.nursery.get_mut();
        nursery.taken_bytes = 0;
        debug_assert!(nursery.aside.is_none(), "a moving collector has no cells");
        let regions = nursery.filled.drain(..).chain(nursery.current.take());
        let mut blocks: Vec<_> = regions.map(|region| region.block).collect();
        blocks.retain(|block| {
            let is_first = block.is_in_use();
            block.set_in_use(false);
            is_first
        });
        blocks
    }

    /// Ends the nursery of a collector that promotes in place: blocks without a mature object
    /// become free, the others mature. Allocation goes on where it was, or in the cell of an object
    /// that died just now.
    #[inline]
    pub fn settle_nursery(&mut self) {
        let cursor = self.cursor.get();
        let dead_cell = self.dead_cell.take();
        let nursery = self.nursery.get_mut();
        let Some(last) = nursery.current else { return };
        *self.allocated_bytes.get_mut() += (cursor.addr() - last.begin.addr()) as u64;
        nursery.taken_bytes = 0;
        nursery.settle(self.pool.get_mut(), last, cursor, dead_cell);
        let current = nursery.current;
        let (begin, end) = current.map_or((ptr::null_mut(), ptr::null_mut()), |r| (r.begin, r.end));
        self.cursor.set(begin);
        self.end.set(end);
    }
}

impl Nursery {
    /// Retires what is filled, and makes what is left, or a dead object's cell, the current region.
    #[inline]
    fn settle(
        &mut self,
        pool: &mut Pool,
        last: Region,
        cursor: *mut u8,
        dead_cell: Option<ObjectRef>,
    ) {
        self.current = last.rest(cursor);
        if self.current.is_none() {
            self.retire(last, pool);
        } else if last.kind != Kind::Cell
            && let Some(aside) = self.aside.take()
        {
            // Something was too large for it.
            self.retire(aside, pool);
        }
        // In reverse, so that the block used first is taken first again.
        while let Some(region) = self.filled.pop() {
            self.retire(region, pool);
        }
        if let Some(dead) = dead_cell {
            self.take_cell(dead);
        }
        if self.current.is_none() {
            self.current = self.aside.take();
        }
    }

    /// Ends allocation in a region's block, unless it goes on in another part of it.
    #[inline]
    fn retire(&self, region: Region, pool: &mut Pool) {
        let goes_on = |other: Option<Region>| other.is_some_and(|o| o.block == region.block);
        if region.block.is_in_use() && !goes_on(self.current) && !goes_on(self.aside) {
            region.retire(pool);
        }
    }

    /// Makes the cell of a dead object the current region, if its block is in order.
    #[inline]
    fn take_cell(&mut self, dead: ObjectRef) {
        let is_free = |region: Option<Region>| region.is_some_and(|r| r.contains(dead.start()));
        let block = Block::containing(dead);
        if (self.current.is_some() && self.aside.is_some())
            || block.state() != BlockState::Mature
            || is_free(self.current)
            || is_free(self.aside)
        {
            return;
        }
        // SAFETY: it died at this safepoint, so its memory is untouched.
        let bytes = unsafe { dead.bytes() };
        block.set_in_use(true);
        if let Some(rest) = self.current.replace(Region::cell(block, dead.start(), bytes)) {
            self.aside = Some(rest);
        }
    }
}

fn offset_in(block: Block, address: *mut u8) -> usize {
    address.addr() - block.base().addr()
}
