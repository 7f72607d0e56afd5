//! A root is asked too whether its `require_static` fields are static.

use gc_core::{Arena, Gc, Rootable, Trace};
use gc_refcount::Refcount;

#[derive(Trace)]
struct Liar<'gc> {
    #[trace(require_static)]
    hidden: Gc<'gc, u32>,
}

fn main() {
    let _: Arena<Rootable![Liar<'_>], Refcount> = Arena::new(|mc| Liar { hidden: Gc::new(mc, 1) });
}
