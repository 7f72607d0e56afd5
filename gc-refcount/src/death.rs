//! Death by counting: what happens when a reference is taken back.
//!
//! Deaths are in the order of CPython: a parent before its children, these in the order of their
//! places, and the children of one before the next. See Note [What is owed] in `counting` for what is
//! left when a call has to come first.

use alloc::vec::Vec;

use gc_core::heap::{Flag, Flags, Heap, ObjectRef, for_each_edge};

use crate::counting::{Observer, push};

/// Takes one reference back, and then those of what dies by that. Says whether it has stopped, because
/// a call has to come first; then what is left is in `owed`.
///
/// # Safety
///
/// The reference was counted.
#[inline(always)]
pub(crate) unsafe fn take_back(
    heap: &mut Heap,
    owed: &mut Vec<ObjectRef>,
    object: ObjectRef,
    base: usize,
    observer: &mut impl Observer,
) -> bool {
    let top = owed.len();
    let mut object = object;
    loop {
        // SAFETY: the reference was counted, so the object lives.
        if !unsafe { heap.census.counts.decrement(object) } {
            observer.decremented(object);
        // SAFETY: it lives.
        } else if unsafe { object.header() }.has_any(Flags::DELAYS_DEATH) {
            // SAFETY: its count is zero, which just became so.
            if unsafe { bury_or_stop(heap, owed, object, base, observer) } {
                return true;
            }
        } else {
            // SAFETY: its count is zero, which just became so.
            unsafe { bury(heap, owed, object, observer) }
        }
        if owed.len() == top {
            return false;
        }
        let Some(next) = owed.pop() else { return false };
        object = next;
    }
}

/// [`take_back`], out of line.
///
/// # Safety
///
/// The reference was counted.
#[inline(never)]
pub(crate) unsafe fn take_back_rare(
    heap: &mut Heap,
    owed: &mut Vec<ObjectRef>,
    object: ObjectRef,
    base: usize,
    observer: &mut impl Observer,
) -> bool {
    // SAFETY: the caller's promise.
    unsafe { take_back(heap, owed, object, base, observer) }
}

/// Reclaims an object that has a finalizer or is weakly held, unless a call comes before that: its
/// finalizer, or callbacks of weak references to it. Says whether one does.
///
/// # Safety
///
/// As [`bury`].
#[cold]
unsafe fn bury_or_stop(
    heap: &mut Heap,
    owed: &mut Vec<ObjectRef>,
    object: ObjectRef,
    base: usize,
    observer: &mut impl Observer,
) -> bool {
    // SAFETY: its count is zero, but it was not reclaimed.
    let header = unsafe { object.header() };
    if header.has(Flag::Finalizable) {
        header.increment();
        // SAFETY: it lives, and its count is that of the call.
        unsafe { heap.finalize_counted(object, base) }
        return true;
    }
    // SAFETY: nothing refers to it any more.
    unsafe { heap.weak().remove(object) }
    let is_stopped = heap.call_back(base);
    if is_stopped {
        // It is torn down after its callbacks have run.
        header.increment();
        owed.push(object);
    } else {
        // SAFETY: the caller's promise.
        unsafe { bury(heap, owed, object, observer) }
    }
    // Its entries in weak collections go before what it refers to.
    if heap.weak().has_released() {
        owed.append(&mut heap.weak().take_released());
    }
    is_stopped
}

/// Reclaims an object; what it referred to is owed, to be taken back next.
///
/// # Safety
///
/// The object is mature, its count has just become zero, and it is in no list.
#[inline(always)]
unsafe fn bury(
    heap: &mut Heap,
    owed: &mut Vec<ObjectRef>,
    object: ObjectRef,
    observer: &mut impl Observer,
) {
    let first_child = owed.len();
    // SAFETY: it dies just now: its memory is untouched, and nothing is borrowed.
    if !gc_core::planted!("children-are-not-taken-back") {
        // SAFETY: as above.
        unsafe { for_each_edge(object, |child| push(owed, child)) }
    }
    if owed.len() - first_child > 1 {
        owed[first_child..].reverse();
    }
    observer.dying(object);
    // SAFETY: mature, and nothing refers to it any more.
    unsafe { heap.reclaim(object) }
}
