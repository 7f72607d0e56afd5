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
    /// `ended` is told of each job of the round, be it measured or not.
    pub fn round(&mut self, launcher: &Launcher, ended: impl FnMut(&Job)) {
        self.round_with(|job| launcher.measure_with(&job.order, job.setting), ended);
    }

    /// A round of measurements that somebody else makes.
    pub(crate) fn round_with(
        &mut self,
        mut measure: impl FnMut(&Job) -> Outcome,
        mut ended: impl FnMut(&Job),
    ) {
        for place in 0..self.series.len() {
            let series = &self.series[place];
            if !series.is_retired && series.trouble().is_none() {
                let outcome = self.skip(series).unwrap_or_else(|| measure(&series.job));
                self.series[place].outcomes.push(outcome);
            }
            ended(&self.series[place].job);
        }
    }

    /// The outcome of a job that is not worth a process.
    fn skip(&self, series: &Series) -> Option<Outcome> {
        if !series.outcomes.is_empty() {
            return None;
        }
        let measured = self.series.iter().flat_map(|series| &series.outcomes);
        let order = &series.job.order;
        reason_to_skip(order, measured).map(|reason| Outcome::Skipped(order.skip(reason)))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::Backend;
    use crate::measure::{Cause, Contender};
    use crate::workloads::{Parameters, WORKLOADS};

    fn rounds(backends: &[Backend]) -> Rounds {
        Rounds::new(backends.iter().map(|&backend| Job {
            order: Order {
                workload: &WORKLOADS[0],
                contender: Contender::Backend(backend),
                parameters: Parameters { scale: 6, seed: 0 },
            },
            setting: Setting::default(),
        }))
    }

    fn cpu(cpu_ns: u64) -> Outcome {
        Outcome::Measured(Measurement { cpu_ns, ..Measurement::default() })
    }

    const THREE: [Backend; 3] = Backend::COLLECTING;

    #[test]
    fn jobs_take_turns() {
        let mut order = Vec::new();
        let mut rounds = rounds(&THREE);
        for _ in 0..2 {
            rounds.round_with(
                |job| {
                    order.push(job.order.contender.name());
                    cpu(1)
                },
                |_| {},
            );
        }
        let once = THREE.map(Backend::name);
        assert_eq!(order, [once, once].concat());
    }

    #[test]
    fn what_went_wrong_is_not_repeated_and_has_no_figures() {
        let mut rounds = rounds(&THREE);
        let mut runs = 0;
        for round in 0..3 {
            rounds.round_with(
                |job| {
                    runs += 1;
                    if round == 1 && job.order.contender.name() == "marksweep" {
                        Outcome::Failed(job.order.failure(Cause::TimeLimit(60), String::new()))
                    } else {
                        cpu(10 + round)
                    }
                },
                |_| {},
            );
        }
        assert_eq!(runs, 3 + 3 + 2);
        let times: Vec<_> = rounds.series().iter().map(Series::cpu_ns).collect();
        assert_eq!(times, [Some(11), None, Some(11)]);
    }

    #[test]
    fn a_retired_job_keeps_what_was_measured() {
        let mut rounds = rounds(&THREE);
        for cpu_ns in [10, 30] {
            rounds.round_with(|_| cpu(cpu_ns), |_| {});
            rounds.retire(|series, all| {
                assert_eq!(all.len(), 3);
                series.job.order.contender.name() == "refcount"
            });
        }
        let times: Vec<_> = rounds.series().iter().map(Series::cpu_ns).collect();
        assert_eq!(times, [Some(10), Some(20), Some(20)]);
    }
}
