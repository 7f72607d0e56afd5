//! Arenas: a heap, its collector and its root, and the ways in.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::marker::PhantomData;
use core::mem::{ManuallyDrop, transmute_copy};

use crate::calls::{CallError, PendingCall, attempt};
use crate::collector::{Attributes, Barrier, Collector, Roots, Safepoint};
use crate::event::{Collection, Event, Listener, Reason, Stats};
use crate::heap::{Call, Heap, Next, Settings, Thrift, resume};
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
    error_hook: Option<Box<dyn FnMut(&CallError)>>,
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
            self.run(Reason::Automatic, Thrift::Lazy, C::safepoint);
            self.run_calls();
            if !(self.heap.settings().is_prompt && self.heap.are_handles_changed()) {
                return;
            }
        }
    }

    /// Runs the collector, tells the listener, and tears down what died.
    #[inline]
    fn run(
        &mut self,
        reason: Reason,
        thrift: Thrift,
        f: impl FnOnce(&mut C, &mut Safepoint<'_>),
    ) -> Collection {
        let is_watched = self.listener.is_some() || self.heap.settings().checks_barrier;
        let reason = self.unfinished.map_or(reason, |(reason, _)| reason);
        if is_watched {
            self.watch_start(reason);
        }
        let mut safepoint = Safepoint {
            heap: &mut self.heap,
            roots: Roots::new(&mut self.root, &mut self.is_root_dirty),
            // None begins while another waits for calls.
            is_enabled: self.is_enabled && self.unfinished.is_none(),
            collection: Collection::default(),
        };
        f(&mut self.collector, &mut safepoint);
        let mut collection = safepoint.collection;
        collection.live_bytes = self.heap.live_bytes();
        self.heap.note_safepoint();
        self.heap.count_collection(&collection);
        // What died is torn down before any other code of the user runs: after that its memory may
        // be handed out again.
        let panic = self.heap.tear_down(thrift);
        if self.unfinished.is_some() || self.heap.is_collecting() {
            collection = self.add_to_unfinished(reason, collection);
        }
        if is_watched {
            self.watch_stop(reason, collection);
        }
        resume(panic);
        collection
    }

    /// Adds what a safepoint did to the collection that waits for calls; returns the sum.
    #[cold]
    fn add_to_unfinished(&mut self, reason: Reason, collection: Collection) -> Collection {
        let (reason, sum) = match self.unfinished.take() {
            Some((reason, sum)) => (reason, sum.and(&collection)),
            None => (reason, collection),
        };
        if self.heap.is_collecting() {
            self.unfinished = Some((reason, sum));
        } else {
            self.finished = Some(sum);
        }
        sum
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

    /// The finalizer or callback whose turn it is, where these do not run by themselves: see
    /// [`ArenaBuilder::defer_calls`].
    ///
    /// Go on until there is none: what waits for a call, waits until it has ended.
    ///
    /// # Examples
    ///
    /// ```
    /// use gc_core::{Arena, NullCollector, Rootable};
    ///
    /// let mut arena: Arena<Rootable![()], NullCollector> =
    ///     Arena::builder().defer_calls(true).build(|_| ());
    /// arena.mutate(|_, ()| ());
    /// while let Some(mut call) = arena.next_call() {
    ///     call.run();
    /// }
    /// ```
    pub fn next_call(&mut self) -> Option<PendingCall<'_, R, C>> {
        let call = loop {
            match self.heap.next_call() {
                Some(Next::Call(call)) => break call,
                Some(Next::Settle) => self.settle_call(),
                Some(Next::Resume(word)) => {
                    self.run(Reason::Automatic, Thrift::Lazy, |collector, safepoint| {
                        collector.resume(safepoint, word);
                    });
                }
                // Drop glue has released handles after the last call.
                None if self.heap.settings().is_prompt && self.heap.are_handles_changed() => {
                    self.settle_call();
                }
                None => return None,
            }
        };
        Some(PendingCall::new(self, call))
    }

    /// Runs the finalizers and callbacks that wait, and all that follow from them.
    fn run_calls(&mut self) {
        if !self.heap.settings().defers_calls {
            while let Some(mut call) = self.next_call() {
                call.run();
            }
        }
    }

    /// Runs what a call is about; what fails is reported.
    pub(crate) fn run_call(&mut self, call: &mut Call) {
        // SAFETY: the lifetime is this function's own, and there is no collection before it returns.
        let mc = unsafe { Mutation::brand(&self.heap) };
        let mut errors = Vec::new();
        match call {
            Call::Callback(callback) => {
                if let Some(callback) = callback.take() {
                    errors.extend(attempt(|| callback(mc)));
                }
            }
            Call::Finalizers(guard, finalizers) => {
                for finalizer in core::mem::take(finalizers) {
                    if let Some(object) = guard.object() {
                        errors.extend(attempt(|| finalizer(mc, object)));
                    }
                }
            }
        }
        for cause in errors {
            self.report(&CallError::new(call.kind(), cause));
        }
    }

    fn report(&mut self, error: &CallError) {
        match &mut self.error_hook {
            Some(hook) => hook(error),
            #[cfg(feature = "std")]
            None => std::eprintln!("ignored: {error}"),
            #[cfg(not(feature = "std"))]
            None => {}
        }
    }

    /// Has what fails in finalizers and callbacks reported to a function, instead of printing it.
    pub fn set_error_hook(&mut self, hook: impl FnMut(&CallError) + 'static) {
        self.error_hook = Some(Box::new(hook));
    }

    /// A call has ended.
    pub(crate) fn end_call(&mut self, floor_before: usize) {
        self.settle_call();
        self.heap.calls().end(floor_before);
    }

    /// Brings the counts up to date, if there are any: a call's effects come before what waits for it.
    fn settle_call(&mut self) {
        if self.heap.settings().counts_references || self.heap.is_safepoint_due() {
            self.run(Reason::Automatic, Thrift::Lazy, C::safepoint);
        }
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

/// Makes an [`Arena`] with other settings than the defaults.
///
/// # Examples
///
/// ```
/// use gc_core::{Arena, Gc, NullCollector, Rootable};
///
/// type Small = Arena<Rootable![()], NullCollector>;
/// let arena = Small::builder().limit_bytes(64 << 10).build(|_| ());
/// let full = arena.enter(|mc, ()| {
///     let mut value = [0u64; 100];
///     loop {
///         match Gc::try_new(mc, value) {
///             Ok(_) => value[0] += 1,
///             Err(full) => break full.into_value()[0],
///         }
///     }
/// });
/// assert_eq!(full, 80);
/// ```
pub struct ArenaBuilder<R, C> {
    collector: C,
    settings: Settings,
    #[cfg(feature = "parallel")]
    workers: Option<crate::heap::Workers>,
    root: PhantomData<fn() -> R>,
}

impl<R, C> ArenaBuilder<R, C>
where
    R: for<'a> Rootable<'a>,
    for<'a> Root<'a, R>: Sized + Trace,
    C: Collector,
{
    /// Settings for an arena with this collector.
    #[must_use]
    pub fn new(collector: C) -> ArenaBuilder<R, C> {
        ArenaBuilder {
            collector,
            settings: Settings::new(&C::ATTRIBUTES),
            #[cfg(feature = "parallel")]
            workers: None,
            root: PhantomData,
        }
    }

    /// Uses this collector: one with settings of its own.
    #[must_use]
    pub fn collector(self, collector: C) -> ArenaBuilder<R, C> {
        ArenaBuilder { collector, ..self }
    }

    /// Limits the bytes that blocks, large objects and external memory may take. Memory is taken
    /// in blocks of 32 KiB. A collector that copies may exceed the limit while it collects.
    #[must_use]
    pub fn limit_bytes(mut self, limit_bytes: usize) -> ArenaBuilder<R, C> {
        self.settings.limit_bytes = limit_bytes;
        self
    }

    /// Fixes how many bytes are allocated before a safepoint collects, instead of leaving it to the
    /// collector.
    #[must_use]
    pub fn nursery_bytes(mut self, nursery_bytes: usize) -> ArenaBuilder<R, C> {
        self.settings.nursery_bytes = Some(nursery_bytes);
        self
    }

    /// Whether a prompt collector works at the end of every `mutate` that changed something, which is
    /// the default. Otherwise it works once for many: in *epochs*, whose length it chooses by what
    /// survives. What died in one is dropped together at its end, and a place that was written
    /// several times is counted once: for programs that rewrite much, several times as fast.
    /// [`collect`](Arena::collect) ends an epoch. Nothing changes for other collectors.
    #[must_use]
    pub fn prompt(mut self, is_prompt: bool) -> ArenaBuilder<R, C> {
        self.settings.is_prompt = C::ATTRIBUTES.prompt && is_prompt;
        self
    }

    /// Has a prompt collector work in epochs of this many allocated bytes, instead of choosing their
    /// length: see [`prompt`](ArenaBuilder::prompt). With zero it is prompt. Collectors that are
    /// never prompt take it as [`nursery_bytes`](ArenaBuilder::nursery_bytes).
    #[must_use]
    pub fn epoch_bytes(mut self, epoch_bytes: usize) -> ArenaBuilder<R, C> {
        self.settings.nursery_bytes = Some(epoch_bytes).filter(|&bytes| bytes > 0);
        self.prompt(epoch_bytes == 0)
    }

    /// Whether free memory goes back to the system when there is much of it, which is the default.
    /// Otherwise the arena keeps what it has, and never waits for the system to give it again.
    #[must_use]
    pub fn return_memory(mut self, returns_memory: bool) -> ArenaBuilder<R, C> {
        self.settings.returns_memory = returns_memory;
        self
    }

    /// Whether finalizers and the callbacks of weak references wait until
    /// [`next_call`](Arena::next_call) gives them out. Otherwise, which is the default, they have all
    /// run when `mutate` or `collect` returns.
    ///
    /// For a program that lets them do more than a `mutate` can: that collects in between, say.
    #[must_use]
    pub fn defer_calls(mut self, defers_calls: bool) -> ArenaBuilder<R, C> {
        self.settings.defers_calls = defers_calls;
        self
    }

    /// Compares, at every safepoint, what old objects refer to with what they referred to at the last
    /// one, and panics with the name of the type if one has changed that was not logged. Slow; for
    /// authors of unsafe code.
    #[must_use]
    pub fn check_barrier(mut self, checks_barrier: bool) -> ArenaBuilder<R, C> {
        self.settings.checks_barrier = checks_barrier;
        self
    }

    /// Collects at every safepoint: slow, and good at finding mistakes.
    #[must_use]
    pub fn stress(mut self, is_stressed: bool) -> ArenaBuilder<R, C> {
        self.settings.is_stressed = is_stressed;
        self
    }

    /// Has the threads of a pool help where a collector marks a large heap. The thread that collects
    /// takes part, so a pool of `n` threads lends `n - 1`, and one of a single thread none; a heap of
    /// less than a million objects is marked by one thread in any case. Drop glue and listeners run
    /// on the arena's own thread, as ever.
    ///
    /// Several arenas may share a pool. A collection waits for the threads it asked for: if they are
    /// busy with something else for long, so is the arena.
    #[cfg(feature = "parallel")]
    #[must_use]
    pub fn workers(mut self, pool: alloc::sync::Arc<rayon::ThreadPool>) -> ArenaBuilder<R, C> {
        self.workers = Some(crate::heap::Workers(pool));
        self
    }

    /// Makes the arena; the closure makes the root.
    #[must_use]
    pub fn build<F>(self, root: F) -> Arena<R, C>
    where
        F: for<'gc> FnOnce(&'gc Mutation<'gc>) -> Root<'gc, R>,
    {
        #[cfg_attr(
            not(feature = "parallel"),
            expect(unused_mut, reason = "given its workers below")
        )]
        let mut heap = Heap::new(self.settings);
        #[cfg(feature = "parallel")]
        {
            heap.workers = self.workers;
        }
        let root = {
            // SAFETY: the closure's lifetime is its own, and there is no collection before the
            // arena exists.
            let mc = unsafe { Mutation::brand(&heap) };
            let root = ManuallyDrop::new(root(mc));
            // SAFETY: the root at another lifetime is the same type but for that lifetime, so has
            // the same layout; it is moved, for the original is not dropped.
            unsafe { transmute_copy::<Root<'_, R>, Root<'static, R>>(&root) }
        };
        // The root is new: a counting collector has yet to count what it refers to.
        heap.note_change();
        Arena {
            root,
            heap,
            collector: self.collector,
            is_root_dirty: true,
            is_enabled: true,
            listener: None,
            error_hook: None,
            unfinished: None,
            finished: None,
        }
    }
}

impl<R, C: Collector> fmt::Debug for ArenaBuilder<R, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ArenaBuilder")
            .field("collector", &C::ATTRIBUTES.name)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
