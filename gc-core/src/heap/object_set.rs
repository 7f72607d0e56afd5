//! Sets of objects and numbers for them, by bits: [`ObjectSet`], [`ObjectNumbers`].
//!
//! There is a bit for each granule of the chunks that the objects are in. A chunk is found by its
//! address in a hash table, which is small, so what is looked up for each object is in the cache.

use alloc::boxed::Box;
use alloc::vec;

use hashbrown::HashMap;

use super::holes::OBJECT_BYTES_MIN;
use super::{CHUNK_BYTES, GRANULE_BYTES, ObjectRef};
use crate::id::AddressHash;

/// What is known of 64 granules each, for the chunks that were asked for.
struct Words<T> {
    chunks: HashMap<usize, Box<[T]>, AddressHash>,
}

/// Where the bit of an object is.
struct Place {
    chunk: usize,
    word: usize,
    bit: u64,
}

impl Place {
    fn of(object: ObjectRef) -> Place {
        let start = object.start().addr();
        let granule = start % CHUNK_BYTES / GRANULE_BYTES;
        let bits = u64::BITS as usize;
        Place { chunk: start / CHUNK_BYTES, word: granule / bits, bit: 1 << (granule % bits) }
    }
}

impl<T: Clone + Default> Words<T> {
    fn get(&self, place: &Place) -> Option<&T> {
        Some(&self.chunks.get(&place.chunk)?[place.word])
    }

    fn get_mut(&mut self, place: &Place) -> &mut T {
        const WORDS: usize = CHUNK_BYTES / GRANULE_BYTES / u64::BITS as usize;
        let words = self.chunks.entry(place.chunk);
        &mut words.or_insert_with(|| vec![T::default(); WORDS].into())[place.word]
    }
}

impl<T> Default for Words<T> {
    fn default() -> Self {
        Words { chunks: HashMap::default() }
    }
}

/// A set of objects: 16 KiB for each chunk that one of them is in.
#[derive(Default)]
pub(crate) struct ObjectSet {
    bits: Words<u64>,
}

impl ObjectSet {
    /// Puts an object in; whether it was not there.
    pub(crate) fn insert(&mut self, object: ObjectRef) -> bool {
        let place = Place::of(object);
        let bits = self.bits.get_mut(&place);
        let is_new = *bits & place.bit == 0;
        *bits |= place.bit;
        is_new
    }

    pub(crate) fn contains(&self, object: ObjectRef) -> bool {
        let place = Place::of(object);
        self.bits.get(&place).is_some_and(|bits| bits & place.bit != 0)
    }
}

/// A count for each object: 256 KiB for each chunk that one of them is in.
#[derive(Default)]
pub(crate) struct ObjectCounts {
    chunks: HashMap<usize, Box<[u32]>, AddressHash>,
}

impl ObjectCounts {
    /// No two objects begin within so many bytes.
    const STEP_BYTES: usize = OBJECT_BYTES_MIN;

    fn place(object: ObjectRef) -> (usize, usize) {
        let start = object.start().addr();
        (start / CHUNK_BYTES, start % CHUNK_BYTES / Self::STEP_BYTES)
    }

    /// Adds one. A count that is too large stays at the maximum.
    pub(crate) fn increment(&mut self, object: ObjectRef) {
        let (chunk, place) = Self::place(object);
        let counts = self
            .chunks
            .entry(chunk)
            .or_insert_with(|| vec![0; CHUNK_BYTES.div_ceil(Self::STEP_BYTES)].into());
        counts[place] = counts[place].saturating_add(1);
    }

    pub(crate) fn get(&self, object: ObjectRef) -> usize {
        let (chunk, place) = Self::place(object);
        self.chunks.get(&chunk).map_or(0, |counts| counts[place] as usize)
    }
}

/// Numbers for objects, in the order of their addresses: 32 KiB for each chunk that one of them is in.
#[derive(Default)]
pub(crate) struct ObjectNumbers {
    words: Words<Numbered>,
}

