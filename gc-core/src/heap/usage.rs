//! What the memory of the heap is used for, block by block: [`BlockUsage`].

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::iter;
use core::ops::Range;

use super::holes::OBJECT_BYTES_MIN;
use super::large::Run;
use super::nursery::Filled;
use super::pages::PAGE_BYTES;
use super::{BLOCK_BYTES, Block, BlockState, Chunk, Contents};

/// What a block is used for, or the pages of a large object, or free pages between those: see
/// [`HeapView::blocks`](crate::HeapView::blocks).
///
/// Its bytes are live, young or free: the three add up to its size.
///
/// See the example of [`HeapView::blocks`](crate::HeapView::blocks).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BlockUsage {
    /// What sort of objects it has. Of [`BlockState::Large`] are those of large objects, and of free
    /// pages between them.
    pub state: BlockState,
    /// The chunk that it lies in: the chunks of small objects are counted first, and then those of
    /// large ones.
    pub chunk: usize,
    /// Where it lies in the chunk.
    pub offset_bytes: usize,
    /// How large it is.
    pub size_bytes: usize,
    /// Bytes of its mature objects, headers included. Some of these may be garbage that was not found
    /// yet.
    pub live_bytes: usize,
    /// Bytes that were handed out since the last safepoint that collected.
    pub young_bytes: usize,
    /// Bytes of neither.
    pub free_bytes: usize,
    /// How many pieces of free memory there are in which an object fits. What is behind a large object
    /// is none: nothing is allocated there.
    pub holes: usize,
    /// Bytes of the largest of them.
    pub hole_bytes_max: usize,
}

impl BlockUsage {
    /// Whether nothing is in it.
    ///
    /// See the example of [`HeapView::blocks`](crate::HeapView::blocks).
    #[must_use]
    pub fn is_free(&self) -> bool {
        self.free_bytes == self.size_bytes
    }
}

impl<'a> Contents<'a> {
    /// What every block of small objects is used for, and then every run of pages of large ones.
    pub(crate) fn usage(self) -> impl Iterator<Item = BlockUsage> + use<'a> {
        let filled: BTreeMap<Block, Filled> =
            self.nursery.filled(self.begin..self.cursor).collect();
        let mut chunks = Chunks { last: None, count: 0 };
        let small = self.pool.blocks().map(move |block| (block.chunk(), small(block, &filled)));
        let large = self.large.runs().into_iter().map(|run| (run.chunk, large(&run)));
        small
            .chain(large)
            .map(move |(chunk, usage)| BlockUsage { chunk: chunks.place(chunk), ..usage })
    }
}

/// Counts chunks that come one after the other.
struct Chunks {
    last: Option<Chunk>,
    count: usize,
}

impl Chunks {
    fn place(&mut self, chunk: Chunk) -> usize {
        if self.last.replace(chunk) != Some(chunk) {
            self.count += 1;
        }
        self.count - 1
    }
}

/// The chunk is yet to be counted.
fn small(block: Block, filled: &BTreeMap<Block, Filled>) -> BlockUsage {
    let offset = |address: *mut u8| address.addr() - block.base().addr();
    let mature = block.mature().map(|object| {
        let start = offset(object.start());
        // SAFETY: a mature object is intact until it is reclaimed.
        start..start + unsafe { object.bytes() }
    });
    let mut taken: Vec<_> = mature.collect();
    let live_bytes = taken.iter().map(ExactSizeIterator::len).sum();
    taken.extend(filled.get(&block).map(|filled| offset(filled.start)..offset(filled.end)));
    taken.sort_unstable_by_key(|taken| taken.start);

    let mut usage = BlockUsage {
        state: block.state(),
        chunk: 0,
        offset_bytes: block.index() * BLOCK_BYTES,
        size_bytes: BLOCK_BYTES,
        live_bytes,
        young_bytes: 0,
        free_bytes: 0,
        holes: 0,
        hole_bytes_max: 0,
    };
    for gap_bytes in gaps(&taken) {
        usage.free_bytes += gap_bytes;
        if gap_bytes >= OBJECT_BYTES_MIN {
            usage.holes += 1;
            usage.hole_bytes_max = usage.hole_bytes_max.max(gap_bytes);
        }
    }
    usage.young_bytes = BLOCK_BYTES - usage.free_bytes - live_bytes;
    usage
}

/// The bytes that are free in front of each of these, which are in the order of their begins, and
/// behind the last.
fn gaps(taken: &[Range<usize>]) -> impl Iterator<Item = usize> {
    // What was promoted where it lay is in the filled region, too.
    let mut end = 0;
    let bounds = taken.iter().map(|taken| (taken.start, taken.end));
    bounds.chain(iter::once((BLOCK_BYTES, BLOCK_BYTES))).map(move |(start, next)| {
        let gap_bytes = start.saturating_sub(end);
        end = end.max(next);
        gap_bytes
    })
}

