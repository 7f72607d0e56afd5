//! Who looks at the arenas of a workload while it runs: [`Observer`].

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use gc_core::{AllocationProfile, GenerationStats, HeapView, Listener, Sampling, Stats};

/// Looks at an arena between the operations of a workload.
///
/// That takes time, and cools the caches. So a run that is observed is another than the one that is
/// timed, and an observer that measures time leaves its own out.
pub trait Observer: fmt::Debug {
    /// Who is told of the events of the next arena; nobody by default.
    fn listener(&mut self) -> Option<Box<dyn Listener>> {
        None
    }

    /// Which allocations are noted in the next arena; none by default.
    fn sampling(&self) -> Option<Sampling> {
        None
    }

    /// Takes what was noted, when the arena has done its work.
    fn profiled(&mut self, _profile: &AllocationProfile) {}

    /// An operation has ended. Answers whether the observer wants to see the heap now.
    fn operation_ended(&mut self, stats: &Stats, generations: &[GenerationStats]) -> bool;

    /// The heap, laid open, after [`operation_ended`](Observer::operation_ended) asked for it.
    fn look<'gc>(&mut self, heap: &'gc HeapView<'gc>);
}

/// An observer that is asked for what it saw when the run has ended.
impl<O: Observer> Observer for Rc<RefCell<O>> {
    fn listener(&mut self) -> Option<Box<dyn Listener>> {
        self.borrow_mut().listener()
    }

    fn sampling(&self) -> Option<Sampling> {
        self.borrow().sampling()
    }

    fn profiled(&mut self, profile: &AllocationProfile) {
        self.borrow_mut().profiled(profile);
    }

    fn operation_ended(&mut self, stats: &Stats, generations: &[GenerationStats]) -> bool {
        self.borrow_mut().operation_ended(stats, generations)
    }

    fn look<'gc>(&mut self, heap: &'gc HeapView<'gc>) {
        self.borrow_mut().look(heap);
    }
}
