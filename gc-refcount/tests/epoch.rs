//! Promptness, and what it is traded for.

use std::rc::Rc;

use gc_core::{Arena, Gc, Lock, Rootable, Static};
use gc_refcount::Refcount;

type Kept<'gc> = Gc<'gc, Lock<Option<Gc<'gc, Static<Rc<()>>>>>>;
type Keeper = Arena<Rootable![Kept<'_>], Refcount>;

/// `root -> lock -> token`, all of it old.
fn keep(token: &Rc<()>, epoch_bytes: usize) -> Keeper {
    let mut arena = Keeper::builder()
        .epoch_bytes(epoch_bytes)
        .build(|mc| Gc::new(mc, Lock::new(Some(Gc::new(mc, Static(Rc::clone(token)))))));
    arena.collect();
    arena
}

#[test]
fn without_an_epoch_what_is_cut_off_is_dropped_before_mutate_returns() {
    let token = Rc::new(());
    let mut arena = keep(&token, 0);
    arena.mutate(|mc, kept| kept.set(mc, None));
    assert_eq!(Rc::strong_count(&token), 1);
}

#[test]
fn within_an_epoch_what_is_cut_off_waits() {
    let token = Rc::new(());
    let mut arena = keep(&token, 1 << 20);
    arena.mutate(|mc, kept| kept.set(mc, None));
    assert_eq!(Rc::strong_count(&token), 2, "no megabyte was allocated yet");
    arena.mutate(|mc, _| {
        for index in 0..100_000_u64 {
            assert_eq!(*Gc::new(mc, index), index);
        }
    });
    assert_eq!(Rc::strong_count(&token), 1);
}
