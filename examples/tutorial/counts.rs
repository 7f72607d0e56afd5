//! The count of references goes up and down.

use tenure::{Arena, Collector};

use crate::Chapter;
use crate::node::{Names, Node, Output};

pub(crate) const CHAPTER: Chapter = Chapter {
    title: "The count",
    steps: &[
        ("a = Node(\"a\"); print(sys.getrefcount(a))", "2"),
        ("b = a; c = [a]; print(sys.getrefcount(a))", "4"),
        ("del b; c.clear(); print(sys.getrefcount(a))", "2"),
        ("del a", "a is freed"),
        ("gc.collect()", "-"),
    ],
    differences: "Python's answer is one more, for the argument of the question itself. Without a \
                  count\n  an object is freed by the next collection.",
};

pub(crate) fn run<C: Collector + Default>() -> Vec<String> {
    let output = Output::default();
    let mut arena: Arena<Names, C> = Arena::new(|mc| vec![Node::new(mc, "a", &output)]);
    // Counts are up to date when a `mutate` has returned.
    let count = |arena: &mut Arena<Names, C>| {
        arena.mutate(|_, _| ());
        match arena.mutate(|mc, names| mc.ref_count(names[0])) {
            Some(count) => count.to_string(),
            None => "no count".to_owned(),
        }
    };
    let mut lines = vec![count(&mut arena)];
    arena.mutate_root(|_, names| names.extend([names[0]; 2]));
    lines.push(count(&mut arena));
    arena.mutate_root(|_, names| names.truncate(1));
    lines.push(count(&mut arena));
    arena.mutate_root(|_, names| names.clear());
    lines.push(output.take());
    arena.collect();
    lines.push(output.take());
    lines
}
