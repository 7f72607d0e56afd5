//! The table of goals.

use super::Sheet;
use super::table::NOTHING;
use crate::goals::{Bound, Judgment};

/// A row per goal and backend, and whether it is reached.
#[must_use]
pub fn goals(judgments: &[Judgment]) -> Sheet {
    let mut sheet =
        Sheet::new(&["goal", "measure", "backend", "bound", "measured", "verdict"], 3..5);
    for judgment in judgments {
        let bound = match judgment.bound {
            Bound::AtMost(bound) => format!("<= {bound}"),
            Bound::AtLeast(bound) => format!(">= {bound}"),
        };
        let value = judgment.value.map_or(NOTHING.to_owned(), |value| format!("{value:.3}"));
        let verdict = match (judgment.is_reached, &judgment.remark) {
            (Some(true), _) => "reached".to_owned(),
            (Some(false), _) => "NOT reached".to_owned(),
            (None, Some(remark)) => format!("not judged: {remark}"),
            (None, None) => "not judged".to_owned(),
        };
        sheet.add(vec![
            judgment.row.to_owned(),
            judgment.measure.clone(),
            judgment.backend.to_owned(),
            bound,
            value,
            verdict,
        ]);
    }
    sheet
}
