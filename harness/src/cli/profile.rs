//! `harness profile`.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use gc_core::Sampling;
use gc_insight::profile::{Measure, Profile, with_stacks};

use super::size::Size;
use super::{Exit, Output, Trouble};
use crate::backend::Backend;
use crate::measure::Instruments;
use crate::observe::AllocationObserver;
use crate::workloads::{Parameters, Workload};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Which workload: a name that `list` shows
    #[arg(value_parser = Workload::find)]
    workload: &'static Workload,
    /// Which backend: refcount, marksweep, generational or null
    #[arg(long, default_value_t = Backend::Generational)]
    backend: Backend,
    #[command(flatten)]
    size: Size,
    /// Where the random numbers begin
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Bytes from one sample to the next, on average; with 1 every object is noted
    #[arg(long, value_name = "BYTES", default_value_t = Sampling::default().interval_bytes())]
    interval: usize,
    /// Notes the call stack of each sample
    #[arg(long)]
    stacks: bool,
    /// What flame graphs and folded stacks show
    #[arg(long, value_enum, default_value_t = Shown::Peak)]
    show: Shown,
    /// How many lines the table has
    #[arg(long, default_value_t = 20)]
    lines: usize,
    /// Writes folded stacks
    #[arg(long, value_name = "FILE")]
    folded: Option<PathBuf>,
    /// Draws a flame graph, as SVG
    #[arg(long, value_name = "FILE")]
    flame_graph: Option<PathBuf>,
    /// Writes pprof's format, for `go tool pprof` and the like
    #[arg(long, value_name = "FILE")]
    pprof: Option<PathBuf>,
    /// Writes the whole profile as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Shown {
    /// What is live at the end
    Live,
    /// All that was allocated
    Allocated,
    /// What was live when the heap was largest
    Peak,
}

impl Shown {
    fn measure(self) -> Measure {
        match self {
            Shown::Live => Measure::Live,
            Shown::Allocated => Measure::Allocated,
            Shown::Peak => Measure::Peak,
        }
    }
}

pub(super) fn run(arguments: &Arguments, output: &mut Output) -> Result<Exit, Trouble> {
    let &Arguments { workload, backend, seed, .. } = arguments;
    let parameters = Parameters { scale: arguments.size.of(workload)?, seed };
    let mut sampling = Sampling::every_bytes(arguments.interval).seed(seed);
    if arguments.stacks {
        sampling = with_stacks(sampling);
    }
    let observer = AllocationObserver::new(sampling);
    let mut instruments = Instruments::silent().observer(observer.clone());
    workload.run(backend, &parameters, &mut instruments);
    let profile = observer
        .take()
        .ok_or_else(|| Trouble::Misuse(format!("{} shows its arenas to nobody", workload.name)))?;

    output.print(&profile.lines(None).top(arguments.lines).read_sources(".").to_string())?;
    let measure = arguments.show.measure();
    let title = format!("{} on {backend}, scale {}", workload.name, parameters.scale);
    write_file(arguments.folded.as_deref(), |file| profile.write_folded(file, measure))?;
    write_file(arguments.flame_graph.as_deref(), |file| {
        profile.write_flame_graph(file, measure, &title)
    })?;
    write_file(arguments.pprof.as_deref(), |file| profile.write_pprof(file))?;
    write_file(arguments.json.as_deref(), |file| write_json(&profile, file))?;
    Ok(Exit::Agreement)
}

fn write_json(profile: &Profile, file: impl Write) -> io::Result<()> {
    serde_json::to_writer(file, profile).map_err(io::Error::from)
}

/// Writes a file, if it was asked for.
fn write_file(
    path: Option<&Path>,
    write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> Result<(), Trouble> {
    let Some(path) = path else { return Ok(()) };
    let failure = |error| Trouble::Misuse(format!("{}: {error}", path.display()));
    let mut file = BufWriter::new(File::create(path).map_err(failure)?);
    write(&mut file).map_err(failure)?;
    file.flush().map_err(failure)
}
