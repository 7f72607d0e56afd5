//! How full the heap's memory is, and how scattered what is free: [`Fragmentation`].

use std::fmt;

use gc_core::heap::BlockState;
use gc_core::{BlockUsage, HeapView};
use serde::Serialize;

use crate::text::Bytes;

/// Blocks are counted by how full they are, in tenths.
const TENTHS: usize = 10;

/// How the memory of a heap is used, as a sum over its blocks (see [`HeapView::blocks`]). It is printed
/// as a small table.
///
/// Memory that is free within blocks is not lost: a collector that moves nothing allocates in the
/// holes. But it cannot be given to anything else, and large objects do not fit.
///
/// # Examples
///
/// ```
/// use gc_core::{Arena, Gc, Rootable};
/// use gc_insight::blocks::Fragmentation;
/// use gc_marksweep::MarkSweep;
///
/// // Every other array dies.
/// let mut arena: Arena<Rootable![Vec<Gc<'_, [u8]>>], MarkSweep> =
///     Arena::new(|mc| (0..1000).map(|_| Gc::slice_from_fn(mc, 100, |_| 1)).collect());
/// arena.collect();
/// arena.mutate_root(|_, root| {
///     let mut number = 0;
///     root.retain(|_| { number += 1; number % 2 == 0 });
/// });
/// let fragmentation = arena.inspect(|heap, _| Fragmentation::of(heap));
/// assert!(fragmentation.holes >= 499);
/// assert!(fragmentation.free_share() > 0.4);
/// println!("{fragmentation}");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Fragmentation {
    /// Blocks of small objects in which there is something.
    pub blocks: usize,
    /// Blocks in which nothing is.
    pub free_blocks: usize,
    /// Bytes of the blocks that are not free.
    pub block_bytes: usize,
    /// Bytes of mature objects in them, headers included.
    pub live_bytes: usize,
    /// Bytes in them that were handed out since the last safepoint that collected.
    pub young_bytes: usize,
    /// Bytes of neither, in blocks that are not free.
    pub free_bytes: usize,
    /// How many pieces that free memory is in, as far as objects fit.
    pub holes: usize,
    /// Bytes of the largest of these.
    pub hole_bytes_max: usize,
    /// How many of the blocks that are not free are full to a tenth, to two, and so on up to all.
    pub by_fullness: [usize; TENTHS],
    /// Large objects.
    pub large_objects: usize,
    /// Bytes of their pages.
    pub large_bytes: usize,
    /// Bytes of their pages in which nothing is.
    pub large_waste_bytes: usize,
    /// How many runs of free pages there are between them.
    pub large_holes: usize,
    /// Bytes of these.
    pub large_free_bytes: usize,
    /// Bytes of the longest.
    pub large_hole_bytes_max: usize,
}

impl Fragmentation {
    /// Sums up the blocks of a heap.
    ///
    /// # Complexity
    ///
    /// That of [`HeapView::blocks`].
    ///
    /// # Examples
    ///
    /// See the example of [`Fragmentation`].
    #[must_use]
    pub fn of(heap: &HeapView<'_>) -> Fragmentation {
        let mut sum = Fragmentation::default();
        for block in heap.blocks() {
            match block.state {
                BlockState::Large => sum.add_large(&block),
                _ if block.is_free() => sum.free_blocks += 1,
                _ => sum.add_block(&block),
            }
        }
        sum
    }

    fn add_block(&mut self, block: &BlockUsage) {
        self.blocks += 1;
        self.block_bytes += block.size_bytes;
        self.live_bytes += block.live_bytes;
        self.young_bytes += block.young_bytes;
        self.free_bytes += block.free_bytes;
        self.holes += block.holes;
        self.hole_bytes_max = self.hole_bytes_max.max(block.hole_bytes_max);
        // Something is in it.
        let taken_bytes = block.size_bytes - block.free_bytes;
        self.by_fullness[(taken_bytes * TENTHS).div_ceil(block.size_bytes) - 1] += 1;
    }

    fn add_large(&mut self, run: &BlockUsage) {
        if run.is_free() {
            self.large_holes += 1;
            self.large_free_bytes += run.size_bytes;
            self.large_hole_bytes_max = self.large_hole_bytes_max.max(run.size_bytes);
        } else {
            self.large_objects += 1;
            self.large_bytes += run.size_bytes;
            self.large_waste_bytes += run.free_bytes;
        }
    }

    /// Which part of the blocks that are not free is free nevertheless: from 0 to 1, and 0 if there are
    /// none.
    ///
    /// See the example of [`Fragmentation`].
    #[must_use]
    pub fn free_share(&self) -> f64 {
        self.free_bytes as f64 / self.block_bytes.max(1) as f64
    }
}

impl fmt::Display for Fragmentation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = |bytes: usize| Bytes(bytes as u64);
        let Fragmentation { blocks, free_blocks, holes, .. } = self;
        write!(f, "blocks   {blocks} in use, {}; {free_blocks} free", bytes(self.block_bytes))?;
        let [live, young] = [self.live_bytes, self.young_bytes].map(bytes);
        write!(f, "\nin them  {live} live, {young} young, {} free", bytes(self.free_bytes))?;
        write!(f, " ({:.1} %)", 100.0 * self.free_share())?;
        write!(f, "\nholes    {holes}, the largest {}", bytes(self.hole_bytes_max))?;
        f.write_str("\nfullness")?;
        for (tenth, count) in self.by_fullness.iter().enumerate().filter(|(_, count)| **count > 0) {
            write!(f, " {count} up to {} %,", 10 * (tenth + 1))?;
        }
        let Fragmentation { large_objects, large_holes, .. } = self;
        write!(f, "\nlarge    {large_objects} objects, {}", bytes(self.large_bytes))?;
        write!(f, " ({} unused); ", bytes(self.large_waste_bytes))?;
        write!(f, "{large_holes} holes, {}", bytes(self.large_free_bytes))?;
        write!(f, ", the largest {}", bytes(self.large_hole_bytes_max))
    }
}
