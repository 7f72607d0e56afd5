//! `harness diff`.

use std::io::Write;
use std::path::PathBuf;

use super::selection::{self, Selection, expand};
use super::{Exit, Output, Trouble, progress};
use crate::backend::Backend;
use crate::heap_program::diff::{self, DiffOptions};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
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
    /// Where to write the smallest program that shows the first divergence, instead of printing it
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments, output: &mut Output) -> Result<Exit, Trouble> {
    let backends =
        expand(&arguments.backend, Backend::ALL.into_iter(), |left, right| left == right);
    let options = DiffOptions {
        programs: arguments.programs,
        operations: arguments.operations,
        seed: arguments.seed,
        backends: backends.clone(),
    };
    let bar = progress::bar(arguments.programs as usize);
    let report = diff::run(&options, &|done| bar.set_position(done));
    bar.finish_and_clear();

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
