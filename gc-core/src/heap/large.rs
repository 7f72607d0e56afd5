//! Large objects: each has a run of pages of its own, and never moves.
//!
//! They lie in chunks of their own kind, so that an object's metadata is found in the same way for
//! all objects. An object that does not fit such a chunk gets one of its size.

use alloc::vec::Vec;
use core::fmt;
use core::ops::Range;

use super::chunk::{ChunkKind, PAGES_PER_CHUNK};
use super::pages::PAGE_BYTES;
use super::pool::{Exhausted, Pool};
use super::residency::Thrift;
use super::{BLOCK_BYTES, Block, CHUNK_BYTES, Chunk, HEADER_BYTES, ObjectRef, shadow};

/// Objects above this are large. A quarter of a block, so that at most a quarter of one is wasted
/// when an object does not fit what is left of it.
pub const LARGE_BYTES_MIN: usize = 8 << 10;

/// The pages of block 0, which holds the metadata.
pub(super) const METADATA_PAGES: usize = BLOCK_BYTES / PAGE_BYTES;

/// The space of large objects.
///
/// See the example of [`Heap`](super::Heap).
pub struct LargeSpace {
    pub(super) chunks: Vec<Chunk>,
    /// Free pages that are present, in chunks of full size.
    pub(super) idle_pages: usize,
    /// Allocated since the last safepoint that collected.
    young: Vec<ObjectRef>,
}

impl LargeSpace {
    pub(crate) fn new() -> LargeSpace {
        LargeSpace { chunks: Vec::new(), idle_pages: 0, young: Vec::new() }
    }

