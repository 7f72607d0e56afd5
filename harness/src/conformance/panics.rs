//! A closure, a root's maker or a listener may panic at any point: the arena stays usable, and
//! nothing is lost or dropped twice.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;

use gc_core::collector::Collector;
use gc_core::{Arena, Event, Gc, RefLock, Rootable, static_trace};

use super::node::{Node, NodeRef, names, set_a, set_b};
use super::trial::{Setting, age, litter, reclaims, settle};
use super::witness::Witness;

/// A panic without a message.
fn stop() -> ! {
    resume_unwind(Box::new("stop"))
}

/// Runs what ends with [`stop`].
#[track_caller]
fn stopped(run: impl FnOnce()) {
    let panic = catch_unwind(AssertUnwindSafe(run)).expect_err("it stops");
    assert_eq!(panic.downcast_ref(), Some(&"stop"), "no other panic");
}

/// `root -> 0 -> 1`: a `mutate` writes `0 -> 2` and `2 -> 1`, and panics.
pub fn what_was_written_before_a_panic_stays<C: Collector + Default>() {
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena = setting
            .arena::<Rootable![NodeRef<'_>], C>(|mc| Node::list(mc, &witness, 0..2).expect("two"));
        age(&mut arena);
        stopped(|| {
            arena.mutate(|mc, root| {
                litter(mc);
                let two = Node::with(mc, &witness, 2, root.a.get(), None);
                set_a(mc, *root, Some(two));
                stop();
            });
        });
        arena.enter(|_, root| assert_eq!(names(Some(*root)), [0, 2, 1]));
        age(&mut arena);
        arena.mutate(|_, root| assert_eq!(names(Some(*root)), [0, 2, 1]));
        assert_eq!(witness.count(), 0);
        arena.mutate(|mc, root| set_a(mc, *root, None));
        settle(&mut arena);
        assert_eq!(witness.sorted(), if reclaims::<C>() { vec![1, 2] } else { vec![] });
    });
}

/// A panic in `enter`, and in an `enter` inside of an `enter`, after writes to old and new objects.
pub fn what_was_written_in_an_enter_that_panics_stays<C: Collector + Default>() {
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena = setting.arena::<Rootable![NodeRef<'_>], C>(|mc| Node::new(mc, &witness, 0));
        age(&mut arena);
        arena.enter(|mc, root| {
            set_a(mc, *root, Some(Node::new(mc, &witness, 1)));
            stopped(|| {
                arena.enter(|mc, root| {
                    set_b(mc, *root, Some(Node::new(mc, &witness, 2)));
                    stopped(|| {
                        arena.enter(|mc, root| {
                            set_a(mc, root.a.get().expect("1"), Some(Node::new(mc, &witness, 3)));
                            stop();
                        })
                    });
                    stop();
                });
            });
            litter(mc);
        });
        age(&mut arena);
        arena.enter(|_, root| {
            assert_eq!(names(Some(*root)), [0, 1, 3]);
            assert_eq!(names(root.b.get()), [2]);
        });
        assert_eq!(witness.count(), 0);
    });
}

type Nodes<'gc> = Vec<NodeRef<'gc>>;

/// The root is taken, changed, swapped, and then the closure panics, five times in a row.
pub fn a_root_that_was_changed_before_a_panic_is_seen<C: Collector + Default>() {
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena = setting.arena::<Rootable!['gc => (Nodes<'gc>, Nodes<'gc>)], C>(|mc| {
            let mut nodes = (0..20).map(|name| Node::new(mc, &witness, name));
            (nodes.by_ref().take(10).collect(), nodes.collect())
        });
        let list = |nodes: &Nodes<'_>| nodes.iter().map(|node| node.name()).collect::<Vec<_>>();
        for round in 0..5 {
            age(&mut arena);
            stopped(|| {
                arena.mutate_root(|mc, (left, right)| {
                    std::mem::swap(left, right);
                    let mut taken = std::mem::take(left);
                    taken.truncate(8);
                    taken.reverse();
                    taken.push(Node::new(mc, &witness, 100 + round));
                    *left = taken;
                    right.pop();
                    stop();
                });
            });
            // A second panic before there was a safepoint.
            stopped(|| {
                arena.mutate_root(|mc, (left, _)| {
                    left.push(Node::new(mc, &witness, 200 + round));
                    left.swap(0, 1);
                    left.pop();
                    stop();
                });
            });
        }
        settle(&mut arena);
        arena.enter(|_, (left, right)| {
            let mut living = [list(left), list(right)].concat();
            let mut dead = witness.sorted();
            if !reclaims::<C>() {
                assert!(dead.is_empty(), "{dead:?}");
                dead = (0..20).chain(100..105).chain(200..205).collect();
                dead.retain(|name| !living.contains(name));
            }
            assert_eq!((left.len(), right.len()), (9, 8));
            // Each is dead or alive, and none is both.
            living.append(&mut dead);
            living.sort_unstable();
            assert_eq!(living, (0..20).chain(100..105).chain(200..205).collect::<Vec<_>>());
        });
    });
}

/// The root is taken out and dropped with the panic: all it held is dead, and it can be filled again.
pub fn a_root_that_was_taken_before_a_panic_is_empty<C: Collector + Default>() {
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena = setting.arena::<Rootable!['gc => Nodes<'gc>], C>(|mc| {
            (0..10).map(|name| Node::new(mc, &witness, name)).collect()
        });
        age(&mut arena);
        stopped(|| {
            arena.mutate_root(|_, nodes| {
                let _taken = std::mem::take(nodes);
                stop();
            });
        });
        settle(&mut arena);
        assert_eq!(witness.count(), if reclaims::<C>() { 10 } else { 0 });
        arena.mutate_root(|mc, nodes| nodes.extend(Node::list(mc, &witness, 10..12)));
        age(&mut arena);
        arena.enter(|_, nodes| assert_eq!(names(nodes.first().copied()), [10, 11]));
    });
}

