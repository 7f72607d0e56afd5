//! An arena goes to another thread if nothing is in the way, and stays what it was in either case.

use std::cell::Cell;
use std::collections::HashMap;
use std::panic;
use std::rc::Rc;
use std::sync::{Arc, Mutex, mpsc};
use std::thread::{self, ThreadId};

use gc_core::collector::Collector;
use gc_core::{
    Arena, DynTrace, DynamicRootSet, Gc, GcHashMap, GcHashSet, GcVec, GcWeak, Lock, Mutation,
    Obstacle, OnceLock, RefLock, Root, Rootable, Sampling, SendTypes, Static, Trace, WeakMap,
    WeakSet, WeakValueMap, dyn_trace, unlock, unsize,
};

use super::trial::{Setting, age, litter, reclaims, settle};

/// Who died, and in which thread.
#[derive(Clone, Default)]
struct Deaths(Arc<Mutex<Vec<(u32, ThreadId)>>>);

impl Deaths {
    fn token(&self, name: u32) -> Token {
        Token { name, deaths: self.clone() }
    }

    fn names(&self) -> Vec<u32> {
        let mut names: Vec<u32> = self.0.lock().unwrap().iter().map(|&(name, _)| name).collect();
        names.sort_unstable();
        names
    }

    /// Whether all died in this thread.
    fn are_here(&self) -> bool {
        self.0.lock().unwrap().iter().all(|&(_, thread)| thread == thread::current().id())
    }
}

/// Says when and where it is dropped, and may be sent.
struct Token {
    name: u32,
    deaths: Deaths,
}

impl Drop for Token {
    fn drop(&mut self) {
        self.deaths.0.lock().unwrap().push((self.name, thread::current().id()));
    }
}

gc_core::static_trace!(Token);

#[derive(Trace)]
struct Node<'gc> {
    token: Token,
    next: Lock<Option<NodeRef<'gc>>>,
}

type NodeRef<'gc> = Gc<'gc, Node<'gc>>;
type List = Rootable![Option<NodeRef<'_>>];

fn new<'gc>(
    mc: &Mutation<'gc>,
    deaths: &Deaths,
    name: u32,
    next: Option<NodeRef<'gc>>,
) -> NodeRef<'gc> {
    Gc::new(mc, Node { token: deaths.token(name), next: Lock::new(next) })
}

/// A list of the names from 0 on.
fn list<'gc>(mc: &Mutation<'gc>, deaths: &Deaths, len: u32) -> Option<NodeRef<'gc>> {
    (0..len).rev().fold(None, |next, name| Some(new(mc, deaths, name, next)))
}

fn names(first: Option<NodeRef<'_>>) -> Vec<u32> {
    std::iter::successors(first, |node| node.next.get()).map(|node| node.token.name).collect()
}

/// Runs the closure with the arena in a thread of its own, and has the arena back.
#[track_caller]
fn elsewhere<R, C, T>(arena: Arena<R, C>, f: impl FnOnce(&mut Arena<R, C>) -> T + Send) -> T
where
    R: for<'a> Rootable<'a>,
    for<'a> Root<'a, R>: Sized + Trace,
    C: Collector,
    T: Send,
{
    let arena = arena.into_send().expect("nothing is in the way");
    let run = move || f(&mut arena.into_arena());
    thread::scope(|scope| scope.spawn(run).join())
        .unwrap_or_else(|panic| panic::resume_unwind(panic))
}

/// Asserts that this is all that is in the way, and gives the arena back.
#[track_caller]
fn refused<R, C>(arena: Arena<R, C>, expected: &[Obstacle]) -> Arena<R, C>
where
    R: for<'a> Rootable<'a>,
    for<'a> Root<'a, R>: Sized + Trace,
    C: Collector,
{
    let error = arena.into_send().expect_err("something is in the way");
    assert_eq!(error.obstacles(), expected);
    error.into_arena()
}

/// As [`refused`], because of parts of a type whose name ends so.
#[track_caller]
fn refused_for_type<R, C>(arena: Arena<R, C>, name: &str) -> Arena<R, C>
where
    R: for<'a> Rootable<'a>,
    for<'a> Root<'a, R>: Sized + Trace,
    C: Collector,
{
    let error = arena.into_send().expect_err("something is in the way");
    let [Obstacle::Type { type_name, .. }] = error.obstacles() else { panic!("{error}") };
    assert!(type_name.ends_with(name), "{error}");
    error.into_arena()
}

