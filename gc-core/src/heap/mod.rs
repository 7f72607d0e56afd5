//! The heap that all collectors share. For authors of collectors.
//!
//! - [`Header`], [`Descriptor`], [`ObjectRef`]: an object, and what is known of it.
//! - [`Chunk`], [`Block`], [`Pool`], [`LargeSpace`]: where objects are.
//! - [`Heap`]: all of it together, with the nursery, the log and the tables.
//! - [`for_each_edge`], [`for_each_slot`]: walking the references of an object.
//! - [`Log`]: what the write barrier kept.
//! - [`Census`], [`CountTable`]: what lives, in numbers; exact reference counts.
//! - [`Evacuator`]: copying objects.
//! - [`AddressHash`]: for tables whose keys are objects.
//! - [`Verifier`]: a look over all of it, for contradictions.
//!
//! Note [Young and mature]: an object is young until a safepoint promotes it, which sets its start
//! bit, and mature from then on. After every safepoint that collects there are no young objects.
//! A young object has no reference count and is not logged.

#[cfg(feature = "parallel")]
mod activity;
mod allocate;
mod barrier;
mod block;
mod calls;
mod census;
mod check;
mod chunk;
mod counts;
mod descriptor;
mod ephemerons;
mod evacuate;
mod freeze;
mod fresh_chunk;
mod garbage;
mod header;
mod holes;
mod huge_pages;
mod large;
mod log;
mod log_words;
mod mark;
mod mark_bits;
mod mark_queue;
mod nursery;
mod object;
mod object_set;
mod pages;
#[cfg(feature = "parallel")]
mod parallel;
mod pool;
mod promote;
mod reach;
mod reclaim;
mod residency;
mod sampler;
mod scan;
mod schedule;
mod sendable;
mod settings;
mod shadow;
#[cfg(feature = "parallel")]
mod shared_bits;
mod sweep;
mod trim;
mod usage;
mod verify;
mod walk;
mod weak_cells;
mod weak_collections;
mod weak_table;
mod whims;

use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::{Cell, OnceCell, RefCell};
use core::fmt;
use core::ptr::NonNull;

pub use barrier::{LOG_BYTES_DEFAULT, SEGMENT_LEN};
pub(crate) use block::BlockInfo;
pub use block::{Block, BlockState};
pub(crate) use calls::{Call, Finalizers, Guard, Next};
pub use census::Census;
pub use chunk::{BLOCK_BYTES, Bitmap, CHUNK_BYTES, Chunk, GRANULE_BYTES};
pub use counts::CountTable;
pub use descriptor::{ALIGN_BYTES_MAX, Descriptor, References, object_bytes};
pub(crate) use descriptor::{
    ArrayLayout, Elements, align_up, assert_alignment, assert_not_finalized,
};
pub use ephemerons::{Ephemeron, reach_values};
pub use evacuate::Evacuator;
pub use header::{COUNT_MAX, Flag, Flags, HEADER_BYTES, Header, Policy};
pub use large::{LARGE_BYTES_MIN, LargeSpace};
pub use log::{Log, Logged};
pub use nursery::Nursery;
pub use object::ObjectRef;
pub(crate) use object_set::{ObjectCounts, ObjectNumbers, ObjectSet};
#[cfg(feature = "parallel")]
pub(crate) use parallel::Workers;
pub use pool::{Exhausted, Pool};
pub(crate) use reclaim::{first, resume, run_all};
pub(crate) use residency::Thrift;
pub(crate) use sampler::{Sample, Sampler};
pub(crate) use scan::debug_check_references;
pub use scan::{for_each_edge, for_each_edge_among, for_each_slot, for_each_slot_among, may_refer};
pub use settings::Settings;
pub use usage::BlockUsage;
pub(crate) use verify::{Depth, Verification};
pub use verify::{FaultKind, FaultyObject, HeapFault, HeapFaults, Listed, Verifier};
pub(crate) use walk::Contents;
pub(crate) use weak_collections::Tally;
pub use weak_table::WeakTable;
pub use whims::Decision;
use whims::Whims;

use crate::event::Stats;
use crate::handles::{Changes, HandleTable, Owner};
use crate::id::IdTable;
pub use crate::id::{AddressHash, AddressHasher};
use crate::on_death::DeathRegistry;
use crate::weak::WeakKind;
pub use crate::weak_entry::Hold;

