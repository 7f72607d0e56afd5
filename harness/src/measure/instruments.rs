//! What a workload needs of the harness: arenas that are set up and watched.

use std::cell::RefCell;
use std::rc::Rc;

use cpu_time::ProcessTime;
use gc_core::{Arena, Collector, Mutation, Pacing, Root, Rootable, Sampling, Stats, Trace, Zeal};

use super::audit::audit;
use super::observer::Observer;
use super::pauses::{PauseListener, Pauses};

/// Makes the arenas of a workload and reads their meters when they are done.
#[derive(Debug)]
pub struct Instruments {
    stress: bool,
    prompt: bool,
    huge_pages: bool,
    nursery_bytes: Option<usize>,
    limit_bytes: Option<usize>,
    pacing: Pacing,
    sampling: Option<Sampling>,
    zeal: Option<Zeal>,
    verifies: bool,
    /// Whether the accounts of each arena are looked at in the end.
    is_audited: bool,
    pauses: Option<Rc<RefCell<Pauses>>>,
    /// Whether an arena was ever listened to.
    is_heard: bool,
    observer: Option<Box<dyn Observer>>,
    loop_start: Option<LoopStart>,
    heap_use: HeapUse,
}

/// What the collector did during a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HeapUse {
    /// Objects that were made.
    pub allocated_objects: u64,
    /// Their bytes.
    pub allocated_bytes: u64,
    /// Safepoints at which the collector worked: where there is counting, many without a collection.
    pub safepoints: u64,
    /// Collections of any generation.
    pub collections: u64,
    /// The most that was alive after a collection.
    pub live_bytes_max: u64,
    /// How long the collections took; `None` if nobody listened.
    pub pauses: Option<PauseUse>,
    /// What the workload's loop took; `None` if it does not tell where that is.
    pub steady: Option<LoopUse>,
}

/// What the loop of a workload took: the part between building up and reading back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LoopUse {
    /// CPU time of the process, collections included.
    pub cpu_ns: u64,
    /// Objects that were made.
    pub objects: u64,
}

/// What the meters said when a loop began.
#[derive(Debug)]
struct LoopStart {
    cpu: Option<ProcessTime>,
    allocated_objects: u64,
}

/// How long collections took, with the drop glue of what they found dead.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PauseUse {
    /// CPU time of all of them.
    pub gc_cpu_ns: u64,
    /// Elapsed time of all of them.
    pub gc_wall_ns: u64,
    /// The median pause.
    pub pause_ns_p50: u64,
    /// The pause that one in a hundred exceeds.
    pub pause_ns_p99: u64,
    /// The longest pause.
    pub pause_ns_max: u64,
}

impl Instruments {
    /// Instruments that time every collection.
    #[must_use]
    pub fn new() -> Self {
        Instruments { pauses: Some(Rc::new(RefCell::new(Pauses::new()))), ..Instruments::silent() }
    }

    /// Instruments that add no listener to the arenas: nothing disturbs the collector, and there
    /// are no pauses.
    #[must_use]
    pub fn silent() -> Self {
        Instruments {
            stress: false,
            prompt: true,
            huge_pages: true,
            nursery_bytes: None,
            limit_bytes: None,
            pacing: Pacing::default(),
            sampling: None,
            zeal: None,
            verifies: false,
            is_audited: false,
            pauses: None,
            is_heard: false,
            observer: None,
            loop_start: None,
            heap_use: HeapUse::default(),
        }
    }

    /// Makes the arenas collect at every safepoint.
    #[must_use]
    pub fn stress(mut self, stress: bool) -> Self {
        self.stress = stress;
        self
    }

    /// Whether prompt collectors work at the end of every `mutate`, which is their default, or in
    /// epochs.
    #[must_use]
    pub fn prompt(mut self, prompt: bool) -> Self {
        self.prompt = prompt;
        self
    }

    /// Whether the arenas ask for huge pages.
    #[must_use]
    pub fn huge_pages(mut self, huge_pages: bool) -> Self {
        self.huge_pages = huge_pages;
        self
    }

    /// Makes the arenas have a nursery of this size instead of the collector's choice.
    #[must_use]
    pub fn nursery_bytes(mut self, bytes: usize) -> Self {
        self.nursery_bytes = Some(bytes);
        self
    }

    /// Limits the heap of each arena, if there is a limit. An arena that exceeds it panics.
    #[must_use]
    pub fn limit_bytes(mut self, bytes: Option<usize>) -> Self {
        self.limit_bytes = bytes;
        self
    }

    /// Weighs memory against work otherwise than by default.
    #[must_use]
    pub fn pacing(mut self, pacing: Pacing) -> Self {
        self.pacing = pacing;
        self
    }

    /// Samples allocations, if so, unless an observer says how.
    #[must_use]
    pub fn sampling(mut self, sampling: Option<Sampling>) -> Self {
        self.sampling = sampling;
        self
    }

    /// Makes rare paths common, if so.
    #[must_use]
    pub fn zeal(mut self, zeal: Option<Zeal>) -> Self {
        self.zeal = zeal;
        self
    }

    /// Verifies the heap before and after every collection; otherwise as an arena does by default.
    #[must_use]
    pub fn verify(mut self, verifies: bool) -> Self {
        self.verifies = verifies;
        self
    }

    /// Has [`retire`](Instruments::retire) collect each arena, and panic unless its accounts balance.
    #[must_use]
    pub fn audit(mut self, is_audited: bool) -> Self {
        self.is_audited = is_audited;
        self
    }

