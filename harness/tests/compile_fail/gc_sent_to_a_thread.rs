//! A `Gc` cannot be sent to another thread: the arena is not synchronized.

use gc_core::{Arena, Gc, Rootable};
use gc_refcount::Refcount;

/// What a thread asks of the values it is given.
fn send(_: impl Send) {}

fn main() {
    let mut arena: Arena<Rootable![Gc<'_, u32>], Refcount> = Arena::new(|mc| Gc::new(mc, 1));
    arena.mutate(|_, root| send(*root));
}