    /// Bytes of the chunks, metadata included.
    ///
    /// See the example of [`Heap`](super::Heap).
    #[must_use]
    pub fn reserved_bytes(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.size_bytes()).sum()
    }

    /// Takes the pages for an object, and returns its payload's address, the header's place before
    /// it. The object is young.
    pub(crate) fn allocate(
        &mut self,
        pool: &mut Pool,
        bytes: usize,
        align_bytes: usize,
    ) -> Result<ObjectRef, Exhausted> {
        // The header of an over-aligned object is at the end of a page in front of the payload's.
        let lead_bytes = HEADER_BYTES.next_multiple_of(align_bytes);
        let run_bytes = bytes
            .checked_add(lead_bytes)
            .and_then(|bytes| bytes.checked_next_multiple_of(PAGE_BYTES))
            .ok_or(Exhausted)?;
        // The tables first: what they take may be missing, too.
        self.young.try_reserve(1).map_err(|_| Exhausted)?;
        self.chunks.try_reserve(1).map_err(|_| Exhausted)?;
        pool.add_other(run_bytes)?;
        let run = self.take_run(pool, run_bytes).inspect_err(|_| pool.remove_other(run_bytes))?;
        let payload = run.wrapping_add(lead_bytes);
        let object = ObjectRef::from_ptr(payload).ok_or(Exhausted)?;
        shadow::handed_out(object.start()..object.start().wrapping_add(bytes));
        self.young.push(object);
        Ok(object)
    }

    fn take_run(&mut self, pool: &mut Pool, run_bytes: usize) -> Result<*mut u8, Exhausted> {
        let pages = run_bytes / PAGE_BYTES;
        if pages > PAGES_PER_CHUNK - METADATA_PAGES {
            let size_bytes = (BLOCK_BYTES + run_bytes).next_multiple_of(BLOCK_BYTES);
            let chunk = pool.allocate_large(size_bytes)?;
            self.chunks.push(chunk);
            return Ok(chunk.base().wrapping_add(BLOCK_BYTES));
        }
        let found =
            self.chunks.iter().rev().find_map(|&chunk| Some((chunk, find_run(chunk, pages)?)));
        let (chunk, run) = match found {
            Some(found) => found,
            None => {
                let chunk = pool.allocate_large(CHUNK_BYTES)?;
                self.chunks.push(chunk);
                let fresh_pages = METADATA_PAGES..PAGES_PER_CHUNK;
                pool.residency().add_fresh_large(fresh_pages.len() * PAGE_BYTES);
                chunk.info().absent_pages.insert(fresh_pages);
                (chunk, METADATA_PAGES..METADATA_PAGES + pages)
            }
        };
        let address = chunk.base().wrapping_add(run.start * PAGE_BYTES);
        let absent_pages = chunk.info().absent_pages.remove(run.clone());
        self.idle_pages -= pages - absent_pages;
        pool.residency().take_large(run_bytes, absent_pages * PAGE_BYTES);
        chunk.info().pages.insert(run);
        Ok(address)
    }

    /// The objects allocated since the list of them was last taken.
    pub(super) fn young(&self) -> &[ObjectRef] {
        &self.young
    }

    /// Takes the list of objects allocated since it was last taken.
    ///
    /// See the example of [`Heap`](super::Heap).
    pub fn take_young(&mut self) -> Vec<ObjectRef> {
        core::mem::take(&mut self.young)
    }

    /// Gives the memory of dead large objects back.
    ///
    /// # Complexity
    ///
    /// O(n log n) for n objects, and one look at every chunk if any of them is huge.
    ///
    /// # Safety
    ///
    /// The objects are large, dead, and their drop glue has run.
    ///
    /// # Examples
    ///
    /// See the example of [`Heap::sweep`](super::Heap::sweep): the heap does this at the end of that
    /// safepoint.
    pub unsafe fn release(&mut self, pool: &mut Pool, dead: impl IntoIterator<Item = ObjectRef>) {
        let mut freed = Vec::new();
        for object in dead {
            let chunk = object.chunk();
            debug_assert_eq!(chunk.kind(), ChunkKind::Large);
            // SAFETY: dead, but its memory is not given out again yet.
            let run_bytes = unsafe { run_bytes(object) };
            pool.remove_other(run_bytes);
            chunk.starts().remove(object);
            // SAFETY: as above.
            let bytes = unsafe { object.bytes() };
            pool.tell_free(object.start()..object.start().wrapping_add(bytes));
            if chunk.size_bytes() == CHUNK_BYTES {
                let first = first_page(object);
                let pages = chunk.info().pages.remove(first..first + run_bytes / PAGE_BYTES);
                debug_assert_eq!(pages, run_bytes / PAGE_BYTES);
                self.idle_pages += pages;
            } else {
                freed.push(chunk);
            }
        }
        if freed.is_empty() {
            return;
        }
        freed.sort_unstable();
        self.chunks.retain(|chunk| freed.binary_search(chunk).is_err());
        for chunk in freed {
            // SAFETY: the chunk held one object, which is dead, and it left the list.
            unsafe { chunk.free() }
        }
    }

    /// Bytes of free pages that are present.
    fn idle_bytes(&self) -> usize {
        self.idle_pages * PAGE_BYTES
    }

    /// Gives free pages back to the system, if more of them are present than are likely to be used
    /// again.
    pub(crate) fn trim(&mut self, pool: &mut Pool, thrift: Thrift) {
        let live_bytes = self.reserved_bytes() - self.idle_bytes();
        let kept_bytes = pool.residency().kept_bytes(live_bytes, thrift);
        if self.idle_bytes() <= thrift.tolerated_bytes(kept_bytes) {
            return;
        }
        let mut excess_pages = self.idle_pages - kept_bytes / PAGE_BYTES;
        let idle_pages = &mut self.idle_pages;
        self.chunks.retain(|&chunk| {
            if excess_pages == 0 || chunk.size_bytes() != CHUNK_BYTES {
                return true;
            }
            let info = chunk.info();
            let is_idle =
                |&page: &usize| !(info.pages.contains(page) || info.absent_pages.contains(page));
            let chunk_pages = METADATA_PAGES..PAGES_PER_CHUNK;
            // Although the chunk may be freed next: the allocator that gets it might keep it.
            let pages: Vec<usize> = chunk_pages.clone().filter(is_idle).collect();
            for run in pages.chunk_by(|page, next| page + 1 == *next) {
                let run = run[0]..run[0] + run.len();
                // SAFETY: nothing is in them.
                let given_pages = unsafe { give_back(pool, chunk, run) };
                *idle_pages -= given_pages;
                excess_pages = excess_pages.saturating_sub(given_pages);
            }
            let present_pages = chunk_pages.clone().filter(is_idle).count();
            if !info.pages.is_empty() || present_pages > excess_pages {
                return true;
            }
            let bytes = chunk_pages.len() * PAGE_BYTES;
            pool.residency().forget_large(bytes, bytes - present_pages * PAGE_BYTES);
            *idle_pages -= present_pages;
            excess_pages -= present_pages;
            // SAFETY: no page of it is taken.
            unsafe { chunk.free() }
            false
        });
    }

    /// Every block that a large object may start in.
    ///
    /// See the example of [`Heap`](super::Heap).
    pub fn blocks(&self) -> impl Iterator<Item = Block> + '_ {
        self.chunks.iter().flat_map(|chunk| chunk.blocks())
    }

    /// What every page is used for, as runs in the order of their addresses: those of objects, and the
    /// free ones between them. What a huge object leaves of its chunk is a part of its run.
    pub(super) fn runs(&self) -> Vec<Run> {
        let mature = self.blocks().flat_map(|block| block.mature());
        let mut objects: Vec<ObjectRef> = mature.chain(self.young.iter().copied()).collect();
        objects.sort_unstable();
        let mut objects = objects.into_iter().peekable();
        let mut chunks = self.chunks.clone();
        chunks.sort_unstable();
        let mut runs = Vec::new();
        for chunk in chunks {
            let is_huge = chunk.size_bytes() != CHUNK_BYTES;
            let end = chunk.size_bytes() / PAGE_BYTES;
            let mut free_from = METADATA_PAGES;
            while let Some(object) = objects.next_if(|object| object.chunk() == chunk) {
                let first = first_page(object);
                if free_from < first {
                    runs.push(Run { chunk, pages: free_from..first, object: None });
                }
                // SAFETY: it was not reclaimed; if it is an unfinished array its header says how long
                // it is.
                let pages = unsafe { run_bytes(object) } / PAGE_BYTES;
                free_from = if is_huge { end } else { first + pages };
                runs.push(Run { chunk, pages: first..free_from, object: Some(object) });
            }
            if free_from < end {
                runs.push(Run { chunk, pages: free_from..end, object: None });
            }
        }
        runs
    }

    /// Calls `each` for every mature large object.
    ///
    /// See the example of [`Heap`](super::Heap).
    pub fn for_each_mature(&self, mut each: impl FnMut(ObjectRef)) {
        self.blocks().for_each(|block| block.for_each_mature(&mut each));
    }

    /// Frees all chunks.
    ///
    /// # Safety
    ///
    /// Nothing refers to a large object any more.
    pub(crate) unsafe fn free_all(&mut self) {
        self.young.clear();
        for chunk in self.chunks.drain(..) {
            // SAFETY: the caller says so.
            unsafe { chunk.free() }
        }
    }
}

