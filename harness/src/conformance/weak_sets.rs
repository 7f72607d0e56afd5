//! Weak sets and maps with weak values do not keep their objects alive, and never show a dead one.

use std::cell::Cell;
use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use gc_core::collector::Collector;
use gc_core::{Gc, Lock, Mutation, Rootable, Static, Trace, WeakSet, WeakValueMap};

use super::node::{Node, NodeRef, set_a};
use super::trial::{Setting, age, litter, reclaims, settle};
use super::witness::Witness;

type Nodes<'gc> = WeakValueMap<'gc, u32, Node<'gc>>;
type Root<'gc> = (Nodes<'gc>, Vec<NodeRef<'gc>>);

/// Keys of a map, in order, each of which leads to a node of the same name modulo ten.
fn keys(map: Nodes<'_>) -> Vec<u32> {
    let keys: Vec<u32> = map
        .iter()
        .map(|(key, node)| {
            assert_eq!(key, node.name() % 10);
            assert!(Gc::ptr_eq(map.get(&key).expect("it is there"), node));
            key
        })
        .collect();
    assert_eq!(keys.len(), map.len());
    keys
}

/// `map: 0 ~> 0, 1 ~> 1, 2 ~> 2`, of which the root keeps less and less.
pub fn an_entry_goes_when_its_value_dies<C: Collector + Default>() {
    Setting::each(|setting| {
        for is_aged in [false, true] {
            let witness = Witness::default();
            let mut arena = setting
                .arena::<Rootable!['gc => Root<'gc>], C>(|mc| (WeakValueMap::new(mc), Vec::new()));
            arena.mutate_root(|mc, (map, nodes)| {
                for name in 0..3 {
                    let node = Node::new(mc, &witness, name);
                    assert!(map.insert(mc, name, node).is_none());
                    nodes.push(node);
                }
            });
            if is_aged {
                age(&mut arena);
            }
            arena.mutate_root(|_, (map, nodes)| {
                assert_eq!(keys(*map), [0, 1, 2]);
                nodes.remove(1);
            });
            if C::ATTRIBUTES.prompt {
                arena.enter(|_, (map, _)| assert_eq!(map.len(), 2, "it has gone at once"));
            }
            settle(&mut arena);
            arena.mutate(|mc, (map, _)| {
                litter(mc);
                assert_eq!(keys(*map), if reclaims::<C>() { vec![0, 2] } else { vec![0, 1, 2] });
                assert_eq!(map.contains_key(&1), !reclaims::<C>());
            });
            arena.mutate_root(|mc, (map, nodes)| {
                // A ring, which counting does not find.
                set_a(mc, nodes[0], Some(nodes[0]));
                nodes.clear();
                map.clear(mc);
            });
            arena.collect();
            let expected = match (C::ATTRIBUTES.reclaims_cycles, reclaims::<C>()) {
                (true, _) => 3,
                (false, true) => 2,
                (false, false) => 0,
            };
            assert_eq!(witness.count(), expected);
        }
    });
}

/// The value is on a dead ring: the entry goes when that is found.
pub fn an_entry_goes_with_the_ring_of_its_value<C: Collector + Default>() {
    Setting::each(|setting| {
        for is_aged in [false, true] {
            let witness = Witness::default();
            let mut arena = setting.arena::<Rootable!['gc => Root<'gc>], C>(|mc| {
                let node = Node::new(mc, &witness, 0);
                set_a(mc, node, Some(node));
                let map = WeakValueMap::new(mc);
                map.insert(mc, 0, node);
                (map, vec![node])
            });
            if is_aged {
                age(&mut arena);
            }
            arena.mutate_root(|_, (map, nodes)| {
                assert_eq!(keys(*map), [0]);
                nodes.clear();
            });
            arena.collect();
            let len = arena.enter(|_, (map, _)| map.len());
            if C::ATTRIBUTES.reclaims_cycles {
                assert_eq!(len, 0);
            } else if is_aged {
                assert_eq!(len, 1);
            }
        }
    });
}

/// `map: 0 ~> 0`, then `0 ~> 10`; and then the first node dies.
pub fn a_late_death_does_not_remove_what_came_after<C: Collector + Default>() {
    Setting::each(|setting| {
        for is_aged in [false, true] {
            let witness = Witness::default();
            let mut arena = setting.arena::<Rootable!['gc => Root<'gc>], C>(|mc| {
                let node = Node::new(mc, &witness, 0);
                let map = WeakValueMap::new(mc);
                map.insert(mc, 0, node);
                (map, vec![node])
            });
            if is_aged {
                age(&mut arena);
            }
            arena.mutate_root(|mc, (map, nodes)| {
                let node = Node::new(mc, &witness, 10);
                assert_eq!(map.insert(mc, 0, node).map(|old| old.name()), Some(0));
                nodes.insert(0, node);
                assert_eq!(map.len(), 1);
            });
            if is_aged {
                age(&mut arena);
            }
            arena.mutate_root(|_, (_, nodes)| nodes.truncate(1));
            settle(&mut arena);
            arena.enter(|_, (map, _)| {
                assert_eq!(map.get(&0).map(|node| node.name()), Some(10));
                assert_eq!(keys(*map), [0]);
            });
            assert_eq!(witness.count(), usize::from(reclaims::<C>()));
        }
    });
}

