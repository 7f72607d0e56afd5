//! Which of the heap's memory the system has to back, and how much that is free is worth keeping.
//!
//! A page is *present* if something was, or may have been, written to it since the system last gave
//! it, and *absent* otherwise: memory fresh from the system is, and memory that was given back.
//! Handing out absent memory costs a page fault, so free memory is given back only when there is
//! much of it, in view of what was used lately:
//!
//! - as much is kept as was handed out since the last safepoint: it is likely to be handed out
//!   again before the next;
//! - what was given back and then handed out again was given back too early: as much more is kept
//!   from then on (the *reserve*). So a heap that breathes does so in vain once;
//! - a reserve that is not needed while several times the heap is handed out dwindles.
//!
//! A full collection that the user asks for gives back more ([`Thrift`]), by the same rules: a
//! program that asks again and again does not pay for that each time.

use core::ops::Range;

use super::holes::Hole;
use super::pages::{self, PAGE_BYTES};
use super::pool::FIRST_CHUNK_BYTES;
use super::{BLOCK_BYTES, Block};

/// Free memory that is kept whatever happens: two nurseries of the default size.
const KEPT_BYTES_MIN: usize = 2 << 20;

/// The same at a full collection that was asked for: the blocks of a first chunk, which is what a small
/// program uses between two of them. A larger one regrets it once.
const KEPT_BYTES_MIN_EAGER: usize = FIRST_CHUNK_BYTES - BLOCK_BYTES;

/// How much free memory goes back to the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Thrift {
    /// What is much more than is worth keeping: at any safepoint.
    Lazy,
    /// All that is not worth keeping: a full collection was asked for.
    Eager,
}

impl Thrift {
    const fn kept_bytes_min(self) -> usize {
        match self {
            Thrift::Lazy => KEPT_BYTES_MIN,
            Thrift::Eager => KEPT_BYTES_MIN_EAGER,
        }
    }

    /// Some goes back if more than this is free.
    pub(crate) const fn tolerated_bytes(self, kept_bytes: usize) -> usize {
        match self {
            // So that a heap at the border does not give back often.
            Thrift::Lazy => 2 * kept_bytes,
            Thrift::Eager => kept_bytes + kept_bytes / 2,
        }
    }
}

/// And this share of what lives, as a divisor.
const KEPT_DIVISOR: usize = 8;

/// The reserve is looked at when this many times the heap was handed out.
const HEAPS_PER_WINDOW: usize = 4;

/// A reserve that nothing was taken of loses this share in a window, as a divisor.
const DWINDLE_DIVISOR: usize = 4;

/// So many times what was given back too early is kept more: amounts fluctuate.
const REGRET_FACTOR: usize = 2;

const PAGES_PER_BLOCK: usize = BLOCK_BYTES / PAGE_BYTES;
const ALL_PAGES: u8 = u8::MAX;
static_assertions::const_assert_eq!(PAGES_PER_BLOCK, u8::BITS as usize);

/// What is known of the pages of a heap, and what is worth keeping.
#[derive(Debug)]
pub(crate) struct Residency {
    /// `None` if pages cannot be given back one by one, or blocks have no whole ones.
    system_page_bytes: Option<usize>,
    /// Absent bytes of blocks that are taken, of free ones, and of chunks of large objects.
    taken_absent_bytes: usize,
    free_absent_bytes: usize,
    large_absent_bytes: usize,
    /// All that was given back so far.
    returned_bytes: u64,
    /// What was given back in this window and not handed out again: if it is, that is regretted.
    regrettable_bytes: usize,
    reserve_bytes: usize,
    /// Handed out since the last safepoint, and in this window.
    handed_out_bytes: usize,
    window_bytes: usize,
    /// The most that the heap had in this window.
    heap_bytes: usize,
    /// The least that was free and present in this window.
    idle_bytes: usize,
    /// Memory was handed out or became free since the last safepoint that looked.
    is_changed: bool,
    /// Giving back is tried again when this much is free: there was less to give back last time. For
    /// each [`Thrift`].
    retry_at_bytes: [usize; 2],
}

impl Residency {
    pub(crate) fn new() -> Residency {
        Residency {
            system_page_bytes: pages::system_page_bytes().filter(|&bytes| bytes <= BLOCK_BYTES),
            taken_absent_bytes: 0,
            free_absent_bytes: 0,
            large_absent_bytes: 0,
            returned_bytes: 0,
            regrettable_bytes: 0,
            reserve_bytes: 0,
            handed_out_bytes: 0,
            window_bytes: 0,
            heap_bytes: 0,
            idle_bytes: usize::MAX,
            is_changed: false,
            retry_at_bytes: [0; 2],
        }
    }

    /// Whether memory was handed out or became free since
    /// [`note_safepoint`](Residency::note_safepoint).
    #[inline]
    pub(crate) fn is_changed(&self) -> bool {
        self.is_changed
    }

