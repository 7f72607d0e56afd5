//! Handles keep their objects alive from outside the heap, and come and go at any time.

use gc_core::collector::Collector;
use gc_core::{
    Arena, DynTrace, DynamicRoot, Gc, Rootable, SliceWithHeader, Trace, dyn_trace, unsize,
};

use super::node::{Node, NodeRef, names, set_a};
use super::trial::{Setting, age, litter, reclaims, settle};
use super::witness::{Token, Witness};

type NodeRoot = Rootable![Node<'_>];
type Handle = DynamicRoot<NodeRoot>;
type Unrooted<C> = Arena<Rootable![()], C>;

/// `handle ~> 0 -> 1 -> 2`, and the last of two handles is dropped between two `mutate`s.
pub fn a_handle_keeps_its_object_alive<C: Collector + Default>() {
    Setting::each(|setting| {
        for is_aged in [false, true] {
            let witness = Witness::default();
            let mut arena: Unrooted<C> = setting.arena(|_| ());
            let handle = arena.mutate(|mc, ()| {
                mc.stash::<NodeRoot>(Node::list(mc, &witness, 0..3).expect("three"))
            });
            if is_aged {
                age(&mut arena);
            }
            let clone = handle.clone();
            drop(handle);
            settle(&mut arena);
            arena.mutate(|mc, ()| {
                litter(mc);
                assert_eq!(names(Some(mc.fetch(&clone))), [0, 1, 2]);
            });
            assert_eq!(witness.count(), 0);
            drop(clone);
            assert_eq!(witness.count(), 0, "nothing dies between two safepoints");
            settle(&mut arena);
            assert_eq!(witness.count(), if reclaims::<C>() { 3 } else { 0 });
        }
    });
}

/// Handles to two objects, each stashed twice: every handle is one of its own.
pub fn an_object_may_be_stashed_twice<C: Collector + Default>() {
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena: Unrooted<C> = setting.arena(|_| ());
        let mut handles: Vec<Handle> = arena.mutate(|mc, ()| {
            let [x, y] = [0, 1].map(|name| Node::new(mc, &witness, name));
            [x, y, x, y].map(|node| mc.stash::<NodeRoot>(node)).into()
        });
        age(&mut arena);
        arena.enter(|mc, ()| {
            assert!(Gc::ptr_eq(mc.fetch(&handles[0]), mc.fetch(&handles[2])));
            assert!(!Gc::ptr_eq(mc.fetch(&handles[0]), mc.fetch(&handles[1])));
        });
        drop(handles.drain(..2));
        settle(&mut arena);
        assert_eq!(witness.count(), 0);
        arena.enter(|mc, ()| {
            assert_eq!([0, 1].map(|index: usize| mc.fetch(&handles[index]).name()), [0, 1]);
        });
        handles.pop();
        settle(&mut arena);
        assert_eq!(witness.sorted(), if reclaims::<C>() { vec![1] } else { vec![] });
    });
}

/// Made and dropped in one `mutate`, in a nested `enter`, and before the first safepoint.
pub fn a_handle_may_come_and_go_within_a_mutate<C: Collector + Default>() {
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena = setting.arena::<Rootable![NodeRef<'_>], C>(|mc| {
            drop(mc.stash::<NodeRoot>(Node::new(mc, &witness, 0)));
            Node::new(mc, &witness, 1)
        });
        let mut kept = None;
        for round in 0..20 {
            arena.mutate(|mc, root| {
                drop(mc.stash::<NodeRoot>(Node::new(mc, &witness, 10 + round)));
                let handles: Vec<_> = (0..5).map(|_| mc.stash::<NodeRoot>(*root)).collect();
                drop(kept.take());
                kept = handles.get(2).cloned();
            });
            arena.enter(|mc, root| {
                let again = mc.stash::<NodeRoot>(*root);
                assert!(Gc::ptr_eq(mc.fetch(&again), mc.fetch(kept.as_ref().expect("kept"))));
            });
            if round % 5 == 4 {
                age(&mut arena);
            }
        }
        settle(&mut arena);
        let dead = [0].into_iter().chain(10..30).collect();
        assert_eq!(witness.sorted(), if reclaims::<C>() { dead } else { vec![] });
        arena.enter(|_, root| assert_eq!(root.name(), 1));
    });
}

/// A handle of one arena in another of the same type: it is refused, and keeps what it kept.
pub fn a_handle_of_another_arena_is_refused<C: Collector + Default>() {
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arenas: [Unrooted<C>; 2] = [(); 2].map(|()| setting.arena(|_| ()));
        let handles: Vec<Handle> = arenas
            .iter_mut()
            .zip(0..)
            .map(|(arena, name)| {
                arena.mutate(|mc, ()| mc.stash::<NodeRoot>(Node::new(mc, &witness, name)))
            })
            .collect();
        for own in 0..2 {
            age(&mut arenas[own]);
            arenas[own].mutate(|mc, ()| {
                assert!(mc.try_fetch(&handles[1 - own]).is_none());
                assert_eq!(mc.try_fetch(&handles[own]).map(|node| node.name()), Some(own as u32));
            });
            let foreign = || arenas[own].enter(|mc, ()| mc.fetch(&handles[1 - own]).name());
            assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(foreign)).is_err());
        }
        assert_eq!(witness.count(), 0);
        // A handle may outlive its arena, be cloned, and be offered to others.
        let [first, second] = arenas;
        drop(first);
        let clone = handles[0].clone();
        second.enter(|mc, ()| assert!(mc.try_fetch(&clone).is_none()));
        assert_eq!(witness.sorted(), [0]);
    });
}

