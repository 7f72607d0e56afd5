//! What a workload is told: its scale and its seed.

use rand::SeedableRng;

/// The random numbers of every workload: small, fast and the same on every machine.
pub type Random = rand_pcg::Pcg64Mcg;

/// The scale and the seed of one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// How big the run is; every workload says in [`WORKLOADS`](super::WORKLOADS) what it counts.
    pub scale: usize,
    /// Where the random numbers begin.
    pub seed: u64,
}

impl Parameters {
    /// A generator of random numbers at its beginning.
    #[must_use]
    pub fn random(&self) -> Random {
        Random::seed_from_u64(self.seed)
    }
}

/// Splits `operations` into pieces of at most `batch`: one piece is done in one `mutate`, and a
/// collection can happen between two of them.
pub(crate) fn batches(operations: usize, batch: usize) -> impl Iterator<Item = usize> {
    (0..operations).step_by(batch).map(move |start| batch.min(operations - start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_add_up_to_the_operations() {
        assert_eq!(batches(10, 4).collect::<Vec<_>>(), [4, 4, 2]);
        assert_eq!(batches(8, 4).collect::<Vec<_>>(), [4, 4]);
        assert_eq!(batches(0, 4).count(), 0);
    }
}
