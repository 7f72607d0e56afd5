//! The log, and the flags and bits that say what is in it.

use alloc::vec::Vec;

use super::super::{Flag, Logged, ObjectRef, ObjectSet, SEGMENT_LEN};
use super::territory::Standing;
use super::{FaultKind, Verifier, twice};

/// Whether all of an object is logged, or cannot be.
///
/// # Safety
///
/// Its header can be read.
pub(super) unsafe fn is_logged_as_a_whole(object: ObjectRef) -> bool {
    // SAFETY: the caller's promise.
    !unsafe { object.header() }.has(Flag::Unlogged)
}

impl Verifier<'_> {
    pub(super) fn check_log(&mut self) {
        let heap = self.heap;
        let log = heap.log.borrow();
        let segment_len = heap.settings.barrier.segment_len();
        let (mut snapshot, mut segments) = (Vec::new(), Vec::new());
        let mut objects = ObjectSet::default();
        let mut entries = Vec::new();
        log.for_each_entry(|entry| entries.push(entry), |target| snapshot.push(target));

        for logged in entries {
            self.steps += 1;
            let object = logged.object();
            if self.territory.standing(object) != Standing::Mature {
                self.fault(FaultKind::Log, Some(object), "it is logged, and is no mature object");
                continue;
            }
            // SAFETY: a mature object, whose header was looked at.
            let len = unsafe { object.element_count() };
            match logged {
                Logged::Object(_) => {
                    if !objects.insert(object) {
                        self.fault(FaultKind::Log, Some(object), twice("the log"));
                    }
                    // SAFETY: as above.
                    if !unsafe { is_logged_as_a_whole(object) } {
                        let message = "it is logged, and its flag says that it is not";
                        self.fault(FaultKind::Log, Some(object), message);
                    }
                }
                Logged::Segment(_, segment)
                    if len > segment_len && segment < len.div_ceil(segment_len) =>
                {
                    segments.push((object, segment));
                    // SAFETY: as above; an array of so many elements has bits.
                    let bits = unsafe { object.segment_bits() };
                    // SAFETY: it has such a segment.
                    if !unsafe { bits.contains(segment) } {
                        let message = "a segment is logged, and its bit says that it is not";
                        self.fault(FaultKind::Log, Some(object), message);
                    }
                }
                Logged::Segment(..) => {
                    self.fault(FaultKind::Log, Some(object), "a segment is logged that it has not");
                }
            }
        }
        snapshot.extend(log.root());
        for target in snapshot {
            self.check_live(FaultKind::Log, "a snapshot in the log", target);
        }
        segments.sort_unstable();
        for pair in segments.windows(2).filter(|pair| pair[0] == pair[1]) {
            self.fault(FaultKind::Log, Some(pair[0].0), "a segment of it is twice in the log");
        }

        heap.for_each_mature(|object| {
            // SAFETY: as above.
            let header = unsafe { object.header() };
            if !header.descriptor().has_references() {
                return;
            }
            // SAFETY: as above.
            let len = unsafe { object.element_count() };
            let is_whole = !header.has(Flag::Unlogged);
            if len > SEGMENT_LEN {
                let logged = segments.partition_point(|&(array, _)| array < object);
                let logged =
                    segments[logged..].iter().take_while(|(array, _)| *array == object).count();
                let count = len.div_ceil(segment_len);
                // SAFETY: an array of so many elements has bits for its segments.
                let bits = unsafe { object.segment_bits() };
                // SAFETY: as above.
                let set = (0..count).filter(|&segment| unsafe { bits.contains(segment) }).count();
                if set != logged {
                    let message =
                        alloc::format!("{set} of its segments have a bit, and {logged} are logged");
                    self.fault(FaultKind::Log, Some(object), message);
                }
                if is_whole && len > segment_len && logged == count {
                    return;
                }
            }
            if is_whole && !objects.contains(object) {
                self.fault(
                    FaultKind::Log,
                    Some(object),
                    "its flag says that it is logged, and it is not",
                );
            }
        });
        for &object in &self.young.clone() {
            // SAFETY: its header was looked at.
            if unsafe { object.header() }.has(Flag::Unlogged) {
                self.fault(
                    FaultKind::Log,
                    Some(object),
                    "it is young, and has the flag of an old object",
                );
            }
        }
    }
}
