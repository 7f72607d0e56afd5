//! Mark bits that several threads set.

use alloc::vec::Vec;
use core::ptr;
use core::sync::atomic::{AtomicU64, Ordering};

use super::ObjectRef;
use super::mark_bits::Bits;

/// Words of marks that a thread gathers. Where neighbors are marked one after the other, the word that was
/// begun first is the next to be published: by then it has come from the thread that wrote to it last.
const GATHERED_WORDS: usize = 8;

/// Several threads mark.
///
/// The marks of what an array refers to do not go to the others one by one, because an atomic operation
/// takes as long as everything else that marking does to an object in the cache. They are gathered, each
/// in its word's place: neighbors share one.
#[derive(Debug)]
pub(super) struct Shared {
    gathered: [Gathered; GATHERED_WORDS],
    /// Marks that another thread has set first.
    lost: Vec<Gathered>,
}

/// Marks of one word.
#[derive(Clone, Copy, Debug, Default)]
struct Gathered {
    word: Option<&'static AtomicU64>,
    marks: u64,
}

impl Gathered {
    #[inline]
    fn is_of(&self, word: &AtomicU64) -> bool {
        self.word.is_some_and(|own| ptr::eq(word, own))
    }

    /// Sets the marks; those that another thread has set first.
    #[inline]
    fn publish(self) -> Gathered {
        let before = self.word.map_or(0, |word| set_marks(word, self.marks));
        Gathered { word: self.word, marks: before & self.marks }
    }
}

/// Where the marks of a word are gathered.
#[inline]
fn place_of(word: &AtomicU64) -> usize {
    ptr::from_ref(word).addr() / size_of::<AtomicU64>() % GATHERED_WORDS
}

/// Sets marks in a word of the heap; what was set before.
#[inline]
fn set_marks(word: &AtomicU64, marks: u64) -> u64 {
    if crate::planted!("marks-are-not-atomic") {
        // SAFETY: the word is there. That others write to it meanwhile is the bug.
        let before = unsafe { word.as_ptr().read() };
        // SAFETY: as above.
        unsafe { word.as_ptr().write(before | marks) }
        return before;
    }
    // A mark orders nothing: objects are not written to meanwhile.
    word.fetch_or(marks, Ordering::Relaxed)
}

impl Shared {
    pub(super) fn new() -> Shared {
        Shared { gathered: [Gathered::default(); GATHERED_WORDS], lost: Vec::new() }
    }

    /// Begins to gather the marks of a word, and publishes those of the one whose place it takes.
    // Out of line, so that what comes before is small enough to be copied into the loop over an array.
    #[inline(never)]
    fn gather(&mut self, word: &'static AtomicU64, marks: u64) {
        let gathered = &mut self.gathered[place_of(word)];
        let lost = core::mem::replace(gathered, Gathered { word: Some(word), marks }).publish();
        if lost.marks != 0 {
            self.note_lost(lost);
        }
    }

    #[cold]
    fn note_lost(&mut self, lost: Gathered) {
        self.lost.push(lost);
    }

    /// Whether another thread has marked the object first.
    fn is_lost(&self, object: ObjectRef) -> bool {
        let (word, bit) = object.chunk().marks().shared_place(object);
        self.lost.iter().any(|lost| lost.is_of(word) && lost.marks & bit != 0)
    }

    #[cold]
    fn remove_lost(&mut self, reached: &mut Vec<ObjectRef>, first: usize) {
        let mut kept = first;
        for index in first..reached.len() {
            if !self.is_lost(reached[index]) {
                reached[kept] = reached[index];
                kept += 1;
            }
        }
        reached.truncate(kept);
        self.lost.clear();
    }
}

impl Bits for Shared {
    #[inline]
    fn set(&mut self, object: ObjectRef) -> bool {
        let (word, bit) = object.chunk().marks().shared_place(object);
        // Most references lead to what is marked.
        word.load(Ordering::Relaxed) & bit == 0 && set_marks(word, bit) & bit == 0
    }

    #[inline]
    fn set_neighbor(&mut self, object: ObjectRef) -> bool {
        let (word, bit) = object.chunk().marks().shared_place(object);
        if word.load(Ordering::Relaxed) & bit != 0 {
            return false;
        }
        let gathered = &mut self.gathered[place_of(word)];
        if gathered.is_of(word) {
            let is_new = gathered.marks & bit == 0;
            gathered.marks |= bit;
            return is_new;
        }
        self.gather(word, bit);
        true
    }

