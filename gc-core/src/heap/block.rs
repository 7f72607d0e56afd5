//! Blocks: 32 KiB of objects, and what the heap knows of each.
//!
//! ```text
//!            allocator                safepoint
//!   Free ------------------> Nursery ------------> Mature / Aging      some objects survived
//!    ^                          |
//!    +--------------------------+----------------------------------    none did
//!
//!   Free, Mature -- its holes -> Mature, in use by an allocator         collectors that move nothing
//!   Aging  ---- Tenuring -----> Mature        its objects are promoted where they lie
//!   Aging, Mature  -----------> Evacuating ----> Free          or are moved elsewhere
//! ```

use core::cell::Cell;
use core::fmt;
use core::ptr::NonNull;

use super::chunk::{BYTES_PER_WORD, WORDS_PER_BLOCK};
use super::pages::PAGE_BYTES;
use super::{BLOCK_BYTES, Chunk, GRANULE_BYTES, ObjectRef};

/// What a block is used for; decides what a collection does with an object in it.
///
/// See the example of [`Block`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum BlockState {
    /// Nothing is in it.
    Free,
    /// All objects in it are young.
    Nursery,
    /// Its mature objects outlived one safepoint of a collector with generations.
    Aging,
    /// Its mature objects are old. Young ones may lie in its holes.
    Mature,
    /// A running collection moves its objects elsewhere.
    Evacuating,
    /// A running collection makes its objects old where they lie.
    Tenuring,
    /// It is part of a chunk of large objects, which never move.
    Large,
}

impl BlockState {
    /// The number of states, for tables indexed by `state as usize`.
    pub const COUNT: usize = 7;
}

/// A block is worth searching for holes when at most this share of it is live.
const QUEUE_AT_BYTES_MAX: usize = BLOCK_BYTES / 4 * 3;

/// And when this much has died since it was searched the last time, so that a search, which reads
/// all start bits, is paid for by deaths.
const DEAD_BYTES_MIN: usize = BLOCK_BYTES / 16;

/// The metadata of one block.
pub(crate) struct BlockInfo {
    state: Cell<BlockState>,
    is_queued: Cell<bool>,
    is_in_use: Cell<bool>,
    /// A bit for each page that is absent.
    absent_pages: Cell<u8>,
    live_bytes: Cell<u32>,
    marked_bytes: Cell<u32>,
    /// The block is looked at when this much lives, or less: it is the one thing that a death has to
    /// compare with. More must die than when it was last searched; if it stands in the queue, or is in
    /// use, all must; in a block of large objects each death is looked at.
    look_at_bytes: Cell<u32>,
}

impl BlockInfo {
    pub(crate) fn new(state: BlockState) -> BlockInfo {
        BlockInfo {
            state: Cell::new(state),
            is_queued: Cell::new(false),
            is_in_use: Cell::new(false),
            absent_pages: Cell::new(0),
            live_bytes: Cell::new(0),
            marked_bytes: Cell::new(0),
            look_at_bytes: Cell::new(match state {
                BlockState::Large => u32::MAX,
                _ => QUEUE_AT_BYTES_MAX as u32,
            }),
        }
    }
}

/// A block, by its address.
///
/// # Examples
///
/// ```
/// # use gc_core::{heap::*, *};
/// # Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
/// let number = Gc::new(mc, 42_u64);
/// let object = ObjectRef::from_ptr(Gc::raw(number).as_ptr().cast()).unwrap();
/// let block = Block::containing(object);
/// // A collector that moves nothing allocates in mature blocks; what was made is not.
/// assert!(block.state() == BlockState::Mature && block.is_in_use());
/// block.for_each_mature(|object| unreachable!("{object:?} is young"));
/// assert_eq!(block.mature_objects(), 0);
/// assert_eq!((block.live_bytes(), block.marked_bytes()), (0, 0));
/// # });
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Block(NonNull<u8>);

impl Block {
    pub(crate) fn new(chunk: Chunk, index: usize) -> Block {
        debug_assert!(index > 0, "block 0 holds the metadata");
        let base = chunk.base().wrapping_add(index * BLOCK_BYTES);
        Block(NonNull::new(base).expect("a block is not at address zero"))
    }

