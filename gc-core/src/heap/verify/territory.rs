//! Which addresses are those of objects, as far as that can be told before anything is read there.

use core::cell::Cell;

use hashbrown::{HashMap, HashSet};

use super::super::chunk::ChunkKind;
use super::super::large::first_page;
use super::super::{BLOCK_BYTES, Block, BlockState, CHUNK_BYTES, Chunk, GRANULE_BYTES, Heap};
use super::super::{ObjectRef, ObjectSet};
use crate::id::AddressHash;

/// What is at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// A mature object.
    Mature,
    /// A young one, that was found where the mutator has allocated.
    Young,
    /// There may be a young one: an allocator has a block with holes, and has handed out this one.
    MaybeYoung(Block),
    /// No object.
    Nothing(&'static str),
}

/// The chunks of a heap, and what was found in them.
pub(super) struct Territory {
    /// By the number of the megabyte, with their places among all.
    chunks: HashMap<usize, (Chunk, usize), AddressHash>,
    last: Cell<Option<(usize, Chunk)>>,
    /// Young objects that were found.
    pub(super) young: ObjectSet,
    /// What a start bit shows and no header.
    pub(super) damaged: HashSet<ObjectRef, AddressHash>,
    /// Nothing is young.
    is_nothing_young: bool,
    /// The block that is allocated into, and up to where, if it may have holes.
    current: Option<(Block, usize)>,
    moves_objects: bool,
}

impl Territory {
    pub(super) fn of(heap: &Heap) -> Territory {
        let (pool, large) = (heap.pool.borrow(), heap.large.borrow());
        let chunks = pool.chunks.iter().chain(&large.chunks).enumerate();
        let number = |chunk: &Chunk| chunk.base().addr() / CHUNK_BYTES;
        let nursery = heap.nursery.borrow();
        let current = nursery.current.as_ref().map(|taken| (taken.block, heap.cursor.get().addr()));
        Territory {
            chunks: chunks.map(|(place, chunk)| (number(chunk), (*chunk, place))).collect(),
            last: Cell::new(None),
            young: ObjectSet::default(),
            damaged: HashSet::default(),
            is_nothing_young: nursery.taken_bytes == 0
                && nursery.filled.is_empty()
                && heap.region_used_bytes() == 0,
            current,
            moves_objects: heap.settings.moves_objects,
        }
    }

    /// Whether nothing was allocated since the last safepoint that collected.
    pub(super) fn is_nothing_young(&self) -> bool {
        self.is_nothing_young
    }

    /// The place of a chunk among all, and bytes from its beginning.
    pub(super) fn place(&self, object: ObjectRef) -> Option<(usize, usize)> {
        let start = object.start().addr();
        let &(_, place) = self.chunks.get(&(start / CHUNK_BYTES))?;
        Some((place, start % CHUNK_BYTES))
    }

    /// Whether the memory at this address belongs to the heap.
    pub(super) fn contains(&self, address: usize) -> bool {
        self.chunks.contains_key(&(address / CHUNK_BYTES))
    }

    #[inline]
    fn chunk(&self, start: usize) -> Option<Chunk> {
        let number = start / CHUNK_BYTES;
        match self.last.get() {
            Some((last, chunk)) if last == number => Some(chunk),
            _ => {
                let &(chunk, _) = self.chunks.get(&number)?;
                self.last.set(Some((number, chunk)));
                Some(chunk)
            }
        }
    }

    /// What is at the address of an object. Reads nothing there.
    #[inline]
    pub(super) fn standing(&self, object: ObjectRef) -> Standing {
        let start = object.start().addr();
        if !start.is_multiple_of(GRANULE_BYTES) {
            return Standing::Nothing("an address that is not aligned");
        }
        let Some(chunk) = self.chunk(start) else {
            return Standing::Nothing("an address outside of the heap");
        };
        let index = start % CHUNK_BYTES / BLOCK_BYTES;
        if index == 0 || index >= chunk.block_count() {
            return Standing::Nothing("metadata, or the end of a chunk");
        }
        // Nothing but the address of the reference is used: it may lead nowhere.
        if chunk.starts().contains(object) {
            if !self.damaged.is_empty() && self.damaged.contains(&object) {
                return Standing::Nothing("an object whose header is no more");
            }
            return Standing::Mature;
        }
        self.standing_of_young(object, Block::new(chunk, index))
    }

    #[cold]
    fn standing_of_young(&self, object: ObjectRef, block: Block) -> Standing {
        if self.young.contains(object) {
            return Standing::Young;
        }
        match block.state() {
            BlockState::Free => return Standing::Nothing("a free block"),
            BlockState::Large if !is_taken(object, block) => {
                return Standing::Nothing("free pages between large objects");
            }
            BlockState::Mature if !self.moves_objects && block.is_in_use() => {}
            _ => {
                return Standing::Nothing("a place where no object begins: what was there is dead");
            }
        }
        let start = object.start().addr();
        let is_handed_out =
            self.current.is_none_or(|(current, end)| current != block || start < end);
        if self.is_nothing_young || !is_handed_out {
            return Standing::Nothing("a hole: what was there is dead");
        }
        let before = block.mature().take_while(|other| other.start().addr() < start).last();
        // SAFETY: a start bit is set, and its header was looked at, or is in the list of the damaged.
        let end_of = |before: ObjectRef| before.start().addr() + unsafe { before.bytes() };
        match before {
            Some(before) if self.damaged.contains(&before) || end_of(before) > start => {
                Standing::Nothing("the middle of another object")
            }
            _ => Standing::MaybeYoung(block),
        }
    }
}

/// Whether the page that an address is in is an object's.
fn is_taken(object: ObjectRef, block: Block) -> bool {
    let chunk = block.chunk();
    debug_assert_eq!(chunk.kind(), ChunkKind::Large);
    chunk.size_bytes() != CHUNK_BYTES || chunk.info().pages.contains(first_page(object))
}
