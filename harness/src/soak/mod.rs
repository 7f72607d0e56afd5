//! Runs all workloads and random heap programs for a long time, at settings that are drawn: do the
//! answers stay right, the accounts balanced, and the memory of the process flat?
//!
//! A round has a seed of its own, from which all that it does is drawn. So a round that failed is
//! repeated alone by its seed.

mod residency;
mod round;
mod settings;

use std::fmt;
use std::time::{Duration, Instant};

pub use self::residency::{Growth, MARGIN_BYTES, Residency, WARM_UP_ROUNDS};
pub use self::round::{Fault, Round};
pub use self::settings::Settings;

/// How long to go on: until both are reached, and one round at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SoakOptions {
    /// The seed of the first round; each further one has the next.
    pub seed: u64,
    /// No round begins after this time.
    pub time: Duration,
    /// As many rounds there are at least.
    pub rounds: u64,
}

/// What came of it.
#[derive(Debug)]
pub struct SoakReport {
    /// How many rounds there were.
    pub rounds: u64,
    /// How many runs of a workload on a backend.
    pub runs: u64,
    /// How many random programs, each on every backend in every setting.
    pub programs: u64,
    /// How many objects were allocated by the workloads.
    pub objects: u64,
    /// What was wrong, and the seed of the round.
    pub failure: Option<(u64, Failure)>,
}

/// Why it ended early.
#[derive(Debug)]
pub enum Failure {
    /// Something did not do what it should.
    Faults(Vec<Fault>),
    /// The process has grown.
    Growth(Growth),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Faults(faults) => {
                let texts: Vec<_> = faults.iter().map(ToString::to_string).collect();
                f.write_str(&texts.join("\n"))
            }
            Failure::Growth(growth) => growth.fmt(f),
        }
    }
}

/// Goes on until the time is over or something is wrong; `told` is told of each round.
pub fn run(options: &SoakOptions, told: &mut dyn FnMut(&Round, Option<u64>)) -> SoakReport {
    let start = Instant::now();
    let mut residency = Residency::new();
    let mut report = SoakReport { rounds: 0, runs: 0, programs: 0, objects: 0, failure: None };
    while report.rounds < options.rounds.max(1) || start.elapsed() < options.time {
        let seed = options.seed.wrapping_add(report.rounds);
        let round = Round::run(seed);
        report.rounds += 1;
        report.runs += round.runs;
        report.programs += round.programs;
        report.objects += round.objects;
        let resident_bytes = crate::measure::resident_bytes();
        told(&round, resident_bytes);
        let growth = resident_bytes.and_then(|bytes| residency.note(bytes));
        report.failure = if round.faults.is_empty() {
            growth.map(|growth| (seed, Failure::Growth(growth)))
        } else {
            Some((seed, Failure::Faults(round.faults)))
        };
        if report.failure.is_some() {
            break;
        }
    }
    report
}
