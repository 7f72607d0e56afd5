//! Bringing reference counts up to date at a safepoint.
//!
//! Note [What is counted]: between safepoints, a mature object's count is the number of references
//! to it from the root, from settled handles, and from mature objects, *as these were at the last
//! safepoint*. What has changed since is in the log:
//!
//! - an object that was modified is logged, with what it referred to at the last safepoint (the
//!   snapshot, which was counted then);
//! - the root, when it was borrowed mutably, is the same;
//! - a handle table has its own two lists.
//!
//! So at a safepoint the counts become right for now by incrementing what the modified places refer
//! to now, and then decrementing the snapshot. However often a place was written, only its first
//! and last values count: this is what coalescing means. What a modified place refers to now as it
//! did then is struck from the snapshot, and its target is not touched.
//!
//! All increments come before all decrements, so that a count never reaches zero while a reference
//! is still uncounted. An increment from zero is the first that a young object receives: it is
//! promoted where it lies, and what it refers to is counted in turn. A young object that receives
//! none is dead and was never touched.
//!
//! Nothing recurses: promotion and death both work from lists.

use alloc::vec::Vec;

use gc_core::collector::Safepoint;
use gc_core::heap::{
    Entry, Flag, Heap, Logged, ObjectRef, Position, for_each_edge, for_each_edge_among,
};

/// Who wants to know what becomes of counts: a detector of cycles.
pub trait Observer {
    /// The object lost a reference and lives: it may be what is left of a cycle.
    fn decremented(&mut self, object: ObjectRef);

    /// The object's count is zero: it is about to be reclaimed.
    fn dying(&mut self, object: ObjectRef);
}

/// Pure reference counting does not look for cycles.
impl Observer for () {
    fn decremented(&mut self, _: ObjectRef) {}
    fn dying(&mut self, _: ObjectRef) {}
}

/// The lists that counting works from, kept for their memory: between safepoints they are empty.
#[derive(Debug, Default)]
pub struct Counting {
    /// Promoted, and yet to be scanned.
    promoted: Vec<ObjectRef>,
    /// References that are gone, the next one last.
    decrements: Vec<ObjectRef>,
}

impl Counting {
    /// Brings all counts up to date and reclaims what they show to be dead.
    ///
    /// # Complexity
    ///
    /// O(what was modified, promoted and reclaimed), and one entry for each young object with drop
    /// glue. No recursion.
    ///
    /// # Safety
    ///
    /// 1. This is a safepoint, and the collector's barrier takes snapshots.
    /// 2. Every mature object was counted by this module only.
    pub unsafe fn settle(&mut self, safepoint: &mut Safepoint<'_>, observer: &mut impl Observer) {
        // SAFETY: the caller's promises.
        unsafe { self.increment_modified(safepoint) }
        // SAFETY: all that lives is promoted: see Note [What is counted].
        unsafe { safepoint.heap.bury_young_in_place() }
        // SAFETY: the snapshot was counted at the last safepoint.
        unsafe { self.decrement_lost(safepoint, observer) }
        safepoint.heap.log_mut().clear();
        safepoint.heap.settle_nursery();
    }

    /// Counts what the modified places refer to now, and promotes what is counted first.
    ///
    /// # Safety
    ///
    /// As [`settle`](Counting::settle).
    unsafe fn increment_modified(&mut self, safepoint: &mut Safepoint<'_>) {
        if safepoint.heap.are_handles_changed() {
            // SAFETY: the caller's promises.
            unsafe { self.settle_handles(safepoint.heap) }
        }
        let mut position = Position::default();
        while let Some(entry) = safepoint.heap.log_mut().next(&mut position) {
            // SAFETY: the caller's promises.
            unsafe { self.count_entry(safepoint, entry, &mut position) }
        }
        if safepoint.roots.is_dirty() {
            // SAFETY: the caller's promises.
            unsafe { self.count_new_root(safepoint) }
        }
        let heap = &mut *safepoint.heap;
        while let Some(object) = self.promoted.pop() {
            // SAFETY: what a live object refers to is live.
            let count = |target| unsafe { self.increment(heap, target) };
            // SAFETY: it was promoted because something live refers to it.
            unsafe { for_each_edge(object, count) }
        }
        if safepoint.heap.are_handles_changed() {
            settle_promoted_handles(safepoint.heap);
        }
    }

    /// Counts what one entry of the log refers to now and did not before.
    ///
    /// # Safety
    ///
    /// As [`settle`](Counting::settle).
    #[inline]
    unsafe fn count_entry(
        &mut self,
        safepoint: &mut Safepoint<'_>,
        entry: Entry,
        position: &mut Position,
    ) {
        let Safepoint { heap, roots, .. } = safepoint;
        if let Entry::Heap(logged) = entry {
            // SAFETY: a logged object is mature, and nothing was reclaimed since.
            unsafe { logged.object().header() }.set(Flag::Unlogged);
        }
        let mut count = |target| {
            if heap.log_mut().is_new(position, target) {
                // SAFETY: what a live object or the root refers to is live.
                unsafe { self.increment(heap, target) }
            }
        };
        match entry {
            // SAFETY: mature, and at a safepoint nothing is borrowed.
            Entry::Heap(Logged::Object(object)) => unsafe { for_each_edge(object, count) },
            Entry::Heap(logged) => {
                let (first, len) = logged.elements();
                // SAFETY: as above.
                unsafe { for_each_edge_among(logged.object(), first, len, count) }
            }
            Entry::Root => {
                roots.for_each_edge(&mut count);
                roots.settle();
            }
        }
    }