trait Shape<'gc>: DynTrace {
    fn area(&self) -> u32;
}

dyn_trace!(for<'gc> dyn Shape<'gc> + 'gc);

impl<'gc> Shape<'gc> for Node<'gc> {
    fn area(&self) -> u32 {
        self.token.name
    }
}

/// A bit of all that can be sent.
#[derive(Trace)]
struct Everything<'gc> {
    list: Option<NodeRef<'gc>>,
    locked: RefLock<Vec<NodeRef<'gc>>>,
    once: OnceLock<NodeRef<'gc>>,
    by_name: HashMap<String, NodeRef<'gc>>,
    vec: GcVec<'gc, NodeRef<'gc>>,
    map: GcHashMap<'gc, u32, NodeRef<'gc>>,
    set: GcHashSet<'gc, u32>,
    weak: GcWeak<'gc, Node<'gc>>,
    weak_map: WeakMap<'gc, Node<'gc>, Node<'gc>>,
    weak_values: WeakValueMap<'gc, u32, Node<'gc>>,
    weak_set: WeakSet<'gc, u32>,
    handles: DynamicRootSet<'gc>,
    slice: Gc<'gc, [Option<NodeRef<'gc>>]>,
    large: Gc<'gc, [u64]>,
    text: Gc<'gc, str>,
    shape: Gc<'gc, dyn Shape<'gc> + 'gc>,
    trees: Vec<Tree<'gc>>,
    counter: Static<Cell<u32>>,
    shared: Arc<str>,
}

#[derive(Trace)]
struct Tree<'gc>(NodeRef<'gc>, Vec<Tree<'gc>>);

type AnyThing = Rootable![Gc<'_, Everything<'_>>];

impl<'gc> Everything<'gc> {
    fn new(mc: &'gc Mutation<'gc>, deaths: &Deaths) -> Gc<'gc, Everything<'gc>> {
        let node = |name| new(mc, deaths, name, None);
        let interned = Gc::new(mc, 7);
        let everything = Everything {
            list: list(mc, deaths, 10),
            locked: RefLock::new(vec![node(10), node(11)]),
            once: OnceLock::default(),
            by_name: HashMap::from([("a".to_owned(), node(12))]),
            vec: GcVec::new(mc),
            map: GcHashMap::new(mc),
            set: GcHashSet::new(mc),
            weak: Gc::downgrade(mc, node(13)),
            weak_map: WeakMap::new(mc),
            weak_values: WeakValueMap::new(mc),
            weak_set: WeakSet::new(mc),
            handles: DynamicRootSet::new(mc),
            slice: Gc::new_slice(mc, [None, Some(node(14))]),
            large: Gc::slice_from_fn(mc, 10_000, |index| index as u64),
            text: Gc::new_str(mc, "text"),
            shape: unsize!(node(15) => dyn Shape<'gc> + 'gc),
            trees: vec![Tree(node(16), vec![Tree(node(17), vec![])])],
            counter: Static(Cell::new(0)),
            shared: "shared".into(),
        };
        everything.vec.push(mc, node(18));
        everything.map.insert(mc, 19, node(19));
        everything.set.insert(mc, 20);
        let first = everything.list.expect("a list");
        everything.weak_map.insert(mc, first, node(20));
        everything.weak_values.insert(mc, 0, first);
        everything.weak_set.insert(mc, interned);
        drop(everything.handles.stash::<Rootable![u32]>(mc, interned));
        let everything = Gc::new(mc, everything);
        unlock!(Gc::write(mc, everything), Everything, once).get_or_init(|| node(21));
        everything
    }

