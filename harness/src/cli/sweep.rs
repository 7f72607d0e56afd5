//! `harness sweep`.

use std::time::Duration;

use serde::Serialize;

use super::compare::outcomes;
use super::format::Format;
use super::run::verdict;
use super::selection::{self, Selection, expand};
use super::size::Size;
use super::{Exit, Output, Trouble, progress};
use crate::backend::Backend;
use crate::measure::{
    Contender, HEAP_FACTORS, Launcher, Order, Sweep, SweepRow, Unit, allocator, find_least_heap,
};
use crate::report;
use crate::workloads::{Parameters, WORKLOADS, Workload};

/// It makes arenas of its own, whose limits are none of the harness's.
const WITHOUT_LIMIT: &str = "heap-program";

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Which workload: a name that `list` shows, several with commas, or `all`
    #[arg(long, default_value = "all", value_delimiter = ',', value_parser = selection::workload)]
    workload: Vec<Selection<&'static Workload>>,
    /// Which backend: a name, several with commas, or `all` that free memory
    #[arg(long, default_value = "all", value_delimiter = ',', value_parser = selection::backend)]
    backend: Vec<Selection<Backend>>,
    /// How many rounds
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..))]
    runs: u16,
    #[command(flatten)]
    size: Size,
    /// Takes multiples of each backend's own least heap instead of the least of all
    #[arg(long)]
    own_least: bool,
    /// Where the random numbers begin
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// A run that takes more seconds is ended
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..))]
    time_limit: u64,
    /// What is printed
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

/// What the command found out.
#[derive(Debug, Serialize)]
struct Report {
    allocator: &'static str,
    runs: u16,
    seed: u64,
    rows: Vec<SweepRow>,
}

pub(super) fn run(arguments: &Arguments, output: &mut Output) -> Result<Exit, Trouble> {
    let named = arguments.workload.iter();
    if named.into_iter().any(|one| matches!(one, Selection::One(of) if of.name == WITHOUT_LIMIT)) {
        return Err(Trouble::misuse(format!(
            "`{WITHOUT_LIMIT}` makes arenas of its own, which have no limit"
        )));
    }
    let limited = WORKLOADS.iter().filter(|workload| workload.name != WITHOUT_LIMIT);
    let workloads = expand(&arguments.workload, limited, |left, right| std::ptr::eq(*left, *right));
    let backends =
        expand(&arguments.backend, Backend::COLLECTING.into_iter(), |left, right| left == right);

    let launcher = Launcher::new()?.time_limit(Duration::from_secs(arguments.time_limit));
    let per_workload = backends.len() * (1 + HEAP_FACTORS.len() * usize::from(arguments.runs));
    let bar = progress::bar(workloads.len() * per_workload);
    let mut report =
        Report { allocator: allocator(), runs: arguments.runs, seed: arguments.seed, rows: vec![] };
    let unit = if arguments.own_least { Unit::Own } else { Unit::LeastOfAll };
    let mut measured = Vec::new();
    for workload in workloads {
        let parameters = Parameters { scale: arguments.size.of(workload)?, seed: arguments.seed };
        let mut least = Vec::new();
        for &backend in &backends {
            let order = Order { workload, contender: Contender::Backend(backend), parameters };
            bar.set_message(format!("{} {backend}: the least heap", workload.name));
            let found = find_least_heap(&launcher, &order, || bar.tick());
            bar.inc(1);
            match found {
                Ok(bytes) => least.push((order, bytes)),
                Err(outcome) => measured.push(*outcome),
            }
        }
        let mut sweep = Sweep::new(&least, unit);
        for _ in 0..arguments.runs {
            sweep.round(&launcher, |job| {
                bar.set_message(format!("{} {}", workload.name, job.order.contender));
                bar.inc(1);
            });
        }
        report.rows.extend(sweep.rows(report::word));
        measured.extend(outcomes(sweep.series()));
    }
    bar.finish_and_clear();

    let sheet = report::sweep(&report.rows);
    output.print(&arguments.format.write(&sheet, &report.sentence(unit), &report)?)?;
    Ok(verdict(&measured))
}

impl Report {
    fn sentence(&self, unit: Unit) -> String {
        let heap = match unit {
            Unit::LeastOfAll => "the least in which any of these backends runs the workload",
            Unit::Own => "the least in which the backend itself runs the workload",
        };
        format!(
            "The lower bound of the overhead: the total cost divided by the least cost that any \
             backend has in any heap when its collections are taken away. Heaps are multiples of \
             {heap}. Medians of {} interleaved \
             runs. Allocator: {}. Seed: {}.",
            self.runs, self.allocator, self.seed
        )
    }
}