fn large(run: &Run) -> BlockUsage {
    let size_bytes = run.pages.len() * PAGE_BYTES;
    let [mut live_bytes, mut young_bytes] = [0; 2];
    if let Some(object) = run.object {
        let bytes = if object.is_mature() { &mut live_bytes } else { &mut young_bytes };
        // SAFETY: it was not reclaimed; if it is an unfinished array its header says how long it is.
        *bytes = unsafe { object.bytes() };
    }
    let free_run_bytes = if run.object.is_some() { 0 } else { size_bytes };
    BlockUsage {
        state: BlockState::Large,
        chunk: 0,
        offset_bytes: run.pages.start * PAGE_BYTES,
        size_bytes,
        live_bytes,
        young_bytes,
        free_bytes: size_bytes - live_bytes - young_bytes,
        holes: usize::from(free_run_bytes > 0),
        hole_bytes_max: free_run_bytes,
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::super::{CHUNK_BYTES, LARGE_BYTES_MIN};
    use super::*;
    use crate::{Arena, Gc, HeapView, NullCollector, Rootable};

    type Bytes = Arena<Rootable![Vec<Gc<'_, [u8]>>], NullCollector>;

    fn usage(heap: &HeapView<'_>) -> Vec<BlockUsage> {
        let usage: Vec<BlockUsage> = heap.blocks().collect();
        for block in &usage {
            let sum = block.live_bytes + block.young_bytes + block.free_bytes;
            assert_eq!(sum, block.size_bytes, "{block:?}");
            assert!(block.hole_bytes_max <= block.free_bytes, "{block:?}");
            assert_eq!(block.holes == 0, block.hole_bytes_max == 0, "{block:?}");
        }
        // They follow each other without a gap.
        for pair in usage.windows(2) {
            let is_next = pair[1].offset_bytes == pair[0].offset_bytes + pair[0].size_bytes;
            assert_eq!(is_next, pair[0].chunk == pair[1].chunk, "{pair:?}");
        }
        usage
    }

    #[test]
    fn blocks_have_the_bytes_that_were_allocated_in_them() {
        let mut arena = Bytes::new(|_| Vec::new());
        arena.mutate_root(|mc, root| {
            root.extend((0..5000).map(|len| Gc::slice_from_fn(mc, len % 300, |_| 1)));
        });
        let used_bytes = arena.stats().used_bytes;
        arena.inspect(|heap, root| {
            let usage = usage(heap);
            let taken = usage.iter().filter(|block| !block.is_free());
            assert_eq!(taken.map(|block| block.size_bytes).sum::<usize>(), used_bytes);
            let bytes: usize =
                root.iter().map(|array| crate::AnyGc::from(*array).size_bytes()).sum();
            // Nothing is ever mature here.
            assert_eq!(usage.iter().map(|block| block.young_bytes).sum::<usize>(), bytes);
            assert!(usage.iter().all(|block| block.live_bytes == 0 && block.holes <= 1));
        });
    }

    #[test]
    fn large_objects_have_runs_of_pages_and_huge_ones_a_chunk() {
        let lens = [LARGE_BYTES_MIN, 3 * PAGE_BYTES, 5 * CHUNK_BYTES / 2, 100_000];
        let mut arena = Bytes::new(|_| Vec::new());
        arena.mutate_root(|mc, root| {
            root.extend(lens.map(|len| Gc::slice_from_fn(mc, len, |_| 1)));
        });
        arena.inspect(|heap, root| {
            let usage = usage(heap);
            let large: Vec<&BlockUsage> =
                usage.iter().filter(|block| block.state == BlockState::Large).collect();
            let free: Vec<&&BlockUsage> = large.iter().filter(|run| run.is_free()).collect();
            let [rest] = free[..] else { panic!("{large:?}") };
            assert_eq!((rest.holes, rest.hole_bytes_max), (1, rest.size_bytes));
            let mut bytes: Vec<usize> =
                large.iter().map(|run| run.young_bytes).filter(|&bytes| bytes > 0).collect();
            bytes.sort_unstable();
            let mut expected: Vec<usize> =
                root.iter().map(|array| crate::AnyGc::from(*array).size_bytes()).collect();
            expected.sort_unstable();
            assert_eq!(bytes, expected);
            // The header takes a page more.
            assert!(large.iter().any(|run| run.size_bytes == 4 * PAGE_BYTES));
            assert!(large.iter().any(|run| run.size_bytes > 5 * CHUNK_BYTES / 2 && run.holes == 0));
        });
    }

    #[test]
    fn what_lies_within_something_else_leaves_no_gap() {
        let gaps: Vec<usize> = gaps(&[0..100, 20..40, 100..120, 200..BLOCK_BYTES]).collect();
        assert_eq!(gaps, [0, 0, 0, 80, 0]);
        assert!(super::gaps(&[]).eq([BLOCK_BYTES]));
    }

    #[test]
    fn an_empty_heap_has_no_blocks_in_use() {
        let mut arena = Bytes::new(|_| Vec::new());
        arena.inspect(|heap, _| assert!(usage(heap).iter().all(BlockUsage::is_free)));
    }
}
