//! Drop glue is user code that runs in the middle of a safepoint: it may use handles of the same
//! arena and other arenas, and it may panic.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;

use gc_core::collector::Collector;
use gc_core::{Arena, DynamicRoot, Gc, Lock, RefLock, Rootable, Static, static_trace};

use super::node::{Node, NodeRef, names};
use super::trial::{Setting, age, reclaims, settle};
use super::witness::{Token, Witness};

type Leaf = Rootable![Token];

/// An object that holds a handle to the next.
struct Carrier {
    _token: Token,
    _next: Option<Box<DynamicRoot<Rootable![Carrier]>>>,
}
static_trace!(Carrier);

type Held<'gc> = RefLock<Vec<Gc<'gc, Carrier>>>;

/// `root -> 0`, and each holds the only handle to the next: `0 ~> 1 ~> .. ~> 19`.
pub fn a_cascade_through_handles_dies_to_its_end<C: Collector + Default>() {
    Setting::each(|setting| {
        for is_aged in [false, true] {
            let witness = Witness::default();
            let mut arena = setting.arena::<Rootable!['gc => Held<'gc>], C>(|mc| {
                let mut next = None;
                for name in (1..20).rev() {
                    let carrier = Gc::new(mc, Carrier { _token: witness.token(name), _next: next });
                    next = Some(Box::new(mc.stash::<Rootable![Carrier]>(carrier)));
                }
                RefLock::new(vec![Gc::new(mc, Carrier { _token: witness.token(0), _next: next })])
            });
            if is_aged {
                age(&mut arena);
            }
            assert_eq!(witness.count(), 0);
            arena.mutate_root(|_, root| root.get_mut().clear());
            if !C::ATTRIBUTES.prompt {
                // A handle that is dropped while objects are torn down counts from the next
                // collection on.
                (0..20).for_each(|_| _ = arena.collect());
            }
            if reclaims::<C>() {
                assert_eq!(witness.in_order(), (0..20).collect::<Vec<_>>());
            }
            drop(arena);
            assert_eq!(witness.sorted(), (0..20).collect::<Vec<_>>());
        }
    });
}

/// `0 ~> 1 ~> 0` through handles: nothing can know that this is garbage, and it is dropped with the
/// arena.
pub fn a_cycle_through_handles_of_the_arena_is_dropped_with_it<C: Collector + Default>() {
    type Cell = Static<RefCell<Option<(Token, Box<dyn std::any::Any>)>>>;
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena = setting.arena::<Rootable![()], C>(|_| ());
        arena.mutate(|mc, ()| {
            let [x, y]: [Gc<'_, Cell>; 2] =
                [(); 2].map(|()| Gc::new(mc, Static(RefCell::default())));
            let (to_x, to_y) = (mc.stash::<Rootable![Cell]>(x), mc.stash::<Rootable![Cell]>(y));
            *x.borrow_mut() = Some((witness.token(0), Box::new(to_y)));
            *y.borrow_mut() = Some((witness.token(1), Box::new(to_x)));
        });
        age(&mut arena);
        assert_eq!(witness.count(), 0);
        drop(arena);
        assert_eq!(witness.sorted(), [0, 1]);
    });
}

/// What a dying object does with its handle.
struct Heir {
    handle: Option<DynamicRoot<Leaf>>,
    estate: Rc<RefCell<Vec<DynamicRoot<Leaf>>>>,
}
static_trace!(Heir);

impl Drop for Heir {
    fn drop(&mut self) {
        let handle = self.handle.take().expect("it is dropped once");
        // Clones come and go while the heap is being torn down; one stays.
        let clones: Vec<_> = (0..10).map(|_| handle.clone()).collect();
        self.estate.borrow_mut().extend(clones.into_iter().take(1));
    }
}

