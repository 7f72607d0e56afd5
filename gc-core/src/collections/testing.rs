//! What the tests of the collections share.

extern crate std;

use core::panic::AssertUnwindSafe;

use crate::{__DynRootable, Arena, Mutation, NullCollector, Rootable};

/// Runs a test inside an arena.
pub(super) fn with_mutation(test: impl for<'gc> FnOnce(&'gc Mutation<'gc>)) {
    type Empty = __DynRootable<dyn for<'a> Rootable<'a, Root = ()>>;
    let arena: Arena<Empty, NullCollector> = Arena::new(|_| ());
    arena.enter(|mc, ()| test(mc));
}

/// Says that the closure panics.
#[track_caller]
pub(super) fn assert_panics(f: impl FnOnce()) {
    std::panic::catch_unwind(AssertUnwindSafe(f)).expect_err("a panic");
}