    /// Counts what a new root refers to.
    ///
    /// # Safety
    ///
    /// As [`settle`](Counting::settle).
    #[cold]
    unsafe fn count_new_root(&mut self, safepoint: &mut Safepoint<'_>) {
        let Safepoint { heap, roots, .. } = safepoint;
        // SAFETY: the root refers to live objects.
        roots.for_each_edge(|target| unsafe { self.increment(heap, target) });
        roots.settle();
    }

    /// Counts the handles that came and went, for the sets that were mature before this safepoint.
    ///
    /// # Safety
    ///
    /// As [`settle`](Counting::settle).
    #[cold]
    unsafe fn settle_handles(&mut self, heap: &mut Heap) {
        // Asked before anything is promoted: the slots of a young set are counted when it is.
        let mut tables = heap.handle_tables();
        tables.retain(|table| table.is_owner_mature());
        for table in tables {
            // SAFETY: a filled slot refers to a live object.
            table.settle_fresh(|slot| unsafe { self.increment(heap, slot.get()) });
            table.settle_released(|object| self.decrements.push(object));
        }
    }

    /// Counts one reference. The first one promotes.
    ///
    /// # Safety
    ///
    /// The target is live.
    #[inline]
    unsafe fn increment(&mut self, heap: &mut Heap, target: ObjectRef) {
        // SAFETY: live, says the caller.
        let header = unsafe { target.header() };
        if header.count() > 0 {
            // SAFETY: as above.
            return unsafe { heap.counts.increment(target) };
        }
        header.set_count(1);
        // SAFETY: live, and young: a mature object has a count above zero until it dies.
        unsafe { heap.promote_in_place(target) }
        if header.descriptor().has_references() {
            self.promoted.push(target);
        }
    }

    /// Takes back what the log and the handles have lost.
    ///
    /// # Safety
    ///
    /// As [`settle`](Counting::settle), and everything gained was counted.
    unsafe fn decrement_lost(
        &mut self,
        safepoint: &mut Safepoint<'_>,
        observer: &mut impl Observer,
    ) {
        if !self.decrements.is_empty() {
            // What handles released, oldest first.
            self.decrements.reverse();
            // SAFETY: these references were counted when the handles were settled.
            unsafe { self.decrement_pending(safepoint, observer) }
        }
        let mut position = Position::default();
        while let Some(object) = safepoint.heap.log_mut().next_lost(&mut position) {
            // SAFETY: what the snapshots hold was counted at the last safepoint.
            unsafe { self.decrement(safepoint, object, observer) }
        }
    }

    /// Takes back references that are lost, and those of what dies by that.
    ///
    /// Deaths are in the order of CPython: a parent before its children, these in the order of their
    /// places, and the children of one before the next.
    ///
    /// # Safety
    ///
    /// Every one of the lost references was counted.
    pub unsafe fn decrement_all(
        &mut self,
        safepoint: &mut Safepoint<'_>,
        lost: impl Iterator<Item = ObjectRef>,
        observer: &mut impl Observer,
    ) {
        for object in lost {
            // SAFETY: the caller's promise.
            unsafe { self.decrement(safepoint, object, observer) }
        }
    }

    /// Takes one reference back, and then those of what dies by that.
    ///
    /// # Safety
    ///
    /// The reference was counted.
    #[inline]
    unsafe fn decrement(
        &mut self,
        safepoint: &mut Safepoint<'_>,
        object: ObjectRef,
        observer: &mut impl Observer,
    ) {
        // SAFETY: the reference was counted, so the object lives.
        if !unsafe { safepoint.heap.counts.decrement(object) } {
            observer.decremented(object);
            return;
        }
        // SAFETY: its count is zero, which just became so.
        unsafe { self.bury(safepoint, object, observer) }
        if !self.decrements.is_empty() {
            // SAFETY: what the dead object referred to was counted.
            unsafe { self.decrement_pending(safepoint, observer) }
        }
    }

    /// Works the list of decrements off.
    ///
    /// # Safety
    ///
    /// Every reference in it was counted.
    unsafe fn decrement_pending(
        &mut self,
        safepoint: &mut Safepoint<'_>,
        observer: &mut impl Observer,
    ) {
        while let Some(object) = self.decrements.pop() {
            // SAFETY: the reference was counted, so the object lives.
            if unsafe { safepoint.heap.counts.decrement(object) } {
                // SAFETY: its count is zero, which just became so.
                unsafe { self.bury(safepoint, object, observer) }
            } else {
                observer.decremented(object);
            }
        }
    }

    /// Reclaims an object; what it referred to is to be decremented next.
    ///
    /// # Safety
    ///
    /// The object is mature, its count has just become zero, and it is in no list.
    #[inline]
    unsafe fn bury(
        &mut self,
        safepoint: &mut Safepoint<'_>,
        object: ObjectRef,
        observer: &mut impl Observer,
    ) {
        let first_child = self.decrements.len();
        // SAFETY: it dies just now: its memory is untouched, and nothing is borrowed.
        unsafe { for_each_edge(object, |child| self.decrements.push(child)) }
        if self.decrements.len() - first_child > 1 {
            self.decrements[first_child..].reverse();
        }
        observer.dying(object);
        // SAFETY: mature, and nothing refers to it any more.
        unsafe { safepoint.heap.reclaim(object, &mut safepoint.collection) }
    }
}

/// The slots of a set of handles that was promoted just now have been counted as its references.
#[cold]
fn settle_promoted_handles(heap: &mut Heap) {
    for table in heap.handle_tables().iter().filter(|table| table.is_owner_mature()) {
        table.settle_fresh(|_| {});
        table.settle_released(|_| {});
    }
    heap.settle_handles();
}
