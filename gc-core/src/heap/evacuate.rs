//! Copying objects: the allocator of a moving collector.

use alloc::vec::Vec;
use core::mem::MaybeUninit;

use super::{
    Block, BlockState, Exhausted, Flag, GRANULE_BYTES, HEADER_BYTES, Header, Heap, ObjectRef,
    align_up, debug_check_references, shadow,
};

/// A word that may be uninitialized: padding is copied without being read.
type Word = MaybeUninit<u64>;

/// Copies so many words, at least one.
///
/// Most objects are small: a few moves of known size, which may overlap, take less time than a call
/// that finds out how many it needs.
///
/// # Safety
///
/// Both places are so long, aligned, and distinct.
#[inline]
unsafe fn copy_words(from: *const Word, to: *mut Word, words: usize) {
    match words {
        // SAFETY: the caller's promises.
        1 => unsafe { copy_ends::<1>(from, to, words) },
        // SAFETY: as above.
        2..=4 => unsafe { copy_ends::<2>(from, to, words) },
        // SAFETY: as above.
        5..=8 => unsafe { copy_ends::<4>(from, to, words) },
        // SAFETY: as above.
        9..=16 => unsafe { copy_ends::<8>(from, to, words) },
        // SAFETY: as above.
        _ => unsafe { from.copy_to_nonoverlapping(to, words) },
    }
}

/// Copies the first `N` words and the last `N`: all, if there are at most twice as many.
///
/// # Safety
///
/// As [`copy_words`], and there are at least `N` words.
#[inline]
unsafe fn copy_ends<const N: usize>(from: *const Word, to: *mut Word, words: usize) {
    for begin in [0, words - N] {
        // SAFETY: within the words that the caller promises.
        let part = unsafe { from.wrapping_add(begin).cast::<[Word; N]>().read() };
        // SAFETY: as above.
        unsafe { to.wrapping_add(begin).cast::<[Word; N]>().write(part) }
    }
}