    /// Notes that memory became free.
    #[inline]
    pub(crate) fn note_change(&mut self) {
        self.is_changed = true;
    }

    /// All that was given back to the system so far.
    pub(crate) fn returned_bytes(&self) -> u64 {
        self.returned_bytes
    }

    pub(crate) fn absent_bytes(&self) -> usize {
        self.taken_absent_bytes + self.free_absent_bytes + self.large_absent_bytes
    }

    pub(crate) fn taken_absent_bytes(&self) -> usize {
        self.taken_absent_bytes
    }

    pub(crate) fn free_absent_bytes(&self) -> usize {
        self.free_absent_bytes
    }

    /// Absent bytes between large objects.
    pub(super) fn large_absent_bytes(&self) -> usize {
        self.large_absent_bytes
    }

    /// Free blocks came from the system.
    pub(crate) fn add_fresh(&mut self, blocks: impl Iterator<Item = Block>) {
        for block in blocks {
            block.set_absent_pages(ALL_PAGES);
            self.free_absent_bytes += BLOCK_BYTES;
        }
    }

    /// Free blocks go back to the system with their chunk.
    pub(crate) fn forget(&mut self, blocks: impl Iterator<Item = Block>) {
        for block in blocks {
            let absent_bytes = block.absent_bytes();
            self.free_absent_bytes -= absent_bytes;
            self.note_returned(BLOCK_BYTES - absent_bytes);
        }
    }

    /// A free block is taken, when as much as `free_bytes` of others are.
    #[inline]
    pub(crate) fn take_block(&mut self, block: Block, free_bytes: usize) {
        let absent_bytes = block.absent_bytes();
        if absent_bytes > 0 {
            block.set_absent_pages(0);
            self.free_absent_bytes -= absent_bytes;
        }
        self.note_handed_out(BLOCK_BYTES, absent_bytes);
        self.idle_bytes = self.idle_bytes.min(free_bytes - self.free_absent_bytes);
    }

    /// A block is free again.
    pub(crate) fn release_block(&mut self, block: Block) {
        let absent_bytes = block.absent_bytes();
        self.taken_absent_bytes -= absent_bytes;
        self.free_absent_bytes += absent_bytes;
    }

    /// A hole of a block is handed out.
    #[inline]
    pub(crate) fn take_hole(&mut self, block: Block, hole: &Hole) {
        let mut absent_bytes = 0;
        if block.absent_pages() != 0 {
            absent_bytes = block.absent_bytes();
            block.set_absent_pages(block.absent_pages() & !mask(in_pages(hole)));
            absent_bytes -= block.absent_bytes();
            self.taken_absent_bytes -= absent_bytes;
        }
        self.note_handed_out(hole.end - hole.start, absent_bytes);
    }

    /// Holes of a block are handed out.
    pub(crate) fn take_holes(&mut self, block: Block, holes: &[Hole]) {
        if block.absent_pages() != 0 {
            holes.iter().for_each(|hole| self.take_hole(block, hole));
        } else {
            self.note_handed_out(holes.iter().map(Hole::len).sum(), 0);
        }
    }

    /// A large object is made where some bytes were absent.
    pub(crate) fn take_large(&mut self, bytes: usize, absent_bytes: usize) {
        self.large_absent_bytes -= absent_bytes;
        self.note_handed_out(bytes, absent_bytes);
    }

    /// Memory for large objects came from the system.
    pub(crate) fn add_fresh_large(&mut self, bytes: usize) {
        self.large_absent_bytes += bytes;
    }

    /// Free memory for large objects, of which some is absent, goes back with its chunk.
    pub(crate) fn forget_large(&mut self, bytes: usize, absent_bytes: usize) {
        self.large_absent_bytes -= absent_bytes;
        self.note_returned(bytes - absent_bytes);
    }

    #[inline]
    fn note_handed_out(&mut self, bytes: usize, absent_bytes: usize) {
        self.is_changed = true;
        self.handed_out_bytes += bytes;
        if absent_bytes > 0 {
            let regretted_bytes = absent_bytes.min(self.regrettable_bytes);
            self.regrettable_bytes -= regretted_bytes;
            self.reserve_bytes += REGRET_FACTOR * regretted_bytes;
        }
    }

    fn note_returned(&mut self, bytes: usize) {
        self.is_changed = true;
        self.returned_bytes += bytes as u64;
        self.regrettable_bytes += bytes;
    }

    /// How much free memory is worth keeping beside this much that lives.
    pub(crate) fn kept_bytes(&self, live_bytes: usize, thrift: Thrift) -> usize {
        let kept_bytes_min = thrift.kept_bytes_min();
        let kept_bytes = kept_bytes_min.max(live_bytes / KEPT_DIVISOR).max(self.handed_out_bytes);
        kept_bytes + self.reserve_bytes
    }

