//! Where goals get their figures from.
//!
//! A goal is a formula over figures that it asks a [`Source`] for. The formulas are evaluated twice:
//! first over a [`Plan`], which answers everything with ones and writes down what it was asked, and
//! then over the [`Measurements`] that were made according to it. So what is measured is what is
//! asked for, and no list of needs can fall behind the formulas. That rests on a formula asking for
//! the same figures whatever the answers are.

use std::str::FromStr;

use crate::measure::{Contender, Measurement, Outcome, Series, Spread};
use crate::peers::{Kind, Peer};
use crate::report;
use crate::runtimes::Runtime;

/// Why there is no figure, in a few words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing(pub String);

/// A workload on a contender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// The name of the workload.
    pub workload: &'static str,
    /// The scale, if it is not the workload's default.
    pub scale: Option<usize>,
    /// The name of the contender, which this build may not have.
    pub contender: &'static str,
}

impl Run {
    /// A workload at its default scale.
    #[must_use]
    pub fn of(workload: &'static str, contender: &'static str) -> Self {
        Run { workload, scale: None, contender }
    }

    /// The same at another scale.
    #[must_use]
    pub fn scale(self, scale: usize) -> Self {
        Run { scale: Some(scale), ..self }
    }
}

/// The medians of what was measured of one run; `None` for what was not.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Figures {
    /// User and system time of the process.
    pub cpu_ns: Option<f64>,
    /// Elapsed time of the workload.
    pub wall_ns: Option<f64>,
    /// The most memory that the process had resident.
    pub peak_rss_bytes: Option<f64>,
    /// The most that was alive after a collection.
    pub live_bytes_max: Option<f64>,
    /// Objects that were made.
    pub allocated_objects: Option<f64>,
    /// CPU time of the workload's loop.
    pub loop_cpu_ns: Option<f64>,
    /// Objects that the loop made.
    pub loop_objects: Option<f64>,
}

impl Figures {
    /// What a plan answers.
    const ONES: Figures = Figures {
        cpu_ns: Some(1.0),
        wall_ns: Some(1.0),
        peak_rss_bytes: Some(1.0),
        live_bytes_max: Some(1.0),
        allocated_objects: Some(1.0),
        loop_cpu_ns: Some(1.0),
        loop_objects: Some(1.0),
    };

    fn of(outcomes: &[Outcome]) -> Result<Figures, Missing> {
        if let Some(trouble) = outcomes.iter().find(|outcome| outcome.measurement().is_none()) {
            return Err(Missing(format!("{}: {}", trouble.backend(), report::word(trouble))));
        }
        let median = |figure: fn(&Measurement) -> Option<u64>| {
            let values = outcomes.iter().filter_map(Outcome::measurement).filter_map(figure);
            Spread::of(values).map(|spread| spread.median as f64)
        };
        Ok(Figures {
            cpu_ns: median(|measured| Some(measured.cpu_ns)),
            wall_ns: median(|measured| Some(measured.wall_ns)),
            peak_rss_bytes: median(|measured| measured.peak_rss_bytes),
            live_bytes_max: median(|measured| measured.live_bytes_max),
            allocated_objects: median(|measured| measured.allocated_objects),
            loop_cpu_ns: median(|measured| measured.loop_cpu_ns),
            loop_objects: median(|measured| measured.loop_objects),
        })
    }
}

/// Answers what goals ask for.
pub trait Source {
    /// A workload on a contender.
    ///
    /// # Errors
    ///
    /// If it was not measured.
    fn run(&mut self, run: Run) -> Result<Figures, Missing>;

