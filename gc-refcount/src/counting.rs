//! Bringing reference counts up to date at a safepoint.
//!
//! Note [What is counted]: between safepoints, a mature object's count is the number of references
//! to it from the root, from settled handles and ephemerons, and from mature objects, *as these were at the last
//! safepoint that settled*. What has changed since is in the log:
//!
//! - an object that was modified is logged, with what it referred to then (the snapshot, which was
//!   counted);
//! - the root, when it is new or was borrowed mutably, is compared with what it was counted for last;
//! - a handle table has its own two lists;
//! - the values of ephemerons are counted as handles are, if key and cell are mature. New ones are on a
//!   list, and so is what they have let go of (Note \[Ephemerons\], gc-core).
//!
//! So at a safepoint the counts become right for now by incrementing what the modified places refer
//! to now, and then decrementing the snapshot. However often a place was written, only its first
//! and last values count: this is what coalescing means. What a place refers to now as it did then
//! is neither (`Log::compare`), and its target is not touched.
//!
//! All increments come before all decrements, so that a count never reaches zero while a reference
//! is still uncounted. An increment from zero is the first that a young object receives: it is
//! promoted where it lies, and what it refers to is counted in turn. A young object that receives
//! none is dead and was never touched.
//!
//! Nothing recurses: promotion and death both work from lists.
//!
//! Note [What is owed]: a finalizer comes before the death of its object, and a callback before the children
//! of its target die. Where one has to run, what is left to be taken back stays on the list of what is
//! owed, and counting goes on there when the calls have run ([`Counting::resume`]). What is owed is
//! still counted, so it lives until then.

use alloc::vec::Vec;

use gc_core::collector::{Roots, Safepoint};
use gc_core::heap::{Census, Heap, Hold, Log, ObjectRef, for_each_edge, reach_values};

use crate::death::{take_back, take_back_rare};
use crate::pacing::{self, Epoch};

/// Who wants to know what becomes of counts: a detector of cycles.
///
/// See the example of [`Counting`].
pub trait Observer {
    /// The object lost a reference and lives: it may be what is left of a cycle.
    ///
    /// See the example of [`Counting`].
    fn decremented(&mut self, object: ObjectRef);

    /// The object's count is zero: it is about to be reclaimed.
    ///
    /// See the example of [`Counting`].
    fn dying(&mut self, object: ObjectRef);
}

/// Pure reference counting does not look for cycles.
impl Observer for () {
    #[inline]
    fn decremented(&mut self, _: ObjectRef) {}
    #[inline]
    fn dying(&mut self, _: ObjectRef) {}
}

/// So many references on their way from the log to their increment, or ahead of the one that is
/// decremented, are being brought into the cache.
const PREFETCH_DISTANCE: usize = if cfg!(gc_zeal) { 1 } else { 8 };

/// References pass through the cache in a queue if the log is longer than this.
const QUEUE_AT_BYTES: usize = if cfg!(gc_zeal) { 0 } else { 4 << 10 };

