//! A collection cannot be asked for inside `enter`, whose references are no roots.

use gc_core::{Arena, Gc, Rootable};
use gc_refcount::Refcount;

fn main() {
    let mut arena: Arena<Rootable![Gc<'_, u32>], Refcount> = Arena::new(|mc| Gc::new(mc, 1));
    arena.enter(|_, root| {
        arena.collect();
        assert_eq!(**root, 1);
    });
}
