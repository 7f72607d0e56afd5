//! Trial deletion: finding dead cycles near the candidates.
//!
//! ```text
//!  Black --- subtract ---> Gray --- no count left ---> White --- reclaimed
//!    ^                      |                            |
//!    +----- referred to from outside (restore) ----------+
//! ```
//!
//! Everything that the candidates reach is colored gray, and the references among the gray objects
//! are subtracted from their counts: what remains of a count comes from outside. Gray objects with
//! a count are alive, and so is what they reach: these are colored black again, and their
//! references are added back. The others are garbage.
//!
//! Between detections all objects are black. Two kinds of objects take no part: those that refer to
//! nothing, which are in no cycle, and those whose count exceeds what the header holds, which are
//! taken to be alive (a backup mark-sweep finds them). References to these are not subtracted.
//!
//! Bacon and Rajan, "Concurrent cycle collection in reference counted systems", 2001, section 3.
//! Theirs recurses; this works from lists. And this gives up when a budget is used, which restores
//! everything.

use alloc::vec::Vec;

use gc_core::heap::{COUNT_MAX, ObjectRef, Policy, for_each_edge};

const BLACK: Policy = Policy::ZERO;
const GRAY: Policy = Policy::new(1);
const WHITE: Policy = Policy::new(2);

/// What a detection found.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// These objects are garbage. References among them, and from them to others that take part,
    /// are no longer counted.
    Garbage {
        /// The garbage.
        objects: Vec<ObjectRef>,
        /// Objects that were looked at.
        visited: usize,
    },
    /// The budget was used up. Nothing has changed.
    GaveUp,
}

/// Whether an object takes part in trial deletion.
///
/// The answer is the same throughout a detection: counts are only lowered, and raised again.
///
/// # Safety
///
/// The object is live.
#[must_use]
pub unsafe fn takes_part(object: ObjectRef) -> bool {
    // SAFETY: live, says the caller.
    let header = unsafe { object.header() };
    header.count() < COUNT_MAX && header.descriptor().has_references()
}

/// Finds the garbage among what `candidates` reach, looking at no more than `budget` objects.
///
/// # Complexity
///
/// O(objects and references reached), at most three times. No recursion.
///
/// # Safety
///
/// 1. This is a safepoint, all counts are up to date, and no young object is live.
/// 2. The candidates are live, and all objects are black.
pub unsafe fn detect(candidates: &[ObjectRef], budget: usize) -> Outcome {
    let mut visited = Vec::new();
    // SAFETY: the caller's promises.
    if !unsafe { subtract(candidates, budget, &mut visited) } {
        return Outcome::GaveUp;
    }
    // SAFETY: the visited objects are gray, and their references were subtracted.
    let garbage = unsafe { restore_live(&visited) };
    Outcome::Garbage { objects: garbage, visited: visited.len() }
}

/// Colors gray what the candidates reach, and subtracts the references among it. If there is more
/// of it than the budget allows, undoes that and returns false.
///
/// # Safety
///
/// As [`detect`].
unsafe fn subtract(candidates: &[ObjectRef], budget: usize, visited: &mut Vec<ObjectRef>) -> bool {
    let mut pending = Vec::new();
    for &candidate in candidates {
        // SAFETY: the candidates are live.
        if unsafe { takes_part(candidate) } {
            // SAFETY: as above.
            unsafe { discover(candidate, &mut pending) }
        }
        while let Some(object) = pending.pop() {
            if visited.len() == budget {
                pending.push(object);
                // SAFETY: the references of exactly the visited objects were subtracted.
                unsafe { undo(visited, &pending) }
                return false;
            }
            visited.push(object);
            let subtract = |target: ObjectRef| {
                // SAFETY: what a live object refers to is live.
                if unsafe { takes_part(target) } {
                    // SAFETY: as above.
                    let header = unsafe { target.header() };
                    header.set_count(header.count() - 1);
                    // SAFETY: as above.
                    unsafe { discover(target, &mut pending) }
                }
            };
            // SAFETY: it is a candidate, or a candidate reaches it: nothing was reclaimed yet.
            unsafe { for_each_edge(object, subtract) }
        }
    }
    true
}

/// Colors a black object gray, to be visited.
///
/// # Safety
///
/// The object is live.
unsafe fn discover(object: ObjectRef, pending: &mut Vec<ObjectRef>) {
    // SAFETY: live, says the caller.
    let header = unsafe { object.header() };
    if header.policy() != GRAY {
        header.set_policy(GRAY);
        pending.push(object);
    }
}

/// Adds back the references of the visited objects, and colors all black.
///
/// # Safety
///
/// The references of `visited`, and of nothing else, were subtracted. All are live.
unsafe fn undo(visited: &[ObjectRef], pending: &[ObjectRef]) {
    for &object in visited {
        let restore = |target| {
            // SAFETY: what a live object refers to is live.
            unsafe { add_back(target) }
        };
        // SAFETY: live, says the caller.
        unsafe { for_each_edge(object, restore) }
    }
    for object in visited.iter().chain(pending) {
        // SAFETY: live, says the caller.
        unsafe { object.header() }.set_policy(BLACK);
    }
}

/// Adds back one reference, if it was subtracted.
///
/// # Safety
///
/// The target is live.
unsafe fn add_back(target: ObjectRef) {
    // SAFETY: live, says the caller.
    if unsafe { takes_part(target) } {
        // SAFETY: as above.
        let header = unsafe { target.header() };
        header.set_count(header.count() + 1);
    }
}

/// Colors black what is referred to from outside and what that reaches, adding its references back.
/// Returns the rest.
///
/// # Safety
///
/// The visited objects are gray and live, and their references were subtracted.
unsafe fn restore_live(visited: &[ObjectRef]) -> Vec<ObjectRef> {
    let mut live = Vec::new();
    for &object in visited {
        // SAFETY: live until this returns.
        let header = unsafe { object.header() };
        if header.policy() == GRAY && header.count() > 0 {
            header.set_policy(BLACK);
            live.push(object);
        } else if header.policy() == GRAY {
            header.set_policy(WHITE);
        }
        while let Some(object) = live.pop() {
            let restore = |target: ObjectRef| {
                // SAFETY: what a live object refers to is live.
                unsafe { add_back(target) }
                // SAFETY: as above.
                let header = unsafe { target.header() };
                if header.policy() != BLACK {
                    header.set_policy(BLACK);
                    live.push(target);
                }
            };
            // SAFETY: it is referred to from outside, or something live refers to it.
            unsafe { for_each_edge(object, restore) }
        }
    }
    let is_white = |object: &ObjectRef| {
        // SAFETY: live until this returns.
        unsafe { object.header() }.policy() == WHITE
    };
    visited.iter().copied().filter(is_white).collect()
}
