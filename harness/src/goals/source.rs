//! Where goals get their figures from.
//!
//! A goal is a formula over figures that it asks a [`Source`] for. The formulas are evaluated twice:
//! first over a [`Plan`], which answers everything with ones and writes down what it was asked, and
//! then over the [`Measurements`] that were made according to it. So what is measured is what is
//! asked for, and no list of needs can fall behind the formulas. That rests on a formula asking for
//! the same figures whatever the answers are.

use std::str::FromStr;

use crate::backend::Backend;
use crate::measure::{Contender, Measurement, Outcome, Series, Spread};
use crate::operations::instructions::Count;
use crate::operations::{Answer, Measured, Runner};
use crate::peers::{Kind, Peer};
use crate::report;
use crate::runtimes::Runtime;

/// Why there is no figure, in a few words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing(pub String);

impl Missing {
    fn not_measured() -> Self {
        Missing("not measured".to_owned())
    }
}

/// A workload on a contender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// The name of the workload.
    pub workload: &'static str,
    /// The scale, if it is not the workload's default.
    pub scale: Option<usize>,
    /// The name of the contender, which this build may not have.
    pub contender: &'static str,
    /// Without huge pages: for goals about memory.
    pub small_pages: bool,
}

impl Run {
    /// A workload at its default scale.
    #[must_use]
    pub fn of(workload: &'static str, contender: &'static str) -> Self {
        Run { workload, scale: None, contender, small_pages: false }
    }

