//! What only counting knows of: its own lists. (That counts are right gc-core finds itself.)

use gc_core::heap::{Policy, Verifier};

use crate::collector::Refcount;
use crate::counting::Counting;

impl Counting {
    /// Checks the lists of this: those that counting works from are empty between safepoints, and what is
    /// owed lives.
    ///
    /// # Examples
    ///
    /// See the example of [`Counting`].
    pub fn verify(&self, verifier: &mut Verifier<'_>) {
        if !self.promoted.is_empty() || !self.released.is_empty() {
            verifier
                .add_fault(None, "counting has ended, and a list that it works from is not empty");
        }
        for &object in self.owed() {
            if !verifier.is_mature(object) {
                verifier.add_fault(
                    Some(object),
                    "a reference to it is owed, and it is no mature object",
                );
            }
        }
    }
}

/// Nobody marks or classifies objects, but for a look at what leaks.
pub(crate) fn verify(refcount: &Refcount, verifier: &mut Verifier<'_>) {
    refcount.counting.verify(verifier);
    verifier.check_no_marks();
    verifier.for_each_mature(|verifier, object| {
        // SAFETY: the verifier has looked at its header.
        if unsafe { object.header() }.policy() != Policy::ZERO {
            verifier.add_fault(
                Some(object),
                "it has bits of a policy, and there is none that sets any",
            );
        }
    });
}
