//! `static_trace!` says what a type is at `'static` only: with a `Gc` inside it is not `Trace`.

use gc_core::{Arena, Gc, Rootable, static_trace};
use gc_refcount::Refcount;

struct Liar<'gc>(Gc<'gc, u32>);

static_trace!(Liar<'static>);

fn main() {
    let mut arena: Arena<Rootable![Gc<'_, u32>], Refcount> = Arena::new(|mc| Gc::new(mc, 1));
    arena.mutate(|mc, root| {
        let _ = Gc::new(mc, Liar(*root));
    });
}
