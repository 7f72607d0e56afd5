//! The index of a map: from a hash to the entries that may have it.
//!
//! Open addressing with linear probing over a slice of numbers, at most half of them in use. A word
//! is zero, or the tag of a hash (32 of its bits) over the number of an entry plus one. The tag also
//! says where the word belongs, so that neither growing nor removing looks at an entry, and removing
//! leaves no tombstone (Knuth, *The Art of Computer Programming*, volume 3, section 6.4, algorithm
//! R).
//!
//! It holds no reference, so it is never scanned, and stored into without a barrier. It is read by
//! cells, one word at a time, so that it may change, or be replaced, while someone probes.

use core::cell::Cell;
use core::mem::offset_of;

use crate::error::HeapFull;
use crate::mutation::Mutation;
use crate::place::NamedEdges;
use crate::send_check::SendCheck;
use crate::trace::{Edges, SlotMap, Slots, Trace};
use crate::trace_impls::Static;
use crate::{Gc, Lock, Write, field};

type Word = Static<Cell<u64>>;

/// Where the words of an index are; nowhere if the map is so small that it has none.
pub(super) struct Index<'gc> {
    words: Lock<Option<Gc<'gc, [Word]>>>,
}

/// The most entries that an index can tell apart: the next power of two has as many words as there
/// are tags.
pub(super) const ENTRIES_MAX: u64 = 1 << 31;

/// The 32 bits of a hash that an index keeps. Hashes are the user's, and may differ in few bits, high
/// or low: the multiplication takes all of them to the high ones (Knuth, section 6.4, Fibonacci
/// hashing).
fn tag(hash: u64) -> u32 {
    let folded = hash ^ (hash >> 32);
    (folded.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as u32
}

/// The position where a tag belongs, from its high bits. `word_count` is a power of two.
fn home(tag: u32, word_count: usize) -> usize {
    // The shift is 32 for a single word only, of which no index consists.
    (u64::from(tag) >> (32 - word_count.trailing_zeros())) as usize
}

impl<'gc> Index<'gc> {
    pub(super) const fn none() -> Index<'gc> {
        Index { words: Lock::new(None) }
    }

    /// The words of an index for this many entries, a power of two, with these hashes.
    #[track_caller]
    pub(super) fn allocate(
        mc: &Mutation<'gc>,
        capacity: usize,
        hashes: impl Iterator<Item = u64>,
    ) -> Result<Gc<'gc, [Word]>, HeapFull<()>> {
        if capacity as u64 > ENTRIES_MAX {
            return Err(mc.heap_full(()));
        }
        let word_count = capacity.checked_mul(2).ok_or_else(|| mc.heap_full(()))?;
        let words = Gc::try_slice_from_fn(mc, word_count, |_| Static(Cell::new(0)))
            .map_err(|full| full.map(|_| ()))?;
        hashes.enumerate().for_each(|(entry, hash)| add(&words, hash, entry));
        Ok(words)
    }

    /// Makes these the words.
    pub(super) fn install(this: &Write<Index<'gc>>, words: Option<Gc<'gc, [Word]>>) {
        field!(this, Index, words).unlock().set(words);
    }

    /// Notes that an entry has this hash. There is room: half of the words are free.
    #[inline]
    pub(super) fn insert(&self, hash: u64, entry: usize) {
        if let Some(words) = self.words.get() {
            add(&words, hash, entry);
        }
    }

    /// Forgets an entry, which has this hash.
    pub(super) fn remove(&self, hash: u64, entry: usize) {
        if let Some(words) = self.words.get() {
            remove(&words, hash, entry);
        }
    }

    /// The entries that may have this hash: all that have it, and perhaps others. `None` if there is
    /// no index, and any entry may.
    #[inline]
    pub(super) fn probe(&self, hash: u64) -> Option<Probe<'gc>> {
        let words = self.words.get()?.as_ref();
        Some(Probe { words, tag: tag(hash), position: home(tag(hash), words.len()) })
    }
}

/// Entries that may have some hash: see [`Index::probe`].
pub(super) struct Probe<'gc> {
    words: &'gc [Word],
    tag: u32,
    position: usize,
}

