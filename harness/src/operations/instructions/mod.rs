//! Instructions of the hot paths, counted by valgrind's callgrind.
//!
//! They are the same on a busy machine as on a quiet one, so a change of a few percent is seen where
//! a clock sees noise. What they do not see is memory: an operation may become slower with fewer
//! instructions. A process for each backend does everything in [`HOT_OPERATIONS`] and [`WORKLOADS`]
//! in turn. Callgrind counts only inside the function in which a [`Meter`] measures,
//! and writes its counts out after each: neither set-up nor start is counted, the loop of the
//! repetitions is.
//!
//! Nothing that is counted depends on addresses or on the time: seeds are fixed, the repetitions
//! are, too. The counts of two runs of one build differ by less than one in ten thousand.
//!
//! # The barrier's share
//!
//! How many of a workload's instructions belong to the write barrier is read off the same profile:
//! the real program with the real collector, and not a second program without a barrier, which would
//! either break the collector or do without the part that logs. Callgrind gives the instructions at
//! each address, the debug information gives the functions that were inlined there. An instruction
//! belongs to the barrier if one of these functions does, and so does everything that is called from
//! there. What this leaves out is what the barrier costs elsewhere: registers that are not free, and
//! what a collection does with the log.

mod baseline;
mod profile;

use std::collections::HashMap;
use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::{env, fs, io, process, ptr};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

pub use self::baseline::{Baseline, Difference};
use self::profile::{Place, Profile};
use super::meter::{Meter, REGION};
use super::{Amount, Operation, Runner};
use crate::backend::Backend;
use crate::measure::Instruments;
use crate::workloads::{Parameters, Workload};

/// The operations whose instructions are counted.
pub const HOT_OPERATIONS: [&str; 10] = [
    "mutate-empty",
    "mutate-temporary",
    "mutate-replacing",
    "allocate",
    "barrier-first",
    "barrier-repeated",
    "dereference",
    "weak-upgrade",
    "root-stash",
    "root-clone",
];

/// A workload whose instructions are counted.
#[derive(Clone, Copy, Debug)]
pub struct CountedWorkload {
    /// What the count is called.
    pub name: &'static str,
    /// The name of the workload.
    pub workload: &'static str,
    /// The scale: one that takes a second at most.
    pub scale: usize,
    /// Whether prompt backends are told to work in epochs.
    pub in_epochs: bool,
}

impl CountedWorkload {
    const fn new(workload: &'static str, scale: usize) -> CountedWorkload {
        CountedWorkload { name: workload, workload, scale, in_epochs: false }
    }

    const fn in_epochs(self, name: &'static str) -> CountedWorkload {
        CountedWorkload { name, in_epochs: true, ..self }
    }
}

/// The workloads whose instructions are counted.
pub const WORKLOADS: [CountedWorkload; 6] = [
    CountedWorkload::new("binary-trees", 12),
    CountedWorkload::new("gcbench", 12),
    CountedWorkload::new("lru", 1000),
    CountedWorkload::new("graph", 1000),
    // Large enough that most of what is written to is old.
    CountedWorkload::new("lru", 20_000).in_epochs("lru:epochs"),
    CountedWorkload::new("graph", 20_000).in_epochs("graph:epochs"),
];

/// Repetitions of an operation, after the one that is not counted.
const REPETITIONS: u64 = 16;

/// The hidden subcommand that does what is counted.
pub(crate) const SUBCOMMAND: &str = "count-here";

/// A part of the name of the function after which callgrind writes its counts out.
const END: &str = "count_ends";

/// A part of the name of every function of the write barrier.
const BARRIER: &str = "write_barrier";

/// What was counted of an operation or a workload on one backend.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Count {
    /// The name of the operation or the workload.
    pub name: &'static str,
    /// Who did it.
    pub backend: Backend,
    /// Instructions for one operation, or of the whole workload.
    pub instructions: f64,
    /// How many of them, in percent, are the write barrier's.
    pub barrier_percent: f64,
}

/// What the process that does it says after each operation or workload: how many operations it
/// measured.
#[derive(Debug, Serialize, Deserialize)]
struct Done {
    operations: u64,
}

#[inline(never)]
fn count_ends(output: &mut dyn Write, done: &Done) -> io::Result<()> {
    serde_json::to_writer(&mut *output, done)?;
    writeln!(output)
}

/// The names of what is counted, in their order.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    HOT_OPERATIONS.into_iter().chain(WORKLOADS.into_iter().map(|counted| counted.name))
}

/// Does everything that is counted, in this process. `Amount::Tiny` is for tests of the harness itself.
///
/// # Errors
///
/// If `output` cannot be written to.
///
/// # Panics
///
/// If a name in this file is none.
#[inline(never)]
pub fn do_here(backend: Backend, amount: Amount, output: &mut dyn Write) -> io::Result<()> {
    for name in HOT_OPERATIONS {
        let operation = Operation::find(name).expect("hot operations are in the table");
        let (objects, _) = amount.of(operation);
        let (_, operations) = operation
            .run(Runner::Backend(backend), objects, REPETITIONS)
            .expect("hot operations run on every backend");
        count_ends(output, &Done { operations })?;
    }
    for CountedWorkload { workload, scale, in_epochs, .. } in WORKLOADS {
        let workload = Workload::find(workload).expect("the workloads are in the table");
        let scale = match amount {
            Amount::Full => scale,
            Amount::Tiny => workload.scale.tiny,
        };
        let parameters = Parameters { scale, seed: 0 };
        let mut meter = Meter::new(1);
        let mut instruments = Instruments::silent().prompt(!in_epochs);
        meter.once(1, || workload.run(backend, &parameters, &mut instruments));
        count_ends(output, &Done { operations: meter.operations() })?;
    }
    output.flush()
}

