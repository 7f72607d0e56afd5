//! Chunks: what the heap asks of the system allocator, with the metadata of their blocks gathered
//! at the front.
//!
//! ```text
//!  offset 0    512                     16 KiB   +512                    32 KiB
//!  +-----------+-----------------------+--------+------------------------+---------+---
//!  | ChunkInfo | start bits            | Block- | mark bits              | block 1 | ..
//!  |           | (blocks 1 to 31)      | Infos  | (blocks 1 to 31)       |         |
//!  +-----------+-----------------------+--------+------------------------+---------+---
//! ```
//!
//! A chunk is aligned to [`CHUNK_BYTES`], so that the chunk, the block and the bits of an object
//! are found from its address by masking. There is one bit for each granule of 8 bytes. The bits
//! of block 0 would describe the metadata itself: their place holds the two tables.
//!
//! - A **start bit** says that a mature object starts here. Young objects have none, and this is
//!   what makes them young: [`ObjectRef::is_mature`].
//! - A **mark bit** says that the running collection reached the object. Outside of a collection the
//!   mark bits are the collector's own; one that does not use them leaves all of them clear. An object
//!   has none when it is promoted or reclaimed.
//!
//! There are no line marks: holes are read off the start bits (see `holes.rs`), so there is no
//! epoch that could wrap.

use core::cell::Cell;
use core::fmt;
use core::ops::Range;
use core::ptr::NonNull;

use super::fresh_chunk::FreshChunk;
use super::pages::PAGE_BYTES;
use super::{Block, BlockInfo, BlockState, ObjectRef, shadow};
use crate::id::IdTable;

/// The alignment of a chunk, and the size of all but the first and the huge ones.
pub const CHUNK_BYTES: usize = 1 << 20;
/// Two chunks that came from the system together, in what may be a huge page, and go back together.
pub(crate) const PAIR_BYTES: usize = 2 * CHUNK_BYTES;
/// The unit in which memory is handed to allocators.
pub const BLOCK_BYTES: usize = 1 << 15;
/// The unit of addresses: every object starts and ends at a multiple of it.
pub const GRANULE_BYTES: usize = 8;

/// Blocks in a chunk of full size, the first of which holds the metadata.
pub(crate) const BLOCKS_PER_CHUNK: usize = CHUNK_BYTES / BLOCK_BYTES;
/// Words of a bit map that describe one block: 64 words of 64 granules.
pub(crate) const WORDS_PER_BLOCK: usize = BLOCK_BYTES / GRANULE_BYTES / 64;
/// Bytes of the chunk that one word of a bit map describes.
pub(crate) const BYTES_PER_WORD: usize = 64 * GRANULE_BYTES;

/// Pages in a chunk of full size.
pub(crate) const PAGES_PER_CHUNK: usize = CHUNK_BYTES / PAGE_BYTES;

const BITMAP_BYTES: usize = CHUNK_BYTES / GRANULE_BYTES / 8;
const TABLE_BYTES: usize = BITMAP_BYTES / BLOCKS_PER_CHUNK;

static_assertions::const_assert_eq!(2 * BITMAP_BYTES, BLOCK_BYTES);
static_assertions::const_assert!(size_of::<ChunkInfo>() <= TABLE_BYTES);
static_assertions::const_assert!(size_of::<BlockInfo>() * BLOCKS_PER_CHUNK <= TABLE_BYTES);

/// What a chunk is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChunkKind {
    /// Blocks of small objects.
    Small,
    /// Runs of pages, each with one large object.
    Large,
}

pub(crate) struct ChunkInfo {
    size_bytes: usize,
    kind: ChunkKind,
    /// It is a half of a pair, which a huge page may hold.
    is_paired: bool,
    /// The identities of this heap's objects, so that an object finds its own without a context.
    ids: NonNull<IdTable>,
    /// For large objects: a bit for each page that is taken.
    pub(crate) pages: PageMap,
    /// And one for each page that is absent (see `residency.rs`).
    pub(crate) absent_pages: PageMap,
    /// For each block: what lived in it when it was last told what of it is free (see `shadow.rs`).
    pub(crate) told_live_bytes: [Cell<u32>; BLOCKS_PER_CHUNK],
}