/// The lists that counting works from, kept for their memory: between safepoints they are empty.
///
/// # Examples
///
/// ```
/// use gc_core::Reason;
/// use gc_core::collector::{Attributes, Barrier, Collector, Safepoint};
/// use gc_core::heap::{ObjectRef, Verifier};
/// use gc_refcount::counting::{Counting, Observer};
/// # use gc_core::{ArenaBuilder, Gc, Lock, Rootable};
/// use std::{cell::RefCell, rc::Rc};
///
/// /// Counts references, and says what becomes of objects that lose one.
/// #[derive(Default)]
/// struct Watching {
///     counting: Counting,
///     watch: Watch,
/// }
///
/// #[derive(Default)]
/// struct Watch(Rc<RefCell<Vec<&'static str>>>);
///
/// impl Observer for Watch {
///     fn decremented(&mut self, _: ObjectRef) {
///         self.0.borrow_mut().push("it lives");
///     }
///
///     fn dying(&mut self, _: ObjectRef) {
///         self.0.borrow_mut().push("it dies");
///     }
/// }
///
/// // SAFETY: as for `Refcount`.
/// unsafe impl Collector for Watching {
///     const ATTRIBUTES: Attributes = {
///         let mut attributes = Attributes::new("watching");
///         attributes.prompt = true;
///         attributes.counts_references = true;
///         attributes.barrier = Barrier::Snapshot;
///         attributes
///     };
///
///     fn safepoint(&mut self, safepoint: &mut Safepoint<'_>) {
///         // SAFETY: this is a safepoint with snapshots, and nobody else counts.
///         unsafe { self.counting.settle(safepoint, &mut self.watch) }
///     }
///
///     fn collect(&mut self, safepoint: &mut Safepoint<'_>, _: u8, _: Reason) {
///         self.safepoint(safepoint);
///         assert_eq!(self.counting.roots(safepoint).len(), 2, "a trace would begin there");
///     }
///
///     fn resume(&mut self, safepoint: &mut Safepoint<'_>, resume: usize) {
///         // SAFETY: as above.
///         unsafe { self.counting.resume(safepoint, resume, &mut self.watch) }
///     }
///
///     fn owed(&self) -> Vec<ObjectRef> {
///         self.counting.owed().to_vec()
///     }
///
///     fn verify(&self, verifier: &mut Verifier<'_>) {
///         self.counting.verify(verifier);
///     }
/// }
///
/// let watching = Watching::default();
/// let seen = Rc::clone(&watching.watch.0);
/// type Slots = Rootable![[Gc<'_, Lock<Option<Gc<'_, u32>>>>; 2]];
/// let mut arena = ArenaBuilder::<Slots, _>::new(watching).build(|mc| {
///     let number = Gc::new(mc, 42);
///     [0, 1].map(|_| Gc::new(mc, Lock::new(Some(number))))
/// });
/// arena.mutate(|_, _| ());
/// arena.enter(|mc, slots| assert_eq!(mc.ref_count(slots[0].get().unwrap()), Some(2)));
/// arena.mutate(|mc, slots| slots[0].set(mc, None));
/// arena.mutate(|mc, slots| slots[1].set(mc, None));
/// assert_eq!(*seen.borrow(), ["it lives", "it dies"]);
/// arena.collect();
/// ```
#[derive(Debug, Default)]
pub struct Counting {
    /// Promoted, and yet to be scanned.
    pub(crate) promoted: Vec<ObjectRef>,
    /// References that handles had, and ephemerons that are gone.
    pub(crate) released: Vec<ObjectRef>,
    /// References that what died had and that are to be taken back, the next one last.
    owed: Vec<ObjectRef>,
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
    ///
    /// # Examples
    ///
    /// See the example of [`Counting`].
    #[inline]
    pub unsafe fn settle(&mut self, safepoint: &mut Safepoint<'_>, observer: &mut impl Observer) {
        let base = self.owed.len();
        // SAFETY: the caller's promises.
        unsafe { self.settle_above(safepoint, base, observer) }
    }

    /// [`settle`](Counting::settle), and then goes on where an earlier one stopped: `base` is what
    /// it gave as its word to resume at.
    ///
    /// # Safety
    ///
    /// As [`settle`](Counting::settle).
    ///
    /// # Examples
    ///
    /// See the example of [`Counting`].
    #[cold]
    #[inline(never)]
    pub unsafe fn resume(
        &mut self,
        safepoint: &mut Safepoint<'_>,
        base: usize,
        observer: &mut impl Observer,
    ) {
        // SAFETY: the caller's promises.
        unsafe { self.settle_above(safepoint, base, observer) }
    }

    /// # Safety
    ///
    /// As [`settle`](Counting::settle).
    #[inline(always)]
    unsafe fn settle_above(
        &mut self,
        safepoint: &mut Safepoint<'_>,
        base: usize,
        observer: &mut impl Observer,
    ) {
        let live_bytes_before = safepoint.heap.live_bytes();
        let logged_bytes = safepoint.heap.log_mut().size_bytes();
        // SAFETY: the caller's promises.
        unsafe { self.count_gained(safepoint) }
        let survived_bytes = safepoint.heap.live_bytes() - live_bytes_before;
        // SAFETY: all that lives is promoted: see Note [What is counted].
        unsafe { safepoint.heap.bury_young_in_place() }
        if safepoint.heap.weak().has_released() {
            self.released.append(&mut safepoint.heap.weak().take_released());
        }
        // SAFETY: what is lost was counted at the last safepoint.
        safepoint.free(|heap| unsafe { self.count_lost(heap, base, observer) });
        let taken_bytes = safepoint.heap.settle_nursery(survived_bytes > 0);
        if !safepoint.heap.settings().is_prompt {
            pacing::set_epoch(safepoint.heap, Epoch { taken_bytes, survived_bytes, logged_bytes });
        }
    }