    /// The block that an object starts in.
    ///
    /// See the example of [`Block`].
    #[inline]
    #[must_use]
    pub fn containing(object: ObjectRef) -> Block {
        let base = object.start().map_addr(|address| address & !(BLOCK_BYTES - 1));
        // SAFETY: blocks are not at address zero, so the masked address is not null.
        Block(unsafe { NonNull::new_unchecked(base) })
    }

    #[inline]
    pub(crate) fn base(self) -> *mut u8 {
        self.0.as_ptr()
    }

    #[inline]
    pub(crate) fn end(self) -> *mut u8 {
        self.base().wrapping_add(BLOCK_BYTES)
    }

    #[inline]
    pub(crate) fn chunk(self) -> Chunk {
        Chunk::at(self.base())
    }

    #[inline]
    pub(crate) fn index(self) -> usize {
        (self.base().addr() - self.chunk().base().addr()) / BLOCK_BYTES
    }

    #[inline]
    fn info<'a>(self) -> &'a BlockInfo {
        // SAFETY: the chunk's table has an entry for each of its blocks, changed through cells.
        unsafe { &*self.chunk().block_infos().wrapping_add(self.index()) }
    }

    /// What the block is used for.
    ///
    /// See the example of [`Block`].
    #[inline]
    #[must_use]
    pub fn state(self) -> BlockState {
        self.info().state.get()
    }

    /// Changes what the block is used for.
    ///
    /// See the example of [`Evacuator`](super::Evacuator).
    #[inline]
    pub fn set_state(self, state: BlockState) {
        self.info().state.set(state);
    }

    /// Whether the block stands in the queue of blocks with holes.
    pub(crate) fn is_queued(self) -> bool {
        self.info().is_queued.get()
    }

    /// Notes whether the block stands in the queue of blocks with holes.
    #[inline]
    pub(crate) fn set_queued(self, is_queued: bool) {
        let info = self.info();
        info.is_queued.set(is_queued);
        info.look_at_bytes.set(if is_queued { 0 } else { QUEUE_AT_BYTES_MAX as u32 });
    }

    /// Whether so little lives in the block that it is to be looked at.
    #[inline]
    pub(crate) fn is_to_be_looked_at(self) -> bool {
        let info = self.info();
        info.live_bytes.get() <= info.look_at_bytes.get()
    }

    /// Counts the bytes of an object that has died; whether the block is to be looked at because of
    /// that. For a block of large objects the sum may wrap: nobody asks.
    #[inline]
    pub(crate) fn remove_live_bytes(self, bytes: usize) -> bool {
        let info = self.info();
        let live_bytes = info.live_bytes.get().wrapping_sub(bytes as u32);
        info.live_bytes.set(live_bytes);
        live_bytes <= info.look_at_bytes.get()
    }

    /// Counts the bytes of an object that became mature. For a block of large objects the sum may
    /// wrap: nobody asks.
    #[inline]
    pub(crate) fn add_live_bytes(self, bytes: usize) {
        let live_bytes = &self.info().live_bytes;
        live_bytes.set(live_bytes.get().wrapping_add(bytes as u32));
    }

    /// Notes that the block has no holes, or that they are filled.
    pub(crate) fn note_search(self) {
        let next = self.live_bytes().saturating_sub(DEAD_BYTES_MIN).min(QUEUE_AT_BYTES_MAX);
        self.info().look_at_bytes.set(next as u32);
    }

    /// Notes that the block was filled anew, or that much in it may have died.
    pub(crate) fn forget_search(self) {
        self.info().look_at_bytes.set(QUEUE_AT_BYTES_MAX as u32);
    }

    /// Whether an allocator took memory of this block since the last safepoint: there may be young
    /// objects in what the start bits show as a hole.
    ///
    /// See the example of [`Block`].
    #[inline]
    #[must_use]
    pub fn is_in_use(self) -> bool {
        self.info().is_in_use.get()
    }

    #[inline]
    pub(crate) fn set_in_use(self, is_in_use: bool) {
        let info = self.info();
        info.is_in_use.set(is_in_use);
        info.look_at_bytes.set(if is_in_use { 0 } else { QUEUE_AT_BYTES_MAX as u32 });
    }

    /// A bit for each page that was given back to the system, or never taken from it. See
    /// `residency.rs`, which alone changes them.
    #[inline]
    pub(crate) fn absent_pages(self) -> u8 {
        self.info().absent_pages.get()
    }