/// A bit for each page of a chunk of full size.
#[derive(Default)]
pub(crate) struct PageMap([Cell<u64>; PAGES_PER_CHUNK / 64]);

impl PageMap {
    pub(crate) fn contains(&self, page: usize) -> bool {
        self.0[page / 64].get() >> (page % 64) & 1 == 1
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.iter().all(|word| word.get() == 0)
    }

    pub(crate) fn insert(&self, pages: Range<usize>) {
        for page in pages {
            let word = &self.0[page / 64];
            word.set(word.get() | 1 << (page % 64));
        }
    }

    /// Clears the bits; how many were set.
    pub(crate) fn remove(&self, pages: Range<usize>) -> usize {
        let count = pages.clone().filter(|&page| self.contains(page)).count();
        for page in pages {
            let word = &self.0[page / 64];
            word.set(word.get() & !(1 << (page % 64)));
        }
        count
    }
}

/// A chunk of memory, by its address.
///
/// # Examples
///
/// ```
/// # use gc_core::{heap::*, *};
/// # Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
/// let number = Gc::new(mc, 42_u64);
/// let object = ObjectRef::from_ptr(Gc::raw(number).as_ptr().cast()).unwrap();
/// let chunk = object.chunk();
/// // Its start bit will say that it is mature.
/// assert!(!chunk.starts().contains(object));
/// assert_eq!(chunk.starts().contains(object), object.is_mature());
/// # });
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Chunk(NonNull<u8>);

impl Chunk {
    /// Makes memory a chunk.
    ///
    /// # Safety
    ///
    /// At `base` there are so many bytes of memory that is the chunk's own, aligned to [`CHUNK_BYTES`].
    pub(super) unsafe fn begin(
        base: NonNull<u8>,
        size_bytes: usize,
        kind: ChunkKind,
        ids: NonNull<IdTable>,
        is_paired: bool,
    ) -> Chunk {
        let chunk = Chunk(base);
        let (pages, absent_pages) = (PageMap::default(), PageMap::default());
        let told_live_bytes = [const { Cell::new(0) }; BLOCKS_PER_CHUNK];
        let info =
            ChunkInfo { size_bytes, kind, is_paired, ids, pages, absent_pages, told_live_bytes };
        // SAFETY: the chunk begins with room for the info (asserted above) and is aligned.
        unsafe { base.cast::<ChunkInfo>().write(info) }
        for index in 0..chunk.block_count() {
            let state = match kind {
                ChunkKind::Small => BlockState::Free,
                ChunkKind::Large => BlockState::Large,
            };
            let place = chunk.block_infos().wrapping_add(index);
            // SAFETY: the table has room for every block of a chunk (asserted above).
            unsafe { place.write(BlockInfo::new(state)) }
        }
        for block in 1..chunk.block_count() {
            chunk.starts().clear_block(block);
            chunk.marks().clear_block(block);
        }
        shadow::freed(base.as_ptr().wrapping_add(BLOCK_BYTES)..chunk.end());
        chunk
    }

    /// Gives the chunk back to the system, with the other one if it is one of a pair.
    ///
    /// # Safety
    ///
    /// Nothing refers to the chunk, its other half or an object in them any more, and the other half is
    /// not given back for itself.
    pub(crate) unsafe fn free(self) {
        let first = self.first_of_pair();
        let is_paired = self.is_paired();
        let size_bytes = if is_paired { PAIR_BYTES } else { self.size_bytes() };
        shadow::handed_out(first.base()..first.base().wrapping_add(size_bytes));
        // SAFETY: it was begun in memory of that size and origin, which the caller says is unused.
        drop(unsafe { FreshChunk::from_raw(first.0, size_bytes, is_paired) });
    }