    /// The references that are counted, and that nothing has any more: see Note [What is owed].
    ///
    /// See the example of [`Counting`].
    #[must_use]
    pub fn owed(&self) -> &[ObjectRef] {
        &self.owed
    }

    /// Everything that the roots and the arena's handles refer to, what is owed, and what is frozen: where
    /// a trace of all that lives begins.
    ///
    /// See the example of [`Counting`].
    pub fn roots(&self, safepoint: &Safepoint<'_>) -> Vec<ObjectRef> {
        let mut roots = self.owed.clone();
        safepoint.heap.for_each_frozen(|object| roots.push(object));
        safepoint.roots.for_each_edge(|target| roots.push(target));
        for table in safepoint.heap.handle_tables() {
            // The slots of other tables are references of the sets they belong to.
            if table.is_owned_by_arena() && !gc_core::planted!("backup-misses-handles") {
                table.for_each_edge(|target| roots.push(target));
            }
        }
        roots
    }

    /// Counts what the modified places refer to now and did not before, and promotes what is counted
    /// first. What they have lost is left in the log.
    ///
    /// # Safety
    ///
    /// As [`settle`](Counting::settle).
    #[inline]
    unsafe fn count_gained(&mut self, safepoint: &mut Safepoint<'_>) {
        let Safepoint { heap, roots, .. } = safepoint;
        if heap.are_handles_changed() {
            // SAFETY: the caller's promises.
            unsafe { self.settle_handles(heap) }
        }
        let (log, census) = heap.log_and_census();
        // What little was modified is in the cache.
        if log.size_bytes() > QUEUE_AT_BYTES {
            // SAFETY: the caller's promises.
            unsafe { self.count_queued(log, census, roots) }
        } else {
            // SAFETY: what a live object or the root refers to is live.
            let gained = |target| unsafe { increment(census, &mut self.promoted, target) };
            // SAFETY: a logged object is mature, and nothing was reclaimed since; the rest says the
            // caller.
            unsafe { log.compare(roots, gained) }
        }
        self.count_promoted(census);
        if heap.has_young_delayed() {
            self.revive_young(heap);
        }
        if heap.weak().has_young_ephemerons() {
            self.count_values(heap);
        }
        if heap.are_handles_changed() {
            settle_promoted_handles(heap);
        }
    }

    /// Counts what the promoted objects refer to, which may promote more.
    #[inline]
    fn count_promoted(&mut self, census: &mut Census) {
        while let Some(object) = self.promoted.pop() {
            // SAFETY: what a live object refers to is live.
            let count = |target| unsafe { increment(census, &mut self.promoted, target) };
            // SAFETY: it was promoted because something live refers to it.
            unsafe { for_each_edge(object, count) }
        }
    }

    /// Promotes the young objects with finalizers or with callbacks that nothing refers to, with a
    /// reference each that is owed: when it is taken back they die as others do.
    #[cold]
    fn revive_young(&mut self, heap: &mut Heap) {
        for object in heap.take_young_delayed() {
            if !object.is_mature() {
                // SAFETY: nothing young was reclaimed yet.
                unsafe { increment(&mut heap.census, &mut self.promoted, object) }
                self.released.push(object);
                self.count_promoted(&mut heap.census);
            }
        }
    }

