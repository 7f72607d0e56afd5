//! The policy: count at every safepoint that has something to count.

use alloc::vec::Vec;

use gc_core::Reason;
use gc_core::collector::{Attributes, Barrier, Collector, Safepoint};
use gc_core::heap::{ObjectRef, Verifier};

use crate::counting::Counting;
use crate::leak::leaked;
use crate::verify::verify;

/// Pure reference counting. Cycles leak.
///
/// [`collect`](gc_core::Arena::collect) reclaims no more than counting does, which is prompt. It says how
/// many objects have leaked ([`Collection::uncollectable`](gc_core::Collection::uncollectable)), and so
/// looks at all that lives.
///
/// # Examples
///
/// ```
/// use gc_core::{Arena, Gc, Lock, Rootable, Static};
/// use gc_refcount::Refcount;
/// use std::rc::Rc;
///
/// type Slot<'gc> = Gc<'gc, Lock<Option<Gc<'gc, Static<Rc<()>>>>>>;
/// let token = Rc::new(());
/// let mut arena: Arena<Rootable![Slot<'_>], Refcount> =
///     Arena::new(|mc| Gc::new(mc, Lock::new(Some(Gc::new(mc, Static(Rc::clone(&token)))))));
/// arena.mutate(|_, _| ());
/// assert_eq!(Rc::strong_count(&token), 2);
/// arena.mutate(|mc, slot| slot.set(mc, None));
/// assert_eq!(Rc::strong_count(&token), 1, "dropped before `mutate` returned");
/// ```
#[derive(Debug, Default)]
pub struct Refcount {
    pub(crate) counting: Counting,
}

impl Refcount {
    fn settle(&mut self, safepoint: &mut Safepoint<'_>) {
        // SAFETY: this is a safepoint, and the attributes ask for snapshots.
        unsafe { self.counting.settle(safepoint, &mut ()) }
    }
}

// SAFETY: `Counting` keeps every count at least as high as the references there are from objects,
// root and handles, so that an object whose count reaches zero, or that never had one, is
// unreachable. It moves nothing. When it has emptied the log it has promoted all young objects that
// something mature refers to. What it keeps are addresses in the heap, and numbers.
unsafe impl Collector for Refcount {
    const ATTRIBUTES: Attributes = {
        let mut attributes = Attributes::new("reference counting");
        attributes.prompt = true;
        attributes.counts_references = true;
        attributes.barrier = Barrier::Snapshot;
        attributes
    };

    const IS_SEND: bool = true;

    fn safepoint(&mut self, safepoint: &mut Safepoint<'_>) {
        self.settle(safepoint);
    }

    /// Counts what counting cannot reclaim, beside counting: an explicit collection says what leaks.
    fn collect(&mut self, safepoint: &mut Safepoint<'_>, _generation: u8, reason: Reason) {
        self.settle(safepoint);
        if reason == Reason::Explicit {
            safepoint.collection.candidates = safepoint.heap.live_objects();
            // SAFETY: what was young is promoted, and nothing is ever marked but there.
            safepoint.collection.uncollectable = unsafe { leaked(safepoint, &self.counting) };
        }
    }

    fn resume(&mut self, safepoint: &mut Safepoint<'_>, resume: usize) {
        // SAFETY: as in `settle`.
        unsafe { self.counting.resume(safepoint, resume, &mut ()) }
    }

    fn verify(&self, verifier: &mut Verifier<'_>) {
        verify(self, verifier);
    }

    fn owed(&self) -> Vec<ObjectRef> {
        self.counting.owed().to_vec()
    }
}