/// `root -> heir ~> leaf`: the heir dies, and its glue gives a clone of its handle away.
pub fn a_handle_that_glue_cloned_keeps_its_object<C: Collector + Default>() {
    Setting::each(|setting| {
        let witness = Witness::default();
        let estate = Rc::new(RefCell::new(Vec::new()));
        let mut arena = setting.arena::<Rootable!['gc => Lock<Option<Gc<'gc, Heir>>>], C>(|mc| {
            let handle = Some(mc.stash::<Leaf>(Gc::new(mc, witness.token(7))));
            Lock::new(Some(Gc::new(mc, Heir { handle, estate: Rc::clone(&estate) })))
        });
        age(&mut arena);
        arena.mutate_root(|_, root| *root = Lock::new(None));
        settle(&mut arena);
        age(&mut arena);
        assert_eq!(witness.count(), 0);
        if reclaims::<C>() {
            let inherited = estate.borrow_mut().pop().expect("one clone was kept");
            arena.enter(|mc, _| assert!(mc.fetch(&inherited).is_intact()));
            assert_eq!(estate.borrow().len(), 0);
            drop(inherited);
            settle(&mut arena);
            assert_eq!(witness.sorted(), [7]);
        }
        drop(arena);
        // A clone that is made when the arena goes is stale.
        assert_eq!(witness.sorted(), [7]);
        estate.borrow_mut().clear();
    });
}

/// An object whose drop glue panics with its name, after its token has seen it.
struct Bomb {
    token: Token,
    is_armed: bool,
}
static_trace!(Bomb);

impl Drop for Bomb {
    fn drop(&mut self) {
        if self.is_armed {
            resume_unwind(Box::new(self.token.name));
        }
    }
}

/// The name of the bomb whose panic came through.
fn panic_of(run: impl FnOnce()) -> Option<u32> {
    let panic = catch_unwind(AssertUnwindSafe(run)).err()?;
    Some(*panic.downcast::<u32>().expect("the panic of a bomb"))
}

/// Ten objects die together, and every third of them panics; another lives.
pub fn the_rest_is_dropped_when_glue_panics<C: Collector + Default>() {
    type Root<'gc> = (Vec<Gc<'gc, Bomb>>, NodeRef<'gc>);
    Setting::each(|setting| {
        for is_aged in [false, true] {
            let witness = Witness::default();
            let mut arena = setting.arena::<Rootable!['gc => Root<'gc>], C>(|mc| {
                let bomb = |name| Bomb { token: witness.token(name), is_armed: name % 3 == 0 };
                let bombs = (0..10).map(|name| Gc::new(mc, bomb(name))).collect();
                (bombs, Node::list(mc, &witness, 100..103).expect("three"))
            });
            if is_aged {
                age(&mut arena);
            }
            let panic = panic_of(|| {
                arena.mutate_root(|_, root| root.0.clear());
                arena.collect();
            });
            if reclaims::<C>() {
                let first = witness.in_order().into_iter().find(|name| name % 3 == 0);
                assert!(panic.is_some() && panic == first, "the first panic goes on");
                assert_eq!(witness.sorted(), (0..10).collect::<Vec<_>>());
                // Nothing is left over to panic again.
                age(&mut arena);
            }
            arena.enter(|_, root| assert_eq!(names(Some(root.1)), [100, 101, 102]));
            assert_eq!(panic_of(|| drop(arena)).is_some(), !reclaims::<C>());
            assert_eq!(witness.sorted(), (0..10).chain(100..103).collect::<Vec<_>>());
        }
    });
}

/// All objects of an arena, young and old, and some panic when it is dropped.
pub fn the_rest_is_dropped_when_glue_panics_with_the_arena<C: Collector + Default>() {
    Setting::each(|setting| {
        let witness = Witness::default();
        let bomb = |name| Bomb { token: witness.token(name), is_armed: name % 2 == 0 };
        let mut arena = setting.arena::<Rootable!['gc => Vec<Gc<'gc, Bomb>>], C>(|mc| {
            (0..10).map(|name| Gc::new(mc, bomb(name))).collect()
        });
        age(&mut arena);
        arena.enter(|mc, _| (10..20).for_each(|name| _ = Gc::new(mc, bomb(name))));
        assert!(panic_of(|| drop(arena)).is_some_and(|name| name % 2 == 0));
        assert_eq!(witness.sorted(), (0..20).collect::<Vec<_>>());
    });
}

