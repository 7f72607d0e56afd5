//! The write barrier: one for every collector.
//!
//! Before the first store into an old object since the last safepoint, the object is logged. The
//! same log serves each algorithm:
//!
//! - a generational collector takes the logged objects as its remembered set;
//! - coalescing reference counting takes them as its modified objects, and the snapshot of what
//!   they referred to before the store as the decrements it owes (Levanoni and Petrank, 2001);
//! - an incremental marker would take the snapshot as its snapshot at the beginning.
//!
//! A young object is never logged: it has no `Unlogged` flag until it is promoted. Neither is an
//! object twice in one epoch, because logging clears the flag; the collector sets it again when it
//! empties the log. An object that cannot hold references is not logged at all: the first store
//! clears its flag for good.
//!
//! Arrays of more than [`SEGMENT_LEN`] elements are logged by segments, so that one store into a
//! large array does not cost a walk over all of it. Which segments are logged is noted in bits behind
//! the elements ([`SegmentBits`]). As long as only segments of an array are logged it keeps its flag,
//! and each store asks for the bit of its segment.

use core::cell::Cell;

use super::scan::adjacent_places;
use super::{Descriptor, Flag, Heap, Log, Logged, ObjectRef, References};
use crate::collector::Barrier;

/// The fewest elements of an array that are logged together, by any barrier: see
/// [`Barrier::segment_len`].
pub const SEGMENT_LEN: usize = 4;

/// A log of more bytes makes a safepoint due in any case, unless the collector [sets another
/// bound](Heap::set_log_bytes_max).
pub const LOG_BYTES_DEFAULT: usize = 4 << 20;

/// Segments whose bits share a word.
const SEGMENTS_PER_WORD: usize = u64::BITS as usize;

/// A bit for each segment of an array: whether it is logged.
///
/// They lie in the object, behind the elements and outside of what a reference to it covers.
#[derive(Clone, Copy, Debug)]
pub(super) struct SegmentBits(*mut Cell<u64>);

impl SegmentBits {
    /// Bytes of the bits of an array of so many elements: none if it is logged as a whole.
    #[inline]
    pub(super) fn size_bytes(descriptor: &Descriptor, len: usize) -> usize {
        if len <= SEGMENT_LEN || !descriptor.has_references() {
            return 0;
        }
        len.div_ceil(SEGMENT_LEN * SEGMENTS_PER_WORD) * size_of::<u64>()
    }

    /// Those of an array whose payload, which they follow, takes so many bytes.
    #[inline]
    fn behind(array: ObjectRef, payload_bytes: usize) -> SegmentBits {
        SegmentBits(array.as_ptr().wrapping_add(payload_bytes).cast())
    }

    /// The word of a segment, and its bit.
    ///
    /// # Safety
    ///
    /// The array has such a segment, and is not reclaimed while the word is used.
    #[inline]
    unsafe fn place<'a>(self, segment: usize) -> (&'a Cell<u64>, u64) {
        let word = self.0.wrapping_add(segment / SEGMENTS_PER_WORD);
        // SAFETY: within the bits, says the caller, which `clear` has initialized and nothing but
        // this type refers to.
        (unsafe { &*word }, 1 << (segment % SEGMENTS_PER_WORD))
    }

    /// Sets the bit of a segment; whether it was clear.
    ///
    /// # Safety
    ///
    /// As [`place`](SegmentBits::place).
    #[inline]
    unsafe fn insert(self, segment: usize) -> bool {
        // SAFETY: the caller's promise.
        let (word, bit) = unsafe { self.place(segment) };
        let is_new = word.get() & bit == 0;
        if !crate::planted!("segment-bit-is-not-set") {
            word.set(word.get() | bit);
        }
        is_new
    }

    /// Whether a segment is logged.
    ///
    /// # Safety
    ///
    /// As [`insert`](SegmentBits::insert).
    pub(super) unsafe fn contains(self, segment: usize) -> bool {
        // SAFETY: the caller's promise.
        let (word, bit) = unsafe { self.place(segment) };
        word.get() & bit != 0
    }

    /// Clears the bit of a segment.
    ///
    /// # Safety
    ///
    /// As [`place`](SegmentBits::place).
    #[inline]
    pub(super) unsafe fn remove(self, segment: usize) {
        // SAFETY: the caller's promise.
        let (word, bit) = unsafe { self.place(segment) };
        word.set(word.get() & !bit);
    }

    /// Initializes the bits of an array that is being made.
    ///
    /// # Safety
    ///
    /// The bits take so many bytes.
    pub(super) unsafe fn clear(self, size_bytes: usize) {
        // SAFETY: the caller's promise.
        unsafe { self.0.cast::<u8>().write_bytes(0, size_bytes) }
    }
}

