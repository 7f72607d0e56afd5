//! What pure counting cannot reclaim: unreachable cycles, and what hangs from them.

use gc_core::collector::Safepoint;
use gc_core::heap::Block;

use crate::counting::Counting;

/// How many objects that can refer to others are alive and unreachable.
///
/// # Complexity
///
/// O(live objects and references).
///
/// # Safety
///
/// This is a safepoint, no young object is live, and no object is marked.
pub(crate) unsafe fn leaked(safepoint: &mut Safepoint<'_>, counting: &Counting) -> usize {
    let mut roots = counting.roots(safepoint);
    // SAFETY: the roots refer to live objects, and so do handles; nothing is ever forwarded here,
    // and the caller says that nothing is young or marked.
    unsafe { safepoint.heap.mark_reachable(&mut roots) }
    let mut leaked = 0;
    for block in safepoint.heap.blocks() {
        block.for_each_unmarked(|object| {
            // SAFETY: a mature object is intact until it is reclaimed.
            leaked += usize::from(unsafe { object.descriptor() }.is_tracked());
        });
        Block::clear_marks(block);
    }
    leaked
}
