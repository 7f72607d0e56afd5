//! The policy: what is collected when, step by step.
//!
//! Every collection is the same sequence, over one, two or three generations:
//!
//! 1. take the log, so that no header is touched later;
//! 2. choose what happens to an object by the state of its block ([`Plan`]);
//! 3. reach what the roots, the handles and the remembered set refer to, and trace;
//! 4. see to what died: weak references, handles, identities, drop glue;
//! 5. sweep the blocks that were marked, free those that were copied out of.

use alloc::vec::Vec;

use gc_core::Stats;
use gc_core::collector::{Attributes, Collector, Roots, Safepoint};
use gc_core::heap::{BLOCK_BYTES, Block, BlockState, Evacuator, Heap, Logged, ObjectRef};

use crate::fate::fate;
use crate::pacing::Pacing;
use crate::remembered::Remembered;
use crate::trace::{Action, Trace};

/// Young, aging, old.
const GENERATIONS: u8 = 3;
const FULL: u8 = GENERATIONS - 1;

/// A block of which less than this lives is evacuated by a full collection.
const SPARSE_BYTES_MAX: usize = BLOCK_BYTES / 4;

/// Generational collection: a copying nursery, an aging space, and a mark-region mature space.
///
/// Not prompt: what is unreachable is dropped by the collection that finds it so.
///
/// # Examples
///
/// ```
/// use gc_core::{Arena, Gc, Lock, Rootable, Trace, unlock};
/// use gc_generational::Generational;
///
/// #[derive(Trace)]
/// struct Node<'gc> {
///     other: Lock<Option<Gc<'gc, Node<'gc>>>>,
/// }
///
/// let mut arena: Arena<Rootable![()], Generational> = Arena::new(|_| ());
/// arena.mutate(|mc, ()| {
///     let a = Gc::new(mc, Node { other: Lock::new(None) });
///     let b = Gc::new(mc, Node { other: Lock::new(Some(a)) });
///     unlock!(Gc::write(mc, a), Node, other).set(Some(b));
/// });
/// assert_eq!(arena.collect().unreachable, 2, "a -> b -> a");
/// ```
#[derive(Debug)]
pub struct Generational {
    pacing: Pacing,
    remembered: Remembered,
    to_aging: Evacuator,
    to_mature: Evacuator,
    /// Objects with drop glue in the aging space, and in the mature and the large.
    aging_drops: Vec<ObjectRef>,
    mature_drops: Vec<ObjectRef>,
    /// The pending objects of the trace, for their memory.
    pending: Vec<ObjectRef>,
    /// What had been allocated at the last collection.
    allocated: Stats,
    /// Collections under stress, which take the generations in turn.
    stressed: u8,
}

impl Default for Generational {
    fn default() -> Generational {
        Generational {
            pacing: Pacing::default(),
            remembered: Remembered::default(),
            to_aging: Evacuator::new(BlockState::Aging),
            to_mature: Evacuator::new(BlockState::Mature),
            aging_drops: Vec::new(),
            mature_drops: Vec::new(),
            pending: Vec::new(),
            allocated: Stats::default(),
            stressed: 0,
        }
    }
}

/// What one collection does with the blocks.
#[derive(Debug)]
struct Plan {
    generation: u8,
    actions: [Action; BlockState::COUNT],
    /// The nursery's blocks.
    nursery: Vec<Block>,
    promotes_in_place: bool,
}

// SAFETY: the trace starts from every root, every handle and, for generations that are not
// collected, from every old object that may refer into one that is (Note [Old-to-young edges]). What
// it reaches is marked, copied or promoted, and each slot it scans is updated. Only what it did not
// reach is reclaimed. After each collection the nursery is empty.
unsafe impl Collector for Generational {
    const ATTRIBUTES: Attributes = {
        let mut attributes = Attributes::new("generational collection");
        attributes.reclaims_cycles = true;
        attributes.moves_objects = true;
        attributes.generations = GENERATIONS;
        attributes
    };

