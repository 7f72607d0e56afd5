//! Arenas: a heap, its collector and its root, and the ways in.

use alloc::boxed::Box;
use core::fmt;

use crate::builder::ArenaBuilder;
use crate::calls::ErrorHook;
use crate::collector::{Attributes, Barrier, Collector, Roots, Safepoint};
use crate::event::{Collection, Event, Listener, Reason, Stats};
use crate::heap::{Heap, Thrift, resume};
use crate::mutation::Mutation;
use crate::rootable::{Root, Rootable};
use crate::trace::{Edges, Trace};

/// A garbage-collected heap with a root.
///
/// `R` says what the root is ([`Rootable!`](macro@crate::Rootable)), `C` which collector runs.
/// Everything in the heap is reached inside the closure of [`enter`](Arena::enter),
/// [`mutate`](Arena::mutate) or [`mutate_root`](Arena::mutate_root), and only there. A collection happens only between them:
/// at the end of `mutate` and `mutate_root`, and in [`collect`](Arena::collect) and its like.
///
/// When the arena is dropped, the drop glue of every object left runs.
///
/// # Panics
///
/// If the drop glue of an object panics, what is left to drop is dropped, and then the panic goes
/// on: out of the `mutate` or `collect` that found the object dead, or out of the arena's drop. A
/// panic inside a closure leaves the arena usable.
pub struct Arena<R, C>
where
    R: for<'a> Rootable<'a>,
    for<'a> Root<'a, R>: Sized,
    C: Collector,
{
    // Dropped in this order. What the lifetime of the root really is, `enter` says.
    root: Root<'static, R>,
    pub(crate) heap: Heap,
    collector: C,
    is_root_dirty: bool,
    is_enabled: bool,
    listener: Option<Box<dyn Listener>>,
    pub(crate) error_hook: Option<ErrorHook>,
    /// The collection that waits for calls, with what it did so far, and the last that has not to wait
    /// any more.
    unfinished: Option<(Reason, Collection)>,
    finished: Option<Collection>,
}

