//! Nothing can be written inside `inspect`: there is no `Mutation` of its arena.

use gc_core::{Arena, Gc, Lock, Rootable};
use gc_refcount::Refcount;

fn main() {
    let mut arena: Arena<Rootable![Gc<'_, Lock<u32>>], Refcount> =
        Arena::new(|mc| Gc::new(mc, Lock::new(1)));
    arena.inspect(|_, _| {
        arena.enter(|mc, root| root.set(mc, 2));
    });
}
