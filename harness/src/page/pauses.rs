//! How long the program stands still, and what it has left.

use maud::{Markup, html};

use super::chart::{Caption, Line, LineChart, Scale, Ticks};
use super::legend::{behind, legend};
use super::{WorkloadReport, palette};
use crate::observe::CollectorRecord;
use crate::report::{count, duration};

/// The quantiles in the table; the picture has more.
const TABLE_QUANTILES: [(f64, &str); 5] =
    [(0.5, "p50"), (0.9, "p90"), (0.99, "p99"), (0.999, "p99.9"), (1.0, "longest")];

/// The windows in the table, in nanoseconds.
const TABLE_WINDOWS: [(u64, &str); 4] =
    [(1_000_000, "1 ms"), (5_000_000, "5 ms"), (10_000_000, "10 ms"), (50_000_000, "50 ms")];

/// The most nines of the picture's axis.
const NINES_MAX: f64 = 6.0;

type Records<'a> = Vec<(&'static str, &'a CollectorRecord)>;

/// Two pictures, and the numbers behind them; nothing if nobody collected.
pub(super) fn pauses(workload: &WorkloadReport) -> Markup {
    let records: Records<'_> = workload
        .watched
        .iter()
        .filter_map(|watched| Some((watched.contender, watched.collector.as_ref()?)))
        .collect();
    if records.iter().all(|(_, record)| record.pauses == 0) {
        return html! {};
    }
    html! {
        h3 { "Pauses" }
        (legend(records.iter().map(|(name, _)| (palette::contender(name), *name))))
        div class="charts two" {
            figure {
                figcaption { "Length of pauses, by percentile" }
                (percentiles(workload.name, &records).draw())
            }
            figure {
                figcaption { "What the program has at least of any window of time" }
                (utilization(workload.name, &records).draw())
            }
        }
        (behind("Pauses in numbers", &table(workload.name, &records)))
    }
}

/// The longest of a hundred pauses stands at 99 %: a line ends where its pauses do.
fn percentiles<'a>(workload: &str, records: &Records<'a>) -> LineChart<'a> {
    let pauses = records.iter().flat_map(|(_, record)| &record.quantiles);
    let y = Scale::log(pauses.map(|at| at.pause_ns as f64));
    let lines = records.iter().map(|&(name, record)| Line {
        name,
        class: palette::contender(name),
        points: record
            .quantiles
            .iter()
            .map(|at| (at.quantile.min(1.0 - 1.0 / record.pauses as f64), at.pause_ns as f64))
            .collect(),
    });
    let pauses_max = records.iter().map(|(_, record)| record.pauses).max().unwrap_or(0);
    let nines = (pauses_max as f64).log10().clamp(1.0, NINES_MAX);
    let longest = records
        .iter()
        .filter_map(|(name, record)| Some(format!("{name} {}", duration(record.pause_ns(1.0)?))));
    LineChart {
        caption: Caption {
            title: format!("Pauses on {workload}, by percentile"),
            description: format!("Longest pause: {}", longest.collect::<Vec<_>>().join(", ")),
        },
        x: (Scale::Nines { max: nines }, Ticks::Percent),
        y: (y, Ticks::Nanoseconds),
        lines: lines.collect(),
    }
}

fn utilization<'a>(workload: &str, records: &Records<'a>) -> LineChart<'a> {
    let windows = records.iter().flat_map(|(_, record)| &record.utilization);
    let x = Scale::log(windows.map(|at| at.window_ns as f64));
    let lines = records.iter().map(|&(name, record)| Line {
        name,
        class: palette::contender(name),
        points: record.utilization.iter().map(|at| (at.window_ns as f64, at.minimum)).collect(),
    });
    let of_10_ms = records.iter().filter_map(|(name, record)| {
        Some(format!("{name} {:.0} %", record.utilization(10_000_000)? * 100.0))
    });
    LineChart {
        caption: Caption {
            title: format!("Minimum mutator utilization on {workload}"),
            description: format!("Of any 10 ms: {}", of_10_ms.collect::<Vec<_>>().join(", ")),
        },
        x: (x, Ticks::Nanoseconds),
        y: (Scale::linear(1.0), Ticks::Percent),
        lines: lines.collect(),
    }
}

fn table(workload: &str, records: &Records<'_>) -> Markup {
    html! {
        table {
            caption class="unseen" { "Pauses and utilization on " (workload) }
            thead {
                tr {
                    th scope="col" { "collector" }
                    th scope="col" class="number" { "pauses" }
                    th scope="col" class="number" { "together" }
                    @for (_, name) in TABLE_QUANTILES { th scope="col" class="number" { (name) } }
                    @for (_, name) in TABLE_WINDOWS {
                        th scope="col" class="number" { "left of " (name) }
                    }
                }
            }
            tbody {
                @for (name, record) in records {
                    tr {
                        th scope="row" { (name) }
                        td class="number" data-value=(record.pauses) { (count(record.pauses)) }
                        td class="number" data-value=(record.paused_ns) {
                            (duration(record.paused_ns))
                        }
                        @for (quantile, _) in TABLE_QUANTILES {
                            @let pause = record.pause_ns(quantile);
                            td class="number" data-value=[pause] {
                                (super::overview::or_dash(pause.map(duration)))
                            }
                        }
                        @for (window, _) in TABLE_WINDOWS {
                            td class="number" {
                                @let part = record.utilization(window);
                                (super::overview::or_dash(
                                    part.map(|part| format!("{:.1} %", part * 100.0))
                                ))
                            }
                        }
                    }
                }
            }
        }
    }
}
