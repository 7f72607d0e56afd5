//! The backup: marking from the roots, and reclaiming what is not marked.
//!
//! It finds all garbage, at the price of a walk over all that lives. The counts are up to date when
//! it starts, and when it ends: what lives loses the references that garbage had to it.

use alloc::vec::Vec;

use gc_core::collector::Safepoint;
use gc_core::heap::{Heap, ObjectRef};

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
    let mut roots = Vec::new();
    for_each_root(safepoint, |target| roots.push(target));
    // SAFETY: the roots refer to live objects, and so do handles; nothing is ever forwarded here,
    // and the caller says that nothing is young or marked.
    unsafe { safepoint.heap.mark_reachable(&mut roots) }
}

/// Calls `each` for everything that the roots and the arena's handles refer to.
pub(crate) fn for_each_root(safepoint: &mut Safepoint<'_>, mut each: impl FnMut(ObjectRef)) {
    safepoint.roots.for_each_edge(&mut each);
    for table in safepoint.heap.handle_tables() {
        // The slots of other tables are references of the sets they belong to.
        if table.is_owned_by_arena() {
            table.for_each_edge(&mut each);
        }
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
