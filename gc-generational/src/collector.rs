//! The policy: what is collected when, step by step.
//!
//! Every collection is the same sequence:
//!
//! 1. take the log, so that no header is touched later;
//! 2. choose what happens to an object by the state of its block ([`Plan`]);
//! 3. reach what the roots, the handles and the remembered set refer to, and trace; or, where all of
//!    the nursery is taken to live, promote it as it lies;
//! 4. see to what died: weak references, handles, identities, drop glue;
//! 5. in a full collection, do what `full.rs` says;
//! 6. free the blocks that were emptied, and sweep those whose objects were promoted where they lay.
//!
//! What ages has outlived the collection that made it age, and so a whole nursery beside it when it
//! is looked at again. Only then does it become old: what was made shortly before a collection, and
//! lives only because of that, seldom gets so far.

use alloc::vec::Vec;

use gc_core::Reason;
use gc_core::collector::{Attributes, Collector, Roots, Safepoint};
use gc_core::heap::{Block, BlockState, Decision, Evacuator, Heap, ObjectRef, Verifier};

use crate::ephemerons::reach_young_values;
use crate::fate::fate;
use crate::finalizable::{Finalizable, reach_frozen, revive};
use crate::pacing::{Pacing, Survival};
use crate::remembered::Remembered;
use crate::trace::{Action, Trace};
use crate::verify::verify;

/// Young, aging, old.
pub(crate) const GENERATIONS: u8 = 3;
pub(crate) const MIDDLE: u8 = 1;
pub(crate) const FULL: u8 = GENERATIONS - 1;

/// Where a collection is resumed when finalizers and callbacks have run: nothing is left to do, or what
/// they kept or did not is to be found now, since everything was asked for.
const END: usize = 0;
pub(crate) const COLLECT_AGAIN: usize = 1;

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
    pub(crate) remembered: Remembered,
    to_aging: Evacuator,
    pub(crate) to_mature: Evacuator,
    /// The blocks of the aging space.
    pub(crate) aging: Vec<Block>,
    /// Objects with drop glue in the aging space, and in the mature and the large.
    pub(crate) aging_drops: Vec<ObjectRef>,
    pub(crate) mature_drops: Vec<ObjectRef>,
    pub(crate) finalizable: Finalizable,
    /// What the collection that waits for calls has kept for its finalizers, as far as it is asked
    /// for what these make of it.
    pub(crate) revived: Vec<ObjectRef>,
    /// The pending objects of the trace, for their memory.
    pub(crate) pending: Vec<ObjectRef>,
    /// Objects and bytes that had been allocated at the last collection.
    allocated: (u64, u64),
    /// Collections under stress, which take the generations in turn, and both ways of tenuring.
    stressed: u8,
}

impl Default for Generational {
    fn default() -> Generational {
        Generational {
            pacing: Pacing::default(),
            remembered: Remembered::default(),
            to_aging: Evacuator::new(BlockState::Aging),
            to_mature: Evacuator::new(BlockState::Mature),
            aging: Vec::new(),
            aging_drops: Vec::new(),
            mature_drops: Vec::new(),
            finalizable: Finalizable::default(),
            revived: Vec::new(),
            pending: Vec::new(),
            allocated: (0, 0),
            stressed: 0,
        }
    }
}

/// What a minor or middle collection does with the blocks.
#[derive(Debug)]
struct Plan {
    generation: u8,
    actions: [Action; BlockState::COUNT],
    /// The blocks of the aging space, if that is collected: their objects become old.
    tenured: Vec<Block>,
    /// Bytes of the objects in them.
    aging_bytes: usize,
}

// SAFETY: where all of the nursery is promoted as it lies nothing is reclaimed or moved, but by the
// marking of a full collection, and nothing is aging that it could refer to. Otherwise the trace
// starts from every root, every handle and, for generations that are not
// collected, from every old object that may refer into one that is (Note [Old-to-young edges]). What
// it reaches is marked, copied or promoted, and each slot it scans is updated. A full collection
// marks from every root and handle after that, and updates all that lives where it refers to what it
// moves. Only what was not reached is reclaimed. After each collection the nursery is empty.
// What it keeps are addresses in the heap, and numbers.
unsafe impl Collector for Generational {
    const ATTRIBUTES: Attributes = {
        let mut attributes = Attributes::new("generational collection");
        attributes.reclaims_cycles = true;
        attributes.moves_objects = true;
        attributes.generations = GENERATIONS;
        attributes
    };

    const IS_SEND: bool = true;

