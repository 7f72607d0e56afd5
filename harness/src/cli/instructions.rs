//! `harness instructions`, and the hidden subcommand that does what it counts.

use std::fs;
use std::path::{Path, PathBuf};

use super::output::complain;
use super::{Exit, Output, Trouble};
use crate::backend::Backend;
use crate::operations::Amount;
use crate::operations::instructions::{self, Baseline};
use crate::report;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Compares with the counts in this file, and fails if one has grown by more than 3 %
    #[arg(long)]
    baseline: Option<PathBuf>,
    /// Writes the counts to the file of the baseline instead of comparing
    #[arg(long, requires = "baseline")]
    update: bool,
    /// What the compiler calls itself, for the baseline
    #[arg(long, default_value = "unknown")]
    compiler: String,
}

pub(super) fn run(arguments: &Arguments, output: &mut Output) -> Result<Exit, Trouble> {
    let before = match &arguments.baseline {
        Some(path) if path.exists() || !arguments.update => Some(read(path)?),
        _ => None,
    };
    let counts = instructions::count(&Backend::ALL, Amount::Full).map_err(Trouble::Failure)?;
    output.print(&report::instructions(&counts))?;
    let now = Baseline::new(&arguments.compiler, &counts);
    if let Some(path) = arguments.baseline.as_ref().filter(|_| arguments.update) {
        let text = serde_json::to_string_pretty(&now)
            .map_err(|error| Trouble::Failure(error.to_string()))?;
        fs::write(path, text + "\n")?;
    }
    match before {
        Some(before) => compare(&before, &now, arguments.update, output),
        None => Ok(Exit::Agreement),
    }
}

/// Prints what is better or is to be so, and complains about the rest.
fn compare(
    before: &Baseline,
    now: &Baseline,
    is_updated: bool,
    output: &mut Output,
) -> Result<Exit, Trouble> {
    if before.compiler != now.compiler {
        let (before, now) = (&before.compiler, &now.compiler);
        output.print(&format!("The baseline was made by {before}, this program by {now}.\n"))?;
    }
    let mut exit = Exit::Agreement;
    for difference in before.differences(now) {
        if is_updated || difference.is_improvement() {
            output.print(&format!("{difference}\n"))?;
        } else {
            complain(&difference.to_string());
            exit = Exit::Disagreement;
        }
    }
    Ok(exit)
}

fn read(path: &Path) -> Result<Baseline, Trouble> {
    let misuse =
        |error: &dyn std::error::Error| Trouble::Misuse(format!("{}: {error}", path.display()));
    let text = fs::read_to_string(path).map_err(|error| misuse(&error))?;
    serde_json::from_str(&text).map_err(|error| misuse(&error))
}

#[derive(Debug, clap::Args)]
pub(super) struct Here {
    #[arg(long)]
    backend: Backend,
    #[arg(long)]
    tiny: bool,
}

pub(super) fn run_here(arguments: &Here, output: &mut Output) -> Result<Exit, Trouble> {
    let amount = Amount::new(arguments.tiny);
    instructions::do_here(arguments.backend, amount, output)?;
    Ok(Exit::Agreement)
}
