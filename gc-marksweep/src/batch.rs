//! Garbage with finalizers or callbacks: what happens between finding it and tearing it down.
//!
//! All weak references to what was found are cleared at once, so that nobody can reach any of it but
//! through its own finalizers. Then the callbacks of these weak references run, then the finalizers.
//! These may have made some of it reachable again. What is referred to from outside then, and what
//! that reaches, has been resurrected; the rest is torn down.
//!
//! This is the order of CPython up to 3.14 (PEP 442, "Safe object finalization").

use alloc::vec::Vec;

use gc_core::heap::{CountTable, Flag, Flags, Heap, ObjectRef, Policy, for_each_edge};

const UNKNOWN: Policy = Policy::new(1);
const LIVE: Policy = Policy::ZERO;

/// Garbage that waits for calls. Its objects are mature, and all their references are counted.
#[derive(Debug)]
pub(crate) struct Batch {
    members: Vec<ObjectRef>,
}

/// Whether some of the garbage has a finalizer or is weakly held.
///
/// # Safety
///
/// The memory of the garbage is untouched.
pub(crate) unsafe fn is_needed(garbage: &[ObjectRef]) -> bool {
    // SAFETY: untouched, says the caller.
    garbage.iter().any(|object| unsafe { object.header() }.has_any(Flags::DELAYS_DEATH))
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
    /// Clears the weak references to the garbage, and has callbacks and finalizers run, and then the
    /// collector resumed.
    ///
    /// # Safety
    ///
    /// The garbage is mature, and each object is there once. All of its references are counted.
    pub(crate) unsafe fn begin(heap: &mut Heap, garbage: &[ObjectRef], resume: usize) -> Batch {
        // What is not tracked dies with what holds it, as it does by counting.
        // SAFETY: untouched until it is reclaimed.
        let is_tracked = |object: &ObjectRef| unsafe { object.descriptor() }.is_tracked();
        let members: Vec<_> = garbage.iter().copied().filter(is_tracked).collect();
        let has = |object: ObjectRef, flag| {
            // SAFETY: as above.
            unsafe { object.header() }.has(flag)
        };
        for &object in &members {
            // SAFETY: as above.
            unsafe { object.header() }.set(Flag::Batched);
        }
        for &object in garbage {
            if has(object, Flag::WeaklyHeld) {
                // SAFETY: as above.
                unsafe { heap.weak().clear_ordinary(object, |cell| is_member(cell)) }
            }
        }
        heap.begin_collecting();
        let is_finalizable = |object: &ObjectRef| has(*object, Flag::Finalizable);
        heap.finalize_batch(members.iter().copied().filter(is_finalizable), resume);
        Batch { members }
    }

    /// Finds what is still unreachable. Among the members references are not counted any more, but for
    /// those of members that live: these leave the batch.
    ///
    /// # Complexity
    ///
    /// O(members and their references). No recursion.
    ///
    /// # Safety
    ///
    /// This is a safepoint, the counts are up to date, and the policy of every object is zero.
    pub(crate) unsafe fn into_garbage(self, heap: &mut Heap) -> Vec<ObjectRef> {
        let Batch { mut members } = self;
        members.retain(|&object| heap.is_in_batch(object));
        // SAFETY: a member that died would have left the batch.
        let header = |object: ObjectRef| unsafe { object.header() };
        for &object in &members {
            header(object).set_policy(UNKNOWN);
        }
        for &object in &members {
            // SAFETY: it lives, and this is a safepoint.
            unsafe { for_each_member(object, |target| subtract(&mut heap.counts, target)) }
        }
        let mut live = Vec::new();
        for &object in &members {
            // SAFETY: it lives.
            let is_held = unsafe { heap.counts.get(object) } > 0;
            if is_held && header(object).policy() == UNKNOWN {
                header(object).set_policy(LIVE);
                live.push(object);
            }
            while let Some(object) = live.pop() {
                let restore = |target: ObjectRef| {
                    // SAFETY: what lives refers to what lives.
                    unsafe { heap.counts.increment(target) }
                    if header(target).policy() == UNKNOWN {
                        header(target).set_policy(LIVE);
                        live.push(target);
                    }
                };
                // SAFETY: it lives, and this is a safepoint.
                unsafe { for_each_member(object, restore) }
            }
        }
        members.retain(|&object| {
            let is_garbage = header(object).policy() == UNKNOWN;
            header(object).set_policy(Policy::ZERO);
            if !is_garbage {
                header(object).clear(Flag::Batched);
            }
            is_garbage
        });
        members
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
