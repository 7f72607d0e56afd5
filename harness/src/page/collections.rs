//! Tables of collections: what those of each generation did, and the longest ones.

use maud::{Markup, html};

use super::legend::behind;
use super::{Watched, WorkloadReport};
use crate::observe::{GenerationRecord, LongCollection};
use crate::report::{bytes, count, duration};

/// Nothing if there was no collection.
pub(super) fn collections(workload: &WorkloadReport) -> Markup {
    let rows: Vec<(&Watched, usize, &GenerationRecord)> = workload
        .watched
        .iter()
        .flat_map(|watched| {
            let generations = watched.collector.iter().flat_map(|record| &record.generations);
            generations.enumerate().map(move |(place, generation)| (watched, place, generation))
        })
        .filter(|(_, _, generation)| generation.collections > 0)
        .collect();
    if rows.is_empty() {
        return html! {};
    }
    html! {
        h3 { "Collections" }
        div class="scroll" tabindex="0" role="region" aria-label="Collections" {
            table {
                caption class="unseen" { "Collections on " (workload.name) ", by generation" }
                thead {
                    tr {
                        th scope="col" { "collector" }
                        th scope="col" class="number" { "generation" }
                        th scope="col" class="number" { "collections" }
                        th scope="col" class="number" { "together" }
                        th scope="col" class="number" { "longest" }
                        th scope="col" class="number" { "objects looked at" }
                        th scope="col" class="number" { "freed" }
                        th scope="col" class="number" { "bytes freed" }
                    }
                }
                tbody {
                    @for (watched, place, generation) in &rows {
                        tr {
                            th scope="row" { (watched.contender) }
                            td class="number" { (place) }
                            td class="number" data-value=(generation.collections) {
                                (count(generation.collections))
                            }
                            td class="number" data-value=(generation.duration_ns) {
                                (duration(generation.duration_ns))
                            }
                            td class="number" data-value=(generation.duration_ns_max) {
                                (duration(generation.duration_ns_max))
                            }
                            td class="number" { (count(generation.candidates)) }
                            td class="number" { (count(generation.freed_objects)) }
                            td class="number" { (bytes(generation.freed_bytes)) }
                        }
                    }
                }
            }
        }
        (behind("The longest collections", &longest(workload)))
    }
}

fn longest(workload: &WorkloadReport) -> Markup {
    let rows = workload.watched.iter().flat_map(|watched| {
        let collections = watched.collector.iter().flat_map(|record| &record.longest);
        collections.map(move |collection| (watched.contender, collection))
    });
    html! {
        table {
            caption class="unseen" { "The longest collections on " (workload.name) }
            thead {
                tr {
                    th scope="col" { "collector" }
                    th scope="col" class="number" { "began at" }
                    th scope="col" class="number" { "took" }
                    th scope="col" { "why" }
                    th scope="col" class="number" { "generation" }
                    th scope="col" class="number" { "objects looked at" }
                    th scope="col" class="number" { "freed" }
                    th scope="col" class="number" { "bytes freed" }
                    th scope="col" class="number" { "bytes live after" }
                }
            }
            tbody {
                @for (contender, collection) in rows { (row(contender, collection)) }
            }
        }
    }
}

fn row(contender: &str, collection: &LongCollection) -> Markup {
    html! {
        tr {
            th scope="row" { (contender) }
            td class="number" { (duration(collection.start_ns)) }
            td class="number" data-value=(collection.duration_ns) {
                (duration(collection.duration_ns))
            }
            td { (collection.reason) }
            td class="number" { (collection.generation) }
            td class="number" { (count(collection.candidates)) }
            td class="number" { (count(collection.freed_objects)) }
            td class="number" { (bytes(collection.freed_bytes)) }
            td class="number" { (bytes(collection.live_bytes)) }
        }
    }
}