    fn safepoint(&mut self, safepoint: &mut Safepoint<'_>) {
        if !safepoint.is_enabled() {
            return;
        }
        let mut generation = self.pacing.generation(safepoint.heap);
        if safepoint.heap.settings().is_stressed {
            self.stressed = (self.stressed + 1) % (2 * GENERATIONS);
            generation = generation.max(self.stressed % GENERATIONS);
        } else if let Some(drawn) = safepoint.heap.whim_generation(GENERATIONS) {
            generation = generation.max(drawn);
        }
        safepoint.ask_for(generation);
    }

    fn collect(&mut self, safepoint: &mut Safepoint<'_>, generation: u8, reason: Reason) {
        safepoint.collection.candidates = self.candidates(safepoint.heap, generation);
        self.run(safepoint, generation, reason);
    }

    fn verify(&self, verifier: &mut Verifier<'_>) {
        verify(self, verifier);
    }

    fn resume(&mut self, safepoint: &mut Safepoint<'_>, resume: usize) {
        safepoint.heap.end_collecting();
        if resume == COLLECT_AGAIN {
            self.run(safepoint, FULL, Reason::Automatic);
        }
    }
}

impl Generational {
    fn run(&mut self, safepoint: &mut Safepoint<'_>, generation: u8, reason: Reason) {
        let heap = &mut *safepoint.heap;
        // What is saved is what a full collection finds.
        let generation = if heap.saves_garbage() { FULL } else { generation };
        let taken_bytes = heap.nursery_taken_bytes();
        let (objects_before, bytes_before) = self.before(heap);
        let old_bytes_before = heap.live_bytes();
        self.remembered.take_log(heap);
        let plan = self.plan(heap, generation);
        let is_unseen = self.promotes_unseen(heap, &plan, reason);
        if is_unseen {
            // SAFETY: a safepoint, and what is young was not touched; the rest was asked for.
            unsafe { heap.promote_nursery() }
        }
        let nursery = heap.take_nursery();
        let asks_for_all = generation == FULL && reason == Reason::Explicit;
        let resume = if asks_for_all { COLLECT_AGAIN } else { END };
        if is_unseen {
            self.settle_unseen(heap, &mut safepoint.roots);
        } else {
            self.trace(heap, &mut safepoint.roots, &plan, resume);
        }
        let mut survival = self.survival(heap, &plan, taken_bytes, old_bytes_before);
        survival.is_seen = !is_unseen || generation == FULL;
        if generation == FULL {
            // What the nursery's dead lie in is not free before all of it is done: their drop glue
            // has not run.
            self.bury(heap, 0);
            self.collect_all(safepoint, &nursery, &mut survival, resume);
            self.aging.clear();
        } else {
            self.bury(heap, generation);
        }
        Self::settle_tenured(safepoint.heap, plan.tenured);
        Self::settle_nursery(safepoint.heap, nursery);
        self.to_aging.take_blocks(&mut self.aging);
        if safepoint.heap.call_back(resume) {
            safepoint.heap.begin_collecting();
        }
        self.pacing.note(safepoint.heap, generation, &survival);
        self.allocated = safepoint.heap.allocated();

        let collection = &mut safepoint.collection;
        collection.freed_objects = objects_before - safepoint.heap.live_objects();
        collection.freed_bytes = bytes_before - safepoint.heap.live_bytes();
        collection.unreachable += collection.freed_objects;
    }

    /// How many objects there are in the generations that are collected.
    fn candidates(&mut self, heap: &mut Heap, generation: u8) -> usize {
        let (objects, _) = self.before(heap);
        let young_objects = objects - heap.live_objects();
        match generation {
            FULL => objects,
            MIDDLE => {
                self.gather_aging(heap);
                let aging_objects = self.aging.iter().map(|block| block.mature_objects());
                young_objects + aging_objects.sum::<usize>()
            }
            _ => young_objects,
        }
    }

    /// Ends allocation in the blocks of the aging space, and gathers them.
    fn gather_aging(&mut self, heap: &mut Heap) {
        self.to_aging.finish(heap);
        self.to_aging.take_blocks(&mut self.aging);
    }

    /// Objects and bytes that lived after the last collection, and that were allocated since.
    fn before(&self, heap: &Heap) -> (usize, usize) {
        let (objects, bytes) = heap.allocated();
        let (objects, bytes) = (objects - self.allocated.0, bytes - self.allocated.1);
        (heap.live_objects() + objects as usize, heap.live_bytes() + bytes as usize)
    }

