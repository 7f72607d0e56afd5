//! The comparison of contenders: a row for each on each workload, and how it stands to a baseline.

use serde::Serialize;

use super::table::{FAILED, NOTHING};
use super::{Sheet, bytes, duration};
use crate::measure::{Cause, Contender, Outcome, Series, Spread, allocator};

/// What the others are divided by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Baseline {
    /// On each workload the fastest collector that is not ours.
    BestCollector,
    /// On each workload the fastest contender of all.
    Fastest,
    /// The same contender everywhere.
    Contender(Contender),
}

/// Everything that one run of `harness compare` found out.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    /// The allocator of the build.
    pub allocator: &'static str,
    /// How often each was measured.
    pub runs: usize,
    /// The seed of the random numbers.
    pub seed: u64,
    /// The contenders, workload by workload.
    pub rows: Vec<ComparisonRow>,
}

/// One contender on one workload.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ComparisonRow {
    /// The name of the workload.
    pub workload: &'static str,
    /// The scale of the runs.
    pub scale: usize,
    /// The name of the contender.
    pub contender: &'static str,
    /// User and system time of the process.
    pub cpu_ns: Option<Spread>,
    /// Elapsed time of the workload.
    pub wall_ns: Option<Spread>,
    /// The most memory that any of the runs had resident.
    pub peak_rss_bytes: Option<u64>,
    /// The median CPU time divided by the baseline's.
    pub ratio: Option<f64>,
    /// Whether this contender is the baseline of its workload.
    pub is_baseline: bool,
    /// The answer, in hexadecimal.
    pub checksum: Option<String>,
    /// Why there are no figures, in a few words.
    pub word: Option<String>,
}

impl Comparison {
    /// Compares what was measured.
    #[must_use]
    pub fn new(series: &[Series], baseline: Baseline, runs: usize, seed: u64) -> Self {
        let rows = series.iter().map(|of_row| {
            let order = of_row.job.order;
            let rivals = series.iter().filter(|other| other.job.order.is_same_work(&order));
            row(of_row, find_baseline(rivals, baseline))
        });
        Comparison { allocator: allocator(), runs, seed, rows: rows.collect() }
    }

    /// What was run, in a sentence, and a row per contender and workload.
    #[must_use]
    pub fn sheet(&self) -> Sheet {
        let header = ["workload", "scale", "contender", "CPU", "min", "max", "ratio", "peak RSS"];
        let mut sheet = Sheet::new(&header, 3..header.len());
        for row in &self.rows {
            let names = [row.workload.to_owned(), row.scale.to_string(), row.contender.to_owned()];
            let figures = match &row.cpu_ns {
                Some(Spread { median, min, max }) => [
                    duration(*median).to_string(),
                    duration(*min).to_string(),
                    duration(*max).to_string(),
                    row.ratio_text(),
                    row.peak_rss_bytes.map_or(NOTHING.to_owned(), |peak| bytes(peak).to_string()),
                ],
                None => {
                    let word = row.word.clone().unwrap_or(NOTHING.to_owned());
                    [word, String::new(), String::new(), String::new(), String::new()]
                }
            };
            sheet.add(names.into_iter().chain(figures).collect());
        }
        sheet
    }

    /// What a reader must know to read the figures.
    #[must_use]
    pub fn sentence(&self) -> String {
        format!(
            "CPU time is user and system time of the process: the median of {} interleaved runs, \
             their least and their greatest. Allocator: {}. Seed: {}.",
            self.runs, self.allocator, self.seed
        )
    }
}

impl ComparisonRow {
    fn ratio_text(&self) -> String {
        match self.ratio {
            Some(_) if self.is_baseline => "baseline".to_owned(),
            Some(ratio) => format!("{ratio:.2}"),
            None => NOTHING.to_owned(),
        }
    }
}

