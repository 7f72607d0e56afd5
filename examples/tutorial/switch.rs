//! Automatic collection is switched off and on again.

use tenure::{Arena, Collector, Gc, unlock};

use crate::Chapter;
use crate::node::{Names, Node, Output};

pub(crate) const CHAPTER: Chapter = Chapter {
    title: "Enable and disable",
    steps: &[
        ("gc.disable(); print(gc.isenabled())", "False"),
        ("for _ in range(100_000): a = Node(\"a\"); a.other = a; del a\nprint(freed)", "0"),
        ("gc.collect(); print(freed)", "100000"),
        ("gc.enable(); print(gc.isenabled())", "True"),
    ],
    differences: "Switched off is only what starts by itself, here as in Python. Pure counting frees no cycle.",
};

pub(crate) fn run<C: Collector + Default>() -> Vec<String> {
    let is_enabled = |arena: &Arena<Names, C>| match arena.is_enabled() {
        true => "True".to_owned(),
        false => "False".to_owned(),
    };
    let output = Output::default();
    let mut arena: Arena<Names, C> = Arena::new(|_| Vec::new());
    arena.disable();
    let mut lines = vec![is_enabled(&arena)];
    for _ in 0..1000 {
        arena.mutate_root(|mc, names| {
            for _ in 0..100 {
                let a = Node::new(mc, "a", &output);
                unlock!(Gc::write(mc, a), Node, other).set(Some(a));
                names.push(a);
            }
        });
        arena.mutate_root(|_, names| names.clear());
    }
    lines.push(output.count().to_string());
    arena.collect();
    lines.push(output.count().to_string());
    arena.enable();
    lines.push(is_enabled(&arena));
    lines
}
