//! Counting in epochs: `ArenaBuilder::prompt(false)` and `ArenaBuilder::epoch_bytes`.

use std::cell::Cell;
use std::rc::Rc;

use gc_core::{Arena, Gc, Lock, Mutation, Rootable, Static, Trace, unlock};
use gc_refcount::Refcount;

/// Counts how often one of its kind was dropped.
struct Token(Rc<Cell<usize>>);

impl Drop for Token {
    fn drop(&mut self) {
        self.0.set(self.0.get() + 1);
    }
}

#[derive(Trace)]
struct Node<'gc> {
    token: Static<Token>,
    next: Lock<Option<Gc<'gc, Node<'gc>>>>,
}

type Kept<'gc> = Gc<'gc, Lock<Option<Gc<'gc, Node<'gc>>>>>;
type KeptArena = Arena<Rootable!['gc => Kept<'gc>], Refcount>;

fn node<'gc>(
    mc: &Mutation<'gc>,
    dropped: &Rc<Cell<usize>>,
    next: Option<Gc<'gc, Node<'gc>>>,
) -> Gc<'gc, Node<'gc>> {
    Gc::new(mc, Node { token: Static(Token(Rc::clone(dropped))), next: Lock::new(next) })
}

#[test]
fn what_died_in_an_epoch_is_dropped_at_its_end() {
    let dropped = Rc::new(Cell::new(0));
    let mut arena: KeptArena =
        Arena::builder().prompt(false).build(|mc| Gc::new(mc, Lock::new(None)));
    // root -> first -> second, all old
    arena.mutate(|mc, kept| {
        let second = node(mc, &dropped, None);
        kept.set(mc, Some(node(mc, &dropped, Some(second))));
    });
    arena.collect();
    arena.mutate(|mc, kept| kept.set(mc, None));
    assert_eq!(dropped.get(), 0, "the epoch has not ended");
    let collection = arena.collect();
    assert_eq!(dropped.get(), 2);
    assert_eq!(collection.freed_objects, 2);
}

#[test]
fn an_epoch_ends_when_its_bytes_are_allocated() {
    let dropped = Rc::new(Cell::new(0));
    let mut arena: KeptArena =
        Arena::builder().epoch_bytes(64 << 10).build(|mc| Gc::new(mc, Lock::new(None)));
    arena.mutate(|mc, kept| kept.set(mc, Some(node(mc, &dropped, None))));
    arena.collect();
    arena.mutate(|mc, kept| kept.set(mc, None));
    for _ in 0..4 {
        arena.mutate(|mc, _| {
            for number in 0..10_000_u64 {
                assert_eq!(Gc::new(mc, [number; 4])[3], number);
            }
        });
    }
    assert_eq!(dropped.get(), 1);
}

/// Bytes of the log for one cell: itself, and what it referred to.
const CELL_LOG_BYTES: usize = 2 * size_of::<usize>();

type Cells<'gc> = Gc<'gc, [Gc<'gc, Lock<Option<Gc<'gc, u64>>>>]>;

fn cells<'gc>(mc: &'gc Mutation<'gc>, count: usize) -> Cells<'gc> {
    Gc::slice_from_fn(mc, count, |_| Gc::new(mc, Lock::new(None)))
}

#[test]
fn an_epoch_ends_when_its_log_is_full() {
    let dropped = Rc::new(Cell::new(0));
    type Root<'gc> = (Cells<'gc>, Kept<'gc>);
    let epoch_bytes = 64 << 10;
    let cells_logged = 4 * epoch_bytes / CELL_LOG_BYTES;
    let mut arena: Arena<Rootable!['gc => Root<'gc>], Refcount> =
        Arena::builder().epoch_bytes(epoch_bytes).build(|mc| {
            let kept = Gc::new(mc, Lock::new(Some(node(mc, &dropped, None))));
            (cells(mc, cells_logged + 1), kept)
        });
    arena.collect();
    arena.mutate(|mc, (_, kept)| kept.set(mc, None));
    // An old cell is logged, whatever is stored.
    let mut write = |count| {
        arena.mutate(|mc, (cells, _)| cells[..count].iter().for_each(|cell| cell.set(mc, None)));
        dropped.get()
    };
    assert_eq!(write(cells_logged / 2), 0, "the log has room for as many again");
    assert_eq!(write(cells_logged + 1), 1);
}

#[test]
fn all_of_a_small_heap_may_be_logged_in_one_epoch() {
    type Root<'gc> = (Cells<'gc>, Kept<'gc>);
    let dropped = Rc::new(Cell::new(0));
    let count = 2 * gc_core::heap::LOG_BYTES_DEFAULT / CELL_LOG_BYTES;
    let mut arena: Arena<Rootable!['gc => Root<'gc>], Refcount> =
        Arena::builder().prompt(false).build(|mc| (cells(mc, count), Gc::new(mc, Lock::new(None))));
    let mut deaths_in_epoch = || {
        arena.mutate(|mc, (_, kept)| kept.set(mc, Some(node(mc, &dropped, None))));
        arena.collect();
        let before = dropped.get();
        arena.mutate(|mc, (_, kept)| kept.set(mc, None));
        arena.mutate(|mc, (cells, _)| cells.iter().for_each(|cell| cell.set(mc, None)));
        dropped.get() - before
    };
    // The epoch becomes longer each time the log ends it.
    let ended: Vec<_> = (0..6).map(|_| deaths_in_epoch()).collect();
    assert_eq!((ended[0], ended[5]), (1, 0), "{ended:?}");
}

#[test]
fn of_a_place_written_often_only_the_last_value_is_counted() {
    let dropped = Rc::new(Cell::new(0));
    let mut arena: KeptArena =
        Arena::builder().prompt(false).build(|mc| Gc::new(mc, Lock::new(None)));
    arena.collect();
    for _ in 0..100 {
        arena.mutate(|mc, kept| {
            let last = node(mc, &dropped, kept.get());
            unlock!(Gc::write(mc, last), Node, next).set(None);
            kept.set(mc, Some(last));
        });
    }
    arena.collect();
    assert_eq!(dropped.get(), 99);
    assert_eq!(arena.stats().live_objects, 2, "the lock and what it holds");
    arena.mutate(|mc, kept| {
        assert_eq!(mc.ref_count(kept.get().expect("the last")), Some(1));
    });
}

#[test]
fn an_arena_is_prompt_by_default() {
    let dropped = Rc::new(Cell::new(0));
    let mut arena: KeptArena = Arena::new(|mc| Gc::new(mc, Lock::new(None)));
    arena.mutate(|mc, kept| kept.set(mc, Some(node(mc, &dropped, None))));
    arena.mutate(|mc, kept| kept.set(mc, None));
    assert_eq!(dropped.get(), 1);
}

// AddressSanitizer is told of what is free: then an epoch goes on where the last one ended.
#[cfg(not(asan))]
#[test]
fn where_nothing_survived_the_next_epoch_begins_anew() {
    let mut arena: Arena<Rootable![()], Refcount> = Arena::new(|_| ());
    let mut epoch = || {
        let address = arena.mutate(|mc, ()| Gc::raw(Gc::new(mc, 42_u64)).addr());
        arena.collect();
        address
    };
    let first = epoch();
    assert!((0..10).all(|_| epoch() == first));
}