/// Counts everything on these backends, as many at a time as there are processors. The program that
/// runs is started again with a hidden subcommand, so it must be `harness`.
///
/// # Errors
///
/// If there is no valgrind, or the program fails under it; the error says how.
pub fn count(backends: &[Backend], amount: Amount) -> Result<Vec<Count>, String> {
    let counts: Result<Vec<_>, _> =
        backends.par_iter().map(|&backend| count_on(backend, amount)).collect();
    Ok(counts?.into_iter().flatten().collect())
}

fn count_on(backend: Backend, amount: Amount) -> Result<Vec<Count>, String> {
    let program = env::current_exe().map_err(|error| format!("no program to run: {error}"))?;
    let folder = Folder::new(backend).map_err(|error| format!("no place for profiles: {error}"))?;
    let mut out_file = OsString::from("--callgrind-out-file=");
    out_file.push(folder.0.join("profile"));
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--dump-instr=yes"])
        .args(["--compress-strings=no", "--compress-pos=no"])
        .arg(format!("--toggle-collect=*{REGION}*"))
        .arg(format!("--dump-after=*{END}*"))
        .arg(out_file)
        .arg(program)
        .args([SUBCOMMAND, "--backend", backend.name()])
        .args((amount == Amount::Tiny).then_some("--tiny"))
        .stdin(Stdio::null())
        .output()
        .map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => "no valgrind".to_owned(),
            _ => format!("valgrind cannot be started: {error}"),
        })?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        let last = errors.lines().last().unwrap_or_default();
        return Err(format!("{backend} under valgrind ended with {}: {last}", output.status));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let mut lines = text.lines();
    names()
        .enumerate()
        .map(|(place, name)| {
            let Done { operations } = answer(lines.next())?;
            // Callgrind numbers what it writes from 1 on.
            let path = folder.0.join(format!("profile.{}", place + 1));
            let profile = fs::read_to_string(&path)
                .map_err(|error| format!("callgrind wrote no profile of {name}: {error}"))?;
            let profile = Profile::parse(&profile)?;
            let mut symbols = Symbols::new(&profile)?;
            let barrier = profile.instructions_of(|place| symbols.is_barrier(place));
            Ok(Count {
                name,
                backend,
                instructions: profile.total as f64 / operations as f64,
                barrier_percent: 100.0 * barrier as f64 / profile.total as f64,
            })
        })
        .collect()
}

fn answer<'a, T: Deserialize<'a>>(line: Option<&'a str>) -> Result<T, String> {
    serde_json::from_str(line.unwrap_or_default())
        .map_err(|error| format!("the process that was counted did not say how far it is: {error}"))
}

/// Which places of a profile are in the write barrier. The process that was counted ran the program
/// that runs now, so what was inlined there is known here.
#[derive(Debug)]
struct Symbols<'a> {
    /// The path of the program.
    object: &'a str,
    /// Where the program of this process begins.
    base: usize,
    known: HashMap<usize, bool>,
}

impl<'a> Symbols<'a> {
    fn new(profile: &Profile<'a>) -> Result<Symbols<'a>, String> {
        // Everything that is counted is below this function.
        let Place { object, address } =
            profile.entry("::do_here").ok_or("the profile does not know its program")?;
        let here: fn(Backend, Amount, &mut dyn Write) -> io::Result<()> = do_here;
        let base = (here as *const ()).addr().wrapping_sub(address);
        Ok(Symbols { object, base, known: HashMap::new() })
    }

    fn is_barrier(&mut self, place: Place<'_>) -> bool {
        if place.object != self.object {
            return false;
        }
        let address = self.base.wrapping_add(place.address);
        *self.known.entry(address).or_insert_with(|| functions_at(address).contains(BARRIER))
    }
}

/// The names of the function at an address of this program and of those that were inlined there.
fn functions_at(address: usize) -> String {
    let mut names = String::new();
    // One further: the address is taken for that of a return, whose call is before it.
    backtrace::resolve(ptr::without_provenance_mut(address.wrapping_add(1)), |symbol| {
        names.extend(symbol.name().map(|name| format!("{name}\n")));
    });
    names
}

/// A folder for the profiles of one process, removed in the end.
#[derive(Debug)]
struct Folder(PathBuf);

impl Folder {
    fn new(backend: Backend) -> io::Result<Folder> {
        let path = env::temp_dir().join(format!("harness-{}-{backend}", process::id()));
        fs::create_dir_all(&path)?;
        Ok(Folder(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What an error here leaves behind is small, and there is nobody to tell.
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_counted_exists_and_runs_everywhere() {
        for name in HOT_OPERATIONS {
            let operation = Operation::find(name).unwrap();
            for backend in Backend::ALL {
                assert_eq!(operation.refusal(Runner::Backend(backend)), None, "{name}");
            }
        }
        for CountedWorkload { workload: name, scale, .. } in WORKLOADS {
            Workload::find(name).unwrap().check_scale(scale).unwrap();
        }
    }

    #[test]
    fn functions_are_found_by_their_address() {
        let here: fn(&mut dyn Write, &Done) -> io::Result<()> = count_ends;
        let names = functions_at((here as *const ()).addr());
        assert!(names.contains("count_ends") && !names.contains(BARRIER), "{names}");
    }
}
