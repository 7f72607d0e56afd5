//! Handles and calls that meet another arena than theirs.

use std::cell::{Cell, RefCell};
use std::mem;
use std::rc::Rc;
use std::sync::Arc;

use gc_core::collector::Collector;
use gc_core::{Arena, DynamicRoot, DynamicRootSet, Gc, Mutation, OnDeath, Rootable};
use rayon::ThreadPoolBuilder;

use crate::settings::{Alive, Setting, Token, age, reclaims};

type Leaf = Rootable![Token];
type Plain<C> = Arena<Rootable![()], C>;

pub(crate) fn a_handle_of_an_arena_that_died_and_of_one_in_its_place<C: Collector + Default>(
    setting: Setting,
) {
    let alive = Alive::default();
    let make = || setting.arena::<Rootable![Gc<'_, Token>], C>(|mc| Gc::new(mc, alive.token()));
    let mut arena = make();
    let mut stale = Vec::new();
    for _ in 0..5 {
        arena.mutate(|mc, root| {
            assert!(stale.iter().all(|handle| mc.try_fetch::<Leaf>(handle).is_none()));
            stale.push(mc.stash::<Leaf>(*root));
            stale.push(stale[0].clone());
        });
        // In its place, and by exchange.
        arena = make();
        let mut other = make();
        mem::swap(&mut arena, &mut other);
        age(&mut other);
        stale.truncate(7);
    }
    arena.enter(|mc, _| assert!(stale.iter().all(|handle| mc.try_fetch(handle).is_none())));
    drop(arena);
    drop(stale);
    assert_eq!(alive.count(), 0);
}

/// Garbage with finalizers and callbacks that check their object and count.
fn make_garbage<C: Collector>(arena: &mut Plain<C>, alive: &Alive, ran: &Rc<Cell<u32>>) {
    arena.mutate(|mc, ()| {
        for _ in 0..4 {
            let token = Gc::new(mc, alive.token());
            let count = Rc::clone(ran);
            let finalizer = move |_: &Mutation<'_>, token: Gc<'_, Token>| {
                token.check();
                count.set(count.get() + 1);
            };
            mc.on_unreachable::<Leaf, ()>(token, finalizer).expect("it is new");
            let count = Rc::clone(ran);
            let _ = mc.on_death(token, move |mc| {
                let _ = Gc::new(mc, [1_u64; 3]);
                count.set(count.get() + 1);
            });
        }
    });
}

pub(crate) fn a_pending_call_whose_arena_is_exchanged<C: Collector + Default>(setting: Setting) {
    let alive = Alive::default();
    let ran = Rc::new(Cell::new(0));
    let make = || setting.builder().defer_calls(true).build(|_| ());
    for way in 0..4 {
        let (mut a, mut b): (Plain<C>, Plain<C>) = (make(), make());
        for _ in 0..3 {
            make_garbage(&mut a, &alive, &ran);
            make_garbage(&mut b, &alive, &ran);
            a.collect();
            b.collect();
            if let Some(mut call) = a.next_call() {
                match way {
                    0 => mem::swap(&mut *call, &mut b),
                    1 => drop(mem::replace(&mut *call, make())),
                    2 => {
                        if let Some(mut other) = b.next_call() {
                            mem::swap(&mut *call, &mut *other);
                            other.run();
                            other.collect();
                        }
                    }
                    _ => {
                        call.collect();
                        if let Some(mut inner) = call.next_call() {
                            inner.run();
                            mem::swap(&mut *inner, &mut b);
                        }
                    }
                }
                call.run();
                call.run();
                call.mutate(|mc, ()| _ = Gc::new(mc, alive.token()));
                call.collect();
            }
            for arena in [&mut a, &mut b] {
                while let Some(mut call) = arena.next_call() {
                    call.run();
                }
                age(arena);
            }
        }
        drop((a, b));
        assert_eq!(alive.count(), 0);
    }
}

pub(crate) fn a_pending_call_that_is_forgotten<C: Collector + Default>(setting: Setting) {
    let alive = Alive::default();
    let ran = Rc::new(Cell::new(0));
    let mut arena: Plain<C> = setting.builder().defer_calls(true).build(|_| ());
    for round in 0..6 {
        make_garbage(&mut arena, &alive, &ran);
        arena.collect();
        if let Some(mut call) = arena.next_call() {
            if round % 2 == 0 {
                call.run();
            }
            mem::forget(call);
        }
        age(&mut arena);
        while let Some(mut call) = arena.next_call() {
            call.run();
        }
        age(&mut arena);
    }
    drop(arena);
    // What a forgotten call holds is leaked: its closures. The objects are the arena's.
    assert_eq!(alive.count(), 0);
}

pub(crate) fn a_finalizer_that_registers_itself_again<C: Collector + Default>(setting: Setting) {
    type Kept = Rc<RefCell<Vec<DynamicRoot<Leaf>>>>;

    fn watch<'gc>(mc: &Mutation<'gc>, token: Gc<'gc, Token>, kept: &Kept) {
        let kept = Rc::clone(kept);
        let _ = mc.on_unreachable::<Leaf, ()>(token, move |mc, token| {
            token.check();
            let fresh = Gc::new(mc, token.alive().token());
            if kept.borrow().len() < 30 {
                watch(mc, fresh, &kept);
                watch(mc, token, &kept);
                kept.borrow_mut().push(mc.stash::<Leaf>(token));
            }
        });
    }

    let alive = Alive::default();
    let kept = Kept::default();
    let mut arena: Plain<C> = setting.arena(|_| ());
    arena.mutate(|mc, ()| watch(mc, Gc::new(mc, alive.token()), &kept));
    for _ in 0..40 {
        age(&mut arena);
        arena.enter(|mc, ()| kept.borrow().iter().for_each(|handle| mc.fetch(handle).check()));
    }
    if reclaims::<C>() {
        assert_eq!(alive.count(), 30);
    }
    kept.borrow_mut().clear();
    age(&mut arena);
    if reclaims::<C>() {
        assert_eq!(alive.count(), 0);
    }
    drop(arena);
    assert_eq!(alive.count(), 0);
}

