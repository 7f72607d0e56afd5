//! The page of `harness report`: what somebody looks at who has to choose a collector.
//!
//! A [`Report`] is everything that was measured and observed. It is written as JSON, and as one page of
//! HTML that needs nothing else: no network, no font, no library. The page has the same JSON in it, and
//! every number in its tables is one of it.
//!
//! - [`report`](Report): the data.
//! - `document`: the page around it; `overview` at its top, and then for each workload `times`,
//!   `pauses`, `heap`, `blocks`, `collections` and `allocations`.
//! - `chart`: pictures, as SVG. `page.css` has their colors, and `page.js` says values at the pointer.

mod allocations;
mod blocks;
mod chart;
mod collections;
mod document;
mod heap;
mod legend;
mod overview;
mod palette;
mod pauses;
mod report;
mod times;

pub use self::document::html;
pub use self::report::{Machine, Report, Standing, Watched, WorkloadReport};
