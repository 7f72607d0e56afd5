//! Nothing recurses on the object graph: a million objects in a row on a small stack.
//!
//! A frame of 64 bytes for each object would need 64 MB.

use std::thread;

use gc_core::collector::Collector;
use gc_core::{Arena, Gc, Lock, Rootable, Trace, unlock};

use super::trial::reclaims;

const STACK_BYTES: usize = 256 << 10;
pub(super) const LEN: usize = 1_000_000;

#[derive(Trace)]
pub(super) struct Cell<'gc, T> {
    value: T,
    pub(super) next: CellLink<'gc, T>,
    pub(super) previous: CellLink<'gc, T>,
}

pub(super) type CellRef<'gc, T> = Gc<'gc, Cell<'gc, T>>;
pub(super) type CellLink<'gc, T> = Lock<Option<CellRef<'gc, T>>>;

pub(super) type List<T, C> = Arena<Rootable!['gc => Gc<'gc, CellLink<'gc, T>>], C>;

/// Makes a list by putting new cells in front: `first -> .. -> last`.
pub(super) fn build<T: Trace + 'static, C: Collector + Default>(
    value: impl Fn(usize) -> T,
) -> List<T, C> {
    let mut arena: List<T, C> = Arena::new(|mc| Gc::new(mc, Lock::new(None)));
    for batch in (0..LEN).step_by(10_000) {
        arena.mutate(|mc, root| {
            for index in batch..batch + 10_000 {
                let next = Lock::new(root.get());
                let value = value(index);
                let cell = Gc::new(mc, Cell { value, next, previous: Lock::new(None) });
                root.set(mc, Some(cell));
            }
        });
    }
    arena
}

/// Makes every cell refer to the one in front of it, and the first to the last.
pub(super) fn link_back<T: Trace + 'static, C: Collector>(arena: &mut List<T, C>) {
    arena.mutate(|mc, root| {
        let first = root.get().expect("a list");
        let mut last = first;
        while let Some(next) = last.next.get() {
            unlock!(Gc::write(mc, next), Cell, previous).set(Some(last));
            last = next;
        }
        unlock!(Gc::write(mc, first), Cell, previous).set(Some(last));
    });
}

fn len<T: Trace + 'static, C: Collector>(arena: &List<T, C>) -> usize {
    arena.enter(|_, root| std::iter::successors(root.get(), |cell| cell.next.get()).count())
}

fn let_go<T: Trace + 'static, C: Collector>(arena: &mut List<T, C>) {
    arena.mutate(|mc, root| root.set(mc, None));
    arena.collect();
}

pub(super) fn on_a_small_stack(claim: impl FnOnce() + Send + 'static) {
    let thread = thread::Builder::new().stack_size(STACK_BYTES).spawn(claim);
    thread.expect("a thread can be started").join().expect("the claim holds");
}

/// `root -> 999999 -> .. -> 0`, made, collected, let go, and dropped with the arena.
pub fn a_list_of_a_million_lives_and_dies_on_a_small_stack<C: Collector + Default>() {
    on_a_small_stack(|| {
        let mut arena = build::<usize, C>(|index| index);
        arena.collect();
        assert_eq!(len(&arena), LEN);
        let_go(&mut arena);
        if reclaims::<C>() {
            assert!(arena.stats().live_bytes < 1000, "{:?}", arena.stats());
        }
        drop(arena);
        drop(build::<usize, C>(|index| index));
    });
}

/// The same with drop glue in every object.
pub fn a_droppable_list_of_a_million_lives_and_dies_on_a_small_stack<C: Collector + Default>() {
    on_a_small_stack(|| {
        let mut arena = build::<Box<usize>, C>(Box::new);
        arena.collect();
        assert_eq!(len(&arena), LEN);
        let_go(&mut arena);
        drop(arena);
        drop(build::<Box<usize>, C>(Box::new));
    });
}

/// `root -> 999999 <-> .. <-> 0`, closed to a ring.
pub fn a_ring_of_a_million_lives_and_dies_on_a_small_stack<C: Collector + Default>() {
    on_a_small_stack(|| {
        let mut arena = build::<usize, C>(|index| index);
        arena.collect();
        link_back(&mut arena);
        arena.collect();
        assert_eq!(len(&arena), LEN);
        let_go(&mut arena);
        if C::ATTRIBUTES.reclaims_cycles {
            assert!(arena.stats().live_bytes < 1000, "{:?}", arena.stats());
        }
    });
}
