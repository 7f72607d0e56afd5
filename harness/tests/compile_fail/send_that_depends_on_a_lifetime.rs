//! A type that is `Send` for one lifetime is not taken to be so for another.

use std::rc::Rc;

use gc_core::{Gc, Trace};

#[derive(Trace)]
struct Picky<'gc> {
    other: Option<Gc<'gc, Picky<'gc>>>,
    shared: Rc<u32>,
}

// SAFETY: this is what must not be believed of other lifetimes.
unsafe impl Send for Picky<'static> {}

#[derive(Trace)]
struct Holder<'gc> {
    picky: Picky<'gc>,
}

fn main() {}
