//! Weak references do not keep their objects alive, and never show a dead one.

use gc_core::collector::Collector;
use gc_core::{
    DynTrace, Gc, GcId, GcWeak, Lock, Mutation, Rootable, Trace, dyn_trace, unlock, unsize,
};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

use super::node::{Node, NodeRef, set_a};
use super::trial::{Setting, age, litter, reclaims, settle};
use super::witness::{Token, Witness};

type Weak<'gc> = GcWeak<'gc, Node<'gc>>;
/// `strong -> node`, and `node <~ weak`.
type Pair<'gc> = (Option<NodeRef<'gc>>, Weak<'gc>);

fn pair<'gc>(mc: &Mutation<'gc>, witness: &Witness) -> Pair<'gc> {
    let node = Node::new(mc, witness, 0);
    (Some(node), Gc::downgrade(mc, node))
}

#[track_caller]
fn assert_alive<'gc>(mc: &Mutation<'gc>, weak: Weak<'gc>, name: u32) {
    assert!(!weak.is_dropped());
    assert_eq!(weak.upgrade(mc).map(|node| node.name()), Some(name));
}

/// Dead for a collector that reclaims, and alive for one that does not.
#[track_caller]
fn assert_dead<'gc, C: Collector>(mc: &Mutation<'gc>, weak: Weak<'gc>) {
    assert_eq!(weak.is_dropped(), reclaims::<C>());
    assert_eq!(weak.upgrade(mc).is_none(), reclaims::<C>());
}

/// `root -> node`, and then the root lets go of it.
pub fn a_weak_reference_is_upgraded_until_its_object_dies<C: Collector + Default>() {
    Setting::each(|setting| {
        for is_aged in [false, true] {
            let witness = Witness::default();
            let mut arena =
                setting.arena::<Rootable!['gc => Pair<'gc>], C>(|mc| pair(mc, &witness));
            arena.enter(|mc, (strong, weak)| {
                let upgraded = weak.upgrade(mc).expect("alive");
                assert!(Gc::ptr_eq(upgraded, strong.expect("held")));
            });
            if is_aged {
                age(&mut arena);
                arena.mutate(|mc, (strong, weak)| {
                    let upgraded = weak.upgrade(mc).expect("alive");
                    assert!(Gc::ptr_eq(upgraded, strong.expect("held")));
                    assert_alive(mc, *weak, 0);
                });
            }
            arena.mutate_root(|mc, root| {
                root.0 = None;
                assert_alive(mc, root.1, 0);
            });
            if C::ATTRIBUTES.prompt {
                assert_eq!(witness.count(), 1, "a weak reference keeps nothing alive");
            }
            settle(&mut arena);
            for _ in 0..2 {
                arena.mutate(|mc, (_, weak)| assert_dead::<C>(mc, *weak));
                age(&mut arena);
            }
            drop(arena);
            assert_eq!(witness.sorted(), [0]);
        }
    });
}

/// Nothing but weak references ever referred to it.
pub fn a_weak_reference_to_what_dies_young_is_cleared<C: Collector + Default>() {
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena = setting.arena::<Rootable!['gc => Vec<Weak<'gc>>], C>(|mc| {
            vec![Gc::downgrade(mc, Node::new(mc, &witness, 0))]
        });
        for round in 1..10 {
            settle(&mut arena);
            arena.mutate_root(|mc, weak| {
                weak.iter().for_each(|weak| assert_dead::<C>(mc, *weak));
                let young = Node::new(mc, &witness, round);
                weak.push(Gc::downgrade(mc, young));
                assert_alive(mc, *weak.last().expect("one"), round);
            });
        }
        age(&mut arena);
        arena.enter(|mc, weak| weak.iter().for_each(|weak| assert_dead::<C>(mc, *weak)));
        assert_eq!(witness.count(), if reclaims::<C>() { 10 } else { 0 });
    });
}

/// Upgraded and stored, in the `mutate` that lets go of the last other reference.
pub fn what_was_upgraded_and_stored_lives_on<C: Collector + Default>() {
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena = setting.arena::<Rootable!['gc => Pair<'gc>], C>(|mc| pair(mc, &witness));
        for _ in 0..4 {
            age(&mut arena);
            arena.mutate_root(|mc, (strong, weak)| {
                *strong = None;
                litter(mc);
                *strong = weak.upgrade(mc);
            });
        }
        arena.mutate(|mc, (strong, weak)| {
            assert_alive(mc, *weak, 0);
            assert!(Gc::ptr_eq(weak.upgrade(mc).expect("alive"), strong.expect("held")));
        });
        assert_eq!(witness.count(), 0);
    });
}

