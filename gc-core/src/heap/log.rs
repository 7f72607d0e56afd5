//! The log of modified old objects: one write barrier for every collector.
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
//! object twice in one epoch, because logging clears the flag; the collector sets it again.
//!
//! Arrays of more than [`SEGMENT_LEN`] elements are logged by segments, so that one store into a
//! large array does not cost a walk over all of it. As long as only segments of an array are
//! logged it keeps its flag, and each store asks whether its segment is.

use alloc::vec::Vec;
use core::ptr;

use hashbrown::HashSet;

use super::{Flag, Heap, ObjectRef, for_each_edge, for_each_edge_among};
use crate::id::AddressHash;

/// Elements of an array that are logged together: two cache lines of references. A longer segment
/// costs a longer walk at the store and again at the safepoint, a shorter one more entries where
/// all of an array is written.
pub const SEGMENT_LEN: usize = 16;

/// What has been modified since the last safepoint that collected.
///
/// One list of words: for each entry, what was modified, and then its snapshot, the references that
/// it held before. So an entry is as small as it can be, and is written and read in one go.
///
/// A counting collector reads it by position rather than by iterators, so that it can change the
/// rest of the heap in between.
#[derive(Debug, Default)]
pub struct Log {
    words: Vec<Word>,
    logged_segments: HashSet<(ObjectRef, usize), AddressHash>,
}

/// An object, with a tag that says what its place in the log means: nothing is at odd addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Word(*mut u8);

/// A part of a snapshot.
const REFERENCE: usize = 0;
/// The beginning of an entry: a whole object.
const OBJECT: usize = 1;
/// The beginning of an entry: an array. The next word is the index of its segment.
const SEGMENT: usize = 2;
/// The beginning of an entry: the root.
const ROOT: usize = 3;

const TAG_MASK: usize = 0b11;

impl Word {
    /// A reference that the snapshot held, and that is to be forgotten.
    const STRUCK: Word = Word(ptr::null_mut());

    #[inline]
    fn new(object: ObjectRef, tag: usize) -> Word {
        Word(object.as_ptr().map_addr(|address| address | tag))
    }

    #[inline]
    fn tag(self) -> usize {
        self.0.addr() & TAG_MASK
    }

    /// The object, whatever the tag; `None` if it was struck.
    #[inline]
    fn object(self) -> Option<ObjectRef> {
        ObjectRef::from_ptr(self.0.map_addr(|address| address & !TAG_MASK))
    }
}

/// A position in the log: the first word of an entry's snapshot that was not looked at.
#[derive(Clone, Copy, Debug, Default)]
pub struct Position(usize);

impl Log {
    /// Whether nothing was modified.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// The next entry: the position moves to the beginning of its snapshot. `None` at the end.
    #[inline]
    pub fn next(&self, position: &mut Position) -> Option<Entry> {
        loop {
            let word = *self.words.get(position.0)?;
            position.0 += 1;
            match (word.tag(), word.object()) {
                (OBJECT, Some(object)) => return Some(Entry::Heap(Logged::Object(object))),
                (SEGMENT, Some(object)) => {
                    let segment = self.words[position.0].0.addr();
                    position.0 += 1;
                    return Some(Entry::Heap(Logged::Segment(object, segment)));
                }
                (ROOT, _) => return Some(Entry::Root),
                _ => {}
            }
        }
    }

    /// Compares what a place refers to now with what it referred to then: whether the next reference
    /// is another. One that is the same is struck from the snapshot, and its loss is no loss.
    ///
    /// This compares in order, without looking ahead: a reference that has only changed its position
    /// is another, and what was there then is lost.
    #[inline]
    pub fn is_new(&mut self, position: &mut Position, now: ObjectRef) -> bool {
        match self.words.get_mut(position.0) {
            Some(then) if then.tag() == REFERENCE => {
                position.0 += 1;
                if *then == Word::new(now, REFERENCE) {
                    *then = Word::STRUCK;
                    return false;
                }
                true
            }
            _ => true,
        }
    }

    /// The next reference of all the snapshots that was not struck. `None` at the end.
    #[inline]
    pub fn next_lost(&self, position: &mut Position) -> Option<ObjectRef> {
        loop {
            let word = *self.words.get(position.0)?;
            position.0 += 1;
            match word.tag() {
                REFERENCE => {
                    if let Some(object) = word.object() {
                        return Some(object);
                    }
                }
                SEGMENT => position.0 += 1,
                _ => {}
            }
        }
    }

    /// Empties the log. Every object in it must be logged again before its next store: the caller
    /// has set the flag of each again.
    #[inline]
    pub fn clear(&mut self) {
        self.words.clear();
        if self.logged_segments.capacity() > 0 {
            self.forget_segments();
        }
    }

    /// Empties the log of a collector that takes no snapshots, and calls `each` for every entry with
    /// the flag set again.
    ///
    /// # Safety
    ///
    /// The logged objects are live.
    pub unsafe fn drain(&mut self, mut each: impl FnMut(Logged)) {
        let mut position = Position::default();
        while let Some(entry) = self.next(&mut position) {
            if let Entry::Heap(logged) = entry {
                // SAFETY: the caller says that it is live.
                unsafe { logged.object().header() }.set(Flag::Unlogged);
                each(logged);
            }
        }
        self.clear();
    }

