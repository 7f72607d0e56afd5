//! A name holds a reference; the object lives as long as one does.

use tenure::{Arena, Collector, Gc, Rootable};

use crate::Chapter;

pub(crate) const CHAPTER: Chapter = Chapter {
    title: "Names",
    steps: &[("x = 42; y = x; print(y is x)", "True"), ("del x; print(y)", "42")],
    differences: "No difference. Names are places in the root of an arena.",
};

pub(crate) fn run<C: Collector + Default>() -> Vec<String> {
    type Names = Rootable![[Option<Gc<'_, i32>>; 2]];
    let mut arena: Arena<Names, C> = Arena::new(|_| [None; 2]);
    arena.mutate_root(|mc, [x, y]| {
        *x = Some(Gc::new(mc, 42));
        *y = *x;
    });
    let is_same = arena.mutate(|_, [x, y]| match (x, y) {
        (Some(x), Some(y)) => Gc::ptr_eq(*x, *y),
        _ => false,
    });
    arena.mutate_root(|_, [x, _]| *x = None);
    arena.collect();
    let y = arena.mutate(|_, [_, y]| y.map_or(0, |y| *y));
    vec![if is_same { "True" } else { "False" }.to_owned(), y.to_string()]
}