/// All weak references to one object are equal, whenever they were made; those to others are not.
pub fn weak_references_to_one_object_are_equal<C: Collector + Default>() {
    Setting::each(|setting| {
        let witness = Witness::default();
        type Root<'gc> = (Vec<NodeRef<'gc>>, Vec<Weak<'gc>>);
        let mut arena = setting.arena::<Rootable!['gc => Root<'gc>], C>(|mc| {
            ((0..3).map(|name| Node::new(mc, &witness, name)).collect(), Vec::new())
        });
        for _ in 0..4 {
            arena.mutate_root(|mc, (strong, weak)| {
                weak.extend(strong.iter().map(|node| Gc::downgrade(mc, *node)));
            });
            age(&mut arena);
        }
        let look = |weak: &[Weak<'_>]| {
            for (i, x) in weak.iter().enumerate() {
                for (j, y) in weak.iter().enumerate() {
                    assert_eq!(GcWeak::ptr_eq(*x, *y), i % 3 == j % 3);
                }
            }
        };
        arena.enter(|_, (_, weak)| look(weak));
        arena.mutate_root(|_, (strong, _)| strong.clear());
        settle(&mut arena);
        arena.enter(|mc, (_, weak)| {
            look(weak);
            weak.iter().for_each(|weak| assert_dead::<C>(mc, *weak));
        });
    });
}

/// The weak reference dies before its object, which is weakly referred to again.
pub fn an_object_outlives_its_weak_references<C: Collector + Default>() {
    Setting::each(|setting| {
        let witness = Witness::default();
        type Root<'gc> = (Option<NodeRef<'gc>>, Option<Weak<'gc>>);
        let mut arena = setting
            .arena::<Rootable!['gc => Root<'gc>], C>(|mc| (Some(Node::new(mc, &witness, 0)), None));
        for round in 0..8 {
            arena.mutate_root(|mc, (strong, weak)| {
                *weak = strong.map(|node| Gc::downgrade(mc, node))
            });
            if round % 2 == 0 {
                age(&mut arena);
            }
            arena.enter(|mc, (_, weak)| assert_alive(mc, weak.expect("made"), 0));
            arena.mutate_root(|_, (_, weak)| *weak = None);
            if round % 3 == 0 {
                age(&mut arena);
            }
            settle(&mut arena);
            arena.mutate(|mc, (strong, _)| {
                // Dropped at once.
                let weak = Gc::downgrade(mc, strong.expect("held"));
                assert_alive(mc, weak, 0);
            });
        }
        assert_eq!(witness.count(), 0);
        arena.mutate_root(|mc, (strong, weak)| {
            *weak = strong.take().map(|node| Gc::downgrade(mc, node))
        });
        settle(&mut arena);
        arena.enter(|mc, (_, weak)| assert_dead::<C>(mc, weak.expect("made")));
    });
}

#[derive(Trace)]
struct Tree<'gc> {
    token: Token,
    parent: Lock<Option<GcWeak<'gc, Tree<'gc>>>>,
    children: Lock<[Option<Gc<'gc, Tree<'gc>>>; 2]>,
}

