//! What the tests of CPython's own collector and of its `weakref` claim, where no other claim here says
//! it already. Where something does not exist here, the claim is what holds instead; `docs/python.md`
//! says why.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::panic::{self, AssertUnwindSafe};
use std::rc::Rc;

use gc_core::collector::Collector;
use gc_core::{
    Arena, DynamicRoot, Gc, GcId, GcVec, GcWeak, Lock, Mutation, Rootable, Trace, unlock,
};

use super::node::{Node, NodeRef, set_a, set_b};
use super::trial::{Setting, age, litter, reclaims, settle};
use super::witness::{Token, Witness};

type AnyNode = Rootable![Node<'_>];
type Held<'gc> = Option<NodeRef<'gc>>;
type Weak<'gc> = GcWeak<'gc, Node<'gc>>;

/// Two rings of two whose objects all have finalizers: no finalizer keeps its ring from being
/// reclaimed, in whatever order they run. (`test_legacy_finalizer`, `test_legacy_self_cycle`)
pub fn finalizers_make_no_ring_uncollectable<C: Collector + Default>() {
    if !C::ATTRIBUTES.reclaims_cycles {
        return;
    }
    Setting::each(|setting| {
        let (witness, count) = (Witness::default(), Rc::new(Cell::new(0)));
        let mut arena = setting.arena::<Rootable!['gc => Vec<NodeRef<'gc>>], C>(|mc| {
            let node = |name| {
                let node = Node::new(mc, &witness, name);
                let count = Rc::clone(&count);
                mc.on_unreachable::<AnyNode, _>(node, move |mc, node| {
                    assert_eq!(node.a.get().map(|other| other.name()), Some(node.name() ^ 1));
                    litter(mc);
                    count.set(count.get() + 1);
                })
                .expect("it was not finalized");
                node
            };
            let nodes: Vec<NodeRef<'_>> = (0..4).map(node).collect();
            (0..4).for_each(|index| set_a(mc, nodes[index], Some(nodes[index ^ 1])));
            nodes
        });
        age(&mut arena);
        arena.mutate_root(|_, nodes| nodes.clear());
        arena.collect();
        assert_eq!((count.get(), witness.sorted()), (4, vec![0, 1, 2, 3]));
    });
}

/// An object without references, which a collector of cycles need not look at: it is finalized once,
/// too, and dies the second time. (`test_non_gc_resurrect`, `test_legacy_resurrect`)
pub fn a_leaf_that_its_finalizer_keeps_is_finalized_once<C: Collector + Default>() {
    type Leaf = Rootable![Token];
    Setting::each(|setting| {
        let (witness, count) = (Witness::default(), Rc::new(Cell::new(0)));
        let kept: Rc<RefCell<Option<DynamicRoot<Leaf>>>> = Rc::default();
        let mut arena = setting.arena::<Rootable!['gc => Option<Gc<'gc, Token>>], C>(|mc| {
            let leaf = Gc::new(mc, witness.token(3));
            let (count, keeper) = (Rc::clone(&count), Rc::clone(&kept));
            mc.on_unreachable::<Leaf, _>(leaf, move |mc, leaf| {
                count.set(count.get() + 1);
                keeper.replace(Some(mc.stash::<Leaf>(leaf)));
            })
            .expect("it was not finalized");
            Some(leaf)
        });
        arena.mutate_root(|_, root| *root = None);
        settle(&mut arena);
        age(&mut arena);
        if !reclaims::<C>() {
            return;
        }
        assert_eq!((count.get(), witness.count()), (1, 0));
        arena.mutate(|mc, _| {
            let kept = kept.borrow();
            assert_eq!(mc.fetch(kept.as_ref().expect("kept")).name, 3);
        });
        kept.take();
        settle(&mut arena);
        assert_eq!((count.get(), witness.sorted()), (1, vec![3]));
        assert!(kept.borrow().is_none());
    });
}

/// An old object refers to something new that the collector was not told of, as only unsafe code can:
/// the check names its type and does not go on. (`test_refcount_errors`)
pub fn a_store_without_the_barrier_is_found_by_the_check<C: Collector + Default>() {
    if !reclaims::<C>() {
        return;
    }
    type Untold<'gc> = Gc<'gc, Lock<Option<Gc<'gc, u32>>>>;
    let builder = Arena::<Rootable!['gc => Untold<'gc>], C>::builder();
    let mut arena =
        builder.stress(true).check_barrier(true).build(|mc| Gc::new(mc, Lock::new(None)));
    age(&mut arena);
    let panic = panic::catch_unwind(AssertUnwindSafe(|| {
        arena.mutate(|mc, cell| {
            // SAFETY: it is not, for the barrier did not run. That is what the claim is about: the check
            // comes first at the safepoint, and the arena is given up after it.
            unsafe { cell.unlock_unchecked() }.set(Some(Gc::new(mc, 1)));
        });
    }));
    let panic = panic.expect_err("the check found it");
    let message = panic.downcast_ref::<String>().expect("a message");
    assert!(message.contains("Lock"), "{message}");
    std::mem::forget(arena);
}

/// A container in the middle of a nest of them.
#[derive(Trace)]
struct Nest<'gc> {
    token: Token,
    inner: Inner<'gc>,
}