    fn safepoint(&mut self, safepoint: &mut Safepoint<'_>) {
        if !safepoint.is_enabled {
            return;
        }
        let mut generation = self.pacing.generation(safepoint.heap);
        if safepoint.heap.settings().is_stressed {
            self.stressed = (self.stressed + 1) % GENERATIONS;
            generation = generation.max(self.stressed);
        }
        self.run(safepoint, generation);
    }

    fn collect(&mut self, safepoint: &mut Safepoint<'_>, generation: u8) {
        self.run(safepoint, generation);
    }
}

impl Generational {
    fn run(&mut self, safepoint: &mut Safepoint<'_>, generation: u8) {
        let heap = &mut *safepoint.heap;
        let taken_bytes = heap.nursery_taken_bytes();
        let (objects_before, bytes_before) = self.before(heap);
        let mature_bytes_before = heap.live_bytes();
        self.remembered.take_log(heap);
        let plan = self.plan(heap, generation);
        self.trace(heap, &mut safepoint.roots, &plan);
        let survived_bytes = heap.live_bytes() - mature_bytes_before;
        self.bury(heap, generation);
        self.free(heap, plan, &mut safepoint.collection);
        self.pacing.note(heap, generation, taken_bytes, survived_bytes);
        self.allocated = heap.stats();

        let collection = &mut safepoint.collection;
        collection.generation = generation;
        collection.freed_objects = objects_before - heap.live_objects();
        collection.freed_bytes = bytes_before - heap.live_bytes();
        collection.unreachable = collection.freed_objects;
    }

    /// Objects and bytes that lived after the last collection, and that were allocated since.
    fn before(&self, heap: &Heap) -> (usize, usize) {
        let stats = heap.stats();
        let objects = stats.allocated_objects - self.allocated.allocated_objects;
        let bytes = stats.allocated_bytes - self.allocated.allocated_bytes;
        (stats.live_objects + objects as usize, stats.live_bytes + bytes as usize)
    }

    /// Chooses what happens to the objects of each kind of block.
    fn plan(&self, heap: &mut Heap, generation: u8) -> Plan {
        // What is copied needs room that is there for certain; else it stays where it is.
        let copied_bytes = heap.nursery_used_bytes();
        let promotes_in_place =
            self.pacing.promotes_in_place(heap) || heap.pool().reserve(copied_bytes).is_err();
        if generation == FULL && !promotes_in_place {
            choose_sparse(heap, copied_bytes);
        }
        let mut actions = [Action::Leave; BlockState::COUNT];
        actions[BlockState::Nursery as usize] =
            if promotes_in_place { Action::Promote } else { Action::Copy };
        actions[BlockState::Large as usize] = Action::Promote;
        if generation >= 1 {
            actions[BlockState::Aging as usize] = Action::Mark;
        }
        if generation == FULL {
            actions[BlockState::Mature as usize] = Action::Mark;
            actions[BlockState::Large as usize] = Action::Mark;
            actions[BlockState::Evacuating as usize] = Action::Copy;
        }
        Plan { generation, actions, nursery: heap.take_nursery(), promotes_in_place }
    }

    /// Reaches everything that lives in the generations that are collected.
    fn trace(&mut self, heap: &mut Heap, roots: &mut Roots<'_>, plan: &Plan) {
        let tables = heap.handle_tables();
        let to = if plan.generation == 0 { &mut self.to_aging } else { &mut self.to_mature };
        let pending = core::mem::take(&mut self.pending);
        let marks_copies = plan.generation == FULL;
        let mut trace = Trace::new(heap, to, plan.actions, marks_copies, pending);

        // A clean root refers to nothing young.
        if roots.is_dirty() || plan.generation > 0 {
            // SAFETY: the root refers to live objects.
            roots.for_each_slot(|slot| unsafe { trace.reach(slot) });
            roots.settle();
        }
        for table in &tables {
            let is_old = table.owning_object().is_none_or(|owner| {
                owner.is_mature()
                    && trace.action(owner) != Action::Mark
                    && trace.action(owner) != Action::Copy
            });
            // The slots of a set whose generation is collected are its references.
            if !is_old {
                continue;
            }
            if plan.generation == 0 {
                // SAFETY: a filled slot refers to a live object.
                table.settle_fresh(|slot| unsafe { trace.reach(slot) });
            } else {
                // SAFETY: as above.
                table.for_each_slot(|slot| unsafe { trace.reach(slot) });
            }
        }
        match plan.generation {
            0 => self.remembered.scan_written(&mut trace),
            FULL => self.remembered.clear(),
            _ => self.remembered.scan_all(&mut trace),
        }
        trace.run(|object| {
            if plan.generation == 0 {
                self.remembered.add(Logged::Object(object));
            }
        });
        self.pending = trace.into_pending();
        self.to_mature.finish(heap);
        if plan.generation > 0 {
            self.to_aging.finish(heap);
        }
        for table in tables {
            table.settle_fresh(|_| {});
            table.settle_released(|_| {});
        }
        heap.settle_handles();
    }

