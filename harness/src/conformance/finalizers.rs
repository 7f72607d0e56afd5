//! Finalizers run once, with everything whole, and may keep what they find.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use gc_core::collector::Collector;
use gc_core::{AlreadyFinalized, Arena, CallKind, DynamicRoot, Gc, GcWeak, Mutation, Rootable};

use super::deep::on_a_small_stack;
use super::node::{Node, NodeRef, names, set_a, set_b};
use super::trial::{Setting, age, litter, reclaims, settle};
use super::witness::Witness;

type AnyNode = Rootable![Node<'_>];
pub(super) type Held<'gc> = Option<NodeRef<'gc>>;

/// The names of the nodes whose finalizers ran, in order.
#[derive(Clone, Default)]
pub(super) struct Finalized(Rc<RefCell<Vec<u32>>>);

impl Finalized {
    /// Gives a node a finalizer that looks at it and at what it refers to.
    pub(super) fn watch<'gc>(&self, mc: &Mutation<'gc>, node: NodeRef<'gc>) {
        let finalized = self.clone();
        mc.on_unreachable::<AnyNode, _>(node, move |mc, node| {
            finalized.note(node.name());
            names(node.a.get());
            litter(mc);
        })
        .expect("it was not finalized");
    }

    pub(super) fn note(&self, name: u32) {
        self.0.borrow_mut().push(name);
    }

    pub(super) fn names(&self) -> Vec<u32> {
        self.0.borrow().clone()
    }

    pub(super) fn sorted(&self) -> Vec<u32> {
        let mut names = self.names();
        names.sort_unstable();
        names
    }
}

/// `root -> node`, young or old, and then the root lets go of it.
pub fn a_finalizer_runs_once_and_then_its_object_dies<C: Collector + Default>() {
    Setting::each(|setting| {
        for is_aged in [false, true] {
            let (witness, finalized) = (Witness::default(), Finalized::default());
            let mut arena = setting.arena::<Rootable!['gc => Held<'gc>], C>(|_| None);
            arena.mutate_root(|mc, root| {
                let node = Node::new(mc, &witness, 1);
                finalized.watch(mc, node);
                *root = Some(node);
            });
            if is_aged {
                age(&mut arena);
            }
            assert!(finalized.names().is_empty(), "it is reachable");
            arena.mutate_root(|_, root| *root = None);
            for _ in 0..3 {
                settle(&mut arena);
                age(&mut arena);
                let expected: &[u32] = if reclaims::<C>() { &[1] } else { &[] };
                assert_eq!(finalized.names(), expected);
                assert_eq!(witness.sorted(), expected);
            }
        }
    });
}

/// Nothing ever referred to it.
pub fn what_dies_young_is_finalized<C: Collector + Default>() {
    Setting::each(|setting| {
        let (witness, finalized) = (Witness::default(), Finalized::default());
        let mut arena = setting.arena::<Rootable![()], C>(|_| ());
        for round in 0..3 {
            arena.mutate(|mc, ()| {
                let child = Node::new(mc, &witness, 10 + round);
                finalized.watch(mc, Node::with(mc, &witness, round, Some(child), None));
            });
            settle(&mut arena);
        }
        age(&mut arena);
        if reclaims::<C>() {
            assert_eq!(finalized.sorted(), [0, 1, 2]);
            assert_eq!(witness.sorted(), [0, 1, 2, 10, 11, 12]);
        }
    });
}

/// `parent -> (first -> grandchild, second)`.
pub fn a_counted_parent_is_finalized_before_its_children<C: Collector + Default>() {
    if !C::ATTRIBUTES.counts_references {
        return;
    }
    Setting::each(|setting| {
        let (witness, finalized) = (Witness::default(), Finalized::default());
        let mut arena = setting.arena::<Rootable!['gc => Held<'gc>], C>(|mc| {
            let grandchild = Node::new(mc, &witness, 2);
            let first = Node::with(mc, &witness, 1, Some(grandchild), None);
            let second = Node::new(mc, &witness, 3);
            let parent = Node::with(mc, &witness, 0, Some(first), Some(second));
            for node in [second, grandchild, parent, first] {
                finalized.watch(mc, node);
            }
            Some(parent)
        });
        arena.mutate_root(|_, root| *root = None);
        assert_eq!(finalized.names(), [0, 1, 2, 3]);
        assert_eq!(witness.in_order(), [0, 1, 2, 3], "each is torn down before its children");
    });
}

