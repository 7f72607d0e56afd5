//! Finding free memory between the mature objects of a block.
//!
//! A hole is read off the start bits: it begins where the last object in front of it ends, which
//! that object's own header tells, and ends where the next object starts. So holes are exact to the
//! granule and need no marks of their own. Young objects have no start bits: in a block that is in use
//! only what lies behind the last region that was taken of it may be searched.

use core::cell::Cell;
use core::ops::{ControlFlow, Range};

use super::chunk::{BYTES_PER_WORD, WORDS_PER_BLOCK};
use super::{BLOCK_BYTES, Block, GRANULE_BYTES, HEADER_BYTES, ObjectRef};

/// The smallest object, and so the smallest hole.
pub(crate) const OBJECT_BYTES_MIN: usize = super::object_bytes(0);

/// Bytes of a block, as offsets from its base.
pub(crate) type Hole = Range<usize>;

/// Calls `each` for the holes of at least `bytes_min` in a block, in the order of their addresses,
/// until it breaks.
///
/// Costs O(objects in the block), and a look at the header of each that is followed by something that
/// could be such a hole.
#[inline]
pub(crate) fn for_each_hole<B>(
    block: Block,
    bytes_min: usize,
    mut each: impl FnMut(Hole) -> ControlFlow<B>,
) -> ControlFlow<B> {
    let bytes_min = bytes_min.max(OBJECT_BYTES_MIN);
    let mut last = None;
    let mut pass = |next| {
        let begin = match last.replace(next) {
            None => 0,
            // Objects that start too close to each other leave no hole, whatever their sizes.
            Some(last) if next - last < OBJECT_BYTES_MIN + bytes_min => {
                return ControlFlow::Continue(());
            }
            Some(last) => end_of(block, last),
        };
        if next - begin < bytes_min {
            return ControlFlow::Continue(());
        }
        each(begin..next)
    };
    for (index, word) in starts_of(block).iter().enumerate() {
        let mut rest = word.get();
        while rest != 0 {
            pass(index * BYTES_PER_WORD + rest.trailing_zeros() as usize * GRANULE_BYTES)?;
            rest &= rest - 1;
        }
    }
    pass(BLOCK_BYTES)
}

/// Where the object that starts at this offset ends.
fn end_of(block: Block, start: usize) -> usize {
    let payload = block.base().wrapping_add(start + HEADER_BYTES);
    let object = ObjectRef::from_ptr(payload).expect("an object is not at address zero");
    // SAFETY: its start bit is set, so a live object is there, and outside of a moving phase it is
    // not forwarded.
    start + unsafe { object.bytes() }
        - GRANULE_BYTES * usize::from(crate::planted!("hole-is-too-large"))
}

/// The start bits of a block.
fn starts_of<'a>(block: Block) -> &'a [Cell<u64>; WORDS_PER_BLOCK] {
    let words = block.chunk().starts().block_words(block.index());
    // SAFETY: the words lie in the chunk's metadata, which is read and written in place only.
    unsafe { &*words.cast() }
}
