//! What a chart says at the pointer: [`Marks`].

use serde::Serialize;

use super::frame::place;

/// The values of a chart, and where they are.
#[derive(Clone, Debug, Default)]
pub(super) struct Marks(Vec<Mark>);

/// All that is to be said at one place of the horizontal axis.
#[derive(Clone, Debug, Serialize)]
struct Mark {
    x: f64,
    /// In lines.
    text: String,
}

impl Marks {
    pub(super) fn add(&mut self, x: f64, text: String) {
        self.0.push(Mark { x: place(x), text });
    }

    /// As pairs of place and text, in order.
    pub(super) fn json(&self) -> String {
        let mut pairs: Vec<_> = self.0.iter().map(|mark| (mark.x, &mark.text)).collect();
        pairs.sort_by(|left, right| left.0.total_cmp(&right.0));
        serde_json::to_string(&pairs).unwrap_or_default()
    }
}
