//! The collector that never collects: [`NullCollector`].

use crate::collector::{Attributes, Collector, Safepoint};
use crate::event::Reason;

/// Allocates and never reclaims: the first collector to read, and the lower bound in benchmarks.
///
/// What others do at a safepoint can be seen here by its absence: nothing is promoted, so every
/// object stays young, so the write barrier never logs. Drop glue runs when the arena is dropped.
///
/// # Examples
///
/// ```
/// use gc_core::{Arena, Gc, NullCollector, Rootable};
/// use std::rc::Rc;
///
/// let counter = Rc::new(());
/// let mut arena: Arena<Rootable![()], NullCollector> = Arena::new(|_| ());
/// arena.mutate(|mc, ()| { let _ = Gc::new(mc, Rc::clone(&counter)); });
/// // Nothing refers to the object, and it lives as long as the arena.
/// assert_eq!(arena.collect().freed_objects, 0);
/// assert_eq!(Rc::strong_count(&counter), 2);
/// drop(arena);
/// assert_eq!(Rc::strong_count(&counter), 1);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct NullCollector;

// SAFETY: nothing is reclaimed, moved or dropped, and the log is not emptied: it stays empty. There is
// nothing in it.
unsafe impl Collector for NullCollector {
    const ATTRIBUTES: Attributes = Attributes::new("null");

    const IS_SEND: bool = true;

    fn safepoint(&mut self, safepoint: &mut Safepoint<'_>) {
        // Ask less and less often: there is nothing to do.
        let nursery_bytes = safepoint.heap.nursery_bytes();
        safepoint.heap.set_nursery_bytes(nursery_bytes.saturating_mul(2));
    }

    fn collect(&mut self, _: &mut Safepoint<'_>, _: u8, _: Reason) {}
}
