//! The nursery: the regions of memory that were handed to the mutator since the last safepoint
//! that collected.
//!
//! A region is a whole block, or, where the collector does not move objects, a part of one: a hole
//! between mature objects. A block with a region is *in use*: there may be young objects where its
//! start bits show none, so it is not searched again before the next safepoint. All holes of a block
//! are found in one go when it is taken, and handed out one after the other.

use alloc::vec::Vec;
use core::ops::Range;
use core::{mem, ptr};

use super::holes::{Hole, OBJECT_BYTES_MIN};
use super::{BLOCK_BYTES, Block, BlockState, Exhausted, Heap, Pool, Settings, shadow};

/// Bytes handed to the mutator before a safepoint is due, unless the collector chooses: half of
/// the second-level cache of the machines this was measured on.
const NURSERY_BYTES: usize = 1 << 20;

/// The nursery takes at most this share of the limit, as a divisor, unless it is fixed.
const LIMIT_DIVISOR: usize = 4;

/// A nursery of this size is never full. Collectors reckon with a few times that, which must not overflow.
const TARGET_BYTES_MAX: usize = isize::MAX as usize / 4;

fn default_bytes(settings: &Settings) -> usize {
    NURSERY_BYTES.min(settings.limit_bytes / LIMIT_DIVISOR)
}

/// A block that memory was taken from, with what says how much of that was of use.
#[derive(Clone, Debug)]
pub(super) struct Taken {
    pub(super) block: Block,
    /// Bytes of its holes that were handed out, or will be; zero for a whole block.
    hole_bytes: usize,
    /// What was live in the block before.
    live_bytes_before: usize,
    /// What was allocated in the region of it that was used last, if the block was left: where that
    /// begins, as far as it was free at the last safepoint that collected, and where it ends.
    filled: Filled,
}

/// Memory in which young objects lie one behind the other, with gaps between them.
pub(super) type Filled = Range<*mut u8>;

impl Taken {
    #[inline]
    fn new(block: Block) -> Taken {
        let live_bytes_before = block.live_bytes();
        let filled = block.base()..block.base();
        Taken { block, hole_bytes: 0, live_bytes_before, filled }
    }

    /// Ends allocation in the block: it may become free, or be queued for its holes.
    fn retire(self, pool: &mut Pool) {
        let block = self.block;
        block.set_in_use(false);
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
    /// Before the first, and after the last of a block that is used up.
    const NONE: Region = Region { begin: ptr::null_mut(), end: ptr::null_mut() };

    #[inline]
    fn len(self) -> usize {
        self.end.addr() - self.begin.addr()
    }

    /// Whether no object fits.
    #[inline]
    fn is_used_up(self) -> bool {
        self.len() < OBJECT_BYTES_MIN
    }
}

/// The regions of the nursery, but for the one that is being allocated into: its bounds are cells of
/// the heap.
///
/// See the example of [`Heap`].
#[derive(Debug)]
pub struct Nursery {
    /// The block that is allocated into.
    pub(super) current: Option<Taken>,
    /// Holes of the current block that are yet to be handed out, the next one last.
    holes: Vec<Hole>,
    /// Blocks that were left since the last safepoint that collected.
    pub(super) filled: Vec<Taken>,
    pub(super) taken_bytes: usize,
    target_bytes: usize,
    /// The arena's owner has chosen the size.
    is_fixed: bool,
    /// No other block could be had when one was last sought.
    is_exhausted: bool,
}

impl Nursery {
    pub(crate) fn new(settings: &Settings) -> Nursery {
        Nursery {
            current: None,
            holes: Vec::new(),
            filled: Vec::new(),
            taken_bytes: 0,
            target_bytes: settings
                .fixed_nursery_bytes()
                .unwrap_or(default_bytes(settings))
                .min(TARGET_BYTES_MAX),
            is_fixed: settings.fixed_nursery_bytes().is_some(),
            is_exhausted: false,
        }
    }

    /// Takes the next hole of the current block in which `bytes` fit. It was accounted for when the
    /// block was taken.
    #[inline]
    fn take_hole(&mut self, bytes: usize) -> Option<Region> {
        let current = self.current.as_mut()?;
        loop {
            let hole = self.holes.pop()?;
            if hole.len() >= bytes {
                let base = current.block.base();
                let (begin, end) = (base.wrapping_add(hole.start), base.wrapping_add(hole.end));
                return Some(Region { begin, end });
            }
            // It is found again when the block is next searched.
            current.hole_bytes -= hole.len();
        }
    }

