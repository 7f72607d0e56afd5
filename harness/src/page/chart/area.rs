//! Areas over time: the heap with its collections ([`HeapChart`]), and what is in it ([`StackChart`]).

use std::fmt::Write;

use maud::{Markup, html};

use super::frame::{Caption, Frame, place};
use super::lines::path;
use super::marks::Marks;
use super::{Scale, Ticks};

/// The heap over time.
#[derive(Clone, Debug)]
pub(in crate::page) struct HeapChart {
    pub(in crate::page) caption: Caption,
    /// The class that gives it its color.
    pub(in crate::page) class: String,
    pub(in crate::page) x_max_ns: f64,
    pub(in crate::page) y_max_bytes: f64,
    /// Pieces of time: their ends, and what was in use at least and at most.
    pub(in crate::page) used: Vec<(f64, f64, f64)>,
    /// What was reachable at some moments.
    pub(in crate::page) reachable: Vec<(f64, f64)>,
    /// Collections of each generation: when, and how many; the youngest first.
    pub(in crate::page) collections: Vec<Vec<(f64, u64)>>,
}

impl HeapChart {
    pub(in crate::page) fn draw(&self) -> Markup {
        let mut frame = Frame::new(
            (Scale::linear(self.x_max_ns), Ticks::Nanoseconds),
            (Scale::linear(self.y_max_bytes), Ticks::Bytes),
        );
        frame.rows = self.collections.len();
        let lows: Vec<_> = self.used.iter().map(|&(at, low, _)| (at, low)).collect();
        let highs: Vec<_> = self.used.iter().map(|&(at, _, high)| (at, high)).collect();
        let content = html! {
            path class=(format!("band {}", self.class)) d=(between(&frame, &lows, &highs)) {}
            path class="reachable" d=(path(&frame, &self.reachable)) {}
            @for (generation, collections) in self.collections.iter().enumerate() {
                @let (top, bottom) = frame.row(generation);
                path class=(format!("tick g{generation}")) d=(ticks(&frame, collections, top, bottom)) {}
            }
        };
        frame.draw(&self.caption, &self.marks(&frame), &content)
    }

    fn marks(&self, frame: &Frame) -> Marks {
        let mut marks = Marks::default();
        for &(at, low, high) in &self.used {
            let mut text = Ticks::Nanoseconds.label(at);
            let [low, high] = [low, high].map(|value| Ticks::Bytes.label(value));
            let range = if low == high { low } else { format!("{low} to {high}") };
            let _ = write!(text, "\nin use: {range}");
            let before = self.reachable.iter().rfind(|look| look.0 <= at);
            if let Some((_, reachable)) = before {
                let _ = write!(text, "\nreachable: {}", Ticks::Bytes.label(*reachable));
            }
            for (generation, collections) in self.collections.iter().enumerate() {
                if let Some((_, count)) = collections.iter().find(|tick| tick.0 == at) {
                    let _ = write!(text, "\ncollections of generation {generation}: {count}");
                }
            }
            marks.add(frame.x(at), text);
        }
        marks
    }
}

/// A layer of a [`StackChart`].
#[derive(Clone, Debug)]
pub(in crate::page) struct Band {
    pub(in crate::page) name: String,
    /// The class that gives it its color.
    pub(in crate::page) class: String,
    /// Bytes at each of the moments.
    pub(in crate::page) bytes: Vec<u64>,
}

/// Layers on each other.
#[derive(Clone, Debug)]
pub(in crate::page) struct StackChart {
    pub(in crate::page) caption: Caption,
    pub(in crate::page) x_max_ns: f64,
    pub(in crate::page) y_max_bytes: f64,
    pub(in crate::page) moments_ns: Vec<f64>,
    /// From the bottom to the top.
    pub(in crate::page) bands: Vec<Band>,
}

impl StackChart {
    pub(in crate::page) fn draw(&self) -> Markup {
        let frame = Frame::new(
            (Scale::linear(self.x_max_ns), Ticks::Nanoseconds),
            (Scale::linear(self.y_max_bytes), Ticks::Bytes),
        );
        let mut below = vec![0_u64; self.moments_ns.len()];
        let mut layers = Vec::new();
        for band in &self.bands {
            let above: Vec<u64> =
                below.iter().zip(&band.bytes).map(|(below, bytes)| below + bytes).collect();
            layers.push((&band.class, between(&frame, &self.points(&below), &self.points(&above))));
            below = above;
        }
        let content = html! {
            @for (class, layer) in &layers {
                path class=(format!("layer {class}")) d=(layer) {}
            }
        };
        frame.draw(&self.caption, &self.marks(&frame), &content)
    }

    fn points(&self, bytes: &[u64]) -> Vec<(f64, f64)> {
        self.moments_ns.iter().zip(bytes).map(|(&at, &bytes)| (at, bytes as f64)).collect()
    }

    fn marks(&self, frame: &Frame) -> Marks {
        let mut marks = Marks::default();
        for (place, &at) in self.moments_ns.iter().enumerate() {
            let mut text = Ticks::Nanoseconds.label(at);
            // From the top to the bottom, as it is seen.
            for band in self.bands.iter().rev().filter(|band| band.bytes[place] > 0) {
                let bytes = Ticks::Bytes.label(band.bytes[place] as f64);
                let _ = write!(text, "\n{}: {bytes}", band.name);
            }
            marks.add(frame.x(at), text);
        }
        marks
    }
}

/// The area between two lines over the same values.
fn between(frame: &Frame, low: &[(f64, f64)], high: &[(f64, f64)]) -> String {
    let mut points = high.to_vec();
    points.extend(low.iter().rev());
    let mut path = path(frame, &points);
    if !path.is_empty() {
        path.push('Z');
    }
    path
}

/// Short strokes.
fn ticks(frame: &Frame, at: &[(f64, u64)], top: f64, bottom: f64) -> String {
    let mut path = String::new();
    for &(at, _) in at {
        let _ = write!(path, "M{} {top}V{bottom}", place(frame.x(at)));
    }
    path
}
