//! The values of ephemerons, in the trace of the young and the aging.
//!
//! What is not collected counts as live, as everywhere in such a trace, and so do values that lead from
//! key to key in a tangle: see [`reach_values`]. A full collection then marks exactly.

use gc_core::Slot;
use gc_core::heap::{ObjectRef, reach_values};

use crate::collector::FULL;
use crate::fate::fate;
use crate::trace::Trace;

/// Reaches the values of the ephemerons that this trace may have to keep, after everything else.
///
/// New ones alone may have something young. Whatever ages may be in any.
pub(crate) fn reach_young_values(
    trace: &mut Trace<'_>,
    generation: u8,
    mut remember: impl FnMut(ObjectRef),
) {
    if !trace.heap().weak().has_ephemerons() {
        return;
    }
    // A full collection begins as one of the young.
    let generation = if generation == FULL { 0 } else { generation };
    let weak = trace.heap().weak();
    let ephemerons = if generation == 0 { weak.young_ephemerons() } else { weak.all_ephemerons() };
    // SAFETY: nothing was freed since the trace began.
    let is_live = |object| unsafe { fate(object, generation) }.is_some();
    reach_values(ephemerons, is_live, |ephemeron| {
        let mut value = ephemeron.value;
        // SAFETY: `value` is a variable that nothing else refers to.
        let mut slot = unsafe { Slot::new((&mut value).into()) };
        // SAFETY: the table has values that were live before the collection. It has their new addresses
        // when weak references are seen to.
        unsafe { trace.reach(&mut slot) }
        trace.run(&mut remember);
    });
}
