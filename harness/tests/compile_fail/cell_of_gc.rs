//! `Cell<Option<Gc>>` is not `Trace`: stores into it would pass by the write barrier.

use std::cell::Cell;

use gc_core::{Gc, Trace};

#[derive(Trace)]
struct Node<'gc> {
    next: Cell<Option<Gc<'gc, Node<'gc>>>>,
}

fn main() {}
