//! A program that has every place at which code of the user runs, many times; and a panic at the n-th
//! of them, for every n, or at all from the n-th on.
//!
//! After each step the arena is whole, and at the end everything that was made was dropped once.

use std::cell::Cell;
use std::hash::{Hash, Hasher};
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;

use gc_core::collector::Collector;
use gc_core::{
    Arena, Brand, DynamicRoot, Finalize, Gc, GcHashMap, GcHashSet, GcVec, GcWeak, Lock, Mutation,
    OnceLock, RefLock, Rootable, Sampling, Trace, WeakMap, WeakSet, WeakValueMap, field, unlock,
};

use super::on_every_collector;
use super::points::{burning, count, pass, step};
use super::witness::{Token, Witness};

/// What panics when it is dropped, if it is its turn.
struct Loud(Token);

impl Drop for Loud {
    fn drop(&mut self) {
        pass();
    }
}

gc_core::static_trace!(Loud);

#[derive(Trace)]
struct Node<'gc> {
    loud: Loud,
    number: u32,
    next: Lock<Option<NodeRef<'gc>>>,
}

type NodeRef<'gc> = Gc<'gc, Node<'gc>>;

impl PartialEq for Node<'_> {
    fn eq(&self, other: &Self) -> bool {
        pass();
        self.number == other.number
    }
}

impl Eq for Node<'_> {}

impl Hash for Node<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        pass();
        // Many collide.
        state.write_u32(self.number % 4);
    }
}

#[derive(Clone, Copy)]
struct Key(u32);

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        pass();
        self.0 == other.0
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        pass();
        state.write_u32(self.0 % 4);
    }
}

gc_core::static_trace!(Key);

#[derive(Trace)]
#[trace(finalize)]
struct Finalized<'gc> {
    loud: Loud,
    _brand: Brand<'gc>,
}

impl<'gc> Finalize<'gc> for Finalized<'gc> {
    type Outcome = Result<(), &'static str>;

    fn finalize(mc: &Mutation<'gc>, this: Gc<'gc, Self>) -> Self::Outcome {
        this.loud.0.assert_alive();
        let _ = Gc::new(mc, 1_u64);
        pass();
        Err("on purpose")
    }
}

/// What the program works on: something of every kind.
#[derive(Trace)]
struct World<'gc> {
    list: Lock<Option<NodeRef<'gc>>>,
    vec: GcVec<'gc, NodeRef<'gc>>,
    map: GcHashMap<'gc, Key, NodeRef<'gc>>,
    set: GcHashSet<'gc, Key>,
    weak_map: WeakMap<'gc, Node<'gc>, Node<'gc>>,
    weak_values: WeakValueMap<'gc, Key, Node<'gc>>,
    weak_set: WeakSet<'gc, Node<'gc>>,
    rows: Vec<Gc<'gc, [Loud]>>,
    once: OnceLock<NodeRef<'gc>>,
    shared: RefLock<Vec<NodeRef<'gc>>>,
    weak: Vec<GcWeak<'gc, Node<'gc>>>,
    own: Vec<Loud>,
}

type Root = Rootable!['gc => World<'gc>];
type NodeRoot = Rootable![Node<'_>];

fn new_world<'gc>(mc: &'gc Mutation<'gc>, witness: &Witness) -> World<'gc> {
    let first = node(mc, witness, 0, None);
    pass();
    World {
        list: Lock::new(Some(first)),
        vec: GcVec::new(mc),
        map: GcHashMap::new(mc),
        set: GcHashSet::new(mc),
        weak_map: WeakMap::new(mc),
        weak_values: WeakValueMap::new(mc),
        weak_set: WeakSet::new(mc),
        rows: Vec::new(),
        once: OnceLock::new(),
        shared: RefLock::new(vec![first]),
        weak: Vec::new(),
        own: vec![Loud(witness.token())],
    }
}

fn node<'gc>(
    mc: &Mutation<'gc>,
    witness: &Witness,
    number: u32,
    next: Option<NodeRef<'gc>>,
) -> NodeRef<'gc> {
    Gc::new(mc, Node { loud: Loud(witness.token()), number, next: Lock::new(next) })
}

type World_<C> = Arena<Root, C>;

/// How the arena of the program is set up.
#[derive(Clone, Copy, Debug)]
enum Setting {
    Default,
    Stressed,
    Deferred,
}