/// The heap of one arena.
///
/// While a `mutate` runs it is shared: the bump cursors are cells, and what the slow paths change
/// is borrowed only inside them. At a safepoint the collector has it exclusively.
///
/// # Examples
///
/// ```
/// use gc_core::Reason;
/// use gc_core::collector::{Attributes, Collector, Safepoint};
/// # use gc_core::{Arena, Gc, Rootable};
///
/// /// Promotes what the root refers to, which refers to nothing; everything else is dead.
/// #[derive(Default)]
/// struct Surveyor;
///
/// // SAFETY: what the root refers to is promoted, and only the rest is reclaimed. Nothing moves.
/// unsafe impl Collector for Surveyor {
///     const ATTRIBUTES: Attributes = Attributes::new("surveyor");
///
///     fn safepoint(&mut self, _: &mut Safepoint<'_>) {}
///
///     fn collect(&mut self, safepoint: &mut Safepoint<'_>, _: u8, _: Reason) {
///         let Safepoint { heap, roots, .. } = safepoint;
///         assert_eq!(heap.settings().limit_bytes, usize::MAX, "there is none");
///         assert_eq!(heap.allocated().0, 3, "objects were allocated");
///         assert!(heap.nursery_used_bytes() <= heap.nursery_taken_bytes());
///         assert_eq!(heap.census.objects(), 0, "all of them are young");
///
///         roots.for_each_edge(|object| {
///             // SAFETY: it is young, and lives.
///             unsafe { heap.promote_in_place(object) }
///         });
///         assert_eq!(heap.live_objects(), 2);
///         assert_eq!(heap.live_bytes(), heap.census.bytes());
///         // One of them is large.
///         assert!(heap.large().reserved_bytes() > 100_000);
///         let mut large = 0;
///         heap.large().for_each_mature(|_| large += 1);
///         assert_eq!(large, 1);
///         // It may have started in any of these.
///         assert!(heap.large().blocks().count() > 1);
///         let mut mature = 0;
///         heap.for_each_mature(|_| mature += 1);
///         assert_eq!((mature, heap.stats().live_objects), (2, 2));
///
///         // SAFETY: all that lives is promoted.
///         unsafe { heap.bury_young_in_place() }
///         assert!(heap.large().take_young().is_empty());
///         let taken_bytes = heap.settle_nursery(true);
///         // Less often, then.
///         heap.set_nursery_bytes(taken_bytes.max(2 * heap.nursery_bytes()));
///     }
/// }
///
/// let mut arena: Arena<Rootable![(Gc<'_, u32>, Gc<'_, [u8]>)], Surveyor> = Arena::new(|mc| {
///     let _ = Gc::new_str(mc, "dead");
///     (Gc::new(mc, 1), Gc::slice_from_fn(mc, 100_000, |_| 0))
/// });
/// arena.collect();
/// assert_eq!(arena.stats().live_objects, 2);
/// ```
pub struct Heap {
    /// Of the region that is being allocated into: what was free of it at the last safepoint that
    /// collected begins here, what is free begins here, allocation is fast up to here, and its end.
    begin: Cell<*mut u8>,
    cursor: Cell<*mut u8>,
    limit: Cell<*mut u8>,
    end: Cell<*mut u8>,
    allocated_objects: Cell<u64>,
    /// A safepoint is due when so many were allocated.
    objects_due_at: Cell<u64>,
    /// Without those of the region that is being allocated into.
    allocated_bytes: Cell<u64>,
    /// A safepoint has something to do.
    is_due: Cell<bool>,
    settings: Settings,
    /// Somebody wants to know of every safepoint: something is to be checked, or samples to be kept.
    is_observed: bool,
    sampler: Sampler,
    /// Allocation is slow at some place: see Note [Limit].
    is_limited: Cell<bool>,
    /// Allocations up to the one that is to fail; zero if none is.
    until_failure: Cell<u64>,
    whims: Whims,
    schedule: schedule::Schedule,
    nursery: RefCell<Nursery>,
    pool: RefCell<Pool>,
    large: RefCell<LargeSpace>,
    log: RefCell<Log>,
    /// A log of more bytes makes a safepoint due: where work is prompt, any log does.
    log_bytes_max: Cell<usize>,
    young_drops: RefCell<Vec<ObjectRef>>,
    has_droppable: Cell<bool>,
    /// Places in the nursery at which no object is: see `promote.rs`.
    gaps: Cell<usize>,
    /// A small object is, or was, aligned to more than a granule.
    is_any_over_aligned: Cell<bool>,
    /// What copies of such young objects may waste in front of them.
    young_waste_bytes: Cell<usize>,
    /// A list of objects with drop glue or finalizers, of weakly held ones or of large ones has young
    /// objects, or there are values that ephemerons have released.
    is_young_listed: Cell<bool>,
    weak: RefCell<WeakTable>,
    calls: RefCell<calls::Calls>,
    /// Made when it is first asked for: few arenas have any.
    deaths: OnceCell<Rc<DeathRegistry>>,
    /// There are calls that wait, or a collection that waits for some.
    is_calling: bool,
    /// Objects to which finalizers were given since the last safepoint that collected.
    young_finalizable: RefCell<Vec<ObjectRef>>,
    /// What is mature, in numbers.
    pub census: Census,
    handle_tables: RefCell<Vec<Rc<HandleTable>>>,
    handle_changes: Rc<Changes>,
    /// Owned; a raw pointer because every chunk has a copy.
    ids: NonNull<IdTable>,
    frozen_objects: usize,
    saved: garbage::Saved,
    dead: reclaim::Dead,
    barrier_check: check::BarrierCheck,
    verified: verify::Due,
    stats: Stats,
    external_bytes: Cell<usize>,
    /// Threads that help to mark.
    #[cfg(feature = "parallel")]
    pub(crate) workers: Option<Workers>,
}

