//! The words of a log, and how they are read when its entries are compared with what is there now.

use core::cell::Cell;
use core::ptr;

use super::scan::{OnlyVisitKnows, for_each_place};
use super::{Logged, ObjectRef, for_each_edge_among};
use crate::collector::Barrier;

/// An object, with a tag that says what its place in the log means: nothing is at odd addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Word(*mut u8);

/// A part of a snapshot.
pub(super) const REFERENCE: usize = 0;
/// The beginning of an entry: a whole object.
pub(super) const OBJECT: usize = 1;
/// The beginning of an entry: an array. The next word is the index of its segment.
pub(super) const SEGMENT: usize = 2;

const TAG_MASK: usize = 0b11;

/// How many words ahead the entries are whose objects are prefetched.
const WORDS_AHEAD: usize = 40;
/// An object with more references than this may end in another line of the cache than it begins in.
const REFERENCES_FEW: usize = 6;

impl Word {
    /// In a snapshot: the place referred to nothing.
    pub(super) const NOTHING: Word = Word(ptr::null_mut());

    #[inline]
    pub(super) fn new(object: ObjectRef, tag: usize) -> Word {
        Word(object.as_ptr().map_addr(|address| address | tag))
    }

    #[inline]
    pub(super) fn reference(reference: Option<ObjectRef>) -> Word {
        Word(reference.map_or(ptr::null_mut(), ObjectRef::as_ptr))
    }

    /// The index of a segment.
    #[inline]
    pub(super) fn of_index(index: usize) -> Word {
        Word(ptr::without_provenance_mut(index))
    }

    #[inline]
    pub(super) fn index(self) -> usize {
        self.0.addr()
    }

    #[inline]
    pub(super) fn tag(self) -> usize {
        self.0.addr() & TAG_MASK
    }

    /// The object, whatever the tag; `None` for nothing.
    #[inline]
    pub(super) fn object(self) -> Option<ObjectRef> {
        ObjectRef::from_ptr(self.0.map_addr(|address| address & !TAG_MASK))
    }
}

/// A log that is being read. What it has lost is written over what was read: there is room, for an
/// entry has a word more than its snapshot has references.
pub(super) struct Words<'a> {
    words: &'a [Cell<Word>],
    /// The first word that was not read.
    next: usize,
    /// The words before this one are references that were lost.
    lost: usize,
    /// The objects of the entries in front of this word are on their way into the cache.
    ahead: usize,
    /// Where the last of these entries begins.
    entry_ahead: usize,
}

impl<'a> Words<'a> {
    #[inline]
    pub(super) fn new(words: &'a mut [Word]) -> Words<'a> {
        let words = Cell::from_mut(words).as_slice_of_cells();
        Words { words, next: 0, lost: 0, ahead: 0, entry_ahead: 0 }
    }

    #[inline]
    pub(super) fn next(&mut self) -> Option<Word> {
        let word = self.words.get(self.next)?.get();
        self.next += 1;
        Some(word)
    }

    /// Prefetches the objects of the entries that come soon: they were in the cache when they were written
    /// to, but in a long log much has been since.
    #[inline]
    pub(super) fn prefetch_ahead(&mut self) {
        let end = self.words.len().min(self.next + WORDS_AHEAD);
        while self.ahead < end {
            let word = self.words[self.ahead].get();
            if word.tag() == OBJECT
                && let Some(object) = word.object()
            {
                object.prefetch();
                let references = self.ahead - self.entry_ahead;
                if references > REFERENCES_FEW
                    && let Some(before) = self.words[self.entry_ahead].get().object()
                {
                    before.prefetch_beyond(references * size_of::<Word>());
                }
                self.entry_ahead = self.ahead;
            }
            self.ahead += 1;
        }
    }

    /// The next word, if it is of a snapshot.
    #[inline]
    fn next_reference(&mut self) -> Option<Word> {
        let word = self.words.get(self.next)?.get();
        if word.tag() != REFERENCE {
            return None;
        }
        self.next += 1;
        Some(word)
    }

    /// The entry that begins with a word; `None` if that is a part of a snapshot.
    #[inline]
    pub(super) fn entry(&mut self, word: Word) -> Option<Logged> {
        match (word.tag(), word.object()) {
            (OBJECT, Some(object)) => Some(Logged::Object(object)),
            (SEGMENT, Some(array)) => Some(Logged::Segment(array, self.next()?.index())),
            _ => None,
        }
    }

    /// How many references were found lost: that many words at the beginning are these.
    #[inline]
    pub(super) fn lost(&self) -> usize {
        self.lost
    }

    /// Notes what a place referred to then, and what it refers to now.
    #[inline]
    pub(super) fn note(
        &mut self,
        then: Word,
        now: Option<ObjectRef>,
        gained: &mut impl FnMut(ObjectRef),
    ) {
        if then == Word::reference(now) || crate::planted!("barrier-is-late") {
            return;
        }
        if then != Word::NOTHING
            && !crate::planted!("decrement-is-forgotten")
            && let Some(place) = self.words.get(self.lost)
        {
            place.set(then);
            self.lost += 1;
        }
        if let Some(now) = now {
            gained(now);
        }
    }

    /// Compares places with a snapshot that has a word for each.
    #[inline]
    pub(super) fn compare_all(
        &mut self,
        places: &[Option<ObjectRef>],
        gained: &mut impl FnMut(ObjectRef),
    ) {
        let words = self.words;
        let snapshot = words.get(self.next..).unwrap_or_default();
        self.next += places.len();
        for (then, &now) in snapshot.iter().zip(places) {
            self.note(then.get(), now, gained);
        }
    }

    /// Compares references with a snapshot in their order, without looking ahead: a reference that
    /// has only changed its position is another, and what was there then is lost.
    #[inline(never)]
    fn compare_in_order(
        &mut self,
        gained: &mut dyn FnMut(ObjectRef),
        visit: impl FnOnce(&mut dyn FnMut(ObjectRef)),
    ) {
        visit(&mut |now| {
            let then = self.next_reference().unwrap_or(Word::NOTHING);
            self.note(then, Some(now), &mut &mut *gained);
        });
        while let Some(then) = self.next_reference() {
            self.note(then, None, &mut &mut *gained);
        }
    }
}

/// Compares an entry about an array whose elements are no bare references, or about an object whose
/// references only `visit` knows. Returns what is left to read: where the caller keeps it, it
/// is kept in registers.
///
/// # Safety
///
/// As [`Log::compare`](super::Log::compare).
#[inline(never)]
pub(super) unsafe fn compare_rare<'a>(
    logged: Logged,
    mut words: Words<'a>,
    gained: &mut dyn FnMut(ObjectRef),
) -> Words<'a> {
    let (object, (first, count)) = (logged.object(), logged.elements(Barrier::Snapshot));
    let compare = |now| {
        let then = words.next().unwrap_or(Word::NOTHING);
        words.note(then, now, &mut &mut *gained);
    };
    // SAFETY: live, says the caller, and at a safepoint nothing is borrowed.
    let compared = unsafe { for_each_place(object, (first, count), compare) };
    if let Err(OnlyVisitKnows) = compared {
        words.compare_in_order(gained, |each| {
            // SAFETY: as above.
            unsafe { for_each_edge_among(object, first, count, each) }
        });
    }
    words
}
