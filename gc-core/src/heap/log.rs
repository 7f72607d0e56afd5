//! The log of modified old objects: what the write barrier keeps (see `barrier.rs`).
//!
//! One list of words: for each entry, what was modified, and then its *snapshot*, the references
//! that it held before. So an entry is as small as it can be, and is written and read in one go.
//!
//! ```text
//!  object|1  ref ref ref   array|2  segment  ref ref ref ref   object|1  ..
//!  whole object            4 elements of an array
//! ```
//!
//! Where the references of an object are at fixed words, its snapshot has one word for each of them,
//! null for nothing. So what a place refers to now is compared with what it referred to then,
//! whatever became of its neighbors. Where only `visit` knows, the snapshot has the references in
//! the order of the visit, and the two are compared in that order.
//!
//! The root is compared in that way, too, but its snapshot stays: what it was found to refer to is what
//! it is compared with the next time. So to borrow it mutably costs no more than a note that it is dirty.

use alloc::vec::Vec;
use core::mem;

use super::log_words::{OBJECT, REFERENCE, SEGMENT, Word, Words, compare_rare};
use super::scan::{OnlyVisitKnows, adjacent_places, for_each_place, for_each_word};
use super::{Flag, ObjectRef, References, SEGMENT_LEN, for_each_edge_among};
use crate::collector::{Barrier, Roots};

/// What has been modified since the last safepoint that collected, of what can refer to others.
///
/// # Examples
///
/// ```
/// use gc_core::Reason;
/// use gc_core::collector::{Attributes, Collector, Safepoint};
/// use gc_core::heap::LOG_BYTES_DEFAULT;
/// # use gc_core::{Arena, Gc, Lock, Rootable};
///
/// /// Promotes what the root refers to, once, and then counts what is modified.
/// #[derive(Default)]
/// struct Modified(usize);
///
/// // SAFETY: nothing is reclaimed or moved, and all young objects are promoted.
/// unsafe impl Collector for Modified {
///     const ATTRIBUTES: Attributes = Attributes::new("modified");
///
///     fn safepoint(&mut self, _: &mut Safepoint<'_>) {}
///
///     fn collect(&mut self, safepoint: &mut Safepoint<'_>, _: u8, _: Reason) {
///         let Safepoint { heap, roots, .. } = safepoint;
///         // SAFETY: nothing is ever reclaimed.
///         unsafe { heap.log_mut().drain(|_| self.0 += 1) }
///         assert!(heap.log_mut().is_empty() && heap.log_mut().size_bytes() == 0);
///         roots.for_each_edge(|object| {
///             if !object.is_mature() {
///                 // SAFETY: it is young, and lives.
///                 unsafe { heap.promote_in_place(object) }
///             }
///         });
///         heap.set_log_bytes_max(LOG_BYTES_DEFAULT / 2);
///         heap.settle_nursery(true);
///         safepoint.collection.unreachable = self.0;
///     }
/// }
///
/// type Slot = Rootable![Gc<'_, Lock<Option<Gc<'_, u32>>>>];
/// let mut arena: Arena<Slot, Modified> = Arena::new(|mc| Gc::new(mc, Lock::new(None)));
/// arena.mutate(|mc, slot| slot.set(mc, None));
/// assert_eq!(arena.collect().unreachable, 0, "it was young");
/// arena.mutate(|mc, slot| (0..5).for_each(|_| slot.set(mc, None)));
/// assert_eq!(arena.collect().unreachable, 1, "it is logged once, whatever was written to it");
/// ```
#[derive(Debug, Default)]
pub struct Log {
    words: Vec<Word>,
    /// What the root referred to when it was last compared.
    root: Vec<ObjectRef>,
}

/// Words of an entry about an object that is no array, at most: a tag, and a snapshot of the places
/// that a map of 64 words can name.
const ENTRY_WORDS_MAX: usize = 1 + u64::BITS as usize;

/// What a log of more words is about does not stay in the cache.
const WORDS_MANY: usize = if cfg!(gc_zeal) { 0 } else { 4096 };

