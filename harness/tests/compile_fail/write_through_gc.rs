//! A `Write` does not lead through a `Gc`: the object it refers to was not logged.

use gc_core::{Gc, Lock, Trace, Write, unlock};

#[derive(Trace)]
struct Node<'gc> {
    next: Lock<Option<Gc<'gc, Node<'gc>>>>,
}

fn forge<'gc>(mut node: Gc<'gc, Node<'gc>>, next: Gc<'gc, Node<'gc>>) {
    let write: &Write<Gc<'gc, Node<'gc>>> = Write::from_mut(&mut node);
    unlock!(write, Node, next).set(Some(next));
}

fn main() {
    let _: fn(Gc<'static, Node<'static>>, Gc<'static, Node<'static>>) = forge;
}