    #[inline]
    pub(crate) fn set_absent_pages(self, absent_pages: u8) {
        self.info().absent_pages.set(absent_pages);
    }

    #[inline]
    pub(crate) fn absent_bytes(self) -> usize {
        self.absent_pages().count_ones() as usize * PAGE_BYTES
    }

    /// What lived in the block when it was last told what of it is free. See `shadow.rs`, which alone
    /// changes it, and `pool.rs`, where memory is taken.
    pub(crate) fn told_live_bytes(self) -> u32 {
        self.chunk().info().told_live_bytes[self.index()].get()
    }

    #[inline]
    pub(crate) fn set_told_live_bytes(self, live_bytes: u32) {
        self.chunk().info().told_live_bytes[self.index()].set(live_bytes);
    }

    /// Bytes that are neither live nor absent.
    pub(crate) fn idle_bytes(self) -> usize {
        (BLOCK_BYTES - self.live_bytes()).saturating_sub(self.absent_bytes())
    }

    /// Bytes of the mature objects that start in the block.
    ///
    /// See the example of [`Block`].
    #[inline]
    #[must_use]
    pub fn live_bytes(self) -> usize {
        self.info().live_bytes.get() as usize
    }

    #[inline]
    pub(crate) fn set_live_bytes(self, live_bytes: usize) {
        self.info().live_bytes.set(live_bytes as u32);
    }

    /// Counts bytes that were marked. In a block of large objects the sum may wrap: nobody asks.
    #[inline]
    pub(crate) fn add_marked_bytes(self, bytes: usize) {
        let marked_bytes = &self.info().marked_bytes;
        marked_bytes.set(marked_bytes.get().wrapping_add(bytes as u32));
    }

    #[inline]
    pub(crate) fn set_marked_bytes(self, bytes: usize) {
        self.info().marked_bytes.set(bytes as u32);
    }

    /// Bytes that were marked in this collection.
    ///
    /// See the example of [`Block`].
    #[inline]
    #[must_use]
    pub fn marked_bytes(self) -> usize {
        self.info().marked_bytes.get() as usize
    }

    #[inline]
    pub(crate) fn take_marked_bytes(self) -> usize {
        self.info().marked_bytes.take() as usize
    }

    /// Calls `each` for every mature object that starts in the block, in address order.
    ///
    /// Reads the start bits once, before the first call, so `each` may change them.
    ///
    /// See the example of [`Block`].
    pub fn for_each_mature(self, mut each: impl FnMut(ObjectRef)) {
        let words = self.chunk().starts().block(self.index());
        self.for_each_in(&words, &mut each);
    }

    /// Calls `each` for the object of every bit that is set in `words`.
    pub(crate) fn for_each_in(
        self,
        words: &[u64; WORDS_PER_BLOCK],
        each: &mut impl FnMut(ObjectRef),
    ) {
        for (index, &word) in words.iter().enumerate() {
            let mut rest = word;
            while rest != 0 {
                each(self.object_of_bit(index, &mut rest));
            }
        }
    }

    /// The mature objects that start in the block, in address order.
    ///
    /// Reads the start bits on the way.
    pub(crate) fn mature(self) -> impl Iterator<Item = ObjectRef> {
        let words = self.chunk().starts().block_words(self.index());
        (0..WORDS_PER_BLOCK).flat_map(move |index| {
            // SAFETY: the word lies in the chunk's metadata.
            let mut rest = unsafe { words.wrapping_add(index).read() };
            core::iter::from_fn(move || (rest != 0).then(|| self.object_of_bit(index, &mut rest)))
        })
    }

    /// Takes the lowest bit from what is left of a word; the object that it stands for.
    #[inline]
    fn object_of_bit(self, index: usize, rest: &mut u64) -> ObjectRef {
        let granule = rest.trailing_zeros() as usize;
        *rest &= *rest - 1;
        let offset_bytes = index * BYTES_PER_WORD + granule * GRANULE_BYTES;
        let payload = self.base().wrapping_add(offset_bytes + super::HEADER_BYTES);
        ObjectRef::from_ptr(payload).expect("an object is not at address zero")
    }
}

impl fmt::Debug for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Block")
            .field("base", &self.base())
            .field("state", &self.state())
            .field("live_bytes", &self.live_bytes())
            .finish_non_exhaustive()
    }
}
