//! Blocks: what each is used for, and the lists that they are on.

use hashbrown::HashSet;

use super::super::{BLOCK_BYTES, Block, BlockState};
use super::{FaultKind, Verifier};

impl Verifier<'_> {
    pub(super) fn check_blocks(&mut self) {
        let pool = self.heap.pool.borrow();
        let mut taken_blocks = 0;
        let [mut queued, mut free, mut in_use, mut of_nursery] = [0_usize; 4];
        let [mut free_absent_bytes, mut taken_absent_bytes] = [0; 2];
        for block in pool.blocks() {
            let state = block.state();
            if matches!(state, BlockState::Evacuating | BlockState::Tenuring | BlockState::Large) {
                self.blocks_fault(alloc::format!("the state of a block is {state:?}"));
            }
            if state == BlockState::Free {
                free += 1;
                free_absent_bytes += block.absent_bytes();
                if block.is_in_use() || block.mature().next().is_some() || block.live_bytes() > 0 {
                    self.blocks_fault("a free block has objects, or is in use");
                }
            } else {
                taken_blocks += 1;
                taken_absent_bytes += block.absent_bytes();
            }
            queued += usize::from(block.is_queued());
            in_use += usize::from(block.is_in_use());
            of_nursery += usize::from(state == BlockState::Nursery);
        }
        if taken_blocks != pool.taken_blocks {
            self.blocks_fault(alloc::format!(
                "{taken_blocks} blocks are not free, and {} were counted",
                pool.taken_blocks
            ));
        }
        self.check_block_list(
            "the list of free blocks",
            pool.free.iter().chain(&pool.quarantine).copied(),
            free,
            |block| block.state() == BlockState::Free,
        );
        let with_holes = pool.with_holes.iter().copied();
        self.check_block_list(
            "the queue of blocks with holes",
            with_holes,
            queued,
            Block::is_queued,
        );
        // What does not move is mature where it lies if it survives.
        let state_in_use = match self.heap.settings.moves_objects {
            true => BlockState::Nursery,
            false => BlockState::Mature,
        };
        let nursery = self.heap.nursery.borrow();
        let handed_out = nursery.filled.iter().chain(&nursery.current).map(|taken| taken.block);
        self.check_block_list("the nursery", handed_out.clone(), in_use, |block| {
            block.is_in_use() && block.state() == state_in_use
        });
        let young = handed_out.filter(|block| block.state() == BlockState::Nursery).count();
        if young != of_nursery {
            self.blocks_fault("a block is in the state of the nursery, and is not in it");
        }
        let residency = &pool.residency;
        let absent_bytes = (residency.free_absent_bytes(), residency.taken_absent_bytes());
        if absent_bytes != (free_absent_bytes, taken_absent_bytes) {
            let message = alloc::format!(
                "of free and taken blocks {free_absent_bytes} and {taken_absent_bytes} bytes are absent, \
                 and {absent_bytes:?} were counted"
            );
            self.fault(FaultKind::Pages, None, message);
        }
        if self.heap.region_used_bytes() > BLOCK_BYTES {
            self.blocks_fault("the region that is allocated into is larger than a block");
        }
    }

    /// Checks that a list has each of so many blocks once, and no other.
    fn check_block_list(
        &mut self,
        name: &str,
        blocks: impl Iterator<Item = Block>,
        expected: usize,
        belongs: impl Fn(Block) -> bool,
    ) {
        let mut seen = HashSet::new();
        for block in blocks {
            if !self.territory.contains(block.base().addr()) {
                self.blocks_fault(alloc::format!("{name} has a block that is no more"));
            } else if !belongs(block) {
                let state = block.state();
                self.blocks_fault(alloc::format!(
                    "{name} has a block that is {state:?}, or not noted so"
                ));
            } else if !seen.insert(block.base().addr()) {
                self.blocks_fault(alloc::format!("{name} has a block twice"));
            }
        }
        if seen.len() != expected {
            let message = alloc::format!(
                "{name} has {} blocks, and {expected} are noted as such",
                seen.len()
            );
            self.blocks_fault(message);
        }
    }

    fn blocks_fault(&mut self, message: impl Into<alloc::string::String>) {
        self.fault(FaultKind::Blocks, None, message);
    }
}
