//! Arenas: a heap, its collector and its root, and the ways in.

use core::fmt;

use crate::builder::ArenaBuilder;
use crate::calls::ErrorHook;
use crate::collector::{Collector, Roots, Safepoint};
use crate::event::{Collection, Event, Reason};
use crate::heap::{Depth, Heap, Thrift, resume};
use crate::mutation::Mutation;
use crate::recorder::Recorder;
use crate::rootable::{Root, Rootable};
use crate::trace::Trace;

/// A garbage-collected heap with a root.
///
/// `R` says what the root is ([`Rootable!`](macro@crate::Rootable)), `C` which collector runs.
/// Everything in the heap is reached inside the closure of [`enter`](Arena::enter),
/// [`mutate`](Arena::mutate) or [`mutate_root`](Arena::mutate_root), and only there. A collection happens only between them:
/// at the end of `mutate` and `mutate_root`, and in [`collect`](Arena::collect) and its like.
///
/// # The end
///
/// When the arena is dropped, in this order:
///
/// 1. What is registered for then runs, the newest first, with everything in the heap as it was: see
///    [`on_death`](Mutation::on_death). Nothing is collected meanwhile or later.
/// 2. The root is dropped.
/// 3. The drop glue of every object runs, reachable or not, in no particular order. It cannot look at
///    other objects. Handles that are still there are stale from now on.
/// 4. All memory is given back.
///
/// Finalizers do not run, and neither do callbacks of weak references, also if they were waiting for
/// their turn: what is alive does not become unreachable by the end of everything. Whoever wants them
/// to run, empties the root and calls [`collect`](Arena::collect) before. An arena that is never dropped
/// (by [`mem::forget`](core::mem::forget), or because the process exits) does nothing of all that.
///
/// Nothing recurses on the objects of a heap, however deep they refer to each other. But an object may
/// own an arena: that is dropped within the drop of the other, as a box in a box is, and each takes about
/// 700 bytes of stack.
///
/// # Panics
///
/// If the drop glue of an object panics, what is left to drop is dropped, and then the panic goes
/// on: out of the `mutate` or `collect` that found the object dead, or out of the arena's drop. A
/// panic inside a closure leaves the arena usable.
///
/// # Examples
///
/// ```
/// use gc_core::{Arena, Gc, NullCollector, RefLock, Rootable};
///
/// // The root is a list of strings; its lifetime is filled in anew for each closure.
/// type Names<'gc> = Gc<'gc, RefLock<Vec<Gc<'gc, str>>>>;
/// let mut arena: Arena<Rootable![Names<'_>], NullCollector> =
///     Arena::new(|mc| Gc::new(mc, RefLock::default()));
/// arena.mutate(|mc, names| names.borrow_mut(mc).push(Gc::new_str(mc, "Ada")));
/// let total: usize = arena.enter(|_, names| names.borrow().iter().map(|name| name.len()).sum());
/// assert_eq!(total, 3);
/// ```
pub struct Arena<R, C>
where
    R: for<'a> Rootable<'a>,
    for<'a> Root<'a, R>: Sized,
    C: Collector,
{
    // Dropped in this order. What the lifetime of the root really is, `enter` says.
    pub(crate) root: Root<'static, R>,
    pub(crate) heap: Heap,
    pub(crate) collector: C,
    pub(crate) is_root_dirty: bool,
    pub(crate) is_enabled: bool,
    pub(crate) recorder: Recorder,
    pub(crate) error_hook: Option<ErrorHook>,
}

