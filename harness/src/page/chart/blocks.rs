//! The heap's memory as a grid: [`BlockGrid`].

use std::fmt::Write;

use maud::{Markup, html};

use super::Caption;
use super::frame::WIDTH;
use crate::observe::BlockMap;
use crate::report::bytes;

/// Cells in a row.
const COLUMNS: usize = 32;

/// From one cell to the next, and the side of a cell, in units of the SVG.
const STEP: f64 = 11.0;
const SIDE: f64 = 9.0;

/// The first cell's left side.
const LEFT: f64 = (WIDTH - COLUMNS as f64 * STEP) / 2.0;

/// The heap's memory as a grid, each cell filled as high as it is full.
#[derive(Clone, Debug)]
pub(in crate::page) struct BlockGrid<'a> {
    pub(in crate::page) caption: Caption,
    /// The class that gives it its color.
    pub(in crate::page) class: String,
    pub(in crate::page) map: &'a BlockMap,
    /// Rows that the picture has room for: the same for pictures side by side.
    pub(in crate::page) rows: usize,
}

/// The rows that a map takes.
pub(in crate::page) fn rows(map: &BlockMap) -> usize {
    map.cells.len().div_ceil(COLUMNS)
}

impl BlockGrid<'_> {
    pub(in crate::page) fn draw(&self) -> Markup {
        let height = self.rows.max(1) as f64 * STEP;
        let cell_bytes = self.map.cell_bytes.max(1) as f64;
        let [mut ground, mut live, mut young, mut frames] = [const { String::new() }; 4];
        for (place, cell) in self.map.cells.iter().enumerate() {
            let x = LEFT + (place % COLUMNS) as f64 * STEP;
            let bottom = (place / COLUMNS) as f64 * STEP + SIDE;
            let high = |bytes: u64| (bytes as f64 / cell_bytes * SIDE).min(SIDE);
            bar(&mut ground, x, bottom, SIDE);
            bar(&mut live, x, bottom, high(cell.live_bytes));
            bar(&mut young, x, bottom - high(cell.live_bytes), high(cell.young_bytes));
            if place >= self.map.small_cells {
                bar(&mut frames, x, bottom, SIDE);
            }
        }
        html! {
            svg class=(format!("blocks {}", self.class)) role="img"
                viewBox=(format!("0 0 {WIDTH} {height}"))
                aria-label=(format!("{}. {}", self.caption.title, self.caption.description)) {
                title { (self.caption.title) }
                desc { (self.caption.description) }
                path class="cell" d=(ground) {}
                path class="live" d=(live) {}
                path class="young" d=(young) {}
                path class="frames" d=(frames) {}
            }
            p class="note" { "A cell is " (bytes(self.map.cell_bytes)) "." }
        }
    }
}

/// A bar that stands on a cell's bottom; one that cannot be seen is left out.
fn bar(path: &mut String, x: f64, bottom: f64, height: f64) {
    if height >= 0.25 {
        // A string takes everything.
        let _ = write!(path, "M{x} {bottom:.1}v-{height:.1}h{SIDE}v{height:.1}z");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::Cell;

    #[test]
    fn a_cell_is_filled_as_high_as_it_is_full() {
        let cell = |live_bytes, young_bytes| Cell { live_bytes, young_bytes };
        let map = BlockMap {
            cell_bytes: 90,
            cells: vec![cell(90, 0), cell(30, 50), cell(0, 0), cell(90, 0)],
            small_cells: 3,
            ..BlockMap::default()
        };
        let caption = Caption { title: "Blocks".to_owned(), description: "of a test".to_owned() };
        let grid = BlockGrid { caption, class: "c-null".to_owned(), map: &map, rows: rows(&map) };
        let svg = grid.draw().into_string();
        assert!(
            svg.contains(r#"class="live" d="M4 9.0v-9.0h9v9.0zM15 9.0v-3.0h9v3.0zM37 9.0"#),
            "{svg}"
        );
        assert!(svg.contains(r#"class="young" d="M15 6.0v-5.0h9v5.0z""#), "{svg}");
        assert!(svg.contains(r#"class="frames" d="M37 9.0v-9.0h9v9.0z""#), "{svg}");
    }
}
