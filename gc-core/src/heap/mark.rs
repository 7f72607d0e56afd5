//! Marking: setting the mark bit of all that is reachable, and counting its bytes in each block.
//!
//! Objects that were reached wait on a list until they are scanned; nothing recurses. What is taken
//! from the list passes a short queue before it is scanned, and is prefetched when it enters: where
//! objects lie scattered, several cache misses are under way at once instead of one.
//!
//! Marking reads objects and writes mark bits, and moves nothing: so several threads can share it
//! (`parallel.rs`). How they and a single thread set marks differs, by [`Bits`].

use alloc::vec::Vec;
use core::ops::Range;

use super::{Block, BlockState, Heap, ObjectRef, for_each_edge, for_each_edge_among};

/// Elements of an array that are scanned in one go, so that what they lead to is scanned before the
/// list of pending objects leaves the cache, and so that a large array can be divided.
const ELEMENTS_MAX: usize = if cfg!(test) { 8 } else { 1024 };

/// Objects on their way from the list to the scan. Marking objects scattered over 64 MB took
/// 172 ns each without a queue, and 28 ns with this one.
const QUEUE_LEN: usize = 8;

impl Heap {
    /// Marks an object and counts its bytes; whether it was not marked before.
    ///
    /// # Safety
    ///
    /// The object is live, and not forwarded.
    #[inline]
    pub unsafe fn mark(&mut self, object: ObjectRef) -> bool {
        let is_new = Exclusive.set(object);
        if is_new {
            // SAFETY: live and not forwarded, says the caller.
            let bytes = unsafe { object.bytes() };
            Exclusive.add_bytes(Block::containing(object), bytes);
        }
        is_new
    }

    /// Marks everything that is reachable from `roots`, and empties that list.
    ///
    /// If there is a list for them, it gets every object that was found to refer into a block that
    /// is being evacuated: some perhaps more than once. Several threads mark if the heap has workers
    /// and is large.
    ///
    /// # Complexity
    ///
    /// O(live objects and references). No recursion.
    ///
    /// # Safety
    ///
    /// This is a safepoint. The roots are live, nothing reachable from them is forwarded or young,
    /// and only what was marked by [`Heap::mark_reachable`] in this collection is marked.
    pub unsafe fn mark_reachable(
        &mut self,
        roots: &mut Vec<ObjectRef>,
        referrers: Option<&mut Vec<ObjectRef>>,
    ) {
        match referrers {
            // SAFETY: the caller's promises.
            Some(referrers) => unsafe { self.mark_from::<true>(roots, referrers) },
            // SAFETY: as above.
            None => unsafe { self.mark_from::<false>(roots, &mut Vec::new()) },
        }
    }

    /// # Safety
    ///
    /// As [`Heap::mark_reachable`].
    unsafe fn mark_from<const NOTES_REFERRERS: bool>(
        &mut self,
        roots: &mut Vec<ObjectRef>,
        referrers: &mut Vec<ObjectRef>,
    ) {
        roots.retain(|&root| Exclusive.set(root));
        #[cfg(feature = "parallel")]
        if let Some(workers) = self.workers_if_worthwhile() {
            // SAFETY: the roots are live and marked now; the rest are the caller's promises.
            unsafe { super::parallel::mark::<NOTES_REFERRERS>(&workers, roots, referrers) }
            return;
        }
        let mut marker = Marker::<_, NOTES_REFERRERS>::new(Exclusive);
        core::mem::swap(&mut marker.pending, roots);
        core::mem::swap(&mut marker.referrers, referrers);
        // SAFETY: what is pending is live and marked; the rest are the caller's promises.
        while unsafe { marker.step() } {}
        core::mem::swap(&mut marker.pending, roots);
        core::mem::swap(&mut marker.referrers, referrers);
    }
}

/// How mark bits are set and marked bytes are counted: by one thread, or by several.
pub(super) trait Bits {
    /// Sets an object's mark bit; whether it was clear.
    fn set(&mut self, object: ObjectRef) -> bool;

    /// Counts an object that was marked.
    fn add_bytes(&mut self, block: Block, bytes: usize);
}

/// One thread marks: plain loads and stores.
#[derive(Debug)]
pub(super) struct Exclusive;

impl Bits for Exclusive {
    #[inline]
    fn set(&mut self, object: ObjectRef) -> bool {
        object.chunk().marks().insert(object)
    }

    #[inline]
    fn add_bytes(&mut self, block: Block, bytes: usize) {
        block.add_marked_bytes(bytes);
    }
}

/// An array of which these elements are yet to be scanned.
#[derive(Debug)]
pub(super) struct Rest {
    pub(super) array: ObjectRef,
    pub(super) elements: Range<usize>,
}

/// One thread's part of marking.
#[derive(Debug)]
pub(super) struct Marker<B, const NOTES_REFERRERS: bool> {
    pub(super) bits: B,
    /// Objects that are marked and yet to be scanned.
    pub(super) pending: Vec<ObjectRef>,
    /// Those of them that come next.
    queue: Queue,
    /// The same for arrays of many elements, which are scanned piece by piece.
    pub(super) arrays: Vec<Rest>,
    /// Objects that refer into a block that is being evacuated.
    pub(super) referrers: Vec<ObjectRef>,
}

