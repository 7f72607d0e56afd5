//! A type that derives `Trace` cannot implement `Drop`: its `next` may be gone when it is dropped.

use gc_core::{Gc, Trace};

#[derive(Trace)]
struct Node<'gc> {
    next: Option<Gc<'gc, Node<'gc>>>,
}

impl Drop for Node<'_> {
    fn drop(&mut self) {}
}

fn main() {}