    /// Takes a block with a hole in which `bytes` fit, or a free one, and of that the first region.
    fn take_block(
        &mut self,
        pool: &mut Pool,
        bytes: usize,
        moves_objects: bool,
    ) -> Result<Region, Exhausted> {
        // For the block that is left.
        self.filled.try_reserve(1).map_err(|_| Exhausted)?;
        // With zeal, holes are not always used first.
        if pool.whim() == Some(true)
            && let Ok(region) = self.take_free(pool, moves_objects)
        {
            return Ok(region);
        }
        if !moves_objects && let Some(block) = pool.take_holes(bytes, &mut self.holes) {
            let hole_bytes = self.holes.iter().map(Hole::len).sum();
            self.enter(Taken { hole_bytes, ..Taken::new(block) });
            self.taken_bytes += hole_bytes;
            return self.take_hole(bytes).ok_or(Exhausted);
        }
        self.take_free(pool, moves_objects)
    }

    /// Takes a free block, all of it.
    fn take_free(&mut self, pool: &mut Pool, moves_objects: bool) -> Result<Region, Exhausted> {
        // What does not move is mature where it lies if it survives.
        let state = if moves_objects { BlockState::Nursery } else { BlockState::Mature };
        let block = pool.take(state)?;
        self.enter(Taken::new(block));
        self.taken_bytes += BLOCK_BYTES;
        Ok(Region { begin: block.base(), end: block.end() })
    }

    /// The blocks, each with the region of it that was used last. Of the current one it is `current`.
    pub(super) fn filled(&self, current: Filled) -> impl Iterator<Item = (Block, Filled)> {
        let left = self.filled.iter().map(|taken| (taken.block, taken.filled.clone()));
        left.chain(self.current.iter().map(move |taken| (taken.block, current.clone())))
    }

    /// Whether no block was left since the last safepoint that collected.
    pub(super) fn is_settled(&self) -> bool {
        self.filled.is_empty()
    }

    /// Makes another block the current one.
    fn enter(&mut self, taken: Taken) {
        taken.block.set_in_use(true);
        self.filled.extend(self.current.replace(taken));
    }

    /// Ends allocation in the blocks that were left, and in the current one if it is used up, or if there
    /// is no other and more of it has died than is left: that is found when the block is next searched. If
    /// all died there it is as good as new. Returns the region to go on with.
    ///
    /// Nothing is young any more.
    #[cold]
    fn settle_blocks(&mut self, pool: &mut Pool, region: Region, is_free_told: bool) -> Region {
        // In reverse, so that the block used first is taken first again.
        while let Some(taken) = self.filled.pop() {
            taken.retire(pool);
        }
        let Some(Taken { block, .. }) = self.current else { return region };
        let is_empty = block.live_bytes() == 0;
        let left_bytes = region.len() + self.holes.iter().map(Hole::len).sum::<usize>();
        let is_worth_a_search =
            self.is_exhausted && BLOCK_BYTES - block.live_bytes() > 2 * left_bytes;
        if is_empty || is_worth_a_search {
            self.holes.clear();
        }
        // What is free is told of before it is handed out again.
        if is_empty && !is_free_told {
            self.current = Some(Taken::new(block));
            pool.residency().take_hole(block, &(0..BLOCK_BYTES));
            return Region { begin: block.base(), end: block.end() };
        }
        if (is_empty || is_worth_a_search || (region.is_used_up() && self.holes.is_empty()))
            && let Some(taken) = self.current.take()
        {
            taken.retire(pool);
            return Region::NONE;
        }
        region
    }
}

impl Heap {
    /// Bytes of the current region that are allocated.
    #[inline]
    pub(crate) fn region_used_bytes(&self) -> usize {
        self.cursor.get().addr() - self.begin.get().addr()
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
        if self.next_hole(bytes) {
            return Ok(());
        }
        let mut nursery = self.nursery.borrow_mut();
        let mut pool = self.pool.borrow_mut();
        if let Some(current) = &mut nursery.current {
            current.filled = self.begin.get()..self.cursor.get();
        }
        let region = nursery.take_block(&mut pool, bytes, self.settings.moves_objects);
        nursery.is_exhausted = region.is_err();
        let region = region?;
        if nursery.taken_bytes > nursery.target_bytes {
            self.is_due.set(true);
        }
        self.enter_region(region);
        Ok(())
    }

