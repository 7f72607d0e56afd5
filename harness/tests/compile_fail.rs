//! Programs that must not compile: each file in `compile_fail/` breaks one rule of the safety
//! argument, and its first line says which.
//!
//! The compiler's messages are kept beside the programs, because a program that fails for another
//! reason proves nothing. After a change, `TRYBUILD=overwrite cargo test -p harness --test
//! compile_fail` writes them anew: read what has changed. They are those of one release of the
//! compiler; under another, which may word them differently, this one test says so and is passed
//! over.
//!
//! The other tests here are the controls. They are the nearest programs that are allowed, so that
//! it is the rule that rejects the others and not something that they all have in common.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::sync::Arc;

use gc_core::{
    Arena, DynTrace, DynamicRoot, Gc, Lock, Mutation, RefLock, Rootable, Static, Trace, Write,
    dyn_trace, field, static_trace, unlock,
};
use gc_refcount::Refcount;

/// The release whose messages are kept.
const COMPILER: &str = "rustc 1.95.";

fn compiler_version() -> String {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = std::process::Command::new(rustc).arg("--version").output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn what_would_be_unsound_does_not_compile() {
    let version = compiler_version();
    if !version.starts_with(COMPILER) {
        println!("skipped: the messages are those of {COMPILER}x, and this is {version}");
        return;
    }
    trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
}

type Number = Arena<Rootable![Gc<'_, u32>], Refcount>;

// What belongs to one thread stays there. As programs these would not do: the message of the
// compiler lists every field that is in the way.
static_assertions::assert_not_impl_any!(Number: Send, Sync);
static_assertions::assert_not_impl_any!(Mutation<'static>: Send, Sync);
static_assertions::assert_not_impl_any!(DynamicRoot<Rootable![u32]>: Send, Sync);

#[test]
fn plain_values_leave_a_mutate() {
    let mut arena: Number = Arena::new(|mc| Gc::new(mc, 1));
    let mut kept = None;
    arena.mutate(|_, root| kept = Some(**root));
    assert_eq!(kept, Some(1));
    assert_eq!(arena.mutate(|_, root| **root), 1);
    assert_eq!(arena.enter(|_, root| **root), 1);
}

#[test]
fn handles_leave_a_mutate() {
    let mut arena: Number = Arena::new(|mc| Gc::new(mc, 1));
    let handle = arena.mutate(|mc, root| mc.stash::<Rootable![u32]>(*root));
    arena.collect();
    assert_eq!(arena.mutate(|mc, _| *mc.fetch(&handle)), 1);
}

#[test]
fn enter_nests_and_so_do_different_arenas() {
    let arena: Number = Arena::new(|mc| Gc::new(mc, 1));
    let mut other: Number = Arena::new(|mc| Gc::new(mc, 2));
    arena.enter(|_, outer| {
        let sum = arena.enter(|_, inner| **outer + **inner);
        // A value may go from one arena to another, a reference may not.
        other.mutate_root(|mc, root| *root = Gc::new(mc, sum));
        let inside: Number = Arena::new(|mc| Gc::new(mc, **outer));
        assert_eq!(inside.enter(|_, root| **root), 1);
    });
    assert_eq!(other.enter(|_, root| **root), 2);
}

#[derive(Trace)]
struct Node<'gc> {
    next: Lock<Option<Gc<'gc, Node<'gc>>>>,
    children: RefLock<Vec<Gc<'gc, Node<'gc>>>>,
    by_name: HashMap<String, Lock<Option<Gc<'gc, Node<'gc>>>>>,
    in_order: BTreeMap<u32, Gc<'gc, Node<'gc>>>,
    boxed: Option<Box<Lock<Option<Gc<'gc, Node<'gc>>>>>>,
    shared: Rc<Cell<u32>>,
    name: Arc<str>,
    constant: &'static str,
    counter: Static<Cell<u32>>,
    #[trace(require_static)]
    log: RefCell<Vec<u32>>,
}

impl Node<'_> {
    fn new() -> Self {
        Node {
            next: Lock::new(None),
            children: RefLock::new(Vec::new()),
            by_name: HashMap::new(),
            in_order: BTreeMap::new(),
            boxed: Some(Box::new(Lock::new(None))),
            shared: Rc::default(),
            name: "name".into(),
            constant: "constant",
            counter: Static(Cell::new(0)),
            log: RefCell::default(),
        }
    }
}

type Nodes = Arena<Rootable![Gc<'_, Node<'_>>], Refcount>;

#[test]
fn what_is_static_may_be_shared_and_have_any_cell() {
    let arena = Nodes::new(|mc| Gc::new(mc, Node::new()));
    arena.enter(|_, node| {
        node.shared.set(1);
        node.counter.set(node.shared.get() + 1);
        node.log.borrow_mut().push(node.counter.get());
        assert_eq!(*node.log.borrow(), [2]);
        assert_eq!((&*node.name, node.constant), ("name", "constant"));
        assert!(node.by_name.is_empty() && node.in_order.is_empty());
    });
}

#[test]
fn a_write_leads_to_what_the_object_owns() {
    let mut arena = Nodes::new(|mc| Gc::new(mc, Node::new()));
    arena.mutate(|mc, node| {
        let write = Gc::write(mc, *node);
        unlock!(write, Node, next).set(Some(*node));
        unlock!(write, Node, children).borrow_mut().push(*node);
        let boxed = field!(write, Node, boxed).as_write().unwrap();
        boxed.as_deref().unlock().set(Some(*node));
    });
    arena.enter(|_, node| {
        assert!(Gc::ptr_eq(node.next.get().unwrap(), *node));
        assert!(Gc::ptr_eq(node.children.borrow()[0], *node));
        assert!(Gc::ptr_eq(node.boxed.as_ref().unwrap().get().unwrap(), *node));
    });
}

#[test]
fn a_write_is_had_from_an_exclusive_borrow_and_for_what_is_static() {
    let mut lock = Lock::new(1);
    Write::from_mut(&mut lock).unlock().set(2);
    Write::from_static(&lock).unlock().set(lock.get() + 1);
    assert_eq!(lock.get(), 3);
}

struct Opaque(*const u8);

static_trace!(Opaque);

trait Shape<'gc>: DynTrace {
    fn area(&self) -> u32;
}