#[derive(Clone, Copy, Trace)]
enum Inner<'gc> {
    Nothing,
    Slice(Gc<'gc, [Gc<'gc, Nest<'gc>>]>),
    Vector(GcVec<'gc, Gc<'gc, Nest<'gc>>>),
    Object(Gc<'gc, Lock<Option<Gc<'gc, Nest<'gc>>>>>),
}

/// Nests 150 deep of three kinds of containers, in which every 17th finalizer collects everything.
/// (`test_trashcan`)
pub fn finalizers_in_deep_nests_may_collect<C: Collector + Default>() {
    const DEPTH: u32 = 150;
    Setting::each(|setting| {
        let (witness, count) = (Witness::default(), Rc::new(Cell::new(0)));
        let builder = setting.builder::<Rootable!['gc => Vec<Gc<'gc, Nest<'gc>>>], C>();
        let mut arena = builder.defer_calls(true).build(|mc| {
            let nest = |kind: u32| {
                (0..DEPTH).fold(None, |inner: Option<Gc<'_, Nest<'_>>>, name| {
                    let inner = match (inner, kind) {
                        (None, _) => Inner::Nothing,
                        (Some(inner), 0) => Inner::Slice(Gc::new_slice(mc, [inner])),
                        (Some(inner), 1) => Inner::Vector(GcVec::from_slice(mc, &[inner])),
                        (Some(inner), _) => Inner::Object(Gc::new(mc, Lock::new(Some(inner)))),
                    };
                    let token = witness.token(kind * DEPTH + name);
                    let nest = Gc::new(mc, Nest { token, inner });
                    let count = Rc::clone(&count);
                    mc.on_unreachable::<Rootable![Nest<'_>], _>(nest, move |_, nest| {
                        let inner = match nest.inner {
                            Inner::Nothing => None,
                            Inner::Slice(slice) => slice.first().copied(),
                            Inner::Vector(vector) => vector.get(0),
                            Inner::Object(object) => object.get(),
                        };
                        assert!(inner.is_none_or(|inner| inner.token.is_intact()));
                        count.set(count.get() + 1);
                    })
                    .expect("it was not finalized");
                    Some(nest)
                })
            };
            (0..3).filter_map(nest).collect()
        });
        arena.mutate_root(|_, nests| nests.clear());
        settle(&mut arena);
        let mut calls = 0;
        while let Some(mut call) = arena.next_call() {
            call.run();
            calls += 1;
            if calls % 17 == 0 {
                call.collect();
            }
        }
        settle(&mut arena);
        if reclaims::<C>() {
            assert_eq!((count.get(), calls), (3 * DEPTH, 3 * DEPTH));
            assert_eq!(witness.sorted(), Vec::from_iter(0..3 * DEPTH));
        }
    });
}

/// A value that is not to be asked for anything.
#[derive(Trace)]
struct Boom<'gc> {
    token: Token,
    other: Lock<Option<Gc<'gc, Boom<'gc>>>>,
}

impl PartialEq for Boom<'_> {
    fn eq(&self, _: &Self) -> bool {
        unreachable!("{} was compared", self.token.name)
    }
}

