//! A weak reference cannot leave its `mutate` either, to be upgraded in another.

use gc_core::{Arena, Gc, Rootable};
use gc_refcount::Refcount;

fn main() {
    let mut arena: Arena<Rootable![Gc<'_, u32>], Refcount> = Arena::new(|mc| Gc::new(mc, 1));
    let weak = arena.mutate(|mc, root| Gc::downgrade(mc, *root));
    arena.mutate(|mc, _| assert!(weak.upgrade(mc).is_some()));
}