fn arena<C: Collector + Default>(setting: Setting, witness: &Witness) -> Option<World_<C>> {
    let builder = Arena::<Root, C>::builder();
    let builder = match setting {
        Setting::Default => builder,
        Setting::Stressed => builder.stress(true).check_barrier(true).check_trace(true),
        Setting::Deferred => builder.nursery_bytes(1).defer_calls(true),
    };
    step(|| builder.build(|mc| new_world(mc, witness)))
}

type Step<C> = fn(&mut World_<C>, &Witness, &mut Vec<DynamicRoot<NodeRoot>>);

/// The steps of the program. Each may be cut short by a panic; the next ones go on.
fn steps<C: Collector>() -> Vec<Step<C>> {
    vec![
        // Closures of the ways in.
        |arena, witness, _| {
            arena.mutate(|mc, world| {
                pass();
                let made = node(mc, witness, 1, world.list.get());
                unlock!(Gc::write(mc, made), Node, next).set(world.list.get());
                pass();
            });
        },
        |arena, witness, _| {
            arena.mutate_root(|mc, world| {
                let taken = mem::take(&mut world.own);
                pass();
                world.own = taken;
                world.own.push(Loud(witness.token()));
                for number in 0..5 {
                    let made = node(mc, witness, number, world.list.get());
                    *world.list.get_mut() = Some(made);
                    pass();
                    world.vec.push(mc, made);
                    world.weak.push(Gc::downgrade(mc, made));
                }
                world.own.drain(1..);
            });
        },
        |arena, witness, handles| {
            arena.enter(|mc, world| {
                handles.push(mc.stash::<NodeRoot>(node(mc, witness, 2, world.list.get())));
                pass();
                arena.enter(|mc, _| {
                    handles.push(mc.stash::<NodeRoot>(node(mc, witness, 2, None)));
                    pass();
                });
            });
            pass();
        },
        // Closures and iterators that make elements.
        |arena, witness, _| {
            arena.mutate_root(|mc, world| {
                let row = Gc::slice_from_fn(mc, 4, |_| {
                    pass();
                    let _ = Gc::new(mc, 7_u64);
                    Loud(witness.token())
                });
                world.rows.push(row);
                let tokens = (0..3).map(|_| {
                    pass();
                    Loud(witness.token())
                });
                world.rows.push(Gc::new_slice(mc, tokens));
                let header = Loud(witness.token());
                let _ = Gc::new_slice_with_header(mc, header, 3, |_| {
                    pass();
                    Loud(witness.token())
                });
                let _large = Gc::slice_from_fn(mc, 600, |index| {
                    if index % 200 == 50 {
                        pass();
                    }
                    Loud(witness.token())
                });
            });
        },
        |arena, witness, _| {
            arena.mutate(|mc, world| {
                let nodes = (0..6).map(|number| {
                    pass();
                    node(mc, witness, number, None)
                });
                world.vec.extend(mc, nodes);
                let copies = world.vec.iter().inspect(|_| pass());
                let copy = GcVec::from_iter_in(mc, copies);
                assert_eq!(copy.len(), world.vec.len());
                world.vec.sort_by(mc, |left, right| {
                    pass();
                    right.number.cmp(&left.number)
                });
                world.vec.retain(mc, |node| {
                    pass();
                    node.number % 2 == 0
                });
            });
        },
        // Keys.
        |arena, witness, _| {
            arena.mutate(|mc, world| {
                for number in 0..6 {
                    world.map.insert(mc, Key(number), node(mc, witness, number, None));
                    world.set.insert(mc, Key(number));
                }
                world.map.get_or_insert_with(mc, Key(9), || {
                    pass();
                    node(mc, witness, 9, None)
                });
                world.map.extend(
                    mc,
                    (8..11).map(|number| {
                        pass();
                        (Key(number), node(mc, witness, number, None))
                    }),
                );
                world.map.remove(mc, &Key(3));
                world.set.remove(mc, &Key(3));
                let _ = world.map.find(1, |_| {
                    pass();
                    false
                });
                world.map.retain(mc, |key, _| {
                    pass();
                    key.0 != 5
                });
                world.set.retain(mc, |key| {
                    pass();
                    key.0 != 5
                });
                assert!(world.map.contains_key(&Key(0)) || world.map.len() < 8);
            });
        },
        |arena, witness, _| {
            arena.mutate(|mc, world| {
                for number in 0..5 {
                    let value = node(mc, witness, number, None);
                    world.weak_values.insert(mc, Key(number), value);
                    world.weak_set.insert(mc, value);
                    world.weak_map.insert(mc, value, node(mc, witness, 50, Some(value)));
                    if number % 2 == 0 {
                        world.vec.push(mc, value);
                    }
                }
                world.weak_values.get_or_insert_with(mc, Key(7), || {
                    pass();
                    node(mc, witness, 7, None)
                });
                if let Some(key) = world.vec.last() {
                    world.weak_map.get_or_insert_with(mc, key, || {
                        pass();
                        node(mc, witness, 60, None)
                    });
                    let _ = world.weak_set.contains(&*key);
                }
                world.weak_values.retain(mc, |key, _| {
                    pass();
                    key.0 != 1
                });
                world.weak_map.retain(mc, |key, _| {
                    pass();
                    key.number != 1
                });
                world.weak_set.retain(mc, |node| {
                    pass();
                    node.number != 1
                });
            });
        },
        // Locks.
        |arena, witness, _| {
            arena.mutate(|mc, world| {
                if let Some(first) = world.list.get() {
                    let link = unlock!(Gc::write(mc, first), Node, next);
                    let next = link.take();
                    pass();
                    link.set(next);
                }
            });
            arena.mutate_root(|mc, world| {
                let write: &gc_core::Write<_> = gc_core::Write::from_mut(world);
                let shared = field!(write, World, shared).unlock();
                let mut guard = shared.borrow_mut();
                guard.push(node(mc, witness, 20, None));
                pass();
                guard.truncate(1);
                drop(guard);
                let once = field!(write, World, once).unlock();
                once.get_or_init(|| {
                    pass();
                    node(mc, witness, 21, None)
                });
            });
        },
        // What is told of deaths.
        |arena, witness, _| {
            arena.mutate(|mc, _| {
                for number in 30..33 {
                    let dying = node(mc, witness, number, None);
                    let loud = Loud(witness.token());
                    let outcome = mc.on_unreachable::<NodeRoot, _>(dying, move |mc, node| {
                        node.loud.0.assert_alive();
                        loud.0.assert_alive();
                        pass();
                        let _ = Gc::new(mc, 5_u32);
                        if number == 31 { Err("on purpose") } else { Ok(()) }
                    });
                    assert!(outcome.is_ok());
                    let loud = Loud(witness.token());
                    let weak = Gc::downgrade_with_callback(mc, dying, move |_| {
                        loud.0.assert_alive();
                        pass();
                    });
                    let holder = Gc::new(mc, Lock::new(Some(weak)));
                    _ = mc.stash::<Rootable!['gc => Lock<Option<GcWeak<'gc, Node<'gc>>>>]>(holder);
                    let loud = Loud(witness.token());
                    let registration = mc.on_death(dying, move |_| {
                        loud.0.assert_alive();
                        pass();
                    });
                    registration.set_at_exit(number != 32);
                    let made = Gc::new(
                        mc,
                        Finalized { loud: Loud(witness.token()), _brand: Brand::new(mc) },
                    );
                    made.loud.0.assert_alive();
                }
                pass();
            });
            arena.collect();
        },
        // Calls that wait are run by hand, where they do.
        |arena, _, _| {
            while let Some(mut call) = arena.next_call() {
                pass();
                call.run();
            }
        },
        // Those who watch.
        |arena, _, _| {
            arena.set_error_hook(|_| pass());
            arena.set_listener(|_: &gc_core::Event| pass());
        },
        |arena, _, _| {
            arena.inspect(|heap, world| {
                pass();
                heap.objects().for_each(|object| {
                    if object.type_name().contains("Node") {
                        pass();
                    }
                    assert!(object.size_bytes() > 0);
                });
                let graph = heap.graph();
                pass();
                let _ = graph.dominators();
                assert!(world.list.get().is_none_or(|first| first.number < 100));
            });
        },
        |arena, witness, _| {
            // SAFETY: the function enters no arena.
            let sampling = unsafe { Sampling::every_bytes(50).with_stacks(|_| pass()) };
            arena.profile_allocations(Some(sampling));
            arena.mutate(|mc, _| (0..5).for_each(|number| _ = node(mc, witness, number, None)));
            pass();
            arena.profile_allocations(None);
        },
        |_, _, handles| handles.clear(),
        |arena, _, _| {
            for generation in 0..3 {
                arena.collect_generation(generation);
                pass();
            }
        },
        |arena, _, _| {
            arena.mutate_root(|mc, world| {
                world.rows.clear();
                world.vec.clear(mc);
                world.map.clear(mc);
                pass();
                *world.list.get_mut() = None;
            });
            arena.collect();
        },
    ]
}

fn assert_intact(world: &World<'_>) {
    let mut next = world.list.get();
    while let Some(node) = next {
        node.loud.0.assert_alive();
        next = node.next.get();
    }
    world.vec.iter().for_each(|node| node.loud.0.assert_alive());
    world.map.values().for_each(|node| node.loud.0.assert_alive());
    assert_eq!(world.map.iter().count(), world.map.len());
    assert_eq!(world.set.iter().count(), world.set.len());
    assert_eq!(world.weak_set.iter().count(), world.weak_set.len());
    for (key, value) in world.weak_map.iter() {
        key.loud.0.assert_alive();
        value.loud.0.assert_alive();
    }
    world.weak_values.iter().for_each(|(_, node)| node.loud.0.assert_alive());
    world.weak_set.iter().for_each(|node| node.loud.0.assert_alive());
    world.rows.iter().flat_map(|row| row.iter()).for_each(|loud| loud.0.assert_alive());
    world.own.iter().for_each(|loud| loud.0.assert_alive());
    world.once.get().iter().for_each(|node| node.loud.0.assert_alive());
    world.shared.borrow().iter().for_each(|node| node.loud.0.assert_alive());
}

fn program<C: Collector + Default>(setting: Setting) {
    let witness = Witness::new();
    let mut handles = Vec::new();
    if let Some(mut arena) = arena::<C>(setting, &witness) {
        for _ in 0..2 {
            for run in steps::<C>() {
                step(|| run(&mut arena, &witness, &mut handles));
                arena.enter(|mc, world| {
                    assert_intact(world);
                    for handle in &handles {
                        mc.fetch(handle).loud.0.assert_alive();
                    }
                    for node in world.weak.iter().filter_map(|weak| weak.upgrade(mc)) {
                        node.loud.0.assert_alive();
                    }
                });
                witness.assert_none_dropped_twice();
            }
        }
        let stats = arena.stats();
        assert!(stats.live_objects as u64 + stats.freed_objects <= stats.allocated_objects);
        step(|| drop(arena));
    }
    // One that panics leaves the others to the next try.
    while !handles.is_empty() {
        step(|| drop(handles.pop()));
    }
    witness.assert_all_dropped_once();
}

fn every_point<C: Collector + Default>() {
    for setting in [Setting::Default, Setting::Stressed, Setting::Deferred] {
        let points = count(|| program::<C>(setting));
        assert!(points > 300, "{points} points");
        for (goes_on, stride) in [(false, 1), (true, 11)] {
            for first in (0..).step_by(stride) {
                // The output of a failed test ends with the culprit.
                println!("{setting:?}, point {first}, goes on: {goes_on}");
                let burnt = burning(first, goes_on, || program::<C>(setting));
                if burnt == 0 {
                    // There may be a few more or less from run to run: hashers are random.
                    assert!(first > points / 2, "all points were passed: {first} of {points}");
                    break;
                }
            }
        }
    }
}

/// Two functions for the end fail, and each time the hook panics; a third is not to run.
fn hook_at_the_end<C: Collector + Default>() {
    let witness = Witness::new();
    let ran = Rc::new(Cell::new(0));
    let mut handles = Vec::new();
    let mut arena = Arena::<Rootable![()], C>::new(|_| ());
    arena.set_error_hook(|_| resume_unwind(Box::new("on purpose")));
    arena.mutate(|mc, ()| {
        for is_at_exit in [true, false, true] {
            let object = Gc::new(mc, 1);
            let (ran, token) = (Rc::clone(&ran), witness.token());
            let registration = mc.on_death(object, move |_| {
                token.assert_alive();
                ran.set(ran.get() + 1);
                Err::<(), _>("it failed")
            });
            registration.set_at_exit(is_at_exit);
            handles.push(mc.stash::<Rootable![i32]>(object));
        }
    });
    let panic = catch_unwind(AssertUnwindSafe(|| drop(arena))).expect_err("the first goes on");
    assert_eq!(panic.downcast_ref(), Some(&"on purpose"));
    assert_eq!(ran.get(), 2);
    witness.assert_all_dropped_once();
}

on_every_collector! {
    /// An error hook that panics keeps no function for the end from running.
    a_hook_that_panics_loses_no_function => hook_at_the_end
    /// Every place at which code of the user runs panics once, and each with all that come after it.
    code_of_the_user_may_panic_anywhere => every_point
}
