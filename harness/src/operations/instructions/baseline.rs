//! What the instructions were before: a file of the repository, and how it differs from now.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::Count;

/// Counts may grow by this before it is an error, in percent: another machine's C library may
/// choose other variants of its functions.
const TOLERANCE_PERCENT: f64 = 3.0;

/// Counts of an earlier build.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// The compiler that made the build: another one makes other instructions.
    pub compiler: String,
    /// By the name of what was counted, and by backend: instructions for one operation, or of the
    /// whole workload.
    pub instructions: BTreeMap<String, BTreeMap<String, f64>>,
}

/// How a count differs from the baseline.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// What was counted, and on which backend.
    pub place: (String, String),
    /// What it was; `None` if it is new.
    pub before: Option<f64>,
    /// What it is; `None` if it is not counted any more.
    pub now: Option<f64>,
}

impl Baseline {
    /// The baseline that these counts are.
    #[must_use]
    pub fn new(compiler: &str, counts: &[Count]) -> Baseline {
        let mut instructions = BTreeMap::<String, BTreeMap<String, f64>>::new();
        for count in counts {
            let of_name = instructions.entry(count.name.to_owned()).or_default();
            // Hundredths are exact enough, and do not change with every commit.
            let rounded = (count.instructions * 100.0).round() / 100.0;
            of_name.insert(count.backend.name().to_owned(), rounded);
        }
        Baseline { compiler: compiler.to_owned(), instructions }
    }

    /// Where `now` differs by more than the tolerance.
    #[must_use]
    pub fn differences(&self, now: &Baseline) -> Vec<Difference> {
        let places = |baseline: &Baseline| {
            let of_name = baseline.instructions.iter();
            of_name
                .flat_map(|(name, counts)| {
                    counts.keys().map(|backend| (name.clone(), backend.clone()))
                })
                .collect::<Vec<_>>()
        };
        let mut all = places(self);
        all.extend(places(now));
        all.sort();
        all.dedup();
        all.into_iter()
            .map(|place| Difference { before: self.at(&place), now: now.at(&place), place })
            .filter(|difference| {
                difference.percent().is_none_or(|percent| percent.abs() > TOLERANCE_PERCENT)
            })
            .collect()
    }

    fn at(&self, (name, backend): &(String, String)) -> Option<f64> {
        self.instructions.get(name)?.get(backend).copied()
    }
}

impl Difference {
    /// By how much it grew, in percent; `None` if there are not two to compare.
    #[must_use]
    pub fn percent(&self) -> Option<f64> {
        Some(100.0 * (self.now? / self.before? - 1.0))
    }

    /// Whether it is fewer instructions than before: good, and nothing that must be looked at.
    #[must_use]
    pub fn is_improvement(&self) -> bool {
        self.percent().is_some_and(|percent| percent < 0.0)
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, backend) = &self.place;
        write!(formatter, "{name} on {backend}: ")?;
        match (self.before, self.now) {
            (Some(before), Some(now)) => write!(
                formatter,
                "{before} instructions before, {now} now ({:+.1} %)",
                self.percent().unwrap_or_default()
            ),
            (None, Some(now)) => write!(formatter, "not in the baseline, {now} instructions now"),
            (before, None) => {
                write!(formatter, "{} instructions before", before.unwrap_or_default())?;
                write!(formatter, ", not counted any more")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::Backend;

    fn baseline(counts: &[(&'static str, f64)]) -> Baseline {
        let counts: Vec<_> = counts
            .iter()
            .map(|&(name, instructions)| Count {
                name,
                backend: Backend::Refcount,
                instructions,
                barrier_percent: 0.0,
            })
            .collect();
        Baseline::new("rustc", &counts)
    }

    #[test]
    fn growth_beyond_the_tolerance_is_told_and_less_is_not() {
        let before = baseline(&[("stash", 100.0), ("mutate", 100.0), ("upgrade", 100.0)]);
        let now = baseline(&[("stash", 102.9), ("mutate", 103.1), ("upgrade", 90.0)]);
        let differences = before.differences(&now);
        let told: Vec<_> = differences.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "mutate on refcount: 100 instructions before, 103.1 now (+3.1 %)",
                "upgrade on refcount: 100 instructions before, 90 now (-10.0 %)",
            ]
        );
        let improvements: Vec<_> = differences.iter().map(Difference::is_improvement).collect();
        assert_eq!(improvements, [false, true]);
    }

    #[test]
    fn what_is_new_or_gone_is_told_and_is_no_improvement() {
        let differences = baseline(&[("stash", 100.0)]).differences(&baseline(&[("clone", 7.0)]));
        let told: Vec<_> = differences.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "clone on refcount: not in the baseline, 7 instructions now",
                "stash on refcount: 100 instructions before, not counted any more",
            ]
        );
        assert!(!differences.iter().any(Difference::is_improvement));
    }
}