impl<R, C> Arena<R, C>
where
    R: for<'a> Rootable<'a>,
    for<'a> Root<'a, R>: Sized + Trace,
    C: Collector,
{
    /// Makes an arena with the collector's default settings; the closure makes the root.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*;
    /// let arena = Arena::<Rootable![Gc<'_, u32>], NullCollector>::new(|mc| Gc::new(mc, 42));
    /// assert_eq!(arena.enter(|_, root| **root), 42);
    /// ```
    #[must_use]
    pub fn new<F>(root: F) -> Arena<R, C>
    where
        F: for<'gc> FnOnce(&'gc Mutation<'gc>) -> Root<'gc, R>,
        C: Default,
    {
        Arena::builder().build(root)
    }

    /// The arena of a heap in which there is nothing but what the root refers to.
    pub(crate) fn assemble(root: Root<'static, R>, heap: Heap, collector: C) -> Arena<R, C> {
        // The root is new: a counting collector has yet to count what it refers to.
        heap.note_change();
        Arena {
            root,
            heap,
            collector,
            is_root_dirty: true,
            is_enabled: true,
            recorder: Recorder::default(),
            error_hook: None,
        }
    }

    /// Makes an arena with other settings.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*;
    /// type Small = Arena<Rootable![()], NullCollector>;
    /// let arena = Small::builder().limit_bytes(1 << 20).nursery_bytes(64 << 10).build(|_| ());
    /// assert!(arena.enter(|mc, ()| Gc::try_new(mc, 42).is_ok()));
    /// ```
    #[must_use]
    pub fn builder() -> ArenaBuilder<R, C>
    where
        C: Default,
    {
        ArenaBuilder::new(C::default())
    }

    /// Runs the closure with the heap and the root. Never collects.
    ///
    /// Calls may nest: a closure may call `enter` of the same arena through another reference.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*;
    /// let arena = Arena::<Rootable![GcVec<'_, u32>], NullCollector>::new(|mc| GcVec::new(mc));
    /// arena.enter(|mc, root| {
    ///     root.push(mc, 42);
    ///     // The same heap, whose references are of another brand here: they do not mix.
    ///     arena.enter(|_, same| assert_eq!(same.get(0), Some(42)));
    /// });
    /// ```
    pub fn enter<F, T>(&self, f: F) -> T
    where
        F: for<'gc> FnOnce(&'gc Mutation<'gc>, &'gc Root<'gc, R>) -> T,
    {
        // SAFETY: the closure's lifetime is its own, and a collection needs `&mut self`, which
        // cannot be had while `self` is borrowed.
        let mc = unsafe { Mutation::brand(&self.heap) };
        // SAFETY: the root at another lifetime has the same layout; what it refers to is of the
        // heap that the closure's lifetime brands.
        let root = unsafe { &*(&raw const self.root).cast::<Root<'_, R>>() };
        f(mc, root)
    }

    /// Runs the closure with the heap and the root, and then a safepoint.
    ///
    /// With a prompt collector, what the closure made unreachable without a cycle has been dropped
    /// when this returns. If the closure panics there is no safepoint.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*;
    /// let mut arena = Arena::<Rootable![GcVec<'_, u32>], NullCollector>::new(|mc| GcVec::new(mc));
    /// let len = arena.mutate(|mc, root| {
    ///     root.push(mc, 42);
    ///     root.len()
    /// });
    /// assert_eq!(len, 1);
    /// ```
    #[inline]
    pub fn mutate<F, T>(&mut self, f: F) -> T
    where
        F: for<'gc> FnOnce(&'gc Mutation<'gc>, &'gc Root<'gc, R>) -> T,
    {
        let result = self.enter(f);
        self.safepoint();
        result
    }

    /// As [`mutate`](Arena::mutate), with the root to change.
    ///
    /// A counting collector looks at all references of the root when it is next at work, and keeps a list of
    /// them, 8 bytes each: keep long arrays in objects of the heap rather than in the root itself.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*;
    /// let mut arena = Arena::<Rootable![Option<Gc<'_, str>>], NullCollector>::new(|_| None);
    /// arena.mutate_root(|mc, root| *root = Some(Gc::new_str(mc, "first")));
    /// arena.mutate_root(|mc, root| {
    ///     let old = root.replace(Gc::new_str(mc, "second"));
    ///     assert_eq!(&*old.unwrap(), "first");
    /// });
    /// ```
    pub fn mutate_root<F, T>(&mut self, f: F) -> T
    where
        F: for<'gc> FnOnce(&'gc Mutation<'gc>, &'gc mut Root<'gc, R>) -> T,
    {
        self.soil_root();
        // SAFETY: as in `enter`; `self` is borrowed mutably until the closure has returned.
        let mc = unsafe { Mutation::brand(&self.heap) };
        // SAFETY: as in `enter`; the borrow is exclusive, and the root was noted as dirty.
        let root = unsafe { &mut *(&raw mut self.root).cast::<Root<'_, R>>() };
        let result = f(mc, root);
        self.safepoint();
        result
    }

    /// Notes that the root may change: the root's write barrier.
    #[inline]
    fn soil_root(&mut self) {
        if !crate::planted!("root-stays-clean") {
            self.is_root_dirty = true;
        }
        self.heap.note_change();
    }

    #[inline]
    pub(crate) fn safepoint(&mut self) {
        if self.heap.is_safepoint_due() {
            self.safepoint_slow();
        }
    }

    #[cold]
    #[inline(never)]
    fn safepoint_slow(&mut self) {
        if self.heap.is_safepoint_passed_over() {
            return;
        }
        // Drop glue may release handles, and dead entries of weak collections may hold something, so
        // there may be more garbage: a prompt collector goes on until there is none.
        loop {
            let (_, asked_for) = self.run_inline(Thrift::Lazy, C::safepoint);
            if let Some(generation) = asked_for {
                self.collect_as(Reason::Automatic, generation);
            }
            if self.heap.is_calling() {
                self.run_calls();
            }
            let is_pruned = self.heap.prune_collections();
            let is_garbage_likely = is_pruned || self.heap.are_handles_changed();
            if !(self.heap.settings().is_prompt && is_garbage_likely) {
                return;
            }
        }
    }

    /// [`run_inline`](Arena::run_inline), out of line: for all that is not the end of a `mutate`.
    #[inline(never)]
    pub(crate) fn run(
        &mut self,
        thrift: Thrift,
        f: impl FnOnce(&mut C, &mut Safepoint<'_>),
    ) -> (Collection, Option<u8>) {
        self.run_inline(thrift, f)
    }

    /// Runs the collector, tells the listener, and tears down what died. Returns what it did, and the
    /// generation that it has asked for.
    #[inline(always)]
    fn run_inline(
        &mut self,
        thrift: Thrift,
        f: impl FnOnce(&mut C, &mut Safepoint<'_>),
    ) -> (Collection, Option<u8>) {
        let is_watched = self.recorder.listener.is_some() || self.heap.is_observed();
        if is_watched {
            self.watch_start();
        }
        // None begins while another waits for calls.
        let may_begin = !(self.heap.is_calling() && self.heap.is_collecting());
        let is_enabled = self.is_enabled && may_begin;
        let roots = Roots::new(&mut self.root, &mut self.is_root_dirty);
        let mut collection = Collection::default();
        let mut safepoint = Safepoint::new(&mut self.heap, roots, &mut collection, is_enabled);
        f(&mut self.collector, &mut safepoint);
        let asked_for = safepoint.asked_for();
        collection.live_bytes = self.heap.live_bytes();
        self.heap.note_safepoint();
        self.heap.count_safepoint(&collection);
        // What died is torn down before any other code of the user runs: after that its memory may
        // be handed out again.
        let panic = self.heap.tear_down(thrift);
        let mut ended = None;
        if self.recorder.is_open() {
            ended = self.add_to_open(&collection);
        }
        if is_watched {
            self.watch_stop(&collection, ended);
        }
        resume(panic);
        (ended.unwrap_or(collection), asked_for)
    }

    /// Adds what the collector did to the collection that is open, and ends that unless it waits for
    /// calls: then it is returned.
    #[cold]
    fn add_to_open(&mut self, step: &Collection) -> Option<Collection> {
        self.recorder.add(step);
        if self.heap.is_collecting() {
            return None;
        }
        let collection = self.recorder.end(self.heap.finalized_objects())?;
        self.heap.count_collection();
        self.heap.note_generation(collection.generation);
        Some(collection)
    }

    #[cold]
    fn watch_start(&mut self) {
        self.heap.settle_newborn();
        self.recorder.used_bytes_before = self.heap.pool().used_bytes();
        self.recorder.tell(&Event::SafepointStart);
        if self.heap.settings().checks_barrier {
            self.heap.check_edges();
        }
        if self.heap.begin_verification() {
            self.assert_verified(Depth::Heap);
        }
    }

    /// Tells the listener of what the collector did, and of the collection that has ended with it.
    #[cold]
    fn watch_stop(&mut self, step: &Collection, ended: Option<Collection>) {
        if self.heap.settings().checks_barrier {
            self.heap.note_edges();
        }
        if self.heap.settings().checks_trace
            && let Err(faults) = self.check_settled_trace()
        {
            panic!("{faults}");
        }
        if let Some(depth) = self.heap.end_verification() {
            self.assert_verified(depth);
        }
        self.heap.note_peak(step.live_bytes);
        let &Collection { freed_objects, freed_bytes, .. } = step;
        self.recorder.tell(&Event::SafepointStop {
            freed_objects,
            freed_bytes,
            live_bytes: self.heap.live_bytes(),
            used_bytes: self.heap.pool().used_bytes(),
            used_bytes_before: self.recorder.used_bytes_before,
        });
        if let Some(collection) = ended {
            self.recorder.tell(&Event::CollectionStop { collection });
        }
    }

    /// Runs a collection, but for the calls that it waits for.
    fn collect_as(&mut self, reason: Reason, generation: u8) -> Collection {
        let is_full = generation + 1 == C::ATTRIBUTES.generations;
        let is_eager = is_full && reason == Reason::Explicit;
        let thrift = if is_eager { Thrift::Eager } else { Thrift::Lazy };
        self.recorder.begin(reason, generation, self.heap.finalized_objects());
        let collect = |collector: &mut C, safepoint: &mut Safepoint<'_>| {
            collector.collect(safepoint, generation, reason);
        };
        self.run(thrift, collect).0
    }

    /// Brings the counts up to date, if there are any, and does what else is due.
    pub(crate) fn settle(&mut self) {
        let (_, asked_for) = self.run(Thrift::Lazy, C::safepoint);
        if let Some(generation) = asked_for {
            self.collect_as(Reason::Automatic, generation);
        }
    }

    /// Collects everything that is unreachable, as far as the collector can find it, and gives what is
    /// free back to the system, but for a little and for what was lately given back too early (see
    /// [`return_memory`](ArenaBuilder::return_memory)).
    ///
    /// Finalizers and callbacks of what was found run before this returns, unless they are
    /// [deferred](ArenaBuilder::defer_calls). While a collection waits for such calls another does
    /// nothing, and reports that it found nothing.
    ///
    /// # Complexity
    ///
    /// See the collector's documentation; O(live objects) for those that trace.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*;
    /// let mut arena = Arena::<Rootable![()], NullCollector>::new(|_| ());
    /// arena.mutate(|mc, ()| { let _ = Gc::new(mc, 42); });
    /// // What a collector of this sort finds.
    /// assert_eq!(arena.collect().unreachable, 0);
    /// ```
    pub fn collect(&mut self) -> Collection {
        self.collect_generation(C::ATTRIBUTES.generations - 1)
    }

    /// Collects a generation and all younger ones. Generation 0 is the youngest; a number beyond
    /// the oldest means the oldest.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*;
    /// let mut arena = Arena::<Rootable![()], NullCollector>::new(|_| ());
    /// let oldest = arena.attributes().generations - 1;
    /// assert_eq!(arena.collect_generation(u8::MAX).generation, oldest);
    /// ```
    pub fn collect_generation(&mut self, generation: u8) -> Collection {
        if self.heap.is_collecting() {
            // They are deferred, or drop glue panicked before they could run.
            self.run_calls();
            if self.heap.is_collecting() {
                return Collection::default();
            }
        }
        let generation = generation.min(C::ATTRIBUTES.generations - 1);
        self.recorder.take_ended();
        let collection = self.collect_as(Reason::Explicit, generation);
        self.run_calls();
        let collection = self.recorder.take_ended().unwrap_or(collection);
        let is_garbage_likely = self.heap.prune_collections() || self.heap.are_handles_changed();
        if self.heap.settings().is_prompt && is_garbage_likely {
            self.safepoint_slow();
        }
        collection
    }

    /// Runs a safepoint, if one is due: what the end of `mutate` does.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*;
    /// let mut arena = Arena::<Rootable![Gc<'_, u32>], NullCollector>::new(|mc| Gc::new(mc, 1));
    /// // `enter` never collects: a program that uses it alone says itself when there is time.
    /// arena.enter(|mc, _| (0..1_000).for_each(|n| { let _ = Gc::new(mc, n); }));
    /// arena.collect_debt();
    /// assert_eq!(arena.enter(|_, root| **root), 1);
    /// ```
    pub fn collect_debt(&mut self) {
        self.safepoint();
    }
}

impl<R, C> Drop for Arena<R, C>
where
    R: for<'a> Rootable<'a>,
    for<'a> Root<'a, R>: Sized,
    C: Collector,
{
    fn drop(&mut self) {
        self.run_at_exit();
    }
}

impl<R, C> fmt::Debug for Arena<R, C>
where
    R: for<'a> Rootable<'a>,
    for<'a> Root<'a, R>: Sized,
    C: Collector,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arena")
            .field("collector", &C::ATTRIBUTES.name)
            .field("heap", &self.heap)
            .finish_non_exhaustive()
    }
}
