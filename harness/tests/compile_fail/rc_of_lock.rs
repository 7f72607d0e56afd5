//! `Rc<Lock<Gc>>` is not `Trace`: one place with two owners would be logged for one of them and
//! relocated for both.

use std::rc::Rc;

use gc_core::{Gc, Lock, Trace};

#[derive(Trace)]
struct Node<'gc> {
    shared: Rc<Lock<Option<Gc<'gc, Node<'gc>>>>>,
}

fn main() {}
