//! How long pauses are: [`PauseHistogram`].

use std::time::Duration;

use hdrhistogram::Histogram;

use super::record::nanoseconds;

/// The longest pause that the histogram tells from others: an hour. Longer ones count as that.
const PAUSE_NS_MAX: u64 = 3_600_000_000_000;

/// Values are kept to three digits: within 0.1 %.
const DIGITS: u8 = 3;

/// How many pauses there were of each length, to three digits.
///
/// Takes about 250 KB, whatever happens.
///
/// # Examples
///
/// ```
/// use gc_insight::log::PauseHistogram;
/// use std::time::Duration;
///
/// let mut pauses = PauseHistogram::new();
/// (1..=1000).for_each(|length| pauses.record(Duration::from_micros(length)));
/// assert_eq!((pauses.count(), pauses.longest()), (1000, Duration::from_millis(1)));
/// let median = pauses.quantile(0.5);
/// assert!(median.abs_diff(Duration::from_micros(500)) <= Duration::from_micros(1));
/// assert_eq!(pauses.mean(), Duration::from_nanos(500_500));
/// assert_eq!(pauses.buckets().map(|bucket| bucket.count).sum::<u64>(), 1000);
/// ```
#[derive(Clone, Debug)]
pub struct PauseHistogram {
    histogram: Histogram<u64>,
    total: Duration,
    longest: Duration,
}

/// The pauses of about the same length.
///
/// See the example of [`PauseHistogram`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PauseBucket {
    /// None is longer. They are longer than those of the bucket before.
    pub up_to: Duration,
    /// How many there are.
    pub count: u64,
}

impl Default for PauseHistogram {
    fn default() -> PauseHistogram {
        PauseHistogram::new()
    }
}

impl PauseHistogram {
    /// Without pauses.
    ///
    /// See the example of [`PauseHistogram`].
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "it never does")]
    pub fn new() -> PauseHistogram {
        let histogram = Histogram::new_with_max(PAUSE_NS_MAX, DIGITS)
            .expect("three digits are within the histogram's bounds");
        PauseHistogram { histogram, total: Duration::ZERO, longest: Duration::ZERO }
    }

    /// Adds a pause.
    ///
    /// See the example of [`PauseHistogram`].
    pub fn record(&mut self, pause: Duration) {
        self.histogram.saturating_record(nanoseconds::of(pause));
        self.total = self.total.saturating_add(pause);
        self.longest = self.longest.max(pause);
    }

    /// How many pauses there were.
    ///
    /// See the example of [`PauseHistogram`].
    #[must_use]
    pub fn count(&self) -> u64 {
        self.histogram.len()
    }

    /// How long all of them took.
    ///
    /// See the example of [`PauseHistogram`].
    #[must_use]
    pub fn total(&self) -> Duration {
        self.total
    }

    /// The longest pause, exactly; zero if there was none.
    ///
    /// See the example of [`PauseHistogram`].
    #[must_use]
    pub fn longest(&self) -> Duration {
        self.longest
    }

    /// The mean pause; zero if there was none.
    ///
    /// See the example of [`PauseHistogram`].
    #[must_use]
    pub fn mean(&self) -> Duration {
        let mean_ns = self.total.as_nanos().checked_div(u128::from(self.count())).unwrap_or(0);
        Duration::from_nanos(u64::try_from(mean_ns).unwrap_or(u64::MAX))
    }

    /// The pause that this part of all pauses does not exceed; zero if there was none. A quantile
    /// below 0 means 0, one above 1 means 1. Errs upwards, by 0.1 % at most, but never beyond the
    /// longest.
    ///
    /// See the example of [`PauseHistogram`].
    #[must_use]
    pub fn quantile(&self, quantile: f64) -> Duration {
        let quantile = if quantile.is_nan() { 1.0 } else { quantile.clamp(0.0, 1.0) };
        Duration::from_nanos(self.histogram.value_at_quantile(quantile)).min(self.longest)
    }

    /// The pauses by their lengths, the shortest first: ten buckets for each power of ten, from 100 ns
    /// on. Ends with the longest; empty if there was none.
    ///
    /// See the example of [`PauseHistogram`].
    pub fn buckets(&self) -> impl Iterator<Item = PauseBucket> + '_ {
        let growth = 10_f64.powf(0.1);
        let steps = self.histogram.iter_log(100, growth);
        // Of nothing it has one step.
        let steps = steps.take_while(|_| self.count() > 0);
        steps.map(|step| PauseBucket {
            up_to: Duration::from_nanos(step.value_iterated_to()),
            count: step.count_since_last_iteration(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_pauses_everything_is_zero() {
        let pauses = PauseHistogram::new();
        assert_eq!(
            (pauses.count(), pauses.total(), pauses.mean()),
            (0, Duration::ZERO, Duration::ZERO)
        );
        assert_eq!((pauses.quantile(0.99), pauses.longest()), (Duration::ZERO, Duration::ZERO));
        assert_eq!(pauses.buckets().count(), 0);
    }

    #[test]
    fn what_is_too_long_or_asked_wrongly_is_taken_as_far_as_it_goes() {
        let mut pauses = PauseHistogram::new();
        pauses.record(Duration::MAX);
        pauses.record(Duration::MAX);
        pauses.record(Duration::ZERO);
        assert_eq!((pauses.count(), pauses.longest()), (3, Duration::MAX));
        assert!(pauses.quantile(7.0) >= Duration::from_secs(3600));
        assert_eq!(pauses.quantile(f64::NAN), pauses.quantile(1.0));
        assert_eq!(pauses.quantile(-1.0), Duration::ZERO);
    }

    #[test]
    fn buckets_do_not_overlap_and_hold_every_pause() {
        let mut pauses = PauseHistogram::new();
        let lengths = [1, 99, 150, 1_000, 12_345, 1_000_000, 987_654_321];
        lengths.iter().for_each(|&length| pauses.record(Duration::from_nanos(length)));
        let buckets: Vec<PauseBucket> = pauses.buckets().collect();
        assert!(buckets.is_sorted_by(|a, b| a.up_to < b.up_to), "{buckets:?}");
        assert_eq!(buckets.iter().map(|bucket| bucket.count).sum::<u64>(), 7);
        assert_eq!((buckets[0].up_to, buckets[0].count), (Duration::from_nanos(99), 2));
        assert!(buckets.last().is_some_and(|last| last.count == 1));
    }
}
