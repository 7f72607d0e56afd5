//! A `Gc` cannot be returned from `mutate`: the safepoint that follows may free or move its object.

use gc_core::{Arena, Gc, Rootable};
use gc_refcount::Refcount;

fn main() {
    let mut arena: Arena<Rootable![Gc<'_, u32>], Refcount> = Arena::new(|mc| Gc::new(mc, 1));
    let escaped = arena.mutate(|_, root| *root);
    assert_eq!(*escaped, 1);
}
