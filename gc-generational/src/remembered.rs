//! The remembered set: references from objects whose generation is not collected.
//!
//! Note [Old-to-young edges]: after a collection no object refers to a young one, for there are
//! none. So an old object refers to a young one only if it was written to since, and then it is in
//! the log. References from old objects to *aging* ones outlive a collection: where one ends in such
//! a reference, what was scanned is kept here as long as that is so. An old object comes to refer to
//! an aging one only
//!
//! - by a store: it is in the log then, and scanned by the next collection;
//! - by becoming old while what it refers to ages, as large objects do in their first collection,
//!   and aging ones in a middle collection: it is scanned in that same collection. What becomes old
//!   unseen is not scanned: that is done only where nothing ages.
//!
//! An object is remembered once: its header's policy bits say that it is ([`REMEMBERED`]). After a
//! full collection no object ages, and nothing is left to remember.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use gc_core::collector::Barrier;
use gc_core::heap::{Heap, Logged, ObjectRef, Policy, Verifier};

use crate::trace::{Action, Trace};
use crate::verify::is_aging;

/// What the header of a remembered object says.
const REMEMBERED: Policy = Policy::new(1);

/// An array and the index of a segment of it.
type Segment = (ObjectRef, usize);

/// What old objects may refer to aging ones.
#[derive(Debug, Default)]
pub(crate) struct Remembered {
    to_aging: Parts,
    /// What was written to since the last collection; empty between collections.
    written: Parts,
}

/// Objects and parts of them, each kind in a list of its own: most are single words.
#[derive(Debug, Default)]
struct Parts {
    objects: Vec<ObjectRef>,
    segments: Vec<Segment>,
}

impl Remembered {
    /// Takes the log. Before anything is moved, for it sets flags in headers.
    pub(crate) fn take_log(&mut self, heap: &mut Heap) {
        let take = |logged| match logged {
            Logged::Object(object) => self.written.objects.push(object),
            Logged::Segment(array, segment) => self.written.segments.push((array, segment)),
        };
        // SAFETY: logged objects are mature, and nothing was reclaimed since they were logged.
        unsafe { heap.log_mut().drain(take) }
    }

    /// Scans old objects that were written to: for a minor collection.
    pub(crate) fn scan_written(&mut self, trace: &mut Trace<'_>) {
        let Parts { objects, segments } = &mut self.written;
        for (index, &object) in objects.iter().enumerate() {
            prefetch_ahead(objects, index);
            // SAFETY: nothing old is reclaimed in a minor collection, so it is live.
            let refers_to_aging = unsafe { trace.scan(object, 0, usize::MAX) };
            if refers_to_aging
                && !trace.is_aging(object)
                && !gc_core::planted!("old-to-aging-is-forgotten")
            {
                self.to_aging.add(object);
            }
        }
        objects.clear();
        for part in segments.drain(..) {
            // SAFETY: as above.
            let refers_to_aging = unsafe { scan_segment(trace, part) };
            if refers_to_aging && !trace.is_aging(part.0) {
                self.to_aging.segments.push(part);
            }
        }
    }

    /// Forgets what was written to since the last collection: nothing is young or ages.
    pub(crate) fn forget_written(&mut self) {
        self.written.objects.clear();
        self.written.segments.clear();
    }

    /// Scans all old objects that may refer to something young or aging, and forgets those that refer
    /// to nothing that ages: for a middle collection.
    pub(crate) fn scan_all(&mut self, trace: &mut Trace<'_>) {
        // An aging object that was written to is no root: it may be garbage itself.
        let is_old = |object| matches!(trace.action(object), Action::Leave | Action::Promote);
        for object in self.written.objects.drain(..).filter(|&object| is_old(object)) {
            self.to_aging.add(object);
        }
        let Parts { objects, segments } = &mut self.to_aging;
        segments.extend(self.written.segments.drain(..).filter(|part| is_old(part.0)));
        segments.sort_unstable();
        segments.dedup();
        let mut kept = 0;
        for index in 0..objects.len() {
            prefetch_ahead(objects, index);
            let object = objects[index];
            // SAFETY: its generation is not collected, so it counts as live.
            if unsafe { trace.scan(object, 0, usize::MAX) } {
                objects[kept] = object;
                kept += 1;
            } else if !gc_core::planted!("forgotten-stays-flagged") {
                // SAFETY: as above.
                unsafe { object.header() }.set_policy(Policy::ZERO);
            }
        }
        objects.truncate(kept);
        // SAFETY: as above.
        segments.retain(|&part| unsafe { scan_segment(trace, part) });
    }

