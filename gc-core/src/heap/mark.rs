//! Marking: setting the mark bit of all that is reachable.
//!
//! Objects that were reached wait on a list until they are scanned; nothing recurses. What is taken
//! from the list passes a short queue before it is scanned, and is prefetched when it enters: where
//! objects lie scattered, several cache misses are under way at once instead of one. (The only object that
//! is pending does not: along a list there is nothing else to do while it comes.)
//!
//! Marking reads objects and writes mark bits, and moves nothing: so several threads can share it
//! (`parallel.rs`). How marks are set differs, by [`Bits`]: while a thread marks alone it need not
//! know of others.

use alloc::vec::Vec;
use core::ops::Range;

use super::ephemerons::mark_values;
use super::mark_bits::{Bits, Exclusive};
use super::mark_queue::{QUEUE_LEN, Queue};
use super::scan::adjacent_places;
use super::{Block, Header, Heap, ObjectRef, Policy, for_each_edge, for_each_edge_among};

/// Elements of an array that are scanned in one go, so that what they lead to is scanned before the
/// list of pending objects leaves the cache, and so that a large array can be divided.
const ELEMENTS_MAX: usize = if cfg!(any(test, gc_zeal)) { 8 } else { 1024 };

/// Objects that a thread scans before it looks whether another has nothing to do.
const STEPS_PER_LOOK: usize = if cfg!(any(test, gc_zeal)) { 2 } else { 128 };

/// Pending objects, or arrays, from which on some are given to a thread that has nothing to do, beside
/// those in the queue. A few lists have fewer.
#[cfg(feature = "parallel")]
const SURPLUS_LEN: usize = if cfg!(any(test, gc_zeal)) { 2 } else { 8 };

impl Heap {
    /// Marks an object and counts its bytes; whether it was not marked before.
    ///
    /// # Safety
    ///
    /// The object is live, and not forwarded.
    ///
    /// # Examples
    ///
    /// See the example of [`Collector`](crate::Collector).
    #[inline]
    pub unsafe fn mark(&mut self, object: ObjectRef) -> bool {
        let is_new = Exclusive.set(object);
        if is_new {
            // SAFETY: live and not forwarded, says the caller.
            let bytes = unsafe { object.bytes() };
            Block::containing(object).add_marked_bytes(bytes);
        }
        is_new
    }

    /// Marks everything that is reachable from `roots`, and empties that list.
    ///
    /// Several threads mark if the heap has workers and is large. Bytes are not counted: see
    /// [`Heap::count_marked`].
    ///
    /// # Complexity
    ///
    /// O(live objects and references). No recursion.
    ///
    /// # Safety
    ///
    /// This is a safepoint. The roots are live, nothing reachable from them is forwarded or young,
    /// and only what was marked by [`Heap::mark_reachable`] in this collection is marked.
    ///
    /// # Examples
    ///
    /// See the example of [`Heap::sweep`].
    pub unsafe fn mark_reachable(&mut self, roots: &mut Vec<ObjectRef>) {
        let mut marker = Marker::of(core::mem::take(roots));
        #[cfg(feature = "parallel")]
        if let Some(workers) = self.workers_if_worthwhile() {
            self.handle_changes.is_marking.set(true);
            // SAFETY: what is pending is live and marked; the rest are the caller's promises.
            unsafe { super::parallel::mark(&workers, &mut marker) }
            self.handle_changes.is_marking.set(false);
        }
        // SAFETY: as above; several threads have left nothing.
        while unsafe { marker.scan_some(&mut Exclusive) } {}
        // SAFETY: as above.
        unsafe { mark_values(self.weak(), &mut marker) };
        *roots = marker.pending;
    }

    /// Marks what is reachable from `roots`, but ends when it has come across `sought` objects with
    /// this policy: then it says how many objects it has looked into. `None` says that everything
    /// reachable is marked.
    ///
    /// Arrays are looked into last. It does not end early if several threads mark.
    ///
    /// # Complexity
    ///
    /// O(objects looked into and their references). No recursion.
    ///
    /// # Safety
    ///
    /// As [`Heap::mark_reachable`].
    ///
    /// # Examples
    ///
    /// See the example of [`Heap::sweep`], where this could stand for
    /// [`mark_reachable`](Heap::mark_reachable).
    pub unsafe fn mark_until_found(
        &mut self,
        roots: &mut Vec<ObjectRef>,
        policy: Policy,
        sought: usize,
    ) -> Option<usize> {
        #[cfg(feature = "parallel")]
        if self.workers_if_worthwhile().is_some() {
            // SAFETY: the caller's promises.
            unsafe { self.mark_reachable(roots) }
            return None;
        }
        let mut marker = Marker::of(core::mem::take(roots));
        let mut seeking = Seeking { policy, sought, scanned: 0 };
        // SAFETY: what is pending is live and marked; the rest are the caller's promises.
        while seeking.sought > 0 && unsafe { marker.scan_some(&mut seeking) } {}
        if seeking.sought == 0 {
            return Some(seeking.scanned);
        }
        // SAFETY: as above.
        unsafe { mark_values(self.weak(), &mut marker) };
        None
    }
}

