//! Tables of results.

use comfy_table::{CellAlignment, LineStyle, Table, TableStyle};

use super::{bytes, count, disagreements, duration};
use crate::measure::Outcome;

/// One line, below the header: a table that can be copied into a message.
const STYLE: TableStyle = TableStyle::new().header_separator(LineStyle::new('─', '─', '─', '─'));

/// Stands where there is no value.
pub(super) const NOTHING: &str = "-";

/// Stands where a measurement went wrong.
pub(super) const FAILED: &str = "FAILED";

/// A row per workload, and what each backend took for it: CPU time and peak memory.
#[must_use]
pub fn overview(outcomes: &[Outcome]) -> String {
    let rows = unique(outcomes.iter().map(|outcome| (outcome.workload(), outcome.scale())));
    let backends = unique(outcomes.iter().map(Outcome::backend));
    let disagreements = disagreements(outcomes);

    let mut header = vec!["workload", "scale"];
    header.extend(&backends);
    header.push("checksum");
    let mut table = new_table(&header, 1..header.len() - 1);
    for (workload, scale) in rows {
        let of_row: Vec<_> = outcomes
            .iter()
            .filter(|outcome| (outcome.workload(), outcome.scale()) == (workload, scale))
            .collect();
        let mut row = vec![workload.to_owned(), scale.to_string()];
        row.extend(backends.iter().map(|&backend| {
            of_row
                .iter()
                .find(|outcome| outcome.backend() == backend)
                .map_or(NOTHING.to_owned(), |outcome| cost(outcome))
        }));
        let is_disputed = disagreements
            .iter()
            .any(|dispute| (&*dispute.workload, dispute.scale) == (workload, scale));
        let mut measured = of_row.iter().filter_map(|outcome| outcome.measurement());
        row.push(match measured.next() {
            _ if is_disputed => "DISAGREE".to_owned(),
            Some(measurement) => measurement.checksum.clone(),
            None => NOTHING.to_owned(),
        });
        table.add_row(row);
    }
    finish(&table)
}

/// CPU time and peak memory, or why there are none.
fn cost(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Measured(measurement) => {
            let memory = measurement
                .peak_rss_bytes
                .map_or(NOTHING.to_owned(), |peak| bytes(peak).to_string());
            format!("{} {memory:>8}", duration(measurement.cpu_ns))
        }
        Outcome::Failed(_) => FAILED.to_owned(),
        Outcome::Skipped(_) => "skipped".to_owned(),
    }
}

/// A row per measurement, with everything that was measured.
#[must_use]
pub fn details(outcomes: &[Outcome]) -> String {
    let header = [
        "workload",
        "backend",
        "scale",
        "CPU",
        "in GC",
        "wall",
        "peak RSS",
        "live max",
        "objects",
        "bytes",
        "collections",
        "pause p50",
        "p99",
        "max",
        "checksum",
    ];
    let mut table = new_table(&header, 2..header.len() - 1);
    for outcome in outcomes {
        let names = [
            outcome.workload().to_owned(),
            outcome.backend().to_owned(),
            outcome.scale().to_string(),
        ];
        let Some(measured) = outcome.measurement() else {
            table.add_row(names.into_iter().chain([cost(outcome)]));
            continue;
        };
        let time = |ns: Option<u64>| ns.map_or(NOTHING.to_owned(), |ns| duration(ns).to_string());
        let size =
            |value: Option<u64>| value.map_or(NOTHING.to_owned(), |value| bytes(value).to_string());
        let number =
            |value: Option<u64>| value.map_or(NOTHING.to_owned(), |value| count(value).to_string());
        table.add_row(names.into_iter().chain([
            time(Some(measured.cpu_ns)),
            time(measured.gc_cpu_ns),
            time(Some(measured.wall_ns)),
            size(measured.peak_rss_bytes),
            size(measured.live_bytes_max),
            number(measured.allocated_objects),
            size(measured.allocated_bytes),
            number(measured.collections),
            time(measured.pause_ns_p50),
            time(measured.pause_ns_p99),
            time(measured.pause_ns_max),
            measured.checksum.clone(),
        ]));
    }
    finish(&table)
}

/// An empty table whose columns `numbers` are aligned to the right.
pub(super) fn new_table(header: &[&str], numbers: std::ops::Range<usize>) -> Table {
    let mut table = Table::new();
    table.load_style(STYLE).set_header(header);
    for place in numbers {
        if let Some(column) = table.column_mut(place) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

pub(super) fn finish(table: &Table) -> String {
    let mut text = table.trim_fmt();
    text.push('\n');
    text
}

/// The values in the order of their first appearance.
pub(super) fn unique<T: PartialEq>(values: impl Iterator<Item = T>) -> Vec<T> {
    let mut unique = Vec::new();
    for value in values {
        if !unique.contains(&value) {
            unique.push(value);
        }
    }
    unique
}
