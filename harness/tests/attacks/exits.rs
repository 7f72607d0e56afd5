//! Processes that end in the middle of something: by `exit`, by `abort`, and at the end of a thread.

use std::cell::{Cell, RefCell};
use std::process::{Command, abort, exit};
use std::rc::Rc;

use gc_core::{Arena, DynamicRoot, Gc, Rootable, Static, static_trace};
use gc_generational::Generational;
use gc_marksweep::MarkSweep;

use crate::settings::Alive;

const KIND: &str = "ATTACK_EXIT";

struct Leaver(fn());

static_trace!(Leaver);

impl Drop for Leaver {
    fn drop(&mut self) {
        (self.0)();
    }
}

type Root = Rootable![Option<Gc<'_, Leaver>>];

std::thread_local! {
    static ARENA: RefCell<Option<Arena<Root, MarkSweep>>> = const { RefCell::new(None) };
}

fn leave(kind: &str) {
    let mut arena = Arena::<Root, MarkSweep>::new(|mc| Some(Gc::new(mc, Leaver(|| ()))));
    match kind {
        "exit in mutate" => arena.mutate(|_, _| exit(7)),
        "exit in glue" => {
            arena.mutate_root(|mc, root| *root = Some(Gc::new(mc, Leaver(|| exit(7)))));
            arena.mutate_root(|_, root| *root = None);
        }
        "exit in a finalizer" => {
            arena.mutate(|mc, root| {
                let root = root.expect("it was made");
                mc.on_unreachable::<Rootable![Leaver], ()>(root, |_, _| exit(7))
                    .expect("it is new");
            });
            arena.mutate_root(|_, root| *root = None);
        }
        "exit with a thread-local arena" => {
            ARENA.set(Some(arena));
            ARENA.with_borrow_mut(|arena| arena.as_mut().map(|arena| arena.mutate(|_, _| exit(7))));
        }
        "abort in glue" => {
            arena.mutate_root(|mc, root| *root = Some(Gc::new(mc, Leaver(|| abort()))));
            arena.mutate_root(|_, root| *root = None);
        }
        kind => panic!("no such way: {kind}"),
    }
    panic!("still here");
}

/// What the processes below do.
#[test]
fn child() {
    if let Ok(kind) = std::env::var(KIND) {
        leave(&kind);
    }
}

#[test]
fn a_process_that_ends_in_the_middle_ends() {
    let ways =
        ["exit in mutate", "exit in glue", "exit in a finalizer", "exit with a thread-local arena"];
    for kind in ways.into_iter().chain(["abort in glue"]) {
        let this = std::env::current_exe().expect("a test has a file");
        let arguments = ["--exact", "exits::child", "--test-threads=1"];
        let output =
            Command::new(this).args(arguments).env(KIND, kind).output().expect("a process");
        let expected = (kind != "abort in glue").then_some(7);
        assert_eq!(output.status.code(), expected, "{kind}: {output:?}");
    }
}

type Handle = DynamicRoot<Rootable![Static<Last>]>;

/// Uses a handle, and an arena that may be gone, when its thread ends.
struct Last(Alive, Cell<Option<crate::settings::Token>>);

impl Drop for Last {
    fn drop(&mut self) {
        if let Some(token) = self.1.take() {
            token.check();
        }
        let _ = SECOND.try_with(|second| {
            if let Ok(mut second) = second.try_borrow_mut()
                && let Some((arena, handle)) = &mut *second
            {
                arena.mutate(|mc, ()| mc.fetch(handle).0.0.count());
                *handle = handle.clone();
            }
        });
    }
}

type Pair = (Arena<Rootable![()], Generational>, Handle);

std::thread_local! {
    static FIRST: RefCell<Option<Pair>> = const { RefCell::new(None) };
    static SECOND: RefCell<Option<Pair>> = const { RefCell::new(None) };
}

#[test]
fn arenas_of_a_thread_that_ends_are_dropped_in_any_order() {
    for is_first_first in [true, false] {
        let count = std::thread::spawn(move || {
            let alive = Alive::default();
            let make = || {
                let mut arena = Arena::<Rootable![()], Generational>::new(|_| ());
                let handle = arena.mutate(|mc, ()| {
                    let last = Last(alive.clone(), Cell::new(Some(alive.token())));
                    mc.stash::<Rootable![Static<Last>]>(Gc::new(mc, Static(last)))
                });
                arena.collect();
                Some((arena, handle))
            };
            if is_first_first {
                FIRST.set(make());
                SECOND.set(make());
            } else {
                SECOND.set(make());
                FIRST.set(make());
            }
            alive.count()
        });
        assert_eq!(count.join().expect("the thread ends"), 2);
    }
    let _ = Rc::new(());
}