impl Heap {
    pub(crate) fn new(settings: Settings) -> Heap {
        let ids = NonNull::from(Box::leak(Box::<IdTable>::default()));
        let handle_changes = Rc::<Changes>::default();
        let arena_handles = HandleTable::new(Owner::Arena, Rc::clone(&handle_changes));
        Heap {
            begin: Cell::new(core::ptr::null_mut()),
            cursor: Cell::new(core::ptr::null_mut()),
            limit: Cell::new(core::ptr::null_mut()),
            end: Cell::new(core::ptr::null_mut()),
            allocated_objects: Cell::new(0),
            objects_due_at: Cell::new(u64::MAX),
            allocated_bytes: Cell::new(0),
            is_due: Cell::new(settings.is_always_due()),
            nursery: RefCell::new(Nursery::new(&settings)),
            pool: RefCell::new(Pool::new(ids, &settings)),
            large: RefCell::new(LargeSpace::new()),
            log: RefCell::default(),
            log_bytes_max: Cell::new(settings.log_bytes_max(LOG_BYTES_DEFAULT)),
            young_drops: RefCell::default(),
            has_droppable: Cell::new(false),
            gaps: Cell::new(0),
            is_any_over_aligned: Cell::new(false),
            young_waste_bytes: Cell::new(0),
            is_young_listed: Cell::new(false),
            weak: RefCell::default(),
            calls: RefCell::default(),
            deaths: OnceCell::new(),
            is_calling: false,
            young_finalizable: RefCell::default(),
            census: Census::default(),
            handle_tables: RefCell::new(alloc::vec![Rc::new(arena_handles)]),
            handle_changes,
            ids,
            is_observed: settings.is_checked(),
            sampler: Sampler::default(),
            is_limited: Cell::new(settings.zeal.fail_allocation_at.is_some()),
            until_failure: Cell::new(settings.zeal.fail_allocation_at.unwrap_or(0)),
            whims: Whims::new(&settings, 0),
            frozen_objects: 0,
            saved: garbage::Saved::default(),
            schedule: schedule::Schedule::default(),
            dead: reclaim::Dead::default(),
            barrier_check: check::BarrierCheck::default(),
            verified: verify::Due::default(),
            stats: Stats::default(),
            external_bytes: Cell::new(0),
            #[cfg(feature = "parallel")]
            workers: None,
            settings,
        }
    }

    /// The settings.
    ///
    /// See the example of [`Heap`].
    #[inline]
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The pool of blocks.
    ///
    /// See the example of [`Pool::take`].
    pub fn pool(&mut self) -> &mut Pool {
        self.pool.get_mut()
    }

    /// The space of large objects.
    ///
    /// See the example of [`Heap`].
    pub fn large(&mut self) -> &mut LargeSpace {
        self.large.get_mut()
    }

    /// The table of weakly held objects.
    ///
    /// See the example of [`WeakTable`].
    pub fn weak(&mut self) -> &mut WeakTable {
        self.weak.get_mut()
    }