    fn is_paired(self) -> bool {
        self.info().is_paired
    }

    /// The first half of the pair; of a chunk that came for itself, the chunk.
    pub(crate) fn first_of_pair(self) -> Chunk {
        if self.is_paired() {
            Chunk::at(self.base().map_addr(|address| address & !(PAIR_BYTES - 1)))
        } else {
            self
        }
    }

    /// The halves of the pair; of a chunk that came for itself, the chunk.
    pub(crate) fn pair(self) -> impl Iterator<Item = Chunk> {
        let first = self.first_of_pair();
        let second = || Chunk::at(first.base().wrapping_add(CHUNK_BYTES));
        [Some(first), self.is_paired().then(second)].into_iter().flatten()
    }

    /// The chunk that an object lies in (for a huge object: that it starts in).
    #[inline]
    pub(crate) fn containing(object: ObjectRef) -> Chunk {
        Chunk::at(object.start())
    }

    #[inline]
    pub(crate) fn at(address: *mut u8) -> Chunk {
        let base = address.map_addr(|address| address & !(CHUNK_BYTES - 1));
        // SAFETY: chunks are not at address zero, so the masked address is not null.
        Chunk(unsafe { NonNull::new_unchecked(base) })
    }

    #[inline]
    pub(crate) fn base(self) -> *mut u8 {
        self.0.as_ptr()
    }

    fn end(self) -> *mut u8 {
        self.base().wrapping_add(self.size_bytes())
    }

    #[inline]
    pub(crate) fn info<'a>(self) -> &'a ChunkInfo {
        // SAFETY: `allocate` wrote it; it is changed only through its cells.
        unsafe { self.0.cast::<ChunkInfo>().as_ref() }
    }

    pub(crate) fn kind(self) -> ChunkKind {
        self.info().kind
    }

    pub(crate) fn size_bytes(self) -> usize {
        self.info().size_bytes
    }

    /// The identities of the heap that the chunk belongs to.
    #[inline]
    pub(crate) fn ids<'a>(self) -> &'a IdTable {
        // SAFETY: the heap keeps the table until after it has freed its chunks.
        unsafe { self.info().ids.as_ref() }
    }

    /// Blocks with metadata, block 0 included.
    pub(crate) fn block_count(self) -> usize {
        (self.size_bytes() / BLOCK_BYTES).min(BLOCKS_PER_CHUNK)
    }

    /// The blocks that objects may be in.
    pub(crate) fn blocks(self) -> impl DoubleEndedIterator<Item = Block> {
        (1..self.block_count()).map(move |index| Block::new(self, index))
    }

    #[inline]
    pub(crate) fn block_infos(self) -> *mut BlockInfo {
        self.base().wrapping_add(BITMAP_BYTES).cast()
    }

    /// The start bits.
    ///
    /// See the example of [`Chunk`].
    #[inline]
    #[must_use]
    pub fn starts(self) -> Bitmap {
        Bitmap(self.base().cast())
    }

    /// The mark bits.
    ///
    /// See the example of [`Bitmap`].
    #[inline]
    #[must_use]
    pub fn marks(self) -> Bitmap {
        Bitmap(self.base().wrapping_add(BITMAP_BYTES).cast())
    }
}

impl fmt::Debug for Chunk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chunk")
            .field("base", &self.base())
            .field("kind", &self.kind())
            .field("size_bytes", &self.size_bytes())
            .finish_non_exhaustive()
    }
}

/// One bit for each granule of a chunk; an object's is the one of its first granule.
///
/// # Examples
///
/// ```
/// # use gc_core::{heap::*, *};
/// # Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
/// let number = Gc::new(mc, 42_u64);
/// let object = ObjectRef::from_ptr(Gc::raw(number).as_ptr().cast()).unwrap();
/// let marks = object.chunk().marks();
/// assert!(marks.insert(object) && !marks.insert(object));
/// assert!(marks.contains(object));
/// assert!(marks.remove(object) && !marks.remove(object));
/// # });
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Bitmap(*mut u64);

