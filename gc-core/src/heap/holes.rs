//! Finding free memory between the mature objects of a block.
//!
//! A hole is read off the start bits: it begins where the last object in front of it ends, which
//! that object's own header tells, and ends where the next object starts. So holes are exact to the
//! granule and need no marks of their own. Young objects have no start bits: in a block that is in use
//! only what lies behind the last region that was taken of it may be searched.

use core::cell::Cell;
use core::ops::{ControlFlow, Range};

use super::chunk::WORDS_PER_BLOCK;
use super::{BLOCK_BYTES, Block, GRANULE_BYTES, HEADER_BYTES, ObjectRef};

/// The smallest object, and so the smallest hole.
pub(crate) const OBJECT_BYTES_MIN: usize = super::object_bytes(0);

/// The start bits of a block.
type Starts = [Cell<u64>; WORDS_PER_BLOCK];
const STARTS_PER_WORD: usize = u64::BITS as usize;
const GRANULES_PER_BLOCK: usize = BLOCK_BYTES / GRANULE_BYTES;

/// Starts that another follows within so many granules are passed over together. Where larger holes are sought
/// objects are seldom so small that there are many of these.
const FOLLOWED_WITHIN: usize = 16;

/// Bytes of a block, as offsets from its base.
pub(crate) type Hole = Range<usize>;

/// An object and the hole behind it, in the same way. At the beginning of a block there may be no object.
type Gap = Range<usize>;

/// Calls `each` for the holes of at least `bytes_min` in a block, in the order of their addresses,
/// until it breaks.
///
/// Costs O(words of the start bits), and a look at the header of each object that is followed by
/// something that could be such a hole.
#[inline]
pub(crate) fn for_each_hole<B>(
    block: Block,
    bytes_min: usize,
    mut each: impl FnMut(Hole) -> ControlFlow<B>,
) -> ControlFlow<B> {
    let bytes_min = bytes_min.max(OBJECT_BYTES_MIN);
    for_each_gap(starts_of(block), bytes_min, |gap| {
        let hole = behind_object(block, gap);
        if hole.len() < bytes_min { ControlFlow::Continue(()) } else { each(hole) }
    })
}

/// Calls `each` for what may hold a hole of `bytes_min` bytes, until it breaks: from an object, or the
/// beginning of the block, to the next object, or the end.
///
/// Of most objects that are not far enough from the next this is found for a word of start bits at a time.
#[inline]
fn for_each_gap<B>(
    starts: &Starts,
    bytes_min: usize,
    mut each: impl FnMut(Gap) -> ControlFlow<B>,
) -> ControlFlow<B> {
    let first = next_start(starts, 0);
    if first * GRANULE_BYTES >= bytes_min {
        each(0..first * GRANULE_BYTES)?;
    }
    // Objects that start closer to each other leave no such hole, whatever their sizes.
    let distance = (OBJECT_BYTES_MIN + bytes_min).div_ceil(GRANULE_BYTES);
    for (index, word) in starts.iter().enumerate() {
        let word = word.get();
        if word == 0 {
            continue;
        }
        let next_word = starts.get(index + 1).map_or(0, Cell::get);
        let mut rest = match distance {
            ..=FOLLOWED_WITHIN => word & !followed(word, next_word, distance - 1),
            _ => word,
        };
        while rest != 0 {
            let bit = rest.trailing_zeros() as usize;
            rest &= rest - 1;
            let start = index * STARTS_PER_WORD + bit;
            let next = match word & !1 << bit {
                0 => next_start(starts, index + 1),
                behind => index * STARTS_PER_WORD + behind.trailing_zeros() as usize,
            };
            if next - start >= distance {
                each(start * GRANULE_BYTES..next * GRANULE_BYTES)?;
            }
        }
    }
    ControlFlow::Continue(())
}