/// `map: 0 ~> 0, .. 9 ~> 9`; 3 dies, and 13 takes its place, beside the dead entry.
pub fn a_key_is_used_again_after_its_value_died<C: Collector + Default>() {
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena = setting.arena::<Rootable!['gc => Root<'gc>], C>(|mc| {
            let map = WeakValueMap::new(mc);
            let nodes: Vec<_> = (0..10).map(|name| Node::new(mc, &witness, name)).collect();
            assert!(nodes.iter().all(|&node| map.insert(mc, node.name(), node).is_none()));
            (map, nodes)
        });
        arena.mutate_root(|_, (_, nodes)| nodes.retain(|node| node.name() != 3));
        settle(&mut arena);
        arena.mutate_root(|mc, (map, nodes)| {
            let make = || Node::new(mc, &witness, 13);
            let node = map.get_or_insert_with(mc, 3, make);
            assert_eq!(node.name(), if reclaims::<C>() { 13 } else { 3 });
            let found = map.get(&3).expect("it was just inserted");
            assert!(Gc::ptr_eq(found, node));
            assert!(Gc::ptr_eq(map.get_or_insert_with(mc, 3, make), node));
            nodes.push(node);
            assert_eq!(keys(*map).len(), 10);
        });
    });
}

/// The only references to what is seen go away while it is seen: nothing dies before the `mutate` ends.
pub fn objects_may_be_cut_off_while_a_map_is_seen<C: Collector + Default>() {
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena = setting.arena::<Rootable!['gc => Root<'gc>], C>(|mc| {
            let map = WeakValueMap::new(mc);
            let nodes: Vec<_> = (0..10).map(|name| Node::new(mc, &witness, name)).collect();
            assert!(nodes.iter().all(|&node| map.insert(mc, node.name(), node).is_none()));
            (map, nodes)
        });
        arena.mutate_root(|mc, (map, nodes)| {
            let mut seen = Vec::new();
            for (key, node) in map.iter() {
                nodes.retain(|kept| !Gc::ptr_eq(*kept, node));
                litter(mc);
                seen.push(key);
            }
            assert!(seen.into_iter().eq(0..10) && nodes.is_empty() && map.len() == 10);
        });
        settle(&mut arena);
        arena.enter(|_, (map, _)| {
            assert_eq!(keys(*map).len(), if reclaims::<C>() { 0 } else { 10 });
        });
    });
}

/// What is interned twice is one object as long as that lives, and another afterwards.
pub fn a_set_interns<C: Collector + Default>() {
    type Interned<'gc> = (WeakSet<'gc, str>, Vec<Gc<'gc, str>>);
    fn intern<'gc>(mc: &Mutation<'gc>, set: WeakSet<'gc, str>, text: &str) -> Gc<'gc, str> {
        set.get_or_insert_with(mc, text, || Gc::new_str(mc, text))
    }
    Setting::each(|setting| {
        let mut arena = setting
            .arena::<Rootable!['gc => Interned<'gc>], C>(|mc| (WeakSet::new(mc), Vec::new()));
        for round in 0..20 {
            arena.mutate_root(|mc, (set, kept)| {
                for number in 0..50 {
                    let text = intern(mc, *set, &format!("text {number}"));
                    assert_eq!(&*text, format!("text {number}"));
                    assert!(Gc::ptr_eq(text, intern(mc, *set, &text)));
                    if round == 0 && number % 5 == 0 {
                        kept.push(text);
                    }
                }
                for &text in &*kept {
                    assert!(Gc::ptr_eq(text, intern(mc, *set, &text)));
                }
                assert!(!set.insert(mc, Gc::new_str(mc, "text 0")));
                assert_eq!(set.len(), 50);
            });
            settle(&mut arena);
            arena.enter(|_, (set, kept)| {
                let expected = if reclaims::<C>() { kept.len() } else { 50 };
                assert_eq!((set.len(), set.iter().count()), (expected, expected));
                assert!(set.contains("text 5") && !set.contains("text"));
            });
        }
        arena.mutate_root(|mc, (set, kept)| {
            assert!(Gc::ptr_eq(set.remove(mc, "text 5").expect("kept"), kept[1]));
            assert!(set.remove(mc, "text 5").is_none());
            set.retain(mc, |text| &*text != "text 0");
            assert!(!set.contains("text 0") && set.contains("text 10"));
            kept.clear();
        });
        settle(&mut arena);
        arena.enter(|_, (set, _)| {
            assert_eq!(set.is_empty(), reclaims::<C>());
            assert!(!reclaims::<C>() || set.capacity() <= 128, "{}", set.capacity());
        });
    });
}

