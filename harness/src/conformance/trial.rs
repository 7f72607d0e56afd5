//! How a claim is tried: the settings it runs under, and what goes on between its steps.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::thread;

use gc_core::collector::Collector;
use gc_core::{Arena, ArenaBuilder, Gc, Mutation, Root, Rootable, Trace, Zeal};

/// The settings of an arena that make rare paths common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Setting {
    /// What a user gets who sets nothing.
    Default,
    /// A collection at every safepoint, a check that every store was logged, and one of the whole heap
    /// before and after.
    Stressed,
    /// A safepoint is due as soon as anything is allocated; the collector decides what it does.
    TinyNursery,
    /// Several threads mark, however small the heap is.
    Parallel,
    /// All that makes rare paths common at once.
    Zealous,
    /// Some of it, drawn by the name of the claim.
    Drawn(Zeal),
}

/// Threads that mark: more than most machines for tests have cores, so that they get in each other's
/// way.
const WORKERS: usize = 3;

impl Setting {
    /// Tries a claim under every setting. The output of a failed test ends with the culprit.
    pub(super) fn each(mut claim: impl FnMut(Setting)) {
        for setting in [
            Setting::Default,
            Setting::Stressed,
            Setting::TinyNursery,
            Setting::Parallel,
            Setting::Zealous,
            Setting::Drawn(Zeal::random(seed_of_test())),
        ] {
            println!("setting: {setting}");
            claim(setting);
        }
    }

    /// Whether it is not only the collector and the claim that say when objects age, and where they lie.
    pub(super) fn is_zealous(self) -> bool {
        matches!(self, Setting::Zealous | Setting::Drawn(_))
    }

    pub(super) fn builder<R, C>(self) -> ArenaBuilder<R, C>
    where
        R: for<'a> Rootable<'a>,
        for<'a> Root<'a, R>: Sized + Trace,
        C: Collector + Default,
    {
        let builder = ArenaBuilder::new(C::default());
        match self {
            Setting::Default => builder,
            Setting::Stressed => builder.stress(true).check_barrier(true).verify(true),
            Setting::TinyNursery => builder.nursery_bytes(1),
            Setting::Parallel => builder.stress(true).workers(workers()),
            Setting::Zealous => builder.zeal(Zeal::everything(1)).workers(workers()),
            Setting::Drawn(zeal) => builder.zeal(zeal),
        }
    }

    pub(super) fn arena<R, C>(
        self,
        root: impl for<'gc> FnOnce(&'gc Mutation<'gc>) -> Root<'gc, R>,
    ) -> Arena<R, C>
    where
        R: for<'a> Rootable<'a>,
        for<'a> Root<'a, R>: Sized + Trace,
        C: Collector + Default,
    {
        self.builder().build(root)
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Setting::Drawn(zeal) => write!(f, "drawn, {zeal}"),
            other => write!(f, "{other:?}"),
        }
    }
}

/// A number that follows from the name of the running test, which says the backend and the claim: the
/// same whenever it runs.
fn seed_of_test() -> u64 {
    let thread = thread::current();
    let name = thread.name().unwrap_or_default();
    // FNV-1a, of 32 bits: a short number is easier to say.
    let hash = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    name.bytes().fold(0x811c_9dc5, hash).into()
}

/// One pool for all arenas of all tests.
fn workers() -> Arc<rayon::ThreadPool> {
    static POOL: OnceLock<Arc<rayon::ThreadPool>> = OnceLock::new();
    Arc::clone(POOL.get_or_init(|| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(WORKERS).build();
        Arc::new(pool.expect("threads for marking"))
    }))
}

/// Whether garbage without cycles is reclaimed before the arena is dropped.
pub(super) const fn reclaims<C: Collector>() -> bool {
    C::ATTRIBUTES.prompt || C::ATTRIBUTES.reclaims_cycles
}

/// A safepoint, and a collection if it takes one to reclaim what has no cycles.
pub(super) fn settle<R, C>(arena: &mut Arena<R, C>)
where
    R: for<'a> Rootable<'a>,
    for<'a> Root<'a, R>: Sized + Trace,
    C: Collector,
{
    arena.mutate(|_, _| ());
    if !C::ATTRIBUTES.prompt {
        arena.collect();
    }
}

/// Makes garbage of many sizes, so that memory that was wrongly freed is overwritten.
pub(super) fn litter<'gc>(mc: &Mutation<'gc>) {
    for pattern in 0xdead_0000..0xdead_0040_u64 {
        let _ = Gc::new(mc, pattern);
        let _ = Gc::new(mc, [pattern; 2]);
        let _ = Gc::new(mc, [pattern; 5]);
        let _ = Gc::slice_from_fn(mc, (pattern % 64) as usize, |_| pattern);
    }
    let _ = Gc::slice_from_fn(mc, 3000, |index| index as u64);
}

/// Ages whatever lives by collections of every kind, with garbage in between.
pub(super) fn age<R, C>(arena: &mut Arena<R, C>)
where
    R: for<'a> Rootable<'a>,
    for<'a> Root<'a, R>: Sized + Trace,
    C: Collector,
{
    arena.mutate(|mc, _| litter(mc));
    for generation in [0, 0, 1, 2, u8::MAX] {
        arena.collect_generation(generation);
        arena.mutate(|mc, _| litter(mc));
    }
    arena.collect();
    arena.mutate(|mc, _| litter(mc));
}
