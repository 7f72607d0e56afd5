//! Everything that the page shows: [`Report`].

use gc_insight::profile::Profile;
use serde::Serialize;

use crate::backend::Backend;
use crate::measure::allocator;
use crate::observe::{CollectorRecord, HeapRecord};
use crate::report::ComparisonRow;

/// Everything that one run of `harness report` found out.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Where it ran.
    pub machine: Machine,
    /// How often each contender was measured on each workload.
    pub rounds: usize,
    /// The seed of the random numbers.
    pub seed: u64,
    /// How each contender stands over all workloads.
    pub standings: Vec<Standing>,
    /// The workloads.
    pub workloads: Vec<WorkloadReport>,
}

/// What kind of machine and of program it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Machine {
    /// The operating system.
    pub system: &'static str,
    /// The processor's architecture.
    pub architecture: &'static str,
    /// How many threads can run at once; `None` if the system does not say.
    pub processors: Option<usize>,
    /// The allocator of the build.
    pub allocator: &'static str,
    /// Whether the build has debug assertions: its times mean nothing then.
    pub is_debug: bool,
    /// The version of the harness.
    pub version: &'static str,
}

impl Machine {
    /// The one that this program runs on.
    #[must_use]
    pub fn here() -> Self {
        Machine {
            system: std::env::consts::OS,
            architecture: std::env::consts::ARCH,
            processors: std::thread::available_parallelism().ok().map(Into::into),
            allocator: allocator(),
            is_debug: cfg!(debug_assertions),
            version: env!("CARGO_PKG_VERSION"),
        }
    }
}

/// One workload.
#[derive(Clone, Debug, Serialize)]
pub struct WorkloadReport {
    /// Its name.
    pub name: &'static str,
    /// What it does.
    pub sentence: &'static str,
    /// The scale of the runs.
    pub scale: usize,
    /// What the scale counts.
    pub scale_meaning: &'static str,
    /// What each contender took, without anybody looking; the ratio is to the fastest.
    pub times: Vec<ComparisonRow>,
    /// What was seen of our collectors, in other runs.
    pub watched: Vec<Watched>,
}

/// What was seen of one of our collectors.
#[derive(Clone, Debug, Serialize)]
pub struct Watched {
    /// The name of the contender.
    pub contender: &'static str,
    /// What the collector did.
    pub collector: Option<CollectorRecord>,
    /// How long the run took in which the heap was looked at, without the looks.
    pub heap_run_ns: Option<u64>,
    /// What was in the heap.
    pub heap: Option<HeapRecord>,
    /// Who allocated what; of one collector only, as it is the same with every one.
    pub allocations: Option<Profile>,
    /// Why something is missing.
    pub trouble: Vec<String>,
}

/// The window of which the overview says the minimum utilization.
pub(super) const STANDING_WINDOW_NS: u64 = 10_000_000;

/// How a contender stands over all workloads.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Standing {
    /// The name of the contender.
    pub contender: &'static str,
    /// On how many of the workloads it was measured.
    pub measured: usize,
    /// The geometric mean of its CPU time, divided by that of the fastest on each workload.
    pub cpu_ratio: Option<f64>,
    /// The geometric mean of its peak memory, divided by the least on each workload.
    pub memory_ratio: Option<f64>,
    /// The longest pause on any workload.
    pub pause_ns_max: Option<u64>,
    /// The pause that one in a hundred exceeds, on the workload where it is longest.
    pub pause_ns_p99: Option<u64>,
    /// The minimum mutator utilization in windows of 10 ms, on the workload where it is least.
    pub utilization: Option<f64>,
}

impl Report {
    /// What the data say about each contender, in the order of their first appearance.
    #[must_use]
    pub fn standings(workloads: &[WorkloadReport]) -> Vec<Standing> {
        let mut names: Vec<&'static str> = Vec::new();
        for row in workloads.iter().flat_map(|workload| &workload.times) {
            if !names.contains(&row.contender) {
                names.push(row.contender);
            }
        }
        names.into_iter().map(|name| standing(name, workloads)).collect()
    }

    /// As JSON.
    ///
    /// # Errors
    ///
    /// If a number is none.
    pub fn json(&self) -> serde_json::Result<String> {
        serde_json::to_string(self)
    }
}

