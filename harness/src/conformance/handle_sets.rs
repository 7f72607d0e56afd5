//! A set of handles is an object: its handles keep their objects alive as long as it is reachable.

use std::cell::RefCell;

use gc_core::collector::Collector;
use gc_core::{Arena, DynamicRoot, DynamicRootSet, Gc, Lock, Rootable, Static, Trace};

use super::node::{Node, names};
use super::trial::{Setting, age, reclaims, settle};
use super::witness::{Token, Witness};

type NodeRoot = Rootable![Node<'_>];
type Handle = DynamicRoot<NodeRoot>;
type Sets<'gc> = Vec<DynamicRootSet<'gc>>;
type WithSets<C> = Arena<Rootable!['gc => Sets<'gc>], C>;

/// `root -> set ~> 0 -> 1`, of a young set and of an old one.
pub fn what_a_set_holds_lives_on<C: Collector + Default>() {
    Setting::each(|setting| {
        for is_aged in [false, true] {
            let witness = Witness::default();
            let mut arena: WithSets<C> = setting.arena(|mc| vec![DynamicRootSet::new(mc)]);
            if is_aged {
                age(&mut arena);
            }
            let handle = arena.mutate(|mc, sets| {
                sets[0].stash::<NodeRoot>(mc, Node::list(mc, &witness, 0..2).expect("two"))
            });
            for _ in 0..3 {
                age(&mut arena);
                arena.mutate(|mc, sets| {
                    assert!(sets[0].contains(&handle));
                    assert_eq!(names(Some(sets[0].fetch(&handle))), [0, 1]);
                    assert!(mc.try_fetch(&handle).is_none(), "it is not the arena's own");
                });
            }
            assert_eq!(witness.count(), 0);
            drop(handle);
            settle(&mut arena);
            assert_eq!(witness.sorted(), if reclaims::<C>() { vec![0, 1] } else { vec![] });
        }
    });
}

/// `root -> set ~> 0`: the set dies, and its handles are stale, whatever set they are offered to.
pub fn the_handles_of_a_dead_set_are_stale<C: Collector + Default>() {
    Setting::each(|setting| {
        for is_aged in [false, true] {
            let witness = Witness::default();
            let mut arena: WithSets<C> = setting.arena(|mc| vec![DynamicRootSet::new(mc)]);
            if is_aged {
                age(&mut arena);
            }
            let handle =
                arena.enter(|mc, sets| sets[0].stash::<NodeRoot>(mc, Node::new(mc, &witness, 0)));
            if is_aged {
                age(&mut arena);
            }
            arena.mutate_root(|_, sets| sets.clear());
            settle(&mut arena);
            assert_eq!(witness.sorted(), if reclaims::<C>() { vec![0] } else { vec![] });
            // New sets, where the dead one was, do not know the handle.
            arena.mutate_root(|mc, sets| {
                sets.extend((0..50).map(|_| DynamicRootSet::new(mc)));
                let others: Vec<_> = (1..50)
                    .map(|name| sets[0].stash::<NodeRoot>(mc, Node::new(mc, &witness, name)))
                    .collect();
                let clone = handle.clone();
                assert!(sets.iter().all(|set| set.try_fetch(&clone).is_none()));
                assert!(!sets[0].contains(&handle) && mc.try_fetch(&handle).is_none());
                drop(others);
            });
            drop(handle);
            settle(&mut arena);
            assert_eq!(witness.count(), if reclaims::<C>() { 50 } else { 0 });
        }
    });
}

/// Handles of two sets in one arena are not exchanged.
pub fn a_handle_of_another_set_is_refused<C: Collector + Default>() {
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena: WithSets<C> =
            setting.arena(|mc| (0..2).map(|_| DynamicRootSet::new(mc)).collect());
        let handles: Vec<Handle> = arena.mutate(|mc, sets| {
            let nodes = (0..2).map(|name| Node::new(mc, &witness, name));
            sets.iter().zip(nodes).map(|(set, node)| set.stash::<NodeRoot>(mc, node)).collect()
        });
        age(&mut arena);
        arena.mutate(|_, sets| {
            for (own, set) in sets.iter().enumerate() {
                assert!(set.contains(&handles[own]) && !set.contains(&handles[1 - own]));
                assert_eq!(set.fetch(&handles[own]).name(), own as u32);
                assert!(set.try_fetch(&handles[1 - own]).is_none());
            }
        });
        assert_eq!(witness.count(), 0);
    });
}