impl Eq for Boom<'_> {}

impl Hash for Boom<'_> {
    fn hash<H: Hasher>(&self, _: &mut H) {
        unreachable!("{} was hashed", self.token.name)
    }
}

impl fmt::Debug for Boom<'_> {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        unreachable!("{} was printed", self.token.name)
    }
}

/// A ring of two objects whose every method has a side effect, in a heap that has identities, weak
/// references and a listener. (`test_boom`, `test_boom2`)
pub fn the_collector_asks_no_object_whether_it_is_garbage<C: Collector + Default>() {
    if !C::ATTRIBUTES.reclaims_cycles {
        return;
    }
    Setting::each(|setting| {
        let witness = Witness::default();
        type Booms<'gc> = Vec<Gc<'gc, Boom<'gc>>>;
        let mut arena = setting.arena::<Rootable!['gc => Booms<'gc>], C>(|mc| {
            let boom =
                |name| Gc::new(mc, Boom { token: witness.token(name), other: Lock::new(None) });
            let (a, b) = (boom(0), boom(1));
            unlock!(Gc::write(mc, a), Boom, other).set(Some(b));
            unlock!(Gc::write(mc, b), Boom, other).set(Some(a));
            assert_ne!(Gc::id(a), Gc::id(b));
            assert!(!Gc::downgrade(mc, a).is_dropped());
            vec![a, b]
        });
        age(&mut arena);
        arena.mutate_root(|_, booms| booms.clear());
        let unreachable = arena.collect().unreachable;
        assert!(unreachable >= 2 || setting != Setting::Default, "{unreachable}");
        assert_eq!(witness.sorted(), [0, 1]);
    });
}

/// An object that owns a weak reference with a callback.
#[derive(Trace)]
struct Owner<'gc> {
    next: Lock<Option<Gc<'gc, Owner<'gc>>>>,
    weak: Lock<Option<GcWeak<'gc, Owner<'gc>>>>,
}

/// A ring of three, each of which owns a weak reference to the next with a callback, and a weak
/// reference to one of them from outside. (`test_callbacks_on_callback`)
pub fn of_callbacks_on_owners_of_callbacks_the_outer_one_is_called<C: Collector + Default>() {
    type Root<'gc> = (Option<Gc<'gc, Owner<'gc>>>, Vec<GcWeak<'gc, Owner<'gc>>>);
    Setting::each(|setting| {
        for is_aged in [false, true] {
            let called: Rc<RefCell<Vec<&str>>> = Rc::default();
            let callback = |text| {
                let called = Rc::clone(&called);
                move |_: &Mutation<'_>| called.borrow_mut().push(text)
            };
            let mut arena = setting.arena::<Rootable!['gc => Root<'gc>], C>(|mc| {
                let owner = |_| Gc::new(mc, Owner { next: Lock::new(None), weak: Lock::new(None) });
                let owners: Vec<_> = (0..3).map(owner).collect();
                for index in 0..3 {
                    let (owner, next) = (owners[index], owners[(index + 1) % 3]);
                    unlock!(Gc::write(mc, owner), Owner, next).set(Some(next));
                    let weak = Gc::downgrade_with_callback(mc, next, callback("inner"));
                    unlock!(Gc::write(mc, owner), Owner, weak).set(Some(weak));
                }
                let outer = Gc::downgrade_with_callback(mc, owners[0], callback("outer"));
                (Some(owners[0]), vec![outer])
            });
            if is_aged {
                age(&mut arena);
            }
            arena.mutate_root(|_, root| root.0 = None);
            arena.collect();
            arena.collect();
            let expected: &[&str] = if C::ATTRIBUTES.reclaims_cycles { &["outer"] } else { &[] };
            assert_eq!(*called.borrow(), expected);
        }
    });
}

