//! `mutate` of an arena cannot run inside `mutate` of the same arena: the inner safepoint would
//! pull the outer one's references out from under it.

use gc_core::{Arena, Gc, Rootable};
use gc_refcount::Refcount;

fn main() {
    let mut arena: Arena<Rootable![Gc<'_, u32>], Refcount> = Arena::new(|mc| Gc::new(mc, 1));
    arena.mutate(|_, outer| {
        arena.mutate(|_, _| ());
        assert_eq!(**outer, 1);
    });
}