/// An object that owns a set, and a handle in that set to the object itself.
#[derive(Trace)]
struct Owner<'gc> {
    token: Token,
    set: DynamicRootSet<'gc>,
    handle: Static<RefCell<Option<DynamicRoot<Rootable![Owner<'_>]>>>>,
    other: Lock<Option<Gc<'gc, Owner<'gc>>>>,
}

fn owner<'gc>(mc: &gc_core::Mutation<'gc>, witness: &Witness, name: u32) -> Gc<'gc, Owner<'gc>> {
    let (token, set) = (witness.token(name), DynamicRootSet::new(mc));
    Gc::new(mc, Owner { token, set, handle: Static::default(), other: Lock::new(None) })
}

/// `root -> owner -> set ~> owner`, where the owner also keeps the handle itself: an ordinary
/// cycle, found by who finds cycles.
pub fn a_cycle_through_a_set_is_an_ordinary_cycle<C: Collector + Default>() {
    type Owners<'gc> = Vec<Gc<'gc, Owner<'gc>>>;
    Setting::each(|setting| {
        for is_aged in [false, true] {
            let witness = Witness::default();
            let mut arena = setting.arena::<Rootable!['gc => Owners<'gc>], C>(|mc| {
                let owners: Owners<'_> = (0..4).map(|name| owner(mc, &witness, name)).collect();
                // 0 ~> 0; 1 ~> 2, 2 ~> 1; 3 is kept by the root.
                for (from, to) in [(0, 0), (1, 2), (2, 1), (3, 3)] {
                    let handle = owners[from].set.stash::<Rootable![Owner<'_>]>(mc, owners[to]);
                    owners[from].handle.replace(Some(handle));
                }
                owners
            });
            if is_aged {
                age(&mut arena);
            }
            assert_eq!(witness.count(), 0);
            arena.mutate_root(|_, owners| drop(owners.drain(..3)));
            arena.collect();
            if C::ATTRIBUTES.reclaims_cycles {
                assert_eq!(witness.sorted(), [0, 1, 2]);
            } else if is_aged {
                assert_eq!(witness.count(), 0);
            }
            age(&mut arena);
            arena.enter(|_, owners| {
                assert!(owners[0].token.is_intact() && owners[0].other.get().is_none());
                let handle = owners[0].handle.borrow();
                let kept = owners[0].set.fetch(handle.as_ref().expect("kept"));
                assert!(Gc::ptr_eq(kept, owners[0]));
            });
            drop(arena);
            assert_eq!(witness.sorted(), [0, 1, 2, 3]);
        }
    });
}

/// Thousands of sets with one handle each, most of which die.
///
/// ```text
///   root -> set 0 ~> node 0, set 1 ~> node 1, ..        and handles 0, 1, ..
/// ```
pub fn sets_without_number_come_and_go<C: Collector + Default>() {
    let witness = Witness::default();
    let mut arena: WithSets<C> = Arena::new(|_| Vec::new());
    let mut handles: Vec<Handle> = Vec::new();
    for name in 0..5000 {
        arena.mutate_root(|mc, sets| {
            let set = DynamicRootSet::new(mc);
            handles.push(set.stash::<NodeRoot>(mc, Node::new(mc, &witness, name)));
            sets.push(set);
            if sets.len() > 10 {
                sets.remove(3);
            }
        });
        if name % 7 == 0 {
            drop(handles.swap_remove(handles.len() / 2));
        }
    }
    settle(&mut arena);
    arena.enter(|_, sets| {
        for set in sets {
            let own: Vec<_> = handles.iter().filter_map(|handle| set.try_fetch(handle)).collect();
            assert!(own.len() <= 1 && own.iter().all(|node| node.token.is_intact()));
        }
    });
    let living = arena.enter(|_, sets| {
        let found = |handle: &&Handle| sets.iter().any(|set| set.contains(handle));
        handles.iter().filter(found).count()
    });
    assert_eq!(witness.count(), if reclaims::<C>() { 5000 - living } else { 0 });
}