impl fmt::Debug for LargeSpace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LargeSpace")
            .field("chunks", &self.chunks.len())
            .field("young", &self.young.len())
            .finish_non_exhaustive()
    }
}

/// Pages that follow each other: all of an object's, or all that are free between two.
pub(super) struct Run {
    pub(super) chunk: Chunk,
    pub(super) pages: Range<usize>,
    pub(super) object: Option<ObjectRef>,
}

/// The first page of an object's run, counted from the beginning of its chunk: that of its header.
pub(super) fn first_page(object: ObjectRef) -> usize {
    (object.start().addr() - object.chunk().base().addr()) / PAGE_BYTES
}

/// Bytes of an object's run.
///
/// # Safety
///
/// The object is large, and its header is intact.
pub(super) unsafe fn run_bytes(object: ObjectRef) -> usize {
    // SAFETY: the caller's promise.
    let bytes = unsafe { object.bytes() };
    // SAFETY: as above.
    let align_bytes = unsafe { object.descriptor() }.align_bytes();
    (bytes + HEADER_BYTES.next_multiple_of(align_bytes)).next_multiple_of(PAGE_BYTES)
}

/// The first run of this many free pages.
fn find_run(chunk: Chunk, pages: usize) -> Option<Range<usize>> {
    if chunk.size_bytes() != CHUNK_BYTES {
        return None;
    }
    let mut free = 0;
    for page in METADATA_PAGES..PAGES_PER_CHUNK {
        let is_taken = chunk.info().pages.contains(page);
        free = if is_taken { 0 } else { free + 1 };
        if free == pages {
            return Some(page + 1 - pages..page + 1);
        }
    }
    None
}