impl Bitmap {
    /// The word and the bit in it that stand for the object.
    #[inline]
    fn place(self, object: ObjectRef) -> (*mut u64, u64) {
        let offset = object.start().addr() & (CHUNK_BYTES - 1);
        debug_assert!(offset >= BLOCK_BYTES, "an object in the metadata");
        let bit = (offset / GRANULE_BYTES) % 64;
        (self.0.wrapping_add(offset / BYTES_PER_WORD), 1 << bit)
    }

    /// Whether the object's bit is set.
    ///
    /// See the example of [`Bitmap`].
    #[inline]
    #[must_use]
    pub fn contains(self, object: ObjectRef) -> bool {
        let (word, bit) = self.place(object);
        // SAFETY: the word lies in the chunk's metadata, which `allocate` initialized.
        unsafe { word.read() & bit != 0 }
    }

    /// Sets the object's bit; whether it was clear.
    ///
    /// See the example of [`Bitmap`].
    #[inline]
    pub fn insert(self, object: ObjectRef) -> bool {
        let (word, bit) = self.place(object);
        // SAFETY: as in `contains`.
        let old = unsafe { word.read() };
        // SAFETY: as in `contains`; the metadata is only read and written word by word.
        unsafe { word.write(old | bit) }
        old & bit == 0
    }

    /// The word and the bit in it that stand for the object, where other threads set bits too.
    #[cfg(feature = "parallel")]
    #[inline]
    pub(crate) fn shared_place<'a>(
        self,
        object: ObjectRef,
    ) -> (&'a core::sync::atomic::AtomicU64, u64) {
        let (word, bit) = self.place(object);
        // SAFETY: as in `contains`; while several threads use the map, all accesses are atomic, and
        // the chunk is not freed.
        (unsafe { core::sync::atomic::AtomicU64::from_ptr(word) }, bit)
    }

    /// Clears the object's bit; whether it was set.
    ///
    /// See the example of [`Bitmap`].
    #[inline]
    pub fn remove(self, object: ObjectRef) -> bool {
        let (word, bit) = self.place(object);
        // SAFETY: as in `contains`.
        let old = unsafe { word.read() };
        // SAFETY: as in `insert`.
        unsafe { word.write(old & !bit) }
        old & bit != 0
    }

    /// The words that describe one block.
    #[inline]
    pub(crate) fn block_words(self, block_index: usize) -> *mut u64 {
        debug_assert!((1..BLOCKS_PER_CHUNK).contains(&block_index));
        self.0.wrapping_add(block_index * WORDS_PER_BLOCK)
    }

    /// A copy of the words that describe one block.
    #[inline]
    pub(crate) fn block(self, block_index: usize) -> [u64; WORDS_PER_BLOCK] {
        // SAFETY: the words lie in the chunk's metadata.
        unsafe { self.block_words(block_index).cast::<[u64; WORDS_PER_BLOCK]>().read() }
    }

    /// Whether this map and another say the same of one block.
    #[inline]
    pub(crate) fn is_equal(self, other: Bitmap, block_index: usize) -> bool {
        let words = |map: Bitmap| {
            let words = map.block_words(block_index).cast::<[u64; WORDS_PER_BLOCK]>();
            // SAFETY: the words lie in the chunk's metadata, and nobody writes to them meanwhile.
            unsafe { &*words }
        };
        words(self) == words(other)
    }

    /// Replaces the words that describe one block.
    #[inline]
    pub(crate) fn set_block(self, block_index: usize, words: [u64; WORDS_PER_BLOCK]) {
        // SAFETY: the words lie in the chunk's metadata.
        unsafe { self.block_words(block_index).cast::<[u64; WORDS_PER_BLOCK]>().write(words) }
    }

    pub(crate) fn clear_block(self, block_index: usize) {
        self.set_block(block_index, [0; WORDS_PER_BLOCK]);
    }
}
