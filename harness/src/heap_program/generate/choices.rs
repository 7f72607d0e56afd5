//! What a generator's choices come from.

use rand_pcg::Pcg64Mcg;
use rand_pcg::rand_core::Rng;

/// Numbers that look random, or bytes that somebody chose.
pub(super) enum Choices<'a> {
    Random(Box<Pcg64Mcg>),
    Given(&'a [u8]),
}

impl<'a> Choices<'a> {
    pub(super) fn seeded(seed: u64) -> Choices<'a> {
        // The multiplier spreads neighboring seeds over the generator's states.
        let state = (u128::from(seed) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
        Choices::Random(Box::new(Pcg64Mcg::new(state)))
    }

    pub(super) fn given(bytes: &'a [u8]) -> Choices<'a> {
        Choices::Given(bytes)
    }

    /// Whether all that was given is used up. Then every choice is the first there is.
    pub(super) fn is_exhausted(&self) -> bool {
        matches!(self, Choices::Given([]))
    }

    /// A number below `bound`.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        let given = match self {
            Choices::Random(random) => {
                return ((u64::from(random.next_u32()) * bound as u64) >> 32) as usize;
            }
            Choices::Given(given) => given,
        };
        // One byte where it can tell all apart, so that most bytes decide one thing.
        let used = given.len().min(if bound <= 256 { 1 } else { 2 });
        let (now, later) = given.split_at(used);
        *given = later;
        now.iter().fold(0, |number, byte| number << 8 | usize::from(*byte)) % bound.max(1)
    }
}