/// Gives back what the system takes of a run of free pages that are present; how many.
///
/// # Safety
///
/// Nothing is in the pages.
unsafe fn give_back(pool: &mut Pool, chunk: Chunk, run: Range<usize>) -> usize {
    let residency = pool.residency();
    let bytes = run.start * PAGE_BYTES..run.end * PAGE_BYTES;
    let Some(bytes) = residency.whole_pages(bytes) else { return 0 };
    let addresses = chunk.base().wrapping_add(bytes.start)..chunk.base().wrapping_add(bytes.end);
    // SAFETY: whole pages, in which nothing is.
    if !unsafe { residency.give_back_large(addresses) } {
        return 0;
    }
    let pages = bytes.start / PAGE_BYTES..bytes.end / PAGE_BYTES;
    chunk.info().absent_pages.insert(pages.clone());
    pages.len()
}

#[cfg(test)]
mod tests {
    use alloc::boxed::Box;
    use core::ptr::NonNull;

    use super::super::{Descriptor, Header, Settings};
    use super::*;
    use crate::id::IdTable;
    use crate::{Collector, NullCollector};

    /// More than a chunk of full size.
    type Huge = [u64; 2 * CHUNK_BYTES / 8];

    #[test]
    fn of_huge_objects_the_dead_go_and_the_others_stay() {
        let ids = NonNull::from(Box::leak(Box::<IdTable>::default()));
        let mut pool = Pool::new(ids, &Settings::new(&NullCollector::ATTRIBUTES));
        let mut large = LargeSpace::new();
        let mut objects = Vec::new();
        for _ in 0..5 {
            let bytes = HEADER_BYTES + size_of::<Huge>();
            let object = large.allocate(&mut pool, bytes, 8).expect("there is memory");
            let header = Header::new(Descriptor::of::<Huge>());
            // SAFETY: the place of the header was just allocated.
            unsafe { object.start().cast::<Header>().write(header) }
            objects.push(object);
        }
        let one_bytes = large.reserved_bytes() / 5;
        let used_bytes = pool.used_bytes() / 5;
        objects.sort_unstable();

        // Neither in the order of their addresses, nor neighbors.
        let dead = [objects[4], objects[0], objects[2]];
        // SAFETY: nothing refers to them.
        unsafe { large.release(&mut pool, dead) }
        assert_eq!(large.reserved_bytes(), 2 * one_bytes);
        assert_eq!(pool.used_bytes(), 2 * used_bytes);
        let mut chunks = large.chunks.clone();
        chunks.sort_unstable();
        assert_eq!(chunks, [objects[1].chunk(), objects[3].chunk()]);

        // SAFETY: as above.
        unsafe { large.free_all() }
        // SAFETY: it came from a box, and the chunks that had copies are gone.
        drop(unsafe { Box::from_raw(ids.as_ptr()) });
    }
}
