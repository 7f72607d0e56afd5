//! A `Write` does not lead through an `Rc`, which others own as well.

use std::rc::Rc;

use gc_core::{Gc, Lock, Write, unlock};

struct Node<'gc> {
    next: Lock<Option<Gc<'gc, Node<'gc>>>>,
}

fn forge<'gc>(mut node: Rc<Node<'gc>>, next: Gc<'gc, Node<'gc>>) {
    let write: &Write<Rc<Node<'gc>>> = Write::from_mut(&mut node);
    unlock!(write, Node, next).set(Some(next));
}

fn forge_with_a_method<'gc>(mut node: Rc<Lock<u32>>) {
    let write: &Write<Rc<Lock<u32>>> = Write::from_mut(&mut node);
    write.as_deref().unlock().set(1);
}

fn main() {
    let _: fn(Rc<Node<'static>>, Gc<'static, Node<'static>>) = forge;
    let _: fn(Rc<Lock<u32>>) = forge_with_a_method;
}
