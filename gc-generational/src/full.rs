//! Full collections, after the nursery was traced: mark everything, move what lies in sparse blocks,
//! sweep.
//!
//! Marking moves nothing, so it only reads objects. What it finds to refer into a block that will be
//! emptied it notes, and when that is done, only the noted objects are updated.

use alloc::vec::Vec;

use gc_core::Slot;
use gc_core::collector::{Roots, Safepoint};
use gc_core::heap::{BLOCK_BYTES, Block, BlockState, Heap, ObjectRef, for_each_slot};

use crate::collector::{FULL, Generational};
use crate::trace::out_of_memory;

/// A block of which less than this lives is evacuated by a full collection.
const SPARSE_BYTES_MAX: usize = BLOCK_BYTES / 4;

impl Generational {
    /// Marks everything that lives, empties the sparse blocks, and reclaims the rest. The nursery has
    /// been traced: nothing is young.
    pub(crate) fn collect_all(&mut self, safepoint: &mut Safepoint<'_>) {
        let heap = &mut *safepoint.heap;
        self.remembered.clear();
        let mut evacuated = heap.blocks();
        evacuated.retain(|block| block.state() == BlockState::Evacuating);
        let mut referrers = Vec::new();
        let mut roots = core::mem::take(&mut self.pending);
        safepoint.roots.for_each_edge(|target| roots.push(target));
        for table in heap.handle_tables() {
            // The slots of other tables are references of the sets they belong to.
            if table.is_owned_by_arena() {
                table.for_each_edge(|target| roots.push(target));
            }
        }
        let notes = (!evacuated.is_empty()).then_some(&mut referrers);
        // SAFETY: the roots refer to live objects, and so do handles. The trace has updated every
        // reference to what was young, and left no mark.
        unsafe { heap.mark_reachable(&mut roots, notes) }
        self.pending = roots;
        self.evacuate(heap, &evacuated);
        if !evacuated.is_empty() {
            update(heap, &mut safepoint.roots, referrers);
        }
        self.bury(heap, FULL);
        heap.pool().forget_holes();
        for block in evacuated {
            block.clear_marks();
            // SAFETY: what lived in it was moved.
            unsafe { heap.discard(block, &mut safepoint.collection) }
        }
        self.sweep(heap, |state| state != BlockState::Free, &mut safepoint.collection);
    }

    /// Copies what was marked in these blocks.
    fn evacuate(&mut self, heap: &mut Heap, blocks: &[Block]) {
        for block in blocks {
            block.for_each_marked(|object| {
                // SAFETY: it is marked, so live, and no block has two copies made of it.
                let Ok(to) = (unsafe { self.to_mature.evacuate(heap, object) }) else {
                    out_of_memory()
                };
                // It lies among objects that will be swept.
                // SAFETY: it was just made.
                unsafe { heap.mark(to) };
            });
        }
        self.to_mature.finish(heap);
    }
}

/// Updates the roots and these objects where they refer to what was evacuated.
fn update(heap: &Heap, roots: &mut Roots<'_>, referrers: Vec<ObjectRef>) {
    roots.for_each_slot(update_slot);
    for table in heap.handle_tables() {
        if table.is_owned_by_arena() {
            table.for_each_slot(update_slot);
        }
    }
    for object in referrers {
        // SAFETY: it was marked, so it lives, at its new address; this is a safepoint.
        unsafe { for_each_slot(new_address(object), update_slot) }
    }
}

fn update_slot(slot: &mut Slot) {
    let to = new_address(slot.get());
    // SAFETY: `to` is the object's copy, or the object itself.
    unsafe { slot.set(to) }
}

/// Where an object that was marked is now.
fn new_address(object: ObjectRef) -> ObjectRef {
    if Block::containing(object).state() != BlockState::Evacuating {
        return object;
    }
    // SAFETY: the block it was copied out of is not freed yet.
    unsafe { object.header() }.forwarded().expect("what is marked in such a block was copied")
}

/// Has the sparsest blocks evacuated, as far as there is room for what lives in them.
pub(crate) fn choose_sparse(heap: &mut Heap, copied_bytes: usize) {
    let is_stressed = heap.settings().is_stressed;
    let sparse_bytes_max = if is_stressed { usize::MAX } else { SPARSE_BYTES_MAX };
    let is_sparse = |block: &Block| {
        block.state() == BlockState::Mature && block.live_bytes() <= sparse_bytes_max
    };
    let sparse: Vec<_> = heap.blocks().into_iter().filter(is_sparse).collect();
    // A block for each: over-aligned objects take more room than their bytes.
    let bytes = sparse.len() * BLOCK_BYTES;
    // A handful of sparse blocks is not worth the copying.
    if (sparse.len() < 8 && !is_stressed) || heap.pool().reserve(copied_bytes + bytes).is_err() {
        return;
    }
    for block in sparse {
        block.set_state(BlockState::Evacuating);
    }
}