    /// Chooses what happens to the objects of each kind of block. A full collection begins as a
    /// minor one whose survivors become old at once.
    fn plan(&mut self, heap: &mut Heap, generation: u8) -> Plan {
        if generation > 0 {
            self.gather_aging(heap);
        }
        let tenured =
            if generation == MIDDLE { core::mem::take(&mut self.aging) } else { Vec::new() };
        self.to_mature.take_copied_bytes();
        let is_stressed = heap.settings().is_stressed;
        let mut tenures_in_place = heap.whim(Decision::PromoteInPlace).unwrap_or_else(|| {
            if is_stressed { self.stressed >= GENERATIONS } else { self.pacing.tenures_in_place() }
        });
        // What is copied needs room that is there for certain; else it stays where it is.
        let aging_bytes: usize = tenured.iter().map(|block| block.live_bytes()).sum();
        // SAFETY: nothing is forwarded or reclaimed yet.
        let waste_bytes = |block: &Block| unsafe { heap.waste_bytes(*block, false) };
        let tenured_bytes = aging_bytes + tenured.iter().map(waste_bytes).sum::<usize>();
        let nursery_bytes = heap.nursery_copy_bytes();
        let mut promotes_in_place = heap
            .whim(Decision::PromoteInPlace)
            .unwrap_or_else(|| self.pacing.promotes_in_place(heap));
        let copied_bytes = [
            if promotes_in_place { 0 } else { nursery_bytes },
            if tenures_in_place { 0 } else { tenured_bytes },
        ];
        if heap.pool().reserve(copied_bytes).is_err() {
            (promotes_in_place, tenures_in_place) = (true, true);
        }

        let mut actions = [Action::Leave; BlockState::COUNT];
        actions[BlockState::Nursery as usize] = match generation {
            _ if promotes_in_place => Action::Promote,
            FULL => Action::Tenure,
            _ => Action::Age,
        };
        actions[BlockState::Large as usize] = Action::Promote;
        actions[BlockState::Evacuating as usize] = Action::Tenure;
        actions[BlockState::Tenuring as usize] = Action::Mark;
        let state = if tenures_in_place { BlockState::Tenuring } else { BlockState::Evacuating };
        for block in &tenured {
            block.set_state(state);
        }
        Plan { generation, actions, tenured, aging_bytes }
    }

    /// Whether all of the nursery becomes old where it lies, with no look at what lives.
    ///
    /// Where nothing is aging: the references of what becomes old are not looked at, and those to
    /// aging objects would have to be remembered. A full collection forgets them in any case.
    fn promotes_unseen(&self, heap: &Heap, plan: &Plan, reason: Reason) -> bool {
        if !heap.is_nursery_walkable() {
            return false;
        }
        if heap.saves_garbage() {
            return true;
        }
        let is_full = plan.generation == FULL;
        if heap.settings().is_stressed {
            return self.stressed >= GENERATIONS && (is_full || self.is_nothing_aging(plan));
        }
        // Who asks for a collection of the young wants to know which of them died.
        if !is_full && (reason == Reason::Explicit || !self.is_nothing_aging(plan)) {
            return false;
        }
        heap.whim(Decision::PromoteInPlace).unwrap_or_else(|| match plan.generation {
            FULL => self.pacing.is_nursery_likely_to_live(heap),
            _ => self.pacing.promotes_unseen(heap),
        })
    }

    fn is_nothing_aging(&self, plan: &Plan) -> bool {
        plan.tenured.is_empty() && self.aging.is_empty() && self.to_aging.is_unused()
    }

    /// Settles what a trace would have settled, when all that was young is old.
    fn settle_unseen(&mut self, heap: &mut Heap, roots: &mut Roots<'_>) {
        roots.settle();
        self.remembered.forget_written();
        settle_handles(heap);
    }

    /// What the trace has found to live.
    fn survival(
        &mut self,
        heap: &Heap,
        plan: &Plan,
        taken_bytes: usize,
        old_bytes_before: usize,
    ) -> Survival {
        let mut survived_bytes = heap.live_bytes() - old_bytes_before;
        let mut tenured_bytes = plan.tenured.iter().map(|block| block.marked_bytes()).sum();
        if plan.generation == MIDDLE {
            let copied_bytes = self.to_mature.take_copied_bytes();
            survived_bytes -= copied_bytes;
            tenured_bytes += copied_bytes;
        }
        let aged_bytes = self.to_aging.take_copied_bytes();
        let allocated_bytes = (heap.allocated().1 - self.allocated.1) as usize;
        let aging_bytes = plan.aging_bytes;
        Survival {
            taken_bytes,
            allocated_bytes,
            survived_bytes,
            is_seen: true,
            aged_bytes,
            aging_bytes,
            tenured_bytes,
        }
    }

