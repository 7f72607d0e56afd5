//! Do all contenders give the same answer?

use std::collections::BTreeMap;
use std::fmt;

use crate::measure::Outcome;

/// A workload that was answered differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disagreement {
    /// The name of the workload.
    pub workload: String,
    /// The scale of the runs.
    pub scale: usize,
    /// The answers, and who gave each.
    pub answers: BTreeMap<String, Vec<String>>,
}

impl fmt::Display for Disagreement {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} at scale {}:", self.workload, self.scale)?;
        for (place, (checksum, backends)) in self.answers.iter().enumerate() {
            let separator = if place == 0 { "" } else { "," };
            write!(formatter, "{separator} {} answered {checksum}", backends.join(" and "))?;
        }
        Ok(())
    }
}

/// The workloads on which the measured contenders disagree, of those that ran at the same scale
/// with the same seed.
#[must_use]
pub fn disagreements(outcomes: &[Outcome]) -> Vec<Disagreement> {
    let mut runs: BTreeMap<_, BTreeMap<String, Vec<String>>> = BTreeMap::new();
    for measurement in outcomes.iter().filter_map(Outcome::measurement) {
        let run = (measurement.workload.clone(), measurement.scale, measurement.seed);
        let answers = runs.entry(run).or_default();
        let backends = answers.entry(measurement.checksum.clone()).or_default();
        // One that ran several times is named once.
        if !backends.contains(&measurement.backend) {
            backends.push(measurement.backend.clone());
        }
    }
    runs.into_iter()
        .filter(|(_, answers)| answers.len() > 1)
        .map(|((workload, scale, _), answers)| Disagreement { workload, scale, answers })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{Cause, Failure, Measurement};

    fn measured(workload: &str, backend: &str, checksum: &str) -> Outcome {
        Outcome::Measured(Measurement {
            workload: workload.to_owned(),
            backend: backend.to_owned(),
            scale: 4,
            seed: 0,
            checksum: checksum.to_owned(),
            ..Measurement::default()
        })
    }

    #[test]
    fn equal_answers_are_no_disagreement() {
        let outcomes = [
            measured("churn", "null", "1"),
            measured("churn", "refcount", "1"),
            measured("lru", "null", "2"),
            Outcome::Failed(Failure {
                workload: "lru".to_owned(),
                backend: "refcount".to_owned(),
                scale: 4,
                seed: 0,
                cause: Cause::Other,
                error: String::new(),
            }),
        ];
        assert_eq!(disagreements(&outcomes), []);
    }

    #[test]
    fn a_disagreement_names_who_answered_what() {
        let outcomes = [
            measured("churn", "null", "1"),
            measured("churn", "refcount", "2"),
            measured("churn", "marksweep", "1"),
        ];
        let [disagreement] = &disagreements(&outcomes)[..] else {
            panic!("one workload disagrees")
        };
        let text = disagreement.to_string();
        assert_eq!(text, "churn at scale 4: null and marksweep answered 1, refcount answered 2");
    }
}
