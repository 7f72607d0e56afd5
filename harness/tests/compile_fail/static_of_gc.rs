//! `Static` holds no `Gc`: it would not be traced.

use gc_core::{Arena, Gc, Rootable, Static};
use gc_refcount::Refcount;

fn main() {
    let mut arena: Arena<Rootable![Gc<'_, u32>], Refcount> = Arena::new(|mc| Gc::new(mc, 1));
    arena.mutate(|mc, root| {
        let _ = Gc::new(mc, Static(*root));
    });
}
