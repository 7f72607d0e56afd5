//! `Pin` makes nothing traceable that is not: a pinned reference into the heap would outlive what it shows.

use std::pin::Pin;

use gc_core::{Gc, Trace};

#[derive(Trace)]
struct Holder<'gc> {
    pinned: Pin<&'gc Gc<'gc, u32>>,
}

fn main() {}