/// A log of fewer bytes grows by doubling.
const LOG_BYTES_SMALL: usize = 1 << 20;
/// One of more takes as much as this at once: the log of the longest epoch of a counting collector, and a
/// quarter more for the `mutate` that ends it.
const LOG_BYTES_RESERVED: usize = 40 << 20;

/// A modified object, or a part of one.
///
/// See the example of [`Barrier::segment_len`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Logged {
    /// The whole object may have changed.
    Object(ObjectRef),
    /// Of this array, a segment: by its index. How long it is says [`Barrier::segment_len`].
    Segment(ObjectRef, usize),
}

impl Logged {
    /// The object.
    ///
    /// See the example of [`Log`].
    #[inline]
    #[must_use]
    pub fn object(self) -> ObjectRef {
        match self {
            Logged::Object(object) | Logged::Segment(object, _) => object,
        }
    }

    /// The logged elements: the first, and how many. For a whole object, all.
    ///
    /// See the example of [`Barrier::segment_len`].
    #[inline]
    #[must_use]
    pub fn elements(self, barrier: Barrier) -> (usize, usize) {
        match self {
            Logged::Object(_) => (0, usize::MAX),
            Logged::Segment(_, segment) => (segment * barrier.segment_len(), barrier.segment_len()),
        }
    }

    /// Has the barrier log it again before the next store.
    ///
    /// # Safety
    ///
    /// The object is live.
    #[inline]
    unsafe fn forget(self) {
        // SAFETY: live, says the caller.
        unsafe { self.object().header() }.set(Flag::Unlogged);
        if let Logged::Segment(array, segment) = self
            && !crate::planted!("segment-bit-stays")
        {
            // SAFETY: live, says the caller, and only arrays are logged by segments.
            let bits = unsafe { array.segment_bits() };
            // SAFETY: it was logged, so the array has it.
            unsafe { bits.remove(segment) }
        }
    }
}

