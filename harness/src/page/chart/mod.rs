//! Charts as SVG that goes into a page: its colors are the page's, and so are light and dark.
//!
//! Every chart has a [`Frame`] of the same size, a title and a description for those who do not see it,
//! and says at the pointer what its values are: see `page.js`.

mod area;
mod blocks;
mod frame;
mod lines;
mod marks;
mod scale;

pub(super) use self::area::{Band, HeapChart, Piece, StackChart};
pub(super) use self::blocks::{BlockGrid, rows as block_rows};
pub(super) use self::frame::Caption;
pub(super) use self::lines::{Line, LineChart};
pub(super) use self::scale::{Scale, Ticks};