    /// A workload's twin on another language's runtime.
    ///
    /// # Errors
    ///
    /// If it was not measured.
    fn twin(&mut self, runtime: Runtime, workload: &'static str) -> Result<Figures, Missing>;
}

/// The collectors that are not ours.
pub(super) fn rivals() -> impl Iterator<Item = Peer> {
    Peer::all().iter().copied().filter(|peer| peer.kind() == Kind::Collector)
}

/// What goals ask for.
#[derive(Debug, Default)]
pub struct Plan {
    /// The runs of workloads that this build can do, each once.
    pub runs: Vec<(Run, Contender)>,
    /// The programs on other runtimes, each once.
    pub twins: Vec<(Runtime, &'static str)>,
}

impl Source for Plan {
    fn run(&mut self, run: Run) -> Result<Figures, Missing> {
        if let Ok(contender) = Contender::from_str(run.contender)
            && !self.runs.contains(&(run, contender))
        {
            self.runs.push((run, contender));
        }
        Ok(Figures::ONES)
    }

    fn twin(&mut self, runtime: Runtime, workload: &'static str) -> Result<Figures, Missing> {
        if !self.twins.contains(&(runtime, workload)) {
            self.twins.push((runtime, workload));
        }
        Ok(Figures::ONES)
    }
}

/// What was measured according to a [`Plan`].
#[derive(Debug, Default)]
pub struct Measurements {
    /// The runs of workloads.
    pub runs: Vec<(Run, Series)>,
    /// The programs on other runtimes.
    pub twins: Vec<Twin>,
}

/// A workload's twin on another language's runtime.
#[derive(Debug)]
pub struct Twin {
    /// The runtime.
    pub runtime: Runtime,
    /// The name of the workload.
    pub workload: &'static str,
    /// What was measured, or why there is nothing.
    pub outcomes: Result<Vec<Outcome>, String>,
}

impl Source for Measurements {
    fn run(&mut self, run: Run) -> Result<Figures, Missing> {
        match self.runs.iter().find(|(known, _)| *known == run) {
            Some((_, series)) => Figures::of(&series.outcomes),
            None if !cfg!(feature = "peers") => Err(Missing("needs --features peers".to_owned())),
            None => Err(Missing(format!("there is no {}", run.contender))),
        }
    }

    fn twin(&mut self, runtime: Runtime, workload: &'static str) -> Result<Figures, Missing> {
        let measured =
            self.twins.iter().find(|twin| (twin.runtime, twin.workload) == (runtime, workload));
        match measured.map(|twin| &twin.outcomes) {
            Some(Ok(outcomes)) => Figures::of(outcomes),
            Some(Err(reason)) => Err(Missing(reason.clone())),
            None => Err(Missing("not measured".to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_lists_each_question_once() {
        let mut plan = Plan::default();
        for _ in 0..2 {
            assert_eq!(plan.run(Run::of("list", "refcount")), Ok(Figures::ONES));
            assert_eq!(plan.run(Run::of("list", "refcount").scale(7)), Ok(Figures::ONES));
            assert_eq!(plan.run(Run::of("list", "peer:nobody")), Ok(Figures::ONES));
            assert_eq!(plan.twin(Runtime::Java, "gcbench"), Ok(Figures::ONES));
        }
        let scales: Vec<_> = plan.runs.iter().map(|(run, _)| run.scale).collect();
        assert_eq!(scales, [None, Some(7)]);
        assert_eq!(plan.twins.len(), 1);
    }

    #[test]
    fn what_was_not_measured_is_missing_with_a_reason() {
        let mut nothing = Measurements::default();
        let Err(Missing(reason)) = nothing.run(Run::of("list", "peer:nobody")) else {
            panic!("nobody was measured");
        };
        let expected = if cfg!(feature = "peers") {
            "there is no peer:nobody"
        } else {
            "needs --features peers"
        };
        assert_eq!(reason, expected);
        nothing.twins.push(Twin {
            runtime: Runtime::Java,
            workload: "gcbench",
            outcomes: Err("javac not found".to_owned()),
        });
        let missing = Err(Missing("javac not found".to_owned()));
        assert_eq!(nothing.twin(Runtime::Java, "gcbench"), missing);
    }
}