/// An object that owns a weak reference with a callback and the only reference to its target: the
/// callback is not called. But where counts go to zero in the order of the places, a weak reference
/// behind its target outlives it by a moment. (`test_subclass_refs_with_cycle`)
pub fn a_weak_reference_that_goes_with_its_target_is_not_called<C: Collector + Default>() {
    #[derive(Trace)]
    #[repr(C)]
    struct Data<'gc> {
        before: Option<Weak<'gc>>,
        target: NodeRef<'gc>,
        behind: Option<Weak<'gc>>,
    }
    type Root = Rootable!['gc => Option<Gc<'gc, Data<'gc>>>];
    Setting::each(|setting| {
        for (is_aged, is_behind) in [(false, false), (true, false), (false, true), (true, true)] {
            let (witness, called) = (Witness::default(), Rc::new(Cell::new(false)));
            let mut arena = setting.arena::<Root, C>(|mc| {
                let target = Node::new(mc, &witness, 0);
                let called = Rc::clone(&called);
                let callback = move |_: &Mutation<'_>| called.set(true);
                let weak = Some(Gc::downgrade_with_callback(mc, target, callback));
                let (before, behind) = if is_behind { (None, weak) } else { (weak, None) };
                Some(Gc::new(mc, Data { before, target, behind }))
            });
            arena.mutate(|mc, data| {
                let data = data.expect("held");
                let weak = data.before.or(data.behind).expect("one of them");
                assert!(Gc::ptr_eq(weak.upgrade(mc).expect("alive"), data.target));
            });
            if is_aged {
                age(&mut arena);
            }
            arena.mutate_root(|_, data| *data = None);
            settle(&mut arena);
            assert_eq!(witness.count(), usize::from(reclaims::<C>()));
            assert_eq!(called.get(), C::ATTRIBUTES.counts_references && is_behind);
        }
    });
}

/// However much is allocated while weak references are made, no collection comes between.
/// (`test_gc_during_ref_creation`)
pub fn no_collection_starts_while_a_weak_reference_is_made<C: Collector + Default>() {
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena = setting.arena::<Rootable![()], C>(|_| ());
        arena.mutate(|mc, ()| {
            let collections = mc.metrics().stats().collections;
            for name in 0..20 {
                let node = Node::new(mc, &witness, name);
                set_a(mc, node, Some(node));
                litter(mc);
                let weaks =
                    [Gc::downgrade(mc, node), Gc::downgrade_with_callback(mc, node, |_| ())];
                litter(mc);
                for weak in weaks {
                    assert!(weak.upgrade(mc).is_some_and(|other| Gc::ptr_eq(node, other)));
                }
            }
            assert_eq!((mc.metrics().stats().collections, witness.count()), (collections, 0));
        });
    });
}

/// A finalizer in a ring makes a weak reference to its neighbor, and what runs after the teardown reads
/// it. (`test_function_tp_clear_leaves_consistent_state`)
pub fn a_weak_reference_that_a_finalizer_makes_is_cleared<C: Collector + Default>() {
    type WeakRoot = Rootable!['a => Weak<'a>];
    if !C::ATTRIBUTES.reclaims_cycles {
        return;
    }
    Setting::each(|setting| {
        let witness = Witness::default();
        let late: Rc<RefCell<Vec<DynamicRoot<WeakRoot>>>> = Rc::default();
        let mut arena = setting.arena::<Rootable!['gc => Held<'gc>], C>(|mc| {
            let (a, b) = (Node::new(mc, &witness, 0), Node::new(mc, &witness, 1));
            set_a(mc, a, Some(b));
            set_a(mc, b, Some(a));
            let late = Rc::clone(&late);
            mc.on_unreachable::<AnyNode, _>(a, move |mc, a| {
                let b = a.a.get().expect("its neighbor is whole");
                let weaks =
                    [Gc::downgrade(mc, b), Gc::downgrade_tracking(mc, b), Gc::downgrade(mc, a)];
                for weak in weaks {
                    assert!(weak.upgrade(mc).is_some());
                    late.borrow_mut().push(mc.stash::<WeakRoot>(Gc::new(mc, weak)));
                }
            })
            .expect("it was not finalized");
            Some(a)
        });
        arena.mutate_root(|_, root| *root = None);
        arena.collect();
        assert_eq!((late.borrow().len(), witness.sorted()), (3, vec![0, 1]));
        arena.mutate(|mc, _| {
            litter(mc);
            for weak in &*late.borrow() {
                assert!(mc.fetch(weak).upgrade(mc).is_none());
            }
        });
        late.borrow_mut().clear();
    });
}

