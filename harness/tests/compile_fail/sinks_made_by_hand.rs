//! `Edges` and `Slots` have no constructor: safe code cannot call `visit` and learn what it reports.

use gc_core::{Edges, Slots};

fn main() {
    let _ = Edges::default();
    let _ = Slots::new();
}