/// A value whose `Eq` and `Hash` panic, and use the set they are in.
#[derive(Trace)]
struct Hostile<'gc> {
    name: u32,
    set: WeakSet<'gc, Hostile<'gc>>,
    mood: Static<Rc<Cell<u32>>>,
    me: Lock<Option<Gc<'gc, Hostile<'gc>>>>,
}

impl Hostile<'_> {
    fn act(&self) {
        self.mood.set(self.mood.get().wrapping_mul(0x9e37).wrapping_add(1) % 1009);
        assert!(!self.mood.get().is_multiple_of(7), "on purpose");
    }
}

impl PartialEq for Hostile<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.act();
        assert!(self.set.len() <= 1000 && self.set.iter().count() <= 1000);
        self.me.get().is_none_or(|me| me.name == self.name) && self.name == other.name
    }
}

impl Eq for Hostile<'_> {}

impl Hash for Hostile<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.act();
        // All collide.
        state.write_u32(self.name % 2);
    }
}

/// `Eq`, `Hash` and closures panic and change the set: it stays one.
pub fn what_users_do_in_eq_and_hash_does_no_harm<C: Collector + Default>() {
    type Set<'gc> = WeakSet<'gc, Hostile<'gc>>;
    type Hostiles<'gc> = (Set<'gc>, Vec<Gc<'gc, Hostile<'gc>>>);
    Setting::each(|setting| {
        let mood = Rc::new(Cell::new(1));
        let mut arena = setting
            .arena::<Rootable!['gc => Hostiles<'gc>], C>(|mc| (WeakSet::new(mc), Vec::new()));
        for round in 0..60 {
            arena.mutate_root(|mc, (set, kept)| {
                let set = *set;
                let mood = Static(Rc::clone(&mood));
                let made =
                    Gc::new(mc, Hostile { name: round % 20, set, mood, me: Lock::new(None) });
                gc_core::unlock!(Gc::write(mc, made), Hostile, me).set(Some(made));
                let _ = catch_unwind(AssertUnwindSafe(|| set.insert(mc, made)));
                let _ = catch_unwind(AssertUnwindSafe(|| set.remove(mc, &*made)));
                let _ = catch_unwind(AssertUnwindSafe(|| {
                    set.get_or_insert_with(mc, &*made, || {
                        set.insert_unique(mc, 0, made);
                        set.retain(mc, |other| {
                            assert!(other.name != 13);
                            set.insert_unique(mc, 1, made);
                            other.name % 3 != 0
                        });
                        made
                    })
                }));
                if round % 2 == 0 {
                    kept.push(made);
                }
                assert_eq!(set.iter().count(), set.len());
                if set.len() > 500 {
                    set.clear(mc);
                }
            });
            if round % 7 == 0 {
                settle(&mut arena);
                arena.mutate_root(|_, (_, kept)| kept.truncate(3));
            }
            arena.enter(|_, (set, _)| assert_eq!(set.iter().count(), set.len()));
        }
        arena.mutate_root(|_, (_, kept)| kept.clear());
        arena.collect();
        if C::ATTRIBUTES.reclaims_cycles {
            arena.enter(|_, (set, _)| assert!(set.is_empty()));
        }
    });
}

/// Thousands of sets that come and go, with members that outlive them.
pub fn sets_without_number_come_and_go<C: Collector + Default>() {
    type Sets<'gc> = (Vec<WeakSet<'gc, u32>>, Vec<Gc<'gc, u32>>);
    let mut arena =
        Setting::Default.arena::<Rootable!['gc => Sets<'gc>], C>(|_| (Vec::new(), Vec::new()));
    for round in 0..3000 {
        arena.mutate_root(|mc, (sets, kept)| {
            let set = WeakSet::new(mc);
            kept.push(Gc::new(mc, round));
            assert!(kept.iter().all(|&object| set.insert(mc, object)));
            sets.push(set);
            if sets.len() > 10 {
                sets.remove(3);
            }
            if kept.len() > 20 {
                kept.remove(7);
            }
        });
    }
    settle(&mut arena);
    arena.enter(|_, (sets, kept)| {
        for set in sets {
            assert_eq!(set.len(), set.iter().count());
            assert!(!reclaims::<C>() || set.iter().all(|object| kept.contains(&object)));
        }
        assert_eq!(sets.last().map(|set| set.get(&2999).is_some()), Some(true));
    });
}
