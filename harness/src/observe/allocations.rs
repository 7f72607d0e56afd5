//! The observer of who allocates what: [`AllocationObserver`].

use std::cell::RefCell;
use std::rc::Rc;

use gc_core::{AllocationProfile, GenerationStats, HeapView, Sampling, Stats};
use gc_insight::profile::{Profile, capture_stack};

use crate::measure::Observer;

/// Bytes from one sample to the next, on average: enough samples for a picture of a run of a second.
const INTERVAL_BYTES: usize = 128 << 10;

/// Where the frames of a workload begin on the stack. What is outside is this program.
const WORKLOADS: &str = "harness::workloads::";

/// The function that chooses the workload's collector.
const TABLE: &str = "harness::workloads::table::";

/// Samples allocations, with the calls that led to them from the workload on.
#[derive(Clone, Debug)]
pub struct AllocationObserver {
    sampling: Sampling,
    profile: Rc<RefCell<Option<Profile>>>,
}

impl Default for AllocationObserver {
    /// One that notes stacks.
    fn default() -> Self {
        let sampling = Sampling::every_bytes(INTERVAL_BYTES).with_stacks(capture_stack);
        AllocationObserver::new(sampling)
    }
}

impl AllocationObserver {
    /// One that takes such samples.
    #[must_use]
    pub fn new(sampling: Sampling) -> Self {
        AllocationObserver { sampling, profile: Rc::default() }
    }

    /// What was sampled in the arenas that have done their work, if there were any.
    #[must_use]
    pub fn take(&self) -> Option<Profile> {
        self.profile.borrow_mut().take()
    }
}

impl Observer for AllocationObserver {
    fn sampling(&self) -> Option<Sampling> {
        Some(self.sampling)
    }

    fn profiled(&mut self, profile: &AllocationProfile) {
        let mut profile = Profile::from(profile);
        for site in &mut profile.sites {
            let is_own = |function: &str| function.contains(WORKLOADS) && !function.contains(TABLE);
            let first = site.stack.iter().position(|frame| is_own(&frame.function));
            site.stack.drain(..first.unwrap_or(0));
        }
        match &mut *self.profile.borrow_mut() {
            Some(all) => all.merge(profile),
            none => *none = Some(profile),
        }
    }

    fn operation_ended(&mut self, _: &Stats, _: &[GenerationStats]) -> bool {
        false
    }

    fn look<'gc>(&mut self, _: &'gc HeapView<'gc>) {}
}
