//! What happens when a program, a thread or a `mutate` ends while objects live.

use std::cell::RefCell;
use std::env;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use gc_core::{
    Arena, Collector, Edges, Gc, Lock, Rootable, SendCheck, SlotMap, Slots, Static, Trace, unlock,
};
use harness::backend::Backend;
use harness::with_collector;

/// Says what happens, in order.
type Log = Arc<Mutex<Vec<&'static str>>>;

struct Token(Log);

impl Drop for Token {
    fn drop(&mut self) {
        self.0.lock().unwrap().push("drop glue");
    }
}

#[derive(Trace)]
struct Node<'gc> {
    token: Static<Token>,
    next: Lock<Option<Gc<'gc, Node<'gc>>>>,
}

type Held = Rootable![Option<Gc<'_, Node<'_>>>];

/// An arena with an object that refers to itself, has a finalizer and a callback, and is registered
/// for its death.
fn arena<C: Collector + Default>(log: &Log) -> Arena<Held, C> {
    let note = |text| {
        let log = Arc::clone(log);
        move || log.lock().unwrap().push(text)
    };
    Arena::new(|mc| {
        let token = Static(Token(Arc::clone(log)));
        let node = Gc::new(mc, Node { token, next: Lock::new(None) });
        unlock!(Gc::write(mc, node), Node, next).set(Some(node));
        let finalizer = note("finalizer");
        mc.on_unreachable::<Rootable![Node<'_>], _>(node, move |_, _| finalizer())
            .expect("it was not finalized");
        let function = note("function");
        mc.on_death(node, move |mc| {
            let _ = Gc::new(mc, 1);
            function();
        });
        Some(node)
    })
}

thread_local! {
    /// What a thread leaves behind.
    static GLOBAL: RefCell<Option<Box<dyn std::any::Any>>> = const { RefCell::new(None) };
}

/// What is reachable from a global alone when its thread ends, also by a panic.
/// (CPython's `test_gc_main_module_at_shutdown`, `test_global_del_SystemExit`)
#[test]
fn an_arena_of_a_thread_ends_with_it() {
    for backend in Backend::ALL {
        with_collector!(backend, C => for panics in [false, true] {
            let log = Log::default();
            let thread = {
                let log = Arc::clone(&log);
                thread::spawn(move || {
                    let arena = arena::<C>(&log);
                    GLOBAL.with_borrow_mut(|global| *global = Some(Box::new(arena)));
                    assert!(!panics, "on purpose");
                })
            };
            assert_eq!(thread.join().is_err(), panics);
            assert_eq!(*log.lock().unwrap(), ["function", "drop glue"], "{backend}");
        });
    }
}

/// A panic that leaves `mutate` leaves the arena, too.
#[test]
fn an_arena_that_a_panic_drops_ends_as_others_do() {
    for backend in Backend::ALL {
        with_collector!(backend, C => {
            let log = Log::default();
            let result = {
                let log = Arc::clone(&log);
                thread::spawn(move || {
                    let mut arena = arena::<C>(&log);
                    arena.mutate(|_, _| panic!("on purpose"));
                })
                .join()
            };
            assert!(result.is_err());
            assert_eq!(*log.lock().unwrap(), ["function", "drop glue"], "{backend}");
        });
    }
}

/// What the arena's documentation advises to those who want finalizers to run.
#[test]
fn who_empties_the_root_and_collects_has_finalizers_run() {
    for backend in Backend::COLLECTING {
        with_collector!(backend, C => {
            let log = Log::default();
            let mut arena = arena::<C>(&log);
            arena.mutate_root(|_, root| *root = None);
            arena.collect();
            drop(arena);
            let expected: &[&str] = match backend.attributes().reclaims_cycles {
                true => &["function", "finalizer", "drop glue"],
                false => &["function", "drop glue"],
            };
            assert_eq!(*log.lock().unwrap(), expected, "{backend}");
        });
    }
}

/// The program that [`a_process_that_exits_runs_nothing`] starts.
#[test]
#[ignore = "run by another test, in a process of its own"]
fn a_process_that_ends() {
    let arena: Arena<Rootable![()], gc_refcount::Refcount> = Arena::new(|mc| {
        mc.on_death(Gc::new(mc, 1), |_| println!("function ran"));
    });
    println!("the arena is {:?}", arena.attributes().name);
    match env::var("ENDS_BY").as_deref() {
        Ok("exit") => std::process::exit(0),
        Ok("panic") => panic!("on purpose"),
        _ => {}
    }
}

/// A process that calls `exit` drops no arena; one that returns or unwinds does.
#[test]
fn a_process_that_exits_runs_nothing() {
    for (ends_by, runs) in [("exit", false), ("panic", true), ("return", true)] {
        let output = Command::new(env::current_exe().unwrap())
            .args(["--exact", "a_process_that_ends", "--ignored", "--nocapture"])
            .env("ENDS_BY", ends_by)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(text.contains("the arena is"), "{text}");
        assert_eq!(text.contains("function ran"), runs, "{ends_by}: {text}");
    }
}

/// Panics where a collector reads it, or changes what it refers to.
struct Panicking<'gc> {
    wherein: String,
    inner: Gc<'gc, u32>,
}

