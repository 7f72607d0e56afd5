//! A `Gc` cannot be returned from `enter`: the next safepoint may free or move its object.

use gc_core::{Arena, Gc, Rootable};
use gc_refcount::Refcount;

fn main() {
    let arena: Arena<Rootable![Gc<'_, u32>], Refcount> = Arena::new(|mc| Gc::new(mc, 1));
    let escaped = arena.enter(|_, root| *root);
    assert_eq!(*escaped, 1);
}
