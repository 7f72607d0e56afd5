//! `harness compare --goals`.

use std::time::Duration;

use serde::Serialize;

use super::compare::{Arguments, SILENT, outcomes, save};
use super::run::verdict;
use super::{Exit, Output, Trouble, operations as operations_command, progress};
use crate::goals::{self, Judgment, Measurements, Plan, Twin};
use crate::measure::{Contender, Job, Order, Outcome, Rounds, Series, Setting, allocator};
use crate::operations::{self, Operation, instructions};
use crate::report;
use crate::runtimes::Program;
use crate::workloads::{Parameters, Workload};

/// Rounds, if their number is not given: fewer than in a comparison, as there is much to measure.
const RUNS: u16 = 3;

/// Another collector that needs so many times what the best one needs is not measured again: only
/// the best one counts.
const HOPELESS: u64 = 2;

/// What the command found out.
#[derive(Debug, Serialize)]
struct Report {
    allocator: &'static str,
    runs: u16,
    seed: u64,
    /// False if the runs were smaller than those that the goals are about.
    is_full_scale: bool,
    /// How many rows are reached, are not, and are not judged.
    reached: usize,
    missed: usize,
    not_judged: usize,
    goals: Vec<Judgment>,
}

pub(super) fn run(arguments: &Arguments, output: &mut Output) -> Result<Exit, Trouble> {
    let runs = arguments.runs.unwrap_or(RUNS);
    let goals = goals::all();
    let mut plan = Plan::default();
    for goal in &goals {
        goal.ask(&mut plan);
    }
    let mut measured = measure(&plan, runs, arguments)?;
    let judgments = goals.iter().flat_map(|goal| goal.judge(&mut measured)).collect();
    let report = Report::new(judgments, runs, arguments);

    let sheet = report::goals(&report.goals);
    let sentence = report.sentence();
    output.print(&arguments.format.write(&sheet, &sentence, &report)?)?;
    if let Some(folder) = &arguments.out {
        save(folder, "goals", &sheet, &sentence, &report)?;
    }
    // A goal that is not reached is an answer, not a failure.
    let series: Vec<_> = measured.runs.into_iter().map(|(_, series)| series).collect();
    let mut all = outcomes(&series);
    let twins = measured.twins.into_iter().filter_map(|twin| twin.outcomes.ok());
    all.extend(twins.flatten().filter(|outcome| !outcome.is_limited()));
    let exits = [verdict(&all), operations_command::verdict(&measured.operations)];
    Ok(exits.into_iter().find(|&exit| exit != Exit::Agreement).unwrap_or(Exit::Agreement))
}

impl Report {
    fn new(goals: Vec<Judgment>, runs: u16, arguments: &Arguments) -> Self {
        let count = |is: Option<bool>| goals.iter().filter(|goal| goal.is_reached == is).count();
        Report {
            allocator: allocator(),
            runs,
            seed: arguments.seed,
            is_full_scale: arguments.size.is_default(),
            reached: count(Some(true)),
            missed: count(Some(false)),
            not_judged: count(None),
            goals,
        }
    }

    fn sentence(&self) -> String {
        let Report { reached, missed, not_judged, runs, allocator, seed, .. } = self;
        let scale =
            if self.is_full_scale { "" } else { " The goals are about larger runs than these." };
        format!(
            "Reached: {reached}. Missed: {missed}. Not judged: {not_judged}.\n\
             Medians of {runs} interleaved runs. Allocator: {allocator}. Seed: {seed}.{scale}"
        )
    }
}

