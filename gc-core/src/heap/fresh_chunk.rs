//! Memory from the system for a chunk, before it is one.
//!
//! The system backs memory when it is first written to, and the metadata at the front of a chunk is written
//! when the chunk begins: eight pages, or, of a pair, the whole huge page. A collection that copies asks for all
//! that it might need in the worst case, and seldom needs it. So chunks begin when a block of theirs is taken,
//! and what only might be needed costs addresses.

use alloc::alloc::{alloc, dealloc};
use core::alloc::Layout;
use core::mem::ManuallyDrop;
use core::ptr::NonNull;

use super::chunk::{ChunkKind, PAIR_BYTES};
use super::pages::{advise_huge, map_aligned, unmap};
use super::{BLOCK_BYTES, CHUNK_BYTES, Chunk};
use crate::id::IdTable;

/// Memory for a chunk, or for a pair of them that a huge page may hold. Dropped, it goes back to the system.
#[derive(Debug)]
pub(super) struct FreshChunk {
    base: NonNull<u8>,
    size_bytes: usize,
    is_paired: bool,
}

impl FreshChunk {
    /// Asks the allocator for a chunk of `size_bytes`, a multiple of the block size.
    ///
    /// `None` if it has no memory.
    pub(super) fn allocate(size_bytes: usize) -> Option<FreshChunk> {
        debug_assert!(size_bytes.is_multiple_of(BLOCK_BYTES) && size_bytes > BLOCK_BYTES);
        let layout = Layout::from_size_align(size_bytes, CHUNK_BYTES).ok()?;
        // SAFETY: the size is not zero.
        let base = NonNull::new(unsafe { alloc(layout) })?;
        Some(FreshChunk { base, size_bytes, is_paired: false })
    }

    /// Asks the system for what may be a huge page, for two chunks of small objects.
    ///
    /// `None` if it has no memory, or nothing is known of huge pages there.
    pub(super) fn allocate_pair() -> Option<FreshChunk> {
        Some(FreshChunk { base: map_aligned(PAIR_BYTES)?, size_bytes: PAIR_BYTES, is_paired: true })
    }

    /// Whether a huge page may hold it.
    pub(super) fn is_paired(&self) -> bool {
        self.is_paired
    }

    /// Has the memory of a pair be a huge page.
    pub(super) fn advise_huge(&self) {
        if self.is_paired {
            // SAFETY: `map_aligned` gave it.
            unsafe { advise_huge(self.base, self.size_bytes) }
        }
    }

    /// What was begun is memory again.
    ///
    /// # Safety
    ///
    /// It had this place, size and origin when it began, and nothing refers to it any more.
    pub(super) unsafe fn from_raw(
        base: NonNull<u8>,
        size_bytes: usize,
        is_paired: bool,
    ) -> FreshChunk {
        FreshChunk { base, size_bytes, is_paired }
    }

    pub(super) fn size_bytes(&self) -> usize {
        self.size_bytes
    }

    /// Blocks of the chunks when they have begun.
    pub(super) fn block_count(&self) -> usize {
        self.size_bytes / BLOCK_BYTES - self.chunk_count()
    }

    fn chunk_count(&self) -> usize {
        1 + usize::from(self.is_paired)
    }

    /// Writes the metadata of a chunk, or of both of a pair.
    pub(super) fn begin(
        self,
        kind: ChunkKind,
        ids: NonNull<IdTable>,
    ) -> impl Iterator<Item = Chunk> {
        let memory = ManuallyDrop::new(self);
        let size_bytes = memory.size_bytes / memory.chunk_count();
        (0..memory.chunk_count()).filter_map(move |index| {
            let base = NonNull::new(memory.base.as_ptr().wrapping_add(index * size_bytes))?;
            // SAFETY: that many bytes each, as aligned as chunks are, and the chunks' own from now on.
            Some(unsafe { Chunk::begin(base, size_bytes, kind, ids, memory.is_paired) })
        })
    }
}

impl Drop for FreshChunk {
    fn drop(&mut self) {
        if self.is_paired {
            // SAFETY: `map_aligned` gave it, and whoever has this value says it is unused.
            return unsafe { unmap(self.base, self.size_bytes) };
        }
        let layout = Layout::from_size_align(self.size_bytes, CHUNK_BYTES)
            .expect("the layout it was allocated with");
        // SAFETY: `allocate` got it from `alloc` with this layout, and it is unused.
        unsafe { dealloc(self.base.as_ptr(), layout) }
    }
}