impl<R, C> Arena<R, C>
where
    R: for<'a> Rootable<'a>,
    for<'a> Root<'a, R>: Sized + Trace,
    C: Collector,
{
    /// Makes an arena with the collector's default settings; the closure makes the root.
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
            listener: None,
            error_hook: None,
            unfinished: None,
            finished: None,
        }
    }

    /// Makes an arena with other settings.
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
    /// A counting collector counts the references of the root anew after this: keep long arrays in
    /// objects of the heap rather than in the root itself.
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
    fn soil_root(&mut self) {
        if !self.is_root_dirty {
            if C::ATTRIBUTES.barrier == Barrier::Snapshot {
                let root = &self.root;
                self.heap.log_root(|mut each| {
                    Edges::collect(&mut each, |edges| root.visit(edges));
                });
            }
            self.is_root_dirty = true;
        }
        self.heap.note_change();
    }

    #[inline]
    fn safepoint(&mut self) {
        if self.heap.is_safepoint_due() {
            self.safepoint_slow();
        }
    }

    #[cold]
    #[inline(never)]
    fn safepoint_slow(&mut self) {
        // Drop glue may release handles, and so make more garbage: a prompt collector goes on until
        // there is none.
        loop {
            self.run_inline(Reason::Automatic, Thrift::Lazy, C::safepoint);
            if self.heap.is_calling() {
                self.run_calls();
            }
            if !(self.heap.settings().is_prompt && self.heap.are_handles_changed()) {
                return;
            }
        }
    }

    /// [`run_inline`](Arena::run_inline), out of line: for all that is not the end of a `mutate`.
    #[inline(never)]
    pub(crate) fn run(
        &mut self,
        reason: Reason,
        thrift: Thrift,
        f: impl FnOnce(&mut C, &mut Safepoint<'_>),
    ) -> Collection {
        self.run_inline(reason, thrift, f)
    }

    /// Runs the collector, tells the listener, and tears down what died.
    #[inline(always)]
    fn run_inline(
        &mut self,
        reason: Reason,
        thrift: Thrift,
        f: impl FnOnce(&mut C, &mut Safepoint<'_>),
    ) -> Collection {
        let is_watched = self.listener.is_some() || self.heap.settings().checks_barrier;
        // None begins while another waits for calls.
        let may_begin = !self.heap.is_calling() || self.unfinished.is_none();
        if is_watched {
            self.watch_start(reason);
        }
        let mut safepoint = Safepoint {
            heap: &mut self.heap,
            roots: Roots::new(&mut self.root, &mut self.is_root_dirty),
            is_enabled: self.is_enabled && may_begin,
            collection: Collection::default(),
        };
        f(&mut self.collector, &mut safepoint);
        let Safepoint { heap, mut collection, .. } = safepoint;
        collection.live_bytes = heap.live_bytes();
        heap.note_safepoint();
        heap.count_collection(&collection);
        // What died is torn down before any other code of the user runs: after that its memory may
        // be handed out again.
        let panic = self.heap.tear_down(thrift);
        let mut reason = reason;
        if self.heap.is_calling() {
            (reason, collection) = self.add_to_unfinished(reason, collection);
        }
        if is_watched {
            self.watch_stop(reason, collection);
        }
        resume(panic);
        collection
    }

    /// Adds what a safepoint did to the collection that waits for calls, if there is one; returns the
    /// sum, and why that was begun.
    #[cold]
    fn add_to_unfinished(
        &mut self,
        reason: Reason,
        collection: Collection,
    ) -> (Reason, Collection) {
        let (reason, sum) = match self.unfinished.take() {
            Some((reason, sum)) => (reason, sum.and(&collection)),
            None if self.heap.is_collecting() => (reason, collection),
            None => return (reason, collection),
        };
        if self.heap.is_collecting() {
            self.unfinished = Some((reason, sum));
        } else {
            self.finished = Some(sum);
        }
        (reason, sum)
    }
    #[cold]
    fn watch_start(&mut self, reason: Reason) {
        if self.unfinished.is_none()
            && let Some(listener) = &mut self.listener
        {
            listener.event(&Event::CollectionStart { reason });
        }
        if self.heap.settings().checks_barrier {
            self.heap.check_edges();
        }
    }

    #[cold]
    fn watch_stop(&mut self, reason: Reason, collection: Collection) {
        if self.heap.settings().checks_barrier {
            self.heap.note_edges();
        }
        if self.unfinished.is_none()
            && let Some(listener) = &mut self.listener
        {
            listener.event(&Event::CollectionStop { reason, collection });
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
    pub fn collect(&mut self) -> Collection {
        self.collect_generation(C::ATTRIBUTES.generations - 1)
    }

    /// Collects a generation and all younger ones. Generation 0 is the youngest; a number beyond
    /// the oldest means the oldest.
    pub fn collect_generation(&mut self, generation: u8) -> Collection {
        if self.heap.is_collecting() {
            return Collection::default();
        }
        let oldest = C::ATTRIBUTES.generations - 1;
        let generation = generation.min(oldest);
        let thrift = if generation == oldest { Thrift::Eager } else { Thrift::Lazy };
        self.finished = None;
        let collection = self.run(Reason::Explicit, thrift, |collector, safepoint| {
            collector.collect(safepoint, generation);
        });
        self.run_calls();
        let collection = self.finished.take().unwrap_or(collection);
        if self.heap.settings().is_prompt && self.heap.are_handles_changed() {
            self.safepoint_slow();
        }
        collection
    }

    /// Runs a safepoint, if one is due: what the end of `mutate` does.
    pub fn collect_debt(&mut self) {
        self.safepoint();
    }

    /// Lets collections start by themselves again.
    pub fn enable(&mut self) {
        self.is_enabled = true;
    }

    /// Keeps collections from starting by themselves. Explicit ones still run, and a counting
    /// collector still frees what nothing refers to.
    pub fn disable(&mut self) {
        self.is_enabled = false;
    }

    /// Whether collections start by themselves.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.is_enabled
    }

    /// Moves all objects to a permanent generation, which collections ignore: none of them is found to
    /// be garbage any more, nor what they refer to. A counting collector still reclaims what nothing
    /// refers to. For a program that has made what it will use to its end.
    ///
    /// Runs a safepoint first, at which a collector that does not count reclaims what has died young;
    /// but while a collection waits for calls, such a collector freezes old objects only.
    ///
    /// # Complexity
    ///
    /// O(objects). A full collection costs as much as before.
    ///
    /// # Examples
    ///
    /// ```
    /// use gc_core::{Arena, Gc, NullCollector, Rootable};
    ///
    /// let mut arena: Arena<Rootable![Gc<'_, u32>], NullCollector> = Arena::new(|mc| Gc::new(mc, 1));
    /// arena.freeze();
    /// arena.unfreeze();
    /// assert_eq!(arena.frozen_objects(), 0);
    /// ```
    pub fn freeze(&mut self) {
        self.run(Reason::Automatic, Thrift::Lazy, |collector, safepoint| {
            safepoint.is_enabled = false;
            if C::ATTRIBUTES.counts_references {
                collector.safepoint(safepoint);
            } else if !safepoint.heap.is_collecting() {
                collector.collect(safepoint, 0);
            }
        });
        self.heap.freeze();
        self.run_calls();
    }

    /// Moves what is frozen to the oldest generation.
    ///
    /// # Complexity
    ///
    /// O(objects), unless none is frozen.
    pub fn unfreeze(&mut self) {
        self.heap.unfreeze();
    }

    /// How many objects are in the permanent generation.
    #[must_use]
    pub fn frozen_objects(&self) -> usize {
        self.heap.frozen_objects()
    }

    /// What has happened so far. Never changes when a collection starts.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.heap.stats()
    }

    /// What the collector is like.
    #[must_use]
    pub fn attributes(&self) -> &'static Attributes {
        const { &C::ATTRIBUTES }
    }

    /// Has the listener told of every event from now on; one that was set before is dropped.
    pub fn set_listener(&mut self, listener: impl Listener + 'static) {
        self.listener = Some(Box::new(listener));
    }

    /// Takes the listener back.
    pub fn take_listener(&mut self) -> Option<Box<dyn Listener>> {
        self.listener.take()
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
