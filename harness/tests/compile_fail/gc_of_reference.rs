//! `Gc<&'gc T>` cannot be made: the reference would not follow when its object moves.

use gc_core::{Arena, Gc, Rootable};
use gc_refcount::Refcount;

fn main() {
    let mut arena: Arena<Rootable![Gc<'_, u32>], Refcount> = Arena::new(|mc| Gc::new(mc, 1));
    arena.mutate(|mc, root| {
        let _ = Gc::new(mc, root.as_ref());
    });
}
