//! The hidden subcommand: measures one workload in this process and prints one line of JSON.

use std::io::Write;

use super::{Exit, Output, Trouble};
use crate::measure::{Contender, Order, Setting, measure_here};
use crate::workloads::{Parameters, Workload};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[arg(long, value_parser = Workload::find)]
    workload: &'static Workload,
    #[arg(long)]
    backend: Contender,
    #[arg(long)]
    scale: usize,
    #[arg(long)]
    seed: u64,
    #[arg(long)]
    stress: bool,
    #[arg(long)]
    no_pauses: bool,
    #[arg(long)]
    small_pages: bool,
    #[arg(long)]
    limit_bytes: Option<usize>,
    #[arg(long)]
    pacing: Option<u16>,
}

pub(super) fn run(arguments: &Arguments, output: &mut Output) -> Result<Exit, Trouble> {
    let &Arguments { workload, backend: contender, scale, seed, .. } = arguments;
    let setting = Setting {
        stress: arguments.stress,
        no_pauses: arguments.no_pauses,
        limit_bytes: arguments.limit_bytes,
        pacing_percent: arguments.pacing,
        // That of the allocator is up to whoever starts this.
        small_pages: arguments.small_pages,
    };
    let scale = workload.check_scale(scale).map_err(Trouble::misuse)?;
    let order = Order { workload, contender, parameters: Parameters { scale, seed } };
    let measurement = measure_here(&order, setting).map_err(Trouble::Misuse)?;
    let line =
        serde_json::to_string(&measurement).map_err(|error| Trouble::Failure(error.to_string()))?;
    writeln!(output, "{line}")?;
    output.flush()?;
    Ok(Exit::Agreement)
}
