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
use gc_core::heap::{Heap, Logged, ObjectRef, for_each_edge, for_each_edge_among};

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
        let snapshot = safepoint.heap.log_mut().take_snapshot();
        // SAFETY: all that lives is promoted: see Note [What is counted].
        unsafe { bury_young(safepoint.heap) }
        // SAFETY: the snapshot was counted at the last safepoint.
        unsafe { self.decrement_all(safepoint, snapshot.iter().copied().flatten(), observer) }
        safepoint.heap.log_mut().recycle_snapshot(snapshot);
        safepoint.heap.settle_nursery();
    }

    /// Counts what the modified places refer to now, and promotes what is counted first.
    ///
    /// # Safety
    ///
    /// As [`settle`](Counting::settle).
    unsafe fn increment_modified(&mut self, safepoint: &mut Safepoint<'_>) {
        let heap = &mut *safepoint.heap;
        if heap.are_handles_changed() {
            // SAFETY: the caller's promises.
            unsafe { self.settle_handles(heap) }
        }
        let mut log = core::mem::take(heap.log_mut());
        if safepoint.roots.is_dirty() {
            let mut changes = Changes::new(log.root_snapshot());
            safepoint.roots.for_each_edge(|target| {
                if changes.is_new(target) {
                    // SAFETY: the root refers to live objects.
                    unsafe { self.increment(heap, target) }
                }
            });
            safepoint.roots.settle();
        }
        let count_logged = |logged: Logged, snapshot: &mut [Option<ObjectRef>]| {
            let (first, len) = logged.elements();
            let mut changes = Changes::new(snapshot);
            let count = |target| {
                if changes.is_new(target) {
                    // SAFETY: what a live object refers to is live.
                    unsafe { self.increment(heap, target) }
                }
            };
            // SAFETY: a logged object is mature, and nothing was reclaimed since it was logged.
            unsafe { for_each_edge_among(logged.object(), first, len, count) }
        };
        // SAFETY: as above.
        unsafe { log.drain(count_logged) }
        *heap.log_mut() = log;
        while let Some(object) = self.promoted.pop() {
            let count = |target| {
                // SAFETY: what a live object refers to is live.
                unsafe { self.increment(heap, target) }
            };
            // SAFETY: it was promoted because something live refers to it.
            unsafe { for_each_edge(object, count) }
        }
        if heap.are_handles_changed() {
            // The slots of a set that was promoted just now have been counted as its references.
            for table in heap.handle_tables().iter().filter(|table| table.is_owner_mature()) {
                table.settle_fresh(|_| {});
                table.settle_released(|_| {});
            }
            heap.settle_handles();
        }
    }

    /// Counts the handles that came and went, for the sets that were mature before this safepoint.
    ///
    /// # Safety
    ///
    /// As [`settle`](Counting::settle).
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

    /// Counts one reference.
    ///
    /// # Safety
    ///
    /// The target is live.
    #[inline]
    unsafe fn increment(&mut self, heap: &mut Heap, target: ObjectRef) {
        // SAFETY: live, says the caller.
        let is_first = unsafe { target.header() }.count() == 0;
        // SAFETY: as above.
        unsafe { heap.counts.increment(target) }
        if is_first {
            // SAFETY: live, and young: a mature object has a count above zero until it dies.
            unsafe { heap.promote_in_place(target) }
            // SAFETY: as above.
            if unsafe { target.descriptor() }.has_references() {
                self.promoted.push(target);
            }
        }
    }

    /// Takes back references that are lost, and those of what dies by that.
    ///
    /// Deaths are in the order of CPython: a parent before its children, these in the order of their places, and
    /// the children of one before the next.
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
        let heap = &mut *safepoint.heap;
        // What handles released is on the list already; the others follow in order.
        self.decrements.reverse();
        for next in core::iter::once(None).chain(lost.map(Some)) {
            self.decrements.extend(next);
            while let Some(object) = self.decrements.pop() {
                // SAFETY: each entry stands for a reference that was counted, so the object lives.
                if !unsafe { heap.counts.decrement(object) } {
                    observer.decremented(object);
                    continue;
                }
                let first_child = self.decrements.len();
                // SAFETY: it dies just now: its references were counted, and are gone with it.
                unsafe { for_each_edge(object, |child| self.decrements.push(child)) }
                self.decrements[first_child..].reverse();
                observer.dying(object);
                // SAFETY: mature, its count is zero, and it leaves every list.
                unsafe { heap.reclaim(object, &mut safepoint.collection) }
            }
        }
    }
}

/// Compares what a place refers to now with what it referred to then.
///
/// It compares in order, without looking ahead: a reference that has only changed its position may
/// be counted and taken back, which is the same in the end.
struct Changes<'a> {
    then: core::slice::IterMut<'a, Option<ObjectRef>>,
}

impl<'a> Changes<'a> {
    fn new(then: &'a mut [Option<ObjectRef>]) -> Changes<'a> {
        Changes { then: then.iter_mut() }
    }

    /// Whether the next reference is another than then; if not, it is struck from the snapshot.
    #[inline]
    fn is_new(&mut self, now: ObjectRef) -> bool {
        match self.then.next() {
            Some(then) if *then == Some(now) => {
                *then = None;
                false
            }
            _ => true,
        }
    }
}

/// Sees to the young objects that nobody counted.
///
/// # Safety
///
/// All young objects that live are promoted, and nothing promoted since was reclaimed.
unsafe fn bury_young(heap: &mut Heap) {
    let drops = heap.take_young_drops();
    // SAFETY: what is mature lives where it was, and what is not is dead.
    unsafe { heap.bury_young(drops, |object| object.is_mature().then_some(object), |_| {}) }
}