/// The series that the others of a workload are divided by, if it was measured.
fn find_baseline<'a>(
    mut rivals: impl Iterator<Item = &'a Series>,
    baseline: Baseline,
) -> Option<&'a Series> {
    match baseline {
        Baseline::Contender(contender) => {
            rivals.find(|series| series.job.order.contender == contender)
        }
        Baseline::BestCollector | Baseline::Fastest => rivals
            .filter(|series| {
                baseline == Baseline::Fastest || series.job.order.contender.is_other_collector()
            })
            .filter(|series| series.cpu_ns().is_some())
            .min_by_key(|series| series.cpu_ns()),
    }
}

fn row(series: &Series, baseline: Option<&Series>) -> ComparisonRow {
    let order = series.job.order;
    let ratio = baseline.and_then(|baseline| {
        Some(series.cpu_ns()? as f64 / baseline.cpu_ns().filter(|&ns| ns > 0)? as f64)
    });
    ComparisonRow {
        workload: order.workload.name,
        scale: order.parameters.scale,
        contender: order.contender.name(),
        cpu_ns: series.spread(|measurement| Some(measurement.cpu_ns)),
        wall_ns: series.spread(|measurement| Some(measurement.wall_ns)),
        peak_rss_bytes: series
            .spread(|measurement| measurement.peak_rss_bytes)
            .map(|spread| spread.max),
        ratio,
        is_baseline: baseline
            .is_some_and(|baseline| baseline.job.order.contender == order.contender),
        checksum: series.measurements().next().map(|measurement| measurement.checksum.clone()),
        word: series.trouble().map(word),
    }
}

/// A few words that stand in a cell instead of a figure.
pub(crate) fn word(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Measured(_) => NOTHING.to_owned(),
        Outcome::Skipped(skip) => skip.skipped.clone(),
        Outcome::Failed(failure) => match failure.cause {
            Cause::TimeLimit(seconds) => format!("over {seconds} s"),
            Cause::HeapFull => "heap full".to_owned(),
            Cause::Other => FAILED.to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::Backend;
    use crate::measure::{Job, Measurement, Order, Rounds, Setting};
    use crate::workloads::{Parameters, WORKLOADS};

    /// Each backend on two workloads, once; the times are 10, 20, 30 and then 40, 50, 60.
    fn series() -> Vec<Series> {
        let orders = WORKLOADS[..2].iter().flat_map(|workload| {
            Backend::COLLECTING.map(|backend| Order {
                workload,
                contender: Contender::Backend(backend),
                parameters: Parameters { scale: 6, seed: 0 },
            })
        });
        let mut rounds =
            Rounds::new(orders.map(|order| Job { order, setting: Setting::default() }));
        let mut cpu_ns = 0;
        let measure = |_: &Job| {
            cpu_ns += 10;
            Outcome::Measured(Measurement { cpu_ns, ..Measurement::default() })
        };
        rounds.round_with(measure, |_| {});
        rounds.series().to_vec()
    }

    #[test]
    fn a_ratio_is_to_the_baseline_on_the_same_workload() {
        let baseline = Baseline::Contender(Contender::Backend(Backend::MarkSweep));
        let rows = Comparison::new(&series(), baseline, 1, 0).rows;
        let ratios: Vec<_> = rows.iter().filter_map(|row| row.ratio).collect();
        assert_eq!(ratios, [0.5, 1.0, 1.5, 0.8, 1.0, 1.2]);
        let baselines: Vec<_> = rows.iter().map(|row| row.is_baseline).collect();
        assert_eq!(baselines, [false, true, false, false, true, false]);
    }

    #[test]
    fn the_fastest_is_that_of_the_same_workload() {
        let rows = Comparison::new(&series(), Baseline::Fastest, 1, 0).rows;
        let ratios: Vec<_> = rows.iter().filter_map(|row| row.ratio).collect();
        assert_eq!(ratios, [1.0, 2.0, 3.0, 1.0, 1.25, 1.5]);
    }

    #[test]
    fn our_backends_are_not_the_best_other_collector() {
        let rows = Comparison::new(&series(), Baseline::BestCollector, 1, 0).rows;
        assert!(rows.iter().all(|row| row.ratio.is_none() && !row.is_baseline));
    }
}
