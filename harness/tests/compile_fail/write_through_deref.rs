//! A `Write` does not lead through a user's `Deref`, which may return anything.

use std::ops::Deref;

use gc_core::{Gc, Lock, Trace, Write, unlock};

#[derive(Trace)]
struct Node<'gc> {
    next: Lock<Option<Gc<'gc, Node<'gc>>>>,
}

struct Pointer<'a, 'gc>(&'a Node<'gc>);

impl<'gc> Deref for Pointer<'_, 'gc> {
    type Target = Node<'gc>;

    fn deref(&self) -> &Node<'gc> {
        self.0
    }
}

fn forge<'gc>(mut node: Pointer<'_, 'gc>, next: Gc<'gc, Node<'gc>>) {
    let write: &Write<Pointer<'_, 'gc>> = Write::from_mut(&mut node);
    unlock!(write, Node, next).set(Some(next));
}

fn main() {
    let _: fn(Pointer<'static, 'static>, Gc<'static, Node<'static>>) = forge;
}
