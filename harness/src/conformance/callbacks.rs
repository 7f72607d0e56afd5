//! Callbacks of weak references are called once, when nobody can reach the object any more.

use std::cell::RefCell;
use std::rc::Rc;

use gc_core::collector::Collector;
use gc_core::{CallKind, Gc, GcWeak, Mutation, Rootable};

use super::node::{Node, NodeRef, set_a};
use super::trial::{Setting, age, litter, reclaims, settle};
use super::witness::Witness;

type Weak<'gc> = GcWeak<'gc, Node<'gc>>;
type Root<'gc> = (Option<NodeRef<'gc>>, Vec<Weak<'gc>>);

/// The numbers of the callbacks that were called, in order.
#[derive(Clone, Default)]
struct Called(Rc<RefCell<Vec<u32>>>);

impl Called {
    fn watch<'gc>(&self, mc: &Mutation<'gc>, node: NodeRef<'gc>, number: u32) -> Weak<'gc> {
        let called = self.clone();
        Gc::downgrade_with_callback(mc, node, move |mc| {
            called.0.borrow_mut().push(number);
            litter(mc);
        })
    }

    fn numbers(&self) -> Vec<u32> {
        self.0.borrow().clone()
    }
}

/// Three on one object, which is young or old when it dies.
pub fn callbacks_are_called_once_and_the_newest_first<C: Collector + Default>() {
    Setting::each(|setting| {
        for is_aged in [false, true] {
            let (witness, called) = (Witness::default(), Called::default());
            let mut arena = setting.arena::<Rootable!['gc => Root<'gc>], C>(|mc| {
                let node = Node::new(mc, &witness, 0);
                let weaks = (0..3).map(|number| called.watch(mc, node, number)).collect();
                (Some(node), weaks)
            });
            if is_aged {
                age(&mut arena);
            }
            arena.mutate(|mc, (node, weaks)| {
                let node = node.expect("held");
                for weak in weaks {
                    assert!(weak.upgrade(mc).is_some_and(|other| Gc::ptr_eq(other, node)));
                    assert!(GcWeak::ptr_eq(*weak, weaks[0]), "they refer to one object");
                    assert_eq!(weak.id(), Gc::id(node));
                }
            });
            arena.mutate_root(|_, root| root.0 = None);
            for _ in 0..3 {
                settle(&mut arena);
                if reclaims::<C>() {
                    assert_eq!((called.numbers(), witness.sorted()), (vec![2, 1, 0], vec![0]));
                    arena.mutate(|mc, (_, weaks)| {
                        assert!(weaks.iter().all(|weak| weak.upgrade(mc).is_none()));
                        assert!(!GcWeak::ptr_eq(weaks[0], weaks[1]), "it is dead");
                        assert!(GcWeak::ptr_eq(weaks[0], weaks[0]));
                        assert_eq!(weaks[0].id(), weaks[1].id(), "an identity stays");
                    });
                }
            }
        }
    });
}

/// The object was never reachable, the weak reference is.
pub fn a_callback_is_called_for_what_dies_young<C: Collector + Default>() {
    Setting::each(|setting| {
        let (witness, called) = (Witness::default(), Called::default());
        let mut arena = setting.arena::<Rootable!['gc => Root<'gc>], C>(|_| (None, Vec::new()));
        arena.mutate_root(|mc, (_, weaks)| {
            weaks.push(called.watch(mc, Node::new(mc, &witness, 0), 7));
        });
        settle(&mut arena);
        if reclaims::<C>() {
            assert_eq!((called.numbers(), witness.sorted()), (vec![7], vec![0]));
        }
    });
}