#[derive(Clone, Default)]
struct Numbered {
    bits: u64,
    /// The number of the first of these objects.
    first: u32,
}

impl ObjectNumbers {
    /// Gives these objects the numbers from 0 on. They come in the order of their addresses, each once,
    /// and there are fewer than 2^32 of them.
    pub(crate) fn of(objects: impl Iterator<Item = ObjectRef>) -> ObjectNumbers {
        let mut numbers = ObjectNumbers::default();
        for (object, number) in objects.zip(0..) {
            let place = Place::of(object);
            let word = numbers.words.get_mut(&place);
            debug_assert!(word.bits < place.bit, "sorted by address");
            if word.bits == 0 {
                word.first = number;
            }
            word.bits |= place.bit;
        }
        numbers
    }

    /// The number of an object, if it has one.
    pub(crate) fn get(&self, object: ObjectRef) -> Option<u32> {
        let place = Place::of(object);
        let word = self.words.get(&place)?;
        let before = word.bits & (place.bit - 1);
        (word.bits & place.bit != 0).then(|| word.first + before.count_ones())
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;
    use alloc::vec::Vec;

    use super::*;
    use crate::heap::HEADER_BYTES;

    /// Objects at granules of a few chunks, which nobody reads.
    fn objects() -> Vec<ObjectRef> {
        let mut state = 7_usize;
        let mut granules = BTreeSet::new();
        for chunk in [1, 2, 3, 70] {
            for _ in 0..500 {
                state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
                let granule = (state >> 33) % (CHUNK_BYTES / GRANULE_BYTES);
                granules.insert(chunk * CHUNK_BYTES + granule * GRANULE_BYTES);
            }
            // Words that are full, and neighbors at their borders.
            let first = chunk * CHUNK_BYTES + 640 * GRANULE_BYTES;
            granules.extend((0..200).map(|granule| first + granule * GRANULE_BYTES));
            // The first of a chunk, and the last.
            granules.extend([chunk * CHUNK_BYTES, (chunk + 1) * CHUNK_BYTES - GRANULE_BYTES]);
        }
        let at = |start| core::ptr::without_provenance_mut(start + HEADER_BYTES);
        granules.into_iter().filter_map(|start| ObjectRef::from_ptr(at(start))).collect()
    }

    #[test]
    fn numbers_are_those_of_the_order() {
        let all = objects();
        let some: Vec<ObjectRef> = all.iter().copied().step_by(2).collect();
        let numbers = ObjectNumbers::of(some.iter().copied());
        for (place, object) in all.into_iter().enumerate() {
            let number = (place % 2 == 0).then_some(place as u32 / 2);
            assert_eq!(numbers.get(object), number);
        }
        assert_eq!(ObjectNumbers::default().get(some[0]), None);
    }

    #[test]
    fn counts_of_neighbors_do_not_mix() {
        let all = objects();
        // What begins within the smallest object is none.
        let mut apart: Vec<ObjectRef> = Vec::new();
        for object in all {
            let end = |last: &ObjectRef| last.start().addr() + OBJECT_BYTES_MIN;
            if apart.last().is_none_or(|last| end(last) <= object.start().addr()) {
                apart.push(object);
            }
        }
        let mut counts = ObjectCounts::default();
        for (place, &object) in apart.iter().enumerate() {
            (0..place % 4).for_each(|_| counts.increment(object));
        }
        for (place, &object) in apart.iter().enumerate() {
            assert_eq!(counts.get(object), place % 4);
        }
    }

    #[test]
    fn a_set_has_what_was_put_in() {
        let all = objects();
        let mut set = ObjectSet::default();
        for object in all.iter().copied().step_by(3) {
            assert!(!set.contains(object));
            assert!(set.insert(object) && !set.insert(object));
        }
        for (place, object) in all.into_iter().enumerate() {
            assert_eq!(set.contains(object), place % 3 == 0);
        }
    }
}
