//! `harness diff`.

use std::io::Write;
use std::path::PathBuf;

use clap::ValueEnum;

use super::selection::{self, Selection, expand};
use super::{Exit, Output, Trouble, progress};
use crate::backend::Backend;
use crate::heap_program::cpython::OracleError;
use crate::heap_program::diff::{self, DiffOptions};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Whose answers are right
    #[arg(long, value_enum, default_value_t = Oracle::Model)]
    oracle: Oracle,
    /// How many random programs
    #[arg(long, default_value_t = 1000)]
    programs: u64,
    /// How many operations each
    #[arg(long = "ops", default_value_t = 200)]
    operations: usize,
    /// The seed of the first program; each further one has the next
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Which backend: null, refcount, marksweep, generational, several with commas, or `all`
    #[arg(long, default_value = "all", value_delimiter = ',', value_parser = selection::backend)]
    backend: Vec<Selection<Backend>>,
    /// Run each program in one setting for each backend, drawn by its seed, that makes rare paths common;
    /// otherwise in several that are the same for all
    #[arg(long)]
    zeal: bool,
    /// Where to write the smallest program that shows the first divergence, instead of printing it
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Oracle {
    /// A model, which knows neither finalizers nor callbacks that do something
    Model,
    /// CPython itself, with all of those: `python3` on the path, 3.10 or newer. Refcount is compared
    /// with its counting alone, marksweep with counting and full collections, generational with
    /// collections alone
    #[value(name = "cpython")]
    CPython,
}

impl From<Oracle> for diff::Oracle {
    fn from(oracle: Oracle) -> diff::Oracle {
        match oracle {
            Oracle::Model => diff::Oracle::Model,
            Oracle::CPython => diff::Oracle::CPython,
        }
    }
}

pub(super) fn run(arguments: &Arguments, output: &mut Output) -> Result<Exit, Trouble> {
    let oracle = diff::Oracle::from(arguments.oracle);
    let mut backends =
        expand(&arguments.backend, Backend::ALL.into_iter(), |left, right| left == right);
    backends.retain(|backend| !oracle.settings(backend.attributes()).is_empty());
    if backends.is_empty() {
        let reason = "CPython frees what this backend does not: there is nothing to compare";
        return Err(Trouble::Misuse(reason.to_owned()));
    }
    let options = DiffOptions {
        oracle,
        programs: arguments.programs,
        operations: arguments.operations,
        seed: arguments.seed,
        backends: backends.clone(),
        is_zealous: arguments.zeal,
    };
    let bar = progress::bar(arguments.programs as usize);
    let report = diff::run(&options, &|done| bar.set_position(done));
    bar.finish_and_clear();
    let report = report.map_err(trouble)?;

    let names: Vec<_> = backends.into_iter().map(Backend::name).collect();
    writeln!(output, "{report} on {}", names.join(", "))?;
    let Some(divergence) = report.first else {
        output.flush()?;
        return Ok(Exit::Agreement);
    };
    writeln!(output, "{divergence}")?;
    match &arguments.save {
        Some(file) => divergence
            .save(file)
            .map_err(|error| Trouble::Failure(format!("{}: {error}", file.display())))?,
        None => divergence.program.write(output)?,
    }
    output.flush()?;
    Ok(Exit::Disagreement)
}

/// Without CPython there is nothing to ask; else something is broken.
fn trouble(error: OracleError) -> Trouble {
    if error.is_missing() { Trouble::misuse(error) } else { Trouble::Failure(error.to_string()) }
}
