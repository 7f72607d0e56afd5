//! The hasher of a `HashMap` may not hold a `Gc`: it is not traced.

use std::collections::HashMap;

use gc_core::{Gc, Trace};

#[derive(Clone)]
struct Seeded<'gc>(Gc<'gc, u64>);

#[derive(Trace)]
struct Table<'gc> {
    entries: HashMap<u32, Gc<'gc, str>, Seeded<'gc>>,
}

fn main() {}
