//! Panics wherever code of the user runs, and guards that are never given back.

use std::cell::Cell;
use std::mem;
use std::panic::{panic_any, resume_unwind};
use std::rc::Rc;

use gc_core::collector::Collector;
use gc_core::{
    Arena, Event, Gc, Lock, RefLock, Root, Rootable, Static, Trace, static_trace, unlock,
};

use crate::settings::{Alive, Setting, Token, age, attempt, reclaims};

type Slot<'gc> = Lock<Option<Gc<'gc, [Gc<'gc, Token>]>>>;

pub(crate) fn an_array_whose_closure_panics_in_every_place<C: Collector + Default>(
    setting: Setting,
) {
    let alive = Alive::default();
    let mut arena =
        setting.arena::<Rootable![Gc<'_, Slot<'_>>], C>(|mc| Gc::new(mc, Lock::new(None)));
    // Small ones, and ones that are large objects.
    for len in [1, 5, 70, 3000] {
        for place in [0, len / 2, len - 1, len] {
            let result = attempt(|| {
                arena.mutate(|mc, slot| {
                    let array = Gc::slice_from_fn(mc, len, |index| {
                        if index == place {
                            resume_unwind(Box::new(()));
                        }
                        Gc::new(mc, alive.token())
                    });
                    slot.set(mc, Some(array));
                });
            });
            assert_eq!(result.is_err(), place < len);
            age(&mut arena);
            arena.inspect(|view, _| {
                _ = view.objects().map(|object| object.size_bytes()).sum::<usize>()
            });
            let check = |token: &Gc<'_, Token>| token.check();
            arena.enter(|_, slot| slot.get().iter().flat_map(|array| array.iter()).for_each(check));
        }
    }
    drop(arena);
    assert_eq!(alive.count(), 0);
}

#[derive(Default, Trace)]
struct Locks<'gc> {
    list: RefLock<Vec<Gc<'gc, Token>>>,
    next: RefLock<Option<Gc<'gc, Locks<'gc>>>>,
}

pub(crate) fn guards_that_are_forgotten_in_every_lock<C: Collector + Default>(setting: Setting) {
    let alive = Alive::default();
    let mut arena =
        setting.arena::<Rootable![Gc<'_, Locks<'_>>], C>(|mc| Gc::new(mc, Locks::default()));
    for _ in 0..4 {
        age(&mut arena);
        arena.mutate_root(|mc, root| {
            let fresh = Gc::new(mc, Locks::default());
            let write = Gc::write(mc, fresh);
            *unlock!(write, Locks, next).borrow_mut() = Some(*root);
            let mut list = unlock!(write, Locks, list).borrow_mut();
            list.extend((0..5).map(|_| Gc::new(mc, alive.token())));
            mem::forget(list);
            mem::forget(unlock!(write, Locks, next).borrow_mut());
            // The old one, too: its guards may be forgotten twice over.
            let _ = unlock!(Gc::write(mc, *root), Locks, list).try_borrow_mut().map(mem::forget);
            *root = fresh;
        });
        age(&mut arena);
        arena.mutate(|mc, root| {
            assert!(root.list.try_borrow().is_err());
            assert!(
                attempt(|| unlock!(Gc::write(mc, *root), Locks, list).borrow_mut().clear())
                    .is_err()
            );
            mc.write_barrier(*root);
        });
    }
    age(&mut arena);
    // Nothing of what the guards cover is lost.
    assert_eq!(alive.count(), 20);
    drop(arena);
    assert_eq!(alive.count(), 0);
}

type Chain<'gc> = Lock<Option<Gc<'gc, Link<'gc>>>>;

#[derive(Trace)]
struct Link<'gc> {
    token: Token,
    next: Chain<'gc>,
}

fn push<C: Collector>(arena: &mut Arena<Rootable![Gc<'_, Chain<'_>>], C>, alive: &Alive) {
    arena.mutate(|mc, chain| {
        for _ in 0..5 {
            let link = Link { token: alive.token(), next: Lock::new(chain.get()) };
            chain.set(mc, Some(Gc::new(mc, link)));
        }
    });
}

fn check(chain: &Chain<'_>) -> usize {
    std::iter::successors(chain.get(), |link| link.next.get())
        .map(|link| link.token.check())
        .count()
}

pub(crate) fn a_listener_that_panics_at_every_event<C: Collector + Default>(setting: Setting) {
    let alive = Alive::default();
    for at in 0..12 {
        let mut arena =
            setting.arena::<Rootable![Gc<'_, Chain<'_>>], C>(|mc| Gc::new(mc, Lock::new(None)));
        push(&mut arena, &alive);
        let count = Rc::new(Cell::new(0));
        let seen = Rc::clone(&count);
        arena.set_listener(move |_: &Event| {
            seen.set(seen.get() + 1);
            if seen.get() % 12 == at {
                resume_unwind(Box::new(()));
            }
        });
        for _ in 0..6 {
            let _ = attempt(|| push(&mut arena, &alive));
            let _ = attempt(|| arena.collect());
            let _ = attempt(|| {
                arena
                    .mutate(|mc, chain| chain.set(mc, chain.get().and_then(|link| link.next.get())))
            });
        }
        arena.take_listener();
        age(&mut arena);
        let len = arena.enter(|_, chain| check(chain));
        if reclaims::<C>() {
            assert_eq!(alive.count(), len as isize);
        }
        drop(arena);
        assert_eq!(alive.count(), 0);
    }
}

