//! The parameters of a type with a finalizer are `'static`: a `Gc` would keep its old lifetime.

use gc_core::{Arena, Brand, Finalize, Gc, Mutation, Rootable, Trace};
use gc_refcount::Refcount;

#[derive(Trace)]
#[trace(finalize)]
struct Node<'gc, T>(T, Brand<'gc>);

impl<'gc, T: Trace + 'static> Finalize<'gc> for Node<'gc, T> {
    type Outcome = ();

    fn finalize(_: &Mutation<'gc>, _: Gc<'gc, Self>) {}
}

fn main() {
    let arena: Arena<Rootable![Gc<'_, u32>], Refcount> = Arena::new(|mc| Gc::new(mc, 1));
    arena.enter(|mc, root| {
        let _ = Gc::new(mc, Node(*root, Brand::new(mc)));
    });
}
