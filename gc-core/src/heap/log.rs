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
use core::ops::Range;

use hashbrown::HashSet;

use super::{Flag, Heap, ObjectRef, for_each_edge_among};
use crate::id::AddressHash;

/// Elements of an array that are logged together: two cache lines of references. A longer segment
/// costs a longer walk at the store and again at the safepoint, a shorter one more entries where
/// all of an array is written.
pub const SEGMENT_LEN: usize = 16;

/// What has been modified since the last safepoint that collected.
#[derive(Debug, Default)]
pub struct Log {
    entries: Vec<Entry>,
    logged_segments: HashSet<(ObjectRef, usize), AddressHash>,
    snapshot: Vec<Option<ObjectRef>>,
    /// The root's part of the snapshot.
    root: Range<usize>,
}

#[derive(Debug)]
struct Entry {
    logged: Logged,
    /// Its part of the snapshot.
    snapshot: Range<usize>,
}

impl Log {
    /// Whether nothing was modified.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.snapshot.is_empty()
    }

    /// What the root referred to before it was borrowed mutably, in order.
    ///
    /// The snapshot is empty unless the collector's [`Barrier`](crate::collector::Barrier) asks for
    /// it. Whoever reads it may strike out entries.
    pub fn root_snapshot(&mut self) -> &mut [Option<ObjectRef>] {
        &mut self.snapshot[self.root.clone()]
    }

    /// Takes what is left of the snapshot: what the modified objects referred to before.
    pub fn take_snapshot(&mut self) -> Vec<Option<ObjectRef>> {
        self.root = 0..0;
        core::mem::take(&mut self.snapshot)
    }

    /// Gives a buffer back for reuse.
    pub fn recycle_snapshot(&mut self, mut buffer: Vec<Option<ObjectRef>>) {
        buffer.clear();
        if self.snapshot.is_empty() {
            self.snapshot = buffer;
        }
    }

    /// Empties the log but for the snapshot. Every object in it must be logged again before its next
    /// store, so `each` is called for it with the flag set again: with the whole object or with one
    /// segment of it, and with its part of the snapshot.
    ///
    /// # Safety
    ///
    /// The logged objects are live.
    pub unsafe fn drain(&mut self, mut each: impl FnMut(Logged, &mut [Option<ObjectRef>])) {
        self.forget_segments();
        for Entry { logged, snapshot } in self.entries.drain(..) {
            // SAFETY: the caller says that it is live.
            unsafe { logged.object().header() }.set(Flag::Unlogged);
            each(logged, &mut self.snapshot[snapshot]);
        }
    }
}

impl Log {
    /// Empties the set of segments, at a cost in proportion to what is in it: clearing a table
    /// touches all of it, so one that has grown far beyond its use is let go.
    fn forget_segments(&mut self) {
        if self.logged_segments.capacity() > 16 * self.logged_segments.len().max(64) {
            self.logged_segments = HashSet::default();
        } else {
            self.logged_segments.clear();
        }
    }

    /// Lets go of the memory of an empty log: much has died, and so much will not be logged soon.
    pub(crate) fn trim(&mut self) {
        if self.is_empty() {
            *self = Log::default();
        }
    }
}

/// An entry of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Logged {
    /// The whole object may have changed.
    Object(ObjectRef),
    /// Of this array, the elements from `SEGMENT_LEN` times the index on, `SEGMENT_LEN` of them.
    Segment(ObjectRef, usize),
}

impl Logged {
    /// The object.
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
            unsafe { self.write_barrier_slow(object) }
        }
    }

    unsafe fn log_object(&self, object: ObjectRef) {
        // SAFETY: the same obligations.
        unsafe { self.add_to_log(&mut self.log().borrow_mut(), Logged::Object(object)) }
    }

    unsafe fn log_segment(&self, object: ObjectRef, segment: usize) {
        let mut log = self.log().borrow_mut();
        if log.logged_segments.insert((object, segment)) {
            // SAFETY: the same obligations.
            unsafe { self.add_to_log(&mut log, Logged::Segment(object, segment)) }
        }
    }

    unsafe fn add_to_log(&self, log: &mut Log, logged: Logged) {
        let begin = log.snapshot.len();
        if self.settings().takes_snapshots {
            let (first, count) = logged.elements();
            let note = |target| log.snapshot.push(Some(target));
            // SAFETY: live, and no `&mut` into these elements, says the caller of the barrier.
            unsafe { for_each_edge_among(logged.object(), first, count, note) }
        }
        log.entries.push(Entry { logged, snapshot: begin..log.snapshot.len() });
        self.note_change();
    }

    /// Puts what the root refers to into the snapshot, before it is borrowed mutably.
    pub(crate) fn snapshot_root(&self, visit: impl FnOnce(&mut dyn FnMut(ObjectRef))) {
        let mut log = self.log().borrow_mut();
        let begin = log.snapshot.len();
        visit(&mut |target| log.snapshot.push(Some(target)));
        log.root = begin..log.snapshot.len();
    }
}
