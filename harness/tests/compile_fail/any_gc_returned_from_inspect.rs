//! An `AnyGc` cannot be returned from `inspect`: the next safepoint may free or move its object.

use gc_core::{Arena, Gc, Rootable};
use gc_refcount::Refcount;

fn main() {
    let mut arena: Arena<Rootable![Gc<'_, u32>], Refcount> = Arena::new(|mc| Gc::new(mc, 1));
    let escaped = arena.inspect(|heap, _| heap.objects().next());
    assert!(escaped.is_some());
}
