//! The page itself: what was run, the overview, and a section for each workload.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::allocations::allocations;
use super::blocks::blocks;
use super::collections::collections;
use super::heap::heap;
use super::overview::overview;
use super::pauses::pauses;
use super::times::times;
use super::{Machine, Report, WorkloadReport};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// Nothing is fetched, from nowhere; the browser sees to it.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:";

/// The report as one page of HTML, with its data in it.
///
/// # Errors
///
/// If a number is none.
pub fn html(report: &Report) -> serde_json::Result<String> {
    // What would end the script's element is written otherwise; the JSON means the same.
    let data = report.json()?.replace('<', "\\u003c");
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "Collectors compared" }
                link rel="icon" href="data:,";
                style { (PreEscaped(STYLE)) }
            }
            body {
                (hatching())
                header {
                    h1 { "Collectors compared" }
                    p class="lead" { (what_was_run(report)) }
                    (warning(&report.machine))
                }
                nav aria-label="Workloads" {
                    ul {
                        @for workload in &report.workloads {
                            li { a href=(format!("#{}", workload.name)) { (workload.name) } }
                        }
                    }
                }
                main {
                    section id="overview" aria-labelledby="overview-title" {
                        h2 id="overview-title" { "All workloads" }
                        (overview(report))
                    }
                    @for workload in &report.workloads { (section(workload)) }
                    (how_it_was_measured(report))
                }
                footer {
                    p { "The data of this page: " a href="report.json" { "report.json" } "." }
                }
                script type="application/json" id="report" { (PreEscaped(data)) }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    Ok(page.into_string())
}

fn section(workload: &WorkloadReport) -> Markup {
    let title = format!("{}-title", workload.name);
    let troubles = workload.watched.iter().flat_map(|watched| {
        watched.trouble.iter().map(move |trouble| format!("{}: {trouble}", watched.contender))
    });
    let is_seen = workload
        .watched
        .iter()
        .any(|watched| watched.collector.is_some() || watched.heap.is_some());
    html! {
        section id=(workload.name) aria-labelledby=(title) {
            h2 id=(title) { (workload.name) }
            p { (workload.sentence) }
            p class="note" { "Scale " (workload.scale) ": " (workload.scale_meaning) "." }
            h3 { "Time" }
            (times(workload))
            (pauses(workload))
            (heap(workload))
            (blocks(workload))
            (collections(workload))
            (allocations(workload))
            @if !workload.watched.is_empty() && !is_seen {
                p class="note" { "Nobody has looked into the heap of this workload." }
            }
            @for trouble in troubles { p class="note" { (trouble) } }
        }
    }
}

fn what_was_run(report: &Report) -> String {
    let Machine { system, architecture, processors, allocator, version, .. } = &report.machine;
    let threads = processors.map_or(String::new(), |count| format!(", {count} processor threads"));
    let rounds = match report.rounds {
        1 => "one round, so that nothing is known of the spread".to_owned(),
        rounds => format!("{rounds} interleaved rounds"),
    };
    format!(
        "{} workloads, {rounds}, each run in a process of its own. {system} on {architecture}{threads}; \
         allocator: {allocator}; seed {}; version {version}.",
        report.workloads.len(),
        report.seed
    )
}

fn warning(machine: &Machine) -> Markup {
    html! {
        @if machine.is_debug {
            p class="warning" { strong { "A build for debugging." } " Its times mean nothing." }
        }
    }
}

fn how_it_was_measured(report: &Report) -> Markup {
    html! {
        section id="method" aria-labelledby="method-title" {
            h2 id="method-title" { "How it was measured" }
            dl {
                dt { "Time" }
                dd {
                    "User and system time of the whole process: the median of " (report.rounds)
                    " rounds, the least and the most. In a round every contender has its turn, so "
                    "that what disturbs the machine disturbs all. Nobody listens to the collector or "
                    "looks into the heap in these runs."
                }
                dt { "Pauses and collections" }
                dd {
                    "Another run of the same work, with a listener that reads the clock when the "
                    "collector begins to work and when it has ended. A collector that counts "
                    "references pauses often, and shortly. In windows that are no longer than the "
                    "longest pause, the program has nothing of at least one."
                }
                dt { "Heap and types" }
                dd {
                    "A third run, that stops now and then to look at every object. The time that "
                    "this takes is left out of the axes; that caches are cold afterwards is not. "
                    "Reachable is what the root and handles lead to; unreachable is what lies in the "
                    "heap all the same, and was counted or allocated there."
                }
                dt { "Allocations" }
                dd {
                    "A last run, on one collector, in which allocations are sampled with the calls "
                    "that led to them."
                }
                dt { "Answers" }
                dd { "All contenders must give the same answer on a workload, in every run." }
            }
        }
    }
}

/// The pattern of what is unreachable: it is told from types by more than its color.
fn hatching() -> Markup {
    html! {
        svg class="unseen" width="0" height="0" aria-hidden="true" {
            pattern id="hatch" width="5" height="5" patternUnits="userSpaceOnUse"
                patternTransform="rotate(45)" {
                rect class="hatch-ground" width="5" height="5" {}
                rect class="hatch-line" width="1.6" height="5" {}
            }
        }
    }
}
