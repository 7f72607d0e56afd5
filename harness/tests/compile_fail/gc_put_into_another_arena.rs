//! A `Gc` cannot be put into another arena, whose collector knows nothing of its object.

use gc_core::{Arena, Gc, Lock, Rootable};
use gc_refcount::Refcount;

type Slot = Arena<Rootable![Gc<'_, Lock<Option<Gc<'_, u32>>>>], Refcount>;

fn main() {
    let mut from: Slot = Arena::new(|mc| Gc::new(mc, Lock::new(None)));
    let mut to: Slot = Arena::new(|mc| Gc::new(mc, Lock::new(None)));
    from.mutate(|mc, _| {
        let number = Gc::new(mc, 1);
        to.mutate(|mc, slot| slot.set(mc, Some(number)));
    });
}
