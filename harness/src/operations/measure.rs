//! What operations take, each measurement in a process of its own.

use serde::{Deserialize, Serialize};

use super::{Operation, Runner, Unit};
use crate::measure::{Cause, Launcher, Setting};

/// The hidden subcommand that does an operation in its own process.
pub(crate) const SUBCOMMAND: &str = "operate-here";

/// How much of an operation a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amount {
    /// What the table says.
    Full,
    /// What takes no time to speak of: for tests of the harness itself.
    Tiny,
}

impl Amount {
    pub(crate) fn new(is_tiny: bool) -> Amount {
        if is_tiny { Amount::Tiny } else { Amount::Full }
    }

    /// The objects and the repetitions of an operation.
    ///
    /// The fewest objects are those of a few rings; more than a few batches are enough for
    /// everything.
    #[must_use]
    pub fn of(self, operation: &Operation) -> (usize, u64) {
        match self {
            Amount::Full => (operation.objects, operation.repetitions),
            Amount::Tiny => (operation.objects.min(4096), 2),
        }
    }
}

/// What one process says: one line of JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reading {
    /// The answer in the operation's unit.
    Value(f64),
    /// Why there is none, in a few words.
    Word(String),
}

/// What all processes said about an operation on one runner.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// The median, and the range it is from.
    Measured {
        /// The median.
        median: f64,
        /// The least.
        least: f64,
        /// The most.
        most: f64,
    },
    /// It was not done. Why, in a few words.
    Cannot(String),
    /// A process failed. How, in a few words.
    Failed(String),
}

/// An operation on one runner.
#[derive(Clone, Debug)]
pub struct Measured {
    /// The operation.
    pub operation: &'static Operation,
    /// Who did it.
    pub runner: Runner,
    /// The answer, in the operation's unit.
    pub answer: Answer,
}

impl Measured {
    /// The median, if it was measured.
    #[must_use]
    pub fn median(&self) -> Option<f64> {
        match self.answer {
            Answer::Measured { median, .. } => Some(median),
            Answer::Cannot(_) | Answer::Failed(_) => None,
        }
    }
}

/// Does an operation in this thread.
///
/// The time is that of the whole process, so it means something only if it does nothing else.
#[must_use]
pub fn measure_here(operation: &Operation, runner: Runner, amount: Amount) -> Reading {
    let (objects, repetitions) = amount.of(operation);
    match operation.run(runner, objects, repetitions) {
        Ok((value, _)) => Reading::Value(value),
        Err(reason) => Reading::Word(reason),
    }
}

/// Measures all of `work`, as many rounds: everything once in each, in this order, so that what
/// disturbs the machine for a while disturbs all alike.
///
/// `begins` is told before each process begins.
#[must_use]
pub fn measure(
    launcher: &Launcher,
    work: &[(&'static Operation, Runner)],
    amount: Amount,
    rounds: usize,
    mut begins: impl FnMut(&'static Operation, Runner),
) -> Vec<Measured> {
    let mut readings: Vec<Vec<Result<Reading, String>>> = vec![Vec::new(); work.len()];
    for _ in 0..rounds {
        for (readings, &(operation, runner)) in readings.iter_mut().zip(work) {
            // Who could not, or failed, in the first round is not asked again.
            if readings.iter().any(|reading| !matches!(reading, Ok(Reading::Value(_)))) {
                continue;
            }
            begins(operation, runner);
            readings.push(match operation.refusal(runner) {
                Some(reason) => Ok(Reading::Word(reason.to_owned())),
                None => read(launcher, operation, runner, amount),
            });
        }
    }
    work.iter()
        .zip(readings)
        .map(|(&(operation, runner), readings)| Measured {
            operation,
            runner,
            answer: sum_up(operation.unit, readings),
        })
        .collect()
}

/// Does an operation in a process of its own.
fn read(
    launcher: &Launcher,
    operation: &Operation,
    runner: Runner,
    amount: Amount,
) -> Result<Reading, String> {
    let mut arguments = vec![
        SUBCOMMAND.to_owned(),
        format!("--operation={}", operation.name),
        format!("--runner={runner}"),
    ];
    arguments.extend((amount == Amount::Tiny).then(|| "--tiny".to_owned()));
    // What goes back to the system is counted in pages.
    let setting = Setting { small_pages: operation.unit == Unit::Percent, ..Setting::default() };
    let launcher = launcher.clone().setting(setting);
    let finished =
        launcher.run(&arguments).map_err(|error| format!("could not be started: {error}"))?;
    if let Cause::TimeLimit(seconds) = finished.cause() {
        return Ok(Reading::Word(format!("over {seconds} s")));
    }
    if !finished.status.success() {
        return Err(finished.complaint());
    }
    serde_json::from_str(&finished.output)
        .map_err(|error| format!("did not answer with a reading: {error}"))
}

fn sum_up(unit: Unit, readings: Vec<Result<Reading, String>>) -> Answer {
    let mut values = Vec::new();
    for reading in readings {
        match reading {
            Ok(Reading::Value(value)) => values.push(value),
            Ok(Reading::Word(reason)) => return Answer::Cannot(reason),
            Err(error) => return Answer::Failed(error),
        }
    }
    values.sort_by(f64::total_cmp);
    match *values {
        [] => Answer::Failed("was not done".to_owned()),
        [least, .., most] | [least @ most] => {
            // Of an even number the middle one that is worse.
            let middle = match unit {
                Unit::Nanoseconds => values.len() / 2,
                Unit::Percent | Unit::Times => (values.len() - 1) / 2,
            };
            Answer::Measured { median: values[middle], least, most }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_one_or_the_worse_of_two() {
        let median = |unit, values: &[f64]| {
            let readings = values.iter().map(|&value| Ok(Reading::Value(value))).collect();
            match sum_up(unit, readings) {
                Answer::Measured { median, least, most } => (median, least, most),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(median(Unit::Nanoseconds, &[3.0, 1.0, 9.0]), (3.0, 1.0, 9.0));
        assert_eq!(median(Unit::Nanoseconds, &[2.0, 1.0]), (2.0, 1.0, 2.0));
        assert_eq!(median(Unit::Percent, &[90.0, 80.0]), (80.0, 80.0, 90.0));
    }

    #[test]
    fn one_failure_is_told_rather_than_a_median_of_the_rest() {
        let readings = vec![Ok(Reading::Value(1.0)), Err("ended with 1".to_owned())];
        let answer = sum_up(Unit::Nanoseconds, readings);
        assert_eq!(answer, Answer::Failed("ended with 1".to_owned()));
        let readings = vec![Ok(Reading::Word("leaks cycles".to_owned()))];
        assert_eq!(sum_up(Unit::Nanoseconds, readings), Answer::Cannot("leaks cycles".to_owned()));
    }
}
