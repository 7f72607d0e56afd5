//! Garbage with finalizers or callbacks: what happens between finding it and tearing it down.
//!
//! All weak references to what was found are cleared at once, so that nobody can reach any of it but
//! through its own finalizers. Then the callbacks of these weak references run, then the finalizers.
//! These may have made some of it reachable again. What is referred to from outside then, and what
//! that reaches, has been resurrected; the rest is torn down.
//!
//! This is the order of CPython up to 3.14 (PEP 442, "Safe object finalization").

use alloc::vec::Vec;

use gc_core::heap::{CountTable, Flag, Heap, ObjectRef, Policy, for_each_edge};

const UNKNOWN: Policy = Policy::new(1);
const LIVE: Policy = Policy::ZERO;

/// Garbage that waits for calls. Its objects are mature, and all their references are counted.
#[derive(Debug)]
pub(crate) struct Batch {
    members: Vec<ObjectRef>,
    /// The values of ephemerons that were garbage, or whose key was: they are let go of when the garbage
    /// is torn down, and counted until then.
    released: Vec<ObjectRef>,
}

/// Clears the ordinary weak references to members. The callbacks of those that are no members are to be
/// called.
pub(crate) fn clear_weak(heap: &mut Heap, members: &[ObjectRef]) {
    for &object in members {
        // SAFETY: untouched until it is reclaimed.
        if unsafe { object.header() }.has(Flag::WeaklyHeld) {
            // SAFETY: as above.
            let fate = |cell| (!unsafe { is_member(cell) }).then_some(cell);
            // SAFETY: as above.
            unsafe { heap.weak().clear_ordinary(object, fate) }
        }
    }
}

/// Whether an object is a member of the batch.
///
/// # Safety
///
/// Its memory is untouched.
pub(crate) unsafe fn is_member(object: ObjectRef) -> bool {
    // SAFETY: the caller's promise.
    unsafe { object.header() }.has(Flag::Batched)
}

impl Batch {
    /// Clears the ordinary weak references to the garbage, and those that are garbage.
    ///
    /// # Safety
    ///
    /// The garbage is mature, and each object is there once. All of its references are counted.
    pub(crate) unsafe fn new(heap: &mut Heap, garbage: &[ObjectRef]) -> Batch {
        // What is not tracked dies with what holds it, as it does by counting.
        // SAFETY: untouched until it is reclaimed.
        let is_tracked = |object: &ObjectRef| unsafe { object.descriptor() }.is_tracked();
        let members: Vec<_> = garbage.iter().copied().filter(is_tracked).collect();
        for &object in &members {
            // SAFETY: as above.
            unsafe { object.header() }.set(Flag::Batched);
        }
        if !gc_core::planted!("finalizer-sees-the-weak") {
            clear_weak(heap, &members);
        }
        for &object in garbage {
            // SAFETY: as above.
            unsafe { heap.weak().clear_dead_cell(object) }
            // SAFETY: as above.
            unsafe { heap.weak().clear_entries(object) }
        }
        Batch { members, released: heap.weak().take_released() }
    }

    /// The references to values that are to be taken back when the garbage is torn down.
    pub(crate) fn released(&self) -> &[ObjectRef] {
        &self.released
    }

    /// Takes the references to values that are to be taken back when the garbage is torn down.
    pub(crate) fn take_released(&mut self) -> Vec<ObjectRef> {
        core::mem::take(&mut self.released)
    }

    /// The garbage, as far as it is known.
    pub(crate) fn members(&self) -> &[ObjectRef] {
        &self.members
    }

    /// Has the callbacks of the cleared weak references run, and the finalizers, and then the collector
    /// resumed; says whether there are any.
    pub(crate) fn call(&self, heap: &mut Heap, resume: usize) -> bool {
        let is_finalizable = |object: &ObjectRef| {
            // SAFETY: untouched until it is reclaimed.
            unsafe { object.header() }.has(Flag::Finalizable)
        };
        let mut finalizable = self.members.iter().copied().filter(is_finalizable).peekable();
        if finalizable.peek().is_none() && !heap.weak().has_fired() {
            return false;
        }
        heap.finalize_batch(finalizable, resume);
        true
    }

    /// Lets go of the members that have died, or are reachable again, and says how many of these there
    /// are. The counts are as before.
    ///
    /// # Complexity
    ///
    /// O(members and their references). No recursion.
    ///
    /// # Safety
    ///
    /// This is a safepoint, the counts are up to date, and the policy of every object is zero.
    pub(crate) unsafe fn retain_unreachable(&mut self, heap: &mut Heap) -> usize {
        let Batch { members, released } = self;
        members.retain(|&object| heap.is_in_batch(object));
        // SAFETY: a member that died would have left the batch.
        let header = |object: ObjectRef| unsafe { object.header() };
        for &object in &*members {
            header(object).set_policy(UNKNOWN);
        }
        for &object in &*members {
            // SAFETY: it lives, and this is a safepoint.
            unsafe { for_each_member(object, |target| subtract(&mut heap.census.counts, target)) }
        }
        // SAFETY: what is counted lives.
        let is_member = |value: &&ObjectRef| unsafe { is_member(**value) };
        for &value in released.iter().filter(is_member) {
            subtract(&mut heap.census.counts, value);
        }
        let mut live = Vec::new();
        for &object in &*members {
            // SAFETY: it lives.
            let is_held = unsafe { heap.census.counts.get(object) } > 0;
            if is_held && header(object).policy() == UNKNOWN {
                header(object).set_policy(LIVE);
                live.push(object);
            }
            while let Some(object) = live.pop() {
                let restore = |target: ObjectRef| {
                    // SAFETY: what lives refers to what lives.
                    unsafe { heap.census.counts.increment(target) }
                    if header(target).policy() == UNKNOWN {
                        header(target).set_policy(LIVE);
                        live.push(target);
                    }
                };
                // SAFETY: it lives, and this is a safepoint.
                unsafe { for_each_member(object, restore) }
            }
        }
        for &value in released.iter().filter(is_member) {
            // SAFETY: as above.
            unsafe { heap.census.counts.increment(value) }
        }
        let is_live = |object: ObjectRef| header(object).policy() == LIVE;
        for &object in members.iter().filter(|&&object| !is_live(object)) {
            // SAFETY: what is not reclaimed refers to what is not.
            let restore = |target| unsafe { heap.census.counts.increment(target) };
            // SAFETY: as above.
            unsafe { for_each_member(object, restore) }
        }
        let members_before = members.len();
        members.retain(|&object| {
            let is_resurrected = is_live(object) && !gc_core::planted!("resurrected-is-freed");
            header(object).set_policy(Policy::ZERO);
            if is_resurrected {
                header(object).clear(Flag::Batched);
            }
            !is_resurrected
        });
        members_before - members.len()
    }
}

/// Takes back one reference; at zero nothing happens yet.
fn subtract(counts: &mut CountTable, target: ObjectRef) {
    // SAFETY: the reference was counted: it is one of a member's.
    let _is_zero = unsafe { counts.decrement(target) };
}

/// Calls `each` for every reference of an object to a member.
///
/// # Safety
///
/// The object lives, and this is a safepoint.
unsafe fn for_each_member(object: ObjectRef, mut each: impl FnMut(ObjectRef)) {
    let each_member = |target| {
        // SAFETY: what lives refers to what lives.
        if unsafe { is_member(target) } {
            each(target);
        }
    };
    // SAFETY: the caller's promise.
    unsafe { for_each_edge(object, each_member) }
}