    /// Makes somebody look at the arenas between the operations of the workload. What is observed so is
    /// not timed: see [`Observer`].
    #[must_use]
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.observer = Some(Box::new(observer));
        self
    }

    pub(crate) fn is_stressed(&self) -> bool {
        self.stress
    }

    pub(crate) fn fixed_nursery_bytes(&self) -> Option<usize> {
        self.nursery_bytes
    }

    /// Makes an arena.
    pub fn arena<R, C>(
        &mut self,
        root: impl for<'gc> FnOnce(&'gc Mutation<'gc>) -> Root<'gc, R>,
    ) -> Arena<R, C>
    where
        R: for<'gc> Rootable<'gc>,
        for<'gc> Root<'gc, R>: Sized + Trace,
        C: Collector + Default,
    {
        let mut builder = Arena::<R, C>::builder()
            .stress(self.stress)
            .prompt(self.prompt)
            .huge_pages(self.huge_pages)
            .pacing(self.pacing);
        if let Some(bytes) = self.nursery_bytes {
            builder = builder.nursery_bytes(bytes);
        }
        if let Some(bytes) = self.limit_bytes {
            builder = builder.limit_bytes(bytes);
        }
        if let Some(zeal) = self.zeal {
            builder = builder.zeal(zeal);
        }
        if self.verifies {
            builder = builder.verify(true);
        }
        let mut arena = builder.build(root);
        let sampling = self.observer.as_ref().and_then(|observer| observer.sampling());
        arena.profile_allocations(sampling.or(self.sampling));
        if let Some(pauses) = &self.pauses {
            arena.set_listener(PauseListener(Rc::clone(pauses)));
            self.is_heard = true;
        }
        if let Some(listener) = self.observer.as_mut().and_then(|observer| observer.listener()) {
            arena.set_listener(listener);
        }
        arena
    }

    /// Notes that an operation of the workload has ended: an observer may look at the arena. Without
    /// one this is a test and a branch, for each `mutate` of many objects.
    #[inline]
    pub fn tick<R, C>(&mut self, arena: &mut Arena<R, C>)
    where
        R: for<'gc> Rootable<'gc>,
        for<'gc> Root<'gc, R>: Sized + Trace,
        C: Collector,
    {
        if let Some(observer) = &mut self.observer {
            show(arena, &mut **observer);
        }
    }

    /// Notes that the workload's loop begins, on this arena.
    pub fn start_loop<R, C>(&mut self, arena: &Arena<R, C>)
    where
        R: for<'gc> Rootable<'gc>,
        for<'gc> Root<'gc, R>: Sized + Trace,
        C: Collector,
    {
        let allocated_objects = arena.stats().allocated_objects;
        self.loop_start = Some(LoopStart { cpu: ProcessTime::try_now().ok(), allocated_objects });
    }

    /// Notes that the loop has ended.
    pub fn stop_loop<R, C>(&mut self, arena: &Arena<R, C>)
    where
        R: for<'gc> Rootable<'gc>,
        for<'gc> Root<'gc, R>: Sized + Trace,
        C: Collector,
    {
        let Some(start) = self.loop_start.take() else {
            return;
        };
        self.heap_use.steady =
            start.cpu.and_then(|cpu| cpu.try_elapsed().ok()).map(|cpu| LoopUse {
                cpu_ns: cpu.as_nanos().try_into().unwrap_or(u64::MAX),
                objects: arena.stats().allocated_objects - start.allocated_objects,
            });
    }

    /// Reads the meters of an arena and drops it.
    ///
    /// # Panics
    ///
    /// If it is [audited](Instruments::audit) and its accounts do not balance.
    pub fn retire<R, C>(&mut self, mut arena: Arena<R, C>)
    where
        R: for<'gc> Rootable<'gc>,
        for<'gc> Root<'gc, R>: Sized + Trace,
        C: Collector,
    {
        self.tick(&mut arena);
        if let (Some(observer), Some(profile)) = (&mut self.observer, arena.allocation_profile()) {
            observer.profiled(&profile);
        }
        if self.is_audited
            && let Err(complaint) = audit(&mut arena)
        {
            panic!("{complaint}");
        }
        self.add_stats(&arena.stats());
        drop(arena);
    }

    /// Adds what the meters of one more arena say.
    pub(crate) fn add_stats(&mut self, stats: &Stats) {
        self.heap_use.allocated_objects += stats.allocated_objects;
        self.heap_use.allocated_bytes += stats.allocated_bytes;
        self.heap_use.safepoints += stats.safepoints;
        self.heap_use.collections += stats.collections;
        self.heap_use.live_bytes_max =
            self.heap_use.live_bytes_max.max(stats.live_bytes_max as u64);
    }

    /// What all retired arenas did.
    #[must_use]
    pub fn heap_use(&self) -> HeapUse {
        let heard = self.pauses.as_ref().filter(|_| self.is_heard);
        let pauses = heard.map(|pauses| {
            let pauses = pauses.borrow();
            PauseUse {
                gc_cpu_ns: pauses.cpu_ns(),
                gc_wall_ns: pauses.wall_ns(),
                pause_ns_p50: pauses.quantile_ns(0.50),
                pause_ns_p99: pauses.quantile_ns(0.99),
                pause_ns_max: pauses.max_ns(),
            }
        });
        HeapUse { pauses, ..self.heap_use }
    }
}

/// Lets an observer look at an arena. Apart from the workloads' loops, which do not grow by it.
#[cold]
#[inline(never)]
fn show<R, C>(arena: &mut Arena<R, C>, observer: &mut dyn Observer)
where
    R: for<'gc> Rootable<'gc>,
    for<'gc> Root<'gc, R>: Sized + Trace,
    C: Collector,
{
    if observer.operation_ended(&arena.stats(), arena.generation_stats()) {
        arena.inspect(|heap, _| observer.look(heap));
    }
}

impl Default for Instruments {
    fn default() -> Self {
        Instruments::new()
    }
}
