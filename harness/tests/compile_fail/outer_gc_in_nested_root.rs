//! The root of an arena made inside another arena's `mutate` cannot hold the outer one's `Gc`: the
//! inner arena may outlive the closure's end, and its collector knows nothing of the object.

use gc_core::{Arena, Gc, Rootable};
use gc_refcount::Refcount;

fn nest<'outer>(gc: Gc<'outer, u32>) {
    let _: Arena<Rootable!['gc => Gc<'outer, u32>], Refcount> = Arena::new(|_| gc);
}

fn main() {
    let mut arena: Arena<Rootable![Gc<'_, u32>], Refcount> = Arena::new(|mc| Gc::new(mc, 1));
    arena.mutate(|_, root| nest(*root));
}