/// `handle ~> 0`, and the handle is forgotten: the object lives as long as the arena.
pub fn what_a_forgotten_handle_keeps_lives_on<C: Collector + Default>() {
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena: Unrooted<C> = setting.arena(|_| ());
        arena.mutate(|mc, ()| {
            let handle = mc.stash::<NodeRoot>(Node::new(mc, &witness, 0));
            std::mem::forget(handle.clone());
            drop(handle);
        });
        age(&mut arena);
        assert_eq!(witness.count(), 0);
        drop(arena);
        assert_eq!(witness.sorted(), [0]);
    });
}

/// A hundred thousand handles in turn, never more than eight at a time, use the slots of eight.
pub fn slots_of_dropped_handles_are_reused<C: Collector + Default>() {
    let witness = Witness::default();
    let mut arena: Unrooted<C> = Arena::new(|_| ());
    let mut handles: Vec<Handle> = Vec::new();
    for round in 0..10_000_u32 {
        arena.mutate(|mc, ()| {
            for step in 0..10 {
                let name = round * 10 + step;
                let at = (name.wrapping_mul(0x9e37_79b9) >> 29) as usize;
                if handles.len() == 8 {
                    assert!(mc.fetch(&handles[at]).token.is_intact());
                    handles.swap_remove(at);
                }
                handles.push(mc.stash::<NodeRoot>(Node::new(mc, &witness, name)));
                assert_eq!(mc.fetch(&handles[7.min(name as usize)]).name(), name);
            }
        });
    }
    let slots = handles.iter().map(slot_of).max().expect("eight handles");
    assert!(slots < 16, "slot {slots} is in use");
    settle(&mut arena);
    assert_eq!(witness.count(), if reclaims::<C>() { 99_992 } else { 0 });
    arena.enter(|mc, ()| assert!(handles.iter().all(|handle| mc.fetch(handle).token.is_intact())));
}

/// The number of a handle's slot, which its debug output shows.
fn slot_of(handle: &Handle) -> usize {
    let text = format!("{handle:?}");
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    digits.parse().expect("the debug output names the slot and no other number")
}

trait Speaks: DynTrace {
    fn speak(&self) -> String;
}
dyn_trace!(dyn Speaks);

#[derive(Trace)]
struct Dog(Token);

impl Speaks for Dog {
    fn speak(&self) -> String {
        assert!(self.0.is_intact());
        format!("dog {}", self.0.name)
    }
}

/// Handles to a string, a slice, a slice with a header and a trait object.
pub fn a_handle_to_an_unsized_object_keeps_it<C: Collector + Default>() {
    type Headed = SliceWithHeader<Token, u16>;
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena: Unrooted<C> = setting.arena(|_| ());
        let (text, slice, headed, speaker) = arena.mutate(|mc, ()| {
            let dog = unsize!(Gc::new(mc, Dog(witness.token(1))) => dyn Speaks);
            let tokens = Gc::slice_from_fn(mc, 100, |i| witness.token(100 + i as u32));
            let headed = Gc::new_slice_with_header(mc, witness.token(2), 3, |i| i as u16);
            (
                mc.stash::<Rootable![str]>(Gc::new_str(mc, "a string of some length")),
                mc.stash::<Rootable![[Token]]>(tokens),
                mc.stash::<Rootable![Headed]>(headed),
                mc.stash::<Rootable![dyn Speaks]>(dog),
            )
        });
        for _ in 0..3 {
            age(&mut arena);
            arena.mutate(|mc, ()| {
                assert_eq!(&*mc.fetch(&text), "a string of some length");
                assert!(mc.fetch(&slice).iter().map(|token| token.name).eq(100..200));
                assert!(mc.fetch(&headed).header.is_intact());
                assert_eq!(mc.fetch(&headed).slice, [0, 1, 2]);
                assert_eq!(mc.fetch(&speaker).speak(), "dog 1");
            });
        }
        assert_eq!(witness.count(), 0);
        drop((text, slice, headed, speaker));
        settle(&mut arena);
        assert_eq!(witness.count(), if reclaims::<C>() { 102 } else { 0 });
    });
}

/// A stale link is not confused with a handle: `handle ~> 0 -> 1`, then `handle ~> 0` and `1` dies.
pub fn what_a_handle_leads_to_changes_with_its_object<C: Collector + Default>() {
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena: Unrooted<C> = setting.arena(|_| ());
        let handle = arena
            .mutate(|mc, ()| mc.stash::<NodeRoot>(Node::list(mc, &witness, 0..2).expect("two")));
        for name in 2..10 {
            age(&mut arena);
            arena.mutate(|mc, ()| {
                set_a(mc, mc.fetch(&handle), Some(Node::new(mc, &witness, name)));
            });
        }
        settle(&mut arena);
        arena.enter(|mc, ()| assert_eq!(names(Some(mc.fetch(&handle))), [0, 9]));
        let dead = (1..9).collect();
        assert_eq!(witness.sorted(), if reclaims::<C>() { dead } else { vec![] });
    });
}
