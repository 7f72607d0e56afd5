//! A type may say what is to be done with each of its objects, and anybody may ask to be told of a death.

use tenure::{Arena, Collector, Finalize, Gc, Mutation, Rootable, Static, Trace};

use crate::Chapter;
use crate::node::Output;

pub(crate) const CHAPTER: Chapter = Chapter {
    title: "Finalizers",
    steps: &[
        (
            "f = File(\"f\"); weakref.finalize(f, print, \"f is gone\")\ndel f",
            "closing f, f is gone",
        ),
        ("gc.collect()", "-"),
        (
            "g = File(\"g\"); weakref.finalize(g, print, \"g is gone\")\nexit()",
            "g is gone, closing g",
        ),
    ],
    differences: "A collection tells of deaths first and runs finalizers then, in Python, too, where \
                  it\n  finds cycles. What lives at the end is not finalized, but dropped.",
};

#[derive(Trace)]
#[trace(finalize)]
struct File {
    name: &'static str,
    output: Static<Output>,
}

/// `__del__`
impl<'gc> Finalize<'gc> for File {
    type Outcome = ();

    fn finalize(_: &Mutation<'gc>, file: Gc<'gc, File>) {
        file.output.print(format!("closing {}", file.name));
    }
}

/// The root: the file that is open.
type Files = Rootable![Option<Gc<'_, File>>];

pub(crate) fn run<C: Collector + Default>() -> Vec<String> {
    let output = Output::default();
    let mut arena: Arena<Files, C> = Arena::new(|_| None);
    let open = |arena: &mut Arena<Files, C>, name| {
        arena.mutate_root(|mc, file| {
            let opened = Gc::new(mc, File { name, output: Static(output.clone()) });
            let output = output.clone();
            mc.on_death(opened, move |_| output.print(format!("{name} is gone")));
            *file = Some(opened);
        });
    };
    open(&mut arena, "f");
    arena.mutate_root(|_, file| *file = None);
    let mut lines = vec![output.take()];
    arena.collect();
    lines.push(output.take());
    open(&mut arena, "g");
    drop(arena);
    lines.push(output.take());
    lines
}
