//! The complete example: two objects that refer to each other are let go, and then collected.

use tenure::{Arena, Collector, Gc, unlock};

use crate::Chapter;
use crate::node::{Names, Node, Output};

pub(crate) const CHAPTER: Chapter = Chapter {
    title: "A cycle",
    steps: &[
        ("a = Node(\"a\"); b = Node(\"b\"); a.other = b; b.other = a\nprint(a.other.name)", "b"),
        ("del a; del b", "-"),
        ("print(gc.collect())", "a is freed, b is freed, 2"),
        ("# The program ends.", "-"),
    ],
    differences: "Pure counting does not find cycles: they go with their arena.",
};

pub(crate) fn run<C: Collector + Default>() -> Vec<String> {
    let output = Output::default();
    let mut arena: Arena<Names, C> = Arena::new(|mc| {
        let (a, b) = (Node::new(mc, "a", &output), Node::new(mc, "b", &output));
        unlock!(Gc::write(mc, a), Node, other).set(Some(b));
        unlock!(Gc::write(mc, b), Node, other).set(Some(a));
        vec![a, b]
    });
    arena.mutate(|_, names| {
        output.print(names[0].other.get().map_or("nobody", |other| other.name()));
    });
    let mut lines = vec![output.take()];
    arena.mutate_root(|_, names| names.clear());
    lines.push(output.take());
    let collection = arena.collect();
    output.print(collection.unreachable.to_string());
    lines.push(output.take());
    drop(arena);
    lines.push(output.take());
    lines
}
