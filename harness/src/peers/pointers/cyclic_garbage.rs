//! The cyclic garbage that a program knows of, for peers that are told when to collect.

use std::cell::Cell;

thread_local! {
    /// Since a collection was last due.
    static OBJECTS: Cell<usize> = const { Cell::new(0) };
}

/// Adds objects; true if it is more than `objects_max` now, and then it begins anew.
pub(super) fn exceeds(objects_max: usize, more: usize) -> bool {
    let objects = OBJECTS.get() + more;
    let exceeds = objects > objects_max;
    OBJECTS.set(if exceeds { 0 } else { objects });
    exceeds
}
