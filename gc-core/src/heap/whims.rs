//! What [`Zeal`](crate::Zeal) decides in place of a collector, and of the heap.

use core::cell::RefCell;

use fastrand::Rng;

use super::{Heap, Settings};
use crate::zeal::{Choice, Zeal};

/// What is to be decided.
///
/// See the example of [`Heap::whim`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Whether a block that may be emptied is.
    Evacuate,
    /// Whether objects are promoted where they lie, not copied.
    PromoteInPlace,
    /// Anything else.
    Other,
}

/// Draws decisions.
#[derive(Debug)]
pub(crate) struct Whims {
    zeal: Zeal,
    rng: RefCell<Rng>,
}

impl Whims {
    /// `stream` keeps what is drawn in one place from being what is drawn in another.
    pub(super) fn new(settings: &Settings, stream: u64) -> Whims {
        let zeal = settings.zeal;
        let rng = RefCell::new(Rng::with_seed(zeal.seed.rotate_left(32) ^ stream));
        Whims { zeal, rng }
    }

    /// The decision, unless it is left to the heuristic.
    pub(super) fn decide(&self, decision: Decision) -> Option<bool> {
        let choice = match decision {
            Decision::Evacuate => self.zeal.evacuate,
            Decision::PromoteInPlace => self.zeal.promote_in_place,
            Decision::Other => Choice::Usual,
        };
        let is_drawn = self.zeal.random_policy || choice == Choice::Random;
        choice.fixed().or_else(|| is_drawn.then(|| self.rng.borrow_mut().bool()))
    }

    /// One of the first numbers, if the policy is random.
    pub(super) fn below(&self, end: usize) -> Option<usize> {
        self.zeal.random_policy.then(|| self.draw(end))
    }

    fn draw(&self, end: usize) -> usize {
        self.rng.borrow_mut().usize(..end.max(1))
    }
}

impl Heap {
    /// What [zeal](crate::Zeal) decides in place of the collector; `None` leaves it to the collector's
    /// heuristic, which is the rule.
    ///
    /// For choices that are right either way, where there is time: at a safepoint.
    ///
    /// # Examples
    ///
    /// ```
    /// use gc_core::Reason;
    /// use gc_core::collector::{Attributes, Collector, Safepoint};
    /// use gc_core::heap::Decision;
    /// # use gc_core::{Arena, Choice, Rootable, Zeal};
    ///
    /// /// Asks what it could do, and does nothing.
    /// #[derive(Default)]
    /// struct Wondering;
    ///
    /// // SAFETY: nothing is reclaimed, moved or promoted.
    /// unsafe impl Collector for Wondering {
    ///     const ATTRIBUTES: Attributes = Attributes::new("wondering");
    ///
    ///     fn safepoint(&mut self, safepoint: &mut Safepoint<'_>) {
    ///         // One of three generations, if a collection is to run at every safepoint.
    ///         assert!(safepoint.heap.whim_generation(3).is_some_and(|generation| generation < 3));
    ///     }
    ///
    ///     fn collect(&mut self, safepoint: &mut Safepoint<'_>, _: u8, _: Reason) {
    ///         let heap = &mut *safepoint.heap;
    ///         assert_eq!(heap.whim(Decision::Evacuate), Some(true));
    ///         assert_eq!(heap.whim(Decision::Other), None);
    ///         assert_eq!(heap.whim_below(10), None, "the policy is as usual");
    ///     }
    /// }
    ///
    /// let mut zeal = Zeal::OFF;
    /// (zeal.collect, zeal.evacuate) = (true, Choice::Always);
    /// let mut arena = Arena::<Rootable![()], Wondering>::builder().zeal(zeal).build(|_| ());
    /// arena.mutate(|_, ()| ());
    /// arena.collect();
    /// ```
    #[must_use]
    pub fn whim(&self, decision: Decision) -> Option<bool> {
        self.whims.decide(decision)
    }

    /// A number below `end`, if zeal draws what the collector would choose.
    ///
    /// See the example of [`Heap::whim`].
    #[must_use]
    pub fn whim_below(&self, end: usize) -> Option<usize> {
        self.whims.below(end)
    }

