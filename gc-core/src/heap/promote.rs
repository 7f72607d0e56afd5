//! Promoting all of the nursery where it lies, without a trace: for a collector that expects (nearly)
//! all of it to live.
//!
//! Objects lie in a nursery block one behind the other, so its blocks can be walked as they are, with
//! no regard to what refers to what. What is dead becomes mature like the rest: it is an object with
//! all that belongs to one, whose references lead to objects, and the next trace of all that is
//! mature finds that nothing leads to it.
//!
//! A *gap* is a place at which there is no object: the memory of an array whose elements were never
//! all made, or of an object that was taken back, or what lies in front of an over-aligned object. The heap counts them. A nursery with
//! gaps is not promoted as a whole.
//!
//! Note [Gaps]: all the same one can pass over them. What lies in front of an over-aligned object is
//! filled with zeros, with which no header begins; the header of what is unfinished or was taken back
//! says how long it is, and has [`Flag::Unlogged`], which no young object has. See `walk.rs`.

use super::chunk::{BYTES_PER_WORD, WORDS_PER_BLOCK};
use super::{
    Block, Descriptor, Flag, GRANULE_BYTES, HEADER_BYTES, Heap, ObjectRef, debug_check_references,
};

impl Heap {
    /// Whether the nursery can be promoted as a whole: it has no gaps.
    ///
    /// See the example of [`Heap::promote_nursery`].
    #[must_use]
    pub fn is_nursery_walkable(&self) -> bool {
        self.gaps.get() == 0
    }

    /// Makes every object in the nursery mature where it lies, dead or alive, and large ones too.
    ///
    /// The nursery is taken afterwards, and its blocks become mature ones.
    ///
    /// # Complexity
    ///
    /// O(objects in the nursery); no reference is followed.
    ///
    /// # Safety
    ///
    /// This is a safepoint, none of the young objects is promoted yet, and the nursery is
    /// [walkable](Heap::is_nursery_walkable).
    ///
    /// # Examples
    ///
    /// ```
    /// use gc_core::Reason;
    /// use gc_core::collector::{Attributes, Collector, Safepoint};
    /// use gc_core::heap::BlockState;
    /// # use gc_core::{Arena, Gc, Rootable};
    ///
    /// /// Takes everything that was made for alive, without a look.
    /// #[derive(Default)]
    /// struct Optimist;
    ///
    /// // SAFETY: nothing is reclaimed or moved, and every young object is promoted.
    /// unsafe impl Collector for Optimist {
    ///     const ATTRIBUTES: Attributes = {
    ///         let mut attributes = Attributes::new("optimist");
    ///         // So that the nursery has blocks of its own.
    ///         attributes.moves_objects = true;
    ///         attributes
    ///     };
    ///
    ///     fn safepoint(&mut self, _: &mut Safepoint<'_>) {}
    ///
    ///     fn collect(&mut self, safepoint: &mut Safepoint<'_>, _: u8, _: Reason) {
    ///         let heap = &mut *safepoint.heap;
    ///         assert!(heap.is_nursery_walkable());
    ///         // SAFETY: this is a safepoint, and none of them is promoted yet.
    ///         unsafe { heap.promote_nursery() }
    ///         let drops = heap.take_young_drops();
    ///         // SAFETY: all young objects live, where they are.
    ///         unsafe { heap.bury_young(drops, Some, |_| ()) }
    ///         for block in heap.take_nursery() {
    ///             block.set_state(BlockState::Mature);
    ///         }
    ///     }
    /// }
    ///
    /// let mut arena: Arena<Rootable![()], Optimist> = Arena::new(|_| ());
    /// arena.mutate(|mc, ()| (0..100).for_each(|n| { let _ = Gc::new(mc, n); }));
    /// arena.collect();
    /// assert_eq!(arena.stats().live_objects, 100);
    /// ```
    pub unsafe fn promote_nursery(&mut self) {
        let nursery = self.nursery.get_mut();
        for (block, filled) in nursery.filled(self.begin.get()..self.cursor.get()) {
            debug_assert_eq!(filled.start, block.base(), "what moves is not allocated in holes");
            // SAFETY: nothing but objects lies in front of the cursor, as there are no gaps.
            let objects = unsafe { promote_block(block, filled.end) };
            self.census.add(objects, block.live_bytes());
        }
        for index in 0..self.large.get_mut().young().len() {
            let object = self.large.get_mut().young()[index];
            // SAFETY: young, says the caller, and finished: there are no gaps.
            unsafe { self.census.promote_in_place(object) }
        }
    }
}

