//! `harness` without arguments: does every backend give the same answers?

use std::io::Write;
use std::num::NonZero;
use std::thread;
use std::time::Duration;

use super::output::complain;
use super::run::verdict;
use super::{Exit, Output, Trouble, progress};
use crate::backend::Backend;
use crate::measure::{Contender, Launcher, Order, measure_all};
use crate::report;
use crate::workloads::{Parameters, WORKLOADS};

/// A measurement at a quick scale takes a second or two; one that takes this long hangs.
const TIME_LIMIT: Duration = Duration::from_secs(120);

/// The length of the differential run: a few seconds.
const DIFF_ARGUMENTS: [&str; 3] = ["diff", "--programs=200", "--ops=200"];

pub(super) fn run(output: &mut Output) -> Result<Exit, Trouble> {
    let launcher = Launcher::new()?.time_limit(TIME_LIMIT);
    let orders: Vec<_> = WORKLOADS
        .iter()
        .flat_map(|workload| {
            Backend::ALL.map(|backend| Order {
                workload,
                contender: Contender::Backend(backend),
                parameters: Parameters { scale: workload.scale.quick, seed: 0 },
            })
        })
        .collect();

    let bar = progress::bar(orders.len() + 1);
    let workers = thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN);
    // All of it is measured even if nobody reads the table any more: the exit code is an answer,
    // too.
    let outcomes = measure_all(&launcher, &orders, workers, |outcome| {
        bar.set_message(format!("{} {}", outcome.workload(), outcome.backend()));
        bar.inc(1);
        true
    });
    bar.set_message("differential run");
    let diff = launcher.run(&DIFF_ARGUMENTS.map(str::to_owned))?;
    bar.finish_and_clear();

    output.print(&report::overview(&outcomes))?;
    write!(output, "{}", diff.output)?;
    output.flush()?;
    let mut exit = verdict(&outcomes);
    if !diff.status.success() {
        complain(&format!("the differential run {}", diff.complaint()));
        exit = Exit::Disagreement;
    }
    let measured = outcomes.iter().filter(|outcome| outcome.measurement().is_some()).count();
    let sentence = match exit {
        Exit::Agreement => "all checksums agree",
        Exit::Disagreement | Exit::Misuse => "NOT everything agrees",
    };
    output.print(&format!(
        "{} workloads on {} backends, {measured} of {} measurements: {sentence}\n",
        WORKLOADS.len(),
        Backend::ALL.len(),
        orders.len()
    ))?;
    Ok(exit)
}
