//! Full collections, after the nursery was traced: mark everything, move what lies in sparse blocks,
//! sweep.
//!
//! Marking moves nothing, so it only reads objects. When it is done it is known what lives in each
//! block. If blocks in which little does hold much memory together, they are emptied: then all that
//! lives is walked once more, in the order of memory, and updated.

use alloc::vec::Vec;

use gc_core::Slot;
use gc_core::collector::{Roots, Safepoint};
use gc_core::heap::{BLOCK_BYTES, Block, BlockState, Decision, Heap, ObjectRef, for_each_slot};

use crate::collector::{COLLECT_AGAIN, FULL, Generational};
use crate::fate::fate;
use crate::finalizable::revive;
use crate::pacing::Survival;
use crate::trace::out_of_memory;

/// A block of which at most this lives may be evacuated.
const SPARSE_BYTES_MAX: usize = BLOCK_BYTES / 2;

/// Sparse blocks are evacuated if that frees this share of what lives, as a divisor: the walk over
/// all that lives costs about half as much as marking it did, and so does not come to more than
/// four times that for each byte that is freed.
const FREED_DIVISOR: usize = 4;

/// And this much at least: a handful of blocks is not worth the copying.
const FREED_BYTES_MIN: usize = 8 * BLOCK_BYTES;

