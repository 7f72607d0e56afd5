//! `harness report`.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::compare::{SILENT, outcomes};
use super::run::verdict;
use super::selection::{self, Selection, expand};
use super::size::Size;
use super::{Exit, Output, Trouble, progress};
use crate::backend::Backend;
use crate::measure::{Contender, Job, Launcher, Order, Rounds, Series};
use crate::observe::{Question, Seen, observe};
use crate::page::{self, Machine, Report, Watched, WorkloadReport};
use crate::report::{Baseline, Comparison};
use crate::workloads::{Parameters, WORKLOADS, Workload};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The folder for `index.html` and `report.json`, which is made if it is not there
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
    /// Which workloads: names that `list` shows, several with commas, or `all`
    #[arg(long, default_value = "all", value_delimiter = ',', value_parser = selection::workload)]
    workloads: Vec<Selection<&'static Workload>>,
    /// Which contenders: backends, peers, several with commas, or `all`
    #[arg(long, default_value = "all", value_delimiter = ',', value_parser = selection::contender)]
    backends: Vec<Selection<Contender>>,
    /// How many rounds of measurements
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..))]
    runs: u16,
    #[command(flatten)]
    size: Size,
    /// Where the random numbers begin
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// A run that takes more seconds is ended and not repeated; one that is looked at has ten times as
    /// long
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..))]
    time_limit: u64,
}

/// How many times longer a run may take that is looked at.
const LOOKING_TIMES: u64 = 10;

pub(super) fn run(arguments: &Arguments, output: &mut Output) -> Result<Exit, Trouble> {
    let workloads =
        expand(&arguments.workloads, WORKLOADS.iter(), |left, right| std::ptr::eq(*left, *right));
    let all: Vec<_> = Contender::all().collect();
    let mut contenders = expand(&arguments.backends, all.into_iter(), |left, right| left == right);
    // Whether the memory suffices for it is known when the others have run.
    contenders.sort_by_key(|&contender| contender == Contender::Backend(Backend::Null));
    // It is misuse if nothing can be written; better to know before an hour of measurements.
    make_folder(&arguments.out)?;

    let groups = workloads
        .iter()
        .map(|&workload| orders(workload, &contenders, arguments))
        .collect::<Result<Vec<_>, _>>()?;
    let runs = usize::from(arguments.runs);
    let watched = contenders.iter().filter(|contender| is_watched(**contender)).count();
    let steps = workloads.len()
        * (contenders.len() * runs + watched * QUESTIONS.len() + watched.min(ONCE.len()));
    let bar = progress::bar(steps);
    let mut reports = Vec::new();
    let mut all_series = Vec::new();
    let mut exit = Exit::Agreement;
    for group in &groups {
        let series = measure(arguments, group, runs, |order| {
            bar.set_message(format!("{} {}", order.workload.name, order.contender));
            bar.inc(1);
        })?;
        let report = report_workload(arguments, &series, |order| {
            bar.set_message(format!("looking at {} {}", order.workload.name, order.contender));
            bar.inc(1);
        })?;
        reports.extend(report);
        all_series.extend(series);
    }
    bar.finish_and_clear();

    if verdict(&outcomes(&all_series)) != Exit::Agreement || has_trouble(&reports) {
        exit = Exit::Disagreement;
    }
    let report = Report {
        machine: Machine::here(),
        rounds: runs,
        seed: arguments.seed,
        standings: Report::standings(&reports),
        workloads: reports,
    };
    let page = save(&arguments.out, &report)?;
    output.print(&format!("{}\n", page.display()))?;
    Ok(exit)
}

/// What is looked at, each in a run of its own.
const QUESTIONS: [Question; 2] = [Question::Collector, Question::Heap];

/// And once for each workload.
const ONCE: [Question; 1] = [Question::Allocations];

/// Nothing happens in the heap of the null collector.
fn is_watched(contender: Contender) -> bool {
    match contender {
        Contender::Backend(backend) => backend != Backend::Null,
        Contender::Epochs(_) => true,
        Contender::Profiled(_) | Contender::Peer(_) => false,
    }
}

fn make_folder(folder: &Path) -> Result<(), Trouble> {
    fs::create_dir_all(folder)
        .map_err(|error| Trouble::Misuse(format!("{}: {error}", folder.display())))
}