impl Iterator for Probe<'_> {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        loop {
            let word = self.words[self.position].get();
            if word == 0 {
                return None;
            }
            self.position = (self.position + 1) & (self.words.len() - 1);
            if (word >> 32) as u32 == self.tag {
                return Some(entry_of(word));
            }
        }
    }
}

fn entry_of(word: u64) -> usize {
    (word & u64::from(u32::MAX)) as usize - 1
}

fn add(words: &[Word], hash: u64, entry: usize) {
    debug_assert!((entry as u64) < ENTRIES_MAX);
    let tag = tag(hash);
    let mut position = home(tag, words.len());
    while words[position].get() != 0 {
        position = (position + 1) & (words.len() - 1);
    }
    words[position].set(u64::from(tag) << 32 | (entry as u64 + 1));
}

fn remove(words: &[Word], hash: u64, entry: usize) {
    let mask = words.len() - 1;
    let mut hole = home(tag(hash), words.len());
    while entry_of(words[hole].get()) != entry {
        hole = (hole + 1) & mask;
    }
    // A word behind the hole moves into it, unless it belongs between the two.
    let mut position = hole;
    loop {
        position = (position + 1) & mask;
        let word = words[position].get();
        if word == 0 {
            break;
        }
        let home = home((word >> 32) as u32, words.len());
        let (from_home, from_hole) = (position.wrapping_sub(home), position.wrapping_sub(hole));
        if from_home & mask >= from_hole & mask {
            words[hole].set(word);
            hole = position;
        }
    }
    words[hole].set(0);
}

// SAFETY: the one reference is passed on.
unsafe impl<'gc> Trace for Index<'gc> {
    const HAS_GC: bool = true;
    const SLOTS: SlotMap = SlotMap::Empty
        .field(offset_of!(Self, words), <Lock<Option<Gc<'gc, [Word]>>> as Trace>::SLOTS);

    #[inline]
    fn visit(&self, edges: &mut Edges) {
        self.words.visit(edges);
    }

    #[inline]
    fn relocate(&mut self, slots: &mut Slots) {
        self.words.relocate(slots);
    }

    fn describe(&self, edges: &mut NamedEdges<'_>) {
        self.words.describe(edges);
    }

    fn check_send(_: &mut SendCheck<'_>) {}
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use fastrand::Rng;

    use super::super::super::testing::with_mutation;
    use super::*;

    /// Adds and removes at random; every entry that is there must be found, and no other.
    fn check(hash_of: impl Fn(&mut Rng) -> u64) {
        with_mutation(|mc| {
            let mut random = Rng::with_seed(7);
            let words = Index::allocate(mc, 64, core::iter::empty()).unwrap();
            let index = Index { words: Lock::new(Some(words)) };
            let mut model: Vec<Option<u64>> = alloc::vec![None; 64];
            for _ in 0..10_000 {
                let entry = random.usize(..64);
                match model[entry].take() {
                    Some(hash) => index.remove(hash, entry),
                    None => {
                        let hash = hash_of(&mut random);
                        index.insert(hash, entry);
                        model[entry] = Some(hash);
                    }
                }
                for (entry, hash) in model.iter().enumerate() {
                    if let Some(hash) = *hash {
                        assert_eq!(index.probe(hash).unwrap().filter(|&e| e == entry).count(), 1);
                    }
                }
            }
            let in_use = words.iter().filter(|word| word.get() != 0).count();
            assert_eq!(in_use, model.iter().flatten().count());
        });
    }

    #[test]
    fn entries_are_found_under_good_hashes() {
        check(|random| random.u64(..));
    }

    #[test]
    fn entries_are_found_when_all_hashes_collide() {
        check(|_| 42);
    }

    #[test]
    fn entries_are_found_when_clusters_wrap_around() {
        // Few homes, the last among them.
        check(|random| [0, u64::MAX, 1 << 63, 1][random.usize(..4)]);
    }

    #[test]
    fn hashes_that_differ_in_few_bits_have_different_homes() {
        for shift in [0, 8, 20, 31, 32, 40, 54] {
            let homes: hashbrown::HashSet<_, crate::id::AddressHash> =
                (0..1_u64 << 10).map(|n| home(tag(n << shift), 1 << 16)).collect();
            assert!(homes.len() > 512, "shifted by {shift}: {} homes", homes.len());
        }
    }
}
