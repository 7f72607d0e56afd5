//! A run of unknown length in pieces of equal length: [`Slices`].

use gc_core::{GenerationStats, Stats};

use super::Slice;

/// There are at most so many slices; when there were more, each two become one.
const SLICES_MAX: usize = 320;

/// How long the first slices are.
const SLICE_NS_FIRST: u64 = 20_000;

/// What the meters of an arena said during a run: the least and the greatest of each slice, so that no
/// peak is lost, however long the run.
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

    /// Notes what the meters say after so much time. Time does not run backwards.
    pub(super) fn add(&mut self, at_ns: u64, stats: &Stats, generations: &[GenerationStats]) {
        while at_ns / self.slice_ns >= SLICES_MAX as u64 {
            self.merge();
        }
        let place = (at_ns / self.slice_ns) as usize;
        let used = stats.used_bytes as u64;
        let fresh = Slice {
            used_bytes_min: used,
            used_bytes_max: used,
            reserved_bytes_max: stats.reserved_bytes as u64,
            collections: vec![0; generations.len()],
        };
        if self.slices.len() <= place {
            // An operation that takes longer than a slice is seen at its end. Until then all was as
            // before, as far as anybody knows.
            let before = self.slices.last().map(|slice| Slice {
                used_bytes_min: slice.used_bytes_max,
                collections: vec![0; generations.len()],
                ..slice.clone()
            });
            self.slices.resize(place, before.unwrap_or_else(|| fresh.clone()));
            self.slices.push(fresh.clone());
        }
        let slice = &mut self.slices[place];
        slice.widen(&fresh);
        self.collections.resize(generations.len(), 0);
        for (generation, stats) in generations.iter().enumerate() {
            let before = std::mem::replace(&mut self.collections[generation], stats.collections);
            slice.collections[generation] += stats.collections.saturating_sub(before);
        }
    }

    /// Makes one slice of each two.
    fn merge(&mut self) {
        self.slice_ns *= 2;
        let merged = self.slices.chunks(2).map(|pair| {
            let mut slice = pair[0].clone();
            if let Some(second) = pair.get(1) {
                slice.widen(second);
                for (sum, more) in slice.collections.iter_mut().zip(&second.collections) {
                    *sum += more;
                }
            }
            slice
        });
        self.slices = merged.collect();
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
    /// Makes the ranges hold those of another, too.
    fn widen(&mut self, other: &Slice) {
        self.used_bytes_min = self.used_bytes_min.min(other.used_bytes_min);
        self.used_bytes_max = self.used_bytes_max.max(other.used_bytes_max);
        self.reserved_bytes_max = self.reserved_bytes_max.max(other.reserved_bytes_max);
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
            let used = if time == 777 { 1_000 } else { 10 };
            add(&mut slices, time * SLICE_NS_FIRST, used, time / 10);
        }
        let (slice_ns, slices) = (slices.slice_ns(), slices.all());
        assert!(slices.len() <= SLICES_MAX && slices.len() > SLICES_MAX / 2, "{}", slices.len());
        assert_eq!(slice_ns * (slices.len() as u64) / (5_000 * SLICE_NS_FIRST), 1);
        let peaks: Vec<_> =
            slices.iter().enumerate().filter(|(_, slice)| slice.used_bytes_max == 1_000).collect();
        let [(place, peak)] = peaks[..] else { panic!("{} peaks", peaks.len()) };
        assert_eq!(place as u64, 777 * SLICE_NS_FIRST / slice_ns);
        assert_eq!((peak.used_bytes_min, peak.reserved_bytes_max), (10, 2_000));
        assert_eq!(slices.iter().map(|slice| slice.collections[0]).sum::<u64>(), 499);
    }

    #[test]
    fn nothing_changes_while_an_operation_lasts() {
        let mut slices = Slices::new();
        add(&mut slices, 0, 5, 0);
        add(&mut slices, 3 * SLICE_NS_FIRST, 7, 2);
        let slices = slices.all();
        let used: Vec<_> = slices.iter().map(|slice| slice.used_bytes_max).collect();
        assert_eq!(used, [5, 5, 5, 7]);
        let collections: Vec<_> = slices.iter().map(|slice| slice.collections[0]).collect();
        assert_eq!(collections, [0, 0, 0, 2]);
    }
}