/// What panics again when it is dropped.
struct Mine(Rc<Cell<u32>>);

impl Drop for Mine {
    fn drop(&mut self) {
        self.0.set(self.0.get() + 1);
        resume_unwind(Box::new(()));
    }
}

// A payload has to be `Send`: this one finds its count by the thread.
std::thread_local! {
    static EXPLODED: Rc<Cell<u32>> = Rc::default();
}

struct SendMine;

impl Drop for SendMine {
    fn drop(&mut self) {
        drop(Mine(EXPLODED.with(Rc::clone)));
    }
}

/// Swallows a panic, and those of what it carries.
fn swallow(f: impl FnOnce()) {
    if let Err(payload) = attempt(f) {
        let _ = attempt(|| drop(payload));
    }
}

pub(crate) fn a_finalizer_that_panics_with_a_payload_that_panics<C: Collector + Default>(
    setting: Setting,
) {
    let alive = Alive::default();
    let mut arena = setting.arena::<Rootable![()], C>(|_| ());
    arena.set_error_hook(|_| ());
    for _ in 0..3 {
        swallow(|| {
            arena.mutate(|mc, ()| {
                for _ in 0..4 {
                    let token = Gc::new(mc, alive.token());
                    mc.on_unreachable::<Rootable![Token], ()>(token, |_, token| {
                        token.check();
                        panic_any(SendMine);
                    })
                    .expect("it is new");
                }
            });
        });
        swallow(|| _ = arena.collect());
    }
    for _ in 0..20 {
        swallow(|| age(&mut arena));
    }
    if reclaims::<C>() {
        assert_eq!(alive.count(), 0);
    }
    drop(arena);
    assert_eq!(alive.count(), 0);
}

/// An error whose message panics.
#[derive(Debug)]
struct Unspeakable;

impl std::fmt::Display for Unspeakable {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        resume_unwind(Box::new(()))
    }
}

impl std::error::Error for Unspeakable {}

pub(crate) fn an_error_hook_that_panics<C: Collector + Default>(setting: Setting) {
    let alive = Alive::default();
    for is_asked in [false, true] {
        let mut arena = setting.arena::<Rootable![()], C>(|_| ());
        arena.set_error_hook(move |error| match is_asked {
            true => assert_eq!(error.to_string(), "never"),
            false => resume_unwind(Box::new(())),
        });
        for _ in 0..3 {
            let _ = attempt(|| {
                arena.mutate(|mc, ()| {
                    for _ in 0..4 {
                        let token = Gc::new(mc, alive.token());
                        mc.on_unreachable::<Rootable![Token], _>(token, |_, _| {
                            Err::<(), _>(Unspeakable)
                        })
                        .expect("it is new");
                    }
                });
            });
            let _ = attempt(|| arena.collect());
        }
        for _ in 0..20 {
            let _ = attempt(|| age(&mut arena));
        }
        if reclaims::<C>() {
            assert_eq!(alive.count(), 0);
        }
        drop(arena);
        assert_eq!(alive.count(), 0);
    }
}

struct Bomb(Token);

static_trace!(Bomb);

impl Drop for Bomb {
    fn drop(&mut self) {
        self.0.check();
        panic_any(SendMine);
    }
}

pub(crate) fn glue_that_panics_with_payloads_that_panic<C: Collector + Default>(setting: Setting) {
    fn bombs<C: Collector>(
        arena: &mut Arena<impl for<'a> Rootable<'a, Root = ()>, C>,
        alive: &Alive,
    ) where
        for<'a> Root<'a, Rootable![()]>: Trace,
    {
        swallow(|| {
            arena.mutate(|mc, ()| {
                for _ in 0..4 {
                    let _ = Gc::new(mc, Bomb(alive.token()));
                    let _ = Gc::slice_from_fn(mc, 3, |_| Static(alive.token()));
                }
            });
        });
    }
    let alive = Alive::default();
    let mut arena = setting.arena::<Rootable![()], C>(|_| ());
    for _ in 0..3 {
        bombs(&mut arena, &alive);
        swallow(|| _ = arena.collect());
        swallow(|| age(&mut arena));
    }
    if reclaims::<C>() {
        assert_eq!(alive.count(), 0);
    }
    bombs(&mut arena, &alive);
    swallow(|| drop(arena));
    assert_eq!(alive.count(), 0);
}