impl Barrier {
    /// Elements of an array that are logged together; an array of no more is logged as a whole. A
    /// longer segment costs a longer walk at the safepoint, and at the store if there is a snapshot; a
    /// shorter one more entries where all of an array is written.
    ///
    /// # Examples
    ///
    /// ```
    /// use gc_core::collector::Barrier;
    /// use gc_core::heap::{Logged, ObjectRef};
    /// # use gc_core::{Arena, Gc, NullCollector, Rootable};
    ///
    /// # Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// # let array = ObjectRef::from_ptr(Gc::raw(Gc::new_str(mc, "")).as_ptr().cast()).unwrap();
    /// // The elements of the third segment.
    /// let (first, count) = Logged::Segment(array, 2).elements(Barrier::Snapshot);
    /// assert_eq!((first, count), (8, Barrier::Snapshot.segment_len()));
    /// // What costs less to note is noted in longer pieces.
    /// assert!(Barrier::Remember.segment_len() > Barrier::Snapshot.segment_len());
    /// # });
    /// ```
    #[must_use]
    pub const fn segment_len(self) -> usize {
        match self {
            Barrier::Remember => 4 * SEGMENT_LEN,
            Barrier::Snapshot => SEGMENT_LEN,
        }
    }
}

impl ObjectRef {
    /// Which segments of an array are logged.
    ///
    /// # Safety
    ///
    /// The object is live, and an array.
    #[inline]
    pub(super) unsafe fn segment_bits(self) -> SegmentBits {
        // SAFETY: the caller's promise.
        SegmentBits::behind(self, unsafe { self.payload_bytes() })
    }
}

impl Heap {
    /// The write barrier: run it before a store into `object`, and before a `&mut` into it exists.
    ///
    /// # Safety
    ///
    /// `object` is live and of this heap, and no `&mut` to a part of it is alive unless it was
    /// logged since the last safepoint.
    #[inline]
    pub(crate) unsafe fn write_barrier(&self, object: ObjectRef) {
        // SAFETY: the caller says that it is live.
        if unsafe { object.header() }.has(Flag::Unlogged) {
            // SAFETY: the same obligations.
            unsafe { self.write_barrier_slow(object) }
        }
    }

    /// The write barrier for a store into one element of an array of `len`.
    ///
    /// An array of which only segments are logged keeps its flag, so this is asked at each store: what
    /// follows from the type of the elements is worked out where that is known.
    ///
    /// # Safety
    ///
    /// As [`write_barrier`](Heap::write_barrier), for the element in place of the object; the
    /// object is an array of this descriptor and length, and has such an element.
    #[inline]
    pub(crate) unsafe fn write_barrier_at(
        &self,
        array: ObjectRef,
        descriptor: &Descriptor,
        len: usize,
        index: usize,
    ) {
        // SAFETY: the caller says that it is live.
        if !unsafe { array.header() }.has(Flag::Unlogged) {
            return;
        }
        if descriptor.has_references() {
            let bits = SegmentBits::behind(array, descriptor.array_bytes(len));
            // SAFETY: the same obligations.
            unsafe { self.write_barrier_at_slow(array, bits, len, index) }
        } else {
            // SAFETY: the same obligations.
            unsafe { self.write_barrier_slow(array) }
        }
    }

    #[cold]
    #[inline(never)]
    unsafe fn write_barrier_slow(&self, object: ObjectRef) {
        if crate::planted!("barrier-forgets") {
            return;
        }
        // SAFETY: live, says the caller.
        let header = unsafe { object.header() };
        let References::Words(words) = header.descriptor().references() else {
            header.clear(Flag::Unlogged);
            // SAFETY: the same obligations.
            return unsafe { self.log_rare(object) };
        };
        let mut log = self.log().borrow_mut();
        if !log.has_room() {
            drop(log);
            // SAFETY: the same obligations.
            return unsafe { self.write_barrier_grow(object) };
        }
        header.clear(Flag::Unlogged);
        let takes_snapshot = self.settings().takes_snapshots();
        // SAFETY: live, and no `&mut` into it, says the caller; `words` are its references, and
        // there is room.
        unsafe { log.push_words(object, words, takes_snapshot) }
        self.note_logged(&log);
    }

