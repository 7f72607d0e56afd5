//! Observing in a process of its own.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use clap::ValueEnum;

use super::{AllocationObserver, CollectorObserver, HeapObserver, Observation, Seen};
use crate::measure::{Contender, Instruments, Launcher, Order};

/// The hidden subcommand that observes in its own process.
pub(crate) const SUBCOMMAND: &str = "observe-here";

/// How often the heap is looked into during a run, about.
const LOOKS: u32 = 64;

/// What a run is observed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Question {
    /// What the collector does, and when.
    Collector,
    /// What is in the heap, over time.
    Heap,
    /// Who allocates what.
    Allocations,
}

impl Question {
    /// The name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Question::Collector => "collector",
            Question::Heap => "heap",
            Question::Allocations => "allocations",
        }
    }
}

/// Runs a workload in a new process that is observed, and waits for it.
///
/// `expected` is how long it takes when it is not observed. `None` if the workload shows its arenas to
/// nobody.
///
/// # Errors
///
/// If the contender cannot be observed, or the process does not end well; the error says why.
pub fn observe(
    launcher: &Launcher,
    order: &Order,
    question: Question,
    expected: Duration,
) -> Result<Option<Observation>, String> {
    let arguments = [
        SUBCOMMAND.to_owned(),
        format!("--workload={}", order.workload.name),
        format!("--backend={}", order.contender),
        format!("--scale={}", order.parameters.scale),
        format!("--seed={}", order.parameters.seed),
        format!("--question={}", question.name()),
        format!("--expected-ns={}", expected.as_nanos()),
    ];
    let finished =
        launcher.run(&arguments).map_err(|error| format!("could not be started: {error}"))?;
    if !finished.status.success() {
        return Err(finished.complaint());
    }
    serde_json::from_str(&finished.output)
        .map_err(|error| format!("did not answer with an observation: {error}"))
}

/// Runs a workload in this thread and observes it. `None` if it shows its arenas to nobody.
///
/// # Errors
///
/// If the contender is none of our collectors.
pub fn observe_here(
    order: &Order,
    question: Question,
    expected: Duration,
) -> Result<Option<Observation>, String> {
    let (Contender::Backend(backend) | Contender::Epochs(backend)) = order.contender else {
        return Err("only our own collectors can be observed".to_owned());
    };
    let instruments =
        Instruments::silent().prompt(!matches!(order.contender, Contender::Epochs(_)));
    let run = |mut instruments: Instruments| {
        order.workload.run(backend, &order.parameters, &mut instruments)
    };
    let start = Instant::now();
    let (checksum, run, seen) = match question {
        Question::Collector => {
            let observer = Rc::new(RefCell::new(CollectorObserver::default()));
            let checksum = run(instruments.observer(Rc::clone(&observer)));
            let record = observer.borrow().record();
            let Some((run, record)) = record else { return Ok(None) };
            (checksum, run, Seen::Collector(record))
        }
        Question::Heap => {
            let observer = Rc::new(RefCell::new(HeapObserver::new(expected / LOOKS)));
            let checksum = run(instruments.observer(Rc::clone(&observer)));
            let (run, record) = observer.borrow().record();
            if record.slices.is_empty() {
                return Ok(None);
            }
            (checksum, run, Seen::Heap(record))
        }
        Question::Allocations => {
            let observer = AllocationObserver::default();
            let checksum = run(instruments.observer(observer.clone()));
            let run = start.elapsed();
            let Some(profile) = observer.take() else { return Ok(None) };
            (checksum, run, Seen::Allocations(profile))
        }
    };
    let run_ns = run.as_nanos().try_into().unwrap_or(u64::MAX);
    Ok(Some(Observation { checksum: checksum.to_string(), run_ns, seen }))
}