impl<B: Bits, const NOTES_REFERRERS: bool> Marker<B, NOTES_REFERRERS> {
    pub(super) fn new(bits: B) -> Self {
        Marker {
            bits,
            pending: Vec::new(),
            queue: Queue::default(),
            arrays: Vec::new(),
            referrers: Vec::new(),
        }
    }

    /// Scans one pending object, or a piece of an array; whether there was any.
    ///
    /// # Safety
    ///
    /// What is pending is live and marked, nothing it reaches is forwarded or young, and this is a
    /// safepoint.
    #[inline]
    pub(super) unsafe fn step(&mut self) -> bool {
        while self.queue.has_room() {
            let Some(object) = self.pending.pop() else { break };
            self.queue.push(object);
        }
        if let Some(object) = self.queue.pop() {
            // SAFETY: it was pending.
            unsafe { self.scan(object) }
            return true;
        }
        let Some(Rest { array, elements }) = self.arrays.pop() else { return false };
        let piece = elements.start..elements.end.min(elements.start + ELEMENTS_MAX);
        if piece.end < elements.end {
            self.arrays.push(Rest { array, elements: piece.end..elements.end });
        }
        // SAFETY: it was pending.
        unsafe { self.scan_elements(array, piece) }
        true
    }

    /// Takes away what is left of an array, or half of it if there is only one.
    #[cfg(feature = "parallel")]
    pub(super) fn split_arrays(&mut self) -> Option<Rest> {
        if self.arrays.len() > 1 {
            return Some(self.arrays.swap_remove(0));
        }
        let rest = self.arrays.first_mut().filter(|rest| rest.elements.len() > ELEMENTS_MAX)?;
        let middle = rest.elements.start + rest.elements.len() / 2;
        let elements = middle..core::mem::replace(&mut rest.elements.end, middle);
        Some(Rest { array: rest.array, elements })
    }

    /// Takes away a third of the pending objects, at most `len_max`: every other one of those that
    /// were reached first. In a tree these lead farthest, each about twice as far as the next, so
    /// that about half of the work stays.
    #[cfg(feature = "parallel")]
    pub(super) fn split_pending(&mut self, len_max: usize) -> Option<Vec<ObjectRef>> {
        if self.pending.len() < 2 {
            return None;
        }
        let len = self.pending.len().div_ceil(3).min(len_max);
        // Each is replaced by the last. There are more than `2 * index` left each time.
        Some((0..len).map(|index| self.pending.swap_remove(2 * index)).collect())
    }

    /// # Safety
    ///
    /// As [`Marker::step`], for this object.
    #[inline]
    unsafe fn scan(&mut self, object: ObjectRef) {
        // SAFETY: live and not forwarded, says the caller.
        let bytes = unsafe { object.bytes() };
        self.bits.add_bytes(Block::containing(object), bytes);
        // SAFETY: as above.
        let descriptor = unsafe { object.descriptor() };
        if descriptor.is_array() && descriptor.has_references() {
            // SAFETY: as above.
            let len = unsafe { object.element_count() };
            if len > ELEMENTS_MAX {
                self.arrays.push(Rest { array: object, elements: 0..len });
                return;
            }
        }
        let mut refers_to_evacuating = false;
        let reach = |target| {
            refers_to_evacuating |= NOTES_REFERRERS && is_evacuating(target);
            self.reach(target);
        };
        // SAFETY: as above, and at a safepoint nothing is borrowed.
        unsafe { for_each_edge(object, reach) }
        if refers_to_evacuating {
            self.referrers.push(object);
        }
    }

    /// # Safety
    ///
    /// As [`Marker::step`], for this array.
    unsafe fn scan_elements(&mut self, array: ObjectRef, elements: Range<usize>) {
        let mut refers_to_evacuating = false;
        let reach = |target| {
            refers_to_evacuating |= NOTES_REFERRERS && is_evacuating(target);
            self.reach(target);
        };
        // SAFETY: live and not forwarded, says the caller; at a safepoint nothing is borrowed.
        unsafe { for_each_edge_among(array, elements.start, elements.len(), reach) }
        if refers_to_evacuating {
            self.referrers.push(array);
        }
    }

    #[inline]
    fn reach(&mut self, target: ObjectRef) {
        if self.bits.set(target) {
            self.pending.push(target);
        }
    }
}

fn is_evacuating(object: ObjectRef) -> bool {
    Block::containing(object).state() == BlockState::Evacuating
}

/// The objects that will be scanned next, on their way into the cache.
#[derive(Debug, Default)]
struct Queue {
    objects: [Option<ObjectRef>; QUEUE_LEN],
    first: usize,
    len: usize,
}

impl Queue {
    #[inline]
    fn has_room(&self) -> bool {
        self.len < QUEUE_LEN
    }

    #[inline]
    fn push(&mut self, object: ObjectRef) {
        debug_assert!(self.has_room());
        prefetch(object.start());
        self.objects[(self.first + self.len) % QUEUE_LEN] = Some(object);
        self.len += 1;
    }

    #[inline]
    fn pop(&mut self) -> Option<ObjectRef> {
        let object = self.objects[self.first].take();
        if object.is_some() {
            self.first = (self.first + 1) % QUEUE_LEN;
            self.len -= 1;
        }
        object
    }
}

/// Asks the processor to load the cache line of an address.
#[inline]
pub(super) fn prefetch(address: *const u8) {
    #[cfg(target_arch = "x86_64")]
    {
        use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a prefetch reads nothing that the program could observe, and does not fault.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(address.cast()) }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = address;
}