    /// Looks at everything, and counts how often it was looked at.
    fn check(&self, mc: &Mutation<'gc>, times: u32) {
        assert_eq!(names(self.list), Vec::from_iter(0..10));
        let locked = self.locked.borrow();
        assert_eq!(locked.iter().map(|node| node.token.name).sum::<u32>(), 21);
        assert_eq!(self.once.get().map(|node| node.token.name), Some(21));
        assert_eq!(self.by_name["a"].token.name, 12);
        assert_eq!(self.vec.get(0).map(|node| node.token.name), Some(18));
        assert_eq!(self.map.get(&19).map(|node| node.token.name), Some(19));
        assert!(self.set.contains(&20));
        let upgraded = self.weak.upgrade(mc).map(|node| node.token.name);
        assert!(upgraded.is_none_or(|name| name == 13));
        let first = self.list.expect("a list");
        assert_eq!(self.weak_map.get(first).map(|node| node.token.name), Some(20));
        assert!(self.weak_values.get(&0).is_some_and(|node| Gc::ptr_eq(node, first)));
        assert!(self.weak_set.len() <= 1);
        let handle = self.handles.stash::<Rootable![Node<'_>]>(mc, first);
        assert!(Gc::ptr_eq(self.handles.fetch(&handle), first));
        assert_eq!(self.slice[1].map(|node| node.token.name), Some(14));
        assert!(self.large.iter().zip(0..).all(|(&number, index)| number == index));
        assert_eq!((&*self.text, &*self.shared), ("text", "shared"));
        assert_eq!(self.shape.area(), 15);
        assert_eq!((self.trees[0].0.token.name, self.trees[0].1[0].0.token.name), (16, 17));
        assert_eq!(self.counter.replace(times + 1), times);
    }
}

/// `here -> there -> here -> ..`, with work in between.
pub fn an_arena_with_everything_goes_and_comes_back<C: Collector + Default>() {
    Setting::each(|setting| {
        let deaths = Deaths::default();
        let mut arena = setting.arena::<AnyThing, C>(|mc| Everything::new(mc, &deaths));
        let id = arena.enter(|mc, all| {
            mc.set_tag(*all, Some("all"));
            Gc::id(*all)
        });
        let check = |arena: &mut Arena<AnyThing, C>, times: u32| {
            arena.mutate(|mc, all| {
                all.check(mc, times);
                assert_eq!(Gc::id(*all), id);
                litter(mc);
            });
            arena.inspect(|heap, all| {
                let found: Vec<_> = heap.objects_with_tag("all").collect();
                assert_eq!(found, [(*all).into()]);
            });
        };
        check(&mut arena, 0);
        for round in 0..2 {
            let sent = arena.into_send().expect("nothing is in the way");
            let work = || {
                let mut arena = sent.into_arena();
                check(&mut arena, 3 * round + 1);
                age(&mut arena);
                check(&mut arena, 3 * round + 2);
                arena.into_send().expect("and nothing has come")
            };
            let sent = thread::scope(|scope| scope.spawn(work).join()).expect("no panic");
            arena = sent.into_arena();
            age(&mut arena);
            check(&mut arena, 3 * round + 3);
        }
        let dead = if reclaims::<C>() { vec![13] } else { vec![] };
        assert_eq!(deaths.names(), dead, "nothing held it strongly");
        drop(arena);
        assert_eq!(deaths.names(), Vec::from_iter(0..22));
    });
}

/// What is cut off there dies there.
pub fn an_arena_lives_on_in_another_thread<C: Collector + Default>() {
    Setting::each(|setting| {
        for is_aged in [false, true] {
            let deaths = Deaths::default();
            let mut arena = setting.arena::<List, C>(|mc| list(mc, &deaths, 20));
            if is_aged {
                age(&mut arena);
            }
            let there = deaths.clone();
            elsewhere(arena, move |arena| {
                arena.mutate_root(|mc, root| {
                    *root = root.and_then(|first| first.next.get());
                    let first = root.expect("19 are left");
                    unlock!(Gc::write(mc, first), Node, next).set(Some(new(mc, &there, 30, None)));
                });
                settle(arena);
                age(arena);
                assert_eq!(arena.enter(|_, root| names(*root)), [1, 30]);
                if reclaims::<C>() {
                    assert_eq!(there.names(), [vec![0], Vec::from_iter(2..20)].concat());
                }
                assert!(there.are_here());
            });
        }
    });
}

/// All drop glue runs in the thread that drops it, and the thread may drop it unseen.
pub fn an_arena_is_dropped_in_another_thread<C: Collector + Default>() {
    // A collector that counts finds it dead before the arena goes.
    let garbage = if C::ATTRIBUTES.counts_references { 0 } else { 10 };
    Setting::each(|setting| {
        let deaths = Deaths::default();
        let arena = setting.arena::<List, C>(|mc| {
            (10..10 + garbage).for_each(|name| _ = new(mc, &deaths, name, None));
            list(mc, &deaths, 10)
        });
        let (sent, there) = (arena.into_send().expect("nothing is in the way"), deaths.clone());
        let work = move || {
            drop(sent);
            assert_eq!(there.names(), Vec::from_iter(0..10 + garbage));
            assert!(there.are_here());
        };
        thread::spawn(work).join().expect("no panic");
        assert!(!deaths.are_here());
    });
}

/// Four threads pass arenas on in a ring, and each makes objects in all of them.
pub fn arenas_go_round<C: Collector + Default>() {
    const THREADS: u32 = 4;
    const ROUNDS: u32 = 8;
    Setting::each(|setting| {
        let deaths = Deaths::default();
        let (senders, receivers): (Vec<_>, Vec<_>) =
            (0..THREADS).map(|_| mpsc::sync_channel(8)).unzip();
        for (sender, number) in senders.iter().zip(0..) {
            let arena = setting.arena::<List, C>(|mc| Some(new(mc, &deaths, number, None)));
            sender.send(arena.into_send().expect("nothing is in the way")).expect("it is there");
        }
        let mut next = senders.into_iter().cycle().skip(1);
        let done = thread::scope(|scope| {
            let threads: Vec<_> = receivers
                .into_iter()
                .map(|receiver| (receiver, next.next().expect("it is a ring"), deaths.clone()))
                .map(|(receiver, next, deaths)| {
                    scope.spawn(move || {
                        for _ in 0..ROUNDS {
                            let mut arena = receiver.recv().expect("one comes").into_arena();
                            arena.mutate_root(|mc, root| {
                                litter(mc);
                                let name = root.map_or(0, |first| first.token.name);
                                *root = Some(new(mc, &deaths, name + 10, *root));
                            });
                            arena.collect();
                            let sent = arena.into_send().expect("nothing is in the way");
                            next.send(sent).expect("its thread is there");
                        }
                        receiver
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().expect("no panic")).collect::<Vec<_>>()
        });
        for receiver in done {
            let arena = receiver.recv().expect("one is left").into_arena();
            let names = arena.enter(|_, root| names(*root));
            let first = names.last().expect("the first that was made");
            let all = (0..=ROUNDS).rev().map(|round| first + 10 * round);
            assert_eq!(names, Vec::from_iter(all));
        }
        assert_eq!(deaths.names().len() as u32, THREADS * (ROUNDS + 1), "each died with its arena");
    });
}

/// Wherever it is: in the root, in an object young or old, in an element, or in garbage that is left.
pub fn what_is_not_send_keeps_its_arena<C: Collector + Default>() {
    #[derive(Trace)]
    struct Holder<'gc> {
        shared: Rc<Cell<u32>>,
        other: Option<Gc<'gc, Holder<'gc>>>,
    }
    Setting::each(|setting| {
        let shared = Rc::new(Cell::new(0));
        let arena = setting.arena::<Rootable![Holder<'_>], C>(|_| Holder {
            shared: Rc::clone(&shared),
            other: None,
        });
        let arena = refused_for_type(arena, "Rc<core::cell::Cell<u32>>");
        assert!(arena.enter(|_, root| Rc::ptr_eq(&root.shared, &shared) && root.other.is_none()));
        drop(arena);

        type Any = Rootable![Option<Gc<'_, [Option<Gc<'_, Holder<'_>>>]>>];
        for is_aged in [false, true] {
            let mut arena = setting.arena::<Any, C>(|mc| {
                let inner = Gc::new(mc, Holder { shared: Rc::clone(&shared), other: None });
                let outer = Holder { shared: Rc::clone(&shared), other: Some(inner) };
                Some(Gc::new_slice(mc, [None, Some(Gc::new(mc, outer))]))
            });
            if is_aged {
                age(&mut arena);
            }
            let mut arena = refused_for_type(arena, "Rc<core::cell::Cell<u32>>");
            age(&mut arena);
            let count = |arena: &Arena<Any, C>| {
                arena.enter(|_, root| {
                    let outer = root.and_then(|slice| slice[1]).expect("the outer one");
                    let inner = outer.other.expect("the inner one");
                    inner.shared.set(inner.shared.get() + 1);
                })
            };
            count(&arena);
            assert_eq!(shared.replace(0), 1);
            arena.mutate_root(|_, root| *root = None);
            settle(&mut arena);
            if reclaims::<C>() {
                assert_eq!(Rc::strong_count(&shared), 1, "they are gone");
                elsewhere(arena, |arena| arena.mutate(|mc, _| litter(mc)));
            } else {
                // They are garbage, and their drop glue is yet to run.
                refused_for_type(arena, "Rc<core::cell::Cell<u32>>");
            }
        }
    });
}

/// Trait objects without `Send`, keys and parameters without bounds: no is the answer.
pub fn what_nobody_knows_keeps_its_arena<C: Collector + Default>() {
    #[derive(PartialEq, Eq, Hash)]
    struct Key(u32);

    type Boxed = Rootable!['gc => Vec<Box<dyn Shape<'gc> + 'gc>>];
    type Keyed = Rootable![HashMap<Key, Gc<'_, u32>>];
    type Opaque = Rootable![Gc<'_, Static<Cell<u32>>>];
    Setting::each(|setting| {
        let deaths = Deaths::default();
        let arena = setting.arena::<Boxed, C>(|mc| {
            vec![Box::new(Node { token: deaths.token(1), next: Lock::new(list(mc, &deaths, 1)) })]
        });
        let arena = refused_for_type(arena, "Shape<'_>>");
        assert_eq!(arena.enter(|_, root| root[0].area()), 1);

        let keyed = setting.arena::<Keyed, C>(|mc| HashMap::from([(Key(1), Gc::new(mc, 1))]));
        let keyed = refused_for_type(keyed, "Key");
        let known = SendTypes::new().with::<Key>();
        let keyed = keyed.into_send_with(&known).expect("now it is known").into_arena();
        assert_eq!(keyed.enter(|_, root| *root[&Key(1)]), 1);

        let opaque = setting.arena::<Opaque, C>(|mc| Gc::new(mc, Static(Cell::new(1))));
        let opaque = refused_for_type(opaque, "Cell<u32>");
        let known = SendTypes::new().with::<Cell<u32>>();
        assert!(opaque.into_send_with(&known).is_ok());
    });
}

/// `root -weak-> object -> object`, both unreachable and not yet found dead.
pub fn what_only_a_weak_reference_leads_to_is_asked<C: Collector + Default>() {
    type Weak = Rootable![Option<GcWeak<'_, (u32, Gc<'_, Static<Rc<u32>>>)>>];
    Setting::each(|setting| {
        let mut arena = setting.arena::<Weak, C>(|_| None);
        let held = Rc::new(1);
        arena.mutate_root(|mc, root| {
            let target = Gc::new(mc, (2, Gc::new(mc, Static(Rc::clone(&held)))));
            *root = Some(Gc::downgrade(mc, target));
        });
        if Rc::strong_count(&held) == 2 {
            arena = refused_for_type(arena, "Rc<u32>");
        }
        arena.collect();
        if reclaims::<C>() {
            assert!(arena.enter(|_, root| root.is_some_and(GcWeak::is_dropped)));
            elsewhere(arena, |arena| {
                assert!(arena.enter(|mc, root| root.unwrap().upgrade(mc).is_none()));
            });
        }
    });
}

/// Of the arena, of a set, a clone, and one that is stale.
pub fn a_handle_keeps_its_arena<C: Collector + Default>() {
    type Sets = Rootable![Option<DynamicRootSet<'_>>];
    type Number = Rootable![u32];
    Setting::each(|setting| {
        let mut arena = setting.arena::<Sets, C>(|mc| Some(DynamicRootSet::new(mc)));
        let own = arena.mutate(|mc, _| mc.stash::<Number>(Gc::new(mc, 1)));
        let mut arena = refused(arena, &[Obstacle::Handles]);
        assert_eq!(arena.mutate(|mc, _| *mc.fetch(&own)), 1);
        let clone = own.clone();
        drop(own);
        let mut arena = refused(arena, &[Obstacle::Handles]);
        drop(clone);
        let of_set = arena.mutate(|mc, set| {
            set.map(|set| set.stash::<Number>(mc, Gc::new(mc, 2))).expect("a set")
        });
        let mut arena = refused(arena, &[Obstacle::Handles]);
        age(&mut arena);
        let mut arena = refused(arena, &[Obstacle::Handles]);
        arena.enter(|_, set| assert_eq!(*set.expect("a set").fetch(&of_set), 2));
        arena.mutate_root(|_, set| *set = None);
        settle(&mut arena);
        let arena = refused(arena, &[Obstacle::Handles]);
        drop(of_set);
        elsewhere(arena, |arena| {
            let handle = arena.mutate(|mc, _| mc.stash::<Number>(Gc::new(mc, 3)));
            age(arena);
            assert_eq!(arena.mutate(|mc, _| *mc.fetch(&handle)), 3);
        });
        let mut arena = setting.arena::<Sets, C>(|_| None);
        std::mem::forget(arena.mutate(|mc, _| mc.stash::<Number>(Gc::new(mc, 1))));
        refused(arena, &[Obstacle::Handles]);
    });
}

/// Each alone, and gone when it is gone.
pub fn closures_keep_their_arena<C: Collector + Default>() {
    type Any = Rootable![Node<'_>];
    Setting::each(|setting| {
        let deaths = Deaths::default();
        let make = || setting.arena::<List, C>(|mc| list(mc, &deaths, 3));
        let mut arena = make();
        arena.set_listener(|_: &gc_core::Event| ());
        let mut arena = refused(arena, &[Obstacle::Listener]);
        assert!(arena.take_listener().is_some());
        let mut arena = elsewhere_and_back(arena);
        arena.set_error_hook(|_| ());
        let mut arena = refused(arena, &[Obstacle::ErrorHook]);
        assert!(arena.take_error_hook().is_some());
        drop(elsewhere_and_back(arena));

        let ran = Rc::new(Cell::new(0));
        for kind in [Obstacle::Finalizers, Obstacle::Callbacks, Obstacle::DeathFunctions] {
            for is_aged in [false, true] {
                let (mut arena, counted) = (make(), Rc::clone(&ran));
                let note = move || counted.set(counted.get() + 1);
                let weak = arena.mutate(|mc, root| {
                    let first = root.expect("three");
                    match kind {
                        Obstacle::Finalizers => {
                            mc.on_unreachable::<Any, ()>(first, move |_, _| note()).unwrap();
                        }
                        Obstacle::Callbacks => {
                            let weak =
                                Gc::downgrade_with_callback(mc, first, move |_: &Mutation<'_>| {
                                    note()
                                });
                            return Some(
                                mc.stash::<Rootable![GcWeak<'_, Node<'_>>]>(Gc::new(mc, weak)),
                            );
                        }
                        _ => drop(mc.on_death(first, move |_: &Mutation<'_>| note())),
                    }
                    None
                });
                if is_aged {
                    age(&mut arena);
                }
                let expected: &[Obstacle] = match kind {
                    Obstacle::Finalizers => &[Obstacle::Finalizers],
                    // The weak reference is held by a handle.
                    Obstacle::Callbacks => &[Obstacle::Handles, Obstacle::Callbacks],
                    _ => &[Obstacle::DeathFunctions, Obstacle::Callbacks],
                };
                arena = refused(arena, expected);
                assert_eq!(ran.get(), 0);
                arena.mutate_root(|_, root| *root = None);
                settle(&mut arena);
                settle(&mut arena);
                if reclaims::<C>() {
                    assert_eq!(ran.replace(0), 1, "{kind:?}");
                    drop(weak);
                    drop(elsewhere_and_back(arena));
                    assert_eq!(ran.replace(0), 0);
                } else {
                    drop(arena);
                    ran.set(0);
                }
            }
        }
    });
}

fn elsewhere_and_back<R, C>(arena: Arena<R, C>) -> Arena<R, C>
where
    R: for<'a> Rootable<'a>,
    for<'a> Root<'a, R>: Sized + Trace,
    C: Collector,
{
    let sent = arena.into_send().expect("nothing is in the way");
    let work = || {
        let mut arena = sent.into_arena();
        age(&mut arena);
        arena.into_send().expect("nothing has come")
    };
    thread::scope(|scope| scope.spawn(work).join()).expect("no panic").into_arena()
}

/// Until they have run.
pub fn calls_that_wait_keep_their_arena<C: Collector + Default>() {
    if !reclaims::<C>() {
        return;
    }
    Setting::each(|setting| {
        let (deaths, ran) = (Deaths::default(), Rc::new(Cell::new(0)));
        let builder = setting.builder::<List, C>().defer_calls(true);
        let mut arena = builder.build(|mc| {
            let first = new(mc, &deaths, 0, None);
            let ran = Rc::clone(&ran);
            let note = move |_: &Mutation<'_>, _: NodeRef<'_>| ran.set(ran.get() + 1);
            mc.on_unreachable::<Rootable![Node<'_>], ()>(first, note).unwrap();
            Some(first)
        });
        arena.mutate_root(|_, root| *root = None);
        settle(&mut arena);
        let mut arena = match arena.into_send() {
            Ok(_) => panic!("a call waits"),
            Err(error) => {
                assert!(error.obstacles().contains(&Obstacle::Calls), "{error}");
                error.into_arena()
            }
        };
        while let Some(mut call) = arena.next_call() {
            call.run();
        }
        settle(&mut arena);
        assert_eq!((ran.get(), deaths.names()), (1, vec![0]));
        drop(elsewhere_and_back(arena));
    });
}

/// What the program has of a function for a death stays here, and knows that it is over.
pub fn a_function_that_has_run_refers_to_nothing<C: Collector + Default>() {
    Setting::each(|setting| {
        let deaths = Deaths::default();
        let mut arena = setting.arena::<List, C>(|mc| list(mc, &deaths, 1));
        let [called, detached] = arena.mutate(|mc, root| {
            [1, 2].map(|number| mc.on_death(root.unwrap(), move |_: &Mutation<'_>| _ = number))
        });
        assert!(arena.mutate(|mc, _| called.call(mc)).is_some());
        assert!(detached.detach().is_some());
        settle(&mut arena);
        if !reclaims::<C>() {
            // The weak references are garbage, and have their callbacks.
            refused(arena, &[Obstacle::Callbacks]);
            return;
        }
        let sent = arena.into_send().expect("nothing is in the way");
        let work = thread::spawn(move || {
            let mut arena = sent.into_arena();
            let other = arena.mutate(|mc, root| mc.on_death(root.unwrap(), |_: &Mutation<'_>| ()));
            assert!(other.is_alive());
            age(&mut arena);
        });
        // At the same time.
        for _ in 0..1000 {
            assert!(!called.is_alive() && !detached.clone().is_alive());
        }
        work.join().expect("no panic");
        let mut other = setting.arena::<List, C>(|_| None);
        assert!(other.mutate(|mc, _| called.call(mc)).is_none());
    });
}

/// Saved garbage has handles that are the arena's own.
pub fn saved_and_frozen_objects_go_along<C: Collector + Default>() {
    Setting::each(|setting| {
        let deaths = Deaths::default();
        let mut arena = setting.arena::<List, C>(|mc| list(mc, &deaths, 2));
        arena.save_garbage(true);
        arena.mutate(|mc, root| {
            // 0 -> 1 -> 0
            let first = root.expect("two");
            let second = first.next.get().expect("two");
            unlock!(Gc::write(mc, second), Node, next).set(Some(first));
        });
        age(&mut arena);
        arena.mutate_root(|_, root| *root = None);
        arena.collect();
        let saved = arena.saved_garbage();
        assert_eq!(saved, if C::ATTRIBUTES.reclaims_cycles { 2 } else { 0 });
        arena.freeze();
        let mut arena = elsewhere_and_back(arena);
        assert_eq!((arena.saved_garbage(), deaths.names().len()), (saved, 0));
        arena.unfreeze();
        arena.save_garbage(false);
        arena.clear_garbage();
        arena.collect();
        if C::ATTRIBUTES.reclaims_cycles {
            assert_eq!(deaths.names(), [0, 1]);
        }
    });
}

/// Names and profiles are shared by what the program has of them and what the arena has.
pub fn a_copy_of_a_name_may_stay<C: Collector + Default>() {
    Setting::each(|setting| {
        let deaths = Deaths::default();
        let mut arena = setting.arena::<List, C>(|_| None);
        // SAFETY: the function knows of no arena.
        let sampling = unsafe { Sampling::exact().with_stacks(|stack| stack.extend([2, 1])) };
        arena.profile_allocations(Some(sampling));
        arena.mutate_root(|mc, root| {
            *root = list(mc, &deaths, 3);
            mc.set_tag(root.unwrap(), Some("first"));
        });
        let name = arena.inspect(|heap, root| heap.tag(root.unwrap().into())).expect("its name");
        let profile = arena.allocation_profile().expect("it was asked for");
        let sent = arena.into_send().expect("nothing is in the way");
        let work = thread::spawn(move || {
            let mut arena = sent.into_arena();
            for _ in 0..100 {
                arena.inspect(|heap, root| {
                    assert_eq!(heap.tag(root.unwrap().into()).as_deref(), Some("first"));
                });
                assert!(!arena.allocation_profile().unwrap().sites().is_empty());
            }
        });
        for _ in 0..100 {
            assert_eq!(&*name.clone(), "first");
            assert_eq!(profile.clone().sites()[0].site.clone().stack(), [2, 1]);
        }
        work.join().expect("no panic");
    });
}