    /// Makes the next hole of the current block in which `bytes` fit the current region; whether there
    /// is one.
    #[inline(always)]
    pub(crate) fn next_hole(&self, bytes: usize) -> bool {
        let region = self.nursery.borrow_mut().take_hole(bytes);
        region.inspect(|&region| self.enter_region(region)).is_some()
    }

    #[inline]
    fn enter_region(&self, region: Region) {
        shadow::handed_out(region.begin..region.end);
        self.count_allocated();
        self.begin.set(region.begin);
        self.cursor.set(region.begin);
        self.limit.set(region.end);
        self.end.set(region.end);
    }

    /// Counts what was allocated in the current region, which begins anew, or ends.
    #[inline]
    fn count_allocated(&self) {
        let used_bytes = self.region_used_bytes() as u64;
        self.allocated_bytes.set(self.allocated_bytes.get() + used_bytes);
    }

    /// Bytes handed to the mutator before a safepoint is due.
    ///
    /// See the example of [`Heap`].
    #[must_use]
    pub fn nursery_bytes(&self) -> usize {
        self.nursery.borrow().target_bytes
    }

    /// Changes the size of the nursery, unless the arena's owner fixed it.
    ///
    /// See the example of [`Heap`].
    pub fn set_nursery_bytes(&mut self, bytes: usize) {
        let nursery = self.nursery.get_mut();
        if !nursery.is_fixed {
            nursery.target_bytes = bytes.min(TARGET_BYTES_MAX);
        }
    }

    /// Fixes the size of the nursery, or with `None` leaves it to the arena's maker and the collector.
    pub(super) fn fix_nursery_bytes(&mut self, bytes: Option<usize>) {
        let fixed = bytes.or(self.settings.fixed_nursery_bytes());
        let nursery = self.nursery.get_mut();
        nursery.is_fixed = fixed.is_some();
        nursery.target_bytes = fixed.unwrap_or(default_bytes(&self.settings)).min(TARGET_BYTES_MAX);
    }

    /// Bytes handed to the mutator since the last safepoint that collected.
    ///
    /// See the example of [`Heap`].
    #[must_use]
    pub fn nursery_taken_bytes(&self) -> usize {
        self.nursery.borrow().taken_bytes
    }

    /// Bytes of the nursery that are allocated: at most as many can survive.
    ///
    /// See the example of [`Heap`].
    #[must_use]
    pub fn nursery_used_bytes(&self) -> usize {
        self.nursery_taken_bytes() - (self.end.get().addr() - self.cursor.get().addr())
    }

    /// Ends the nursery of a collector that moves objects, and returns its blocks, none of which is
    /// in use any more. The caller decides what becomes of them.
    ///
    /// See the example of [`Evacuator`](super::Evacuator).
    pub fn take_nursery(&mut self) -> Vec<Block> {
        self.enter_region(Region::NONE);
        let nursery = self.nursery.get_mut();
        nursery.taken_bytes = 0;
        self.gaps.set(0);
        self.young_waste_bytes.set(0);
        debug_assert!(nursery.holes.is_empty(), "a moving collector does not allocate in holes");
        let taken = nursery.filled.drain(..).chain(nursery.current.take());
        let blocks = taken.map(|taken| taken.block);
        blocks.inspect(|block| block.set_in_use(false)).collect()
    }

    /// Ends the nursery of a collector that promotes in place: blocks without a mature object
    /// become free, the others are searched for holes again. Allocation goes on where it was, and if
    /// nothing has survived, where it began. Says how many bytes were handed to the mutator since
    /// this was last done.
    ///
    /// See the example of [`Heap`].
    #[inline]
    pub fn settle_nursery(&mut self, has_survivors: bool) -> usize {
        self.count_allocated();
        // What is free should be told of before it is allocated again: then not where it began.
        let is_free_told = self.is_free_told();
        if (has_survivors || is_free_told) && !crate::planted!("survivors-are-overwritten") {
            self.begin.set(self.cursor.get());
        } else {
            self.cursor.set(self.begin.get());
        }
        let (nursery, pool) = (self.nursery.get_mut(), self.pool.get_mut());
        let taken_bytes = mem::take(&mut nursery.taken_bytes);
        let region = Region { begin: self.begin.get(), end: self.end.get() };
        let is_used_up = region.is_used_up() && nursery.holes.is_empty();
        if is_used_up
            || nursery.is_exhausted
            || !nursery.filled.is_empty()
            || pool.take_is_emptied()
        {
            let region = nursery.settle_blocks(pool, region, is_free_told);
            self.enter_region(region);
        }
        if self.is_limited.get() {
            self.limit_region();
        }
        taken_bytes
    }
}