    /// Reaches everything that lives in the nursery and, in a middle collection, in the aging space.
    fn trace(&mut self, heap: &mut Heap, roots: &mut Roots<'_>, plan: &Plan, resume: usize) {
        let tables = heap.handle_tables();
        let pending = core::mem::take(&mut self.pending);
        let (to_aging, to_mature) = (&mut self.to_aging, &mut self.to_mature);
        let mut trace = Trace::new(heap, to_aging, to_mature, plan.actions, pending);
        let collects_aging = plan.generation == MIDDLE;

        // A clean root refers to nothing young.
        if roots.is_dirty() || collects_aging {
            // SAFETY: the root refers to live objects.
            roots.for_each_slot(|slot| unsafe { trace.reach(slot) });
            roots.settle();
        }
        for table in &tables {
            let is_old = table.owning_object().is_none_or(|owner| {
                owner.is_mature() && matches!(trace.action(owner), Action::Leave | Action::Promote)
            });
            // The slots of a set whose generation is collected are its references.
            if !is_old {
                continue;
            }
            if collects_aging {
                // SAFETY: a filled slot refers to a live object.
                table.for_each_slot(|slot| unsafe { trace.reach(slot) });
            } else {
                // SAFETY: as above.
                table.settle_fresh(|slot| unsafe {
                    if !gc_core::planted!("fresh-handle-is-not-traced") {
                        trace.reach(slot);
                    }
                });
            }
        }
        if collects_aging {
            self.remembered.scan_all(&mut trace);
        } else {
            self.remembered.scan_written(&mut trace);
        }
        let mut remember = |object| {
            if plan.generation != FULL {
                self.remembered.add(object);
            }
        };
        if plan.generation == FULL {
            self.finalizable.reach_young(&mut trace);
        }
        reach_frozen(&mut trace, &plan.tenured);
        trace.run(&mut remember);
        reach_young_values(&mut trace, plan.generation, &mut remember);
        if plan.generation < FULL {
            let unreached = self.finalizable.take_unreached(trace.heap(), plan.generation);
            if !unreached.is_empty() {
                // SAFETY: nothing was freed since the trace.
                unsafe { revive(trace.heap(), unreached, plan.generation, resume) }
                // SAFETY: what has a finalizer was just given a handle, and is untouched.
                tables[0].settle_fresh(|slot| unsafe { trace.reach(slot) });
                trace.run(&mut remember);
            }
        }
        self.pending = trace.into_pending();
        self.to_aging.settle(heap);
        self.to_mature.finish(heap);
        settle_handles(heap);
    }

    /// Sees to what died: weak references, handles, identities, drop glue.
    pub(crate) fn bury(&mut self, heap: &mut Heap, generation: u8) {
        // SAFETY: nothing was freed since the trace.
        let fate = |object| unsafe { fate(object, generation) };
        if generation > 0 {
            // SAFETY: as above, and `fate` knows where everything is.
            unsafe { heap.weak().update_all(fate) }
        }
        if generation == FULL {
            bury_old(heap, &mut self.mature_drops, fate);
            let unreached = self.finalizable.take_unreached(heap, FULL);
            debug_assert!(unreached.is_empty(), "they were revived");
        }
        if generation > 0 {
            bury_old(heap, &mut self.aging_drops, fate);
            self.mature_drops.append(&mut self.aging_drops);
        }
        let young = heap.take_young_drops();
        let (aging, mature) = (&mut self.aging_drops, &mut self.mature_drops);
        let survived = |object| match Block::containing(object).state() {
            BlockState::Aging => aging.push(object),
            _ => mature.push(object),
        };
        // SAFETY: the trace has reached all that lives.
        unsafe { heap.bury_young(young, fate, survived) }
        if generation > 0 {
            heap.retain_ids(|object| fate(object).is_some());
        }
    }

    /// Frees the blocks that aging objects were moved out of, and sweeps those in which they became
    /// old.
    fn settle_tenured(heap: &mut Heap, tenured: Vec<Block>) {
        for block in tenured {
            if block.state() == BlockState::Evacuating {
                // SAFETY: what lived in it was moved, and what died was buried.
                unsafe { heap.discard(block) }
            } else {
                // SAFETY: what lives was marked.
                unsafe { heap.sweep(block) }
                block.set_state(BlockState::Mature);
                heap.pool().reconsider(block);
            }
        }
    }

    /// Frees the nursery's blocks, or keeps them, with what was promoted in them.
    fn settle_nursery(heap: &mut Heap, nursery: Vec<Block>) {
        // In reverse, so that the block used first is taken first again.
        for block in nursery.into_iter().rev() {
            if block.live_bytes() == 0 {
                heap.pool().release(block);
            } else {
                block.set_state(BlockState::Mature);
                heap.pool().reconsider(block);
            }
        }
    }
}

/// Notes that no handle refers to anything young.
fn settle_handles(heap: &mut Heap) {
    for table in heap.handle_tables() {
        table.settle_fresh(|_| {});
        table.settle_released(|_| {});
    }
    heap.settle_handles();
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
