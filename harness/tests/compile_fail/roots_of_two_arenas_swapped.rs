//! The roots of two arenas of one type cannot be swapped: each refers into its own heap.

use gc_core::{Arena, Gc, Rootable};
use gc_refcount::Refcount;

fn main() {
    let mut a: Arena<Rootable![Gc<'_, u32>], Refcount> = Arena::new(|mc| Gc::new(mc, 1));
    let mut b: Arena<Rootable![Gc<'_, u32>], Refcount> = Arena::new(|mc| Gc::new(mc, 2));
    a.mutate_root(|_, a| b.mutate_root(|_, b| std::mem::swap(a, b)));
}