    /// Counts the values of new ephemerons whose cell and key live.
    #[cold]
    fn count_values(&mut self, heap: &mut Heap) {
        let ephemerons = heap.weak().young_ephemerons();
        reach_values(ephemerons, ObjectRef::is_mature, |ephemeron| {
            // SAFETY: nothing young was reclaimed or moved yet, and what is mature is alive.
            unsafe { increment(&mut heap.census, &mut self.promoted, ephemeron.value) }
            // SAFETY: as above; the cell has this reference now.
            unsafe { ephemeron.set_hold(Hold::Counted) }
            self.count_promoted(&mut heap.census);
        });
    }

    /// Counts what a long log gained, on its way through a queue in which it comes into the cache.
    ///
    /// # Safety
    ///
    /// As [`settle`](Counting::settle).
    #[inline(never)]
    unsafe fn count_queued(&mut self, log: &mut Log, census: &mut Census, roots: &mut Roots<'_>) {
        let mut queue = Queue::default();
        let gained = |target| {
            if let Some(target) = queue.exchange(target) {
                // SAFETY: what a live object or the root refers to is live.
                unsafe { increment(census, &mut self.promoted, target) }
            }
        };
        // SAFETY: as in `count_gained`.
        unsafe { log.compare(roots, gained) }
        while let Some(target) = queue.pop() {
            // SAFETY: as above.
            unsafe { increment(census, &mut self.promoted, target) }
        }
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
            table.settle_fresh(|slot| unsafe {
                if gc_core::planted!("fresh-handle-is-not-counted") {
                    return;
                }
                increment(&mut heap.census, &mut self.promoted, slot.get());
            });
            table.settle_released(|object| {
                if !gc_core::planted!("dropped-handle-counts") {
                    self.released.push(object);
                }
            });
        }
    }

    /// Takes back what the handles and the log have lost, and what is owed above `base`; empties the
    /// log. If a call has to come first, what is left is owed, and `base` is the word to
    /// [resume](Counting::resume) at.
    ///
    /// # Safety
    ///
    /// As [`settle`](Counting::settle), and everything gained was counted.
    #[inline]
    unsafe fn count_lost(&mut self, heap: &mut Heap, base: usize, observer: &mut impl Observer) {
        let top = self.owed.len();
        let mut is_stopped = false;
        if !self.released.is_empty() {
            let released = core::mem::take(&mut self.released);
            // SAFETY: the slots that the handles had were counted.
            is_stopped = unsafe { self.take_back_all(heap, released, base, observer) };
        }
        let mut index = 0;
        while !is_stopped && let Some(object) = heap.log_mut().lost(index) {
            if let Some(ahead) = heap.log_mut().lost(index + PREFETCH_DISTANCE) {
                ahead.prefetch();
            }
            // SAFETY: it was counted at the last safepoint.
            is_stopped = unsafe { take_back(heap, &mut self.owed, object, base, observer) };
            index += 1;
        }
        if is_stopped {
            let rest = (index..).map_while(|index| heap.log_mut().lost(index)).collect();
            // SAFETY: as above.
            unsafe { self.owe(heap, rest, top) }
        }
        if !gc_core::planted!("log-is-not-drained") {
            heap.log_mut().clear();
        }
        if !is_stopped && self.owed.len() > base {
            // SAFETY: what is owed was counted.
            unsafe { self.take_back_owed(heap, base, observer) }
        }
    }

    /// Takes back what is owed above `base`, or as much as calls allow.
    ///
    /// # Safety
    ///
    /// As [`settle`](Counting::settle).
    #[cold]
    unsafe fn take_back_owed(
        &mut self,
        heap: &mut Heap,
        base: usize,
        observer: &mut impl Observer,
    ) {
        while self.owed.len() > base
            && let Some(object) = self.owed.pop()
            // SAFETY: what is owed was counted.
            && !unsafe { take_back_rare(heap, &mut self.owed, object, base, observer) }
        {}
    }

    /// Owes what is left of what was lost, below what is owed above `top`.
    ///
    /// What would die of it waits. The others may have lost no more than a position in a list that is
    /// compared in order: to wait would keep them from dying in a call.
    ///
    /// # Safety
    ///
    /// Every one of these references was counted.
    #[cold]
    unsafe fn owe(&mut self, heap: &mut Heap, mut rest: Vec<ObjectRef>, top: usize) {
        let counts = &mut heap.census.counts;
        // SAFETY: the caller's promise.
        rest.retain(|&object| !unsafe { counts.decrement_unless_last(object) });
        self.owed.splice(top..top, rest.into_iter().rev());
    }

    /// Takes back references that are lost, and those of what dies by that. Says whether a call has to
    /// come first; then what is left is owed.
    ///
    /// # Safety
    ///
    /// Every one of the lost references was counted.
    #[inline(never)]
    unsafe fn take_back_all(
        &mut self,
        heap: &mut Heap,
        lost: impl IntoIterator<Item = ObjectRef>,
        base: usize,
        observer: &mut impl Observer,
    ) -> bool {
        let top = self.owed.len();
        let mut lost = lost.into_iter();
        while let Some(object) = lost.next() {
            // SAFETY: the caller's promise.
            if unsafe { take_back_rare(heap, &mut self.owed, object, base, observer) } {
                // What a handle held is held until it is its turn, for a call as for anybody.
                let rest: Vec<ObjectRef> = lost.collect();
                self.owed.splice(top..top, rest.into_iter().rev());
                return true;
            }
        }
        false
    }

    /// Takes back references that are lost, and those of what dies by that, or as many as calls allow:
    /// see [`resume`](Counting::resume).
    ///
    /// Deaths are in the order of CPython: a parent before its children, these in the order of their
    /// places, and the children of one before the next.
    ///
    /// # Safety
    ///
    /// Every one of the lost references was counted.
    pub unsafe fn decrement_all(
        &mut self,
        heap: &mut Heap,
        lost: impl IntoIterator<Item = ObjectRef>,
        observer: &mut impl Observer,
    ) {
        let base = self.owed.len();
        // SAFETY: the caller's promise.
        unsafe { self.take_back_all(heap, lost, base, observer) };
    }
}