/// Copies objects into blocks of its own, one after the other.
///
/// A collector has one for each state that it copies into. Between collections it may keep its
/// block, which then counts as in use.
///
/// What was copied is counted when its region is full, or [`settle`](Evacuator::settle) is called:
/// an object costs no look at the metadata but for its start bit.
///
/// # Examples
///
/// ```
/// use gc_core::Reason;
/// use gc_core::collector::{Attributes, Collector, Safepoint};
/// use gc_core::heap::{BlockState, Evacuator, ObjectRef, object_bytes};
/// # use gc_core::{Arena, Gc, Rootable};
///
/// /// Copies what the root refers to, once, and frees the rest.
/// /// For arenas whose objects refer to none.
/// struct Copier(Evacuator);
///
/// // SAFETY: what the root refers to is copied, and the root is updated.
/// unsafe impl Collector for Copier {
///     const ATTRIBUTES: Attributes = {
///         let mut attributes = Attributes::new("copier");
///         attributes.moves_objects = true;
///         attributes
///     };
///
///     fn safepoint(&mut self, _: &mut Safepoint<'_>) {}
///
///     fn collect(&mut self, safepoint: &mut Safepoint<'_>, _: u8, _: Reason) {
///         let Safepoint { heap, roots, .. } = safepoint;
///         // So that no copy fails.
///         let bytes_max = heap.nursery_copy_bytes();
///         heap.pool().reserve([bytes_max]).expect("the system has memory");
///         let (nursery, drops) = (heap.take_nursery(), heap.take_young_drops());
///         roots.for_each_slot(|slot| {
///             // SAFETY: it is live until it was copied.
///             let header = unsafe { slot.get().header() };
///             let to = header.forwarded().unwrap_or_else(|| {
///                 // SAFETY: it is live, small and not forwarded.
///                 unsafe { self.0.evacuate(heap, slot.get()) }.expect("it was reserved")
///             });
///             // SAFETY: that is where it is now.
///             unsafe { slot.set(to) }
///         });
///         // SAFETY: its memory is untouched; it is where it was copied to, or dead.
///         let fate = |object: ObjectRef| unsafe { object.header() }.forwarded();
///         // SAFETY: as above, and all that lives is copied.
///         unsafe { heap.bury_young(drops, fate, |_| ()) }
///         for block in nursery {
///             // SAFETY: what lived in it was copied.
///             unsafe { heap.discard(block) }
///         }
///
///         assert!(!self.0.is_unused());
///         self.0.finish(heap);
///         assert!(!self.0.is_unused(), "its block is still to be taken");
///         let mut blocks = Vec::new();
///         self.0.take_blocks(&mut blocks);
///         assert_eq!(blocks.len(), 1);
///         blocks[0].set_state(BlockState::Mature);
///         assert_eq!(self.0.take_copied_bytes(), object_bytes(8));
///         assert!(self.0.is_unused());
///     }
/// }
///
/// impl Default for Copier {
///     fn default() -> Copier {
///         Copier(Evacuator::new(BlockState::Aging))
///     }
/// }
///
/// let mut arena: Arena<Rootable![[Gc<'_, u64>; 2]], Copier> =
///     Arena::new(|mc| [Gc::new(mc, 42); 2]);
/// let before = arena.enter(|_, root| Gc::raw(root[0]).addr());
/// arena.mutate(|mc, _| { let _ = Gc::new(mc, 1); });
/// arena.collect();
/// arena.enter(|_, root| {
///     assert!(Gc::ptr_eq(root[0], root[1]) && *root[0] == 42);
///     assert_ne!(Gc::raw(root[0]).addr(), before);
/// });
/// assert_eq!(arena.stats().live_objects, 1);
/// ```
#[derive(Debug)]
pub struct Evacuator {
    state: BlockState,
    block: Option<Block>,
    cursor: *mut u8,
    end: *mut u8,
    /// Copied into the current region and not counted yet: as many objects, from here to the cursor, but
    /// for what was wasted in front of those that are over-aligned.
    objects: usize,
    begin: *mut u8,
    waste_bytes: usize,
    /// Copied since [`take_copied_bytes`](Evacuator::take_copied_bytes) and counted.
    copied_bytes: usize,
    /// Taken since [`take_blocks`](Evacuator::take_blocks), unless they are mature.
    blocks: Vec<Block>,
}

impl Evacuator {
    /// An evacuator into blocks that get this state.
    ///
    /// See the example of [`Evacuator`].
    #[must_use]
    pub const fn new(state: BlockState) -> Evacuator {
        Evacuator {
            state,
            block: None,
            cursor: core::ptr::null_mut(),
            end: core::ptr::null_mut(),
            objects: 0,
            begin: core::ptr::null_mut(),
            waste_bytes: 0,
            copied_bytes: 0,
            blocks: Vec::new(),
        }
    }

    /// Copies an object, leaves its new address in its old header, and returns it.
    ///
    /// The copy is mature and unlogged.
    ///
    /// # Errors
    ///
    /// [`Exhausted`] if the system has no memory for a block; then nothing has changed.
    ///
    /// # Safety
    ///
    /// The object is live, small, not forwarded, and the collection runs at a safepoint.
    ///
    /// # Examples
    ///
    /// See the example of [`Evacuator`].
    #[inline]
    pub unsafe fn evacuate(
        &mut self,
        heap: &mut Heap,
        object: ObjectRef,
    ) -> Result<ObjectRef, Exhausted> {
        // SAFETY: live and not forwarded, says the caller, and at a safepoint nothing is borrowed.
        unsafe { debug_check_references(object) }
        // SAFETY: as above.
        let header = unsafe { object.header() };
        // Before anything is written: that might be the header, for all the compiler knows.
        let (header_of_copy, align_bytes) = (header.of_copy(), header.descriptor().align_bytes());
        // SAFETY: as above.
        let bytes = unsafe { object.bytes() };
        let to = self.reserve(heap, bytes, align_bytes)?;
        if header_of_copy.has(Flag::Identified) && !crate::planted!("identity-stays-behind") {
            heap.ids().relocate(object, to);
        }
        // SAFETY: `reserve` gave room for a header in front of the payload, aligned to a granule.
        unsafe { to.start().cast::<Header>().write(header_of_copy) }
        let words = (bytes - HEADER_BYTES) / GRANULE_BYTES;
        // SAFETY: both are so long behind their headers, aligned to a granule, and distinct.
        unsafe { copy_words(object.as_ptr().cast(), to.as_ptr().cast(), words) }
        // From here on only its forwarding address is used.
        header.forward(to);
        if !crate::planted!("copy-has-no-start-bit") {
            to.chunk().starts().insert(to);
        }
        self.objects += 1;
        Ok(to)
    }