/// One thread marks, and looks for objects.
#[derive(Debug)]
struct Seeking {
    /// What they have.
    policy: Policy,
    /// How many were not found yet.
    sought: usize,
    scanned: usize,
}

impl Bits for Seeking {
    /// What was modified lately is often near the roots, and what was built up as a list of arrays
    /// is searched along the list.
    const DEFERS_ARRAYS: bool = true;

    #[inline]
    fn set(&mut self, object: ObjectRef) -> bool {
        Exclusive.set(object)
    }

    #[inline]
    fn note(&mut self, _: ObjectRef, header: &Header) {
        self.scanned += 1;
        // More may have this policy than are sought.
        self.sought = self.sought.saturating_sub(usize::from(header.policy() == self.policy));
    }
}

/// An array of which these elements are yet to be scanned.
#[derive(Debug)]
pub(super) struct Rest {
    pub(super) array: ObjectRef,
    pub(super) elements: Range<usize>,
}

/// One thread's part of marking.
#[derive(Debug, Default)]
pub(super) struct Marker {
    /// Objects that are marked and yet to be scanned.
    pub(super) pending: Vec<ObjectRef>,
    /// Those of them that come next.
    queue: Queue,
    /// The same for arrays of many elements, which are scanned piece by piece.
    pub(super) arrays: Vec<Rest>,
}

impl Marker {
    /// Begins to mark: at the roots that are not marked yet.
    fn of(mut roots: Vec<ObjectRef>) -> Marker {
        roots.retain(|&root| Exclusive.set(root));
        Marker { pending: roots, ..Marker::default() }
    }

    /// Scans several pending objects; whether there may be more.
    ///
    /// # Safety
    ///
    /// As [`Marker::step`].
    // The loop of all threads, whether they are alone or not: with copies of it the compiler takes
    // one apart into calls, and a list took a quarter longer.
    #[inline(never)]
    pub(super) unsafe fn scan_some(&mut self, bits: &mut impl Bits) -> bool {
        for _ in 0..STEPS_PER_LOOK {
            // SAFETY: the caller's promises.
            if !unsafe { self.step(bits) } {
                return false;
            }
        }
        true
    }

    /// Scans one pending object, or a piece of an array; whether there was any.
    ///
    /// # Safety
    ///
    /// What is pending is live and marked, nothing it reaches is forwarded or young, and this is a
    /// safepoint.
    #[inline]
    unsafe fn step<B: Bits>(&mut self, bits: &mut B) -> bool {
        let next = loop {
            match self.pending.pop() {
                Some(object) if !self.queue.has_room() => break self.queue.exchange(object),
                // A list: nothing else could be scanned while it waits.
                Some(object) if self.is_alone::<B>() => break Some(self.queue.pass(object)),
                Some(object) => self.queue.push(object),
                None if !B::DEFERS_ARRAYS && self.queue.has_room() && !self.arrays.is_empty() => {
                    break None;
                }
                None => break self.queue.pop(),
            }
        };
        if let Some(object) = next {
            // SAFETY: it was pending.
            unsafe { self.scan(object, bits) }
            return true;
        }
        let Some(Rest { array, elements }) = self.arrays.pop() else { return false };
        let piece = elements.start..elements.end.min(elements.start + ELEMENTS_MAX);
        if piece.end < elements.end && !crate::planted!("piece-is-lost") {
            self.arrays.push(Rest { array, elements: piece.end..elements.end });
        }
        // SAFETY: it was pending.
        unsafe { self.scan_elements(array, piece, bits) }
        true
    }

    /// Whether nothing is to be scanned beside what was just taken from the list.
    #[inline]
    fn is_alone<B: Bits>(&self) -> bool {
        let are_arrays_later = B::DEFERS_ARRAYS || self.arrays.is_empty();
        self.pending.is_empty() && self.queue.is_empty() && are_arrays_later
    }

    /// Whether there is so much to do that another thread should be given some of it.
    #[cfg(feature = "parallel")]
    #[inline]
    pub(super) fn has_surplus(&self) -> bool {
        self.pending.len() >= SURPLUS_LEN
            || self.arrays.len() >= SURPLUS_LEN
            || self.arrays.iter().any(|rest| rest.elements.len() > ELEMENTS_MAX)
    }

