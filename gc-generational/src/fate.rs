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
    let if_marked = || object.chunk().marks().contains(object).then_some(object);
    // SAFETY: untouched, says the caller.
    let forwarded = || unsafe { object.header() }.forwarded();
    match Block::containing(object).state() {
        BlockState::Evacuating => forwarded(),
        BlockState::Tenuring => if_marked(),
        _ if generation == FULL => if_marked(),
        BlockState::Nursery => forwarded().or_else(|| object.is_mature().then_some(object)),
        BlockState::Large => object.is_mature().then_some(object),
        BlockState::Aging | BlockState::Mature | BlockState::Free => Some(object),
    }
}
