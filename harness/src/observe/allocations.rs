//! The observer of who allocates what: [`AllocationObserver`].

use std::cell::RefCell;
use std::rc::Rc;

use gc_core::{AllocationProfile, GenerationStats, HeapView, Sampling, Stats};
use gc_insight::profile::{Frame, Profile, with_stacks};

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
        AllocationObserver::new(with_stacks(Sampling::every_bytes(INTERVAL_BYTES)))
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
        let mut profile = Profile::from(profile).map_stacks(shorten);
        if let Some(before) = self.profile.take() {
            profile.merge(before);
        }
        *self.profile.borrow_mut() = Some(profile);
    }

    fn operation_ended(&mut self, _: &Stats, _: &[GenerationStats]) -> bool {
        false
    }

    fn look<'gc>(&mut self, _: &'gc HeapView<'gc>) {}
}

/// Leaves the functions of the workload, and of those that call each other again and again only one: a
/// tree would be as high as it is deep.
fn shorten(stack: &mut Vec<Frame>) {
    stack.retain_mut(|frame| {
        let is_own = frame.function.contains(WORKLOADS) && !frame.function.contains(TABLE);
        frame.function = frame.function.replace(WORKLOADS, "");
        (frame.file, frame.line) = (None, None);
        is_own
    });
    stack.dedup();
}

#[cfg(test)]
mod tests {
    use super::*;
    use gc_insight::profile::{Measure, Site};

    fn frame(function: &str) -> Frame {
        let json =
            serde_json::json!({"function": function, "file": "a.rs", "line": function.len()});
        serde_json::from_value(json).expect("it is a frame")
    }

    fn site(functions: &[&str], bytes: f64) -> Site {
        let estimate = serde_json::json!({"objects": 1.0, "bytes": bytes});
        let json = serde_json::json!({
            "file": "b.rs", "line": 1, "column": 2, "type_name": "u8", "samples": 1,
            "allocated": estimate, "live": estimate, "peak": estimate,
        });
        let mut site: Site = serde_json::from_value(json).expect("it is a site");
        site.stack = functions.iter().map(|function| frame(function)).collect();
        site
    }

    #[test]
    fn recursion_is_one_call_and_equal_stacks_are_one_site() {
        let own = ["harness::workloads::trees::run", "harness::workloads::trees::grow"];
        let sites = vec![
            site(&["main", "harness::workloads::table::pick", own[0], "core::map", own[1]], 5.0),
            site(&["main", own[0], own[1], own[1], "core::fold", own[1]], 7.0),
            site(&["main", own[0]], 1.0),
        ];
        let json = serde_json::json!({"interval_bytes": 1, "sites": sites});
        let profile: Profile = serde_json::from_value(json).expect("it is a profile");
        let sites = profile.map_stacks(shorten).sites;
        let stacks: Vec<Vec<&str>> = sites
            .iter()
            .map(|site| site.stack.iter().map(|frame| &*frame.function).collect())
            .collect();
        assert_eq!(stacks, [vec!["trees::run", "trees::grow"], vec!["trees::run"]]);
        assert_eq!((Measure::Allocated.of(&sites[0]).bytes, sites[0].samples), (12.0, 2));
    }
}
