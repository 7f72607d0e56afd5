//! What is to be reached: one row of data for each goal about an operation.
//!
//! A row takes its value from [`Findings`]: what [`measure`] has measured and counted. It has one
//! for each backend that it is about.

use super::instructions::{self, Count};
use super::{Answer, Beside, Measured, Operation, Runner};
use crate::backend::Backend;
use crate::measure::Launcher;

/// A goal.
#[derive(Debug)]
pub struct Goal {
    /// The number of the row in the list of goals.
    pub row: &'static str,
    /// What is measured.
    pub sentence: &'static str,
    /// Whom it is about.
    pub backends: &'static [Backend],
    /// What it must be.
    pub bound: Bound,
    /// Where the value comes from.
    pub quantity: Quantity,
}

/// What a value must be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bound {
    /// This or less.
    AtMost(f64),
    /// This or more.
    AtLeast(f64),
}

impl Bound {
    /// Whether a value is within the bound.
    #[must_use]
    pub fn is_reached(self, value: f64) -> bool {
        match self {
            Bound::AtMost(most) => value <= most,
            Bound::AtLeast(least) => value >= least,
        }
    }
}

/// Where the value of a goal comes from.
#[derive(Clone, Copy, Debug)]
pub enum Quantity {
    /// What an operation answers.
    Value(&'static str),
    /// What an operation takes, over what it takes something that stands beside.
    OverBeside(&'static str, Beside),
    /// What an operation takes, over what another one takes the same backend.
    OverOther(&'static str, &'static str),
    /// The instructions of an operation.
    Instructions(&'static str),
    /// The share of the write barrier in the instructions of a workload, in percent.
    BarrierPercent(&'static str),
}

const REFCOUNT: &[Backend] = &[Backend::Refcount];
const GENERATIONAL: &[Backend] = &[Backend::Generational];
const TRACING: &[Backend] = &[Backend::MarkSweep, Backend::Generational];
const COLLECTING: &[Backend] = &Backend::COLLECTING;

/// Every goal about an operation, in the order of the list.
#[rustfmt::skip]
pub static GOALS: [Goal; 17] = [
    Goal { row: "7b", sentence: "allocate, link into an old object and free another, in cache, times `Rc`",
        backends: REFCOUNT, bound: Bound::AtMost(1.5), quantity: Quantity::OverBeside("mutate-replacing", Beside::Rc) },
    Goal { row: "7b", sentence: "allocate, link into an old object and free another, out of cache, times `Rc`",
        backends: REFCOUNT, bound: Bound::AtMost(0.95), quantity: Quantity::OverBeside("mutate-replacing-far", Beside::Rc) },
    Goal { row: "7b", sentence: "a mutate with one temporary, times `Rc`",
        backends: REFCOUNT, bound: Bound::AtMost(0.4), quantity: Quantity::OverBeside("mutate-temporary", Beside::Rc) },
    Goal { row: "7b", sentence: "a mutate with one temporary, in instructions",
        backends: REFCOUNT, bound: Bound::AtMost(40.0), quantity: Quantity::Instructions("mutate-temporary") },
    Goal { row: "7b", sentence: "an empty mutate, in instructions",
        backends: REFCOUNT, bound: Bound::AtMost(15.0), quantity: Quantity::Instructions("mutate-empty") },
    Goal { row: "8", sentence: "full collection of live objects in the order of memory, times CPython",
        backends: TRACING, bound: Bound::AtMost(0.3), quantity: Quantity::OverBeside("mark-sequential", Beside::CPython) },
    Goal { row: "8", sentence: "full collection of 128 MB in random order, times a pointer chase",
        backends: TRACING, bound: Bound::AtMost(1.2), quantity: Quantity::OverOther("mark-random", "chase-random") },
    Goal { row: "9", sentence: "minor collection with survivors, times a loop that copies them",
        backends: GENERATIONAL, bound: Bound::AtMost(4.0), quantity: Quantity::OverBeside("minor-survivors", Beside::Plain) },
    Goal { row: "9", sentence: "minor collection without survivors beside a million old objects, times beside a thousand",
        backends: GENERATIONAL, bound: Bound::AtMost(1.2), quantity: Quantity::OverOther("minor-empty-far", "minor-empty") },
    Goal { row: "10", sentence: "100 rings of 21 nodes collected, times CPython",
        backends: TRACING, bound: Bound::AtMost(0.25), quantity: Quantity::OverBeside("rings-collected", Beside::CPython) },
    Goal { row: "10", sentence: "500000 edges traversed, times CPython",
        backends: TRACING, bound: Bound::AtMost(0.4), quantity: Quantity::OverBeside("edges-traversed", Beside::CPython) },
    Goal { row: "10", sentence: "death of 10000 rings, times CPython",
        backends: TRACING, bound: Bound::AtMost(0.3), quantity: Quantity::OverBeside("cyclic-death", Beside::CPython) },
    Goal { row: "10", sentence: "building four million objects with automatic collection, times without",
        backends: COLLECTING, bound: Bound::AtMost(1.3), quantity: Quantity::OverOther("build", "build-disabled") },
    Goal { row: "11", sentence: "memory that goes back when all objects but one in a thousand are freed, in percent",
        backends: COLLECTING, bound: Bound::AtLeast(90.0), quantity: Quantity::Value("pages-returned") },
    Goal { row: "12", sentence: "the write barrier in `gcbench`, in percent of the instructions",
        backends: COLLECTING, bound: Bound::AtMost(2.0), quantity: Quantity::BarrierPercent("gcbench") },
    Goal { row: "12", sentence: "the write barrier in `lru`, in percent of the instructions",
        backends: COLLECTING, bound: Bound::AtMost(2.0), quantity: Quantity::BarrierPercent("lru") },
    Goal { row: "12", sentence: "the write barrier in `graph`, in percent of the instructions",
        backends: COLLECTING, bound: Bound::AtMost(2.0), quantity: Quantity::BarrierPercent("graph") },
];

/// What the values of goals are computed from.
#[derive(Clone, Debug)]
pub struct Findings {
    /// CPU times.
    pub measured: Vec<Measured>,
    /// Instructions, or why there are none.
    pub counted: Result<Vec<Count>, String>,
}

/// Everything that [`GOALS`] need: [`work`] measured in as many rounds, and instructions counted.
///
/// `begins` is told before each process begins, and returns whether to go on.
#[must_use]
pub fn measure(
    launcher: &Launcher,
    rounds: usize,
    begins: impl FnMut(&'static Operation, Runner) -> bool,
) -> Findings {
    let measured = super::measure(launcher, &work(), rounds, begins);
    Findings { measured, counted: instructions::count(&Backend::COLLECTING) }
}

/// The measurements that [`GOALS`] need, each once.
///
/// # Panics
///
/// If a goal names an operation that is not in the table.
#[must_use]
pub fn work() -> Vec<(&'static Operation, Runner)> {
    let mut work = Vec::new();
    for goal in &GOALS {
        for &backend in goal.backends {
            for (name, runner) in goal.quantity.needs(backend) {
                let operation = Operation::find(name).expect("goals name operations of the table");
                if !work.contains(&(operation, runner)) {
                    work.push((operation, runner));
                }
            }
        }
    }
    work
}

impl Quantity {
    /// The measurements it is computed from: of two the first is divided by the second.
    fn needs(self, backend: Backend) -> Vec<(&'static str, Runner)> {
        let ours = Runner::Backend(backend);
        match self {
            Quantity::Value(name) => vec![(name, ours)],
            Quantity::OverBeside(name, beside) => {
                vec![(name, ours), (name, Runner::Beside(beside))]
            }
            Quantity::OverOther(name, other) => vec![(name, ours), (other, ours)],
            Quantity::Instructions(_) | Quantity::BarrierPercent(_) => Vec::new(),
        }
    }
}

impl Goal {
    /// The value on one of the goal's backends.
    ///
    /// # Errors
    ///
    /// If something it is computed from is not there; the error says why in a few words.
    pub fn value(&self, backend: Backend, findings: &Findings) -> Result<f64, String> {
        match self.quantity {
            Quantity::Instructions(name) => Ok(findings.count(name, backend)?.instructions),
            Quantity::BarrierPercent(name) => Ok(findings.count(name, backend)?.barrier_percent),
            _ => {
                let needs = self.quantity.needs(backend);
                let medians: Result<Vec<f64>, String> =
                    needs.into_iter().map(|(name, runner)| findings.median(name, runner)).collect();
                Ok(medians?.into_iter().reduce(|ours, theirs| ours / theirs).unwrap_or(f64::NAN))
            }
        }
    }
}

impl Findings {
    fn median(&self, name: &str, runner: Runner) -> Result<f64, String> {
        let measured = self.measured.iter();
        let mut found = measured
            .filter(|measured| measured.operation.name == name && measured.runner == runner);
        match found.next().map(|measured| &measured.answer) {
            Some(Answer::Measured { median, .. }) => Ok(*median),
            Some(Answer::Cannot(reason) | Answer::Failed(reason)) => {
                Err(format!("{runner}: {reason}"))
            }
            None => Err(format!("{name} on {runner} was not measured")),
        }
    }

    fn count(&self, name: &str, backend: Backend) -> Result<&Count, String> {
        let counted = self.counted.as_ref().map_err(Clone::clone)?;
        counted
            .iter()
            .find(|count| count.name == name && count.backend == backend)
            .ok_or_else(|| format!("{name} on {backend} was not counted"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Findings in which everything that the goals need is there, and takes as long as `ns` says.
    fn findings(ns: impl Fn(&str, Runner) -> f64) -> Findings {
        let measured = work().into_iter().map(|(operation, runner)| {
            let median = ns(operation.name, runner);
            let answer = Answer::Measured { median, least: median, most: median };
            Measured { operation, runner, answer }
        });
        let names = instructions::HOT_OPERATIONS
            .into_iter()
            .chain(instructions::WORKLOADS.into_iter().map(|(name, _)| name));
        let counted = names.flat_map(|name| {
            Backend::COLLECTING.map(|backend| Count {
                name,
                backend,
                instructions: 20.0,
                barrier_percent: 1.5,
            })
        });
        Findings { measured: measured.collect(), counted: Ok(counted.collect()) }
    }

    #[test]
    fn every_goal_has_a_value_on_each_of_its_backends() {
        let findings = findings(|_, _| 8.0);
        for goal in &GOALS {
            assert!(!goal.backends.is_empty(), "{}", goal.sentence);
            for &backend in goal.backends {
                let expected = match goal.quantity {
                    Quantity::Value(_) => 8.0,
                    Quantity::OverBeside(..) | Quantity::OverOther(..) => 1.0,
                    Quantity::Instructions(_) => 20.0,
                    Quantity::BarrierPercent(_) => 1.5,
                };
                assert_eq!(goal.value(backend, &findings), Ok(expected), "{}", goal.sentence);
            }
        }
    }

    #[test]
    fn nothing_that_a_goal_needs_is_refused_in_words() {
        for (operation, runner) in work() {
            assert_eq!(operation.refusal(runner), None, "{} on {runner}", operation.name);
        }
    }

    #[test]
    fn ours_is_divided_by_theirs() {
        let findings = findings(|name, runner| match (name, runner) {
            (_, Runner::Beside(_)) | ("chase-random", _) => 10.0,
            _ => 4.0,
        });
        let value = |sentence: &str| {
            let goal = GOALS.iter().find(|goal| goal.sentence.contains(sentence)).unwrap();
            goal.value(goal.backends[0], &findings)
        };
        assert_eq!(value("a mutate with one temporary, times `Rc`"), Ok(0.4));
        assert_eq!(value("times a pointer chase"), Ok(0.4));
    }

    #[test]
    fn what_is_missing_is_said_in_words() {
        let mut findings = findings(|_, _| 8.0);
        findings.counted = Err("valgrind cannot be started".to_owned());
        for measured in &mut findings.measured {
            if measured.runner == Runner::Beside(Beside::CPython) {
                measured.answer = Answer::Cannot("no python3".to_owned());
            }
        }
        let value = |row: &str| {
            let goal = GOALS.iter().find(|goal| goal.row == row).unwrap();
            goal.value(goal.backends[0], &findings)
        };
        assert_eq!(value("12"), Err("valgrind cannot be started".to_owned()));
        assert_eq!(value("8"), Err("CPython: no python3".to_owned()));
        assert_eq!(value("9"), Ok(1.0));
    }

    #[test]
    fn bounds_include_their_value() {
        assert!(Bound::AtMost(1.5).is_reached(1.5) && !Bound::AtMost(1.5).is_reached(1.51));
        assert!(Bound::AtLeast(90.0).is_reached(90.0) && !Bound::AtLeast(90.0).is_reached(89.9));
    }
}
