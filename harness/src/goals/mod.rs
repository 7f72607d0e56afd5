//! The project's goals: formulas over measurements, each with a bound for each backend.
//!
//! A file per group lists [`Goal`]s; [`all`] collects them. A formula asks a [`Source`] for
//! figures, and what it asks for is what is measured.

mod memory;
mod operations;
mod runtimes;
mod source;
mod speed;

use std::fmt;

use serde::Serialize;

pub use self::source::{Figures, Measurements, Missing, Plan, Run, Source, Twin};
use crate::backend::Backend;
use crate::measure::allocator;

/// What a goal is computed by.
type Formula = Box<dyn Fn(&mut dyn Source, Backend) -> Result<f64, Missing>>;

/// One line of the table of goals, for several backends.
pub struct Goal {
    /// The number of the goal.
    pub row: &'static str,
    /// What is computed.
    pub measure: String,
    /// The backends that the goal is for, and what each should reach.
    pub bounds: &'static [(Backend, Bound)],
    /// The allocator that the goal is about, if it matters.
    pub allocator: Option<&'static str>,
    formula: Formula,
}

impl Goal {
    fn new(
        row: &'static str,
        measure: impl Into<String>,
        bounds: &'static [(Backend, Bound)],
        formula: impl Fn(&mut dyn Source, Backend) -> Result<f64, Missing> + 'static,
    ) -> Self {
        Goal { row, measure: measure.into(), bounds, allocator: None, formula: Box::new(formula) }
    }

    /// The same goal, to be judged under mimalloc only.
    fn under_mimalloc(mut self) -> Self {
        self.allocator = Some("mimalloc");
        self
    }

    /// Asks a source for everything that the formula needs.
    pub fn ask(&self, source: &mut dyn Source) {
        for &(backend, _) in self.bounds {
            // A plan is asked for the sake of the questions.
            let _ = (self.formula)(source, backend);
        }
    }

    /// What was reached, backend by backend.
    pub fn judge(&self, source: &mut dyn Source) -> Vec<Judgment> {
        let judge = |&(backend, bound): &(Backend, Bound)| {
            let (value, remark) = match (self.formula)(source, backend) {
                Ok(value) => (Some(value), self.wrong_allocator()),
                Err(Missing(reason)) => (None, Some(reason)),
            };
            let is_reached = value.filter(|_| remark.is_none()).map(|value| bound.holds(value));
            Judgment {
                row: self.row,
                measure: self.measure.clone(),
                backend: backend.name(),
                bound,
                value,
                is_reached,
                remark,
            }
        };
        self.bounds.iter().map(judge).collect()
    }

    /// Why the build cannot judge the goal.
    fn wrong_allocator(&self) -> Option<String> {
        let wanted = self.allocator.filter(|&wanted| wanted != allocator())?;
        Some(format!("measured under {}, the goal is under {wanted}", allocator()))
    }
}

impl fmt::Debug for Goal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Goal")
            .field("row", &self.row)
            .field("measure", &self.measure)
            .field("bounds", &self.bounds)
            .field("allocator", &self.allocator)
            .finish_non_exhaustive()
    }
}

/// What a value should be.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bound {
    /// This or less.
    AtMost(f64),
    /// This or more.
    AtLeast(f64),
}

impl Bound {
    fn holds(self, value: f64) -> bool {
        match self {
            Bound::AtMost(bound) => value <= bound,
            Bound::AtLeast(bound) => value >= bound,
        }
    }
}

/// What one backend reached of a goal.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Judgment {
    /// The number of the goal.
    pub row: &'static str,
    /// What was computed.
    pub measure: String,
    /// The name of the backend.
    pub backend: &'static str,
    /// What it should reach.
    pub bound: Bound,
    /// What it reached; null if something was not measured.
    pub value: Option<f64>,
    /// Whether that is enough; null if it cannot be told.
    pub is_reached: Option<bool>,
    /// Why there is no value or no judgment.
    pub remark: Option<String>,
}

/// Every goal, in the order of the report.
#[must_use]
pub fn all() -> Vec<Goal> {
    let mut goals = Vec::new();
    goals.extend(speed::goals());
    goals.extend(runtimes::goals());
    goals.extend(memory::goals());
    goals.extend(operations::goals());
    goals.sort_by_key(|goal| place(goal.row));
    goals
}

/// Where a row stands: by its number, then by its letter.
fn place(row: &str) -> (u32, &str) {
    let digits = row.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(row.len());
    let (number, letter) = row.split_at(digits);
    (number.parse().unwrap_or(u32::MAX), letter)
}

/// The figure of a run that must be there.
fn needed(figure: Option<f64>, what: &str) -> Result<f64, Missing> {
    figure.ok_or_else(|| Missing(format!("no {what} measured")))
}

/// CPU time of a run.
fn cpu_ns(source: &mut dyn Source, run: Run) -> Result<f64, Missing> {
    needed(source.run(run)?.cpu_ns, "CPU time")
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: &[(Backend, Bound)] =
        &[(Backend::Refcount, Bound::AtMost(1.0)), (Backend::Generational, Bound::AtLeast(1.0))];

    fn judge(goal: &Goal) -> Vec<Option<bool>> {
        let judgments = goal.judge(&mut Measurements::default());
        judgments.iter().map(|judgment| judgment.is_reached).collect()
    }

    #[test]
    fn a_bound_is_a_limit_from_above_or_from_below() {
        assert_eq!(judge(&Goal::new("1", "", BOTH, |_, _| Ok(0.5))), [Some(true), Some(false)]);
        assert_eq!(judge(&Goal::new("1", "", BOTH, |_, _| Ok(1.0))), [Some(true), Some(true)]);
        assert_eq!(judge(&Goal::new("1", "", BOTH, |_, _| Ok(1.5))), [Some(false), Some(true)]);
    }

    #[test]
    fn a_missing_figure_is_told_and_not_judged() {
        let goal = Goal::new("1", "", BOTH, |_, _| Err(Missing("java not found".to_owned())));
        assert_eq!(judge(&goal), [None, None]);
        let judgments = goal.judge(&mut Measurements::default());
        assert_eq!(judgments[0].remark.as_deref(), Some("java not found"));
    }

    #[test]
    fn a_goal_under_mimalloc_is_judged_under_mimalloc() {
        let goal = Goal::new("1", "", BOTH, |_, _| Ok(0.5)).under_mimalloc();
        let is_judged = judge(&goal)[0].is_some();
        assert_eq!(is_judged, cfg!(feature = "mimalloc"));
    }

    #[test]
    fn rows_are_in_the_order_of_their_numbers() {
        let rows: Vec<_> = all().iter().map(|goal| place(goal.row)).collect();
        assert!(rows.is_sorted(), "{rows:?}");
        assert!(place("2b") > place("2") && place("2b") < place("10"));
    }

    #[test]
    fn every_goal_asks_for_something() {
        for goal in all() {
            let mut plan = Plan::default();
            goal.ask(&mut plan);
            let questions = [plan.runs.len(), plan.operations.len(), plan.counts.len()];
            assert!(questions.iter().any(|&count| count > 0), "{} {}", goal.row, goal.measure);
        }
    }
}
