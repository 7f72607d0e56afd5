//! Arenas beside, inside and after each other.

use std::cell::RefCell;

use gc_core::collector::Collector;
use gc_core::{Arena, DynamicRoot, Gc, Rootable, Static, Trace};

use super::node::{Node, NodeRef, names, set_a};
use super::trial::{Setting, age, reclaims, settle};
use super::witness::{Token, Witness};

type List<C> = Arena<Rootable!['gc => Option<NodeRef<'gc>>], C>;

/// Five entries of one arena inside each other, each of which writes what the others see.
pub fn entries_nest<C: Collector + Default>() {
    fn push<C: Collector>(arena: &List<C>, witness: &Witness, depth: u32) {
        arena.enter(|mc, root| {
            let last = std::iter::successors(*root, |node| node.a.get()).last().expect("a list");
            set_a(mc, last, Some(Node::new(mc, witness, depth)));
            let before = names(*root);
            if depth < 5 {
                push(arena, witness, depth + 1);
            }
            // What the inner entries wrote is there, and what the outer knew is where it was.
            assert!(names(*root).starts_with(&before));
            assert_eq!(names(*root), (0..=5).collect::<Vec<_>>());
            assert_eq!(last.name() + 1, depth);
        });
    }
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena: List<C> = setting.arena(|mc| Some(Node::new(mc, &witness, 0)));
        age(&mut arena);
        push(&arena, &witness, 1);
        age(&mut arena);
        arena.enter(|_, root| assert_eq!(names(*root), (0..=5).collect::<Vec<_>>()));
        assert_eq!(witness.count(), 0);
    });
}

/// An entry of one arena inside a `mutate` of another of the same type, both ways.
pub fn entries_of_two_arenas_nest<C: Collector + Default>() {
    Setting::each(|setting| {
        let witness = Witness::default();
        let [mut x, mut y]: [List<C>; 2] =
            [0, 100].map(|first| setting.arena(|mc| Node::list(mc, &witness, first..first + 3)));
        for _ in 0..3 {
            x.mutate(|_, x_root| {
                y.mutate(|mc, y_root| {
                    let one = y_root.and_then(|node| node.a.get()).expect("101");
                    set_a(mc, one, Some(Node::new(mc, &witness, 102)));
                    assert_eq!(names(*x_root), [0, 1, 2]);
                });
                y.collect();
                assert_eq!(names(*x_root), [0, 1, 2]);
            });
            std::mem::swap(&mut x, &mut y);
            y.mutate(|_, _| x.mutate(|_, _| ()));
            std::mem::swap(&mut x, &mut y);
            age(&mut x);
            age(&mut y);
        }
        x.enter(|_, root| assert_eq!(names(*root), [0, 1, 2]));
        y.enter(|_, root| assert_eq!(names(*root), [100, 101, 102]));
        let dead = if reclaims::<C>() { vec![102; 3] } else { vec![] };
        assert_eq!(witness.sorted(), dead);
    });
}

/// `outer root -> object that owns an arena -> object that owns an arena -> ..`, four deep.
pub fn an_object_may_own_an_arena<C: Collector + Default>() {
    #[derive(Trace)]
    #[trace(require_static)]
    struct Owner<C: Collector> {
        _token: Token,
        inner: RefCell<Option<Box<Nest<C>>>>,
    }
    type Nest<C> = Arena<Rootable!['gc => Option<Gc<'gc, Owner<C>>>], C>;

    fn nest<C: Collector + Default>(setting: Setting, witness: &Witness, depth: u32) -> Nest<C> {
        setting.arena(|mc| {
            let inner = (depth < 4).then(|| Box::new(nest(setting, witness, depth + 1)));
            let (token, inner) = (witness.token(depth), RefCell::new(inner));
            Some(Gc::new(mc, Owner { _token: token, inner }))
        })
    }
    fn collect<C: Collector>(arena: &mut Nest<C>) -> u32 {
        let depth = arena.mutate(|_, root| {
            let owner = root.expect("an owner");
            let mut inner = owner.inner.borrow_mut();
            inner.as_mut().map_or(0, |inner| 1 + collect(inner))
        });
        arena.collect();
        depth
    }
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena = nest::<C>(setting, &witness, 1);
        age(&mut arena);
        assert_eq!(collect(&mut arena), 3);
        assert_eq!(witness.count(), 0);
        arena.mutate_root(|_, root| *root = None);
        settle(&mut arena);
        assert_eq!(witness.count(), if reclaims::<C>() { 4 } else { 0 });
        drop(arena);
        assert_eq!(witness.sorted(), [1, 2, 3, 4]);
    });
}