    #[inline]
    fn reserve(
        &mut self,
        heap: &mut Heap,
        bytes: usize,
        align_bytes: usize,
    ) -> Result<ObjectRef, Exhausted> {
        if align_bytes > GRANULE_BYTES {
            self.align(heap, bytes, align_bytes)?;
        } else if self.room_bytes() < bytes {
            self.next_region(heap, bytes)?;
        }
        let payload = self.cursor.wrapping_add(HEADER_BYTES);
        self.cursor = self.cursor.wrapping_add(bytes);
        Ok(ObjectRef::from_ptr(payload).expect("an object is not at address zero"))
    }

    /// Bytes between the cursor and the end of the region.
    #[inline]
    fn room_bytes(&self) -> usize {
        self.end.addr() - self.cursor.addr()
    }

    /// Moves on to where an object can be placed that is over-aligned.
    #[cold]
    #[inline(never)]
    fn align(
        &mut self,
        heap: &mut Heap,
        bytes: usize,
        align_bytes: usize,
    ) -> Result<(), Exhausted> {
        let bytes_max = bytes + align_bytes - GRANULE_BYTES;
        if self.room_bytes() < bytes_max {
            self.next_region(heap, bytes_max)?;
        }
        let address = self.cursor.addr();
        let waste_bytes = align_up(address + HEADER_BYTES, align_bytes) - HEADER_BYTES - address;
        self.cursor = self.cursor.wrapping_add(waste_bytes);
        self.waste_bytes += waste_bytes;
        Ok(())
    }

    /// Takes a hole of a mature block, if that is where the objects go, or a free block.
    #[cold]
    #[inline(never)]
    fn next_region(&mut self, heap: &mut Heap, bytes: usize) -> Result<(), Exhausted> {
        let pool = heap.pool();
        let hole = match self.state {
            // With zeal, holes are not always used first.
            BlockState::Mature if pool.whim() != Some(true) => pool.take_hole(bytes),
            _ => None,
        };
        let (block, begin, end) = match hole {
            Some((block, hole)) => (block, hole.start, hole.end),
            None => {
                let block = pool.take_beyond_limit(self.state)?;
                if self.state != BlockState::Mature {
                    self.blocks.push(block);
                }
                (block, 0, super::BLOCK_BYTES)
            }
        };
        self.finish(heap);
        self.block = Some(block);
        self.cursor = block.base().wrapping_add(begin);
        self.begin = self.cursor;
        self.end = block.base().wrapping_add(end);
        shadow::handed_out(self.cursor..self.end);
        Ok(())
    }

    /// Whether no block has been taken since [`take_blocks`](Evacuator::take_blocks), and none is
    /// kept.
    ///
    /// See the example of [`Evacuator`].
    #[must_use]
    pub fn is_unused(&self) -> bool {
        self.block.is_none() && self.blocks.is_empty()
    }

    /// Counts what was copied.
    ///
    /// See the example of [`Evacuator`], where [`finish`](Evacuator::finish) does it.
    pub fn settle(&mut self, heap: &mut Heap) {
        if let Some(block) = self.block {
            let waste_bytes = core::mem::take(&mut self.waste_bytes);
            let bytes = self.cursor.addr() - self.begin.addr() - waste_bytes;
            self.begin = self.cursor;
            block.set_live_bytes(block.live_bytes() + bytes);
            heap.census.add(core::mem::take(&mut self.objects), bytes);
            self.copied_bytes += bytes;
        }
    }

