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
//! Between detections all objects are black. Three kinds of objects take no part: those that refer
//! to nothing, which are in no cycle (but weak references with a callback do, which are not called if
//! they are garbage, too, and what ephemerons consist of), those whose count exceeds what the header holds, which are taken to be alive
//! (a backup mark-sweep finds them), and frozen ones. References to these are not subtracted.
//!
//! The reference that an ephemeron has to its value comes from its cell and its key together: it is
//! subtracted if one of them is gray, and added back when both are black.
//!
//! Bacon and Rajan, "Concurrent cycle collection in reference counted systems", 2001, section 3.
//! Theirs recurses; this works from lists, of which none is longer than a budget. Where more is
//! reached than that, this gives up, and restores everything.

use alloc::vec::Vec;

use gc_core::heap::{
    COUNT_MAX, Ephemeron, Flag, Hold, ObjectRef, Policy, WeakTable, for_each_edge,
};

const BLACK: Policy = Policy::ZERO;
const GRAY: Policy = Policy::new(1);
const WHITE: Policy = Policy::new(2);

/// So many objects ahead of the one that is looked at are being brought into the cache.
const PREFETCH_DISTANCE: usize = 8;

/// What a detection found.
///
/// See the example of [`detect`].
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// These objects are garbage. References among them, and from them to others that take part,
    /// are no longer counted.
    Garbage {
        /// The garbage.
        objects: Vec<ObjectRef>,
        /// Objects that were reached.
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
///
/// # Examples
///
/// See the example of [`detect`].
#[must_use]
pub unsafe fn takes_part(weak: &WeakTable, object: ObjectRef) -> bool {
    // SAFETY: live, says the caller.
    let header = unsafe { object.header() };
    header.count() < COUNT_MAX + usize::from(gc_core::planted!("saturated-takes-part"))
        && (!header.has(Flag::Frozen) || gc_core::planted!("frozen-takes-part"))
        // SAFETY: as above.
        && (header.descriptor().is_tracked() || unsafe { weak.is_of_ephemeron(object) })
}

/// Counts the references of garbage again, as if nothing had been found.
///
/// # Safety
///
/// [`detect`] found this garbage just now.
///
/// # Examples
///
/// See the example of [`detect`].
pub unsafe fn put_back(weak: &WeakTable, garbage: &[ObjectRef]) {
    // SAFETY: the references of these were subtracted, and not added back; they are intact.
    unsafe { undo(weak, garbage, garbage.len()) }
}

/// Finds the garbage among what `candidates` reach, if that is no more than `budget` objects.
///
/// # Complexity
///
/// O(objects and references reached), at most three times; O(objects reached) memory. No recursion.
///
/// # Safety
///
/// 1. This is a safepoint, all counts are up to date, and no young object is live.
/// 2. The candidates are live, and all objects are black.
///
/// # Examples
///
/// ```
/// use gc_core::Reason;
/// use gc_core::collector::{Attributes, Barrier, Collector, Safepoint};
/// use gc_core::heap::{ObjectRef, for_each_edge};
/// use gc_marksweep::trial_deletion::{self, Outcome};
/// use gc_refcount::counting::{Counting, Observer};
/// # use gc_core::{Arena, Gc, Lock, Rootable, Trace, unlock};
///
/// /// Counts, and looks for dead cycles when it is asked to. For arenas without finalizers,
/// /// callbacks and weak maps.
/// #[derive(Default)]
/// struct Detector {
///     counting: Counting,
///     candidates: Candidates,
/// }
///
/// #[derive(Default)]
/// struct Candidates(Vec<ObjectRef>);
///
/// impl Observer for Candidates {
///     fn decremented(&mut self, object: ObjectRef) {
///         self.0.push(object);
///     }
///
///     fn dying(&mut self, object: ObjectRef) {
///         self.0.retain(|&candidate| candidate != object);
///     }
/// }
///
/// // SAFETY: counting is right as far as it goes, and what trial deletion finds is unreachable.
/// unsafe impl Collector for Detector {
///     const ATTRIBUTES: Attributes = {
///         let mut attributes = Attributes::new("trial deletion");
///         attributes.reclaims_cycles = true;
///         attributes.prompt = true;
///         attributes.counts_references = true;
///         attributes.barrier = Barrier::Snapshot;
///         attributes
///     };
///
///     fn safepoint(&mut self, safepoint: &mut Safepoint<'_>) {
///         // SAFETY: this is a safepoint with snapshots, and nobody else counts.
///         unsafe { self.counting.settle(safepoint, &mut self.candidates) }
///     }
///
///     fn collect(&mut self, safepoint: &mut Safepoint<'_>, _: u8, _: Reason) {
///         self.safepoint(safepoint);
///         let candidates = std::mem::take(&mut self.candidates.0);
///         // SAFETY: the counts are up to date, and candidates live.
///         let outcome = unsafe { trial_deletion::detect(safepoint.heap.weak(), &candidates, 1) };
///         assert_eq!(outcome, Outcome::GaveUp, "one object is no cycle");
///         // SAFETY: as above: nothing has changed.
///         let outcome = unsafe { trial_deletion::detect(safepoint.heap.weak(), &candidates, 1_000) };
///         let Outcome::Garbage { objects, visited } = outcome else { return };
///         assert!(visited >= objects.len());
///         // SAFETY: that is what it found. Its references are counted again.
///         unsafe { trial_deletion::put_back(safepoint.heap.weak(), &objects) }
///         safepoint.collection.unreachable = objects.len();
///
///         // Once more, to reclaim it.
///         // SAFETY: as above.
///         let outcome = unsafe { trial_deletion::detect(safepoint.heap.weak(), &candidates, 1_000) };
///         let Outcome::Garbage { objects, .. } = outcome else { return };
///         safepoint.free(|heap| {
///             let mut lost = Vec::new();
///             for &object in &objects {
///                 let note = |target| {
///                     // References to what took part are not counted any more.
///                     // SAFETY: nothing was reclaimed yet.
///                     if !unsafe { trial_deletion::takes_part(heap.weak(), target) } {
///                         lost.push(target);
///                     }
///                 };
///                 // SAFETY: as above.
///                 unsafe { for_each_edge(object, note) }
///             }
///             for &object in &objects {
///                 heap.census.counts.forget(object);
///                 // SAFETY: it is garbage, and there once.
///                 unsafe { heap.reclaim(object) }
///             }
///             // SAFETY: these references were counted.
///             unsafe { self.counting.decrement_all(heap, lost, &mut self.candidates) }
///         });
///     }
///
///     fn resume(&mut self, safepoint: &mut Safepoint<'_>, resume: usize) {
///         // SAFETY: as in `safepoint`.
///         unsafe { self.counting.resume(safepoint, resume, &mut self.candidates) }
///     }
///
///     fn owed(&self) -> Vec<ObjectRef> {
///         self.counting.owed().to_vec()
///     }
/// }
///
/// #[derive(Trace)]
/// struct Node<'gc> {
///     other: Lock<Option<Gc<'gc, Node<'gc>>>>,
///     name: Gc<'gc, str>,
/// }
///
/// let mut arena: Arena<Rootable![Option<Gc<'_, Node<'_>>>], Detector> = Arena::new(|mc| {
///     let name = Gc::new_str(mc, "shared");
///     let a = Gc::new(mc, Node { other: Lock::new(None), name });
///     let b = Gc::new(mc, Node { other: Lock::new(Some(a)), name });
///     unlock!(Gc::write(mc, a), Node, other).set(Some(b));
///     Some(a)
/// });
/// arena.mutate(|_, _| ());
/// arena.mutate_root(|_, root| *root = None);
/// assert_eq!(arena.stats().live_objects, 3, "a -> b -> a, and the name");
/// assert_eq!(arena.collect().unreachable, 2);
/// assert_eq!(arena.stats().live_objects, 0);
/// ```
pub unsafe fn detect(weak: &WeakTable, candidates: &[ObjectRef], budget: usize) -> Outcome {
    let mut reached = Reached { objects: Vec::new(), budget, is_exceeded: false };
    // SAFETY: the caller's promises.
    let scanned = unsafe { subtract(weak, candidates, &mut reached) };
    if reached.is_exceeded {
        // SAFETY: the references of exactly these were subtracted.
        unsafe { undo(weak, &reached.objects, scanned) }
        return Outcome::GaveUp;
    }
    let mut objects = reached.objects;
    let visited = objects.len();
    // SAFETY: they are gray, and their references were subtracted.
    unsafe { restore_live(weak, &mut objects) }
    Outcome::Garbage { objects, visited }
}

/// The gray objects, in the order in which they were reached.
#[derive(Debug)]
struct Reached {
    objects: Vec<ObjectRef>,
    budget: usize,
    /// More was reached than the budget allows: not all of it is here.
    is_exceeded: bool,
}

impl Reached {
    /// Colors a black object gray, if the budget allows it.
    ///
    /// # Safety
    ///
    /// The object is live.
    #[inline]
    unsafe fn add(&mut self, object: ObjectRef) {
        // SAFETY: live, says the caller.
        let header = unsafe { object.header() };
        if header.policy() == GRAY {
            return;
        }
        if self.objects.len() == self.budget {
            self.is_exceeded = true;
            return;
        }
        header.set_policy(GRAY);
        self.objects.push(object);
    }
}

/// Colors gray what the candidates reach, and subtracts the references among it. Says of how many
/// objects, the first ones, they were subtracted: of all, if the budget was not exceeded.
///
/// # Safety
///
/// As [`detect`].
unsafe fn subtract(weak: &WeakTable, candidates: &[ObjectRef], reached: &mut Reached) -> usize {
    for &candidate in candidates {
        // SAFETY: the candidates are live.
        if unsafe { takes_part(weak, candidate) } {
            // SAFETY: as above.
            unsafe { reached.add(candidate) }
        }
    }
    let mut scanned = 0;
    while !reached.is_exceeded
        && let Some(&object) = reached.objects.get(scanned)
    {
        prefetch_from(&reached.objects, scanned);
        let mut subtract = |target: ObjectRef| {
            // SAFETY: what a live object refers to is live.
            let takes_part = unsafe { takes_part(weak, target) };
            if takes_part {
                // SAFETY: as above.
                unsafe { target.header() }.decrement();
                // SAFETY: as above.
                unsafe { reached.add(target) }
            }
            takes_part
        };
        let subtract_edge = |target| {
            subtract(target);
        };
        // SAFETY: it is a candidate, or a candidate reaches it: nothing was reclaimed yet.
        unsafe { for_each_edge(object, subtract_edge) }
        let subtract_value = |ephemeron: Ephemeron| {
            // SAFETY: the parts of what is in the table are live.
            if unsafe { ephemeron.hold() } == Hold::Counted
                && !gc_core::planted!("ephemeron-is-external")
                && subtract(ephemeron.value)
            {
                // SAFETY: as above.
                unsafe { ephemeron.set_hold(Hold::Subtracted) }
            }
        };
        // SAFETY: as for the edges.
        unsafe { weak.for_each_ephemeron_of(object, subtract_value) }
        scanned += 1;
    }
    scanned
}

/// Prefetches what is looked at a little later than the object at `index`.
#[inline]
fn prefetch_from(objects: &[ObjectRef], index: usize) {
    if let Some(ahead) = objects.get(index + PREFETCH_DISTANCE) {
        ahead.prefetch();
    }
}

/// Adds back the references of the first `scanned` objects, and colors all black.
///
/// # Safety
///
/// The references of these, and of nothing else, were subtracted. All are live, and nothing else is
/// gray.
unsafe fn undo(weak: &WeakTable, gray: &[ObjectRef], scanned: usize) {
    for &object in &gray[..if gc_core::planted!("undo-is-forgotten") { 0 } else { scanned }] {
        let restore = |target| {
            // SAFETY: what a live object refers to is live.
            unsafe { add_back(weak, target) }
        };
        // SAFETY: live, says the caller.
        unsafe { for_each_edge(object, restore) }
        let restore_value = |ephemeron: Ephemeron| {
            // SAFETY: the parts of what is in the table are live.
            unsafe { add_back_value(&ephemeron) };
        };
        // SAFETY: live, says the caller.
        unsafe { weak.for_each_ephemeron_of(object, restore_value) }
    }
    for object in gray {
        // SAFETY: live, says the caller.
        unsafe { object.header() }.set_policy(BLACK);
    }
}

/// Adds back one reference, if it was subtracted.
///
/// # Safety
///
/// The target is live.
unsafe fn add_back(weak: &WeakTable, target: ObjectRef) {
    // SAFETY: live, says the caller.
    if unsafe { takes_part(weak, target) } {
        // SAFETY: as above.
        unsafe { target.header() }.increment();
    }
}

/// Adds back the reference to a value, if it was subtracted; whether it was.
///
/// # Safety
///
/// Cell and value are live.
unsafe fn add_back_value(ephemeron: &Ephemeron) -> bool {
    // SAFETY: live, says the caller.
    let is_subtracted = unsafe { ephemeron.hold() } == Hold::Subtracted;
    if is_subtracted {
        // SAFETY: as above.
        unsafe { ephemeron.set_hold(Hold::Counted) }
        // SAFETY: as above. It takes part, or its count would not have been lowered.
        unsafe { ephemeron.value.header() }.increment();
    }
    is_subtracted
}

/// Colors black what is referred to from outside and what that reaches, adding its references back.
/// The rest stays in the list.
///
/// # Safety
///
/// The objects are gray and live, and their references were subtracted.
unsafe fn restore_live(weak: &WeakTable, gray: &mut Vec<ObjectRef>) {
    let mut live = Vec::new();
    for (index, &object) in gray.iter().enumerate() {
        prefetch_from(gray, index);
        // SAFETY: live until this returns.
        let header = unsafe { object.header() };
        if header.policy() == GRAY && header.count() > 0 {
            header.set_policy(BLACK);
            live.push(object);
        } else if header.policy() == GRAY {
            header.set_policy(WHITE);
        }
        while let Some(object) = live.pop() {
            let mut blacken = |target: ObjectRef| {
                // SAFETY: what a live object refers to is live.
                let header = unsafe { target.header() };
                if header.policy() != BLACK {
                    header.set_policy(BLACK);
                    live.push(target);
                }
            };
            let restore = |target: ObjectRef| {
                if gc_core::planted!("live-is-not-restored") {
                    return blacken(target);
                }
                // SAFETY: as above.
                unsafe { add_back(weak, target) }
                blacken(target);
            };
            // SAFETY: it is referred to from outside, or something live refers to it.
            unsafe { for_each_edge(object, restore) }
            // SAFETY: nothing was reclaimed yet.
            let is_black = |object: ObjectRef| unsafe { object.header() }.policy() == BLACK;
            let restore_value = |ephemeron: Ephemeron| {
                let is_held = is_black(ephemeron.cell) && is_black(ephemeron.key)
                    || gc_core::planted!("dead-key-holds");
                // SAFETY: as above.
                if is_held && unsafe { add_back_value(&ephemeron) } {
                    blacken(ephemeron.value);
                }
            };
            // SAFETY: as for the edges.
            unsafe { weak.for_each_ephemeron_of(object, restore_value) }
        }
    }
    gray.retain(|object| {
        // SAFETY: live until this returns.
        unsafe { object.header() }.policy() == WHITE
    });
}
