//! What all charts have: axes with labels, a grid, a title and a description.

use maud::{Markup, html};

use super::marks::Marks;
use super::{Scale, Ticks};

/// The size of a chart in units of the SVG, which are pixels unless the page scales it.
pub(super) const WIDTH: f64 = 360.0;
const HEIGHT: f64 = 208.0;
const LEFT: f64 = 54.0;
const RIGHT: f64 = 10.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = 26.0;

/// What a chart shows, in words.
#[derive(Clone, Debug)]
pub(in crate::page) struct Caption {
    /// In a few words.
    pub(in crate::page) title: String,
    /// What somebody who does not see it should know.
    pub(in crate::page) description: String,
}

/// The axes of a chart.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    pub(super) x: (Scale, Ticks),
    pub(super) y: (Scale, Ticks),
    /// Rows below the axis for marks.
    pub(super) rows: usize,
}

/// The height of a row below the axis.
const ROW: f64 = 9.0;

impl Frame {
    pub(super) fn new(x: (Scale, Ticks), y: (Scale, Ticks)) -> Self {
        Frame { x, y, rows: 0 }
    }

    fn bottom(&self) -> f64 {
        HEIGHT - BOTTOM - self.rows as f64 * ROW
    }

    /// The place of a value on the horizontal axis.
    pub(super) fn x(&self, value: f64) -> f64 {
        LEFT + self.x.0.place(value) * (WIDTH - LEFT - RIGHT)
    }

    /// The place of a value on the vertical axis.
    pub(super) fn y(&self, value: f64) -> f64 {
        let bottom = self.bottom();
        bottom - self.y.0.place(value) * (bottom - TOP)
    }

    /// Upper and lower end of a row below the axis.
    pub(super) fn row(&self, place: usize) -> (f64, f64) {
        let top = self.bottom() + 2.0 + place as f64 * ROW;
        (top, top + ROW - 3.0)
    }

    /// A chart with something in it.
    pub(super) fn draw(&self, caption: &Caption, marks: &Marks, content: &Markup) -> Markup {
        let bottom = self.bottom();
        html! {
            svg class="chart" viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" tabindex="0"
                aria-label=(format!("{}. {}", caption.title, caption.description))
                data-marks=(marks.json()) {
                title { (caption.title) }
                desc { (caption.description) }
                g class="grid" {
                    @for value in self.y.1.values(self.y.0) {
                        @let y = place(self.y(value));
                        line x1=(LEFT) x2=(WIDTH - RIGHT) y1=(y) y2=(y) {}
                        text x=(LEFT - 6.0) y=(y) dy="0.32em" text-anchor="end" {
                            (self.y.1.tick_label(value))
                        }
                    }
                    @for (anchor, value) in anchored(self.x.1.values(self.x.0), self.x.0) {
                        @let x = place(self.x(value));
                        line x1=(x) x2=(x) y1=(bottom) y2=(bottom + 4.0) {}
                        text x=(x) y=(HEIGHT - 8.0) text-anchor=(anchor) {
                            (self.x.1.tick_label(value))
                        }
                    }
                }
                (content)
                line class="axis" x1=(LEFT) x2=(WIDTH - RIGHT) y1=(bottom) y2=(bottom) {}
                line class="cursor" y1=(TOP) y2=(bottom) visibility="hidden" {}
            }
        }
    }
}

/// Labels, and how each stands to its value: the last one does not leave the picture.
fn anchored(values: Vec<f64>, scale: Scale) -> impl Iterator<Item = (&'static str, f64)> {
    values.into_iter().map(move |value| {
        let anchor = if scale.place(value) > 0.94 { "end" } else { "middle" };
        (anchor, value)
    })
}

/// A coordinate with one digit after the point.
pub(super) fn place(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}
