//! Finding free memory between the mature objects of a block.
//!
//! A hole is read off the start bits: it begins where the last object in front of it ends, which
//! that object's own header tells, and ends where the next object starts. So holes are exact to the
//! granule and need no marks of their own. Young objects have no start bits: in a block that is in use
//! only what lies behind the last region that was taken of it may be searched.

use core::ops::Range;

use super::chunk::{BYTES_PER_WORD, WORDS_PER_BLOCK};
use super::{BLOCK_BYTES, Block, GRANULE_BYTES, HEADER_BYTES, LINE_BYTES, ObjectRef};

/// Bytes of a block, as offsets from its base.
pub(crate) type Hole = Range<usize>;

/// The first hole of at least `bytes_min` that begins at or after `from`, an offset into the block.
///
/// Costs O(granules skipped / 64), and a look at the header of the object in front of each hole.
pub(crate) fn next_hole(block: Block, from: usize, bytes_min: usize) -> Option<Hole> {
    let bytes_min = bytes_min.max(LINE_BYTES);
    let words = block.chunk().starts().block(block.index());
    // Where the last object that starts before `from` ends decides where the search begins.
    let mut begin = match last_start_before(&words, from) {
        Some(start) => from.max(end_of(block, start)),
        None => from,
    };
    while begin + bytes_min <= BLOCK_BYTES {
        let end = next_start(&words, begin).unwrap_or(BLOCK_BYTES);
        if end - begin >= bytes_min {
            return Some(begin..end);
        }
        begin = end_of(block, end);
    }
    None
}

/// Whether a mature object starts in this part of the block.
pub(crate) fn has_start_in(block: Block, part: Range<usize>) -> bool {
    let words = block.chunk().starts().block(block.index());
    next_start(&words, part.start).is_some_and(|start| start < part.end)
}

/// Where the object that starts at this offset ends.
fn end_of(block: Block, start: usize) -> usize {
    let payload = block.base().wrapping_add(start + HEADER_BYTES);
    let object = ObjectRef::from_ptr(payload).expect("an object is not at address zero");
    // SAFETY: its start bit is set, so a live object is there, and outside of a moving phase it is
    // not forwarded.
    start + unsafe { object.bytes() }
}

/// The first start at or after `from`.
fn next_start(words: &[u64; WORDS_PER_BLOCK], from: usize) -> Option<usize> {
    let mut index = from / BYTES_PER_WORD;
    let bit = (from % BYTES_PER_WORD) / GRANULE_BYTES;
    let mut word = words.get(index)? & (u64::MAX << bit);
    while word == 0 {
        index += 1;
        word = *words.get(index)?;
    }
    Some(index * BYTES_PER_WORD + word.trailing_zeros() as usize * GRANULE_BYTES)
}

/// The last start before `from`.
fn last_start_before(words: &[u64; WORDS_PER_BLOCK], from: usize) -> Option<usize> {
    let bit = (from % BYTES_PER_WORD) / GRANULE_BYTES;
    let below = words.get(from / BYTES_PER_WORD).map_or(0, |word| word & !(u64::MAX << bit));
    let offset_of = |index: usize, word: u64| {
        index * BYTES_PER_WORD + (63 - word.leading_zeros() as usize) * GRANULE_BYTES
    };
    if below != 0 {
        return Some(offset_of(from / BYTES_PER_WORD, below));
    }
    words[..from / BYTES_PER_WORD]
        .iter()
        .enumerate()
        .rev()
        .find(|(_, word)| **word != 0)
        .map(|(index, word)| offset_of(index, *word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn starts_are_found_on_both_sides_of_a_word_border() {
        let mut words = [0; WORDS_PER_BLOCK];
        words[0] = 1 << 63;
        words[2] = 1;
        assert_eq!(next_start(&words, 0), Some(504));
        assert_eq!(next_start(&words, 504), Some(504));
        assert_eq!(next_start(&words, 512), Some(1024));
        assert_eq!(next_start(&words, 1032), None);
        assert_eq!(last_start_before(&words, 504), None);
        assert_eq!(last_start_before(&words, 512), Some(504));
        assert_eq!(last_start_before(&words, 1024), Some(504));
        assert_eq!(last_start_before(&words, 1032), Some(1024));
    }
}