fn standing(contender: &'static str, workloads: &[WorkloadReport]) -> Standing {
    let rows = workloads.iter().flat_map(|workload| {
        let least = workload.times.iter().filter_map(|row| row.peak_rss_bytes).min();
        let own = workload.times.iter().filter(|row| row.contender == contender);
        own.map(move |row| (row, least))
    });
    let rows: Vec<_> = rows.filter(|(row, _)| row.cpu_ns.is_some()).collect();
    let memory_ratios = rows.iter().filter_map(|(row, least)| {
        let least = least.filter(|&bytes| bytes > 0)?;
        Some(row.peak_rss_bytes? as f64 / least as f64)
    });
    let records: Vec<_> = workloads
        .iter()
        .flat_map(|workload| &workload.watched)
        .filter(|watched| watched.contender == contender)
        .filter_map(|watched| watched.collector.as_ref())
        .collect();
    let utilizations = records.iter().filter_map(|record| record.utilization(STANDING_WINDOW_NS));
    Standing {
        contender,
        measured: rows.len(),
        cpu_ratio: geometric_mean(rows.iter().filter_map(|(row, _)| row.ratio)),
        memory_ratio: geometric_mean(memory_ratios),
        pause_ns_max: records.iter().filter_map(|record| record.pause_ns(1.0)).max(),
        pause_ns_p99: records.iter().filter_map(|record| record.pause_ns(0.99)).max(),
        utilization: utilizations.min_by(f64::total_cmp),
    }
}

/// The mean of ratios; `None` of none.
fn geometric_mean(ratios: impl Iterator<Item = f64>) -> Option<f64> {
    let (count, sum) = ratios.fold((0, 0.0), |(count, sum), ratio| (count + 1, sum + ratio.ln()));
    (count > 0).then(|| (sum / f64::from(count)).exp())
}

impl Standing {
    /// The backend that the contender is, be it in epochs.
    pub(super) fn backend(&self) -> Option<Backend> {
        let is_own = |backend: &Backend| {
            [backend.name(), backend.name_in_epochs()].contains(&self.contender)
        };
        Backend::ALL.into_iter().find(is_own)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Spread;
    use crate::observe::{PauseQuantile, UtilizationAt};

    fn row(contender: &'static str, ratio: Option<f64>, peak: u64) -> ComparisonRow {
        ComparisonRow {
            workload: "w",
            scale: 1,
            contender,
            cpu_ns: ratio.map(|_| Spread { median: 1, min: 1, max: 1 }),
            wall_ns: None,
            peak_rss_bytes: Some(peak),
            ratio,
            is_baseline: false,
            checksum: None,
            word: None,
        }
    }

    fn workload(times: Vec<ComparisonRow>, pause_ns: u64, minimum: f64) -> WorkloadReport {
        let collector = CollectorRecord {
            quantiles: vec![PauseQuantile { quantile: 1.0, pause_ns }],
            utilization: vec![
                UtilizationAt { window_ns: 1_000_000, minimum: 0.0 },
                UtilizationAt { window_ns: 10_000_000, minimum },
                UtilizationAt { window_ns: 20_000_000, minimum: 0.9 },
            ],
            ..CollectorRecord::default()
        };
        let watched = Watched {
            contender: "refcount",
            collector: Some(collector),
            heap_run_ns: None,
            heap: None,
            allocations: None,
            trouble: Vec::new(),
        };
        let (name, sentence, scale_meaning) = ("w", "", "");
        WorkloadReport { name, sentence, scale: 1, scale_meaning, times, watched: vec![watched] }
    }

    #[test]
    fn a_standing_is_the_mean_of_ratios_and_the_worst_pause() {
        let workloads = [
            workload(vec![row("refcount", Some(2.0), 30), row("null", Some(1.0), 10)], 5, 0.5),
            workload(vec![row("refcount", Some(8.0), 30), row("null", None, 90)], 9, 0.25),
        ];
        let standings = Report::standings(&workloads);
        let [refcount, null] = &standings[..] else { panic!("{standings:?}") };
        assert!((refcount.cpu_ratio.unwrap() - 4.0).abs() < 1e-9);
        assert!((refcount.memory_ratio.unwrap() - 3_f64.sqrt()).abs() < 1e-9);
        assert_eq!((refcount.pause_ns_max, refcount.utilization), (Some(9), Some(0.25)));
        assert_eq!((refcount.measured, refcount.backend()), (2, Some(Backend::Refcount)));
        assert_eq!((null.measured, null.cpu_ratio), (1, Some(1.0)));
        assert_eq!((null.pause_ns_max, null.utilization), (None, None));
    }
}
