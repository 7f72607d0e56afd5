//! Where an object is after the trace, if it lives.

use gc_core::heap::{Block, BlockState, ObjectRef};

use crate::collector::FULL;

/// Where an object that was live before a collection of `generation` is after its trace, and before
/// its sweep; `None` if it is dead. Asked about an object's copy, it answers the copy.
///
/// # Safety
///
/// The object's memory is untouched.
pub(crate) unsafe fn fate(object: ObjectRef, generation: u8) -> Option<ObjectRef> {
    // SAFETY: untouched, says the caller.
    let forwarded = || unsafe { object.header() }.forwarded();
    let if_marked = || object.chunk().marks().contains(object).then_some(object);
    match Block::containing(object).state() {
        BlockState::Evacuating if generation == FULL => forwarded(),
        _ if generation == FULL => if_marked(),
        BlockState::Nursery => forwarded().or_else(|| object.is_mature().then_some(object)),
        BlockState::Aging if generation >= 1 => if_marked(),
        BlockState::Large => object.is_mature().then_some(object),
        BlockState::Aging | BlockState::Mature | BlockState::Evacuating | BlockState::Free => {
            Some(object)
        }
    }
}
