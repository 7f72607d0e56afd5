//! The table of times: each contender on one workload, with a bar.

use maud::{Markup, html};

use super::WorkloadReport;
use super::palette;
use crate::measure::Spread;
use crate::report::{ComparisonRow, bytes, duration};

/// The fastest first, and at the end who has no time, with the reason.
pub(super) fn times(workload: &WorkloadReport) -> Markup {
    let mut rows: Vec<_> = workload.times.iter().collect();
    rows.sort_by_key(|row| row.cpu_ns.map_or(u64::MAX, |spread| spread.median));
    let most = rows.iter().filter_map(|row| row.cpu_ns).map(|spread| spread.max).max().unwrap_or(1);
    html! {
        table class="times" role="table" {
            caption class="unseen" { "CPU time and peak memory on " (workload.name) }
            thead role="rowgroup" {
                tr role="row" {
                    th role="columnheader" scope="col" { "contender" }
                    th role="columnheader" scope="col" class="bar" { "CPU time, with its range" }
                    th role="columnheader" scope="col" class="number" { "median" }
                    th role="columnheader" scope="col" class="number" { "least" }
                    th role="columnheader" scope="col" class="number" { "most" }
                    th role="columnheader" scope="col" class="number" { "to fastest" }
                    th role="columnheader" scope="col" class="number" { "peak memory" }
                }
            }
            tbody role="rowgroup" {
                @for row in rows { (time_row(workload.name, row, most)) }
            }
        }
    }
}

fn time_row(workload: &str, row: &ComparisonRow, most_ns: u64) -> Markup {
    let Some(Spread { median, min, max }) = row.cpu_ns else {
        let word = row.word.as_deref().unwrap_or("not measured");
        return html! {
            tr role="row" class="without" {
                th role="rowheader" scope="row" { (row.contender) }
                td role="cell" class="word" colspan="6" { (word) }
            }
        };
    };
    let percent = |ns: u64| (ns as f64 / most_ns.max(1) as f64 * 1000.0).round() / 10.0;
    let id = |what: &str| format!("time/{workload}/{}/{what}", row.contender);
    html! {
        tr role="row" class=(palette::contender(row.contender)) {
            th role="rowheader" scope="row" { (row.contender) }
            td role="cell" class="bar" {
                svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true" {
                    rect class="bar" y="1.5" width=(percent(median)) height="7" {}
                    path class="range" d=(format!("M{} 5H{}", percent(min), percent(max))) {}
                }
            }
            td role="cell" class="number median" data-value=(median) id=(id("median")) {
                (duration(median))
            }
            td role="cell" class="number" data-label="least" data-value=(min) { (duration(min)) }
            td role="cell" class="number" data-label="most" data-value=(max) { (duration(max)) }
            td role="cell" class="number" data-label="to fastest" {
                @if let Some(ratio) = row.ratio { (format!("{ratio:.2}")) }
            }
            td role="cell" class="number" data-label="peak memory" data-value=[row.peak_rss_bytes] {
                @if let Some(peak) = row.peak_rss_bytes { (bytes(peak)) }
            }
        }
    }
}
