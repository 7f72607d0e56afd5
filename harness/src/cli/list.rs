//! `harness list`.

use std::io::Write;

use super::{Exit, Output, Trouble};
use crate::backend::Backend;
use crate::peers::Peer;
use crate::workloads::{Scale, WORKLOADS, Workload};

pub(super) fn run(output: &mut Output) -> Result<Exit, Trouble> {
    writeln!(output, "workloads:")?;
    for Workload { name, sentence, scale, .. } in &WORKLOADS {
        let Scale { meaning, default, quick, range, .. } = scale;
        let (least, most) = (range.start(), range.end());
        writeln!(output, "  {name:20} {sentence}")?;
        writeln!(
            output,
            "  {:20} The scale is {meaning}, {least} to {most}; default {default}, quick {quick}.",
            ""
        )?;
    }
    writeln!(output, "\nbackends:")?;
    for backend in Backend::ALL {
        writeln!(output, "  {:20} {}", backend.name(), describe(backend))?;
    }
    for peer in Peer::all() {
        writeln!(output, "  {:20} not ours: {}", peer.name(), peer.sentence())?;
    }
    output.flush()?;
    Ok(Exit::Agreement)
}

/// A backend in words.
fn describe(backend: Backend) -> String {
    let attributes = backend.attributes();
    if backend == Backend::Null {
        return "never frees: a lower bound of time".to_owned();
    }
    let cycles = if attributes.reclaims_cycles { "reclaims cycles" } else { "leaks cycles" };
    let prompt = if attributes.prompt { "frees promptly" } else { "frees at collections" };
    let moves = if attributes.moves_objects { "moves objects" } else { "moves nothing" };
    format!("{cycles}, {prompt}, {moves}")
}