fn orders(
    workload: &'static Workload,
    contenders: &[Contender],
    arguments: &Arguments,
) -> Result<Vec<Order>, Trouble> {
    let parameters = Parameters { scale: arguments.size.of(workload)?, seed: arguments.seed };
    Ok(contenders.iter().map(|&contender| Order { workload, contender, parameters }).collect())
}

/// Times all contenders on one workload, in turns.
fn measure(
    arguments: &Arguments,
    orders: &[Order],
    runs: usize,
    mut ended: impl FnMut(&Order),
) -> Result<Vec<Series>, Trouble> {
    let launcher = Launcher::new()?.time_limit(Duration::from_secs(arguments.time_limit));
    let mut rounds = Rounds::new(orders.iter().map(|&order| Job { order, setting: SILENT }));
    for _ in 0..runs {
        rounds.round(&launcher, |job| ended(&job.order));
    }
    Ok(rounds.series().to_vec())
}

/// Looks at those that can be looked at, and puts all together.
fn report_workload(
    arguments: &Arguments,
    series: &[Series],
    mut ended: impl FnMut(&Order),
) -> Result<Option<WorkloadReport>, Trouble> {
    let seconds = arguments.time_limit.saturating_mul(LOOKING_TIMES);
    let launcher = Launcher::new()?.time_limit(Duration::from_secs(seconds));
    let Some(first) = series.first().map(|series| series.job.order) else {
        return Ok(None);
    };
    let mut watched: Vec<Watched> = Vec::new();
    for series in series.iter().filter(|series| is_watched(series.job.order.contender)) {
        let once = if watched.is_empty() { &ONCE[..] } else { &[] };
        let questions = QUESTIONS.iter().chain(once).copied();
        watched.push(watch(&launcher, series, questions, &mut ended));
    }
    let runs = usize::from(arguments.runs);
    let comparison = Comparison::new(series, Baseline::Fastest, runs, arguments.seed);
    Ok(Some(WorkloadReport {
        name: first.workload.name,
        sentence: first.workload.sentence,
        scale: first.parameters.scale,
        scale_meaning: first.workload.scale.meaning,
        times: comparison.rows,
        watched,
    }))
}

fn watch(
    launcher: &Launcher,
    series: &Series,
    questions: impl Iterator<Item = Question>,
    ended: &mut impl FnMut(&Order),
) -> Watched {
    let order = series.job.order;
    let mut watched = Watched {
        contender: order.contender.name(),
        collector: None,
        heap_run_ns: None,
        heap: None,
        allocations: None,
        trouble: Vec::new(),
    };
    // What did not end undisturbed is not run again.
    let expected = series.spread(|measurement| Some(measurement.wall_ns));
    let answer = series.measurements().next().map(|measurement| &measurement.checksum);
    for question in questions {
        if let (Some(expected), Some(answer)) = (expected, answer) {
            let expected = Duration::from_nanos(expected.median);
            match observe(launcher, &order, question, expected) {
                Ok(None) => {}
                Ok(Some(observation)) if observation.checksum != *answer => {
                    watched.trouble.push(format!(
                        "another answer when it was looked at: {} and not {answer}",
                        observation.checksum
                    ));
                }
                Ok(Some(observation)) => match observation.seen {
                    Seen::Heap(heap) => {
                        watched.heap_run_ns = Some(observation.run_ns);
                        watched.heap = Some(heap);
                    }
                    Seen::Collector(collector) => watched.collector = Some(collector),
                    Seen::Allocations(profile) => watched.allocations = Some(profile),
                },
                Err(error) => watched.trouble.push(error),
            }
        }
        ended(&order);
    }
    watched
}

fn has_trouble(workloads: &[WorkloadReport]) -> bool {
    let mut has_trouble = false;
    for workload in workloads {
        for watched in &workload.watched {
            for trouble in &watched.trouble {
                has_trouble = true;
                super::output::complain(&format!(
                    "{} on {}: {trouble}",
                    workload.name, watched.contender
                ));
            }
        }
    }
    has_trouble
}

/// Writes the page and its data; answers where the page is.
fn save(folder: &Path, report: &Report) -> Result<PathBuf, Trouble> {
    let failure =
        |error: &dyn std::fmt::Display| Trouble::Failure(format!("{}: {error}", folder.display()));
    let json = report.json().map_err(|error| failure(&error))?;
    let html = page::html(report).map_err(|error| failure(&error))?;
    fs::write(folder.join("report.json"), json).map_err(|error| failure(&error))?;
    let page = folder.join("index.html");
    fs::write(&page, html).map_err(|error| failure(&error))?;
    Ok(page)
}