    /// Whether so much more is free than worth keeping that it is time to give some back.
    pub(crate) fn is_excessive(
        &mut self,
        free_bytes: usize,
        kept_bytes: usize,
        thrift: Thrift,
    ) -> bool {
        let retry_at_bytes = &mut self.retry_at_bytes[thrift as usize];
        *retry_at_bytes = free_bytes.saturating_add(kept_bytes).min(*retry_at_bytes);
        free_bytes > thrift.tolerated_bytes(kept_bytes) && free_bytes >= *retry_at_bytes
    }

    /// Notes what is still free after giving back: parts of pages, and what is worth keeping.
    pub(crate) fn note_trimmed(
        &mut self,
        free_bytes: usize,
        excess_bytes_min: usize,
        thrift: Thrift,
    ) {
        self.retry_at_bytes[thrift as usize] = free_bytes + excess_bytes_min;
    }

    /// Ends what is counted from one safepoint to the next, and the window if it is due.
    pub(crate) fn note_safepoint(&mut self, heap_bytes: usize) {
        self.is_changed = false;
        self.window_bytes += core::mem::take(&mut self.handed_out_bytes);
        self.heap_bytes = self.heap_bytes.max(heap_bytes).max(KEPT_BYTES_MIN);
        if self.window_bytes > HEAPS_PER_WINDOW * self.heap_bytes {
            // As much as is kept in any case is no sign that the reserve is too large.
            let unused_bytes = self.idle_bytes.saturating_sub(KEPT_BYTES_MIN);
            self.reserve_bytes -= self.reserve_bytes.min(unused_bytes) / DWINDLE_DIVISOR;
            self.regrettable_bytes = 0;
            self.window_bytes = 0;
            self.heap_bytes = 0;
            self.idle_bytes = usize::MAX;
        }
    }

    /// The whole pages of the system among these bytes, as offsets from an address that is a
    /// multiple of the block size.
    pub(crate) fn whole_pages(&self, bytes: Range<usize>) -> Option<Range<usize>> {
        let page_bytes = self.system_page_bytes?;
        let pages = bytes.start.next_multiple_of(page_bytes)..bytes.end & !(page_bytes - 1);
        Some(pages).filter(|pages| !pages.is_empty())
    }

    /// Gives back the pages of a run of free blocks.
    ///
    /// # Safety
    ///
    /// The blocks are free, and neighbors in this order.
    pub(crate) unsafe fn give_back_blocks(&mut self, run: &[Block]) {
        let (Some(first), Some(last)) = (run.first(), run.last()) else { return };
        if self.system_page_bytes.is_none() {
            return;
        }
        // SAFETY: blocks are whole pages, and nothing is in these.
        if !unsafe { pages::give_back(first.base()..last.end()) } {
            return;
        }
        for block in run {
            let present_bytes = BLOCK_BYTES - block.absent_bytes();
            block.set_absent_pages(ALL_PAGES);
            self.free_absent_bytes += present_bytes;
            self.note_returned(present_bytes);
        }
    }

    /// The pages of the system that lie within a hole, unless all of them are absent.
    pub(crate) fn present_pages(&self, block: Block, hole: Hole) -> Option<Range<usize>> {
        let is_present = |pages: &Range<usize>| mask(in_pages(pages)) & !block.absent_pages() != 0;
        self.whole_pages(hole).filter(is_present)
    }

    /// Gives back pages of a block that is taken.
    ///
    /// # Safety
    ///
    /// The pages are the system's, and within a hole that is not handed out.
    pub(crate) unsafe fn give_back_pages(&mut self, block: Block, pages: Range<usize>) {
        let addresses =
            block.base().wrapping_add(pages.start)..block.base().wrapping_add(pages.end);
        // SAFETY: the caller's promises; nothing is in a hole.
        if !unsafe { pages::give_back(addresses) } {
            return;
        }
        let absent_bytes_before = block.absent_bytes();
        block.set_absent_pages(block.absent_pages() | mask(in_pages(&pages)));
        let given_bytes = block.absent_bytes() - absent_bytes_before;
        self.taken_absent_bytes += given_bytes;
        self.note_returned(given_bytes);
    }

    /// Gives back free pages of a chunk of large objects, all of which are present.
    ///
    /// # Safety
    ///
    /// The range is of whole pages of the system, and nothing is in them.
    pub(crate) unsafe fn give_back_large(&mut self, pages: Range<*mut u8>) -> bool {
        let bytes = pages.end.addr() - pages.start.addr();
        // SAFETY: the caller's promises.
        let is_given = unsafe { pages::give_back(pages) };
        if is_given {
            self.large_absent_bytes += bytes;
            self.note_returned(bytes);
        }
        is_given
    }
}

/// The pages in which these bytes are.
fn in_pages(bytes: &Range<usize>) -> Range<usize> {
    bytes.start / PAGE_BYTES..bytes.end.div_ceil(PAGE_BYTES)
}

/// A bit for each of the pages.
fn mask(pages: Range<usize>) -> u8 {
    let below = |page: usize| (1_u32 << page) - 1;
    (below(pages.end) - below(pages.start)) as u8
}
