//! Nor can it if the `Rootable` is written by hand: a root must outlive every lifetime it is given.

use std::marker::PhantomData;

use gc_core::{Arena, Gc, Rootable};
use gc_refcount::Refcount;

struct Smuggler<'outer>(PhantomData<&'outer ()>);

impl<'a, 'outer: 'a> Rootable<'a> for Smuggler<'outer> {
    type Root = Gc<'outer, u32>;
}

fn nest<'outer>(gc: Gc<'outer, u32>) {
    let _: Arena<Smuggler<'outer>, Refcount> = Arena::new(|_| gc);
}

fn main() {
    let mut arena: Arena<Rootable![Gc<'_, u32>], Refcount> = Arena::new(|mc| Gc::new(mc, 1));
    arena.mutate(|_, root| nest(*root));
}
