//! A `Write` does not lead through a reference: what is behind it was not logged.

use gc_core::{Gc, Lock, Trace, Write, unlock};

#[derive(Trace)]
struct Node<'gc> {
    next: Lock<Option<Gc<'gc, Node<'gc>>>>,
}

fn forge<'gc>(mut node: &Node<'gc>, next: Gc<'gc, Node<'gc>>) {
    let write: &Write<&Node<'gc>> = Write::from_mut(&mut node);
    unlock!(write, Node, next).set(Some(next));
}

fn main() {
    let _: fn(&Node<'static>, Gc<'static, Node<'static>>) = forge;
}
