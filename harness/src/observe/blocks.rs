//! The heap's memory as cells of equal size, however large it is: [`BlockMap`].

use gc_core::heap::{BLOCK_BYTES, BlockState};
use gc_core::{BlockUsage, HeapView};
use gc_insight::blocks::Fragmentation;

use super::{BlockMap, Cell};

/// There are at most so many cells.
const CELLS_MAX: usize = 512;

impl BlockMap {
    /// What the memory of a heap is used for.
    pub(super) fn of(at_ns: u64, heap: &HeapView<'_>) -> BlockMap {
        let (mut small, mut large) = (Vec::new(), Vec::new());
        for block in heap.blocks() {
            match block.state {
                BlockState::Large => split(&block, &mut large),
                _ => split(&block, &mut small),
            }
        }
        // One more of each sort may be begun.
        let blocks_per_cell = (small.len() + large.len()).div_ceil(CELLS_MAX - 2).max(1);
        let mut cells = join(&small, blocks_per_cell);
        let small_cells = cells.len();
        cells.extend(join(&large, blocks_per_cell));
        let sum = Fragmentation::of(heap);
        BlockMap {
            at_ns,
            cell_bytes: (blocks_per_cell * BLOCK_BYTES) as u64,
            cells,
            small_cells,
            blocks: sum.blocks as u64,
            free_blocks: sum.free_blocks as u64,
            block_live_bytes: sum.live_bytes as u64,
            block_young_bytes: sum.young_bytes as u64,
            block_free_bytes: sum.free_bytes as u64,
            holes: sum.holes as u64,
            large_objects: sum.large_objects as u64,
            large_bytes: sum.large_bytes as u64,
        }
    }

    /// Bytes that are in use, for good or for the time being.
    pub(super) fn taken_bytes(&self) -> u64 {
        self.cells.iter().map(|cell| cell.live_bytes + cell.young_bytes).sum()
    }
}

/// The pages of a large object are as many blocks as they fill, and alike.
fn split(block: &BlockUsage, cells: &mut Vec<Cell>) {
    let count = block.size_bytes.div_ceil(BLOCK_BYTES).max(1);
    let part = |bytes: usize| (bytes / count) as u64;
    let cell = Cell { live_bytes: part(block.live_bytes), young_bytes: part(block.young_bytes) };
    cells.extend(std::iter::repeat_n(cell, count));
}

/// Makes one cell of each few that follow each other.
fn join(cells: &[Cell], count: usize) -> Vec<Cell> {
    let sum = |cells: &[Cell]| Cell {
        live_bytes: cells.iter().map(|cell| cell.live_bytes).sum(),
        young_bytes: cells.iter().map(|cell| cell.young_bytes).sum(),
    };
    cells.chunks(count).map(sum).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use gc_core::{Arena, Gc, NullCollector, Rootable};

    #[test]
    fn however_large_the_heap_the_cells_are_few_and_hold_all_of_it() {
        let mut arena = Arena::<Rootable![()], NullCollector>::new(|_| ());
        for (arrays, bytes) in [(10, 64), (1_000, 30_000), (3, 10 << 20)] {
            arena.mutate(|mc, ()| {
                (0..arrays).for_each(|_| _ = Gc::slice_from_fn(mc, bytes, |_| 1_u8));
            });
            let (map, sum, taken) = arena.inspect(|heap, ()| {
                let taken: usize =
                    heap.blocks().map(|block| block.live_bytes + block.young_bytes).sum();
                (BlockMap::of(7, heap), Fragmentation::of(heap), taken as u64)
            });
            assert!(map.cells.len() <= CELLS_MAX, "{}", map.cells.len());
            // Parts of large objects are rounded down.
            assert!(map.taken_bytes() <= taken && taken - map.taken_bytes() < 1 << 16);
            assert_eq!((map.at_ns, map.blocks), (7, sum.blocks as u64));
            assert_eq!(map.large_objects > 0, map.cells.len() > map.small_cells);
            let fits = |cell: &Cell| cell.live_bytes + cell.young_bytes <= map.cell_bytes;
            assert!(map.cells.iter().all(fits), "{map:?}");
        }
    }
}