    /// Takes away half of the arrays, or of what is left of the only one.
    #[cfg(feature = "parallel")]
    pub(super) fn split_arrays(&mut self) -> Option<Vec<Rest>> {
        if self.arrays.len() > 1 {
            return Some(self.arrays.drain(..self.arrays.len() / 2).collect());
        }
        let rest = self.arrays.first_mut().filter(|rest| rest.elements.len() > ELEMENTS_MAX)?;
        let middle = rest.elements.start + rest.elements.len() / 2;
        let end = core::mem::replace(&mut rest.elements.end, middle);
        let elements = middle + usize::from(crate::planted!("split-loses-an-element"))..end;
        Some(Vec::from([Rest { array: rest.array, elements }]))
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
    unsafe fn scan<B: Bits>(&mut self, object: ObjectRef, bits: &mut B) {
        // SAFETY: live and not forwarded, says the caller.
        bits.note(object, unsafe { object.header() });
        // SAFETY: as above.
        let descriptor = unsafe { object.descriptor() };
        if descriptor.is_array() && descriptor.has_references() {
            // SAFETY: as above.
            let len = unsafe { object.element_count() };
            // What a list of long arrays leads to would all be pending at once otherwise: the queue comes
            // to the next cell of the list, and to another array, before the elements of one have passed.
            if len > QUEUE_LEN || B::DEFERS_ARRAYS {
                self.arrays.push(Rest { array: object, elements: 0..len });
                return;
            }
            // SAFETY: as above.
            return unsafe { self.scan_elements(object, 0..len, bits) };
        }
        let reach = |target| self.reach(target, bits);
        // SAFETY: as above, and at a safepoint nothing is borrowed.
        unsafe { for_each_edge(object, reach) }
    }

    /// # Safety
    ///
    /// As [`Marker::step`], for this array.
    unsafe fn scan_elements(
        &mut self,
        array: ObjectRef,
        elements: Range<usize>,
        bits: &mut impl Bits,
    ) {
        let first = self.pending.len();
        let reach = |target| {
            if bits.set_neighbor(target) {
                self.pending.push(target);
            }
        };
        // SAFETY: live and not forwarded, says the caller; at a safepoint nothing is written to.
        if let Some(places) = unsafe { adjacent_places(array, (elements.start, elements.len())) } {
            places.iter().flatten().copied().for_each(reach);
        } else {
            // SAFETY: as above.
            unsafe { for_each_edge_among(array, elements.start, elements.len(), reach) }
        }
        bits.settle(&mut self.pending, first);
    }

    #[inline]
    pub(super) fn reach(&mut self, target: ObjectRef, bits: &mut impl Bits) {
        if bits.set(target) {
            self.pending.push(target);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Arena, Gc, NullCollector, Rootable, Trace};

    #[derive(Trace)]
    #[trace(crate = crate)]
    struct Batch<'gc> {
        numbers: Gc<'gc, [Gc<'gc, u64>]>,
        before: Option<Gc<'gc, Batch<'gc>>>,
    }

    const BATCHES: usize = 100;
    const SOUGHT: Policy = Policy::new(5);

    #[test]
    fn a_search_goes_along_a_list_of_arrays_and_ends_where_all_are_found() {
        let arena: Arena<Rootable![()], NullCollector> = Arena::new(|_| ());
        arena.enter(|mc, ()| {
            let mut batches: Vec<Gc<'_, Batch<'_>>> = Vec::new();
            for _ in 0..BATCHES {
                // As many as fill the queue.
                let numbers = Gc::slice_from_fn(mc, QUEUE_LEN, |number| Gc::new(mc, number as u64));
                batches.push(Gc::new(mc, Batch { numbers, before: batches.last().copied() }));
            }
            let newest = batches[BATCHES - 1].object();
            // How many are not found, and how many objects were looked into.
            let search = |sought: &[ObjectRef]| {
                // SAFETY: all objects live while `enter` runs.
                let header = |object: &ObjectRef| unsafe { object.header() };
                sought.iter().for_each(|object| header(object).set_policy(SOUGHT));
                let mut seeking = Seeking { policy: SOUGHT, sought: sought.len(), scanned: 0 };
                let mut marker = Marker::of(Vec::from([newest]));
                // SAFETY: as above, and nothing is borrowed.
                while seeking.sought > 0 && unsafe { marker.scan_some(&mut seeking) } {}
                sought.iter().for_each(|object| header(object).set_policy(Policy::ZERO));
                for batch in &batches {
                    Block::containing(batch.object()).clear_marks();
                    Block::containing(batch.numbers.object()).clear_marks();
                }
                (seeking.sought, seeking.scanned)
            };
            let (missing, scanned) = search(&[newest, batches[BATCHES - 10].object()]);
            assert_eq!(missing, 0);
            assert!(scanned < 2 * 10 + QUEUE_LEN, "{scanned} were looked into");
            let unreachable = Gc::new(mc, 0_u64).object();
            assert_eq!(search(&[newest, unreachable]), (1, BATCHES * (2 + QUEUE_LEN)));
        });
    }

