//! `Arc<Gc>` is not `Trace`: it can be cloned out of the heap and outlives the object it was in.

use std::sync::Arc;

use gc_core::{Gc, Trace};

#[derive(Trace)]
struct Node<'gc> {
    next: Option<Arc<Gc<'gc, Node<'gc>>>>,
}

fn main() {}