dyn_trace!(for<'gc> dyn Shape<'gc> + 'gc);

#[derive(Trace)]
#[trace(no_drop, gc_lifetime = 'gc, crate = gc_core, bound = "where T: Trace")]
struct Square<'gc, T> {
    side: Gc<'gc, u32>,
    #[trace(require_static)]
    scale: Cell<u32>,
    tag: T,
}

impl<'gc> Shape<'gc> for Square<'gc, Opaque> {
    fn area(&self) -> u32 {
        assert!(self.tag.0.is_null());
        *self.side * *self.side * self.scale.get()
    }
}

#[derive(Trace)]
#[trace(require_static)]
struct Logged<T>(T);

impl<T> Drop for Logged<T> {
    fn drop(&mut self) {}
}

#[derive(Trace)]
#[trace(recursive, unsafe_drop)]
struct Scene<'gc> {
    shapes: Vec<Box<dyn Shape<'gc> + 'gc>>,
    opaque: Logged<Opaque>,
}

impl Drop for Scene<'_> {
    fn drop(&mut self) {}
}

#[test]
fn every_word_of_the_derive_is_understood() {
    let mut arena: Arena<Rootable![Scene<'_>], Refcount> = Arena::new(|mc| {
        let tag = || Opaque(std::ptr::null());
        let square = Square { side: Gc::new(mc, 3), scale: Cell::new(2), tag: tag() };
        Scene { shapes: vec![Box::new(square)], opaque: Logged(tag()) }
    });
    arena.collect();
    let areas: Vec<u32> =
        arena.enter(|_, scene| scene.shapes.iter().map(|shape| shape.area()).collect());
    assert_eq!(areas, [18]);
    assert!(arena.enter(|_, scene| scene.opaque.0.0.is_null()));
}
