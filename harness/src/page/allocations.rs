//! Who allocates what: a flame graph, and the lines.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use gc_insight::profile::{Measure, Profile};
use inferno::flamegraph::color::{BasicPalette, parse_hex_color};
use inferno::flamegraph::{self, Options, Palette};
use maud::{Markup, html};

use super::WorkloadReport;
use super::legend::behind;
use crate::report::{bytes, count};

/// So many lines are in the table.
const LINES: usize = 20;

/// The width of the picture: its text fits the page's.
const WIDTH: usize = 1120;

/// Nothing if nothing was sampled.
pub(super) fn allocations(workload: &WorkloadReport) -> Markup {
    let mut watched = workload.watched.iter();
    let Some(profile) = watched.find_map(|watched| watched.allocations.as_ref()) else {
        return html! {};
    };
    let Some(picture) = flame_graph(profile) else {
        return html! {};
    };
    let total = profile.total(Measure::Allocated);
    let about = format!(
        "Flame graph of the allocations of {}: {} in all; the lines are in the table below",
        workload.name,
        bytes(total.bytes as u64)
    );
    html! {
        h3 { "Who allocates" }
        p class="note" {
            "Each call is as wide as the bytes that it and what it calls allocated; the topmost is the "
            "type. Sampled, once for " (bytes(profile.interval_bytes as u64)) " on average. It is the "
            "same with every collector."
        }
        div class="scroll flame" tabindex="0" role="region" aria-label="Flame graph" {
            img alt=(about) src=(format!("data:image/svg+xml;base64,{}", BASE64_STANDARD.encode(picture)));
        }
        (behind("The lines that allocate most", &table(workload.name, profile)))
    }
}

/// As SVG without a script.
fn flame_graph(profile: &Profile) -> Option<Vec<u8>> {
    let mut folded = Vec::new();
    profile.write_folded(&mut folded, Measure::Allocated).ok()?;
    let mut options = Options::default();
    options.title = String::new();
    options.count_name = "bytes".to_owned();
    options.colors = Palette::Basic(BasicPalette::Mem);
    options.bgcolors = "#ffffff".parse().ok();
    // Without a script nothing can be searched for: the word for it is white on white.
    if let Some(white) = parse_hex_color("#ffffff") {
        options.uicolor = white;
    }
    options.image_width = Some(WIDTH);
    options.deterministic = true;
    options.no_javascript = true;
    let mut picture = Vec::new();
    flamegraph::from_reader(&mut options, folded.as_slice(), &mut picture).ok()?;
    Some(picture)
}

fn table(workload: &str, profile: &Profile) -> Markup {
    let mut sites: Vec<_> = profile.sites.iter().collect();
    sites.sort_by(|left, right| right.allocated.bytes.total_cmp(&left.allocated.bytes));
    html! {
        table {
            caption class="unseen" { "The lines that allocate most on " (workload) }
            thead {
                tr {
                    th scope="col" { "line" }
                    th scope="col" { "type" }
                    th scope="col" class="number" { "samples" }
                    th scope="col" class="number" { "objects" }
                    th scope="col" class="number" { "bytes" }
                    th scope="col" class="number" { "live at the end" }
                }
            }
            tbody {
                @for site in sites.into_iter().take(LINES) {
                    tr {
                        th scope="row" { (site.file) ":" (site.line) }
                        td { (site.type_name) }
                        td class="number" data-value=(site.samples) { (count(site.samples)) }
                        td class="number" { (count(site.allocated.objects as u64)) }
                        td class="number" { (bytes(site.allocated.bytes as u64)) }
                        td class="number" { (bytes(site.live.bytes as u64)) }
                    }
                }
            }
        }
    }
}
