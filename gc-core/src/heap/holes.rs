//! Finding free memory between the mature objects of a block.
//!
//! A hole is read off the start bits: it begins where the last object in front of it ends, which
//! that object's own header tells, and ends where the next object starts. So holes are exact to the
//! granule and need no marks of their own. Young objects have no start bits: in a block that is in use
//! only what lies behind the last region that was taken of it may be searched.

use core::cell::Cell;
use core::ops::Range;

use super::chunk::{BYTES_PER_WORD, WORDS_PER_BLOCK};
use super::{BLOCK_BYTES, Block, GRANULE_BYTES, HEADER_BYTES, ObjectRef};

/// The smallest hole that is worth allocating into: two or three small objects.
pub(crate) const HOLE_BYTES_MIN: usize = 64;

/// The smallest object.
const OBJECT_BYTES_MIN: usize = super::object_bytes(0);

/// Bytes of a block, as offsets from its base.
pub(crate) type Hole = Range<usize>;

/// The first hole of at least `bytes_min` that begins at or after `from`, an offset into the block.
///
/// Costs O(granules skipped / 64), and a look at the header of each object that is followed by
/// something that could be such a hole.
pub(crate) fn next_hole(block: Block, from: usize, bytes_min: usize) -> Option<Hole> {
    let bytes_min = bytes_min.max(HOLE_BYTES_MIN);
    let starts = Starts::of(block);
    // Where the last object that starts before `from` ends decides where the search begins.
    let mut begin = match starts.last_before(from) {
        Some(start) => from.max(end_of(block, start)),
        None => from,
    };
    while begin + bytes_min <= BLOCK_BYTES {
        let mut start = match starts.next_from(begin) {
            None => return Some(begin..BLOCK_BYTES),
            Some(start) if start - begin >= bytes_min => return Some(begin..start),
            Some(start) => start,
        };
        // Objects that start too close to each other leave no hole, whatever their sizes.
        loop {
            let next = starts.next_from(start + GRANULE_BYTES).unwrap_or(BLOCK_BYTES);
            if next - start >= OBJECT_BYTES_MIN + bytes_min {
                break;
            }
            if next == BLOCK_BYTES {
                return None;
            }
            start = next;
        }
        begin = end_of(block, start);
    }
    None
}

/// Whether a mature object starts in this part of the block.
pub(crate) fn has_start_in(block: Block, part: Range<usize>) -> bool {
    Starts::of(block).next_from(part.start).is_some_and(|start| start < part.end)
}

/// Where the object that starts at this offset ends.
fn end_of(block: Block, start: usize) -> usize {
    let payload = block.base().wrapping_add(start + HEADER_BYTES);
    let object = ObjectRef::from_ptr(payload).expect("an object is not at address zero");
    // SAFETY: its start bit is set, so a live object is there, and outside of a moving phase it is
    // not forwarded.
    start + unsafe { object.bytes() }
}

/// The start bits of a block.
struct Starts<'a>(&'a [Cell<u64>; WORDS_PER_BLOCK]);

impl Starts<'_> {
    fn of<'a>(block: Block) -> Starts<'a> {
        let words = block.chunk().starts().block_words(block.index());
        // SAFETY: the words lie in the chunk's metadata, which is read and written in place only.
        Starts(unsafe { &*words.cast() })
    }

    fn word(&self, index: usize) -> u64 {
        self.0.get(index).map_or(0, Cell::get)
    }

    /// The first start at or after an offset.
    #[inline]
    fn next_from(&self, from: usize) -> Option<usize> {
        let mut index = from / BYTES_PER_WORD;
        let bit = (from % BYTES_PER_WORD) / GRANULE_BYTES;
        let mut word = self.word(index) & (u64::MAX << bit);
        while word == 0 {
            index += 1;
            word = self.0.get(index)?.get();
        }
        Some(index * BYTES_PER_WORD + word.trailing_zeros() as usize * GRANULE_BYTES)
    }

    /// The last start before an offset.
    fn last_before(&self, from: usize) -> Option<usize> {
        let mut index = from / BYTES_PER_WORD;
        let bit = (from % BYTES_PER_WORD) / GRANULE_BYTES;
        let mut word = self.word(index) & !(u64::MAX << bit);
        while word == 0 {
            index = index.checked_sub(1)?;
            word = self.word(index);
        }
        Some(index * BYTES_PER_WORD + (63 - word.leading_zeros() as usize) * GRANULE_BYTES)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn starts_are_found_on_both_sides_of_a_word_border() {
        let words = [const { Cell::new(0) }; WORDS_PER_BLOCK];
        words[0].set(1 << 63);
        words[2].set(1);
        let starts = Starts(&words);
        assert_eq!(starts.next_from(0), Some(504));
        assert_eq!(starts.next_from(504), Some(504));
        assert_eq!(starts.next_from(512), Some(1024));
        assert_eq!(starts.next_from(1032), None);
        assert_eq!(starts.next_from(BLOCK_BYTES), None);
        assert_eq!(starts.last_before(504), None);
        assert_eq!(starts.last_before(512), Some(504));
        assert_eq!(starts.last_before(1024), Some(504));
        assert_eq!(starts.last_before(BLOCK_BYTES), Some(1024));
    }
}