/// Two thousand arenas, used in turn and dropped out of order.
pub fn thousands_of_arenas_live_at_once<C: Collector + Default>() {
    let witness = Witness::default();
    let mut arenas: Vec<List<C>> = (0..2000)
        .map(|number| Arena::new(|mc| Node::list(mc, &witness, number * 10..number * 10 + 3)))
        .collect();
    for round in 0..3 {
        for (arena, number) in arenas.iter_mut().zip(0..) {
            arena.mutate(|mc, root| {
                let last = root.and_then(|node| node.a.get()?.a.get()).expect("a list of three");
                set_a(mc, last, Some(Node::new(mc, &witness, number * 10 + 3 + round)));
            });
            if (number + round) % 100 == 0 {
                arena.collect();
            }
        }
    }
    for (arena, number) in arenas.iter().zip(0..) {
        let expected = [0, 1, 2, 5].map(|last| number * 10 + last);
        arena.enter(|_, root| assert_eq!(names(*root), expected));
    }
    let odd = arenas.iter().skip(1).step_by(2).count();
    let mut index = 0;
    arenas.retain(|_| (index += 1, index % 2 == 1).1);
    assert_eq!(arenas.len() + odd, 2000);
    for (arena, number) in arenas.iter().zip(0..) {
        let expected = [0, 1, 2, 5].map(|last| number * 20 + last);
        arena.enter(|_, root| assert_eq!(names(*root), expected));
    }
    drop(arenas);
    let all = (0..2000).flat_map(|number| (0..6).map(move |last| number * 10 + last));
    assert_eq!(witness.sorted(), all.collect::<Vec<_>>());
}

/// An arena is an ordinary value: it is moved between two `mutate`s, and to another place when it
/// is full of handles.
pub fn an_arena_may_be_moved<C: Collector + Default>() {
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena: List<C> = setting.arena(|mc| Node::list(mc, &witness, 0..3));
        let handle: DynamicRoot<Rootable![Node<'_>]> =
            arena.mutate(|mc, root| mc.stash::<Rootable![Node<'_>]>(root.expect("0")));
        for _ in 0..5 {
            let mut boxed = Box::new(arena);
            age(&mut boxed);
            let mut vec = vec![*boxed];
            age(&mut vec[0]);
            arena = vec.pop().expect("it was put there");
            arena.mutate(|mc, _| assert_eq!(names(Some(mc.fetch(&handle))), [0, 1, 2]));
        }
        assert_eq!(witness.count(), 0);
    });
}

/// A new arena where an old one was: nothing of the old is found in it.
pub fn an_arena_after_another_starts_afresh<C: Collector + Default>() {
    for name in 0..200 {
        let witness = Witness::default();
        let mut arena: List<C> = Arena::new(|_| None);
        let before = arena.stats();
        assert_eq!((before.allocated_objects, before.live_bytes, before.collections), (0, 0, 0));
        arena.mutate_root(|mc, root| *root = Node::list(mc, &witness, name..name + 2));
        arena.collect();
        arena.enter(|_, root| assert_eq!(names(*root), [name, name + 1]));
        drop(arena);
        assert_eq!(witness.sorted(), [name, name + 1]);
    }
}

/// A root that holds handles to its own objects, and drops and clones them: `root ~> 0 -> 1`.
pub fn a_root_may_hold_handles_of_its_own_arena<C: Collector + Default>() {
    type Handle = DynamicRoot<Rootable![Node<'_>]>;
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena = setting.arena::<Rootable![Static<Vec<Handle>>], C>(|mc| {
            let list = Node::list(mc, &witness, 0..2).expect("two");
            Static(vec![mc.stash::<Rootable![Node<'_>]>(list)])
        });
        age(&mut arena);
        arena.mutate_root(|mc, handles| {
            let clone = handles[0].clone();
            handles.push(clone);
            let other = Node::list(mc, &witness, 10..12).expect("two");
            handles.push(mc.stash::<Rootable![Node<'_>]>(other));
        });
        age(&mut arena);
        arena.enter(|mc, handles| {
            let found = handles.iter().map(|handle| names(Some(mc.fetch(handle))));
            assert!(found.eq([vec![0, 1], vec![0, 1], vec![10, 11]]));
        });
        arena.mutate_root(|_, handles| drop(handles.drain(1..)));
        settle(&mut arena);
        assert_eq!(witness.sorted(), if reclaims::<C>() { vec![10, 11] } else { vec![] });
        arena.enter(|mc, handles| assert_eq!(names(Some(mc.fetch(&handles[0]))), [0, 1]));
        drop(arena);
        assert_eq!(witness.sorted(), [0, 1, 10, 11]);
    });
}

/// Work is pending: a modified object, a changed root, new and dropped handles, a full nursery.
pub fn an_arena_may_be_dropped_with_work_pending<C: Collector + Default>() {
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena: List<C> = setting.arena(|mc| Node::list(mc, &witness, 0..3));
        age(&mut arena);
        arena.disable();
        let kept = arena.enter(|mc, root| {
            let zero = root.expect("0");
            set_a(mc, zero, Node::list(mc, &witness, 3..6));
            drop(mc.stash::<Rootable![Node<'_>]>(zero));
            mc.stash::<Rootable![Node<'_>]>(Node::new(mc, &witness, 6))
        });
        let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            arena.mutate_root(|mc, root| {
                *root = Node::list(mc, &witness, 7..9);
                std::panic::resume_unwind(Box::new(()));
            });
        }));
        assert!(panic.is_err());
        drop(arena);
        assert_eq!(witness.sorted(), (0..9).collect::<Vec<_>>());
        // The handle outlives everything it belonged to.
        drop(kept.clone());
        drop(kept);
    });
}
