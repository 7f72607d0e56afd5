//! `harness instructions`, and the hidden subcommand that does what it counts.

use std::path::{Path, PathBuf};
use std::{env, fs};

use super::output::complain;
use super::{Exit, Output, Trouble};
use crate::backend::Backend;
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
    let counts =
        instructions::count(&env::current_exe()?, &Backend::ALL).map_err(Trouble::Failure)?;
    output.print(&report::instructions(&counts))?;
    let Some(path) = &arguments.baseline else {
        return Ok(Exit::Agreement);
    };
    let now = Baseline::new(&arguments.compiler, &counts);
    let before = if arguments.update && !path.exists() { None } else { Some(read(path)?) };
    if arguments.update {
        let text = serde_json::to_string_pretty(&now)
            .map_err(|error| Trouble::Failure(error.to_string()))?;
        fs::write(path, text + "\n")?;
    }
    let Some(before) = before else {
        return Ok(Exit::Agreement);
    };
    if before.compiler != now.compiler {
        let (before, now) = (&before.compiler, &now.compiler);
        output.print(&format!("The baseline was made by {before}, this program by {now}.\n"))?;
    }
    let mut exit = Exit::Agreement;
    for difference in before.differences(&now) {
        if difference.is_improvement() || arguments.update {
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
}

pub(super) fn run_here(arguments: &Here, output: &mut Output) -> Result<Exit, Trouble> {
    instructions::do_here(arguments.backend, output)?;
    Ok(Exit::Agreement)
}