/// A tree with weak references upwards: no cycle, so every collector that reclaims frees it.
///
/// ```text
///   root -> 1 -> 2 -> 4        2 ~> 1, 4 ~> 2, ..
/// ```
pub fn a_weak_reference_back_makes_no_cycle<C: Collector + Default>() {
    fn grow<'gc>(mc: &Mutation<'gc>, witness: &Witness, name: u32) -> Gc<'gc, Tree<'gc>> {
        let token = witness.token(name);
        let tree = Gc::new(mc, Tree { token, parent: Lock::default(), children: Lock::default() });
        if name < 64 {
            let children = [2 * name, 2 * name + 1].map(|name| grow(mc, witness, name));
            for child in children {
                let parent = Some(Gc::downgrade(mc, tree));
                unlock!(Gc::write(mc, child), Tree, parent).set(parent);
            }
            unlock!(Gc::write(mc, tree), Tree, children).set(children.map(Some));
        }
        tree
    }
    fn look<'gc>(mc: &Mutation<'gc>, tree: Gc<'gc, Tree<'gc>>) -> u32 {
        assert!(tree.token.is_intact());
        let children = tree.children.get().into_iter().flatten();
        1 + children
            .map(|child| {
                let parent = child.parent.get().and_then(|parent| parent.upgrade(mc));
                assert!(Gc::ptr_eq(parent.expect("the parent is alive"), tree));
                look(mc, child)
            })
            .sum::<u32>()
    }
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena = setting.arena::<Rootable!['gc => Option<Gc<'gc, Tree<'gc>>>], C>(|mc| {
            Some(grow(mc, &witness, 1))
        });
        for _ in 0..2 {
            age(&mut arena);
            arena.mutate(|mc, tree| assert_eq!(look(mc, tree.expect("a tree")), 127));
        }
        // The left half goes: its root is still named from below.
        arena.mutate(|mc, tree| {
            let tree = tree.expect("a tree");
            let [_, right] = tree.children.get();
            unlock!(Gc::write(mc, tree), Tree, children).set([None, right]);
        });
        settle(&mut arena);
        assert_eq!(witness.count(), if reclaims::<C>() { 63 } else { 0 });
        arena.mutate(|mc, tree| assert_eq!(look(mc, tree.expect("a tree")), 64));
        arena.mutate_root(|_, tree| *tree = None);
        settle(&mut arena);
        assert_eq!(witness.count(), if reclaims::<C>() { 127 } else { 0 });
    });
}

/// `x -> y -> x`, and weak references to both: cleared when the ring is found, and not before.
pub fn weak_references_to_a_ring_are_cleared_when_it_dies<C: Collector + Default>() {
    Setting::each(|setting| {
        let witness = Witness::default();
        type Root<'gc> = (Option<NodeRef<'gc>>, [Weak<'gc>; 2]);
        let mut arena = setting.arena::<Rootable!['gc => Root<'gc>], C>(|mc| {
            let [x, y] = [0, 1].map(|name| Node::new(mc, &witness, name));
            set_a(mc, x, Some(y));
            set_a(mc, y, Some(x));
            (Some(x), [x, y].map(|node| Gc::downgrade(mc, node)))
        });
        age(&mut arena);
        arena.mutate_root(|_, (strong, _)| *strong = None);
        arena.enter(|mc, (_, weak)| {
            // As long as one is alive both are.
            assert_eq!(weak[0].upgrade(mc).is_some(), weak[1].upgrade(mc).is_some());
            if let Some(x) = weak[0].upgrade(mc) {
                assert_eq!(x.a.get().map(|y| y.name()), Some(1));
            }
        });
        arena.collect();
        arena.enter(|_, (_, weak)| {
            assert_eq!(weak.map(GcWeak::is_dropped), [C::ATTRIBUTES.reclaims_cycles; 2]);
        });
        assert_eq!(witness.count(), if C::ATTRIBUTES.reclaims_cycles { 2 } else { 0 });
    });
}

trait Speaks: DynTrace {
    fn speak(&self) -> u32;
}
dyn_trace!(for<'a> dyn Speaks + 'a);

impl Speaks for Token {
    fn speak(&self) -> u32 {
        self.name
    }
}

/// Weak references to a string, a slice of tokens, a large slice and a trait object.
pub fn a_weak_reference_to_an_unsized_object_works<C: Collector + Default>() {
    type Strong<'gc> = (Gc<'gc, str>, Gc<'gc, [Token]>, Gc<'gc, [Token]>, Gc<'gc, dyn Speaks>);
    type Weaks<'gc> =
        (GcWeak<'gc, str>, GcWeak<'gc, [Token]>, GcWeak<'gc, [Token]>, GcWeak<'gc, dyn Speaks>);
    Setting::each(|setting| {
        let witness = Witness::default();
        type Root<'gc> = (Option<Strong<'gc>>, Weaks<'gc>);
        let mut arena = setting.arena::<Rootable!['gc => Root<'gc>], C>(|mc| {
            let text = Gc::new_str(mc, "text");
            let small = Gc::slice_from_fn(mc, 3, |i| witness.token(i as u32));
            let large = Gc::slice_from_fn(mc, 5000, |i| witness.token(i as u32));
            let speaker = unsize!(Gc::new(mc, witness.token(9)) => dyn Speaks);
            let weak = (
                Gc::downgrade(mc, text),
                Gc::downgrade(mc, small),
                Gc::downgrade(mc, large),
                Gc::downgrade(mc, speaker),
            );
            (Some((text, small, large, speaker)), weak)
        });
        for _ in 0..2 {
            age(&mut arena);
            arena.mutate(|mc, (_, weak)| {
                assert_eq!(weak.0.upgrade(mc).as_deref(), Some("text"));
                assert_eq!(weak.1.upgrade(mc).map(|small| small[2].name), Some(2));
                assert!(weak.2.upgrade(mc).is_some_and(|large| large.iter().all(Token::is_intact)));
                assert_eq!(weak.3.upgrade(mc).map(|speaker| speaker.speak()), Some(9));
            });
        }
        arena.mutate_root(|_, (strong, _)| *strong = None);
        settle(&mut arena);
        arena.enter(|_, (_, weak)| {
            let dropped = [weak.0.is_dropped(), weak.1.is_dropped(), weak.2.is_dropped()];
            assert_eq!(dropped, [reclaims::<C>(); 3]);
            assert_eq!(weak.3.is_dropped(), reclaims::<C>());
        });
    });
}

/// Two thousand objects at random ages, each with a weak reference, a third of which die.
pub fn weak_references_without_number_tell_the_dead_from_the_living<C: Collector + Default>() {
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut random = Pcg64Mcg::seed_from_u64(3);
        type Root<'gc> = (Vec<Option<NodeRef<'gc>>>, Vec<(Weak<'gc>, GcId)>);
        let mut arena =
            setting.arena::<Rootable!['gc => Root<'gc>], C>(|_| (Vec::new(), Vec::new()));
        for step in 0..40_u32 {
            arena.mutate_root(|mc, (strong, weak)| {
                for name in step * 50..step * 50 + 50 {
                    let node = Node::new(mc, &witness, name);
                    strong.push(Some(node).filter(|_| name % 5 > 0));
                    weak.push((Gc::downgrade(mc, node), Gc::id(node)));
                }
                for _ in 0..10 {
                    let index = random.random_range(0..strong.len());
                    strong[index] = None;
                }
            });
            arena.collect_generation(random.random_range(0..3));
            arena.mutate(|mc, _| litter(mc));
        }
        settle(&mut arena);
        arena.enter(|mc, (strong, weak)| {
            for (name, (strong, (weak, id))) in (0..).zip(strong.iter().zip(weak)) {
                match strong {
                    Some(node) => {
                        assert_alive(mc, *weak, name);
                        assert_eq!((weak.id(), Gc::id(*node)), (*id, *id));
                    }
                    None => {
                        assert_dead::<C>(mc, *weak);
                        assert_eq!(weak.id(), *id);
                    }
                }
            }
        });
    });
}