/// Every use of a weak reference whose object is dead has an answer. (`test_basic_proxy`,
/// `test_proxy_deletion`: a proxy would fail)
pub fn a_weak_reference_to_the_dead_answers_every_question<C: Collector + Default>() {
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena = setting.arena::<Rootable!['gc => (Held<'gc>, Vec<Weak<'gc>>)], C>(|mc| {
            let node = Node::new(mc, &witness, 0);
            set_b(mc, node, Some(Node::new(mc, &witness, 1)));
            let weaks = vec![
                Gc::downgrade(mc, node),
                Gc::downgrade_tracking(mc, node),
                Gc::downgrade_with_callback(mc, node, |_| ()),
            ];
            (Some(node), weaks)
        });
        arena.mutate_root(|_, (node, _)| *node = None);
        settle(&mut arena);
        age(&mut arena);
        if !reclaims::<C>() {
            return;
        }
        arena.mutate(|mc, (_, weaks)| {
            for &weak in weaks {
                assert!(weak.upgrade(mc).is_none() && weak.is_dropped());
                assert!(GcWeak::ptr_eq(weak, weak));
                assert_eq!(weak.id(), weak.id());
                assert_eq!(format!("{weak:?}"), "(dropped)");
                let copy = Gc::new(mc, weak);
                assert!(copy.upgrade(mc).is_none());
            }
        });
        age(&mut arena);
        arena.enter(|_, (_, weaks)| assert!(weaks.iter().all(|weak| weak.is_dropped())));
    });
}

/// Two references to one object are equal while it lives; then each is equal to itself. A key is the
/// identity, which never changes: also one that was first asked for when the object was dead.
/// (`test_equality`, `test_hashing`: there the hash then fails)
pub fn weak_references_are_keys_by_their_identity<C: Collector + Default>() {
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena =
            setting.arena::<Rootable!['gc => (Vec<NodeRef<'gc>>, Vec<Weak<'gc>>)], C>(|mc| {
                let nodes: Vec<_> = (0..2).map(|name| Node::new(mc, &witness, name)).collect();
                let weak = |index: usize| Gc::downgrade_with_callback(mc, nodes[index / 2], |_| ());
                let weaks = (0..4).map(weak).collect();
                (nodes, weaks)
            });
        let mut names: HashMap<GcId, &str> = HashMap::new();
        arena.mutate(|_, (_, weaks)| {
            assert!(GcWeak::ptr_eq(weaks[0], weaks[1]) && GcWeak::ptr_eq(weaks[2], weaks[3]));
            assert!(!GcWeak::ptr_eq(weaks[0], weaks[2]));
            names.insert(weaks[0].id(), "asked before");
            assert_eq!(names.get(&weaks[1].id()), Some(&"asked before"));
        });
        age(&mut arena);
        arena.mutate_root(|_, (nodes, _)| nodes.clear());
        settle(&mut arena);
        age(&mut arena);
        if !reclaims::<C>() {
            return;
        }
        arena.mutate(|_, (_, weaks)| {
            for (index, &weak) in weaks.iter().enumerate() {
                let equal = weaks.iter().filter(|&&other| GcWeak::ptr_eq(weak, other));
                assert_eq!(equal.count(), 1, "each is equal to itself alone");
                let name = names.get(&weak.id()).copied();
                assert_eq!(name, (index < 2).then_some("asked before"));
            }
            names.insert(weaks[2].id(), "asked late");
        });
        age(&mut arena);
        arena.mutate(|_, (_, weaks)| {
            assert_eq!(names.get(&weaks[2].id()), Some(&"asked late"));
            assert_ne!(weaks[2].id(), weaks[3].id());
        });
    });
}
