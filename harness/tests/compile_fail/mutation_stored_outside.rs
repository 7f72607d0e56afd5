//! The `Mutation` cannot leave the closure: allocating after its safepoint would go unnoticed.

use gc_core::{Arena, Gc, Rootable};
use gc_refcount::Refcount;

fn main() {
    let mut arena: Arena<Rootable![Gc<'_, u32>], Refcount> = Arena::new(|mc| Gc::new(mc, 1));
    let mut kept = None;
    arena.mutate(|mc, _| kept = Some(mc));
    assert!(kept.is_some());
}