impl Generational {
    /// Marks everything that lives, empties the sparse blocks, and reclaims the rest. The nursery has
    /// been traced, or was promoted as it was: nothing is young. Notes how much of it and of the aging
    /// space lived.
    pub(crate) fn collect_all(
        &mut self,
        safepoint: &mut Safepoint<'_>,
        nursery: &[Block],
        survival: &mut Survival,
        resume: usize,
    ) {
        let heap = &mut *safepoint.heap;
        self.remembered.clear();
        let mut roots = core::mem::take(&mut self.pending);
        safepoint.roots.for_each_edge(|target| roots.push(target));
        for table in heap.handle_tables() {
            // The slots of other tables are references of the sets they belong to.
            if table.is_owned_by_arena() {
                table.for_each_edge(|target| roots.push(target));
            }
        }
        heap.for_each_frozen(|object| roots.push(object));
        // SAFETY: the roots refer to live objects, and so do handles. The trace has updated every
        // reference to what was young, and left no mark.
        unsafe { heap.mark_reachable(&mut roots) }
        let unreached = self.finalizable.take_unreached(heap, FULL);
        let is_marked = |object: &ObjectRef| object.chunk().marks().contains(*object);
        let revived = self.revived.drain(..);
        safepoint.collection.resurrected += revived.filter(is_marked).count();
        if !unreached.is_empty() {
            roots.extend(&unreached);
            if resume == COLLECT_AGAIN {
                self.revived.extend(&unreached);
            }
            // SAFETY: nothing was freed since everything was marked.
            unsafe { revive(heap, unreached, FULL, resume) }
            // SAFETY: as above: what only they refer to is untouched, too.
            unsafe { heap.mark_reachable(&mut roots) }
        }
        if heap.saves_garbage() {
            // SAFETY: nothing was freed since everything was marked.
            safepoint.collection.unreachable += unsafe { save(heap, &mut roots) };
        }
        self.pending = roots;
        // SAFETY: nothing old is forwarded, and nothing was freed yet.
        unsafe { heap.count_marked() }
        survival.aging_bytes = self.aging.iter().map(|block| block.live_bytes()).sum();
        survival.tenured_bytes = self.aging.iter().map(|block| block.marked_bytes()).sum();
        let unmarked_bytes = |block: &Block| block.live_bytes() - block.marked_bytes();
        survival.survived_bytes -= nursery.iter().map(unmarked_bytes).sum::<usize>();
        let evacuated = choose_sparse(heap);
        if !evacuated.is_empty() {
            self.evacuate(heap, &evacuated);
            update(heap, &mut safepoint.roots);
            self.revived.iter_mut().for_each(|object| *object = moved(*object));
        }
        self.bury(heap, FULL);
        heap.pool().forget_holes();
        for block in evacuated {
            block.clear_marks();
            // SAFETY: what lived in it was moved.
            unsafe { heap.discard(block) }
        }
        for block in heap.blocks() {
            if block.state() == BlockState::Free {
                continue;
            }
            // SAFETY: what lives was marked.
            unsafe { heap.sweep(block) }
            if matches!(block.state(), BlockState::Aging | BlockState::Mature) {
                block.set_state(BlockState::Mature);
                heap.pool().reconsider(block);
            }
        }
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

/// Saves what is not marked, and marks it; says how many of it can refer to others.
///
/// # Safety
///
/// All that lives is marked, and the memory of all else is untouched.
unsafe fn save(heap: &mut Heap, pending: &mut Vec<ObjectRef>) -> usize {
    for block in heap.blocks() {
        block.for_each_unmarked(|object| pending.push(object));
    }
    // SAFETY: untouched, says the caller.
    pending.retain(|object| unsafe { object.descriptor() }.is_tracked());
    // SAFETY: the caller's promises.
    let fate = |object| unsafe { fate(object, FULL) };
    // SAFETY: as above.
    unsafe { heap.weak().clear_unreachable(true, fate) }
    for &object in &*pending {
        // SAFETY: mature, since nothing is young, and marked below with what it refers to.
        unsafe { heap.save(object) }
    }
    let saved = pending.len();
    // SAFETY: as above.
    unsafe { heap.mark_reachable(pending) }
    saved
}

/// The blocks that are worth emptying now that everything is marked, which are in the state for it.
fn choose_sparse(heap: &mut Heap) -> Vec<Block> {
    let is_stressed = heap.settings().is_stressed;
    let is_sparse = |block: &Block| match heap.whim(Decision::Evacuate) {
        Some(is_chosen) => is_chosen,
        None => is_stressed || block.marked_bytes() <= SPARSE_BYTES_MAX,
    };
    let mut sparse = heap.blocks();
    sparse.retain(|block| matches!(block.state(), BlockState::Aging | BlockState::Mature));
    let live_bytes: usize = sparse.iter().map(|block| block.marked_bytes()).sum();
    // A block in which nothing lives is freed by the sweep.
    sparse.retain(|block| block.marked_bytes() > 0 && is_sparse(block));
    let copied_bytes: usize = sparse.iter().map(|block| block.marked_bytes()).sum();
    let freed_bytes = sparse.len() * BLOCK_BYTES - copied_bytes;
    let freed_bytes_min = FREED_BYTES_MIN.max(live_bytes / FREED_DIVISOR);
    let is_worthwhile =
        is_stressed || heap.whim(Decision::Evacuate).is_some() || freed_bytes >= freed_bytes_min;
    if !is_worthwhile {
        return Vec::new();
    }
    // SAFETY: nothing old is forwarded, and nothing was freed yet.
    let waste_bytes = |block: &Block| unsafe { heap.waste_bytes(*block, true) };
    let copied_bytes = copied_bytes + sparse.iter().map(waste_bytes).sum::<usize>();
    if heap.pool().reserve([copied_bytes]).is_err() {
        return Vec::new();
    }
    for block in &sparse {
        block.set_state(BlockState::Evacuating);
    }
    sparse
}

/// Updates everything that lives where it refers to what was evacuated.
fn update(heap: &Heap, roots: &mut Roots<'_>) {
    roots.for_each_slot(update_slot);
    for table in heap.handle_tables() {
        if table.is_owned_by_arena() {
            table.for_each_slot(update_slot);
        }
    }
    for block in heap.blocks() {
        if !matches!(block.state(), BlockState::Free | BlockState::Evacuating) {
            // SAFETY: it was marked, so it lives, and it lies where it will be; this is a safepoint.
            block.for_each_marked(|object| unsafe { for_each_slot(object, update_slot) });
        }
    }
}

fn update_slot(slot: &mut Slot) {
    let object = slot.get();
    let to = moved(object);
    if to != object && !gc_core::planted!("slots-are-not-updated") {
        // SAFETY: `to` is the object's copy.
        unsafe { slot.set(to) }
    }
}

/// Where an object that lives is after the evacuation.
fn moved(object: ObjectRef) -> ObjectRef {
    if Block::containing(object).state() != BlockState::Evacuating {
        return object;
    }
    // SAFETY: the block it was copied out of is not freed yet.
    let to = unsafe { object.header() }.forwarded();
    to.expect("what lives in such a block was copied")
}
