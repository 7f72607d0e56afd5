//! `RefCell<Vec<Gc>>` is not `Trace`: stores into it would pass by the write barrier.

use std::cell::RefCell;

use gc_core::{Gc, Trace};

#[derive(Trace)]
struct Node<'gc> {
    children: RefCell<Vec<Gc<'gc, Node<'gc>>>>,
}

fn main() {}
