//! Functions for an object's death run once: when it dies, when they are called, or at the end.

use std::cell::{Cell, RefCell};
use std::panic::{self, AssertUnwindSafe};
use std::rc::Rc;

use gc_core::collector::Collector;
use gc_core::{Arena, CallKind, DynamicRoot, Gc, Mutation, OnDeath, Rootable};

use super::node::{Node, NodeRef, set_a};
use super::trial::{Setting, age, litter, reclaims, settle};
use super::witness::Witness;

type AnyNode = Rootable![Node<'_>];
type Held = Rootable![Option<NodeRef<'_>>];

/// The numbers of the functions that ran, in order.
#[derive(Clone, Default)]
struct Ran(Rc<RefCell<Vec<u32>>>);

impl Ran {
    /// A function that says that it ran, and makes garbage.
    fn note(&self, number: u32) -> impl for<'a> FnOnce(&'a Mutation<'a>) + use<> {
        let ran = self.clone();
        move |mc| {
            ran.0.borrow_mut().push(number);
            litter(mc);
        }
    }

    fn numbers(&self) -> Vec<u32> {
        self.0.borrow().clone()
    }

    /// How many functions own this, but for the one that asks.
    fn owners(&self) -> usize {
        Rc::strong_count(&self.0) - 1
    }
}

/// Three for one object, whose handles are dropped at once. The object is young or old when it dies.
/// (CPython's `test_order`)
pub fn functions_for_one_object_run_the_newest_first<C: Collector + Default>() {
    Setting::each(|setting| {
        for is_aged in [false, true] {
            let (witness, ran) = (Witness::default(), Ran::default());
            let mut arena = setting.arena::<Held, C>(|mc| {
                let node = Node::new(mc, &witness, 0);
                (0..3).for_each(|number| drop(mc.on_death(node, ran.note(number))));
                Some(node)
            });
            if is_aged {
                age(&mut arena);
            }
            assert!(ran.numbers().is_empty(), "it is reachable");
            arena.mutate_root(|_, root| *root = None);
            settle(&mut arena);
            if reclaims::<C>() {
                assert_eq!((ran.numbers(), witness.sorted()), (vec![2, 1, 0], vec![0]));
            }
            drop(arena);
            assert_eq!(ran.numbers(), [2, 1, 0], "once, and at the end at the latest");
        }
    });
}

/// Objects in a dead ring, whose functions see them as gone, and a function for an object that only
/// just was made.
pub fn a_function_runs_for_what_dies_in_a_ring_or_young<C: Collector + Default>() {
    if !C::ATTRIBUTES.reclaims_cycles {
        return;
    }
    Setting::each(|setting| {
        let (witness, ran) = (Witness::default(), Ran::default());
        let mut arena = setting.arena::<Held, C>(|mc| {
            let node = Node::new(mc, &witness, 0);
            let other = Node::with(mc, &witness, 1, Some(node), None);
            set_a(mc, node, Some(other));
            for (number, node) in [(0, node), (1, other)] {
                mc.on_death(node, ran.note(number));
            }
            Some(node)
        });
        arena.mutate_root(|mc, root| {
            mc.on_death(Node::new(mc, &witness, 2), ran.note(2));
            *root = None;
        });
        arena.collect();
        let mut numbers = ran.numbers();
        numbers.sort_unstable();
        assert_eq!((numbers, witness.sorted()), (vec![0, 1, 2], vec![0, 1, 2]));
        assert_eq!(ran.owners(), 0);
    });
}

/// As CPython's `test_finalize`.
pub fn a_function_that_is_called_by_hand_runs_once<C: Collector + Default>() {
    Setting::each(|setting| {
        let (witness, count) = (Witness::default(), Rc::new(Cell::new(0)));
        let mut arena = setting.arena::<Held, C>(|mc| Some(Node::new(mc, &witness, 0)));
        let function = arena.mutate(|mc, node| {
            let count = Rc::clone(&count);
            mc.on_death(node.expect("held"), move |mc| {
                litter(mc);
                count.set(count.get() + 1);
                Ok::<u32, &str>(7)
            })
        });
        age(&mut arena);
        let clone = function.clone();
        arena.mutate(|mc, node| {
            assert!(function.is_alive() && clone.is_alive());
            let object = function.peek(mc).expect("the object is there");
            assert!(Gc::ptr_eq(object, Gc::erase(node.expect("held"))));
            assert_eq!(function.call(mc), Some(Ok(7)));
            assert!(!function.is_alive() && !clone.is_alive());
            assert_eq!(clone.call(mc), None);
            assert!(function.detach().is_none() && function.peek(mc).is_none());
        });
        arena.mutate_root(|_, root| *root = None);
        settle(&mut arena);
        drop(arena);
        assert_eq!((count.get(), witness.sorted()), (1, vec![0]));
    });
}

/// As CPython's `test_finalize`.
pub fn a_function_that_is_detached_is_given_back_and_never_runs<C: Collector + Default>() {
    Setting::each(|setting| {
        let (witness, ran) = (Witness::default(), Ran::default());
        let mut arena = setting.arena::<Held, C>(|mc| Some(Node::new(mc, &witness, 0)));
        let function = arena.mutate(|mc, node| mc.on_death(node.expect("held"), ran.note(1)));
        age(&mut arena);
        let given_back = function.detach().expect("it was alive");
        assert!(!function.is_alive() && function.detach().is_none());
        assert_eq!(arena.mutate(|mc, _| function.call(mc)), None);
        arena.mutate_root(|_, root| *root = None);
        settle(&mut arena);
        assert!(ran.numbers().is_empty());
        arena.enter(|mc, _| given_back(mc));
        drop(arena);
        assert_eq!((ran.numbers(), witness.sorted()), (vec![1], vec![0]));
    });
}

/// A trap, here as in CPython, and documented.
pub fn a_function_that_holds_its_object_keeps_it_to_the_end<C: Collector + Default>() {
    Setting::each(|setting| {
        let (witness, name) = (Witness::default(), Rc::new(Cell::new(None)));
        let mut arena = setting.arena::<Rootable![()], C>(|_| ());
        arena.mutate(|mc, ()| {
            let node = Node::new(mc, &witness, 5);
            let kept: DynamicRoot<AnyNode> = mc.stash(node);
            let name = Rc::clone(&name);
            mc.on_death(node, move |mc| name.set(Some(mc.fetch(&kept).name())));
        });
        settle(&mut arena);
        age(&mut arena);
        assert_eq!((name.get(), witness.count()), (None, 0));
        drop(arena);
        assert_eq!((name.get(), witness.sorted()), (Some(5), vec![5]));
    });
}

/// Notes how many objects are dead when a function that owns it is dropped.
struct Observer(Witness, Rc<Cell<Option<usize>>>);

impl Drop for Observer {
    fn drop(&mut self) {
        self.1.set(Some(self.0.count()));
    }
}

/// One fails, one panics, one does not run at exit, and their objects live. (CPython's `test_atexit`)
pub fn what_is_left_runs_at_the_end_the_newest_first<C: Collector + Default>() {
    Setting::each(|setting| {
        let (witness, ran, dead) = (Witness::default(), Ran::default(), Rc::default());
        let errors: Rc<RefCell<Vec<String>>> = Rc::default();
        let reported = Rc::clone(&errors);
        let mut arena = setting.arena::<Held, C>(|mc| Some(Node::new(mc, &witness, 0)));
        arena.set_error_hook(move |error| {
            assert_eq!(error.kind(), CallKind::OnDeath);
            reported.borrow_mut().push(error.to_string());
        });
        let (last, not_at_exit) = arena.mutate(|mc, node| {
            let node = node.expect("held");
            let last = mc.on_death(node, ran.note(0));
            mc.on_death::<_, _, ()>(node, |_| panic!("on purpose"));
            mc.on_death(node, ran.note(1));
            mc.on_death(node, |_| Err::<(), _>("for a reason"));
            let (observer, note) = (Observer(witness.clone(), Rc::clone(&dead)), ran.note(2));
            let not_at_exit = mc.on_death(node, move |mc| {
                let _ = &observer;
                note(mc);
            });
            let witness = witness.clone();
            mc.on_death(node, move |_| assert_eq!(witness.count(), 0, "the heap is whole"));
            mc.on_death(node, ran.note(3));
            (last, not_at_exit)
        });
        assert!(not_at_exit.is_at_exit());
        not_at_exit.set_at_exit(false);
        last.set_at_exit(false);
        last.set_at_exit(true);
        assert!(last.is_at_exit() && !not_at_exit.is_at_exit());
        age(&mut arena);
        drop(arena);
        assert_eq!((ran.numbers(), witness.sorted()), (vec![3, 1, 0], vec![0]));
        let kind = "a function for an object's death";
        let expected =
            [format!("{kind} failed: for a reason"), format!("{kind} panicked: on purpose")];
        assert_eq!(*errors.borrow(), expected);
        assert!(!last.is_alive() && !not_at_exit.is_alive());
        assert!(not_at_exit.detach().is_none(), "it was dropped");
        assert_eq!(dead.get(), Some(0), "before anything else was");
        not_at_exit.set_at_exit(true);
        assert!(!not_at_exit.is_at_exit());
        assert_eq!(ran.owners(), 0);
    });
}

/// What does not run at exit runs at its object's death all the same.
pub fn what_does_not_run_at_exit_runs_when_its_object_dies<C: Collector + Default>() {
    Setting::each(|setting| {
        let (witness, ran) = (Witness::default(), Ran::default());
        let mut arena = setting.arena::<Held, C>(|mc| {
            let node = Node::new(mc, &witness, 0);
            mc.on_death(node, ran.note(1)).set_at_exit(false);
            Some(node)
        });
        arena.mutate_root(|_, root| *root = None);
        settle(&mut arena);
        drop(arena);
        assert_eq!(ran.numbers(), if reclaims::<C>() { vec![1] } else { vec![] });
    });
}

/// A function at exit detaches the oldest and registers one, which registers another, and so on.
/// (CPython's `test_atexit`)
pub fn what_is_registered_at_the_end_is_the_next_to_run<C: Collector + Default>() {
    fn register(mc: &Mutation<'_>, ran: &Ran, number: u32) {
        let (ran, note) = (ran.clone(), ran.note(number));
        mc.on_death(Gc::new(mc, number), move |mc| {
            if number < 5 {
                register(mc, &ran, number + 1);
            }
            note(mc);
        });
    }
    Setting::each(|setting| {
        let ran = Ran::default();
        let arena = setting.arena::<Rootable!['gc => Gc<'gc, u32>], C>(|mc| {
            let root = Gc::new(mc, 0);
            let oldest = mc.on_death(root, ran.note(10));
            mc.on_death(root, ran.note(9));
            let (ran, note) = (ran.clone(), ran.note(0));
            mc.on_death(root, move |mc| {
                assert!(oldest.detach().is_some());
                register(mc, &ran, 1);
                note(mc);
            });
            root
        });
        drop(arena);
        assert_eq!(ran.numbers(), [0, 1, 2, 3, 4, 5, 9]);
        assert_eq!(ran.owners(), 0);
    });
}

/// What a function owns goes with it, though its handle is there, and so does the object of the
/// registration. (CPython's `test_all_freed`)
pub fn after_it_ran_function_and_registration_are_freed<C: Collector + Default>() {
    Setting::each(|setting| {
        let (witness, ran) = (Witness::default(), Ran::default());
        let mut arena = setting.arena::<Held, C>(|mc| Some(Node::new(mc, &witness, 0)));
        let objects_before = {
            age(&mut arena);
            settle(&mut arena);
            arena.stats().live_objects
        };
        let functions: Vec<_> = arena.mutate(|mc, node| {
            let node = node.expect("held");
            (0..4).map(|number| mc.on_death(node, ran.note(number))).collect()
        });
        assert_eq!(ran.owners(), 4);
        arena.mutate(|mc, _| functions[0].call(mc)).expect("alive");
        assert_eq!(ran.owners(), 3);
        drop(functions[1].detach());
        assert_eq!(ran.owners(), 2);
        arena.mutate_root(|_, root| *root = None);
        age(&mut arena);
        settle(&mut arena);
        if reclaims::<C>() {
            assert_eq!((ran.owners(), functions.len()), (0, 4));
            assert_eq!(ran.numbers(), [0, 3, 2]);
            assert_eq!(arena.stats().live_objects, objects_before - 1, "no cell is left");
        }
        drop(arena);
        assert_eq!(ran.owners(), 0);
    });
}

/// The handle of one arena is given a `Mutation` of the other.
pub fn a_function_of_another_arena_is_not_called<C: Collector + Default>() {
    Setting::each(|setting| {
        let (witness, ran) = (Witness::default(), Ran::default());
        let make = |number| {
            let arena = setting.arena::<Held, C>(|mc| Some(Node::new(mc, &witness, number)));
            let function =
                arena.enter(|mc, node| mc.on_death(node.expect("held"), ran.note(number)));
            (arena, function)
        };
        let ((one, of_one), (other, of_other)) = (make(1), make(2));
        one.enter(|mc, _| {
            assert!(of_other.call(mc).is_none() && of_other.peek(mc).is_none());
            other.enter(|mc, _| assert!(of_one.call(mc).is_none() && of_one.peek(mc).is_none()));
        });
        assert!(of_one.is_alive() && of_other.is_alive() && ran.numbers().is_empty());
        drop(one);
        other.enter(|mc, _| assert!(of_one.call(mc).is_none()));
        drop(other);
        assert_eq!(ran.numbers(), [1, 2]);
    });
}

/// It is called by hand while it waits; or the arena of the call is exchanged for another in the middle
/// of it, or dropped.
pub fn a_function_that_waits_runs_once_and_in_its_arena<C: Collector + Default>() {
    if !reclaims::<C>() {
        return;
    }
    Setting::each(|setting| {
        let (witness, ran) = (Witness::default(), Ran::default());
        let make = |number| {
            let builder = setting.builder::<Held, C>().defer_calls(true);
            let mut arena = builder.build(|mc| Some(Node::new(mc, &witness, number)));
            let function =
                arena.mutate(|mc, node| mc.on_death(node.expect("held"), ran.note(number)));
            arena.mutate_root(|_, root| *root = None);
            settle(&mut arena);
            assert!(function.is_alive() && ran.numbers().is_empty(), "it waits");
            (arena, function)
        };
        let called_by_hand = |(mut arena, function): (Arena<Held, C>, OnDeath<_>)| {
            arena.mutate(|mc, _| {
                assert!(function.peek(mc).is_none(), "its object is dead");
                function.call(mc).expect("alive");
            });
            while let Some(mut call) = arena.next_call() {
                assert_eq!(call.kind(), CallKind::OnDeath);
                call.run();
            }
        };
        called_by_hand(make(0));
        assert_eq!(ran.0.take(), [0]);

        let ((mut one, of_one), (mut other, of_other)) = (make(1), make(2));
        let mut call = one.next_call().expect("it waits");
        std::mem::swap(&mut *call, &mut other);
        call.run();
        drop(call);
        assert!(of_one.is_alive() && of_other.is_alive() && ran.numbers().is_empty());
        drop((one, other));
        assert_eq!(ran.0.take(), [2, 1], "at the end of their arenas, which were exchanged");
        assert_eq!(ran.owners(), 0);
    });
}

/// A panic leaves a root that was never made, a `call`, and the arena.
pub fn a_panic_loses_no_function<C: Collector + Default>() {
    Setting::each(|setting| {
        let ran = Ran::default();
        let attempt = |f: &mut dyn FnMut()| {
            assert!(panic::catch_unwind(AssertUnwindSafe(f)).is_err());
        };
        attempt(&mut || {
            setting.arena::<Rootable![()], C>(|mc| {
                mc.on_death(Gc::new(mc, 0), ran.note(0));
                panic!("on purpose");
            });
        });
        assert_eq!((ran.numbers(), ran.owners()), (vec![], 0), "there never was an arena");

        attempt(&mut || {
            let mut arena = setting.arena::<Rootable!['gc => Gc<'gc, u32>], C>(|mc| Gc::new(mc, 0));
            arena.mutate(|mc, root| {
                mc.on_death(*root, ran.note(1));
                let function = mc.on_death::<_, _, ()>(*root, |_| panic!("on purpose"));
                let call = panic::catch_unwind(AssertUnwindSafe(|| function.call(mc)));
                assert!(call.is_err() && !function.is_alive() && function.call(mc).is_none());
                mc.on_death(*root, ran.note(2));
            });
            panic!("on purpose");
        });
        assert_eq!((ran.numbers(), ran.owners()), (vec![2, 1], 0), "the arena was dropped");
    });
}
