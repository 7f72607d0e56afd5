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

/// The smallest object, and so the smallest hole.
pub(crate) const OBJECT_BYTES_MIN: usize = super::object_bytes(0);

/// Bytes of a block, as offsets from its base.
pub(crate) type Hole = Range<usize>;

/// The holes of at least `bytes_min` in a block, in the order of their addresses.
///
/// Costs O(objects in the block), and a look at the header of each that is followed by something that
/// could be such a hole.
pub(crate) fn holes<'a>(block: Block, bytes_min: usize) -> Holes<'a> {
    let starts = Starts::of(block);
    let word = starts.word(0);
    let bytes_min = bytes_min.max(OBJECT_BYTES_MIN);
    Holes { block, bytes_min, starts, index: 0, word, last: None }
}

/// See [`holes`].
pub(crate) struct Holes<'a> {
    block: Block,
    bytes_min: usize,
    starts: Starts<'a>,
    /// The starts that were not looked at: those in `word`, and in the words behind this one.
    index: usize,
    word: u64,
    /// The last start that was looked at; `None` before the first.
    last: Option<usize>,
}

impl Holes<'_> {
    /// The next start, or the end of the block if there is none.
    #[inline]
    fn next_start(&mut self) -> usize {
        while self.word == 0 {
            self.index += 1;
            match self.starts.0.get(self.index) {
                Some(word) => self.word = word.get(),
                None => return BLOCK_BYTES,
            }
        }
        let bit = self.word.trailing_zeros() as usize;
        self.word &= self.word - 1;
        self.index * BYTES_PER_WORD + bit * GRANULE_BYTES
    }
}

impl Iterator for Holes<'_> {
    type Item = Hole;

    #[inline]
    fn next(&mut self) -> Option<Hole> {
        while self.last != Some(BLOCK_BYTES) {
            let next = self.next_start();
            let begin = match self.last.replace(next) {
                None => 0,
                // Objects that start too close to each other leave no hole, whatever their sizes.
                Some(last) if next - last < OBJECT_BYTES_MIN + self.bytes_min => continue,
                Some(last) => end_of(self.block, last),
            };
            if next - begin >= self.bytes_min {
                return Some(begin..next);
            }
        }
        None
    }
}

/// Whether a mature object starts in this part of the block.
#[inline]
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
    }
}
