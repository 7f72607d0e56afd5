//! What is reachable, found without the heap's own mark bits: a collector may keep something in
//! these.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

use hashbrown::HashMap;

use super::{CHUNK_BYTES, Ephemeron, GRANULE_BYTES, ObjectRef, WeakTable, for_each_edge};
use crate::id::AddressHash;

/// A bit for each granule of a chunk.
type ChunkBits = Box<[u64]>;

/// A set of objects: a bit each, in chunks that are found by their addresses.
pub(crate) struct ObjectSet<'a> {
    chunks: HashMap<usize, ChunkBits, AddressHash>,
    /// Of the heap that the objects are in.
    weak: &'a WeakTable,
}

impl<'a> ObjectSet<'a> {
    pub(crate) fn new(weak: &'a WeakTable) -> ObjectSet<'a> {
        ObjectSet { chunks: HashMap::default(), weak }
    }

    /// Adds what is reachable from the roots: also the values of ephemerons whose cell and key are in the
    /// set (Note [Ephemerons]).
    ///
    /// # Complexity
    ///
    /// O(reachable objects and references) time, and memory for a bit for each granule of the chunks
    /// that they are in. No recursion.
    ///
    /// # Safety
    ///
    /// The roots were not reclaimed, none of what is reachable is forwarded, and there is no `&mut`
    /// into any of it.
    pub(crate) unsafe fn reach(&mut self, roots: impl IntoIterator<Item = ObjectRef>) {
        let (weak, mut pending) = (self.weak, Vec::new());
        for root in roots {
            // One after the other, for the roots may be most of the heap.
            pending.extend(self.insert(root).then_some(root));
            while let Some(object) = pending.pop() {
                let reach = |target| pending.extend(self.insert(target).then_some(target));
                // SAFETY: the caller's promises; what is reachable was not reclaimed.
                unsafe { for_each_edge(object, reach) }
                let reach_value = |ephemeron: Ephemeron| {
                    // If the other of them is reached later, this is done then.
                    if self.contains(ephemeron.cell) && self.contains(ephemeron.key) {
                        pending.extend(self.insert(ephemeron.value).then_some(ephemeron.value));
                    }
                };
                // SAFETY: as above.
                unsafe { weak.for_each_ephemeron_of(object, reach_value) }
            }
        }
    }

    /// The chunk of an object, the word in its bits, and the bit.
    fn place(object: ObjectRef) -> (usize, usize, u64) {
        let start = object.start().addr();
        let granule = start % CHUNK_BYTES / GRANULE_BYTES;
        let bits = u64::BITS as usize;
        (start / CHUNK_BYTES, granule / bits, 1 << (granule % bits))
    }

    /// Puts an object in; whether it was not there.
    fn insert(&mut self, object: ObjectRef) -> bool {
        const WORDS: usize = CHUNK_BYTES / GRANULE_BYTES / u64::BITS as usize;
        let (chunk, word, bit) = Self::place(object);
        let bits = self.chunks.entry(chunk).or_insert_with(|| vec![0; WORDS].into());
        let is_new = bits[word] & bit == 0;
        bits[word] |= bit;
        is_new
    }

    pub(crate) fn contains(&self, object: ObjectRef) -> bool {
        let (chunk, word, bit) = Self::place(object);
        self.chunks.get(&chunk).is_some_and(|bits| bits[word] & bit != 0)
    }
}