    /// Bytes of the objects that were copied since the last call, as far as they are counted.
    ///
    /// See the example of [`Evacuator`].
    pub fn take_copied_bytes(&mut self) -> usize {
        core::mem::take(&mut self.copied_bytes)
    }

    /// Lets go of the current block: what is left of it is a hole like others.
    ///
    /// Without this the next collection goes on in it.
    ///
    /// See the example of [`Evacuator`].
    pub fn finish(&mut self, heap: &mut Heap) {
        self.settle(heap);
        if let Some(block) = self.block.take() {
            heap.pool().reconsider(block);
        }
        shadow::freed(self.cursor..self.end);
        self.cursor = core::ptr::null_mut();
        self.end = core::ptr::null_mut();
    }

    /// Appends the blocks that were taken since the last call to a list, unless they are mature.
    ///
    /// See the example of [`Evacuator`].
    pub fn take_blocks(&mut self, blocks: &mut Vec<Block>) {
        blocks.append(&mut self.blocks);
    }
}

impl Heap {
    /// Bytes that an evacuator takes for the young objects, at most: as many as there are, and what it
    /// wastes in front of those that are over-aligned.
    ///
    /// See the example of [`Evacuator`].
    #[must_use]
    pub fn nursery_copy_bytes(&self) -> usize {
        self.nursery_used_bytes() + self.young_waste_bytes.get()
    }

    /// Bytes that an evacuator wastes at most in front of mature objects of a block that are
    /// over-aligned: of all of them, or of those that are marked.
    ///
    /// # Complexity
    ///
    /// O(objects), if the heap ever had an over-aligned one, and O(1) otherwise.
    ///
    /// # Safety
    ///
    /// No mature object of the block is forwarded, and their memory was not used again.
    ///
    /// # Examples
    ///
    /// ```
    /// use gc_core::Reason;
    /// use gc_core::collector::{Attributes, Collector, Safepoint};
    /// # use gc_core::{Arena, Gc, Rootable, Trace};
    ///
    /// #[derive(Trace)]
    /// #[repr(align(64))]
    /// struct Aligned(u8);
    ///
    /// /// Promotes what the root refers to, and asks what it would take to copy it.
    /// #[derive(Default)]
    /// struct Asking;
    ///
    /// // SAFETY: the young object that lives is promoted; nothing is reclaimed or moved.
    /// unsafe impl Collector for Asking {
    ///     const ATTRIBUTES: Attributes = Attributes::new("asking");
    ///
    ///     fn safepoint(&mut self, _: &mut Safepoint<'_>) {}
    ///
    ///     fn collect(&mut self, safepoint: &mut Safepoint<'_>, _: u8, _: Reason) {
    ///         let Safepoint { heap, roots, .. } = safepoint;
    ///         // SAFETY: it is young, and lives.
    ///         roots.for_each_edge(|object| unsafe { heap.promote_in_place(object) });
    ///         heap.settle_nursery(true);
    ///         // SAFETY: nothing is ever forwarded or reclaimed.
    ///         let waste_bytes = |block| unsafe { heap.waste_bytes(block, false) };
    ///         assert_eq!(heap.blocks().into_iter().map(waste_bytes).sum::<usize>(), 64 - 8);
    ///     }
    /// }
    ///
    /// let mut arena: Arena<Rootable![Gc<'_, Aligned>], Asking> =
    ///     Arena::new(|mc| Gc::new(mc, Aligned(1)));
    /// arena.collect();
    /// assert_eq!(arena.enter(|_, root| root.0), 1);
    /// ```
    #[must_use]
    pub unsafe fn waste_bytes(&self, block: Block, is_marked: bool) -> usize {
        let mut waste_bytes = 0;
        let mut add = |object: ObjectRef| {
            // SAFETY: mature, not forwarded and untouched, says the caller.
            waste_bytes += unsafe { object.descriptor() }.align_bytes() - GRANULE_BYTES;
        };
        match self.is_any_over_aligned.get() {
            true if is_marked => block.for_each_marked(&mut add),
            true => block.for_each_mature(&mut add),
            false => {}
        }
        waste_bytes
    }
}