/// Object and weak references are as young, and the object has a finalizer: a collection of the young
/// moves the weak references that it clears.
pub fn weak_references_that_move_are_cleared<C: Collector + Default>() {
    Setting::each(|setting| {
        for generation in [0, 1, 2] {
            let (witness, called) = (Witness::default(), Called::default());
            let mut arena = setting.arena::<Rootable!['gc => Root<'gc>], C>(|_| (None, Vec::new()));
            for round in 0..2 {
                arena.mutate_root(|mc, (_, weaks)| {
                    let node = Node::new(mc, &witness, round);
                    mc.on_unreachable::<Rootable![Node<'_>], ()>(node, |mc, _| litter(mc))
                        .expect("it was not finalized");
                    weaks.extend([called.watch(mc, node, round), Gc::downgrade(mc, node)]);
                });
                arena.collect_generation(generation);
                arena.collect_generation(generation);
            }
            if setting.is_zealous() {
                // They may have become old before.
                arena.collect();
            }
            arena.mutate(|mc, (_, weaks)| {
                litter(mc);
                for weak in weaks {
                    assert_eq!(weak.upgrade(mc).is_none(), reclaims::<C>());
                }
            });
            assert_eq!(called.numbers().len(), if reclaims::<C>() { 2 } else { 0 });
            age(&mut arena);
            assert_eq!(witness.count(), if reclaims::<C>() { 2 } else { 0 });
        }
    });
}

/// The weak reference goes first, alone or in a ring with its object.
pub fn a_callback_of_what_is_dead_is_not_called<C: Collector + Default>() {
    Setting::each(|setting| {
        let (witness, called) = (Witness::default(), Called::default());
        let mut arena = setting.arena::<Rootable!['gc => Root<'gc>], C>(|mc| {
            let node = Node::new(mc, &witness, 0);
            let weaks = (0..2).map(|number| called.watch(mc, node, number)).collect();
            (Some(node), weaks)
        });
        arena.mutate_root(|_, (_, weaks)| weaks.truncate(1));
        settle(&mut arena);
        arena.mutate_root(|_, (node, _)| *node = None);
        settle(&mut arena);
        if reclaims::<C>() {
            assert_eq!((called.numbers(), witness.sorted()), (vec![0], vec![0]));
        }
    });
}

/// An object that owns the weak reference to itself, and is on a ring.
pub fn a_callback_within_a_dead_ring_is_not_called<C: Collector + Default>() {
    #[derive(gc_core::Trace)]
    struct Owner<'gc> {
        node: NodeRef<'gc>,
        me: gc_core::Lock<Option<Gc<'gc, Owner<'gc>>>>,
        weak: Weak<'gc>,
    }
    type OwnerRoot<'gc> = (Option<Gc<'gc, Owner<'gc>>>, Vec<Weak<'gc>>);
    Setting::each(|setting| {
        for (is_aged, is_finalized) in [(false, false), (false, true), (true, false), (true, true)]
        {
            let (witness, called) = (Witness::default(), Called::default());
            let mut arena = setting.arena::<Rootable!['gc => OwnerRoot<'gc>], C>(|mc| {
                let node = Node::new(mc, &witness, 0);
                let (weak, outside) = (called.watch(mc, node, 0), called.watch(mc, node, 1));
                let owner = Gc::new(mc, Owner { node, me: gc_core::Lock::new(None), weak });
                gc_core::unlock!(Gc::write(mc, owner), Owner, me).set(Some(owner));
                assert_eq!(owner.node.name(), 0);
                assert!(!owner.weak.is_dropped());
                if is_finalized {
                    // Weak references are cleared before it runs, and not when the ring dies.
                    mc.on_unreachable::<Rootable!['gc => Owner<'gc>], ()>(owner, |_, owner| {
                        assert!(owner.weak.is_dropped());
                    })
                    .unwrap();
                }
                (Some(owner), vec![outside])
            });
            if is_aged {
                age(&mut arena);
            }
            arena.mutate_root(|_, root| root.0 = None);
            arena.collect();
            if C::ATTRIBUTES.reclaims_cycles {
                assert_eq!((called.numbers(), witness.sorted()), (vec![1], vec![0]));
            }
        }
    });
}

/// Two rings die together, and the callback of each looks at the other's weak reference.
pub fn a_callback_sees_nothing_that_is_dead<C: Collector + Default>() {
    Setting::each(|setting| {
        let witness = Witness::default();
        let seen: Rc<RefCell<Vec<bool>>> = Rc::default();
        let mut arena =
            setting.arena::<Rootable!['gc => (Root<'gc>, Vec<NodeRef<'gc>>)], C>(|mc| {
                let nodes: Vec<NodeRef<'_>> =
                    (0..2).map(|name| Node::new(mc, &witness, name)).collect();
                nodes.iter().for_each(|&node| set_a(mc, node, Some(node)));
                ((None, Vec::new()), nodes)
            });
        arena.mutate_root(|mc, ((_, weaks), nodes)| {
            for (one, other) in [(0, 1), (1, 0)] {
                let other = Gc::new(mc, Gc::downgrade(mc, nodes[other]));
                let other = mc.stash::<Rootable!['a => Weak<'a>]>(other);
                let seen = Rc::clone(&seen);
                weaks.push(Gc::downgrade_with_callback(mc, nodes[one], move |mc| {
                    seen.borrow_mut().push(mc.fetch(&other).upgrade(mc).is_some());
                }));
            }
        });
        arena.mutate_root(|_, (_, nodes)| nodes.clear());
        arena.collect();
        if C::ATTRIBUTES.reclaims_cycles {
            assert_eq!((seen.borrow().clone(), witness.sorted()), (vec![false; 2], vec![0, 1]));
        }
    });
}

/// It fails in both ways.
pub fn a_callback_that_fails_is_reported<C: Collector + Default>() {
    Setting::each(|setting| {
        let witness = Witness::default();
        let errors: Rc<RefCell<Vec<String>>> = Rc::default();
        let reported = Rc::clone(&errors);
        let mut arena = setting.arena::<Rootable!['gc => Root<'gc>], C>(|mc| {
            let node = Node::new(mc, &witness, 0);
            let panic = Gc::downgrade_with_callback::<()>(mc, node, |_| panic!("on purpose"));
            let fail = Gc::downgrade_with_callback(mc, node, |_| Err::<(), _>("for a reason"));
            (Some(node), vec![panic, fail])
        });
        arena.set_error_hook(move |error| {
            assert_eq!(error.kind(), CallKind::Callback);
            reported.borrow_mut().push(error.to_string());
        });
        arena.mutate_root(|_, root| root.0 = None);
        settle(&mut arena);
        if reclaims::<C>() {
            let callback = "the callback of a weak reference";
            let expected = [
                format!("{callback} failed: for a reason"),
                format!("{callback} panicked: on purpose"),
            ];
            assert_eq!(*errors.borrow(), expected);
        }
    });
}