    #[inline]
    pub(crate) fn log(&self) -> &RefCell<Log> {
        &self.log
    }

    /// The log of modified objects.
    ///
    /// See the example of [`Log`].
    pub fn log_mut(&mut self) -> &mut Log {
        self.log.get_mut()
    }

    /// The log and the census: what is found in the log is counted while it is read.
    ///
    /// See the example of [`Log::compare`].
    #[inline]
    pub fn log_and_census(&mut self) -> (&mut Log, &mut Census) {
        (self.log.get_mut(), &mut self.census)
    }

    /// Changes how large the log may grow before a safepoint is due, as it is when the nursery is
    /// full: [`LOG_BYTES_DEFAULT`] at first. Where work is prompt, it is due in any case.
    ///
    /// See the example of [`Log`].
    pub fn set_log_bytes_max(&mut self, bytes: usize) {
        self.log_bytes_max.set(self.settings.log_bytes_max(bytes));
    }

    /// Whether every safepoint is to be told of.
    #[inline]
    pub(crate) fn is_observed(&self) -> bool {
        self.is_observed
    }

    #[inline]
    pub(crate) fn ids(&self) -> &IdTable {
        // SAFETY: made in `new`, freed in `drop`.
        unsafe { self.ids.as_ref() }
    }

    /// The arena's own handles, and those of every living set.
    ///
    /// See the example of [`HandleTable`].
    #[must_use]
    pub fn handle_tables(&self) -> Vec<Rc<HandleTable>> {
        self.handle_tables.borrow().clone()
    }

    /// Lets go of the tables, and of the tallies of weak collections, whose owners are dead, and of the
    /// handles that went while threads were marking.
    #[inline]
    fn tidy_tables(&mut self) {
        if self.handle_changes.is_tidying_due.get() {
            self.tidy_tables_slow();
        }
    }

    #[cold]
    #[inline(never)]
    fn tidy_tables_slow(&mut self) {
        self.handle_changes.is_tidying_due.set(false);
        self.weak.get_mut().collections.forget_abandoned();
        let tables = self.handle_tables.get_mut();
        tables.retain(|table| table.owner() != Owner::Nobody);
        tables.iter().for_each(|table| table.release_late());
    }

    /// Whether a handle came or went since [`Heap::settle_handles`].
    ///
    /// See the example of [`HandleTable`].
    #[inline]
    #[must_use]
    pub fn are_handles_changed(&self) -> bool {
        self.handle_changes.is_any_settleable.get()
    }

    /// The collector has looked at all handle tables.
    ///
    /// See the example of [`HandleTable`].
    pub fn settle_handles(&mut self) {
        self.handle_changes.is_any_settleable.set(false);
    }

    pub(crate) fn arena_handles(&self) -> Rc<HandleTable> {
        Rc::clone(&self.handle_tables.borrow()[0])
    }

    /// Makes a table for a new set; its owner is set when the set has an address.
    pub(crate) fn new_handle_table(&self) -> Rc<HandleTable> {
        let changes = Rc::clone(&self.handle_changes);
        let table = Rc::new(HandleTable::new(Owner::Nobody, changes));
        self.handle_tables.borrow_mut().push(Rc::clone(&table));
        table
    }

    pub(crate) fn deaths(&self) -> &Rc<DeathRegistry> {
        self.deaths.get_or_init(Rc::default)
    }

    pub(crate) fn deaths_if_any(&self) -> Option<&Rc<DeathRegistry>> {
        self.deaths.get()
    }

    pub(crate) fn weak_cell_of(&self, target: ObjectRef, kind: WeakKind) -> Option<ObjectRef> {
        self.weak.borrow().cell_of(target, kind)
    }

    pub(crate) fn next_weak_number(&self) -> u64 {
        self.weak.borrow_mut().next_number()
    }

    /// Notes a cell that was just made.
    ///
    /// # Safety
    ///
    /// Both are live, and `cell` is a cell of `target`.
    pub(crate) unsafe fn add_weak_cell(&self, target: ObjectRef, cell: ObjectRef) {
        // SAFETY: the caller's promise.
        unsafe { self.weak.borrow_mut().insert(target, cell) }
        self.is_young_listed.set(true);
    }

