//! The barrier takes the `Mutation` of the object's own arena: another would log it in vain.

use gc_core::{Arena, Gc, Lock, Rootable};
use gc_refcount::Refcount;

type Cells = Arena<Rootable![Gc<'_, Lock<u32>>], Refcount>;

fn main() {
    let mut a: Cells = Arena::new(|mc| Gc::new(mc, Lock::new(1)));
    let mut b: Cells = Arena::new(|mc| Gc::new(mc, Lock::new(2)));
    a.mutate(|_, a| b.mutate(|mc, _| a.set(mc, 3)));
}
