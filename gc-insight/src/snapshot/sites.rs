//! Where objects were allocated, if that was noted.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use gc_core::{AllocationSite, AnyGc, HeapView, SiteProfile};

/// The sites of the heap's allocation profile, in its order; none if there is no profile.
pub(super) struct Sites {
    list: Vec<SiteProfile>,
    places: HashMap<AllocationSite, usize, RandomState>,
}

impl Sites {
    pub(super) fn of(heap: &HeapView<'_>) -> Sites {
        let profile = heap.allocation_profile();
        let list = profile.map_or(Vec::new(), |profile| profile.sites().to_vec());
        let places = list.iter().map(|profile| profile.site.clone()).zip(0..).collect();
        Sites { list, places }
    }

    pub(super) fn as_slice(&self) -> &[SiteProfile] {
        &self.list
    }

    /// The place of an object's site in the list, if it is known.
    pub(super) fn place<'gc>(&self, heap: &HeapView<'gc>, object: AnyGc<'gc>) -> Option<usize> {
        if self.list.is_empty() {
            return None;
        }
        self.places.get(&heap.allocation_site(object)?).copied()
    }
}