    #[test]
    fn of_a_list_of_arrays_few_objects_are_pending_at_a_time() {
        let arena: Arena<Rootable![()], NullCollector> = Arena::new(|_| ());
        arena.enter(|mc, ()| {
            let mut newest = None;
            for _ in 0..BATCHES {
                let numbers =
                    Gc::slice_from_fn(mc, 2 * QUEUE_LEN, |number| Gc::new(mc, number as u64));
                newest = Some(Gc::new(mc, Batch { numbers, before: newest }));
            }
            let mut marker = Marker::of(newest.iter().map(|batch| batch.object()).collect());
            // SAFETY: all objects live while `enter` runs, and nothing is borrowed.
            while unsafe { marker.scan_some(&mut Exclusive) } {}
            let capacity = marker.pending.capacity();
            assert!(capacity <= 8 * QUEUE_LEN, "{capacity} objects were pending");
            mc.heap().pool.borrow().blocks().for_each(Block::clear_marks);
        });
    }

    /// An object for lists: nobody looks into it.
    #[cfg(feature = "parallel")]
    fn object(number: usize) -> ObjectRef {
        ObjectRef::from_ptr(core::ptr::without_provenance_mut(8 * number)).unwrap()
    }

    #[cfg(feature = "parallel")]
    fn marker(pending: usize, arrays: &[(usize, usize)]) -> Marker {
        let rest = |&(start, end)| Rest { array: object(1), elements: start..end };
        Marker {
            pending: (1..=pending).map(object).collect(),
            arrays: arrays.iter().map(rest).collect(),
            ..Marker::default()
        }
    }

    #[test]
    #[cfg(feature = "parallel")]
    fn there_is_a_surplus_of_several_objects_or_arrays_or_of_more_than_a_piece_of_an_array() {
        let short = [(0, ELEMENTS_MAX); SURPLUS_LEN];
        assert!(!marker(SURPLUS_LEN - 1, &short[1..]).has_surplus());
        assert!(marker(SURPLUS_LEN, &[]).has_surplus());
        assert!(marker(0, &short).has_surplus());
        assert!(marker(0, &[(0, ELEMENTS_MAX + 1)]).has_surplus());
    }

    #[test]
    #[cfg(feature = "parallel")]
    fn of_what_is_pending_a_third_is_given_away_every_other_of_the_first() {
        let mut nine = marker(9, &[]);
        assert_eq!(nine.split_pending(100).unwrap(), [1, 3, 5].map(object));
        nine.pending.sort_unstable();
        assert_eq!(nine.pending, [2, 4, 6, 7, 8, 9].map(object));
        assert_eq!(nine.split_pending(1).unwrap().len(), 1);
        assert_eq!(marker(2, &[]).split_pending(100).unwrap(), [object(1)]);
        assert!(marker(1, &[]).split_pending(100).is_none());
    }

    #[test]
    #[cfg(feature = "parallel")]
    fn of_arrays_half_are_given_away_or_half_of_the_only_one() {
        let given = |marker: &mut Marker| {
            let ranges =
                |rest: Vec<Rest>| Vec::from_iter(rest.into_iter().map(|rest| rest.elements));
            marker.split_arrays().map(ranges)
        };
        let mut only = marker(0, &[(5, 5 + 2 * ELEMENTS_MAX)]);
        let half = 5 + ELEMENTS_MAX..5 + 2 * ELEMENTS_MAX;
        assert_eq!(given(&mut only), Some(Vec::from([half])));
        assert_eq!(only.arrays[0].elements, 5..5 + ELEMENTS_MAX);
        assert_eq!(given(&mut only), None, "it is a piece");
        let mut several = marker(0, &[(0, 1), (0, 2), (0, 3), (0, 4), (0, 5)]);
        assert_eq!(given(&mut several), Some(Vec::from([0..1, 0..2])));
        assert_eq!(several.arrays.len(), 3);
        assert_eq!(given(&mut marker(0, &[])), None);
    }
}
