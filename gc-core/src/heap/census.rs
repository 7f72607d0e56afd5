//! What is counted of the mature objects: how many there are, their bytes, and the references to each.

use super::{Block, CountTable, Flag, ObjectRef, debug_check_references};

/// The mature objects of a heap, in numbers.
///
/// See the example of [`Heap`](super::Heap).
#[derive(Debug, Default)]
pub struct Census {
    /// The reference counts, for collectors that keep them.
    pub counts: CountTable,
    objects: usize,
    bytes: usize,
}

impl Census {
    /// Makes a young object mature where it is.
    ///
    /// # Safety
    ///
    /// The object is young and live, and this is a safepoint.
    ///
    /// # Examples
    ///
    /// See the example of [`Heap`](super::Heap).
    #[inline]
    pub unsafe fn promote_in_place(&mut self, object: ObjectRef) {
        // SAFETY: live, says the caller, and at a safepoint nothing is borrowed.
        unsafe { debug_check_references(object) }
        // SAFETY: live, says the caller.
        let bytes = unsafe { object.bytes() };
        // SAFETY: as above.
        if !crate::planted!("promoted-is-not-watched") {
            // SAFETY: as above.
            unsafe { object.header() }.set(Flag::Unlogged);
        }
        object.chunk().starts().insert(object);
        self.add(1, bytes);
        Block::containing(object).add_live_bytes(bytes);
    }

    /// How many there are.
    ///
    /// See the example of [`Heap`](super::Heap).
    #[inline]
    #[must_use]
    pub fn objects(&self) -> usize {
        self.objects
    }

    /// Their bytes, headers included.
    ///
    /// See the example of [`Heap`](super::Heap).
    #[inline]
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Counts objects that became mature.
    #[inline]
    pub(super) fn add(&mut self, objects: usize, bytes: usize) {
        self.objects += objects;
        self.bytes += bytes;
    }

    /// Counts mature objects that died or were moved away.
    #[inline]
    pub(super) fn remove(&mut self, objects: usize, bytes: usize) {
        self.objects -= objects;
        self.bytes -= bytes;
    }
}
