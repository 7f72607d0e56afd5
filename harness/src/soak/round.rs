//! One round: every workload on every backend, and random heap programs: [`Round`].

use std::fmt;
use std::time::{Duration, Instant};

use rand::{RngExt, SeedableRng};
use rayon::iter::{IntoParallelIterator, ParallelIterator};

use super::settings::Settings;
use crate::backend::Backend;
use crate::heap_program::catch::catch_quietly;
use crate::heap_program::diff::{self, DiffOptions, DiffReport, Oracle};
use crate::measure::Instruments;
use crate::workloads::{Checksum, Parameters, Random, WORKLOADS, Workload};

/// Random heap programs of a round, each on every backend in a setting that is drawn.
const PROGRAMS: u64 = 200;

/// Operations of each.
const OPERATIONS: usize = 100;

/// A workload is run at this share of its quick scale at most, as a divisor, so that a round takes
/// seconds.
const QUICK_DIVISOR: usize = 4;

/// What a round did.
#[derive(Debug)]
pub struct Round {
    /// Its seed.
    pub seed: u64,
    /// Runs of a workload on a backend.
    pub runs: u64,
    /// Random programs.
    pub programs: u64,
    /// Objects that the workloads allocated.
    pub objects: u64,
    /// How long it took.
    pub duration: Duration,
    /// What was wrong.
    pub faults: Vec<Fault>,
}

/// Something is wrong.
#[derive(Debug)]
pub enum Fault {
    /// A run of a workload gave another answer than the reference, or panicked, or its accounts do not
    /// balance.
    Run {
        /// The run.
        run: Box<Run>,
        /// What is wrong.
        reason: String,
    },
    /// A random program's answers are not those of the model.
    Program(Box<DiffReport>),
    /// The random programs could not be run.
    Programs(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Run { run, reason } => write!(f, "{run}: {reason}"),
            Fault::Program(report) => match &report.first {
                Some(divergence) => write!(f, "{report}\n{divergence}"),
                None => report.fmt(f),
            },
            Fault::Programs(reason) => f.write_str(reason),
        }
    }
}

/// A run of a workload.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    workload: &'static Workload,
    backend: Backend,
    parameters: Parameters,
    settings: Settings,
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Run { workload, backend, parameters, settings } = self;
        let Parameters { scale, seed } = parameters;
        write!(f, "{} on {backend}, scale {scale}, seed {seed}, {settings}", workload.name)
    }
}

impl Run {
    /// Runs it; how many objects were made, or what was wrong.
    fn perform(&self, expected: Checksum) -> Result<u64, String> {
        let mut instruments = self.settings.instruments();
        let found =
            catch_quietly(|| self.workload.run(self.backend, &self.parameters, &mut instruments))
                .map_err(|message| format!("the panic `{message}`"))?;
        if found != expected {
            return Err(format!("the answer {found} instead of {expected}"));
        }
        Ok(instruments.heap_use().allocated_objects)
    }
}

/// A workload with what it is told, and a run of it on every backend.
fn draw(workload: &'static Workload, random: &mut Random) -> (Parameters, [Run; 4]) {
    let settings = Backend::ALL.map(|_| Settings::draw(random));
    let tiny = workload.scale.tiny;
    let is_slow = settings.iter().any(Settings::is_slow);
    let most = if is_slow { tiny } else { (workload.scale.quick / QUICK_DIVISOR).max(tiny) };
    let scale = random.random_range(tiny.min(most)..=most).max(*workload.scale.range.start());
    let parameters = Parameters { scale, seed: random.random() };
    let mut each = Backend::ALL.into_iter().zip(settings);
    let runs = [(); 4].map(|()| {
        let (backend, settings) = each.next().expect("as many settings as backends");
        Run { workload, backend, parameters, settings }
    });
    (parameters, runs)
}

impl Round {
    /// Does all that is drawn from this seed, on as many threads as the machine has.
    #[must_use]
    pub fn run(seed: u64) -> Round {
        let start = Instant::now();
        let mut random = Random::seed_from_u64(seed);
        let drawn: Vec<_> =
            WORKLOADS.iter().map(|workload| (workload, draw(workload, &mut random))).collect();
        let results: Vec<Result<u64, Fault>> = drawn
            .into_par_iter()
            .flat_map_iter(|(workload, (parameters, runs))| {
                let reference = catch_quietly(|| {
                    workload.run(Backend::Null, &parameters, &mut Instruments::silent())
                });
                runs.map(|run| {
                    let expected = reference.clone();
                    expected
                        .and_then(|expected| run.perform(expected))
                        .map_err(|reason| Fault::Run { run: Box::new(run), reason })
                })
            })
            .collect();
        let mut round = Round {
            seed,
            runs: 0,
            programs: 0,
            objects: 0,
            duration: Duration::ZERO,
            faults: vec![],
        };
        for result in results {
            round.runs += 1;
            match result {
                Ok(objects) => round.objects += objects,
                Err(fault) => round.faults.push(fault),
            }
        }
        round.compare(random.random());
        round.duration = start.elapsed();
        round
    }

    /// Compares random programs with the model.
    fn compare(&mut self, seed: u64) {
        let options = DiffOptions {
            oracle: Oracle::Model,
            programs: PROGRAMS,
            operations: OPERATIONS,
            seed,
            backends: Backend::ALL.to_vec(),
            is_zealous: true,
        };
        self.programs += PROGRAMS;
        match diff::run(&options, &|_| ()) {
            Ok(report) if report.divergences == 0 => {}
            Ok(report) => self.faults.push(Fault::Program(Box::new(report))),
            Err(error) => self.faults.push(Fault::Programs(error.to_string())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_draws_the_same_round_each_time() {
        let draw_all = |seed| {
            let mut random = Random::seed_from_u64(seed);
            let runs = WORKLOADS.iter().flat_map(|workload| draw(workload, &mut random).1);
            runs.map(|run| run.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(draw_all(1), draw_all(1));
        assert_ne!(draw_all(1), draw_all(2));
        for workload in &WORKLOADS {
            let (parameters, runs) = draw(workload, &mut Random::seed_from_u64(3));
            assert!(workload.check_scale(parameters.scale).is_ok(), "{}", workload.name);
            assert!(runs.iter().map(|run| run.backend).eq(Backend::ALL));
        }
    }

    #[test]
    fn a_wrong_answer_is_told_with_its_run() {
        let workload = Workload::find("list").expect("there is one");
        let (_, runs) = draw(workload, &mut Random::seed_from_u64(4));
        let wrong = workload.run(
            Backend::Null,
            &Parameters { scale: 1, seed: 0 },
            &mut Instruments::silent(),
        );
        let reason = runs[1].perform(wrong).expect_err("it is the answer to something else");
        assert!(reason.contains("instead of"), "{reason}");
        let fault = Fault::Run { run: Box::new(runs[1]), reason };
        assert!(fault.to_string().starts_with("list on refcount, scale "), "{fault}");
    }
}
