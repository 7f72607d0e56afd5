//! Objects: that each start bit shows one, which ends before the next begins, and how much lives.

use alloc::format;
use core::ops::Range;

use super::super::large::run_bytes;
use super::super::pages::PAGE_BYTES;
use super::super::{
    BLOCK_BYTES, Block, BlockState, CHUNK_BYTES, Flag, GRANULE_BYTES, HEADER_BYTES, Header,
    ObjectRef,
};
use super::{FaultKind, Verifier};

impl Verifier<'_> {
    pub(super) fn check_objects(&mut self) {
        let heap = self.heap;
        let [mut objects, mut bytes] = [0; 2];
        for block in heap.pool.borrow().blocks() {
            let (block_objects, live_bytes) = self.check_block(block);
            if live_bytes != block.live_bytes() {
                let counted = block.live_bytes();
                let message = format!(
                    "{live_bytes} bytes live in a block that is {:?}, and {counted} were counted",
                    block.state()
                );
                self.fault(FaultKind::Census, block.mature().next(), message);
            }
            objects += block_objects;
            bytes += live_bytes;
        }
        for block in heap.large.borrow().blocks() {
            self.check_marks(block);
            for object in block.mature() {
                let end = block.chunk().base().addr() + block.chunk().size_bytes();
                objects += 1;
                bytes += self.check_header(object, end - object.start().addr());
            }
        }
        if (objects, bytes) != (heap.census.objects(), heap.census.bytes()) {
            let counted = (heap.census.objects(), heap.census.bytes());
            let message = format!(
                "{objects} objects of {bytes} bytes are mature, and {} of {} were counted",
                counted.0, counted.1
            );
            self.fault(FaultKind::Census, None, message);
        }
        self.find_young();
    }

    /// Checks the objects of a block; how many there are, and their bytes.
    fn check_block(&mut self, block: Block) -> (usize, usize) {
        self.check_marks(block);
        let [mut objects, mut live_bytes, mut last_end] = [0; 3];
        for object in block.mature() {
            let start = object.start().addr() - block.base().addr();
            let bytes = self.check_header(object, BLOCK_BYTES - start);
            if start < last_end {
                self.fault(
                    FaultKind::Header,
                    Some(object),
                    "it begins within the object before it",
                );
            }
            if block.absent_pages() & pages(start..start + bytes) != 0 {
                self.fault(
                    FaultKind::Pages,
                    Some(object),
                    "its pages were given back to the system",
                );
            }
            last_end = start + bytes;
            live_bytes += bytes;
            objects += 1;
        }
        (objects, live_bytes)
    }

    /// Checks that what is marked is an object.
    fn check_marks(&mut self, block: Block) {
        let (chunk, index) = (block.chunk(), block.index());
        let (starts, marks) = (chunk.starts().block(index), chunk.marks().block(index));
        if marks.iter().zip(starts).any(|(marks, starts)| marks & !starts != 0) {
            self.fault(FaultKind::Marks, None, "a mark is where no object begins");
        }
    }

    /// Checks the header of a mature object; its bytes.
    fn check_header(&mut self, object: ObjectRef, room_bytes: usize) -> usize {
        match self.size_of(object, room_bytes) {
            Ok(bytes) => bytes,
            Err(what) => {
                self.territory.damaged.insert(object);
                self.fault(FaultKind::Header, Some(object), format!("a start bit shows {what}"));
                0
            }
        }
    }

    /// Looks for the young objects in what was handed out: see `walk.rs`.
    fn find_young(&mut self) {
        let heap = self.heap;
        let nursery = heap.nursery.borrow();
        for (block, filled) in nursery.filled(heap.begin.get()..heap.cursor.get()) {
            let bounds = block.base()..block.end().wrapping_add(1);
            if filled.is_empty() {
                continue;
            }
            if !bounds.contains(&filled.start) || !bounds.contains(&filled.end) {
                self.fault(FaultKind::Blocks, None, "what was allocated is not in its block");
                continue;
            }
            self.find_young_in(block, filled);
        }
        let large = heap.large.borrow();
        for &object in large.young() {
            let is_in_large_chunk = large.chunks.contains(&object.chunk());
            if !is_in_large_chunk {
                self.fault(FaultKind::Large, Some(object), "a young large object is in no chunk");
                continue;
            }
            let chunk = object.chunk();
            let end = chunk.base().addr() + chunk.size_bytes();
            match self.size_of(object, end - object.start().addr()) {
                Ok(_) if object.is_mature() => {}
                // SAFETY: it has a header.
                Ok(_) if unsafe { object.header() }.has(Flag::Unlogged) => {}
                Ok(_) => self.note_young(object),
                Err(what) => {
                    self.fault(FaultKind::Large, Some(object), format!("a young object is {what}"));
                }
            }
        }
        if self.territory.is_nothing_young() && !large.young().is_empty() {
            let object = large.young().first().copied();
            self.fault(FaultKind::Large, object, "it is young still, and the nursery was settled");
        }
    }

    fn find_young_in(&mut self, block: Block, filled: Range<*mut u8>) {
        let mut start = filled.start;
        while start < filled.end {
            // SAFETY: it was allocated: there is a header or a gap (Note [Gaps]).
            if unsafe { Header::is_gap(start) } {
                start = start.wrapping_add(GRANULE_BYTES);
                continue;
            }
            let Some(object) = ObjectRef::from_ptr(start.wrapping_add(HEADER_BYTES)) else {
                return;
            };
            let room_bytes = filled.end.addr() - start.addr();
            let bytes = match self.size_of(object, room_bytes) {
                Ok(bytes) => bytes,
                Err(what) => {
                    let message = format!("where the mutator has allocated is {what}");
                    return self.fault(FaultKind::Header, Some(object), message);
                }
            };
            // SAFETY: it has a header.
            if !object.is_mature() && !unsafe { object.header() }.has(Flag::Unlogged) {
                self.note_young(object);
                let offset = start.addr() - block.base().addr();
                if block.absent_pages() & pages(offset..offset + bytes) != 0 {
                    self.fault(
                        FaultKind::Pages,
                        Some(object),
                        "its pages were given back to the system",
                    );
                }
            }
            start = start.wrapping_add(bytes);
        }
    }

    /// Notes a young object, whose header and length were looked at.
    pub(super) fn note_young(&mut self, object: ObjectRef) {
        if !self.territory.young.insert(object) {
            return;
        }
        self.young.push(object);
        // SAFETY: it has a header, and if it is an array a length.
        self.young_bytes += unsafe { object.bytes() };
        // SAFETY: it has a header.
        if unsafe { object.header() }.count() > 0 {
            self.fault(FaultKind::Count, Some(object), "it is young, and has a count");
        }
    }

    /// Where the pages of a large object begin in its chunk, and how many there are.
    pub(super) fn run_of(&self, object: ObjectRef) -> Range<usize> {
        let first = object.start().addr() % CHUNK_BYTES / PAGE_BYTES;
        // SAFETY: its header was looked at.
        first..first + unsafe { run_bytes(object) } / PAGE_BYTES
    }
}

/// A bit for each page of a block that has some of these bytes.
fn pages(bytes: Range<usize>) -> u8 {
    let pages = bytes.start / PAGE_BYTES..bytes.end.div_ceil(PAGE_BYTES).min(8);
    pages.fold(0, |mask, page| mask | 1 << page)
}

/// A block of large objects is in no other state.
pub(super) fn is_large(block: Block) -> bool {
    block.state() == BlockState::Large
}