/// References to one object are one key, of whatever kind they are, while it lives and afterwards; and
/// what dies before anybody asked is equal to its own copies only.
pub fn weak_references_may_be_keys<C: Collector + Default>() {
    type Keys<'gc> = (Option<NodeRef<'gc>>, Vec<Weak<'gc>>);
    fn hash(weak: &Weak<'_>) -> u64 {
        use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
        BuildHasherDefault::<DefaultHasher>::default().hash_one(weak)
    }
    Setting::each(|setting| {
        for is_asked in [false, true] {
            let witness = Witness::default();
            let mut arena = setting.arena::<Rootable!['gc => Keys<'gc>], C>(|mc| {
                let node = Node::new(mc, &witness, 0);
                let callback = |_: &Mutation<'_>| ();
                let weaks = vec![
                    Gc::downgrade(mc, node),
                    Gc::downgrade(mc, node),
                    Gc::downgrade_tracking(mc, node),
                    Gc::downgrade_with_callback(mc, node, callback),
                ];
                (Some(node), weaks)
            });
            let hashes: Vec<u64> = match is_asked {
                true => arena.enter(|_, (_, weaks)| weaks.iter().map(hash).collect()),
                false => Vec::new(),
            };
            age(&mut arena);
            arena.mutate_root(|_, root| root.0 = None);
            settle(&mut arena);
            for _ in 0..2 {
                age(&mut arena);
                arena.enter(|mc, (_, weaks)| {
                    weaks.iter().for_each(|weak| assert_dead::<C>(mc, *weak));
                    assert!(weaks.iter().all(|weak| *weak == { *weak }));
                    assert!(weaks[0] == weaks[1]);
                    let is_one = is_asked || !reclaims::<C>();
                    assert!(weaks[1..].iter().all(|weak| is_one == (*weak == weaks[0])) || !is_one);
                    assert!(hashes.iter().copied().eq(weaks.iter().map(hash)) || !is_asked);
                });
            }
        }
    });
}
