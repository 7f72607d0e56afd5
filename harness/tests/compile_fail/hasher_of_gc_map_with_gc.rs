//! Nor may the hasher of a `GcHashMap`.

use gc_core::{Gc, GcHashMap, Trace};

#[derive(Clone)]
struct Seeded<'gc>(Gc<'gc, u64>);

#[derive(Trace)]
struct Table<'gc> {
    entries: GcHashMap<'gc, Gc<'gc, str>, u32, Seeded<'gc>>,
}

fn main() {}
