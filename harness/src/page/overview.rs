//! The table at the top of the page: how each contender stands over all workloads.

use maud::{Markup, html};

use super::{Report, Standing, palette};
use crate::report::duration;

/// A row per contender.
pub(super) fn overview(report: &Report) -> Markup {
    let workloads = report.workloads.len();
    html! {
        div class="scroll" tabindex="0" role="region" aria-label="All workloads in one table" {
            table class="overview" {
                thead {
                    tr {
                        th scope="col" { "contender" }
                        th scope="col" class="number" { "CPU time" }
                        th scope="col" class="number" { "peak memory" }
                        th scope="col" class="number" { "longest pause" }
                        th scope="col" class="number" { "p99 pause" }
                        th scope="col" class="number" { "utilization" }
                        th scope="col" { "reclaims cycles" }
                        th scope="col" { "prompt" }
                        th scope="col" { "moves objects" }
                        th scope="col" class="number" { "workloads" }
                    }
                }
                tbody {
                    @for standing in &report.standings { (row(standing, workloads)) }
                }
            }
        }
        p class="note" {
            "CPU time and peak memory: geometric means, in multiples of the fastest and of the "
            "smallest contender on each workload. Pauses: on the workload where they are longest. "
            "Utilization: what the program has at least of any 10 ms, on the workload where that is "
            "least. A contender that does not run every workload is compared on the others only."
        }
    }
}

fn row(standing: &Standing, workloads: usize) -> Markup {
    let attributes = standing.backend().map(|backend| backend.attributes());
    let is_prompt = attributes.map(|it| it.prompt && !standing.contender.ends_with(":epochs"));
    let ratio = |ratio: Option<f64>| ratio.map(|ratio| format!("{ratio:.2}×"));
    html! {
        tr class=(palette::contender(standing.contender)) data-contender=(standing.contender) {
            th scope="row" { span class="swatch" aria-hidden="true" {} (standing.contender) }
            td class="number" { (or_dash(ratio(standing.cpu_ratio))) }
            td class="number" { (or_dash(ratio(standing.memory_ratio))) }
            td class="number" { (or_dash(standing.pause_ns_max.map(duration))) }
            td class="number" { (or_dash(standing.pause_ns_p99.map(duration))) }
            td class="number" {
                (or_dash(standing.utilization.map(|part| format!("{:.0} %", part * 100.0))))
            }
            td { (yes_or_no(attributes.map(|it| it.reclaims_cycles))) }
            td { (yes_or_no(is_prompt)) }
            td { (yes_or_no(attributes.map(|it| it.moves_objects))) }
            td class="number" { (standing.measured) " of " (workloads) }
        }
    }
}

fn yes_or_no(answer: Option<bool>) -> &'static str {
    match answer {
        Some(true) => "yes",
        Some(false) => "no",
        None => "–",
    }
}

/// What is not known is a dash.
pub(super) fn or_dash(value: Option<impl std::fmt::Display>) -> String {
    value.map_or("–".to_owned(), |value| value.to_string())
}