    /// The generation that zeal wants to be collected at this safepoint, one of so many.
    ///
    /// See the example of [`Heap::whim`].
    #[must_use]
    pub fn whim_generation(&self, generations: u8) -> Option<u8> {
        let is_drawn = self.settings.zeal.collect || self.settings.zeal.random_policy;
        is_drawn.then(|| self.whims.draw(generations.into()) as u8)
    }

    /// Whether a safepoint at which something may be due is passed over: there will be another one.
    /// What is prompt, or was promised, is not late.
    #[inline]
    pub(crate) fn is_safepoint_passed_over(&self) -> bool {
        self.settings.zeal.random_policy && self.decides_to_pass_over()
    }

    #[cold]
    fn decides_to_pass_over(&self) -> bool {
        let Settings { zeal, is_stressed, is_prompt, .. } = self.settings;
        let may_be_late = !zeal.collect && !is_stressed && !is_prompt;
        may_be_late && !self.is_calling && self.whim(Decision::Other) == Some(true)
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;
    use crate::heap::{BLOCK_BYTES, LARGE_BYTES_MIN};
    use crate::{Arena, Gc, HeapFull, NullCollector, Rootable};

    type Empty = Arena<Rootable![()], NullCollector>;

    fn arena(zeal: Zeal) -> Empty {
        Empty::builder().zeal(zeal).build(|_| ())
    }

    fn fail_allocation_at(number: u64) -> Zeal {
        Zeal { fail_allocation_at: Some(number), ..Zeal::OFF }
    }

    #[test]
    fn exactly_the_allocation_with_that_number_fails() {
        // The fourth is large.
        for number in 1..8 {
            let arena = arena(fail_allocation_at(number));
            arena.enter(|mc, ()| {
                for place in 1..10 {
                    let is_full = match place {
                        4 => Gc::try_slice_from_fn(mc, LARGE_BYTES_MIN, |_| 0_u8).is_err(),
                        _ => Gc::try_new(mc, place).map_err(HeapFull::into_value) == Err(place),
                    };
                    assert_eq!(is_full, place == number, "{place} of {number}");
                }
            });
            assert_eq!(arena.stats().allocated_objects, 8);
        }
    }

    #[test]
    fn allocation_is_fast_again_when_one_has_failed() {
        let arena = arena(fail_allocation_at(3));
        let is_slow = || arena.heap.limit.get() != arena.heap.end.get();
        arena.enter(|mc, ()| {
            assert!(Gc::try_new(mc, 1).is_ok() && is_slow());
            assert!(Gc::try_new(mc, 2).is_ok() && is_slow());
            assert!(Gc::try_new(mc, 3).is_err() && !is_slow());
            assert!(Gc::try_new(mc, 4).is_ok() && !is_slow());
        });
        assert!(!arena.heap.is_limited.get());
    }

    #[test]
    fn an_allocation_fails_among_those_that_are_sampled() {
        let mut arena = arena(fail_allocation_at(2));
        arena.profile_allocations(Some(crate::Sampling::exact()));
        let is_ok = |arena: &Empty| arena.enter(|mc, ()| Gc::try_new(mc, 0).is_ok());
        assert_eq!([(); 4].map(|()| is_ok(&arena)), [true, false, true, true]);
        assert_eq!(arena.allocation_profile().unwrap().sites()[0].samples, 3);
        arena.profile_allocations(None);
        assert!(is_ok(&arena) && !arena.heap.is_limited.get());
    }

    #[test]
    fn exactly_the_chunk_with_that_number_cannot_be_had() {
        for number in 1..6 {
            let arena = arena(Zeal { fail_chunk_at: Some(number), ..Zeal::OFF });
            let failed = arena.enter(|mc, ()| {
                // A quarter of a block each: what is larger lies elsewhere.
                let make = |_| Gc::try_slice_from_fn(mc, BLOCK_BYTES / 8, |_| 0_u8).is_err();
                (0..2000).map(make).filter(|&is_full| is_full).count()
            });
            assert_eq!(failed, 1, "at the chunk {number}");

            // The chunks of large objects count, too.
            let arena = self::arena(Zeal { fail_chunk_at: Some(number), ..Zeal::OFF });
            let huge = |arena: &Empty| {
                arena.enter(|mc, ()| Gc::try_slice_from_fn(mc, 2 << 20, |_| 0_u8).is_ok())
            };
            let made: Vec<bool> = (1..8).map(|_| huge(&arena)).collect();
            assert!(made.iter().zip(1..).all(|(&is_made, place)| is_made == (place != number)));
            assert_eq!(arena.stats().used_bytes / (2 << 20), 6);
        }
    }

    #[test]
    fn a_tiny_nursery_is_one_block_unless_its_size_is_fixed() {
        let zeal = Zeal { tiny_nursery: true, ..Zeal::OFF };
        let mut tiny = arena(zeal);
        assert_eq!(tiny.heap.nursery_bytes(), BLOCK_BYTES);
        tiny.heap.set_nursery_bytes(1 << 20);
        assert_eq!(tiny.heap.nursery_bytes(), BLOCK_BYTES, "that is not for the collector to say");
        let fixed = Empty::builder().zeal(zeal).nursery_bytes(100).build(|_| ());
        assert_eq!(fixed.heap.nursery_bytes(), 100);
    }

    #[test]
    fn a_short_log_makes_a_safepoint_due() {
        let mut arena = arena(Zeal { short_lists: true, ..Zeal::OFF });
        arena.heap.set_log_bytes_max(usize::MAX);
        assert_eq!(arena.heap.log_bytes_max.get(), 256);
    }

    #[test]
    fn choices_are_made_as_they_are_set() {
        let whims = |zeal| Whims::new(&Settings { zeal, ..*arena(Zeal::OFF).heap.settings() }, 0);
        let answers = |zeal, decision| {
            let whims = whims(zeal);
            let mut answers: Vec<_> = (0..64).map(|_| whims.decide(decision)).collect();
            answers.sort_unstable();
            answers.dedup();
            answers
        };
        let both = [Some(false), Some(true)];
        let of = |evacuate| Zeal { evacuate, ..Zeal::OFF };
        assert_eq!(answers(of(Choice::Usual), Decision::Evacuate), [None]);
        assert_eq!(answers(of(Choice::Always), Decision::Evacuate), [Some(true)]);
        assert_eq!(answers(of(Choice::Never), Decision::Evacuate), [Some(false)]);
        assert_eq!(answers(of(Choice::Random), Decision::Evacuate), both);
        assert_eq!(answers(of(Choice::Random), Decision::PromoteInPlace), [None]);
        assert_eq!(answers(of(Choice::Random), Decision::Other), [None]);
        let random = Zeal { random_policy: true, ..of(Choice::Never) };
        assert_eq!(answers(random, Decision::Evacuate), [Some(false)]);
        assert_eq!(answers(random, Decision::PromoteInPlace), both);
        assert_eq!(answers(random, Decision::Other), both);
    }

    #[test]
    fn what_is_drawn_follows_from_the_seed() {
        let draw = |seed| {
            let arena = arena(Zeal { random_policy: true, seed, ..Zeal::OFF });
            let drawn: Vec<_> = (0..20).map(|_| arena.heap.whim_below(1000)).collect();
            drawn
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
    }

    #[test]
    fn free_blocks_are_taken_in_any_order_under_a_random_policy() {
        let order = |zeal| {
            let mut arena = arena(zeal);
            let pool = arena.heap.pool();
            let take = |_| pool.take(crate::heap::BlockState::Mature).unwrap();
            let blocks: Vec<_> = (0..5).map(take).collect();
            blocks.is_sorted()
        };
        assert!(order(Zeal::OFF));
        let drawn = (0..8).map(|seed| order(Zeal { random_policy: true, seed, ..Zeal::OFF }));
        assert!(drawn.into_iter().any(|is_sorted| !is_sorted));
    }

    #[test]
    fn safepoints_are_passed_over_under_a_random_policy_but_not_if_all_are_wanted() {
        let count = |zeal| {
            let mut arena = arena(zeal);
            (0..100).for_each(|_| arena.mutate(|_, ()| ()));
            arena.stats().safepoints
        };
        let random = Zeal { random_policy: true, ..Zeal::OFF };
        assert_eq!(count(Zeal::OFF), 0);
        assert!((20..80).contains(&count(random)));
        assert_eq!(count(Zeal { collect: true, ..random }), 100);
    }
}
