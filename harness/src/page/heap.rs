//! The heap over time, and what is in it.

use maud::{Markup, html};

use super::chart::{Band, Caption, HeapChart, Piece, StackChart, Ticks};
use super::legend::{behind, legend};
use super::palette::{self, GARBAGE, TYPE_COLORS};
use super::{Watched, WorkloadReport};
use crate::observe::{HeapRecord, Look, TypeName};
use crate::report::{bytes, count, duration};

/// The heaps of one workload, on axes that are the same for all collectors.
struct Heaps<'a> {
    workload: &'a str,
    heaps: Vec<(&'a Watched, &'a HeapRecord, u64)>,
    x_max_ns: f64,
}

/// Pictures of the heap, a row for each of two questions; nothing if nobody looked.
pub(super) fn heap(workload: &WorkloadReport) -> Markup {
    let heaps: Vec<_> = workload
        .watched
        .iter()
        .filter_map(|watched| Some((watched, watched.heap.as_ref()?, watched.heap_run_ns?)))
        .collect();
    if heaps.iter().all(|(_, heap, _)| heap.slices.is_empty()) {
        return html! {};
    }
    let x_max_ns = heaps.iter().map(|(_, _, run_ns)| *run_ns).max().unwrap_or(0) as f64;
    let heaps = Heaps { workload: workload.name, heaps, x_max_ns };
    html! {
        h3 { "Heap over time" }
        p class="note" {
            "The area is what was in use, from the least to the most in each piece of time; the line "
            "is what was reachable. While one operation lasts nothing is known. Strokes below are collections, a row for each generation, the "
            "youngest first. All pictures have the same axes."
        }
        div class="charts" { (heaps.over_time()) }
        h3 { "Live memory by type" }
        (heaps.by_type())
        (behind("What was in the heap when it was looked at", &heaps.table()))
    }
}

impl<'a> Heaps<'a> {
    fn over_time(&self) -> Markup {
        let slices = self.heaps.iter().flat_map(|(_, heap, _)| &heap.slices);
        let used_max = slices.map(|slice| slice.used_bytes_max).max().unwrap_or(0);
        html! {
            @for (watched, heap, run_ns) in &self.heaps {
                figure {
                    figcaption { (watched.contender) }
                    (self.chart(watched, heap, *run_ns, used_max as f64).draw())
                }
            }
        }
    }

    fn chart(
        &self,
        watched: &Watched,
        heap: &HeapRecord,
        run_ns: u64,
        y_max_bytes: f64,
    ) -> HeapChart {
        let used_max = heap.slices.iter().map(|slice| slice.used_bytes_max).max().unwrap_or(0);
        let slice_ns = heap.slice_ns as f64;
        let pieces: Vec<Piece> = heap
            .slices
            .iter()
            .map(|slice| Piece {
                begin_ns: slice.place as f64 * slice_ns,
                end_ns: (slice.place + 1) as f64 * slice_ns,
                least_bytes: slice.used_bytes_min as f64,
                most_bytes: slice.used_bytes_max as f64,
                collections: slice.collections.clone(),
            })
            .collect();
        let sum: u64 = pieces.iter().flat_map(|piece| &piece.collections).sum();
        HeapChart {
            caption: Caption {
                title: format!("Heap of {} on {}", watched.contender, self.workload),
                description: format!(
                    "At most {} in use, in {}, with {} collections",
                    bytes(used_max),
                    duration(run_ns),
                    count(sum)
                ),
            },
            class: palette::contender(watched.contender),
            x_max_ns: self.x_max_ns,
            y_max_bytes,
            used: pieces,
            reachable: heap
                .looks
                .iter()
                .map(|look| (look.at_ns as f64, look.reachable_bytes() as f64))
                .collect(),
            generations: self.generations(),
        }
    }

    /// The most generations that any of the collectors has.
    fn generations(&self) -> usize {
        let slices = self.heaps.iter().flat_map(|(_, heap, _)| &heap.slices);
        slices.map(|slice| slice.collections.len()).max().unwrap_or(0)
    }

    /// The types of all heaps, those first that took most at any time.
    fn types(&self) -> Vec<&'a TypeName> {
        let mut types: Vec<(&'a TypeName, u64)> = Vec::new();
        for (_, heap, _) in &self.heaps {
            for (place, name) in heap.types.iter().enumerate() {
                let most = heap.looks.iter().map(|look| bytes_at(look, place)).max().unwrap_or(0);
                match types.iter_mut().find(|(known, _)| *known == name) {
                    Some((_, known)) => *known = most.max(*known),
                    None => types.push((name, most)),
                }
            }
        }
        types.sort_by(|left, right| {
            right.1.cmp(&left.1).then_with(|| left.0.name.cmp(&right.0.name))
        });
        types.into_iter().filter(|(_, most)| *most > 0).map(|(name, _)| name).collect()
    }