    /// Sees to what died: weak references, handles, identities, drop glue.
    fn bury(&mut self, heap: &mut Heap, generation: u8) {
        // SAFETY: nothing was freed since the trace.
        let fate = |object| unsafe { fate(object, generation) };
        if generation > 0 {
            // SAFETY: as above, and `fate` knows where everything is.
            unsafe { heap.weak().update_all(fate) }
        }
        let survivors =
            if generation == 0 { &mut self.aging_drops } else { &mut self.mature_drops };
        let survivors_before = survivors.len();
        let young = heap.take_young_drops();
        // SAFETY: the trace has reached all that lives.
        unsafe { heap.bury_young(young, fate, |object| survivors.push(object)) }
        if generation == 0 {
            return;
        }
        if generation == FULL {
            // Those that survived just now have their fate behind them.
            let young = self.mature_drops.split_off(survivors_before);
            bury_old(heap, &mut self.mature_drops, fate);
            self.mature_drops.extend(young);
        }
        bury_old(heap, &mut self.aging_drops, fate);
        self.mature_drops.append(&mut self.aging_drops);
        heap.retain_ids(|object| fate(object).is_some());
    }

    /// Sweeps the blocks that were marked, and frees those that were copied out of.
    fn free(&mut self, heap: &mut Heap, plan: Plan, collection: &mut gc_core::Collection) {
        let swept = if plan.generation > 0 { heap.blocks() } else { Vec::new() };
        if plan.generation == FULL {
            heap.pool().forget_holes();
        }
        for block in swept {
            let state = block.state();
            match plan.actions[state as usize] {
                Action::Mark => {
                    // SAFETY: the trace has marked what lives.
                    unsafe { heap.sweep(block, collection) }
                    if state != BlockState::Large {
                        block.set_state(BlockState::Mature);
                        heap.pool().reconsider(block);
                    }
                }
                Action::Copy if state == BlockState::Evacuating => {
                    // SAFETY: the trace has copied what lives.
                    unsafe { heap.discard(block, collection) }
                }
                _ => {}
            }
        }
        let state = if plan.generation == 0 { BlockState::Aging } else { BlockState::Mature };
        // In reverse, so that the block used first is taken first again.
        for block in plan.nursery.into_iter().rev() {
            debug_assert!(plan.promotes_in_place || block.live_bytes() == 0);
            if block.live_bytes() == 0 {
                heap.pool().release(block);
            } else {
                block.set_state(state);
                heap.pool().reconsider(block);
            }
        }
    }
}

/// Schedules the drop glue of those in the list that are dead, and updates the others.
fn bury_old(
    heap: &mut Heap,
    drops: &mut Vec<ObjectRef>,
    fate: impl Fn(ObjectRef) -> Option<ObjectRef>,
) {
    drops.retain_mut(|object| match fate(*object) {
        Some(to) => {
            *object = to;
            true
        }
        None => {
            // SAFETY: the trace did not reach it, and it leaves the list.
            unsafe { heap.schedule_drop(*object) }
            false
        }
    });
}

/// Has the sparsest blocks evacuated, as far as there is room for what lives in them.
fn choose_sparse(heap: &mut Heap, copied_bytes: usize) {
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