/// A guard that is alive when the closure panics, and one that was forgotten: the collector looks
/// into the lock all the same.
pub fn what_a_borrowed_lock_holds_lives_on<C: Collector + Default>() {
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena = setting.arena::<Rootable!['gc => Gc<'gc, RefLock<Nodes<'gc>>>], C>(|mc| {
            Gc::new(mc, RefLock::new(vec![Node::new(mc, &witness, 0)]))
        });
        age(&mut arena);
        stopped(|| {
            arena.mutate(|mc, cell| {
                let mut nodes = cell.borrow_mut(mc);
                nodes.push(Node::new(mc, &witness, 1));
                stop();
            });
        });
        age(&mut arena);
        arena.mutate(|mc, cell| {
            let mut nodes = cell.borrow_mut(mc);
            nodes.push(Node::new(mc, &witness, 2));
            // A leak of the borrow, not of what is borrowed.
            std::mem::forget(nodes);
        });
        age(&mut arena);
        arena.enter(|mc, cell| {
            assert!(cell.try_borrow().is_err() && cell.try_borrow_mut(mc).is_err());
            // SAFETY: nothing is stored through the cell.
            let nodes = unsafe { cell.unlock_unchecked() }.as_ptr();
            // SAFETY: the guard that the flag stands for is gone with its `mutate`.
            let nodes = unsafe { &*nodes };
            assert_eq!(nodes.iter().map(|node| node.name()).collect::<Vec<_>>(), [0, 1, 2]);
        });
        assert_eq!(witness.count(), 0);
        drop(arena);
        assert_eq!(witness.sorted(), [0, 1, 2]);
    });
}

/// The closure that makes the root panics: what it made is dropped.
pub fn what_was_made_for_a_root_that_panics_is_dropped<C: Collector + Default>() {
    Setting::each(|setting| {
        let witness = Witness::default();
        stopped(|| {
            let _: Arena<Rootable![NodeRef<'_>], C> = setting.arena(|mc| {
                Node::list(mc, &witness, 0..10);
                stop()
            });
        });
        assert_eq!(witness.sorted(), (0..10).collect::<Vec<_>>());
    });
}

/// Hundreds of panics, with and without a safepoint between them.
pub fn panics_without_end_lose_nothing<C: Collector + Default>() {
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena = setting.arena::<Rootable![NodeRef<'_>], C>(|mc| Node::new(mc, &witness, 0));
        for name in 1..=300 {
            stopped(|| {
                arena.mutate(|mc, root| {
                    litter(mc);
                    set_a(mc, *root, Some(Node::with(mc, &witness, name, root.a.get(), None)));
                    stop();
                });
            });
            if name % 7 == 0 {
                arena.mutate(|_, _| ());
            }
            if name % 50 == 0 {
                arena.collect();
            }
        }
        arena.enter(|_, root| {
            assert_eq!(
                names(Some(*root)),
                [0].into_iter().chain((1..=300).rev()).collect::<Vec<_>>()
            );
        });
        assert_eq!(witness.count(), 0);
    });
}

/// Plain data whose drop glue checks it, so that no harm is done if it was overwritten.
struct Sealed(u64);
static_trace!(Sealed);

const SEAL: u64 = 0x5ea1_ed00_5ea1_ed00;

thread_local! {
    static INTACT: Cell<u32> = const { Cell::new(0) };
    static BROKEN: Cell<u32> = const { Cell::new(0) };
}

impl Drop for Sealed {
    fn drop(&mut self) {
        let drops = if self.0 == SEAL { &INTACT } else { &BROKEN };
        drops.set(drops.get() + 1);
    }
}

/// A listener panics when a collection starts, or stops: what died is dropped once all the same,
/// before its memory is used again.
pub fn a_listener_that_panics_does_no_harm<C: Collector + Default>() {
    for panics_at_start in [true, false] {
        Setting::each(|setting| {
            INTACT.set(0);
            BROKEN.set(0);
            let witness = Witness::default();
            let is_armed = Rc::new(Cell::new(false));
            type Root<'gc> = (Vec<Gc<'gc, Sealed>>, NodeRef<'gc>);
            let mut arena = setting.arena::<Rootable!['gc => Root<'gc>], C>(|mc| {
                let sealed = (0..100).map(|_| Gc::new(mc, Sealed(SEAL))).collect();
                (sealed, Node::list(mc, &witness, 0..3).expect("three"))
            });
            age(&mut arena);
            let armed = Rc::clone(&is_armed);
            arena.set_listener(move |event: &Event| {
                let is_start = matches!(event, Event::CollectionStart { .. });
                if is_start == panics_at_start && armed.take() {
                    stop();
                }
            });
            is_armed.set(true);
            stopped(|| {
                arena.mutate_root(|_, root| root.0.clear());
                arena.collect();
            });
            // The memory of the dead is allocated again before the next safepoint.
            arena.enter(|mc, _| {
                (0..5000_u64).for_each(|value| _ = Gc::new(mc, value));
                litter(mc);
            });
            arena.collect();
            arena.enter(|_, root| assert_eq!(names(Some(root.1)), [0, 1, 2]));
            if !reclaims::<C>() {
                drop(arena);
            }
            assert_eq!((INTACT.get(), BROKEN.get()), (100, 0), "(dropped intact, overwritten)");
        });
    }
}
