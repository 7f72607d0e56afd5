//! `harness compare`.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::format::Format;
use super::run::verdict;
use super::selection::{self, Selection, expand};
use super::size::Size;
use super::{Exit, Output, Trouble, goals, progress};
use crate::backend::Backend;
use crate::measure::{Contender, Job, Launcher, Order, Outcome, Rounds, Series, Setting};
use crate::report::{Baseline, Comparison, Sheet};
use crate::workloads::{Parameters, WORKLOADS, Workload};

/// Rounds of a comparison, if their number is not given: an odd number has a median.
const RUNS: usize = 5;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Which workload: a name that `list` shows, several with commas, or `all`
    #[arg(long, default_value = "all", value_delimiter = ',', value_parser = selection::workload)]
    workload: Vec<Selection<&'static Workload>>,
    /// Which contender: a backend, a peer, several with commas, or `all`
    #[arg(long, default_value = "all", value_delimiter = ',', value_parser = selection::contender)]
    backend: Vec<Selection<Contender>>,
    /// What the others are divided by; without it, on each workload the best collector that is not
    /// ours
    #[arg(long, conflicts_with = "goals")]
    baseline: Option<Contender>,
    /// How many rounds: 5, or 3 with --goals
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) runs: Option<u16>,
    #[command(flatten)]
    pub(super) size: Size,
    /// Where the random numbers begin
    #[arg(long, default_value_t = 0)]
    pub(super) seed: u64,
    /// A measurement that takes more seconds is ended and not repeated
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) time_limit: u64,
    /// What is printed
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(super) format: Format,
    /// Measures what the project's goals need, and says which of them are reached
    #[arg(long, conflicts_with_all = ["workload", "backend"])]
    goals: bool,
    /// A folder for the result as Markdown and as JSON, which is made if it is not there
    #[arg(long, value_name = "FOLDER")]
    pub(super) out: Option<PathBuf>,
}

impl Arguments {
    pub(super) fn launcher(&self) -> Result<Launcher, Trouble> {
        Ok(Launcher::new()?
            .time_limit(Duration::from_secs(self.time_limit))
            .at_hand_bytes(self.size.at_hand_bytes()))
    }
}

/// Nothing disturbs what is compared.
pub(super) const SILENT: Setting = Setting {
    stress: false,
    no_pauses: true,
    limit_bytes: None,
    pacing_percent: None,
    small_pages: false,
};

pub(super) fn run(arguments: &Arguments, output: &mut Output) -> Result<Exit, Trouble> {
    if arguments.goals {
        return goals::run(arguments, output);
    }
    let workloads =
        expand(&arguments.workload, WORKLOADS.iter(), |left, right| std::ptr::eq(*left, *right));
    let all: Vec<_> = Contender::all().collect();
    let mut contenders = expand(&arguments.backend, all.into_iter(), |left, right| left == right);
    contenders.extend(arguments.baseline.filter(|baseline| !contenders.contains(baseline)));
    // Whether the memory suffices for it is known when the others have run.
    contenders.sort_by_key(|&contender| contender == Contender::Backend(Backend::Null));

    let runs = usize::from(arguments.runs.unwrap_or(RUNS as u16));
    let launcher = arguments.launcher()?;
    let groups = workloads
        .iter()
        .map(|&workload| jobs(workload, &contenders, arguments))
        .collect::<Result<Vec<_>, _>>()?;
    let bar = progress::bar(runs * groups.iter().map(Vec::len).sum::<usize>());
    let mut series = Vec::new();
    for group in groups {
        let mut rounds = Rounds::new(group);
        for _ in 0..runs {
            rounds.round(&launcher, |job| {
                bar.set_message(format!("{} {}", job.order.workload.name, job.order.contender));
                bar.inc(1);
            });
        }
        series.extend_from_slice(rounds.series());
    }
    bar.finish_and_clear();

    let baseline = arguments.baseline.map_or(Baseline::BestCollector, Baseline::Contender);
    let comparison = Comparison::new(&series, baseline, runs, arguments.seed);
    let sheet = comparison.sheet();
    let sentence = comparison.sentence();
    output.print(&arguments.format.write(&sheet, &sentence, &comparison)?)?;
    if let Some(folder) = &arguments.out {
        save(folder, "comparison", &sheet, &sentence, &comparison)?;
    }
    Ok(verdict(&outcomes(&series)))
}

fn jobs(
    workload: &'static Workload,
    contenders: &[Contender],
    arguments: &Arguments,
) -> Result<Vec<Job>, Trouble> {
    let parameters = Parameters { scale: arguments.size.of(workload)?, seed: arguments.seed };
    let job =
        |&contender| Job { order: Order { workload, contender, parameters }, setting: SILENT };
    Ok(contenders.iter().map(job).collect())
}

/// What [`verdict`] judges: everything but what a table says in a word.
pub(super) fn outcomes(series: &[Series]) -> Vec<Outcome> {
    let is_word =
        |outcome: &Outcome| matches!(outcome, Outcome::Skipped(_)) || outcome.is_limited();
    series
        .iter()
        .flat_map(|series| &series.outcomes)
        .filter(|outcome| !is_word(outcome))
        .cloned()
        .collect()
}

/// Writes a result to two files of a folder.
pub(super) fn save(
    folder: &Path,
    name: &str,
    sheet: &Sheet,
    sentence: &str,
    data: &impl serde::Serialize,
) -> Result<(), Trouble> {
    let failure = |error| Trouble::Failure(format!("{}: {error}", folder.display()));
    fs::create_dir_all(folder).map_err(failure)?;
    for (format, suffix) in [(Format::Markdown, "md"), (Format::Json, "json")] {
        let file = folder.join(format!("{name}.{suffix}"));
        fs::write(file, format.write(sheet, sentence, data)?).map_err(failure)?;
    }
    Ok(())
}
