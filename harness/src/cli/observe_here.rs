//! The hidden subcommand: observes one workload in this process and prints one line of JSON.

use std::io::Write;
use std::time::Duration;

use super::{Exit, Output, Trouble};
use crate::measure::{Contender, Order};
use crate::observe::{Question, observe_here};
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
    #[arg(long, value_enum)]
    question: Question,
    #[arg(long)]
    expected_ns: u64,
}

pub(super) fn run(arguments: &Arguments, output: &mut Output) -> Result<Exit, Trouble> {
    let &Arguments { workload, backend: contender, scale, seed, question, expected_ns } = arguments;
    let scale = workload.check_scale(scale).map_err(Trouble::misuse)?;
    let order = Order { workload, contender, parameters: Parameters { scale, seed } };
    let expected = Duration::from_nanos(expected_ns);
    let observation = observe_here(&order, question, expected).map_err(Trouble::Misuse)?;
    let line =
        serde_json::to_string(&observation).map_err(|error| Trouble::Failure(error.to_string()))?;
    writeln!(output, "{line}")?;
    output.flush()?;
    Ok(Exit::Agreement)
}