/// A ring of ten, and what hangs from it.
pub fn a_dead_ring_is_whole_while_its_finalizers_run<C: Collector + Default>() {
    Setting::each(|setting| {
        for is_aged in [false, true] {
            let (witness, finalized) = (Witness::default(), Finalized::default());
            let witness_of_death = witness.clone();
            let mut arena = setting.arena::<Rootable!['gc => Held<'gc>], C>(|mc| {
                let first = Node::list(mc, &witness, 0..10).expect("ten nodes");
                let mut last = first;
                loop {
                    finalized.watch(mc, last);
                    set_b(mc, last, Some(Node::new(mc, &witness, 10 + last.name())));
                    match last.a.get() {
                        Some(next) => last = next,
                        None => break,
                    }
                }
                set_a(mc, last, Some(first));
                mc.on_unreachable::<AnyNode, _>(last, move |_, _| {
                    assert_eq!(witness_of_death.count(), 0, "some are dead already");
                })
                .expect("it was not finalized");
                Some(first)
            });
            if is_aged {
                age(&mut arena);
            }
            arena.set_error_hook(|error| panic!("{error}"));
            arena.mutate_root(|_, root| *root = None);
            arena.collect();
            if C::ATTRIBUTES.reclaims_cycles {
                assert_eq!(finalized.sorted(), Vec::from_iter(0..10));
                assert_eq!(witness.sorted(), Vec::from_iter(0..20));
            } else {
                assert_eq!((finalized.names(), witness.count()), (vec![], 0));
            }
        }
    });
}

/// A finalizer stashes its object, alone or in a ring, and the handle goes later.
pub fn what_a_finalizer_keeps_lives_and_is_not_finalized_again<C: Collector + Default>() {
    Setting::each(|setting| {
        for is_ring in [false, true] {
            let witness = Witness::default();
            let kept: Rc<RefCell<Vec<DynamicRoot<AnyNode>>>> = Rc::default();
            let keeper = Rc::clone(&kept);
            let mut arena = setting.arena::<Rootable!['gc => Held<'gc>], C>(|mc| {
                let other = Node::new(mc, &witness, 1);
                let node = Node::with(mc, &witness, 0, Some(other), None);
                if is_ring {
                    set_a(mc, other, Some(node));
                }
                mc.on_unreachable::<AnyNode, _>(node, move |mc, node| {
                    keeper.borrow_mut().push(mc.stash::<AnyNode>(node));
                })
                .expect("it was not finalized");
                Some(node)
            });
            arena.mutate_root(|_, root| *root = None);
            settle(&mut arena);
            arena.collect();
            if !(reclaims::<C>() && (C::ATTRIBUTES.reclaims_cycles || !is_ring)) {
                assert!(kept.borrow().is_empty());
                return;
            }
            age(&mut arena);
            arena.mutate(|mc, _| {
                let node = mc.fetch(&kept.borrow()[0]);
                assert_eq!((node.name(), node.a.get().map(|other| other.name())), (0, Some(1)));
                assert!(mc.is_finalized(node));
                let again = mc.on_unreachable::<AnyNode, ()>(node, |_, _| unreachable!());
                assert!(matches!(again, Err(AlreadyFinalized { .. })));
            });
            assert_eq!((kept.borrow().len(), witness.count()), (1, 0));
            kept.borrow_mut().clear();
            settle(&mut arena);
            arena.collect();
            assert_eq!(witness.sorted(), [0, 1]);
            assert!(kept.borrow().is_empty());
        }
    });
}

/// Two nodes of a dead ring, of which the finalizer of one gives the other one. Where they were, other
/// objects are made that are finalized, too.
pub fn what_a_finalizer_gives_a_finalizer_is_finalized<C: Collector + Default>() {
    if !C::ATTRIBUTES.reclaims_cycles {
        return;
    }
    Setting::each(|setting| {
        let (witness, finalized) = (Witness::default(), Finalized::default());
        let mut arena = setting.arena::<Rootable!['gc => Held<'gc>], C>(|mc| {
            let other = Node::new(mc, &witness, 1);
            let node = Node::with(mc, &witness, 0, Some(other), None);
            set_a(mc, other, Some(node));
            let watcher = finalized.clone();
            mc.on_unreachable::<AnyNode, _>(node, move |mc, node| {
                watcher.watch(mc, node.a.get().expect("its neighbor is whole"));
            })
            .expect("it was not finalized");
            Some(node)
        });
        arena.mutate_root(|_, root| *root = None);
        arena.collect();
        arena.collect();
        assert_eq!((finalized.names(), witness.sorted()), (vec![1], vec![0, 1]));

        let count = Rc::new(Cell::new(0));
        for _ in 0..10 {
            arena.mutate(|mc, _| {
                for number in 0..100_u64 {
                    let count = Rc::clone(&count);
                    let object = Gc::new(mc, [number; 5]);
                    mc.on_unreachable::<Rootable![[u64; 5]], _>(object, move |_, object| {
                        assert_eq!(*object, [number; 5]);
                        count.set(count.get() + 1);
                    })
                    .expect("it was not finalized");
                }
            });
            arena.collect();
        }
        assert_eq!((finalized.names(), count.get()), (vec![1], 1000));
    });
}