/// The references that are incremented next, on their way into the cache.
#[derive(Debug, Default)]
struct Queue {
    objects: [Option<ObjectRef>; PREFETCH_DISTANCE],
    /// References that were put in so far, and taken out.
    pushed: usize,
    popped: usize,
}

impl Queue {
    /// Puts one reference in, and takes the oldest out if there is no room.
    #[inline]
    fn exchange(&mut self, object: ObjectRef) -> Option<ObjectRef> {
        object.prefetch();
        let oldest = self.objects[self.pushed % PREFETCH_DISTANCE].replace(object);
        self.pushed += 1;
        self.popped += usize::from(oldest.is_some());
        oldest
    }

    /// Takes the oldest out.
    #[inline]
    fn pop(&mut self) -> Option<ObjectRef> {
        if self.popped == self.pushed {
            return None;
        }
        let oldest = self.objects[self.popped % PREFETCH_DISTANCE].take();
        self.popped += 1;
        oldest
    }
}

/// Counts one reference. The first one promotes.
///
/// # Safety
///
/// The target is live.
#[inline]
unsafe fn increment(census: &mut Census, promoted: &mut Vec<ObjectRef>, target: ObjectRef) {
    // SAFETY: live, says the caller.
    let header = unsafe { target.header() };
    if header.count() > 0 {
        if gc_core::planted!("increment-by-two") {
            // SAFETY: live, says the caller.
            unsafe { census.counts.increment(target) }
        }
        // SAFETY: as above.
        return unsafe { census.counts.increment(target) };
    }
    let has_references = header.descriptor().has_references();
    header.increment();
    // SAFETY: live, and young: a mature object has a count above zero until it dies.
    unsafe { census.promote_in_place(target) }
    if has_references && !gc_core::planted!("promoted-is-not-counted") {
        push(promoted, target);
    }
}

/// Pushes. Where the list has to grow is out of line and comes last: so nothing has to be kept across
/// a call on the way here.
#[inline]
pub(crate) fn push(list: &mut Vec<ObjectRef>, object: ObjectRef) {
    if list.len() == list.capacity() {
        return push_slow(list, object);
    }
    list.push(object);
}

#[cold]
#[inline(never)]
fn push_slow(list: &mut Vec<ObjectRef>, object: ObjectRef) {
    list.push(object);
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
