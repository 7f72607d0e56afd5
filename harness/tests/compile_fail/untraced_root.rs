//! The type of a root must be `Trace`.

use gc_core::{Arena, Gc, Rootable};
use gc_refcount::Refcount;

struct Root<'gc>(Gc<'gc, u32>);

fn main() {
    let _: Arena<Rootable![Root<'_>], Refcount> = Arena::new(|mc| Root(Gc::new(mc, 1)));
}
