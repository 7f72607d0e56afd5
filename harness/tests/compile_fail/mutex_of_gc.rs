//! `Mutex<Gc>` is not `Trace`: stores into it would pass by the write barrier.

use std::sync::Mutex;

use gc_core::{Gc, Trace};

#[derive(Trace)]
struct Node<'gc> {
    next: Mutex<Option<Gc<'gc, Node<'gc>>>>,
}

fn main() {}
