//! A `BTreeMap` whose keys hold a `Gc` is not `Trace`: its keys cannot be relocated.

use std::collections::BTreeMap;

use gc_core::{Gc, Trace};

#[derive(Trace)]
struct Table<'gc> {
    entries: BTreeMap<Gc<'gc, str>, u32>,
}

fn main() {}