/// Makes the objects of a block that lie in front of `end` mature; how many there are.
///
/// # Safety
///
/// There are young objects from the beginning of the block to `end`, one behind the other, and this
/// is a safepoint.
unsafe fn promote_block(block: Block, end: *mut u8) -> usize {
    let mut starts = [0; WORDS_PER_BLOCK];
    let mut objects = 0;
    let mut start = block.base();
    let mut last: Option<&'static Descriptor> = None;
    let mut bytes = 0;
    // A word of the bit map after the other, each made in a register.
    for (word, border) in starts.iter_mut().zip((0..).step_by(BYTES_PER_WORD)) {
        let border = block.base().wrapping_add(border);
        let word_end = border.wrapping_add(BYTES_PER_WORD).min(end);
        while start < word_end {
            let payload = start.wrapping_add(HEADER_BYTES);
            let object = ObjectRef::from_ptr(payload).expect("an object is not at address zero");
            // SAFETY: an object is here, says the caller, and at a safepoint nothing is borrowed.
            unsafe { debug_check_references(object) }
            // SAFETY: as above.
            let header = unsafe { object.header() };
            if !crate::planted!("unseen-is-not-watched") {
                header.set(Flag::Unlogged);
            }
            let descriptor = header.descriptor();
            // Neighbors are often of one type. The processor guesses so, and need not wait for two
            // loads to learn where the next object is.
            let is_like_last = last.is_some_and(|last| core::ptr::eq(last, descriptor));
            if !is_like_last || descriptor.is_array() {
                // SAFETY: as above.
                bytes = unsafe { object.bytes() };
                last = Some(descriptor);
            }
            *word |= 1 << ((start.addr() - border.addr()) / GRANULE_BYTES);
            objects += 1;
            start = start.wrapping_add(bytes);
        }
    }
    debug_assert_eq!(start, end, "the last object ends where the cursor is");
    block.chunk().starts().set_block(block.index(), starts);
    block.set_live_bytes(end.addr() - block.base().addr());
    objects
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use crate::collector::{Attributes, Collector, Safepoint};
    use crate::heap::BlockState;
    use crate::{Arena, Gc, Lock, Reason, Rootable, Trace};

    /// Promotes the nursery as a whole, if it can; otherwise nothing.
    #[derive(Default)]
    struct PromoteAll;

    // SAFETY: nothing is reclaimed or moved. Where the nursery is not walkable nothing is done.
    unsafe impl Collector for PromoteAll {
        const ATTRIBUTES: Attributes = {
            let mut attributes = Attributes::new("promotion of everything");
            attributes.moves_objects = true;
            attributes
        };

        fn safepoint(&mut self, safepoint: &mut Safepoint<'_>) {
            let heap = &mut *safepoint.heap;
            if heap.is_nursery_walkable() {
                // SAFETY: walkable, and nothing is ever promoted otherwise.
                unsafe { heap.promote_nursery() }
                for block in heap.take_nursery() {
                    block.set_state(BlockState::Mature);
                }
                // SAFETY: nothing was reclaimed.
                unsafe { heap.bury_young_in_place() }
            }
        }

        fn collect(&mut self, safepoint: &mut Safepoint<'_>, _: u8, _: Reason) {
            self.safepoint(safepoint);
        }
    }

    type Roots = Arena<Rootable![Vec<Gc<'_, [Gc<'_, u64>]>>], PromoteAll>;

    #[derive(Trace)]
    #[trace(crate = crate)]
    #[repr(align(64))]
    struct Aligned(u64);

    #[test]
    fn every_object_of_the_nursery_becomes_mature_dead_or_alive() {
        const ROUNDS: usize = 300;
        let mut arena = Roots::new(|_| Vec::new());
        arena.mutate_root(|mc, root| {
            for len in 0..ROUNDS {
                _ = Gc::new(mc, Lock::new(Some(Gc::new(mc, len as u64))));
                _ = Gc::new_str(mc, "seventeen letters");
                // Over many blocks, and the last ones are large.
                root.push(Gc::slice_from_fn(mc, 4 * len, |_| Gc::new(mc, len as u64)));
            }
        });
        arena.collect();
        let stats = arena.stats();
        assert_eq!(stats.live_objects as u64, stats.allocated_objects);
        assert_eq!(stats.live_bytes as u64, stats.allocated_bytes);
        let mut walked = 0;
        arena.enter(|mc, root| {
            mc.heap().for_each_mature(|_| walked += 1);
            assert!(root.iter().all(|array| array.iter().all(|number| {
                number.object().is_mature() && 4 * **number as usize == array.len()
            })));
        });
        assert_eq!(walked, stats.live_objects);
    }

    #[test]
    fn a_nursery_with_an_unfinished_array_or_an_aligned_object_is_left_alone() {
        let mut arena = Roots::new(|_| Vec::new());
        arena.collect();
        arena.enter(|mc, _| {
            let make =
                || Gc::slice_from_fn(mc, 10, |index| if index < 5 { index } else { panic!() });
            assert!(catch_unwind(AssertUnwindSafe(make)).is_err());
        });
        arena.collect();
        assert_eq!(arena.stats().live_objects, 0);

        let mut arena = Roots::new(|_| Vec::new());
        arena.enter(|mc, _| (0..2).for_each(|_| _ = Gc::new(mc, Aligned(1)).0));
        arena.collect();
        assert_eq!(arena.stats().live_objects, 0);
    }
}
