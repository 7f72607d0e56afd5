//! Lines over a common axis: [`LineChart`].

use std::fmt::Write;

use maud::{Markup, html};

use super::frame::{Caption, Frame, place};
use super::marks::Marks;
use super::{Scale, Ticks};

/// A line with a name.
#[derive(Clone, Debug)]
pub(in crate::page) struct Line<'a> {
    pub(in crate::page) name: &'a str,
    /// The class that gives it its color.
    pub(in crate::page) class: String,
    pub(in crate::page) points: Vec<(f64, f64)>,
}

/// Lines over a common axis.
#[derive(Clone, Debug)]
pub(in crate::page) struct LineChart<'a> {
    pub(in crate::page) caption: Caption,
    pub(in crate::page) x: (Scale, Ticks),
    pub(in crate::page) y: (Scale, Ticks),
    pub(in crate::page) lines: Vec<Line<'a>>,
}

impl LineChart<'_> {
    pub(in crate::page) fn draw(&self) -> Markup {
        let frame = Frame::new(self.x, self.y);
        let mut marks = Marks::default();
        let mut xs: Vec<f64> =
            self.lines.iter().flat_map(|line| line.points.iter().map(|point| point.0)).collect();
        xs.sort_by(f64::total_cmp);
        xs.dedup();
        for x in xs {
            let mut text = self.x.1.label(x);
            for line in &self.lines {
                if let Some((_, y)) = line.points.iter().find(|point| point.0 == x) {
                    // A string takes everything.
                    let _ = write!(text, "\n{}: {}", line.name, self.y.1.label(*y));
                }
            }
            marks.add(frame.x(x), text);
        }
        let content = html! {
            @for line in &self.lines {
                path class=(format!("line {}", line.class)) d=(path(&frame, &line.points)) {}
            }
        };
        frame.draw(&self.caption, &marks, &content)
    }
}

/// A path through points.
pub(super) fn path(frame: &Frame, points: &[(f64, f64)]) -> String {
    let mut path = String::new();
    for (index, &(x, y)) in points.iter().enumerate() {
        let letter = if index == 0 { 'M' } else { 'L' };
        let _ = write!(path, "{letter}{} {}", place(frame.x(x)), place(frame.y(y)));
    }
    path
}
