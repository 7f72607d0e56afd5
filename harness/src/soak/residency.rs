//! Whether the memory of the process stays flat: [`Residency`].

use std::fmt;

use crate::report::bytes;

/// The first rounds bring the process to its size.
pub const WARM_UP_ROUNDS: usize = 4;

/// So much more than in these may be resident after a round, and as large a share of it again: rounds
/// differ, and the allocator keeps what it likes.
pub const MARGIN_BYTES: u64 = 96 << 20;

/// The most that was resident after the first rounds.
#[derive(Debug, Default)]
pub struct Residency {
    rounds: usize,
    warm_bytes: u64,
}

/// The process has grown beyond what is tolerated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Growth {
    /// The most that was resident after the first rounds.
    pub warm_bytes: u64,
    /// What is now.
    pub bytes: u64,
}

impl fmt::Display for Growth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Growth { warm_bytes, bytes: now } = *self;
        write!(
            f,
            "the process has grown: {} are resident, and {} were after {WARM_UP_ROUNDS} rounds",
            bytes(now),
            bytes(warm_bytes)
        )
    }
}

impl Residency {
    /// Before the first round.
    #[must_use]
    pub fn new() -> Residency {
        Residency::default()
    }

    /// Notes what is resident after a round. Says whether that is too much.
    pub fn note(&mut self, bytes: u64) -> Option<Growth> {
        self.rounds += 1;
        if self.rounds <= WARM_UP_ROUNDS {
            self.warm_bytes = self.warm_bytes.max(bytes);
            return None;
        }
        let growth = Growth { warm_bytes: self.warm_bytes, bytes };
        (bytes > self.warm_bytes + self.warm_bytes / 2 + MARGIN_BYTES).then_some(growth)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_grows_after_the_first_rounds_has_grown() {
        let mut residency = Residency::new();
        let warm_bytes = 100 << 20;
        assert!((1..=4).all(|round| residency.note(round * warm_bytes / 4).is_none()));
        let most = warm_bytes + warm_bytes / 2 + MARGIN_BYTES;
        assert_eq!(residency.note(most), None);
        let growth = residency.note(most + 1).expect("more than is tolerated");
        assert_eq!((growth.warm_bytes, growth.bytes), (warm_bytes, most + 1));
        assert!(growth.to_string().contains("the process has grown"));
    }
}