fn measure(plan: &Plan, runs: u16, arguments: &Arguments) -> Result<Measurements, Trouble> {
    let launcher = arguments.launcher()?;
    let time_limit = Duration::from_secs(arguments.time_limit);
    let jobs = plan
        .runs
        .iter()
        .map(|&(run, contender)| job(run, contender, arguments))
        .collect::<Result<Vec<_>, Trouble>>()?;
    let mut twins = Vec::new();
    for &(runtime, name) in &plan.twins {
        let workload = find(name)?;
        let parameters = Parameters { scale: arguments.size.of(workload)?, seed: arguments.seed };
        twins.push((Program::compile(runtime, name, time_limit), parameters, Vec::new()));
    }

    let work = plan
        .operations
        .iter()
        .map(|&(name, runner)| Ok((find_operation(name)?, runner)))
        .collect::<Result<Vec<_>, Trouble>>()?;

    let steps = usize::from(runs) * (jobs.len() + twins.len() + work.len());
    let bar = progress::bar(steps);
    let mut rounds = Rounds::new(jobs);
    for _ in 0..runs {
        rounds.round(&launcher, |job| {
            bar.set_message(format!("{} {}", job.order.workload.name, job.order.contender));
            bar.inc(1);
        });
        rounds.retire(|series, all| is_hopeless(series, all, Contender::is_other_collector));
        for (program, parameters, outcomes) in &mut twins {
            let is_sound = outcomes.iter().all(|outcome: &Outcome| !outcome.is_limited());
            if let Ok(program) = program
                && is_sound
            {
                launcher.bring_memory()?;
                outcomes.push(program.measure(parameters));
            }
            bar.inc(1);
        }
    }
    let operations = operations::measure(
        &launcher,
        &work,
        arguments.size.amount(),
        runs.into(),
        |operation, runner| {
            bar.set_message(format!("{} {runner}", operation.name));
            bar.inc(1);
        },
    );
    bar.set_message("instructions");
    let counts = instructions::count(&plan.counted_backends(), arguments.size.amount());
    bar.finish_and_clear();

    let runs = plan.runs.iter().map(|&(run, _)| run).zip(rounds.series().iter().cloned());
    let twins =
        plan.twins.iter().zip(twins).map(|(&(runtime, workload), (program, _, outcomes))| Twin {
            runtime,
            workload,
            outcomes: program.map(|_| outcomes),
        });
    Ok(Measurements { runs: runs.collect(), twins: twins.collect(), operations, counts })
}

fn find(workload: &str) -> Result<&'static Workload, Trouble> {
    Workload::find(workload).map_err(|error| Trouble::Failure(error.to_string()))
}

fn find_operation(name: &str) -> Result<&'static Operation, Trouble> {
    Operation::find(name).map_err(|error| Trouble::Failure(error.to_string()))
}

fn job(run: goals::Run, contender: Contender, arguments: &Arguments) -> Result<Job, Trouble> {
    let workload = find(run.workload)?;
    let scale = match run.scale {
        Some(scale) if arguments.size.is_default() => scale,
        _ => arguments.size.of(workload)?,
    };
    let parameters = Parameters { scale, seed: arguments.seed };
    let setting = Setting { small_pages: run.small_pages, ..SILENT };
    Ok(Job { order: Order { workload, contender, parameters }, setting })
}

/// Whether a rival cannot be the best one any more.
fn is_hopeless(series: &Series, all: &[Series], is_rival: impl Fn(Contender) -> bool) -> bool {
    let order = &series.job.order;
    let rivals = all
        .iter()
        .filter(|other| is_rival(other.job.order.contender) && other.job.order.is_same_work(order));
    let best_ns = rivals.filter_map(Series::cpu_ns).min();
    let is_beaten = |(ns, best_ns): (u64, u64)| {
        is_rival(order.contender) && ns > HOPELESS.saturating_mul(best_ns)
    };
    series.cpu_ns().zip(best_ns).is_some_and(is_beaten)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::Backend;
    use crate::measure::Measurement;
    use crate::workloads::WORKLOADS;

    #[test]
    fn a_rival_that_needs_thrice_the_best_rivals_time_is_hopeless() {
        let jobs = Backend::ALL.map(|backend| Job {
            order: Order {
                workload: &WORKLOADS[0],
                contender: Contender::Backend(backend),
                parameters: Parameters { scale: 6, seed: 0 },
            },
            setting: SILENT,
        });
        let mut rounds = Rounds::new(jobs);
        let measure = |job: &Job| {
            let cpu_ns = match job.order.contender.name() {
                "null" => 1,
                "refcount" => 10,
                "marksweep" => 20,
                _ => 30,
            };
            Outcome::Measured(Measurement { cpu_ns, ..Measurement::default() })
        };
        rounds.round_with(measure, |_| {});
        // The null collector takes part and is no rival.
        let is_rival = |contender| contender != Contender::Backend(Backend::Null);
        let all = rounds.series();
        let hopeless: Vec<_> =
            all.iter().map(|series| is_hopeless(series, all, is_rival)).collect();
        assert_eq!(hopeless, [false, false, false, true]);
    }
}
