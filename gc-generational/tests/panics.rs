//! What a panic in drop glue leaves for later.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use gc_core::{Arena, Gc, Rootable, Static};
use gc_generational::Generational;

struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("on purpose");
    }
}

#[test]
fn finalizers_that_a_panic_in_drop_glue_kept_waiting_run_at_the_next_collection() {
    let finalized = Rc::new(Cell::new(false));
    let mut arena: Arena<Rootable![()], Generational> = Arena::new(|_| ());
    arena.mutate(|mc, ()| {
        let finalized = Rc::clone(&finalized);
        mc.on_unreachable::<Rootable![u64], _>(Gc::new(mc, 1), move |_, _| finalized.set(true))
            .expect("it was not finalized");
        let _ = Gc::new(mc, Static(Bomb));
    });
    assert!(catch_unwind(AssertUnwindSafe(|| arena.collect())).is_err());
    arena.collect();
    assert!(finalized.get());
    assert_eq!(arena.stats().live_objects, 0);
}