    /// Empties the set of segments, at a cost in proportion to what is in it: clearing a table
    /// touches all of it, so one that has grown far beyond its use is let go.
    #[cold]
    fn forget_segments(&mut self) {
        if self.logged_segments.capacity() > 16 * self.logged_segments.len().max(64) {
            self.logged_segments = HashSet::default();
        } else {
            self.logged_segments.clear();
        }
    }

    #[inline]
    fn push_reference(&mut self, object: ObjectRef) {
        self.words.push(Word::new(object, REFERENCE));
    }

    /// Lets go of the memory of an empty log: much has died, and so much will not be logged soon.
    pub(crate) fn trim(&mut self) {
        if self.is_empty() {
            *self = Log::default();
        }
    }
}

/// What an entry of the log is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// The root may have changed. Logged by barriers that take snapshots only.
    Root,
    /// An object of the heap may have changed, or a part of it.
    Heap(Logged),
}

/// A modified object, or a part of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Logged {
    /// The whole object may have changed.
    Object(ObjectRef),
    /// Of this array, the elements from `SEGMENT_LEN` times the index on, `SEGMENT_LEN` of them.
    Segment(ObjectRef, usize),
}

impl Logged {
    /// The object.
    #[inline]
    #[must_use]
    pub fn object(self) -> ObjectRef {
        match self {
            Logged::Object(object) | Logged::Segment(object, _) => object,
        }
    }

    /// The logged elements: the first, and how many. For a whole object, all.
    #[must_use]
    pub fn elements(self) -> (usize, usize) {
        match self {
            Logged::Object(_) => (0, usize::MAX),
            Logged::Segment(_, segment) => (segment * SEGMENT_LEN, SEGMENT_LEN),
        }
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

    /// The write barrier for a store into one element of an array.
    ///
    /// # Safety
    ///
    /// As [`write_barrier`](Heap::write_barrier), for the element in place of the object; the
    /// object is an array.
    #[inline]
    pub(crate) unsafe fn write_barrier_at(&self, object: ObjectRef, index: usize) {
        // SAFETY: the caller says that it is live.
        if unsafe { object.header() }.has(Flag::Unlogged) {
            // SAFETY: the same obligations.
            unsafe { self.write_barrier_at_slow(object, index) }
        }
    }

    #[cold]
    #[inline(never)]
    unsafe fn write_barrier_slow(&self, object: ObjectRef) {
        // SAFETY: live, says the caller.
        let header = unsafe { object.header() };
        if header.descriptor().is_array() {
            // SAFETY: the same obligations.
            return unsafe { self.log_array(object) };
        }
        header.clear(Flag::Unlogged);
        // SAFETY: the same obligations.
        unsafe { self.log_object(object) }
    }

    #[cold]
    #[inline(never)]
    unsafe fn write_barrier_at_slow(&self, object: ObjectRef, index: usize) {
        // SAFETY: live, says the caller.
        if unsafe { object.element_count() } > SEGMENT_LEN {
            // SAFETY: the same obligations.
            unsafe { self.log_segment(object, index / SEGMENT_LEN) }
        } else {
            // SAFETY: the same obligations; of the other elements none is borrowed mutably, or the
            // object would be logged, for it is logged as a whole.
            unsafe { self.log_array(object) }
        }
    }

    unsafe fn log_array(&self, object: ObjectRef) {
        // SAFETY: live, says the caller.
        let len = unsafe { object.element_count() };
        if len > SEGMENT_LEN {
            for segment in 0..len.div_ceil(SEGMENT_LEN) {
                // SAFETY: the same obligations; a segment that is logged is passed over.
                unsafe { self.log_segment(object, segment) }
            }
        } else {
            // SAFETY: the same obligations.
            unsafe { self.log_object(object) }
        }
        // SAFETY: live, says the caller.
        unsafe { object.header() }.clear(Flag::Unlogged);
    }

    #[inline]
    unsafe fn log_object(&self, object: ObjectRef) {
        let mut log = self.log().borrow_mut();
        log.words.push(Word::new(object, OBJECT));
        if self.settings().takes_snapshots {
            // SAFETY: live, and no `&mut` into it, says the caller of the barrier.
            unsafe { for_each_edge(object, |target| log.push_reference(target)) }
        }
        self.note_change();
    }

    unsafe fn log_segment(&self, object: ObjectRef, segment: usize) {
        let mut log = self.log().borrow_mut();
        if !log.logged_segments.insert((object, segment)) {
            return;
        }
        log.words.push(Word::new(object, SEGMENT));
        log.words.push(Word(ptr::without_provenance_mut(segment)));
        if self.settings().takes_snapshots {
            let (first, count) = Logged::Segment(object, segment).elements();
            let note = |target| log.push_reference(target);
            // SAFETY: live, and no `&mut` into these elements, says the caller of the barrier.
            unsafe { for_each_edge_among(object, first, count, note) }
        }
        self.note_change();
    }

    /// Logs the root, before it is borrowed mutably.
    pub(crate) fn log_root(&self, visit: impl FnOnce(&mut dyn FnMut(ObjectRef))) {
        let mut log = self.log().borrow_mut();
        log.words.push(Word(ptr::without_provenance_mut(ROOT)));
        visit(&mut |target| log.push_reference(target));
    }
}
