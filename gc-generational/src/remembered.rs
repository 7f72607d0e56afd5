//! The remembered set: references from objects whose generation is not collected.
//!
//! Note [Old-to-young edges]: after a collection no object refers to a young one, for there are
//! none. So an old object refers to a young one only if it was written to since, and then it is in
//! the log. References from old objects to *aging* ones outlive a minor collection: where one ends
//! in such a reference, what was scanned is kept here until the aging space is collected. An old
//! object comes to refer to an aging one only by a store (it is in the log then, and scanned at the
//! next minor collection) or, being large, by being promoted at once while what it refers to ages
//! (it is scanned in that same collection). When the aging space is collected all of it becomes old,
//! and nothing is left to remember.

use alloc::vec::Vec;

use gc_core::heap::{Heap, Logged};

use crate::trace::{Action, Trace};

/// What old objects may refer to aging ones.
#[derive(Debug, Default)]
pub(crate) struct Remembered {
    to_aging: Vec<Logged>,
    /// What was written to since the last collection; empty between collections.
    written: Vec<Logged>,
}

impl Remembered {
    /// Takes the log. Before anything is moved, for it sets flags in headers.
    pub(crate) fn take_log(&mut self, heap: &mut Heap) {
        // SAFETY: logged objects are mature, and nothing was reclaimed since they were logged.
        unsafe { heap.log_mut().drain(|logged| self.written.push(logged)) }
    }

    /// Reaches what old objects that were written to refer to: for a minor collection.
    pub(crate) fn scan_written(&mut self, trace: &mut Trace<'_>) {
        for logged in core::mem::take(&mut self.written) {
            // SAFETY: nothing old is reclaimed in a minor collection, so it is live.
            let refers_to_aging = unsafe { scan(trace, logged) };
            if refers_to_aging && !is_aging(trace, logged) {
                self.to_aging.push(logged);
            }
        }
    }

    /// Reaches what old objects refer to, and forgets them: for a collection of the aging space,
    /// after which no object ages.
    pub(crate) fn scan_all(&mut self, trace: &mut Trace<'_>) {
        for logged in self.to_aging.drain(..).chain(self.written.drain(..)) {
            // An aging object that was written to is no root: it may be garbage itself.
            if trace.action(logged.object()) != Action::Mark {
                // SAFETY: its generation is not collected, so it counts as live.
                unsafe { scan(trace, logged) };
            }
        }
    }

    /// Remembers an old object that was found to refer to an aging one.
    pub(crate) fn add(&mut self, logged: Logged) {
        self.to_aging.push(logged);
    }

    /// Forgets everything, the memory for it included: for a full collection.
    pub(crate) fn clear(&mut self) {
        *self = Remembered::default();
    }
}

/// # Safety
///
/// The object is live.
unsafe fn scan(trace: &mut Trace<'_>, logged: Logged) -> bool {
    let (first, count) = logged.elements();
    // SAFETY: live, says the caller.
    unsafe { trace.scan_old(logged.object(), first, count) }
}

fn is_aging(trace: &Trace<'_>, logged: Logged) -> bool {
    trace.is_aging(logged.object())
}
