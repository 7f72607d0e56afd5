//! `harness leaks`.

use std::io::Write;
use std::path::PathBuf;

use gc_core::AnyGc;
use gc_refcount::Refcount;

use super::{Exit, Output, Trouble};
use crate::heap_program::op::Op;
use crate::heap_program::parse::read_program;
use crate::heap_program::replay::{LaidOpen, Session, Setup};
use crate::report::bytes;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Heap programs, one operation a line
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

/// So many objects that a cycle keeps are named.
const NAMED_MAX: usize = 10;

pub(super) fn run(arguments: &Arguments, output: &mut Output) -> Result<Exit, Trouble> {
    let mut exit = Exit::Agreement;
    for file in &arguments.files {
        let program = read_program(file).map_err(Trouble::misuse)?;
        let mut session = Session::<Refcount>::new(Setup::default());
        let (mut leaks, mut text) = (0, String::new());
        // What leaks before a new program begins does not leak after it.
        for op in program.ops.iter().chain([&Op::Reset]) {
            if *op == Op::Reset {
                leaks += session.inspect(&program.names, |open| report(&open, &mut text));
            }
            session.perform(op);
        }
        let file = file.display();
        match leaks {
            0 => writeln!(output, "{file}: nothing leaks")?,
            1 => writeln!(output, "{file}: 1 object leaks")?,
            _ => writeln!(output, "{file}: {leaks} objects leak")?,
        }
        output.print(&text)?;
        if leaks > 0 {
            exit = Exit::Disagreement;
        }
    }
    Ok(exit)
}

/// Names what has leaked; how many objects that are.
fn report(open: &LaidOpen<'_, '_>, text: &mut String) -> usize {
    let garbage = open.heap.find_garbage();
    for cycle in garbage.cycles() {
        let mut way = cycle.way_around().to_vec();
        way.extend(way.first().copied());
        let objects = cycle.members().len();
        let objects = if objects == 1 { "1 object".into() } else { format!("{objects} objects") };
        let size = bytes(cycle.size_bytes() as u64);
        *text += &format!("  cycle of {objects}, {size}: {}\n", open.way(&way));
        *text += &names(open, "    and with it", cycle.kept());
    }
    *text += &names(open, "  kept by several of these", garbage.shared());
    *text += &names(open, "  kept by none of these", garbage.acyclic());
    garbage.objects().count()
}

/// A line with the names of objects; none if there are none.
fn names<'gc>(open: &LaidOpen<'_, 'gc>, title: &str, objects: &[AnyGc<'gc>]) -> String {
    if objects.is_empty() {
        return String::new();
    }
    let mut names: Vec<String> = objects.iter().map(|&object| open.call(object)).collect();
    names.sort_unstable();
    let left = names.len().saturating_sub(NAMED_MAX);
    names.truncate(NAMED_MAX);
    let names = names.join(", ");
    match left {
        0 => format!("{title}: {names}\n"),
        _ => format!("{title}: {names} and {left} more\n"),
    }
}