/// Two dead rings, of which a finalizer keeps a part.
pub fn what_is_kept_does_not_hold_up_the_rest<C: Collector + Default>() {
    if !C::ATTRIBUTES.reclaims_cycles {
        return;
    }
    Setting::each(|setting| {
        let witness = Witness::default();
        let kept: Rc<RefCell<Option<DynamicRoot<AnyNode>>>> = Rc::default();
        let keeper = Rc::clone(&kept);
        let mut arena = setting.arena::<Rootable!['gc => Held<'gc>], C>(|mc| {
            let inner = Node::new(mc, &witness, 1);
            set_a(mc, inner, Some(inner));
            let outer = Node::new(mc, &witness, 0);
            set_a(mc, outer, Some(outer));
            set_b(mc, outer, Some(inner));
            mc.on_unreachable::<AnyNode, _>(outer, move |mc, node| {
                let inner = node.b.get().expect("its child is whole");
                *keeper.borrow_mut() = Some(mc.stash::<AnyNode>(inner));
            })
            .expect("it was not finalized");
            Some(outer)
        });
        arena.mutate_root(|_, root| *root = None);
        arena.collect();
        assert_eq!(witness.sorted(), [0], "the inner ring is held");
        arena.mutate(|mc, _| {
            assert_eq!(mc.fetch(kept.borrow().as_ref().expect("kept")).name(), 1);
        });
        kept.take();
        arena.collect();
        assert_eq!(witness.sorted(), [0, 1]);
    });
}

/// One panics, one fails, and one is well, on one object each.
pub fn what_fails_is_reported_and_changes_nothing_else<C: Collector + Default>() {
    Setting::each(|setting| {
        let (witness, finalized) = (Witness::default(), Finalized::default());
        let errors: Rc<RefCell<Vec<String>>> = Rc::default();
        let reported = Rc::clone(&errors);
        let mut arena = setting.arena::<Rootable!['gc => Vec<NodeRef<'gc>>], C>(|mc| {
            let nodes: Vec<NodeRef<'_>> =
                (0..3).map(|name| Node::new(mc, &witness, name)).collect();
            let panic = |_: &Mutation<'_>, _: NodeRef<'_>| panic!("on purpose");
            mc.on_unreachable::<AnyNode, ()>(nodes[0], panic).expect("it was not finalized");
            let fail = |_: &Mutation<'_>, _: NodeRef<'_>| Err("for a reason");
            mc.on_unreachable::<AnyNode, Result<(), &str>>(nodes[1], fail)
                .expect("it was not finalized");
            nodes.iter().for_each(|&node| finalized.watch(mc, node));
            nodes
        });
        arena.set_error_hook(move |error| {
            assert_eq!(error.kind(), CallKind::Finalizer);
            reported.borrow_mut().push(error.to_string());
        });
        arena.mutate_root(|_, root| root.clear());
        settle(&mut arena);
        if reclaims::<C>() {
            errors.borrow_mut().sort_unstable();
            assert_eq!(
                *errors.borrow(),
                ["a finalizer failed: for a reason", "a finalizer panicked: on purpose"]
            );
            assert_eq!((finalized.sorted(), witness.sorted()), (vec![0, 1, 2], vec![0, 1, 2]));
        }
    });
}

