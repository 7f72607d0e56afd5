//! An object of an arena cannot hold the `Gc` of another arena whose `mutate` encloses.

use gc_core::{Arena, Gc, Rootable};
use gc_refcount::Refcount;

fn main() {
    let mut outer: Arena<Rootable![Gc<'_, u32>], Refcount> = Arena::new(|mc| Gc::new(mc, 1));
    let mut inner: Arena<Rootable![()], Refcount> = Arena::new(|_| ());
    outer.mutate(|_, root| {
        inner.mutate(|mc, ()| {
            let _ = Gc::new(mc, *root);
        });
    });
}
