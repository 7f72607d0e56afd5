//! Two objects refer to each other and are let go. Who notices, and when?

use tenure::{Arena, Gc, Lock, Rootable, Static, Trace, unlock};

struct Name(&'static str);

impl Drop for Name {
    fn drop(&mut self) {
        println!("  {} is freed", self.0);
    }
}

#[derive(Trace)]
struct Node<'gc> {
    name: Static<Name>,
    other: Lock<Option<Gc<'gc, Node<'gc>>>>,
}

fn main() {
    let mut arena = Arena::<Rootable![Vec<Gc<'_, Node<'_>>>]>::new(|_| Vec::new());
    arena.mutate_root(|mc, root| {
        let node = |name| Gc::new(mc, Node { name: Static(Name(name)), other: Lock::new(None) });
        let (a, b, c) = (node("a"), node("b"), node("c"));
        unlock!(Gc::write(mc, a), Node, other).set(Some(b));
        unlock!(Gc::write(mc, b), Node, other).set(Some(a));
        root.extend([a, b, c]);
    });
    println!("let go");
    arena.mutate_root(|_, root| root.clear());
    println!("collect");
    arena.collect();
    println!("the end");
}