    /// Remembers an old object that was found to refer to an aging one.
    pub(crate) fn add(&mut self, object: ObjectRef) {
        self.to_aging.add(object);
    }

    /// Forgets everything, the memory for it included: for a full collection, before anything old is
    /// moved or reclaimed.
    pub(crate) fn clear(&mut self) {
        for object in self.to_aging.objects.drain(..) {
            // SAFETY: nothing old was reclaimed since it was remembered.
            unsafe { object.header() }.set_policy(Policy::ZERO);
        }
        *self = Remembered::default();
    }
}

impl Remembered {
    #[cfg(test)]
    pub(crate) fn objects(&self) -> &[ObjectRef] {
        &self.to_aging.objects
    }

    /// Checks that what is remembered is old and says so, and that every old object which refers to an
    /// aging one is remembered, or in the log.
    pub(crate) fn verify(&self, verifier: &mut Verifier<'_>) {
        if !self.written.objects.is_empty() || !self.written.segments.is_empty() {
            verifier
                .add_fault(None, "a collection has ended, and what was written to is still listed");
        }
        let objects = verifier.check_list("the remembered set", &self.to_aging.objects);
        let segments: BTreeSet<Segment> = self.to_aging.segments.iter().copied().collect();
        for (array, _) in &self.to_aging.segments {
            if !verifier.is_mature(*array) {
                verifier
                    .add_fault(Some(*array), "a segment of it is remembered, and it is no array");
            }
        }
        verifier.for_each_mature(|verifier, object| {
            // SAFETY: the verifier has looked at its header.
            let policy = unsafe { object.header() }.policy();
            let is_remembered = objects.contains(object);
            if (policy == REMEMBERED) != is_remembered || (policy != Policy::ZERO) != is_remembered
            {
                verifier.add_fault(Some(object), "its header and the remembered set do not agree");
            }
            if is_remembered && is_aging(object) {
                verifier.add_fault(Some(object), "it is remembered, and is aging itself");
            }
        });
        let refers =
            |holder, target: ObjectRef| target.is_mature() && is_aging(target) && !is_aging(holder);
        let is_noted = |part| match part {
            Logged::Object(object) => objects.contains(object),
            Logged::Segment(array, segment) => segments.contains(&(array, segment)),
        };
        let message = "it is aging, and an old object refers to it that is not remembered";
        verifier.check_remembered(refers, is_noted, message);
    }
}

impl Parts {
    /// Adds an old object, unless it is there.
    fn add(&mut self, object: ObjectRef) {
        // SAFETY: old objects are live outside of full collections, and not forwarded.
        let header = unsafe { object.header() };
        if header.policy() != REMEMBERED {
            header.set_policy(REMEMBERED);
            self.objects.push(object);
        }
    }
}

/// # Safety
///
/// The array is live.
unsafe fn scan_segment(trace: &mut Trace<'_>, (array, segment): Segment) -> bool {
    let (first, count) = Logged::Segment(array, segment).elements(Barrier::Remember);
    // SAFETY: live, says the caller.
    unsafe { trace.scan(array, first, count) }
}

/// Objects between one that is prefetched and the one that is scanned.
const PREFETCH_DISTANCE: usize = 16;

/// Prefetches what will be scanned soon: objects are in the list in the order of the stores into them.
#[inline]
fn prefetch_ahead(objects: &[ObjectRef], index: usize) {
    if let Some(object) = objects.get(index + PREFETCH_DISTANCE) {
        object.prefetch();
    }
    if let Some(object) = objects.get(index + PREFETCH_DISTANCE / 2) {
        // SAFETY: its generation is not collected, so it is live, and not forwarded.
        unsafe { object.prefetch_end() }
    }
}
