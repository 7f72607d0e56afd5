//! `harness heap`.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use gc_core::AnyGc;
use gc_core::collector::Collector;
use gc_insight::snapshot::{DotError, Snapshot};

use super::{Exit, Output, Trouble};
use crate::backend::Backend;
use crate::heap_program::parse::read_program;
use crate::heap_program::program::Program;
use crate::heap_program::replay::{Fate, LaidOpen, Session, Setup};
use crate::report::heap::{self, Class, Retainer};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// A heap program, one operation a line
    file: PathBuf,
    /// Which backend: null, refcount, marksweep or generational
    #[arg(long, default_value_t = Backend::MarkSweep)]
    backend: Backend,
    /// Looks at the heap after so many operations, not at the end
    #[arg(long, value_name = "OPERATIONS")]
    at: Option<usize>,
    /// Why is the object with this id alive?
    #[arg(long, value_name = "ID")]
    why: Option<String>,
    /// Which objects retain most?
    #[arg(long)]
    retained: bool,
    /// Where to write a picture for Graphviz
    #[arg(long, value_name = "OUT")]
    dot: Option<PathBuf>,
    /// Where to write a snapshot for Chrome's DevTools
    #[arg(long, value_name = "OUT")]
    heapsnapshot: Option<PathBuf>,
    /// Where to write every object as a line of JSON
    #[arg(long, value_name = "OUT")]
    json_lines: Option<PathBuf>,
}

/// So many objects are in a picture at most.
const DOT_OBJECTS_MAX: usize = 300;

/// So many objects are in the table of those that retain most.
const RETAINERS_MAX: usize = 20;

pub(super) fn run(arguments: &Arguments, output: &mut Output) -> Result<Exit, Trouble> {
    let program = read_program(&arguments.file).map_err(Trouble::misuse)?;
    let (at, all) = (arguments.at.unwrap_or(program.ops.len()), program.ops.len());
    if at > all {
        let file = arguments.file.display();
        return Err(Trouble::Misuse(format!("{file}: there are {all} operations, not {at}")));
    }
    crate::with_collector!(arguments.backend, C => run_on::<C>(arguments, &program, at, output))
}

fn run_on<C: Collector + Default>(
    arguments: &Arguments,
    program: &Program,
    at: usize,
    output: &mut Output,
) -> Result<Exit, Trouble> {
    let mut session = Session::<C>::new(Setup::default());
    for op in &program.ops[..at] {
        session.perform(op);
    }
    let text = session.inspect(&program.names, |open| answer(arguments, program, &open))?;
    let (all, backend) = (program.ops.len(), arguments.backend);
    writeln!(output, "after {at} of {all} operations on {backend}:")?;
    output.print(&text)?;
    Ok(Exit::Agreement)
}

/// Does what was asked for, and says what there is to say.
fn answer(
    arguments: &Arguments,
    program: &Program,
    open: &LaidOpen<'_, '_>,
) -> Result<String, Trouble> {
    let mut text = String::new();
    if let Some(id) = &arguments.why {
        text += &explain(open, program, id)?;
    }
    if arguments.retained {
        text += &retainers(open);
    }
    text += &write_files(arguments, open)?;
    if text.is_empty() {
        text = census(open);
    }
    Ok(text)
}

/// Objects and bytes of each type, and what of that is unreachable.
fn census(open: &LaidOpen<'_, '_>) -> String {
    let graph = open.heap.graph();
    let mut classes: Vec<Class> = Vec::new();
    for node in graph.nodes() {
        let object = graph.object(node);
        let name = object.short_type_name().to_string();
        let place = classes.iter().position(|class| class.name == name).unwrap_or_else(|| {
            classes.push(Class { name, ..Class::default() });
            classes.len() - 1
        });
        classes[place].add(object.size_bytes(), graph.is_reachable(node));
    }
    heap::census(&mut classes)
}

/// The objects that retain most.
fn retainers(open: &LaidOpen<'_, '_>) -> String {
    let graph = open.heap.graph();
    let dominators = graph.dominators();
    let largest = dominators.largest().take(RETAINERS_MAX).map(|node| {
        let object = graph.object(node);
        Retainer {
            name: open.label(object).unwrap_or("-").to_owned(),
            class: object.short_type_name().to_string(),
            bytes: object.size_bytes(),
            retained_bytes: dominators.retained_bytes(node),
            retained_objects: dominators.retained_objects(node),
        }
    });
    let left = dominators.reachable_objects().saturating_sub(RETAINERS_MAX);
    heap::retainers(&largest.collect::<Vec<_>>(), left)
}

/// Why an object is alive, and what refers to it.
fn explain(open: &LaidOpen<'_, '_>, program: &Program, id: &str) -> Result<String, Trouble> {
    let fate = program.names.get(id).map_or(Fate::Unmade, |name| open.find(name));
    let object = match fate {
        Fate::Unmade => {
            let reason = format!("no operation that has run has made an object `{id}`");
            return Err(Trouble::Misuse(reason));
        }
        Fate::Dead => return Ok(format!("{id} is dead\n")),
        Fate::Present(object) => object,
    };
    let mut text = match open.heap.why_alive(object) {
        None => format!("{id} is garbage that was not reclaimed\n"),
        Some(path) => {
            let objects: Vec<AnyGc<'_>> = path.objects().collect();
            let mut holder = None;
            open.heap.for_each_root(|holding, held| {
                if holder.is_none() && Some(&held) == objects.first() {
                    holder = Some(open.holder(holding));
                }
            });
            format!("{id} is alive: {} -> {}\n", holder.unwrap_or_default(), open.way(&objects))
        }
    };
    let mut holders = Vec::new();
    open.heap.for_each_root(|holding, held| {
        if held == object {
            holders.push(open.holder(holding));
        }
    });
    let graph = open.heap.graph();
    for holder in open.heap.referrers(object) {
        let is_garbage = graph.node(holder).is_none_or(|node| !graph.is_reachable(node));
        let remark = if is_garbage { " (unreachable)" } else { "" };
        holders.push(format!("{}{remark}", open.link(holder, object)));
    }
    holders.sort_unstable();
    for holder in holders {
        text += &format!("  held by {holder}\n");
    }
    Ok(text)
}

/// Writes the files that were asked for, and says which.
fn write_files(arguments: &Arguments, open: &LaidOpen<'_, '_>) -> Result<String, Trouble> {
    let snapshot = Snapshot::of(open.heap).label(|object| open.label(object).map(str::to_owned));
    let mut text = String::new();
    if let Some(path) = &arguments.dot {
        // Not even an empty file, if it is too large.
        let mut picture = Vec::new();
        snapshot.write_dot(&mut picture, DOT_OBJECTS_MAX).map_err(|error| match error {
            DotError::TooManyObjects { .. } => Trouble::misuse(error),
            DotError::Io(error) => cannot_write(path, &error),
        })?;
        text += &write_file(path, |mut file| file.write_all(&picture))?;
    }
    if let Some(path) = &arguments.heapsnapshot {
        text += &write_file(path, |file| snapshot.write_heapsnapshot(file))?;
    }
    if let Some(path) = &arguments.json_lines {
        text += &write_file(path, |file| snapshot.write_json_lines(file))?;
    }
    Ok(text)
}

fn write_file(path: &Path, write: impl FnOnce(File) -> io::Result<()>) -> Result<String, Trouble> {
    File::create(path).and_then(write).map_err(|error| cannot_write(path, &error))?;
    Ok(format!("{} is written\n", path.display()))
}

fn cannot_write(path: &Path, error: &io::Error) -> Trouble {
    Trouble::Failure(format!("{}: {error}", path.display()))
}