/// A slice in the space of large objects whose elements panic: its memory is given back all the
/// same, or the limit would be reached.
pub fn memory_is_given_back_when_glue_panics<C: Collector + Default>() {
    if !reclaims::<C>() {
        return;
    }
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena = setting.builder::<Rootable![()], C>().limit_bytes(1 << 20).build(|_| ());
        for round in 0..50 {
            let panic = panic_of(|| {
                arena.mutate(|mc, ()| {
                    let _ = Gc::slice_from_fn(mc, 10_000, |i| Bomb {
                        token: witness.token(round * 10_000 + i as u32),
                        is_armed: i == 5000,
                    });
                });
                arena.collect();
            });
            assert_eq!(panic, Some(round * 10_000 + 5000));
        }
        assert_eq!(witness.count(), 500_000);
    });
}

/// Something that runs when it is dropped.
struct OnDrop(Box<dyn FnMut()>);
static_trace!(OnDrop);

impl Drop for OnDrop {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// Glue that allocates and collects in another arena, and glue that makes one of its own.
pub fn glue_may_use_other_arenas<C: Collector + Default>() {
    type Other<C> = Arena<Rootable!['gc => Vec<NodeRef<'gc>>], C>;
    Setting::each(|setting| {
        let witness = Witness::default();
        let other: Rc<RefCell<Other<C>>> = Rc::new(RefCell::new(setting.arena(|_| Vec::new())));
        let mut arena = setting.arena::<Rootable!['gc => Vec<Gc<'gc, OnDrop>>], C>(|mc| {
            let glue = |name: u32| {
                let (other, witness) = (Rc::clone(&other), witness.clone());
                OnDrop(Box::new(move || {
                    let mut other = other.borrow_mut();
                    other.mutate_root(|mc, nodes| nodes.push(Node::new(mc, &witness, name)));
                    other.collect();
                    let mut own: Other<C> =
                        setting.arena(|mc| vec![Node::new(mc, &witness, 100 + name)]);
                    own.collect();
                }))
            };
            (0..10).map(|name| Gc::new(mc, glue(name))).collect()
        });
        age(&mut arena);
        arena.mutate_root(|_, root| root.truncate(5));
        settle(&mut arena);
        drop(arena);
        assert_eq!(witness.sorted(), (100..110).collect::<Vec<_>>());
        let mut left = other
            .borrow()
            .enter(|_, nodes| nodes.iter().map(|node| node.name()).collect::<Vec<_>>());
        left.sort_unstable();
        assert_eq!(left, (0..10).collect::<Vec<_>>());
    });
}

/// Glue that panics and glue that drops handles, in the same safepoint: the cascade goes on at the
/// next.
pub fn a_cascade_goes_on_after_a_panic<C: Collector + Default>() {
    Setting::each(|setting| {
        let witness = Witness::default();
        type Root<'gc> = (Vec<Gc<'gc, Bomb>>, Vec<Gc<'gc, Static<DynamicRoot<Leaf>>>>);
        let mut arena = setting.arena::<Rootable!['gc => Root<'gc>], C>(|mc| {
            let handles = (0..5).map(|name| mc.stash::<Leaf>(Gc::new(mc, witness.token(name))));
            let holders = handles.map(|handle| Gc::new(mc, Static(handle))).collect();
            let bombs = (10..12).map(|name| Bomb { token: witness.token(name), is_armed: true });
            (bombs.map(|bomb| Gc::new(mc, bomb)).collect(), holders)
        });
        age(&mut arena);
        let panic = panic_of(|| {
            arena.mutate_root(|_, root| *root = (Vec::new(), Vec::new()));
            arena.collect();
        });
        settle(&mut arena);
        if reclaims::<C>() {
            assert!(panic.is_some());
            assert_eq!(witness.sorted(), [0, 1, 2, 3, 4, 10, 11]);
        }
        let _ = panic_of(|| drop(arena));
        assert_eq!(witness.sorted(), [0, 1, 2, 3, 4, 10, 11]);
    });
}
