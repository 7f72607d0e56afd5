//! `harness soak`.

use std::time::{Duration, SystemTime};

use super::{Exit, Output, Trouble};
use crate::report::bytes;
use crate::soak::{self, SoakOptions};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// How long: a round that has begun is ended
    #[arg(long, default_value_t = 0.0, value_parser = minutes)]
    minutes: f64,
    /// How many rounds at least; without either, one
    #[arg(long, default_value_t = 1)]
    rounds: u64,
    /// The seed of the first round, each further one has the next; by default one that nobody chose
    #[arg(long)]
    seed: Option<u64>,
}

/// A time that has an end.
fn minutes(text: &str) -> Result<f64, String> {
    let minutes: f64 = text.parse().map_err(|_| format!("`{text}` is no number of minutes"))?;
    if (0.0..=1e6).contains(&minutes) {
        Ok(minutes)
    } else {
        Err(format!("from 0 to a million minutes, not {text}"))
    }
}

/// Seeds by the clock are kept short, so that they can be typed.
const CLOCK_SEEDS: u64 = 1_000_000;

fn seed_by_the_clock() -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.map_or(0, |now| now.as_secs() * 1000 + u64::from(now.subsec_millis())) % CLOCK_SEEDS
}

pub(super) fn run(arguments: &Arguments, output: &mut Output) -> Result<Exit, Trouble> {
    let options = SoakOptions {
        seed: arguments.seed.unwrap_or_else(seed_by_the_clock),
        time: Duration::from_secs_f64(60.0 * arguments.minutes),
        rounds: arguments.rounds,
    };
    output.print(&format!("soak from seed {}\n", options.seed))?;
    if crate::measure::resident_bytes().is_none() {
        output.print("this system does not say what is resident: memory is not judged\n")?;
    }
    let mut written = Ok(());
    let report = soak::run(&options, &mut |round, resident_bytes| {
        let resident =
            resident_bytes.map_or(String::new(), |now| format!(", {} resident", bytes(now)));
        let line = format!(
            "seed {}: {} runs, {} objects, {} programs, {:.1} s{resident}\n",
            round.seed,
            round.runs,
            round.objects,
            round.programs,
            round.duration.as_secs_f64(),
        );
        // All of it is run even if nobody reads any more: the exit code is an answer, too.
        if written.is_ok() {
            written = output.print(&line);
        }
    });
    written?;
    let sums = format!(
        "{} rounds, {} runs, {} objects, {} programs",
        report.rounds, report.runs, report.objects, report.programs
    );
    let Some((seed, failure)) = report.failure else {
        output.print(&format!("{sums}: answers agree, accounts balance, memory is flat\n"))?;
        return Ok(Exit::Agreement);
    };
    // What has grown has done so over all rounds.
    let (first, rounds) = match &failure {
        soak::Failure::Faults(_) => (seed, 1),
        soak::Failure::Growth(_) => (options.seed, report.rounds),
    };
    output.print(&format!(
        "{failure}\n{sums}: FAILED\nrepeat with: harness soak --seed {first} --rounds {rounds}\n"
    ))?;
    Ok(Exit::Disagreement)
}
