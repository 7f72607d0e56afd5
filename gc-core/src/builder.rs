//! Making an arena with other settings than the defaults: [`ArenaBuilder`].

use core::fmt;
use core::marker::PhantomData;
use core::mem::{ManuallyDrop, transmute_copy};

use crate::arena::Arena;
use crate::collector::Collector;
use crate::heap::{Heap, Settings, Verification};
use crate::mutation::Mutation;
use crate::pacing::Pacing;
use crate::rootable::{Root, Rootable};
use crate::trace::Trace;
use crate::zeal::Zeal;

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
    pacing: Pacing,
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
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*;
    /// // The collector is given, rather than its default made.
    /// let builder = ArenaBuilder::<Rootable![u32], _>::new(NullCollector);
    /// assert_eq!(builder.build(|_| 42).enter(|_, root| *root), 42);
    /// ```
    #[must_use]
    pub fn new(collector: C) -> ArenaBuilder<R, C> {
        ArenaBuilder {
            collector,
            settings: Settings::new(&C::ATTRIBUTES),
            pacing: Pacing::default(),
            #[cfg(feature = "parallel")]
            workers: None,
            root: PhantomData,
        }
    }

    /// Uses this collector: one with settings of its own.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*;
    /// let builder = Arena::<Rootable![()], NullCollector>::builder().collector(NullCollector);
    /// assert_eq!(builder.build(|_| ()).attributes().name, "null");
    /// ```
    #[must_use]
    pub fn collector(self, collector: C) -> ArenaBuilder<R, C> {
        ArenaBuilder { collector, ..self }
    }

    /// Limits the bytes that blocks, large objects and external memory may take. Memory is taken
    /// in blocks of 32 KiB. A collector that copies may exceed the limit while it collects.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*;
    /// type Small = Arena<Rootable![()], NullCollector>;
    /// let arena = Small::builder().limit_bytes(64 << 10).build(|_| ());
    /// let fits = |bytes| arena.enter(|mc, ()| Gc::try_slice_from_fn(mc, bytes, |_| 0_u8).is_ok());
    /// assert!(fits(10 << 10) && !fits(100 << 10));
    /// ```
    #[must_use]
    pub fn limit_bytes(mut self, limit_bytes: usize) -> ArenaBuilder<R, C> {
        self.settings.limit_bytes = limit_bytes;
        self
    }

    /// Fixes how many bytes are allocated before a safepoint collects, instead of leaving it to the
    /// collector.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*;
    /// let builder = Arena::<Rootable![()], NullCollector>::builder().nursery_bytes(64 << 10);
    /// let mut arena = builder.build(|_| ());
    /// arena.mutate(|mc, ()| (0..10_000).for_each(|n| { let _ = Gc::new(mc, n); }));
    /// assert_eq!(arena.stats().safepoints, 1, "more than that was allocated");
    /// ```
    #[must_use]
    pub fn nursery_bytes(mut self, nursery_bytes: usize) -> ArenaBuilder<R, C> {
        self.settings.nursery_bytes = Some(nursery_bytes);
        self
    }

    /// Weighs memory against work: one knob instead of
    /// [thresholds](Arena::set_thresholds). It can be turned later, too.
    ///
    /// See the example of [`Pacing`].
    #[must_use]
    pub fn pacing(mut self, pacing: Pacing) -> ArenaBuilder<R, C> {
        self.pacing = pacing;
        self
    }

    /// Whether a prompt collector works at the end of every `mutate` that changed something, which is
    /// the default. Otherwise it works once for many: in *epochs*, whose length it chooses by what
    /// survives. What died in one is dropped together at its end, and a place that was written
    /// several times is counted once: for programs that rewrite much, up to several times as fast.
    /// [`collect`](Arena::collect) ends an epoch. Nothing changes for other collectors.
    ///
    /// If an object and a weak reference to it with a callback both died in one epoch, the callback may be
    /// called, whichever was the first.
    ///
    /// See the example of [`epoch_bytes`](ArenaBuilder::epoch_bytes).
    #[must_use]
    pub fn prompt(mut self, is_prompt: bool) -> ArenaBuilder<R, C> {
        self.settings.is_prompt = C::ATTRIBUTES.prompt && is_prompt;
        self
    }

    /// Has a prompt collector work in epochs of this many allocated bytes, instead of choosing their
    /// length: see [`prompt`](ArenaBuilder::prompt). With zero it is prompt. Collectors that are
    /// never prompt take it as [`nursery_bytes`](ArenaBuilder::nursery_bytes). A shorter epoch also has a
    /// shorter log of what was written to, and so shorter pauses.
    ///
    /// A log of more than a megabyte takes forty megabytes of addresses at once, if they are to be had; the
    /// system need back only what is written.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*;
    /// // What holds for every collector: the end of an epoch is a safepoint that collects.
    /// let builder = Arena::<Rootable![()], NullCollector>::builder().prompt(false);
    /// let mut arena = builder.epoch_bytes(64 << 10).build(|_| ());
    /// for n in 0..10_000 {
    ///     arena.mutate(|mc, ()| { let _ = Gc::new(mc, n); });
    /// }
    /// assert!((1..10).contains(&arena.stats().safepoints));
    /// ```
    #[must_use]
    pub fn epoch_bytes(mut self, epoch_bytes: usize) -> ArenaBuilder<R, C> {
        self.settings.nursery_bytes = Some(epoch_bytes).filter(|&bytes| bytes > 0);
        self.prompt(epoch_bytes == 0)
    }

    /// Whether free memory goes back to the system when there is much of it, which is the default.
    /// Otherwise the arena keeps what it has, and never waits for the system to give it again.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*;
    /// let builder = Arena::<Rootable![()], NullCollector>::builder().return_memory(false);
    /// let mut arena = builder.build(|_| ());
    /// arena.collect();
    /// assert_eq!(arena.stats().returned_bytes, 0);
    /// ```
    #[must_use]
    pub fn return_memory(mut self, returns_memory: bool) -> ArenaBuilder<R, C> {
        self.settings.returns_memory = returns_memory;
        self
    }

    /// Whether an arena of more than 1.3 megabytes asks the system for huge pages, which by default it does.
    /// Objects in them are reached faster in a large heap. What is resident is rounded up to two megabytes.
    ///
    /// Where a huge page takes more than a millisecond to come, because the system has to move others first or
    /// has to have it from the host of a virtual machine, the next ones, eight megabytes and more, are small.
    ///
    /// Linux gives some if `/sys/kernel/mm/transparent_hugepage/enabled` says `madvise` or `always`. The memory
    /// comes from the system itself then, and the program's allocator is not asked: say `false` if it is to
    /// know of all memory. Of a huge page a part can go back (see
    /// [`return_memory`](ArenaBuilder::return_memory)), and then the rest is in small pages. Elsewhere it
    /// changes nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*;
    /// let builder = Arena::<Rootable![Gc<'_, [u64]>], NullCollector>::builder().huge_pages(false);
    /// let arena = builder.build(|mc| Gc::slice_from_fn(mc, 1000, |number| number as u64));
    /// arena.enter(|_, numbers| assert_eq!(numbers.iter().sum::<u64>(), 499_500));
    /// ```
    #[must_use]
    pub fn huge_pages(mut self, huge_pages: bool) -> ArenaBuilder<R, C> {
        self.settings.huge_pages = huge_pages;
        self
    }

    /// Whether finalizers and the callbacks of weak references wait until
    /// [`next_call`](Arena::next_call) gives them out. Otherwise, which is the default, they have all
    /// run when `mutate` or `collect` returns.
    ///
    /// For a program that lets them do more than a `mutate` can: that collects in between, say.
    ///
    /// See the example of [`Arena::next_call`].
    #[must_use]
    pub fn defer_calls(mut self, defers_calls: bool) -> ArenaBuilder<R, C> {
        self.settings.defers_calls = defers_calls;
        self
    }

    /// Compares, at every safepoint, what old objects refer to with what they referred to at the last
    /// one, and panics with the name of the type if one has changed that was not logged. Slow; for
    /// authors of unsafe code.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*;
    /// let builder = Arena::<Rootable![Gc<'_, Lock<u32>>], NullCollector>::builder();
    /// let mut arena = builder.check_barrier(true).build(|mc| Gc::new(mc, Lock::new(1)));
    /// // This store passed the barrier, and so there is nothing to complain of.
    /// arena.mutate(|mc, root| root.set(mc, 2));
    /// assert_eq!(arena.enter(|_, root| root.get()), 2);
    /// ```
    #[must_use]
    pub fn check_barrier(mut self, checks_barrier: bool) -> ArenaBuilder<R, C> {
        self.settings.checks_barrier = checks_barrier;
        self
    }

    /// Checks after every safepoint that the types in the heap report their references right, and panics
    /// with the names of those that do not: see [`Arena::check_trace`]. Slow; for authors of unsafe
    /// code.
    ///
    /// See the example of [`Arena::check_trace`].
    #[must_use]
    pub fn check_trace(mut self, checks_trace: bool) -> ArenaBuilder<R, C> {
        self.settings.checks_trace = checks_trace;
        self
    }

    /// Verifies the heap before and after every safepoint at which something is done, and every
    /// collection, and panics with what is wrong: see [`Arena::verify`]. Slow; for authors of unsafe code
    /// and of collectors.
    ///
    /// Where debug assertions are on, an arena does that anyway, but only when about as much was
    /// allocated and reclaimed since the last time as there is to look at. So it costs no more than in
    /// proportion to that; `false` turns it off. Elsewhere it is off.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*;
    /// let builder = Arena::<Rootable![Gc<'_, u32>], NullCollector>::builder();
    /// let mut arena = builder.verify(true).build(|mc| Gc::new(mc, 1));
    /// // All is in order.
    /// arena.collect();
    /// ```
    #[must_use]
    pub fn verify(mut self, verifies: bool) -> ArenaBuilder<R, C> {
        self.settings.verification =
            if verifies { Verification::Always } else { Verification::Never };
        self
    }

    /// Collects at every safepoint: slow, and good at finding mistakes.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*;
    /// let mut arena = Arena::<Rootable![()], NullCollector>::builder().stress(true).build(|_| ());
    /// (0..10).for_each(|_| arena.mutate(|_, ()| ()));
    /// assert_eq!(arena.stats().safepoints, 10);
    /// ```
    #[must_use]
    pub fn stress(mut self, is_stressed: bool) -> ArenaBuilder<R, C> {
        self.settings.is_stressed = is_stressed;
        self
    }

    /// Makes rare paths common, for tests: see [`Zeal`].
    ///
    /// See the example of [`Zeal`].
    #[must_use]
    pub fn zeal(mut self, zeal: Zeal) -> ArenaBuilder<R, C> {
        self.settings.zeal = zeal;
        self
    }

    /// Has the threads of a pool help where a collector marks a large heap. The thread that collects
    /// takes part, so a pool of `n` threads lends `n - 1`, and one of a single thread none; a heap of
    /// less than a million objects is marked by one thread in any case. Drop glue and listeners run
    /// on the arena's own thread, as ever.
    ///
    /// Several arenas may share a pool. A collection waits for the threads it asked for: if they are
    /// busy with something else for long, so is the arena.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*;
    /// use std::sync::Arc;
    ///
    /// let pool = Arc::new(rayon::ThreadPoolBuilder::new().num_threads(2).build()?);
    /// let builder = Arena::<Rootable![()], NullCollector>::builder().workers(Arc::clone(&pool));
    /// let mut arena = builder.build(|_| ());
    /// arena.collect();
    /// # Ok::<(), rayon::ThreadPoolBuildError>(())
    /// ```
    #[cfg(feature = "parallel")]
    #[must_use]
    pub fn workers(mut self, pool: alloc::sync::Arc<rayon::ThreadPool>) -> ArenaBuilder<R, C> {
        self.workers = Some(crate::heap::Workers(pool));
        self
    }

    /// Makes the arena; the closure makes the root.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*;
    /// let builder = Arena::<Rootable![Gc<'_, u32>], NullCollector>::builder();
    /// let arena = builder.build(|mc| Gc::new(mc, 42));
    /// assert_eq!(arena.enter(|_, root| **root), 42);
    /// ```
    #[must_use]
    pub fn build<F>(self, root: F) -> Arena<R, C>
    where
        F: for<'gc> FnOnce(&'gc Mutation<'gc>) -> Root<'gc, R>,
    {
        let mut heap = Heap::new(self.settings);
        heap.set_pacing(self.pacing);
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
        Arena::assemble(root, heap, self.collector)
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
