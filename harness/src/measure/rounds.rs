//! Interleaved measurements: A B C A B C and not A A B B C C.
//!
//! What disturbs a machine for a minute then disturbs every contender alike. One process at a time.

use super::queue::reason_to_skip;
use super::{Launcher, Measurement, Order, Outcome, Setting, Spread};

/// What to measure, and how.
#[derive(Clone, Copy, Debug)]
pub struct Job {
    /// The workload, the contender and the scale.
    pub order: Order,
    /// How it runs.
    pub setting: Setting,
}

/// The measurements of one job, a round each.
#[derive(Clone, Debug)]
pub struct Series {
    /// What was measured.
    pub job: Job,
    /// The measurements. One that went wrong or was skipped is the last.
    pub outcomes: Vec<Outcome>,
    is_retired: bool,
}

impl Series {
    fn new(job: Job) -> Self {
        Series { job, outcomes: Vec::new(), is_retired: false }
    }

    /// The measurements; none if one of them went wrong.
    pub fn measurements(&self) -> impl Iterator<Item = &Measurement> {
        let is_sound = self.trouble().is_none();
        self.outcomes.iter().filter_map(Outcome::measurement).filter(move |_| is_sound)
    }

    /// What went wrong, or why it was skipped.
    #[must_use]
    pub fn trouble(&self) -> Option<&Outcome> {
        self.outcomes.iter().find(|outcome| outcome.measurement().is_none())
    }

    /// The spread of one figure; `None` if it was not measured.
    #[must_use]
    pub fn spread(&self, figure: impl Fn(&Measurement) -> Option<u64>) -> Option<Spread> {
        Spread::of(self.measurements().filter_map(figure))
    }

    /// The median CPU time.
    #[must_use]
    pub fn cpu_ns(&self) -> Option<u64> {
        self.spread(|measurement| Some(measurement.cpu_ns)).map(|spread| spread.median)
    }
}

/// Jobs that are measured in turns.
#[derive(Debug)]
pub struct Rounds {
    series: Vec<Series>,
}

impl Rounds {
    /// Jobs that have not run yet. The null collector should come behind the others, whose
    /// measurements tell whether the memory suffices for it.
    #[must_use]
    pub fn new(jobs: impl IntoIterator<Item = Job>) -> Self {
        Rounds { series: jobs.into_iter().map(Series::new).collect() }
    }

    /// Measures every job once more, but those that went wrong, were skipped or are retired.
    ///
    /// `ended` is told of each job of the round; the outcome is `None` for one that was left out.
    /// It returns whether to go on, and so does this.
    pub fn round(
        &mut self,
        launcher: &Launcher,
        mut ended: impl FnMut(&Job, Option<&Outcome>) -> bool,
    ) -> bool {
        for place in 0..self.series.len() {
            let outcome = self.next_outcome(launcher, place);
            let series = &mut self.series[place];
            let is_measured = outcome.is_some();
            series.outcomes.extend(outcome);
            let outcome = series.outcomes.last().filter(|_| is_measured);
            if !ended(&series.job, outcome) {
                return false;
            }
        }
        true
    }

    fn next_outcome(&self, launcher: &Launcher, place: usize) -> Option<Outcome> {
        let series = &self.series[place];
        let Job { order, setting } = &series.job;
        if series.is_retired || series.trouble().is_some() {
            return None;
        }
        if series.outcomes.is_empty() {
            let measured = self.series.iter().flat_map(|series| &series.outcomes);
            if let Some(reason) = reason_to_skip(order, measured) {
                return Some(Outcome::Skipped(order.skip(reason)));
            }
        }
        Some(launcher.measure_with(order, *setting))
    }

    /// Leaves some jobs out of all further rounds; what was measured of them stays.
    pub fn retire(&mut self, is_hopeless: impl Fn(&Series, &[Series]) -> bool) {
        let hopeless: Vec<_> =
            self.series.iter().map(|series| is_hopeless(series, &self.series)).collect();
        for (series, is_hopeless) in self.series.iter_mut().zip(hopeless) {
            series.is_retired |= is_hopeless;
        }
    }

    /// What was measured, in the order of the jobs.
    #[must_use]
    pub fn series(&self) -> &[Series] {
        &self.series
    }
}
