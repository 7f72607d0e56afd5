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

/// Random numbers, the same on every run: SplitMix64 (Steele, Lea and Flood, 2014).
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Random {
        Random(seed)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }
}