    /// Takes the cell of an entry from its target: the collection has no use for it any more.
    ///
    /// # Safety
    ///
    /// It is a cell, and live; so is its target, if it has one.
    pub(crate) unsafe fn remove_weak_cell(&self, cell: ObjectRef) {
        // SAFETY: the caller's promise: it is as if the cell were dead.
        unsafe { self.weak.borrow_mut().remove(cell) }
        // What it has released is on a list.
        self.is_young_listed.set(true);
        self.note_change();
    }

    /// Notes that something happened that a prompt collector wants to look at.
    #[inline]
    pub(crate) fn note_change(&self) {
        if self.settings.is_prompt {
            self.is_due.set(true);
        }
    }

    /// Whether the next safepoint has something to do.
    #[inline]
    pub(crate) fn is_safepoint_due(&self) -> bool {
        // Who is prompt counts, and has no threshold in objects that are allocated.
        self.is_due.get()
            || if self.settings.is_prompt {
                self.are_handles_changed()
            } else {
                self.allocated_objects.get() >= self.objects_due_at.get()
            }
    }

    /// The collector has done what was due.
    pub(crate) fn note_safepoint(&mut self) {
        let are_calls_due =
            self.is_calling && !self.settings.defers_calls && self.calls.get_mut().is_any_waiting();
        self.is_due.set(self.settings.is_always_due() || are_calls_due);
    }

    /// Counts memory outside the heap that its objects own.
    pub(crate) fn add_external(&self, bytes: usize) -> Result<(), Exhausted> {
        self.pool.borrow_mut().add_other(bytes)?;
        self.external_bytes.set(self.external_bytes.get() + bytes);
        self.take_from_nursery(bytes);
        Ok(())
    }

    pub(crate) fn remove_external(&self, bytes: usize) {
        let bytes = bytes.min(self.external_bytes.get());
        self.external_bytes.set(self.external_bytes.get() - bytes);
        self.pool.borrow_mut().remove_other(bytes);
    }

    /// Objects allocated so far, and their bytes.
    ///
    /// See the example of [`Heap`].
    #[must_use]
    pub fn allocated(&self) -> (u64, u64) {
        let bytes = self.allocated_bytes.get() + self.region_used_bytes() as u64;
        (self.allocated_objects.get(), bytes)
    }

    /// What has happened so far.
    ///
    /// # Complexity
    ///
    /// O(chunks).
    ///
    /// # Examples
    ///
    /// See the example of [`Heap`].
    #[must_use]
    pub fn stats(&self) -> Stats {
        let pool = self.pool.borrow();
        let reserved_bytes = pool.reserved_bytes() + self.large.borrow().reserved_bytes();
        let (allocated_objects, allocated_bytes) = self.allocated();
        Stats {
            allocated_objects,
            allocated_bytes,
            reserved_bytes,
            resident_bytes: reserved_bytes - pool.absent_bytes(),
            returned_bytes: pool.returned_bytes(),
            used_bytes: pool.used_bytes(),
            live_objects: self.census.objects(),
            live_bytes: self.census.bytes(),
            ..self.stats
        }
    }

    /// Whether all that was written is counted, and nothing young waits to be seen dead.
    pub(crate) fn is_settled(&mut self) -> bool {
        self.log.get_mut().is_empty() && !self.are_handles_changed() && !self.is_young_listed.get()
    }

    /// Calls `each` for every mature object: block by block, in address order within one.
    ///
    /// See the example of [`Heap`].
    pub fn for_each_mature(&self, mut each: impl FnMut(ObjectRef)) {
        for block in self.pool.borrow().blocks() {
            if block.live_bytes() > 0 {
                block.for_each_mature(&mut each);
            }
        }
        self.large.borrow().for_each_mature(&mut each);
    }
}

impl Drop for Heap {
    fn drop(&mut self) {
        let panic = self.drop_everything();
        let other = self.calls.get_mut().drop_finalizers();
        for table in self.handle_tables.get_mut().drain(..) {
            table.abandon();
        }
        // SAFETY: every object has been dropped, and no `Gc` outlives the heap.
        unsafe { self.pool.get_mut().free_all() }
        // SAFETY: as above.
        unsafe { self.large.get_mut().free_all() }
        // SAFETY: it came from a box in `new`, and the chunks that had copies are gone.
        drop(unsafe { Box::from_raw(self.ids.as_ptr()) });
        resume(first(panic, other));
    }
}

impl fmt::Debug for Heap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Heap")
            .field("settings", &self.settings)
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}