    fn by_type(&self) -> Markup {
        let types = self.types();
        let shown = &types[..types.len().min(TYPE_COLORS)];
        let mut entries: Vec<(String, &str)> = shown
            .iter()
            .enumerate()
            .map(|(place, name)| (palette::type_at(place), &*name.short))
            .collect();
        if types.len() > shown.len() {
            entries.push((palette::type_at(TYPE_COLORS), "other types"));
        }
        entries.push((GARBAGE.to_owned(), "unreachable, not yet reclaimed"));
        let looks = self.heaps.iter().flat_map(|(_, heap, _)| &heap.looks);
        let most = looks.map(|look| look.reachable_bytes() + look.garbage_bytes).max();
        html! {
            (legend(entries))
            div class="charts" {
                @for (watched, heap, _) in self.heaps.iter().filter(|(_, heap, _)| !heap.looks.is_empty()) {
                    figure {
                        figcaption { (watched.contender) }
                        (self.stack(watched, heap, shown, most.unwrap_or(0)).draw())
                    }
                }
            }
        }
    }

    fn stack(
        &self,
        watched: &Watched,
        heap: &HeapRecord,
        types: &[&TypeName],
        most: u64,
    ) -> StackChart {
        let mut bands: Vec<Band> = types
            .iter()
            .enumerate()
            .map(|(place, &name)| {
                let own = heap.types.iter().position(|known| known == name);
                let bytes = heap.looks.iter().map(|look| own.map_or(0, |own| bytes_at(look, own)));
                Band {
                    name: name.short.clone(),
                    class: palette::type_at(place),
                    bytes: bytes.collect(),
                }
            })
            .collect();
        let shown = |place: usize| bands.iter().map(|band| band.bytes[place]).sum::<u64>();
        let others: Vec<u64> = heap
            .looks
            .iter()
            .enumerate()
            .map(|(place, look)| look.reachable_bytes() - shown(place))
            .collect();
        let other_class = palette::type_at(TYPE_COLORS);
        bands.push(Band { name: "other types".to_owned(), class: other_class, bytes: others });
        let garbage = heap.looks.iter().map(|look| look.garbage_bytes);
        bands.push(Band {
            name: "unreachable".to_owned(),
            class: GARBAGE.to_owned(),
            bytes: garbage.collect(),
        });
        let reachable = heap.looks.iter().map(Look::reachable_bytes).max().unwrap_or(0);
        let garbage = heap.looks.iter().map(|look| look.garbage_bytes).max().unwrap_or(0);
        StackChart {
            caption: Caption {
                title: format!("Types in the heap of {} on {}", watched.contender, self.workload),
                description: format!(
                    "At most {} reachable and {} unreachable; the largest type is {}",
                    bytes(reachable),
                    bytes(garbage),
                    types.first().map_or("none", |name| &name.short)
                ),
            },
            x_max_ns: self.x_max_ns,
            y_max_bytes: most as f64,
            moments_ns: heap.looks.iter().map(|look| look.at_ns as f64).collect(),
            bands,
        }
    }

    fn table(&self) -> Markup {
        let types = self.types();
        let columns = &types[..types.len().min(TYPE_COLORS)];
        html! {
            table {
                caption class="unseen" { "The heap on " (self.workload) " at some moments" }
                thead {
                    tr {
                        th scope="col" { "collector" }
                        th scope="col" class="number" { "at" }
                        th scope="col" class="number" { "objects" }
                        th scope="col" class="number" { "reachable" }
                        th scope="col" class="number" { "unreachable" }
                        @for name in columns { th scope="col" class="number" { (name.short) } }
                    }
                }
                tbody {
                    @for (watched, heap, _) in &self.heaps {
                        // Every moment would be a long table.
                        @for look in heap.looks.iter().step_by((heap.looks.len() / 8).max(1)) {
                            (row(watched, heap, look, columns))
                        }
                    }
                }
            }
        }
    }
}

fn row(watched: &Watched, heap: &HeapRecord, look: &Look, columns: &[&TypeName]) -> Markup {
    html! {
        tr {
            th scope="row" { (watched.contender) }
            td class="number" { (Ticks::Nanoseconds.label(look.at_ns as f64)) }
            td class="number" data-value=(look.objects) { (count(look.objects)) }
            td class="number" data-value=(look.reachable_bytes()) { (bytes(look.reachable_bytes())) }
            td class="number" data-value=(look.garbage_bytes) { (bytes(look.garbage_bytes)) }
            @for name in columns {
                @let place = heap.types.iter().position(|known| known == *name);
                @let own = place.map_or(0, |place| bytes_at(look, place));
                td class="number" data-value=(own) { (bytes(own)) }
            }
        }
    }
}

/// Bytes of a type; none if it was not known yet.
fn bytes_at(look: &Look, place: usize) -> u64 {
    look.bytes.get(place).copied().unwrap_or(0)
}
