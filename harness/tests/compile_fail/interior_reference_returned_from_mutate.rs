//! A reference into an object dies with the `mutate` that gave it: the object may move.

use gc_core::{Arena, Gc, Rootable};
use gc_refcount::Refcount;

fn main() {
    let mut arena: Arena<Rootable![Gc<'_, u32>], Refcount> = Arena::new(|mc| Gc::new(mc, 1));
    let escaped: &u32 = arena.mutate(|_, root| root.as_ref());
    assert_eq!(*escaped, 1);
}
