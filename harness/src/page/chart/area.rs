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
    /// Pieces of time, and what was in use in them.
    pub(in crate::page) used: Vec<Piece>,
    /// What was reachable at some moments.
    pub(in crate::page) reachable: Vec<(f64, f64)>,
    /// Generations whose collections have a row, be there any or not: the youngest first.
    pub(in crate::page) generations: usize,
}

/// A piece of time.
#[derive(Clone, Debug)]
pub(in crate::page) struct Piece {
    pub(in crate::page) begin_ns: f64,
    pub(in crate::page) end_ns: f64,
    pub(in crate::page) least_bytes: f64,
    pub(in crate::page) most_bytes: f64,
    /// Collections of each generation.
    pub(in crate::page) collections: Vec<u64>,
}

impl Piece {
    fn middle_ns(&self) -> f64 {
        f64::midpoint(self.begin_ns, self.end_ns)
    }
}

impl HeapChart {
    pub(in crate::page) fn draw(&self) -> Markup {
        let mut frame = Frame::new(
            (Scale::linear(self.x_max_ns), Ticks::Nanoseconds),
            (Scale::linear(self.y_max_bytes), Ticks::Bytes),
        );
        frame.rows = self.generations;
        // Between pieces that do not touch nothing is known.
        let touching = self.used.chunk_by(|piece, next| piece.end_ns >= next.begin_ns);
        let bands = touching.map(|pieces| {
            let steps = |bytes: fn(&Piece) -> f64| -> Vec<(f64, f64)> {
                let ends =
                    |piece: &Piece| [piece.begin_ns, piece.end_ns].map(|at| (at, bytes(piece)));
                pieces.iter().flat_map(ends).collect()
            };
            between(&frame, &steps(|piece| piece.least_bytes), &steps(|piece| piece.most_bytes))
        });
        let bands: String = bands.collect();
        let content = html! {
            path class=(format!("band {}", self.class)) d=(bands) {}
            path class="reachable" d=(path(&frame, &self.reachable)) {}
            @for generation in 0..self.generations {
                path class=(format!("tick g{generation}")) d=(self.ticks(&frame, generation)) {}
            }
        };
        frame.draw(&self.caption, &self.marks(&frame), &content)
    }

    fn marks(&self, frame: &Frame) -> Marks {
        let mut marks = Marks::default();
        for piece in &self.used {
            let at = piece.middle_ns();
            let mut text = Ticks::Nanoseconds.label(at);
            let [low, high] =
                [piece.least_bytes, piece.most_bytes].map(|value| Ticks::Bytes.label(value));
            let range = if low == high { low } else { format!("{low} to {high}") };
            // A string takes everything.
            let _ = write!(text, "\nin use: {range}");
            let before = self.reachable.iter().rfind(|look| look.0 <= at);
            if let Some((_, reachable)) = before {
                let _ = write!(text, "\nreachable: {}", Ticks::Bytes.label(*reachable));
            }
            for (generation, count) in piece.collections.iter().enumerate().filter(|it| *it.1 > 0) {
                let _ = write!(text, "\ncollections of generation {generation}: {count}");
            }
            marks.add(frame.x(at), text);
        }
        marks
    }

    /// A stroke for each piece of time in which a generation was collected.
    fn ticks(&self, frame: &Frame, generation: usize) -> String {
        let (top, bottom) = frame.row(generation);
        let mut path = String::new();
        for piece in &self.used {
            if piece.collections.get(generation).is_some_and(|&count| count > 0) {
                let _ = write!(path, "M{} {top}V{bottom}", place(frame.x(piece.middle_ns())));
            }
        }
        path
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn while_nothing_is_known_nothing_is_drawn() {
        let piece = |begin: u32, most_bytes: f64| Piece {
            begin_ns: begin.into(),
            end_ns: f64::from(begin) + 10.0,
            least_bytes: 0.0,
            most_bytes,
            collections: vec![u64::from(begin == 10)],
        };
        let chart = HeapChart {
            caption: Caption { title: "Heap".to_owned(), description: "of a test".to_owned() },
            class: "c-null".to_owned(),
            x_max_ns: 100.0,
            y_max_bytes: 8.0,
            used: vec![piece(0, 4.0), piece(10, 8.0), piece(50, 8.0)],
            reachable: Vec::new(),
            generations: 1,
        };
        let svg = chart.draw().into_string();
        let (_, band) = svg.split_once(r#"class="band c-null" d=""#).expect("there is a band");
        let (band, _) = band.split_once('"').expect("it ends");
        // Two that touch, and one that stands alone.
        assert_eq!((band.matches('M').count(), band.matches('Z').count()), (2, 2), "{band}");
        let (_, ticks) = svg.split_once(r#"class="tick g0" d=""#).expect("there is a row");
        assert_eq!(ticks.split_once('"').map_or(0, |(ticks, _)| ticks.matches('M').count()), 1);
    }
}
