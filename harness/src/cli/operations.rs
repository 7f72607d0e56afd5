//! `harness operations`, and the hidden subcommand that measures one in its own process.

use std::io::Write;

use clap::ValueEnum;
use serde_json::json;

use super::output::complain;
use super::selection::{self, Selection, expand};
use super::{Exit, Output, Trouble, progress};
use crate::backend::Backend;
use crate::measure::{AT_HAND_BYTES, Launcher};
use crate::operations::{self, Amount, Answer, Measured, OPERATIONS, Operation, Runner};
use crate::report;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Which operation: a name that the table shows, several with commas, or `all`
    #[arg(long, default_value = "all", value_delimiter = ',', value_parser = selection::operation)]
    operation: Vec<Selection<&'static Operation>>,
    /// Which backend: null, refcount, marksweep, generational, several with commas, or `all`. What
    /// stands beside them in an operation takes part in any case
    #[arg(long, default_value = "all", value_delimiter = ',', value_parser = selection::backend)]
    backend: Vec<Selection<Backend>>,
    /// How often everything is measured, in turns: the answers are medians
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    /// A table, or a line of JSON for each operation on each backend
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Table,
    Json,
}

pub(super) fn run(arguments: &Arguments, output: &mut Output) -> Result<Exit, Trouble> {
    let work = work(arguments);
    let rounds = usize::from(arguments.rounds);
    let bar = progress::bar(work.len() * rounds);
    let launcher = Launcher::new()?.at_hand_bytes(AT_HAND_BYTES);
    let measured =
        operations::measure(&launcher, &work, Amount::Full, rounds, |operation, runner| {
            bar.set_message(format!("{} {runner}", operation.name));
            bar.inc(1);
        });
    bar.finish_and_clear();
    match arguments.format {
        Format::Table => output.print(&report::operations(&measured))?,
        Format::Json => {
            for Measured { operation, runner, answer } in &measured {
                let (name, runner) = (operation.name, runner.name());
                let line = json!({ "operation": name, "runner": runner, "answer": answer });
                writeln!(output, "{line}")?;
            }
            output.flush()?;
        }
    }
    Ok(verdict(&measured))
}

/// What the arguments ask for: every operation on the backends, and on what stands beside them.
fn work(arguments: &Arguments) -> Vec<(&'static Operation, Runner)> {
    let operations = expand(&arguments.operation, OPERATIONS.iter(), |left, right| left == right);
    let backends =
        expand(&arguments.backend, Backend::ALL.into_iter(), |left, right| left == right);
    let takes_part = |runner: &Runner| match runner {
        Runner::Backend(backend) => backends.contains(backend),
        Runner::Beside(_) => true,
    };
    operations
        .into_iter()
        .flat_map(|operation| {
            operation.runners().filter(takes_part).map(move |runner| (operation, runner))
        })
        .collect()
}

/// Complains about what failed.
pub(super) fn verdict(measured: &[Measured]) -> Exit {
    let mut exit = Exit::Agreement;
    for Measured { operation, runner, answer } in measured {
        if let Answer::Failed(error) = answer {
            complain(&format!("{} on {runner} failed: {error}", operation.name));
            exit = Exit::Disagreement;
        }
    }
    exit
}

#[derive(Debug, clap::Args)]
pub(super) struct Here {
    #[arg(long, value_parser = Operation::find)]
    operation: &'static Operation,
    #[arg(long)]
    runner: Runner,
    #[arg(long)]
    tiny: bool,
}

pub(super) fn run_here(arguments: &Here, output: &mut Output) -> Result<Exit, Trouble> {
    let amount = Amount::new(arguments.tiny);
    let reading = operations::measure_here(arguments.operation, arguments.runner, amount);
    let line =
        serde_json::to_string(&reading).map_err(|error| Trouble::Failure(error.to_string()))?;
    writeln!(output, "{line}")?;
    output.flush()?;
    Ok(Exit::Agreement)
}