/// Each finalizer makes another object with one, five times.
pub fn a_finalizer_may_make_objects_that_are_finalized<C: Collector + Default>() {
    fn make(mc: &Mutation<'_>, witness: &Witness, finalized: &Finalized, name: u32) {
        let node = Node::new(mc, witness, name);
        finalized.watch(mc, node);
        let (witness, finalized) = (witness.clone(), finalized.clone());
        mc.on_unreachable::<AnyNode, _>(node, move |mc, _| {
            if name < 5 {
                make(mc, &witness, &finalized, name + 1);
            }
        })
        .expect("it was not finalized");
    }
    Setting::each(|setting| {
        let (witness, finalized) = (Witness::default(), Finalized::default());
        let mut arena = setting.arena::<Rootable![()], C>(|_| ());
        arena.mutate(|mc, ()| make(mc, &witness, &finalized, 0));
        if C::ATTRIBUTES.prompt {
            assert_eq!(witness.in_order(), Vec::from_iter((0..6).rev()), "calls nest");
        }
        (0..6).for_each(|_| settle(&mut arena));
        if reclaims::<C>() {
            assert_eq!(finalized.sorted(), Vec::from_iter(0..6));
            assert_eq!(witness.sorted(), Vec::from_iter(0..6));
        }
    });
}

/// A list whose nodes all have finalizers.
pub fn a_long_list_is_finalized_on_a_small_stack<C: Collector + Default>() {
    const LEN: u32 = 20_000;
    on_a_small_stack(|| {
        let witness = Witness::default();
        let count = Rc::new(Cell::new(0));
        let mut arena: Arena<Rootable!['gc => Held<'gc>], C> = Arena::new(|_| None);
        arena.mutate_root(|mc, root| {
            *root = Node::list(mc, &witness, 0..LEN);
            let mut next = *root;
            while let Some(node) = next {
                let count = Rc::clone(&count);
                mc.on_unreachable::<AnyNode, _>(node, move |_, _| count.set(count.get() + 1))
                    .expect("it was not finalized");
                next = node.a.get();
            }
        });
        arena.mutate_root(|_, root| *root = None);
        settle(&mut arena);
        if reclaims::<C>() {
            assert_eq!((count.get(), witness.count()), (LEN, LEN as usize));
        }
    });
}

/// What lives when the arena is dropped is dropped, and not finalized.
pub fn an_arena_that_is_dropped_finalizes_nothing<C: Collector + Default>() {
    Setting::each(|setting| {
        let (witness, finalized) = (Witness::default(), Finalized::default());
        let arena = setting.arena::<Rootable!['gc => Held<'gc>], C>(|mc| {
            let node = Node::new(mc, &witness, 0);
            finalized.watch(mc, node);
            Some(node)
        });
        drop(arena);
        assert_eq!((finalized.names(), witness.sorted()), (vec![], vec![0]));
    });
}

/// Ordinary weak references are cleared before the finalizers of a dead ring run, tracking ones when
/// it is reclaimed.
pub fn a_tracking_weak_reference_outlasts_finalizers<C: Collector + Default>() {
    type Root<'gc> = (Held<'gc>, Vec<GcWeak<'gc, Node<'gc>>>);
    Setting::each(|setting| {
        for is_ring in [false, true] {
            let witness = Witness::default();
            let seen: Rc<Cell<Option<[bool; 2]>>> = Rc::default();
            let mut arena = setting.arena::<Rootable!['gc => Root<'gc>], C>(|mc| {
                let node = Node::new(mc, &witness, 0);
                if is_ring {
                    set_a(mc, node, Some(node));
                }
                let weaks = vec![Gc::downgrade(mc, node), Gc::downgrade_tracking(mc, node)];
                assert!(GcWeak::ptr_eq(weaks[0], weaks[1]));
                (Some(node), weaks)
            });
            arena.mutate(|mc, (node, weaks)| {
                let kept: DynamicRoot<Rootable!['a => [GcWeak<'a, Node<'a>>; 2]]> =
                    mc.stash(Gc::new(mc, [weaks[0], weaks[1]]));
                let seen = Rc::clone(&seen);
                let node = node.expect("held");
                mc.on_unreachable::<AnyNode, _>(node, move |mc, _| {
                    let weaks = *mc.fetch(&kept);
                    seen.set(Some(weaks.map(|weak| weak.upgrade(mc).is_some())));
                })
                .expect("it was not finalized");
            });
            arena.mutate_root(|_, root| root.0 = None);
            settle(&mut arena);
            arena.collect();
            if !(reclaims::<C>() && (C::ATTRIBUTES.reclaims_cycles || !is_ring)) {
                assert_eq!(seen.get(), None);
                return;
            }
            let is_counted = C::ATTRIBUTES.counts_references && !is_ring;
            assert_eq!(seen.get(), Some([is_counted, true]));
            arena.enter(|_, (_, weaks)| assert!(weaks.iter().all(|weak| weak.is_dropped())));
            assert_eq!(witness.sorted(), [0]);
        }
    });
}