    /// The write barrier when the log has to grow before.
    #[cold]
    #[inline(never)]
    unsafe fn write_barrier_grow(&self, object: ObjectRef) {
        self.log().borrow_mut().grow();
        // SAFETY: the same obligations.
        unsafe { self.write_barrier_slow(object) }
    }

    /// Logs an object that is an array, or whose references only `visit` knows, or that has none.
    #[inline(never)]
    unsafe fn log_rare(&self, object: ObjectRef) {
        // SAFETY: live, says the caller.
        let descriptor = unsafe { object.descriptor() };
        if !descriptor.has_references() {
            return;
        }
        // SAFETY: live, says the caller.
        let len = unsafe { object.element_count() };
        let segment_len = self.settings().barrier.segment_len();
        if len > segment_len {
            // SAFETY: live, says the caller, and an array of several segments.
            let bits = unsafe { object.segment_bits() };
            for segment in 0..len.div_ceil(segment_len) {
                // SAFETY: the array has such a segment.
                if unsafe { bits.insert(segment) } {
                    // SAFETY: the same obligations.
                    unsafe { self.log_segment(object, segment) }
                }
            }
        } else {
            // SAFETY: the same obligations.
            unsafe { self.log_entry(Logged::Object(object)) }
        }
    }

    #[cold]
    #[inline(never)]
    unsafe fn write_barrier_at_slow(
        &self,
        array: ObjectRef,
        bits: SegmentBits,
        len: usize,
        index: usize,
    ) {
        let segment_len = self.settings().barrier.segment_len();
        if len <= segment_len {
            // SAFETY: the same obligations; of the other elements none is borrowed mutably, or the
            // object would be logged, for it is logged as a whole.
            return unsafe { self.write_barrier_slow(array) };
        }
        let segment = index / segment_len;
        // SAFETY: the array is of several segments, and has this one.
        if unsafe { bits.insert(segment) } {
            // SAFETY: the same obligations.
            unsafe { self.log_segment(array, segment) }
        }
    }

    /// Logs a segment of an array, of which that was just noted.
    #[inline(never)]
    unsafe fn log_segment(&self, array: ObjectRef, segment: usize) {
        let logged = Logged::Segment(array, segment);
        if self.settings().takes_snapshots()
            // SAFETY: live, and nothing in it is borrowed mutably, says the caller.
            && let Some(places) = unsafe { adjacent_places(array, logged.elements(Barrier::Snapshot)) }
            && let Some(places) = places.as_array()
        {
            let mut log = self.log().borrow_mut();
            if !log.has_room() {
                log.grow();
            }
            log.push_segment(array, segment, places);
            self.note_logged(&log);
        } else {
            // SAFETY: the same obligations.
            unsafe { self.log_entry(logged) }
        }
    }

    #[inline(never)]
    unsafe fn log_entry(&self, logged: Logged) {
        let mut log = self.log().borrow_mut();
        // SAFETY: live, and no `&mut` into what is logged, says the caller of the barrier.
        unsafe { log.push(logged, self.settings().takes_snapshots()) }
        self.note_logged(&log);
    }

    #[inline]
    fn note_logged(&self, log: &Log) {
        if log.size_bytes() > self.log_bytes_max.get() {
            self.is_due.set(true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Gc;

    #[test]
    fn there_is_a_bit_for_each_segment_of_an_array_that_has_several() {
        let references = Descriptor::of::<Gc<'static, u8>>();
        let words = |len| SegmentBits::size_bytes(references, len) / size_of::<u64>();
        assert_eq!([0, 1, 4].map(words), [0; 3]);
        assert_eq!([5, 255, 256].map(words), [1; 3]);
        assert_eq!([257, 512, 513].map(words), [2, 2, 3]);
        assert_eq!(SegmentBits::size_bytes(Descriptor::of::<u8>(), 1000), 0);
    }
}