impl Log {
    /// Whether nothing was modified.
    ///
    /// See the example of [`Log`].
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Bytes of the log: how much was modified.
    ///
    /// See the example of [`Log`].
    #[inline]
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        self.words.len() * size_of::<Word>()
    }

    /// Logs an object whose references are in these words: the commonest kind, and the fast lane.
    ///
    /// # Safety
    ///
    /// 1. As [`push`](Log::push), and the words of the payload that `words` names are its references.
    /// 2. The log [has room](Log::has_room).
    #[inline]
    pub(super) unsafe fn push_words(
        &mut self,
        object: ObjectRef,
        words: u64,
        takes_snapshot: bool,
    ) {
        let begin = self.words.len();
        let buffer = self.words.as_mut_ptr();
        // SAFETY: there is room for `ENTRY_WORDS_MAX` words from `begin` on (obligation 2).
        unsafe { buffer.wrapping_add(begin).write(Word::new(object, OBJECT)) }
        let mut end = begin + 1;
        if takes_snapshot {
            let note = |place: *mut Option<ObjectRef>| {
                // SAFETY: `for_each_word` passes places that hold references or null.
                let reference = unsafe { place.read() };
                // SAFETY: as above; a map names at most 64 places.
                unsafe { buffer.wrapping_add(end).write(Word::reference(reference)) }
                end += 1;
            };
            // SAFETY: the caller says that these words are references.
            unsafe { for_each_word(object.as_ptr().cast(), words, note) }
        }
        // SAFETY: all words up to there were written.
        unsafe { self.words.set_len(end) }
    }

    /// Whether there is room for an object that is no array.
    #[inline]
    pub(super) fn has_room(&self) -> bool {
        self.words.capacity() - self.words.len() >= ENTRY_WORDS_MAX
    }

    /// Makes room.
    pub(super) fn grow(&mut self) {
        let reserved = LOG_BYTES_RESERVED / size_of::<Word>();
        if self.size_bytes() > LOG_BYTES_SMALL && self.words.capacity() < reserved {
            // All that it is likely to need, so that there is nothing to copy again, and no smaller log is
            // left behind: what is not used of it takes no memory. If it cannot be had, less will do.
            _ = self.words.try_reserve_exact(reserved - self.words.len());
        }
        self.words.reserve(ENTRY_WORDS_MAX);
    }

    /// Logs a segment of an array, and what its places hold: the fast lane for arrays of references.
    ///
    /// The log [has room](Log::has_room), or this is slow.
    #[inline]
    pub(super) fn push_segment(
        &mut self,
        array: ObjectRef,
        segment: usize,
        places: &[Option<ObjectRef>; SEGMENT_LEN],
    ) {
        let mut entry = [Word::NOTHING; 2 + SEGMENT_LEN];
        entry[0] = Word::new(array, SEGMENT);
        entry[1] = Word::of_index(segment);
        for (word, &place) in entry[2..].iter_mut().zip(places) {
            *word = Word::reference(place);
        }
        if crate::planted!("snapshot-misses-last") {
            entry[1 + SEGMENT_LEN] = Word::NOTHING;
        }
        self.words.extend_from_slice(&entry);
    }

    /// Logs an object or a part of one.
    ///
    /// # Safety
    ///
    /// The object is live, and if there is to be a snapshot, no `&mut` to what it covers is alive.
    pub(super) unsafe fn push(&mut self, logged: Logged, takes_snapshot: bool) {
        match logged {
            Logged::Object(object) => self.words.push(Word::new(object, OBJECT)),
            Logged::Segment(array, segment) => {
                self.words.push(Word::new(array, SEGMENT));
                self.words.push(Word::of_index(segment));
            }
        }
        if !takes_snapshot {
            return;
        }
        let (object, (first, count)) = (logged.object(), logged.elements(Barrier::Snapshot));
        // SAFETY: the caller's promises.
        if let Some(places) = unsafe { adjacent_places(object, (first, count)) } {
            self.words.extend(places.iter().map(|&reference| Word::reference(reference)));
            return;
        }
        let note = |reference| self.words.push(Word::reference(reference));
        // SAFETY: the caller's promises.
        let noted = unsafe { for_each_place(object, (first, count), note) };
        if let Err(OnlyVisitKnows) = noted {
            let note = |target| self.words.push(Word::new(target, REFERENCE));
            // SAFETY: the caller's promises.
            unsafe { for_each_edge_among(object, first, count, note) }
        }
    }

    /// Compares what each logged place refers to now with its snapshot, and calls `gained` for what
    /// is new. What places have lost is all that is left in the log then: see [`Log::lost`]. What has
    /// not changed is neither, and its target is not touched.
    ///
    /// Every object is logged again before its next store. The root is compared if it is dirty, with what
    /// it referred to when it was compared last, or with nothing if it is new, and is clean then: all of
    /// what a new root refers to is gained.
    ///
    /// # Complexity
    ///
    /// O(words of the log), and O(references of the root) if it is dirty.
    ///
    /// # Safety
    ///
    /// This is a safepoint, the logged objects are live, and the log has snapshots.
    ///
    /// # Examples
    ///
    /// ```
    /// use gc_core::Reason;
    /// use gc_core::collector::{Attributes, Barrier, Collector, Safepoint};
    /// # use gc_core::{Gc, Lock, Rootable};
    /// use std::{cell::RefCell, rc::Rc};
    ///
    /// /// Reports how many references the places of old objects gained and lost.
    /// #[derive(Default)]
    /// struct Differences(Rc<RefCell<Vec<(usize, usize)>>>);
    ///
    /// // SAFETY: nothing is reclaimed or moved, and what is young and lives is promoted.
    /// unsafe impl Collector for Differences {
    ///     const ATTRIBUTES: Attributes = {
    ///         let mut attributes = Attributes::new("differences");
    ///         attributes.barrier = Barrier::Snapshot;
    ///         attributes
    ///     };
    ///
    ///     fn safepoint(&mut self, _: &mut Safepoint<'_>) {}
    ///
    ///     fn collect(&mut self, safepoint: &mut Safepoint<'_>, _: u8, _: Reason) {
    ///         let Safepoint { heap, roots, .. } = safepoint;
    ///         let mut gained = Vec::new();
    ///         let (log, census) = heap.log_and_census();
    ///         // SAFETY: nothing is ever reclaimed, and the attributes ask for snapshots.
    ///         unsafe { log.compare(roots, |object| gained.push(object)) }
    ///         let lost = (0..).map_while(|index| log.lost(index)).count();
    ///         log.clear();
    ///         self.0.borrow_mut().push((gained.len(), lost));
    ///         for object in gained {
    ///             if !object.is_mature() {
    ///                 // SAFETY: it is young, and lives.
    ///                 unsafe { census.promote_in_place(object) }
    ///             }
    ///         }
    ///         heap.settle_nursery(true);
    ///     }
    /// }
    ///
    /// type Slot = Rootable![Gc<'_, Lock<Option<Gc<'_, u32>>>>];
    /// let differences = Differences::default();
    /// let seen = Rc::clone(&differences.0);
    /// let mut arena = gc_core::ArenaBuilder::<Slot, _>::new(differences)
    ///     .build(|mc| Gc::new(mc, Lock::new(None)));
    /// arena.collect();
    /// arena.mutate(|mc, slot| (0..5).for_each(|n| slot.set(mc, Some(Gc::new(mc, n)))));
    /// arena.collect();
    /// arena.mutate(|mc, slot| slot.set(mc, None));
    /// arena.collect();
    /// // At first there is the root's, and of five that were stored one after the other only the last counts.
    /// assert_eq!(*seen.borrow(), [(1, 0), (1, 0), (0, 1)]);
    /// ```
    #[inline]
    pub unsafe fn compare(&mut self, roots: &mut Roots<'_>, mut gained: impl FnMut(ObjectRef)) {
        if self.words.len() < WORDS_MANY {
            // SAFETY: the caller's promise.
            unsafe { self.compare_words::<false>(&mut gained) }
        } else {
            // SAFETY: as above.
            unsafe { self.compare_words::<true>(&mut gained) }
        }
        if roots.is_dirty() {
            self.compare_root(roots, &mut gained);
        }
    }

    /// [`compare`](Log::compare) without the root.
    ///
    /// # Safety
    ///
    /// As there.
    #[inline]
    unsafe fn compare_words<const IS_LONG: bool>(&mut self, mut gained: impl FnMut(ObjectRef)) {
        let mut words = Words::new(&mut self.words);
        while let Some(word) = words.next() {
            if IS_LONG {
                words.prefetch_ahead();
            }
            if let (OBJECT, Some(object)) = (word.tag(), word.object()) {
                // SAFETY: live, says the caller.
                let header = unsafe { object.header() };
                if let References::Words(map) = header.descriptor().references() {
                    header.set(Flag::Unlogged);
                    let compare = |place: *mut Option<ObjectRef>| {
                        let then = words.next().unwrap_or(Word::NOTHING);
                        // SAFETY: `for_each_word` passes places that hold references or null.
                        words.note(then, unsafe { place.read() }, &mut gained);
                    };
                    // SAFETY: these words of the object are references.
                    unsafe { for_each_word(object.as_ptr().cast(), map, compare) }
                    continue;
                }
            }
            let Some(logged) = words.entry(word) else { continue };
            // SAFETY: live, says the caller.
            unsafe { logged.forget() }
            let elements = logged.elements(Barrier::Snapshot);
            // SAFETY: as above, and at a safepoint nothing is borrowed or written to.
            if let Some(places) = unsafe { adjacent_places(logged.object(), elements) } {
                words.compare_all(places, &mut gained);
                continue;
            }
            // SAFETY: the caller's promises.
            words = unsafe { compare_rare(logged, words, &mut gained) };
        }
        let lost = words.lost();
        self.words.truncate(lost);
    }

    /// [`compare`](Log::compare) for the root; what it has lost comes last.
    #[inline(never)]
    fn compare_root(&mut self, roots: &mut Roots<'_>, gained: &mut dyn FnMut(ObjectRef)) {
        let Log { words, root } = self;
        let mut len = 0;
        roots.for_each_edge(|now| {
            match root.get_mut(len) {
                Some(then) if *then == now => {}
                Some(then) => {
                    words.push(Word::new(mem::replace(then, now), REFERENCE));
                    gained(now);
                }
                None => {
                    root.push(now);
                    if !crate::planted!("longer-root-is-not-counted") {
                        gained(now);
                    }
                }
            }
            len += 1;
        });
        let lost = root.drain(len..);
        if !crate::planted!("shorter-root-is-not-taken-back") {
            words.extend(lost.map(|then| Word::new(then, REFERENCE)));
        }
        roots.settle();
    }

    /// After [`Log::compare`], the references that places have lost, in the order in which the places
    /// were logged, and then those that the root has lost: the one at an index.
    ///
    /// See the example of [`Log::compare`].
    #[inline]
    #[must_use]
    pub fn lost(&self, index: usize) -> Option<ObjectRef> {
        self.words.get(index).copied().and_then(Word::object)
    }

    /// Forgets what [`Log::compare`] has left.
    ///
    /// See the example of [`Log::compare`].
    #[inline]
    pub fn clear(&mut self) {
        self.words.clear();
    }

    /// Empties the log of a collector that takes no snapshots, and calls `each` for every entry.
    ///
    /// Every object is logged again before its next store.
    ///
    /// # Safety
    ///
    /// The logged objects are live.
    ///
    /// # Examples
    ///
    /// See the example of [`Log`].
    pub unsafe fn drain(&mut self, mut each: impl FnMut(Logged)) {
        let mut words = Words::new(&mut self.words);
        while let Some(word) = words.next() {
            if let Some(logged) = words.entry(word) {
                // SAFETY: the caller says that it is live.
                unsafe { logged.forget() }
                each(logged);
            }
        }
        self.words.clear();
    }

    /// What the root referred to when it was last compared: for the verifier.
    pub(super) fn root(&self) -> &[ObjectRef] {
        &self.root
    }

    /// Calls `each` for every entry, and `snapshot` for what each referred to: for the verifier.
    pub(super) fn for_each_entry(
        &self,
        mut each: impl FnMut(Logged),
        mut snapshot: impl FnMut(ObjectRef),
    ) {
        let mut words = self.words.iter();
        while let Some(&word) = words.next() {
            match (word.tag(), word.object()) {
                (OBJECT, Some(object)) => each(Logged::Object(object)),
                (SEGMENT, Some(array)) => {
                    let segment = words.next().map_or(usize::MAX, |word| word.index());
                    each(Logged::Segment(array, segment));
                }
                (_, reference) => reference.into_iter().for_each(&mut snapshot),
            }
        }
    }

    /// Lets go of the memory of an empty log: much has died, and so much will not be logged soon.
    pub(super) fn trim(&mut self) {
        if self.is_empty() {
            self.words = Vec::new();
            self.root.shrink_to_fit();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a log that is full holds at most after it has grown, in bytes.
    fn grown_bytes(bytes: usize) -> usize {
        let words = alloc::vec![Word::NOTHING; bytes / size_of::<Word>()];
        let mut log = Log { words, root: Vec::new() };
        log.grow();
        assert!(log.has_room());
        log.words.capacity() * size_of::<Word>()
    }

    #[test]
    fn a_long_log_reserves_what_it_may_need_once() {
        assert!(grown_bytes(LOG_BYTES_SMALL) <= 2 * LOG_BYTES_SMALL);
        assert_eq!(grown_bytes(LOG_BYTES_SMALL + 8), LOG_BYTES_RESERVED);
        assert_eq!(grown_bytes(LOG_BYTES_RESERVED - 8 * ENTRY_WORDS_MAX), LOG_BYTES_RESERVED);
        assert!(grown_bytes(LOG_BYTES_RESERVED) > LOG_BYTES_RESERVED);
    }

    #[test]
    fn only_an_empty_log_lets_go_of_its_memory() {
        let mut log = Log::default();
        log.words.push(Word::NOTHING);
        log.grow();
        log.trim();
        assert!(!log.is_empty() && log.has_room());
        log.clear();
        log.root.reserve(100);
        log.trim();
        assert_eq!((log.words.capacity(), log.root.capacity()), (0, 0));
    }
}
