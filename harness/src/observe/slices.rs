//! A run of unknown length in pieces of equal length: [`Slices`].

use gc_core::{GenerationStats, Stats};

use super::Slice;

/// There are at most so many slices; when there were more, each two become one.
const SLICES_MAX: u64 = 320;

/// How long the first slices are.
const SLICE_NS_FIRST: u64 = 20_000;

/// What the meters of an arena said during a run: the least and the greatest of each slice, so that no
/// peak is lost, however long the run. A slice in which nothing was seen, as an operation lasted, is
/// left out.
#[derive(Debug)]
pub(super) struct Slices {
    slice_ns: u64,
    slices: Vec<Slice>,
    /// Collections so far, by generation.
    collections: Vec<u64>,
}

impl Slices {
    pub(super) fn new() -> Self {
        Slices { slice_ns: SLICE_NS_FIRST, slices: Vec::new(), collections: Vec::new() }
    }

    /// Notes what was in use after so much time. Time does not run backwards.
    pub(super) fn add_used(&mut self, at_ns: u64, used_bytes: u64) -> &mut Slice {
        while at_ns / self.slice_ns >= SLICES_MAX {
            self.merge();
        }
        let fresh = Slice {
            place: at_ns / self.slice_ns,
            used_bytes_min: used_bytes,
            used_bytes_max: used_bytes,
            ..Slice::default()
        };
        match self.slices.last_mut() {
            Some(last) if last.place == fresh.place => last.add(&fresh),
            _ => self.slices.push(fresh),
        }
        let last = self.slices.len() - 1;
        &mut self.slices[last]
    }

    /// Notes what the meters say between two operations.
    pub(super) fn add(&mut self, at_ns: u64, stats: &Stats, generations: &[GenerationStats]) {
        self.collections.resize(generations.len(), 0);
        let mut seen = Slice {
            used_bytes_min: stats.used_bytes as u64,
            used_bytes_max: stats.used_bytes as u64,
            reserved_bytes_max: stats.reserved_bytes as u64,
            ..Slice::default()
        };
        for (before, stats) in self.collections.iter_mut().zip(generations) {
            seen.collections.push(stats.collections.saturating_sub(*before));
            *before = stats.collections;
        }
        self.add_used(at_ns, seen.used_bytes_max).add(&seen);
    }

    /// Makes slices twice as long.
    fn merge(&mut self) {
        self.slice_ns *= 2;
        self.slices.iter_mut().for_each(|slice| slice.place /= 2);
        self.slices.dedup_by(|second, first| {
            let is_same = first.place == second.place;
            if is_same {
                first.add(second);
            }
            is_same
        });
    }

    /// How long each is.
    pub(super) fn slice_ns(&self) -> u64 {
        self.slice_ns
    }

    /// What was seen in each.
    pub(super) fn all(&self) -> &[Slice] {
        &self.slices
    }
}

impl Slice {
    /// Adds what was seen in the same piece of time.
    fn add(&mut self, other: &Slice) {
        self.used_bytes_min = self.used_bytes_min.min(other.used_bytes_min);
        self.used_bytes_max = self.used_bytes_max.max(other.used_bytes_max);
        self.reserved_bytes_max = self.reserved_bytes_max.max(other.reserved_bytes_max);
        if self.collections.len() < other.collections.len() {
            self.collections.resize(other.collections.len(), 0);
        }
        for (sum, more) in self.collections.iter_mut().zip(&other.collections) {
            *sum += more;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the meters say with so many bytes in use and so many collections.
    fn add(slices: &mut Slices, at_ns: u64, used: usize, collections: u64) {
        let mut stats = Stats::default();
        (stats.used_bytes, stats.reserved_bytes) = (used, 2 * used);
        let mut generation = GenerationStats::default();
        generation.collections = collections;
        slices.add(at_ns, &stats, &[generation]);
    }

    #[test]
    fn however_long_the_run_no_peak_and_no_collection_is_lost() {
        let mut slices = Slices::new();
        for time in 0..5_000 {
            if time == 777 {
                slices.add_used(time * SLICE_NS_FIRST, 1_000);
            }
            add(&mut slices, time * SLICE_NS_FIRST, 10, time / 10);
        }
        let (slice_ns, slices) = (slices.slice_ns(), slices.all());
        let count = slices.len() as u64;
        assert!((SLICES_MAX / 2..=SLICES_MAX).contains(&count), "{count}");
        assert!(slices.iter().map(|slice| slice.place).eq(0..count));
        assert_eq!(count, (5_000 * SLICE_NS_FIRST).div_ceil(slice_ns));
        let peaks: Vec<_> = slices.iter().filter(|slice| slice.used_bytes_max == 1_000).collect();
        let [peak] = peaks[..] else { panic!("{peaks:?}") };
        assert_eq!(peak.place, 777 * SLICE_NS_FIRST / slice_ns);
        assert_eq!((peak.used_bytes_min, peak.reserved_bytes_max), (10, 20));
        assert_eq!(slices.iter().map(|slice| slice.collections[0]).sum::<u64>(), 499);
    }

    #[test]
    fn nothing_is_said_of_the_time_in_which_an_operation_lasts() {
        let mut slices = Slices::new();
        add(&mut slices, 0, 5, 0);
        add(&mut slices, 3 * SLICE_NS_FIRST, 7, 2);
        let seen: Vec<_> =
            slices.all().iter().map(|slice| (slice.place, slice.used_bytes_max)).collect();
        assert_eq!(seen, [(0, 5), (3, 7)]);
        assert_eq!(slices.all()[1].collections, [2]);
    }
}
