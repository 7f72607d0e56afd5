//! A type marked `require_static` cannot hold a `Gc`: it would not be traced.

use gc_core::{Arena, Gc, Rootable, Trace};
use gc_refcount::Refcount;

#[derive(Trace)]
#[trace(require_static)]
struct Liar<'gc> {
    hidden: Gc<'gc, u32>,
}

fn main() {
    let mut arena: Arena<Rootable![Gc<'_, u32>], Refcount> = Arena::new(|mc| Gc::new(mc, 1));
    arena.mutate(|mc, root| {
        let _ = Gc::new(mc, Liar { hidden: *root });
    });
}
