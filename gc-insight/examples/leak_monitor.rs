//! How long does the leak monitor take to find a leak, and how often is it wrong?
//!
//! Synthetic programs run with many seeds each; those that do not leak come first.

use gc_insight::leak::LeakMonitor;

#[path = "../tests/programs/mod.rs"]
mod programs;

use programs::{OBSERVATIONS, PROGRAMS};

/// Runs of each program.
const SEEDS: u64 = 200;

fn main() {
    println!("{SEEDS} runs of each program, {OBSERVATIONS} observations each");
    println!("{:45} {:>6} {:>7} {:>7} {:>7}", "program", "alarms", "median", "90 %", "last");
    for program in PROGRAMS {
        let verdict = program.judge(SEEDS, LeakMonitor::new);
        let alarms = 100.0 * verdict.alarms as f64 / verdict.runs as f64;
        let delays = [0.5, 0.9, 1.0].map(|quantile| match verdict.delay(quantile) {
            Some(delay) => delay.to_string(),
            None => "-".into(),
        });
        let [median, most, last] = delays;
        let kind = if program.leaks_from.is_some() { "leak" } else { "no leak" };
        let name = format!("{kind}: {}", program.name);
        println!("{name:45} {alarms:>5.1}% {median:>7} {most:>7} {last:>7}");
    }
}