// SAFETY: the one reference is reported by both, if they end.
unsafe impl Trace for Panicking<'_> {
    const HAS_GC: bool = true;
    const SLOTS: SlotMap = SlotMap::Dynamic;

    fn visit(&self, edges: &mut Edges) {
        assert_ne!(self.wherein, "visit", "on purpose");
        self.inner.visit(edges);
    }

    fn relocate(&mut self, slots: &mut Slots) {
        assert_ne!(self.wherein, "relocate", "on purpose");
        self.inner.relocate(slots);
    }

    fn check_send(check: &mut SendCheck<'_>) {
        check.refuse::<Self>();
    }
}

/// The program that [`a_panic_in_visit_or_relocate_ends_the_process`] starts.
#[test]
#[ignore = "run by another test, in a process of its own"]
fn a_process_whose_trace_panics() {
    let Ok(wherein) = env::var("PANICS_IN") else { return };
    let named = env::var("BACKEND").expect("it was set");
    let backend = Backend::ALL.into_iter().find(|backend| backend.name() == named);
    let walks_on = with_collector!(backend.expect("a backend"), C => {
        std::panic::catch_unwind(|| {
            let mut arena = Arena::<Rootable![Gc<'_, Panicking<'_>>], C>::builder()
                .stress(true)
                .build(|mc| Gc::new(mc, Panicking { wherein, inner: Gc::new(mc, 1) }));
            arena.mutate(|_, _| ());
            arena.collect();
            arena.collect();
            assert_eq!(arena.mutate(|_, root| *root.inner), 1);
        })
    });
    println!("the process walks on: {walks_on:?}");
}

/// Half of a heap that was read, or whose references were updated, is no heap: nobody can catch this.
#[test]
fn a_panic_in_visit_or_relocate_ends_the_process() {
    for backend in Backend::COLLECTING {
        let moves = backend.attributes().moves_objects;
        for (wherein, ends) in [("visit", true), ("relocate", moves), ("nothing", false)] {
            let output = Command::new(env::current_exe().unwrap())
                .args(["--exact", "a_process_whose_trace_panics", "--ignored", "--nocapture"])
                .env("PANICS_IN", wherein)
                .env("BACKEND", backend.name())
                .output()
                .unwrap();
            let text = String::from_utf8_lossy(&output.stdout);
            assert_eq!(text.contains("walks on: Ok"), !ends, "{backend}, {wherein}: {text}");
            // By a signal, not with the code of a test that has failed.
            assert_eq!(output.status.code(), (!ends).then_some(0), "{backend}, {wherein}");
        }
    }
}

/// Threads with an arena each tear down what is nested 60 deep, while their finalizers give way to the
/// other. (CPython's `test_trashcan_threads`)
#[test]
fn threads_that_tear_down_at_the_same_time_finalize_everything() {
    const THREADS: usize = 2;
    const NESTS: usize = 20;
    const DEPTH: usize = 60;
    static FINALIZED: AtomicUsize = AtomicUsize::new(0);
    static DROPPED: AtomicUsize = AtomicUsize::new(0);

    struct Counter;
    impl Drop for Counter {
        fn drop(&mut self) {
            DROPPED.fetch_add(1, Ordering::Relaxed);
        }
    }
    #[derive(Trace)]
    struct Nest<'gc> {
        _counter: Static<Counter>,
        _inner: Option<Gc<'gc, Nest<'gc>>>,
    }

    fn work<C: Collector + Default>() {
        let mut arena = Arena::<Rootable![Option<Gc<'_, Nest<'_>>>], C>::new(|_| None);
        for _ in 0..NESTS {
            arena.mutate_root(|mc, root| {
                *root = (0..DEPTH).fold(None, |inner, _| {
                    let nest = Gc::new(mc, Nest { _counter: Static(Counter), _inner: inner });
                    mc.on_unreachable::<Rootable![Nest<'_>], _>(nest, |_, _| {
                        thread::yield_now();
                        FINALIZED.fetch_add(1, Ordering::Relaxed);
                    })
                    .expect("it was not finalized");
                    Some(nest)
                });
            });
            thread::yield_now();
            arena.mutate_root(|_, root| *root = None);
        }
        arena.collect();
    }

    for backend in Backend::COLLECTING {
        FINALIZED.store(0, Ordering::Relaxed);
        DROPPED.store(0, Ordering::Relaxed);
        with_collector!(backend, C => thread::scope(|scope| {
            (0..THREADS).for_each(|_| drop(scope.spawn(work::<C>)));
        }));
        let made = THREADS * NESTS * DEPTH;
        assert_eq!(FINALIZED.load(Ordering::Relaxed), made, "{backend}");
        assert_eq!(DROPPED.load(Ordering::Relaxed), made, "{backend}");
    }
}
