//! A `Gc` cannot be stored in a variable outside of the closure: nothing there is a root.

use gc_core::{Arena, Gc, Rootable};
use gc_refcount::Refcount;

fn main() {
    let mut arena: Arena<Rootable![Gc<'_, u32>], Refcount> = Arena::new(|mc| Gc::new(mc, 1));
    let mut kept = None;
    arena.mutate(|_, root| kept = Some(*root));
    assert_eq!(kept.map(|gc| *gc), Some(1));
}
