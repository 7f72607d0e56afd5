//! A root cannot hold `&'gc T`: the reference would not follow when the object moves.

use gc_core::{Arena, Rootable};
use gc_refcount::Refcount;

fn main() {
    let _: Arena<Rootable![&'_ u32], Refcount> = Arena::new(|_| &1);
}
