//! The backup: marking from the roots, and reclaiming what is not marked.
//!
//! It finds all garbage, at the price of a walk over all that lives. The counts are up to date when
//! it starts, and when it ends: what lives loses the references that garbage had to it.

use alloc::vec::Vec;

use gc_core::collector::Safepoint;
use gc_core::heap::{Heap, ObjectRef, for_each_edge};

/// Marks everything that is reachable from the roots.
///
/// # Complexity
///
/// O(live objects and references). No recursion: the objects yet to be scanned are on a list.
///
/// # Safety
///
/// This is a safepoint, no young object is live, and no object is marked.
pub unsafe fn mark(safepoint: &mut Safepoint<'_>) {
    let heap = &mut *safepoint.heap;
    let mut pending = Vec::new();
    safepoint.roots.for_each_edge(|target| {
        // SAFETY: the root refers to live objects.
        unsafe { mark_object(heap, target, &mut pending) }
    });
    for table in heap.handle_tables() {
        // The slots of other tables are references of the sets they belong to.
        if table.is_owned_by_arena() {
            table.for_each_edge(|target| {
                // SAFETY: a filled slot refers to a live object.
                unsafe { mark_object(heap, target, &mut pending) }
            });
        }
    }
    while let Some(object) = pending.pop() {
        let mark_target = |target| {
            // SAFETY: what a live object refers to is live.
            unsafe { mark_object(heap, target, &mut pending) }
        };
        // SAFETY: it is reachable.
        unsafe { for_each_edge(object, mark_target) }
    }
}

/// # Safety
///
/// The object is live.
#[inline]
unsafe fn mark_object(heap: &mut Heap, object: ObjectRef, pending: &mut Vec<ObjectRef>) {
    // SAFETY: live, says the caller, and nothing is ever forwarded here.
    let is_new = unsafe { heap.mark(object) };
    // SAFETY: as above.
    if is_new && unsafe { object.descriptor() }.has_references() {
        pending.push(object);
    }
}

/// Takes the mature objects that are not marked, and clears all marks.
///
/// # Complexity
///
/// O(blocks), and O(garbage).
pub fn take_unmarked(heap: &mut Heap) -> Vec<ObjectRef> {
    let mut garbage = Vec::new();
    for block in heap.blocks() {
        block.for_each_unmarked(|object| garbage.push(object));
        block.clear_marks();
    }
    garbage
}
