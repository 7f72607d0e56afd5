//! What the heap's memory is used for, block by block.

use maud::{Markup, html};

use super::chart::{BlockGrid, Caption, block_rows};
use super::legend::behind;
use super::{WorkloadReport, palette};
use crate::observe::BlockMap;
use crate::report::{bytes, count, duration};

/// A grid for each collector; nothing if nobody looked.
pub(super) fn blocks(workload: &WorkloadReport) -> Markup {
    let maps: Vec<(&str, &BlockMap)> = workload
        .watched
        .iter()
        .filter_map(|watched| Some((watched.contender, watched.heap.as_ref()?.blocks.as_ref()?)))
        .collect();
    let Some(rows) = maps.iter().map(|(_, map)| block_rows(map)).max() else {
        return html! {};
    };
    html! {
        h3 { "Block map" }
        p class="note" {
            "The memory of the heap when most of it was taken, of all moments at which it was looked "
            "at. Each cell is filled as high as it is full: in full color with mature objects, in faint "
            "color with what was allocated lately. Cells with a frame are of large objects. A "
            "cell that is nearly empty is memory that the heap holds for little."
        }
        div class="charts" {
            @for (contender, map) in &maps {
                figure {
                    figcaption { (contender) }
                    (grid(workload.name, contender, map, rows).draw())
                }
            }
        }
        (behind("Blocks in numbers", &table(workload.name, &maps)))
    }
}

fn grid<'a>(workload: &str, contender: &str, map: &'a BlockMap, rows: usize) -> BlockGrid<'a> {
    BlockGrid {
        caption: Caption {
            title: format!("Blocks of {contender} on {workload}"),
            description: format!(
                "{} blocks in use and {} free; in those in use {} are mature, {} young and {} free",
                count(map.blocks),
                count(map.free_blocks),
                bytes(map.block_live_bytes),
                bytes(map.block_young_bytes),
                bytes(map.block_free_bytes)
            ),
        },
        class: palette::contender(contender),
        map,
        rows,
    }
}

fn table(workload: &str, maps: &[(&str, &BlockMap)]) -> Markup {
    html! {
        table {
            caption class="unseen" { "Blocks on " (workload) }
            thead {
                tr {
                    th scope="col" { "collector" }
                    th scope="col" class="number" { "at" }
                    th scope="col" class="number" { "blocks in use" }
                    th scope="col" class="number" { "free blocks" }
                    th scope="col" class="number" { "mature" }
                    th scope="col" class="number" { "young" }
                    th scope="col" class="number" { "free in blocks" }
                    th scope="col" class="number" { "in holes" }
                    th scope="col" class="number" { "large objects" }
                    th scope="col" class="number" { "their pages" }
                }
            }
            tbody {
                @for (contender, map) in maps {
                    tr {
                        th scope="row" { (contender) }
                        td class="number" { (duration(map.at_ns)) }
                        td class="number" data-value=(map.blocks) { (count(map.blocks)) }
                        td class="number" data-value=(map.free_blocks) { (count(map.free_blocks)) }
                        td class="number" { (bytes(map.block_live_bytes)) }
                        td class="number" { (bytes(map.block_young_bytes)) }
                        td class="number" { (bytes(map.block_free_bytes)) }
                        td class="number" { (count(map.holes)) }
                        td class="number" { (count(map.large_objects)) }
                        td class="number" { (bytes(map.large_bytes)) }
                    }
                }
            }
        }
    }
}
