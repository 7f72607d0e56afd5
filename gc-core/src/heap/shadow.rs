//! Tells tools that watch memory what of the heap is free: what a chunk has of it is the system's no
//! more, so they cannot know.
//!
//! Two functions are called wherever memory changes hands: [`freed`] and [`handed_out`]. Built with
//! `--cfg asan` they tell AddressSanitizer, which then reports who reads or writes what is free, as
//! `use-after-poison`, and objects that overrun into it. Otherwise they do nothing.
//!
//! With [`Zeal::poison`](crate::Zeal::poison), memory that has become free is filled with a pattern as well,
//! so that who reads it gets what is no object.
//!
//! Memory is handed out region by region, in slow paths: to the mutator (`nursery.rs`), to a collector
//! that copies (`evacuate.rs`), and to large objects (`large.rs`).
//!
//! Note [Free memory]: an object that dies is still read, for its drop glue or its forwarding
//! address, after its start bit is gone and its block is free. So nothing is told when it dies. It is
//! told at the end of the safepoint, when all drop glue has run, and learned as holes are: from the
//! states and start bits of blocks ([`Heap::tell_free`]). How an object died does not matter then.
//!
//! Only blocks that changed are looked at. No object is made in a block unless memory of it is handed
//! out, and that is noted; otherwise objects only die there, so its live bytes tell.

use core::convert::Infallible;
use core::ops::{ControlFlow, Range};

use super::holes::for_each_hole;
use super::{Block, BlockState, Heap};

/// Whether a tool is told. If not, and nothing is poisoned, nobody need find out what is free.
const IS_TOLD: bool = cfg!(asan);

/// What fills memory that was freed. A header of it says that it is forwarded, which none is outside of a
/// collection, and neither that nor a pointer of it, tagged or not, is an address that a program can have.
pub(crate) const POISON: u8 = 0xdb;

/// For a block of which memory was handed out since [`Heap::tell_free`].
pub(crate) const NEVER_TOLD: u32 = u32::MAX;

/// Tells that memory is free: nobody reads or writes it until it is handed out.
///
/// It may have been free before, in whole or in part.
#[inline(always)]
pub(crate) fn freed(memory: Range<*mut u8>) {
    #[cfg(asan)]
    // SAFETY: it is memory of a chunk.
    unsafe {
        asan::__asan_poison_memory_region(memory.start.cast(), len_bytes(&memory))
    }
    #[cfg(not(asan))]
    let _ = memory;
}

/// Tells that memory has an owner: an allocator, or the system.
#[inline(always)]
pub(crate) fn handed_out(memory: Range<*mut u8>) {
    #[cfg(asan)]
    // SAFETY: it is memory of a chunk.
    unsafe {
        asan::__asan_unpoison_memory_region(memory.start.cast(), len_bytes(&memory))
    }
    #[cfg(not(asan))]
    let _ = memory;
}

/// Fills memory that is free with a pattern, and tells that it is.
pub(super) fn poison(memory: Range<*mut u8>) {
    handed_out(memory.start..memory.end);
    let bytes = memory.end.addr() - memory.start.addr();
    // SAFETY: it is memory of a chunk in which nothing is.
    unsafe { memory.start.write_bytes(POISON, bytes) }
    freed(memory);
}

#[cfg(asan)]
fn len_bytes(memory: &Range<*mut u8>) -> usize {
    memory.end.addr() - memory.start.addr()
}

#[cfg(asan)]
mod asan {
    use core::ffi::c_void;

    // SAFETY: so they are declared in `sanitizer/asan_interface.h`.
    unsafe extern "C" {
        pub(super) fn __asan_poison_memory_region(address: *const c_void, bytes: usize);
        pub(super) fn __asan_unpoison_memory_region(address: *const c_void, bytes: usize);
    }
}

impl Heap {
    /// Whether somebody wants to know what is free.
    #[inline]
    pub(super) fn is_free_told(&self) -> bool {
        IS_TOLD || self.settings.zeal.poison
    }

    /// Tells what of the blocks is free, where that has changed. See Note [Free memory].
    ///
    /// The drop glue of all that died has run.
    #[cold]
    pub(super) fn tell_free(&mut self) {
        let poisons = self.settings.zeal.poison;
        let nursery = self.nursery.get_mut();
        let region = self.cursor.get()..self.end.get();
        // In a block that is in use start bits tell everything only if nothing in it is young.
        let is_settled = nursery.is_settled() && self.begin.get() == self.cursor.get();
        for block in self.pool.get_mut().blocks() {
            let live_bytes = block.live_bytes() as u32;
            if block.told_live_bytes() == live_bytes {
                continue;
            }
            match block.state() {
                BlockState::Free => tell(block, poisons, block.base()..block.end()),
                BlockState::Mature if block.is_in_use() && !is_settled => continue,
                BlockState::Mature => tell_holes(block, poisons, &region),
                // Nothing dies there but with all others, and then the state changes.
                _ => continue,
            }
            // Objects may be made in the region without another word.
            block.set_told_live_bytes(if block.is_in_use() { NEVER_TOLD } else { live_bytes });
        }
    }
}

/// Tells of free memory of a block. What is absent is not made present for a pattern.
fn tell(block: Block, poisons: bool, memory: Range<*mut u8>) {
    if poisons && block.absent_pages() == 0 { poison(memory) } else { freed(memory) }
}

/// Tells of the holes of a block, without the region that is being allocated into.
fn tell_holes(block: Block, poisons: bool, region: &Range<*mut u8>) {
    let _ = for_each_hole(block, 0, |hole| {
        let address = |offset| block.base().wrapping_add(offset);
        let (begin, end) = (address(hole.start), address(hole.end));
        // The region is in this hole as a whole, or not at all.
        if (begin..end).contains(&region.start) {
            tell(block, poisons, begin..region.start);
            tell(block, poisons, region.end..end);
        } else {
            tell(block, poisons, begin..end);
        }
        ControlFlow::<Infallible>::Continue(())
    });
}
