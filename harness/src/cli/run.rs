//! `harness run`.

use std::io::Write;
use std::num::NonZero;

use clap::ValueEnum;

use super::output::complain;
use super::progress;
use super::selection::{self, Selection, expand};
use super::{Exit, Output, Trouble};
use crate::backend::Backend;
use crate::measure::{Contender, Launcher, Order, Outcome, Setting, measure_all};
use crate::report;
use crate::workloads::{Parameters, WORKLOADS, Workload};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Which workload: a name that `list` shows, several with commas, or `all`
    #[arg(long, required = true, value_delimiter = ',', value_parser = selection::workload)]
    workload: Vec<Selection<&'static Workload>>,
    /// Which backend: null, refcount, marksweep, generational, several with commas, or `all`
    #[arg(long, required = true, value_delimiter = ',', value_parser = selection::contender)]
    backend: Vec<Selection<Contender>>,
    /// How big the run is; without it each workload has its default
    #[arg(long)]
    scale: Option<usize>,
    /// Where the random numbers begin
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// A table at the end, or a line of JSON for each measurement as it ends
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Collects at every safepoint: slow, for hunting bugs
    #[arg(long)]
    stress: bool,
    /// Weighs memory against work: the garbage that a full collection waits for, in percent of what
    /// lives
    #[arg(long, value_name = "PERCENT")]
    pacing: Option<u16>,
    /// Does not time collections: a prompt collector does so many that the clock costs time, too
    #[arg(long)]
    no_pauses: bool,
    /// Has no huge pages, neither in our heaps nor in mimalloc's
    #[arg(long)]
    small_pages: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Table,
    Json,
}

pub(super) fn run(arguments: &Arguments, output: &mut Output) -> Result<Exit, Trouble> {
    let orders = orders(arguments)?;
    let launcher = Launcher::new()?.setting(Setting {
        stress: arguments.stress,
        no_pauses: arguments.no_pauses,
        pacing_percent: arguments.pacing,
        small_pages: arguments.small_pages,
        ..Setting::default()
    });
    let bar = progress::bar(orders.len());
    let mut written = Ok(());
    let mut ended = |outcome: &Outcome| {
        bar.set_message(format!("{} {}", outcome.workload(), outcome.backend()));
        bar.inc(1);
        if arguments.format == Format::Json {
            written = bar.suspend(|| write_line(outcome, output));
        }
        written.is_ok() && !output.is_closed()
    };
    // One at a time, so that measurements do not compete for caches and memory.
    let outcomes = measure_all(&launcher, &orders, NonZero::<usize>::MIN, &mut ended);
    bar.finish_and_clear();
    written?;

    if arguments.format == Format::Table {
        output.print(&report::details(&outcomes))?;
    }
    Ok(verdict(&outcomes))
}

/// Complains about what failed or does not agree.
pub(super) fn verdict(outcomes: &[Outcome]) -> Exit {
    let mut exit = Exit::Agreement;
    for outcome in outcomes {
        match outcome {
            Outcome::Measured(_) => {}
            Outcome::Skipped(skip) => complain(&format!(
                "{} on {} was skipped: {}",
                skip.workload, skip.backend, skip.skipped
            )),
            Outcome::Failed(failure) => {
                complain(&format!(
                    "{} on {} failed: {}",
                    failure.workload, failure.backend, failure.error
                ));
                exit = Exit::Disagreement;
            }
        }
    }
    for disagreement in report::disagreements(outcomes) {
        complain(&format!("the backends disagree on {disagreement}"));
        exit = Exit::Disagreement;
    }
    exit
}

/// What the arguments ask for, workload by workload.
fn orders(arguments: &Arguments) -> Result<Vec<Order>, Trouble> {
    let workloads =
        expand(&arguments.workload, WORKLOADS.iter(), |left, right| std::ptr::eq(*left, *right));
    let backends = Backend::ALL.into_iter().map(Contender::Backend);
    let contenders = expand(&arguments.backend, backends, |left, right| left == right);
    let mut orders = Vec::new();
    for workload in workloads {
        let scale = workload
            .check_scale(arguments.scale.unwrap_or(workload.scale.default))
            .map_err(Trouble::misuse)?;
        for &contender in &contenders {
            orders.push(Order {
                workload,
                contender,
                parameters: Parameters { scale, seed: arguments.seed },
            });
        }
    }
    Ok(orders)
}

fn write_line(outcome: &Outcome, output: &mut Output) -> Result<(), Trouble> {
    let line =
        serde_json::to_string(outcome).map_err(|error| Trouble::Failure(error.to_string()))?;
    writeln!(output, "{line}")?;
    Ok(output.flush()?)
}
