//! Tables of operations and of their instructions.

use super::table::{NOTHING, finish, new_table, unique};
use crate::backend::Backend;
use crate::operations::instructions::Count;
use crate::operations::{Answer, Measured, Runner, Unit};

/// A row per operation, a column per runner: medians, and the range they are from.
#[must_use]
pub fn operations(measured: &[Measured]) -> String {
    let runners = unique(measured.iter().map(|measured| measured.runner));
    let rows = unique(measured.iter().map(|measured| measured.operation));
    let mut header = vec!["operation", "unit"];
    header.extend(runners.iter().map(|runner| runner.name()));
    let mut table = new_table(&header, 2..header.len());
    for operation in rows {
        let unit = match operation.unit {
            Unit::Nanoseconds => "ns",
            Unit::Percent => "%",
            Unit::Times => "times",
        };
        let cell = |&runner: &Runner| {
            let mut found = measured.iter();
            found
                .find(|measured| measured.operation == operation && measured.runner == runner)
                .map_or(NOTHING.to_owned(), |measured| answer(&measured.answer))
        };
        let names = [operation.name.to_owned(), unit.to_owned()];
        table.add_row(names.into_iter().chain(runners.iter().map(cell)));
    }
    finish(&table)
}

fn answer(answer: &Answer) -> String {
    match answer {
        Answer::Measured { median, least, most } => {
            format!("{} ({}-{})", number(*median), number(*least), number(*most))
        }
        Answer::Cannot(reason) => reason.clone(),
        Answer::Failed(_) => "FAILED".to_owned(),
    }
}

/// A row per operation or workload, a column per backend: instructions, and the barrier's share of
/// the workloads'.
#[must_use]
pub fn instructions(counts: &[Count]) -> String {
    let backends = unique(counts.iter().map(|count| count.backend));
    let mut header = vec!["instructions"];
    header.extend(backends.iter().map(|backend| backend.name()));
    let mut table = new_table(&header, 1..header.len());
    for name in unique(counts.iter().map(|count| count.name)) {
        let cell = |&backend: &Backend| {
            let mut found = counts.iter();
            let count = found.find(|count| count.name == name && count.backend == backend);
            count.map_or(NOTHING.to_owned(), |count| {
                format!("{} ({:.1} %)", number(count.instructions), count.barrier_percent)
            })
        };
        table.add_row([name.to_owned()].into_iter().chain(backends.iter().map(cell)));
    }
    format!("{}In parentheses: the write barrier's share.\n", finish(&table))
}

/// Three digits, or all that are before the point.
fn number(value: f64) -> String {
    let digits = match value.abs() {
        ..9.995 => 2,
        ..99.95 => 1,
        _ => 0,
    };
    format!("{value:.digits$}")
}
