//! The settings of the arenas that are attacked, and what goes on between the steps.

use std::cell::Cell;
use std::rc::Rc;

use gc_core::collector::Collector;
use gc_core::{Arena, ArenaBuilder, Gc, Mutation, Root, Rootable, Trace, static_trace};

/// The settings of an arena that make rare paths common.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Setting {
    Default,
    Stressed,
    TinyNursery,
}

impl Setting {
    pub(crate) fn each(attack: impl Fn(Setting)) {
        for setting in [Setting::Default, Setting::Stressed, Setting::TinyNursery] {
            println!("setting: {setting:?}");
            attack(setting);
        }
    }

    pub(crate) fn builder<R, C>(self) -> ArenaBuilder<R, C>
    where
        R: for<'a> Rootable<'a>,
        for<'a> Root<'a, R>: Sized + Trace,
        C: Collector + Default,
    {
        let builder = ArenaBuilder::new(C::default());
        match self {
            Setting::Default => builder,
            Setting::Stressed => builder.stress(true).check_barrier(true).check_trace(true),
            Setting::TinyNursery => builder.nursery_bytes(1),
        }
    }

    pub(crate) fn arena<R, C>(
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

/// Whether what is unreachable and in no cycle is reclaimed before the arena is dropped.
pub(crate) const fn reclaims<C: Collector>() -> bool {
    C::ATTRIBUTES.prompt || C::ATTRIBUTES.reclaims_cycles
}

/// Collections of every kind, with garbage in between that overwrites what was freed.
pub(crate) fn age<R, C>(arena: &mut Arena<R, C>)
where
    R: for<'a> Rootable<'a>,
    for<'a> Root<'a, R>: Sized + Trace,
    C: Collector,
{
    // Who reclaims nothing would only be ever slower.
    let generations = if reclaims::<C>() { 0..3 } else { 0..0 };
    for generation in generations {
        arena.mutate(|mc, _| litter(mc));
        arena.collect_generation(generation);
    }
    arena.mutate(|_, _| ());
    arena.check_trace().expect("what is counted is what is reported");
}

fn litter(mc: &Mutation<'_>) {
    for pattern in 0xdead_0000..0xdead_0010_u64 {
        let _ = Gc::new(mc, [pattern; 2]);
        let _ = Gc::new(mc, [pattern; 5]);
        let _ = Gc::slice_from_fn(mc, (pattern % 16 * 3) as usize, |_| pattern);
    }
}

/// Counts the tokens that are alive.
#[derive(Clone, Debug, Default)]
pub(crate) struct Alive(Rc<Cell<isize>>);

impl Alive {
    pub(crate) fn token(&self) -> Token {
        self.0.set(self.0.get() + 1);
        Token { seal: SEAL, alive: self.clone() }
    }

    pub(crate) fn count(&self) -> isize {
        self.0.get()
    }
}

const SEAL: u32 = 0x5ea1_ab1e;

/// A part of an object that sees to it that it is dropped once, and that nothing has written over it.
#[derive(Debug)]
pub(crate) struct Token {
    seal: u32,
    alive: Alive,
}

static_trace!(Token);

impl Token {
    pub(crate) fn alive(&self) -> &Alive {
        &self.alive
    }

    pub(crate) fn check(&self) {
        assert_eq!(self.seal, SEAL, "a token was overwritten, or dropped twice");
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        self.check();
        self.seal = 0;
        self.alive.0.set(self.alive.0.get() - 1);
    }
}

/// Calls, and swallows the panic if there is one.
pub(crate) fn attempt<T>(f: impl FnOnce() -> T) -> std::thread::Result<T> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(f))
}
