//! A weak reference back to the parent makes no cycle.

use tenure::{Arena, Collector, Gc, GcWeak, Lock, Rootable, Static, Trace, unlock};

use crate::Chapter;
use crate::node::{Name, Output};

pub(crate) const CHAPTER: Chapter = Chapter {
    title: "Weak references",
    steps: &[
        ("p = Tree(\"p\"); c = Tree(\"c\"); p.child = c; c.parent = weakref.ref(p); del c", "-"),
        ("print(p.child.parent() is p)", "True"),
        ("w = weakref.ref(p); del p", "p is freed, c is freed"),
        ("gc.collect()", "-"),
        ("print(w())", "None"),
    ],
    differences: "Where there are no counts, an object is freed by the next collection, which \
                  clears\n  the weak references to it.",
};

#[derive(Trace)]
struct Tree<'gc> {
    _name: Static<Name>,
    child: Lock<Option<Gc<'gc, Tree<'gc>>>>,
    parent: Lock<Option<GcWeak<'gc, Tree<'gc>>>>,
}

pub(crate) fn run<C: Collector + Default>() -> Vec<String> {
    type Names<'gc> = (Option<Gc<'gc, Tree<'gc>>>, Option<GcWeak<'gc, Tree<'gc>>>);
    let output = Output::default();
    let mut arena: Arena<Rootable!['gc => Names<'gc>], C> = Arena::new(|mc| {
        let tree = |name| {
            let _name = Static(Name::new(name, &output));
            Gc::new(mc, Tree { _name, child: Lock::new(None), parent: Lock::new(None) })
        };
        let (p, c) = (tree("p"), tree("c"));
        unlock!(Gc::write(mc, p), Tree, child).set(Some(c));
        unlock!(Gc::write(mc, c), Tree, parent).set(Some(Gc::downgrade(mc, p)));
        (Some(p), Some(Gc::downgrade(mc, p)))
    });
    arena.mutate(|_, _| ());
    let mut lines = vec![output.take()];
    let is_parent = arena.mutate(|mc, (p, _)| {
        let parent = p.and_then(|p| p.child.get()).and_then(|child| child.parent.get());
        match (p, parent.and_then(|parent| parent.upgrade(mc))) {
            (Some(p), Some(parent)) => Gc::ptr_eq(*p, parent),
            _ => false,
        }
    });
    lines.push(if is_parent { "True" } else { "False" }.to_owned());
    arena.mutate_root(|_, (p, _)| *p = None);
    lines.push(output.take());
    arena.collect();
    lines.push(output.take());
    let is_alive = arena.mutate(|mc, (_, w)| w.is_some_and(|w| w.upgrade(mc).is_some()));
    lines.push(if is_alive { "<Tree p>" } else { "None" }.to_owned());
    lines
}
