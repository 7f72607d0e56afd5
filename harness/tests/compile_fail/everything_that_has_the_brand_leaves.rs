//! Whatever has the brand in its type stays in its closure, whichever way out it is shown.

use std::any::Any;
use std::cell::{Cell, RefCell, RefMut};

use gc_core::{
    AnyGc, Arena, Brand, Gc, GcHashMap, GcVec, GcWeak, HeapView, Mutation, RefLock, Rootable, Write,
};
use gc_refcount::Refcount;

type List = Arena<Rootable![Gc<'_, RefLock<Vec<u32>>>], Refcount>;

std::thread_local! {
    static KEPT: Cell<Option<Gc<'static, RefLock<Vec<u32>>>>> = const { Cell::new(None) };
    static WAYS: RefCell<Vec<Box<dyn Fn() -> u32>>> = const { RefCell::new(Vec::new()) };
}

fn into_a_thread_local(arena: &mut List) {
    arena.mutate(|_, root| KEPT.set(Some(*root)));
}

fn in_a_closure(arena: &mut List) -> Box<dyn Fn() -> usize> {
    arena.mutate(|_, root| {
        let root = *root;
        Box::new(move || root.borrow().len()) as Box<dyn Fn() -> usize>
    })
}

fn in_a_closure_in_a_thread_local(arena: &mut List) {
    arena.mutate(|_, root| WAYS.with_borrow_mut(|ways| ways.push(Box::new(|| root.borrow()[0]))));
}

fn as_any(arena: &mut List) -> Box<dyn Any> {
    arena.mutate(|_, root| Box::new(*root) as Box<dyn Any>)
}

fn as_a_guard(arena: &mut List) {
    let mut guard: Option<RefMut<'_, Vec<u32>>> = None;
    arena.mutate(|mc, root| guard = Some(root.borrow_mut(mc)));
}

fn as_a_witness(arena: &mut List) {
    let mut write: Option<&Write<RefLock<Vec<u32>>>> = None;
    arena.mutate(|mc, root| write = Some(Gc::write(mc, *root)));
}

fn as_an_iterator(arena: &mut List) {
    let mut elements = None;
    arena.mutate(|mc, _| elements = Some(GcVec::from_slice(mc, &[1, 2]).iter()));
}

fn as_what_an_iterator_is_hidden_in(arena: &mut List) {
    let mut keys: Option<Box<dyn Iterator<Item = u32>>> = None;
    arena.mutate(|mc, _| keys = Some(Box::new(GcHashMap::<u32, u32>::new(mc).keys())));
}

fn as_a_weak_reference(arena: &mut List) {
    let mut weak: Option<GcWeak<'_, RefLock<Vec<u32>>>> = None;
    arena.mutate(|mc, root| weak = Some(Gc::downgrade(mc, *root)));
}

fn as_a_brand(arena: &mut List) {
    let mut brand: Option<Brand<'_>> = None;
    arena.mutate(|mc, _| brand = Some(Brand::new(mc)));
}

fn as_a_view(arena: &mut List) {
    let mut seen: Option<HeapView<'_>> = None;
    arena.inspect(|view, _| seen = Some(*view));
}

fn as_objects_in_a_view(arena: &mut List) {
    let mut seen: Vec<AnyGc<'_>> = Vec::new();
    arena.inspect(|view, _| seen.extend(view.objects()));
}

fn by_a_thread_that_waits(arena: &mut List) {
    let mut kept: Option<&Mutation<'_>> = None;
    arena.enter(|mc, _| kept = Some(mc));
    arena.collect();
    println!("{kept:?}");
}

fn by_a_generator_of_closures(arena: &mut List) -> impl FnOnce() -> usize + use<> {
    arena.enter(|_, root| move || root.borrow().len())
}

fn main() {}
