//! A handle is of the type it was made for.

use gc_core::{Arena, DynamicRoot, Gc, Rootable};
use gc_refcount::Refcount;

fn main() {
    let mut arena: Arena<Rootable![()], Refcount> = Arena::new(|_| ());
    let handle: DynamicRoot<Rootable![u32]> = arena.mutate(|mc, ()| mc.stash(Gc::new(mc, 1)));
    let handle: DynamicRoot<Rootable![String]> = handle;
    arena.mutate(|mc, ()| assert!(mc.fetch(&handle).is_empty()));
}
