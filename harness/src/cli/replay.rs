//! `harness replay`.

use std::io::Write;
use std::path::PathBuf;

use super::{Exit, Output, Trouble};
use crate::backend::Backend;
use crate::heap_program::parse::read_program;
use crate::heap_program::replay::replay;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Which backend: null, refcount, marksweep or generational
    #[arg(long)]
    backend: Backend,
    /// Collects fully after every operation until nothing more dies: for backends that are not
    /// prompt
    #[arg(long)]
    settle: bool,
    /// Heap programs, one operation a line
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

pub(super) fn run(arguments: &Arguments, output: &mut Output) -> Result<Exit, Trouble> {
    for file in &arguments.files {
        let program = read_program(file).map_err(Trouble::misuse)?;
        replay(arguments.backend, &program, arguments.settle, output)?;
        output.flush()?;
    }
    Ok(Exit::Agreement)
}