    /// The same without huge pages, which round up what is resident.
    #[must_use]
    pub fn small_pages(self) -> Self {
        Run { small_pages: true, ..self }
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

/// Answers what goals ask for. What a source does not know was not measured.
pub trait Source {
    /// A workload on a contender.
    ///
    /// # Errors
    ///
    /// If it was not measured.
    fn run(&mut self, _: Run) -> Result<Figures, Missing> {
        Err(Missing::not_measured())
    }

    /// A workload's twin on another language's runtime.
    ///
    /// # Errors
    ///
    /// If it was not measured.
    fn twin(&mut self, _: Runtime, _workload: &'static str) -> Result<Figures, Missing> {
        Err(Missing::not_measured())
    }

    /// The median of a named operation, in its unit.
    ///
    /// # Errors
    ///
    /// If it was not measured.
    fn operation(&mut self, _name: &'static str, _: Runner) -> Result<f64, Missing> {
        Err(Missing::not_measured())
    }

    /// The instructions of a named operation or workload, and the write barrier's share of them.
    ///
    /// # Errors
    ///
    /// If they were not counted.
    fn count(&mut self, _name: &'static str, _: Backend) -> Result<Count, Missing> {
        Err(Missing::not_measured())
    }
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
    /// The names of operations and who does them, each once.
    pub operations: Vec<(&'static str, Runner)>,
    /// The names of what is counted, and where, each once.
    pub counts: Vec<(&'static str, Backend)>,
}

impl Plan {
    /// The backends on which something is counted.
    #[must_use]
    pub fn counted_backends(&self) -> Vec<Backend> {
        let is_counted =
            |wanted: &Backend| self.counts.iter().any(|(_, backend)| backend == wanted);
        Backend::ALL.into_iter().filter(is_counted).collect()
    }
}

/// Adds what is not there.
fn note<T: PartialEq>(questions: &mut Vec<T>, question: T) {
    if !questions.contains(&question) {
        questions.push(question);
    }
}

impl Source for Plan {
    fn run(&mut self, run: Run) -> Result<Figures, Missing> {
        if let Ok(contender) = Contender::from_str(run.contender) {
            note(&mut self.runs, (run, contender));
        }
        Ok(Figures::ONES)
    }

    fn twin(&mut self, runtime: Runtime, workload: &'static str) -> Result<Figures, Missing> {
        note(&mut self.twins, (runtime, workload));
        Ok(Figures::ONES)
    }

    fn operation(&mut self, name: &'static str, runner: Runner) -> Result<f64, Missing> {
        note(&mut self.operations, (name, runner));
        Ok(1.0)
    }

    fn count(&mut self, name: &'static str, backend: Backend) -> Result<Count, Missing> {
        note(&mut self.counts, (name, backend));
        Ok(Count { name, backend, instructions: 1.0, barrier_percent: 1.0 })
    }
}

/// What was measured according to a [`Plan`].
#[derive(Debug)]
pub struct Measurements {
    /// The runs of workloads.
    pub runs: Vec<(Run, Series)>,
    /// The programs on other runtimes.
    pub twins: Vec<Twin>,
    /// The operations.
    pub operations: Vec<Measured>,
    /// What was counted, or why nothing was.
    pub counts: Result<Vec<Count>, String>,
}

/// Nothing was measured.
impl Default for Measurements {
    fn default() -> Self {
        let (runs, twins, operations) = (Vec::new(), Vec::new(), Vec::new());
        Measurements { runs, twins, operations, counts: Ok(Vec::new()) }
    }
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
            None => Err(Missing::not_measured()),
        }
    }

    fn operation(&mut self, name: &'static str, runner: Runner) -> Result<f64, Missing> {
        let mut all = self.operations.iter();
        let measured = all
            .find(|measured| measured.operation.name == name && measured.runner == runner)
            .ok_or_else(Missing::not_measured)?;
        match &measured.answer {
            Answer::Measured { median, .. } => Ok(*median),
            Answer::Cannot(reason) | Answer::Failed(reason) => {
                Err(Missing(format!("{runner}: {reason}")))
            }
        }
    }

    fn count(&mut self, name: &'static str, backend: Backend) -> Result<Count, Missing> {
        let counts = self.counts.as_ref().map_err(|reason| Missing(reason.clone()))?;
        let mut all = counts.iter();
        all.find(|count| count.name == name && count.backend == backend)
            .copied()
            .ok_or_else(Missing::not_measured)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::{Beside, Operation};

    #[test]
    fn a_plan_lists_each_question_once() {
        let mut plan = Plan::default();
        for _ in 0..2 {
            assert_eq!(plan.run(Run::of("list", "refcount")), Ok(Figures::ONES));
            assert_eq!(plan.run(Run::of("list", "refcount").scale(7)), Ok(Figures::ONES));
            assert_eq!(plan.run(Run::of("list", "peer:nobody")), Ok(Figures::ONES));
            assert_eq!(plan.twin(Runtime::Java, "gcbench"), Ok(Figures::ONES));
            assert_eq!(plan.operation("build", Runner::Beside(Beside::Rc)), Ok(1.0));
            for name in ["lru", "graph"] {
                assert!(plan.count(name, Backend::MarkSweep).is_ok());
            }
        }
        let scales: Vec<_> = plan.runs.iter().map(|(run, _)| run.scale).collect();
        assert_eq!(scales, [None, Some(7)]);
        assert_eq!(plan.twins.len(), 1);
        assert_eq!(plan.operations, [("build", Runner::Beside(Beside::Rc))]);
        assert_eq!(plan.counts.len(), 2);
        assert_eq!(plan.counted_backends(), [Backend::MarkSweep]);
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

    #[test]
    fn what_an_operation_lacks_is_said_in_words() {
        let mut measured = Measurements::default();
        let python = Runner::Beside(Beside::CPython);
        let operation = Operation::find("mark-sequential").unwrap();
        let answer = Answer::Cannot("no python3".to_owned());
        measured.operations.push(Measured { operation, runner: python, answer });
        let missing = |reason: &str| Missing(reason.to_owned());
        assert_eq!(measured.operation(operation.name, python), Err(missing("CPython: no python3")));
        let ours = Runner::Backend(Backend::MarkSweep);
        assert_eq!(measured.operation(operation.name, ours), Err(missing("not measured")));
        let answer = Answer::Measured { median: 2.0, least: 1.0, most: 3.0 };
        measured.operations.push(Measured { operation, runner: ours, answer });
        assert_eq!(measured.operation(operation.name, ours), Ok(2.0));
    }

    #[test]
    fn without_counts_each_question_for_one_is_told_why() {
        let mut measured = Measurements::default();
        let [count, other] = [Backend::MarkSweep, Backend::Refcount].map(|backend| Count {
            name: "lru",
            backend,
            instructions: 100.0,
            barrier_percent: 2.0,
        });
        measured.counts = Ok(vec![other, count]);
        assert_eq!(measured.count("lru", Backend::MarkSweep), Ok(count));
        assert!(measured.count("graph", Backend::MarkSweep).is_err());
        measured.counts = Err("no valgrind".to_owned());
        let missing = Missing("no valgrind".to_owned());
        assert_eq!(measured.count("lru", Backend::MarkSweep), Err(missing));
    }
}
