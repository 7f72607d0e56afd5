//! A `HashMap` whose keys hold a `Gc` is not `Trace`: its keys cannot be relocated.

use std::collections::HashMap;

use gc_core::{Gc, Trace};

#[derive(Trace)]
struct Table<'gc> {
    entries: HashMap<Gc<'gc, str>, u32>,
}

fn main() {}