/// The bits of a word behind which another one is set, at a distance of one to `reach`, which is three at
/// least; of larger distances some are not seen.
#[inline(always)]
fn followed(word: u64, next_word: u64, reach: usize) -> u64 {
    let starts = u128::from(next_word) << STARTS_PER_WORD | u128::from(word);
    let one = starts >> 1;
    let two = one | one >> 1;
    if reach < 4 {
        return (two | two >> 1) as u64;
    }
    // By constants: a distance that varies is several instructions.
    let mut followed = two | two >> 2;
    if reach >= 8 {
        followed |= followed >> 4;
    }
    followed as u64
}

/// The first start from this word on, or the end of the block.
#[inline]
fn next_start(starts: &Starts, from_word: usize) -> usize {
    let found = starts.iter().enumerate().skip(from_word).find(|(_, word)| word.get() != 0);
    found.map_or(GRANULES_PER_BLOCK, |(index, word)| {
        index * STARTS_PER_WORD + word.get().trailing_zeros() as usize
    })
}

/// A gap without the object it begins with.
#[inline]
fn behind_object(block: Block, gap: Gap) -> Hole {
    if gap.start == 0 && starts_of(block)[0].get() & 1 == 0 {
        return gap;
    }
    let payload = block.base().wrapping_add(gap.start + HEADER_BYTES);
    let object = ObjectRef::from_ptr(payload).expect("an object is not at address zero");
    // SAFETY: its start bit is set, so a live object is there, and outside of a moving phase it is
    // not forwarded.
    let bytes = unsafe { object.bytes() };
    let planted = GRANULE_BYTES * usize::from(crate::planted!("hole-is-too-large"));
    gap.start + bytes - planted..gap.end
}

/// The start bits of a block.
fn starts_of<'a>(block: Block) -> &'a Starts {
    let words = block.chunk().starts().block_words(block.index());
    // SAFETY: the words lie in the chunk's metadata, which is read and written in place only.
    unsafe { &*words.cast() }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use fastrand::Rng;

    use super::*;

    fn gaps(starts: &Starts, bytes_min: usize) -> Vec<Gap> {
        let mut gaps = Vec::new();
        let _ = for_each_gap(starts, bytes_min, |gap| {
            gaps.push(gap);
            ControlFlow::<()>::Continue(())
        });
        gaps
    }

    /// One start after the other.
    fn gaps_one_by_one(starts: &Starts, bytes_min: usize) -> Vec<Gap> {
        let is_start = |&granule: &usize| starts[granule / 64].get() >> (granule % 64) & 1 == 1;
        let mut ends: Vec<_> = (0..GRANULES_PER_BLOCK)
            .filter(is_start)
            .map(|granule| granule * GRANULE_BYTES)
            .collect();
        ends.push(BLOCK_BYTES);
        let between = ends.windows(2).map(|pair| pair[0]..pair[1]);
        let behind = between.filter(|gap| gap.len() >= OBJECT_BYTES_MIN + bytes_min);
        Some(0..ends[0]).filter(|gap| gap.len() >= bytes_min).into_iter().chain(behind).collect()
    }

    #[test]
    fn a_word_at_a_time_finds_the_same_gaps_as_one_start_after_the_other() {
        // Objects of two granules to so many, and of so many in a hundred the starts.
        for (granules_max, percent) in
            [(2, 50), (3, 50), (3, 5), (6, 80), (20, 60), (400, 70), (90, 0)]
        {
            let starts: Starts = [const { Cell::new(0) }; WORDS_PER_BLOCK];
            let (mut granule, mut random) = (0, Rng::with_seed(1));
            while granule < GRANULES_PER_BLOCK {
                if random.usize(..100) < percent {
                    let word = &starts[granule / 64];
                    word.set(word.get() | 1 << (granule % 64));
                }
                granule += random.usize(2..=granules_max);
            }
            for bytes_min in [16, 24, 32, 40, 56, 64, 104, 112, 120, 128, 512, 5000, BLOCK_BYTES] {
                let found = gaps(&starts, bytes_min);
                assert_eq!(found, gaps_one_by_one(&starts, bytes_min), "{percent}, {bytes_min}");
            }
        }
    }
}