    #[inline]
    fn settle(&mut self, reached: &mut Vec<ObjectRef>, first: usize) {
        if crate::planted!("marks-are-not-published") {
            return;
        }
        for index in 0..GATHERED_WORDS {
            let lost = core::mem::take(&mut self.gathered[index]).publish();
            if lost.marks != 0 {
                self.note_lost(lost);
            }
        }
        if !self.lost.is_empty() {
            self.remove_lost(reached, first);
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use alloc::collections::BTreeSet;

    use super::super::{Bitmap, Block};
    use super::*;
    use crate::{Arena, Gc, NullCollector, Rootable};

    /// The objects that are marked, whose marks it clears.
    pub(in crate::heap) fn take_marks(objects: &[ObjectRef]) -> BTreeSet<ObjectRef> {
        let is_marked = |object: &&ObjectRef| Bitmap::contains(object.chunk().marks(), **object);
        let marked = objects.iter().filter(is_marked).copied().collect();
        let blocks: BTreeSet<_> = objects.iter().map(|&object| Block::containing(object)).collect();
        blocks.into_iter().for_each(Block::clear_marks);
        marked
    }

    #[test]
    fn what_two_threads_mark_at_once_is_scanned_by_the_first_to_publish() {
        let arena: Arena<Rootable![()], NullCollector> = Arena::new(|_| ());
        arena.enter(|mc, ()| {
            // Neighbors, so that their marks are in a word or two.
            let objects: [ObjectRef; 4] =
                core::array::from_fn(|number| Gc::new(mc, number as u64).object());
            let (mut one, mut other) = (Shared::new(), Shared::new());
            // What was reached by an earlier scan is settled.
            let mut reached = Vec::from([objects[3]]);
            for object in [objects[0], objects[1], objects[2]] {
                assert!(one.set_neighbor(object));
                assert!(!one.set_neighbor(object), "a mark that is gathered counts");
                reached.push(object);
            }
            let mut reached_by_other = Vec::new();
            for object in [objects[1], objects[3]] {
                assert!(other.set_neighbor(object));
                reached_by_other.push(object);
            }
            other.settle(&mut reached_by_other, 0);
            assert_eq!(reached_by_other, [objects[1], objects[3]]);
            one.settle(&mut reached, 1);
            assert_eq!(reached, [objects[3], objects[0], objects[2]]);
            for object in objects {
                assert!(!one.set_neighbor(object) && !other.set(object), "all are marked");
            }
            Block::containing(objects[0]).clear_marks();
        });
    }

    #[test]
    fn of_more_words_than_are_gathered_each_object_is_scanned_by_one_thread() {
        let arena: Arena<Rootable![()], NullCollector> = Arena::new(|_| ());
        arena.enter(|mc, ()| {
            // Four objects for each word.
            let len = 4 * (3 * GATHERED_WORDS);
            let objects = Vec::from_iter((0..len).map(|_| Gc::new(mc, [0_u64; 15]).object()));
            let (mut one, mut other) = (Shared::new(), Shared::new());
            let reach = |bits: &mut Shared, objects: &[ObjectRef]| {
                let mut reached = objects.to_vec();
                reached.retain(|&object| bits.set_neighbor(object));
                reached
            };
            // What fits is gathered by both, and the other is the first to publish; of the rest the first
            // publishes most.
            let fitting = 4 * (GATHERED_WORDS - 1);
            let mut by_one = reach(&mut one, &objects[..fitting]);
            let mut by_other = reach(&mut other, &objects[..fitting]);
            other.settle(&mut by_other, 0);
            assert_eq!((by_one.len(), by_other.len()), (fitting, fitting));
            by_one.extend(reach(&mut one, &objects[fitting..]));
            assert_eq!(by_one.len(), len);
            let first = by_other.len();
            by_other.extend(reach(&mut other, &objects[fitting..]));
            other.settle(&mut by_other, first);
            one.settle(&mut by_one, 0);
            assert!(!by_one.contains(&objects[0]) && by_one.contains(&objects[2 * fitting]));
            let all: BTreeSet<_> = by_one.iter().chain(&by_other).copied().collect();
            assert_eq!((by_one.len() + by_other.len(), all.len()), (len, len));
            assert_eq!(take_marks(&objects), all);
        });
    }
}