/// Something to look into: for a single one nobody would be asked to help.
type Pair = Rootable![(Gc<'_, Token>, Token)];

/// A function that owns a handle.
type AtDeath = Box<dyn for<'a> FnOnce(&'a Mutation<'a>)>;

/// Handles of an arena of this thread: of sets that live, of one that dies, and of functions.
#[derive(Default)]
struct Kept {
    living: Vec<DynamicRoot<Pair>>,
    dying: Vec<DynamicRoot<Pair>>,
    functions: Vec<OnDeath<AtDeath>>,
}

std::thread_local! {
    static KEPT: RefCell<Kept> = RefCell::default();
}

/// The arena lives on a thread of the pool that helps it to mark. While that waits for the others it runs
/// what else the pool has to do: jobs that drop and clone the arena's handles, and those of a set in its heap,
/// and of another set that has just died, and that detach functions.
pub(crate) fn jobs_that_drop_handles_while_their_arena_waits<C: Collector + Default>(
    setting: Setting,
) {
    type Sets = Rootable![(DynamicRootSet<'_>, Option<DynamicRootSet<'_>>)];
    let pool = Arc::new(ThreadPoolBuilder::new().num_threads(3).build().expect("threads"));
    pool.install(|| {
        let alive = Alive::default();
        let builder = setting.builder::<Sets, C>().stress(true).workers(Arc::clone(&pool));
        let mut arena = builder.build(|mc| (DynamicRootSet::new(mc), None));
        for _ in 0..20 {
            arena.mutate_root(|mc, (set, dying)| {
                let dying = dying.insert(DynamicRootSet::new(mc));
                KEPT.with_borrow_mut(|kept| {
                    for _ in 0..100 {
                        let pair = || Gc::new(mc, (Gc::new(mc, alive.token()), alive.token()));
                        let [a, b] = [pair(), pair()];
                        kept.living.extend([set.stash::<Pair>(mc, a), mc.stash::<Pair>(b)]);
                        kept.dying.extend([a, b].map(|pair| dying.stash::<Pair>(mc, pair)));
                        let owned = mc.stash::<Pair>(pair());
                        let function: AtDeath = Box::new(|_| drop(owned));
                        kept.functions.push(mc.on_death(a, function));
                    }
                });
            });
            arena.collect();
            arena.mutate_root(|_, (_, dying)| *dying = None);
            for _ in 0..10 {
                // A job for each thread, which no other takes from it.
                pool.spawn_broadcast(|_| {
                    KEPT.with_borrow_mut(|Kept { living, dying, functions }| {
                        functions.pop().and_then(|function| function.detach());
                        for handles in [living, dying] {
                            if let Some(handle) = handles.pop() {
                                handles.insert(0, handle.clone());
                            }
                            handles.pop();
                        }
                    });
                });
            }
            arena.collect();
            arena.mutate(|mc, (set, _)| {
                KEPT.with_borrow_mut(|kept| {
                    for handle in &kept.living {
                        let pair = mc.try_fetch(handle).or_else(|| set.try_fetch(handle));
                        let (other, token) = &*pair.expect("it is of one of them");
                        other.check();
                        token.check();
                    }
                    kept.dying.clear();
                });
            });
        }
        KEPT.take();
        age(&mut arena);
        assert!(!reclaims::<C>() || alive.count() == 0, "{} are left", alive.count());
        drop(arena);
        assert_eq!(alive.count(), 0);
    });
}
