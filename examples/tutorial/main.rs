//! What does Python's tutorial on memory management print here?
//!
//! Its steps, one chapter after the other: what Python says, and beside it what each collector says that
//! was compiled in. With all of them:
//!
//! `cargo run --example tutorial --features refcount,marksweep`

mod counts;
mod cycle;
mod finalizers;
mod names;
mod node;
mod streams;
mod switch;
mod weak;

use tenure::Collector;

/// One step of a chapter: what is done, in Python, and what Python then prints.
type Step = (&'static str, &'static str);

/// A chapter: its steps, and what the collectors do otherwise.
struct Chapter {
    title: &'static str,
    steps: &'static [Step],
    differences: &'static str,
}

const CHAPTERS: &[Chapter] = &[
    names::CHAPTER,
    counts::CHAPTER,
    cycle::CHAPTER,
    switch::CHAPTER,
    weak::CHAPTER,
    finalizers::CHAPTER,
    streams::CHAPTER,
];

/// What is printed at each step of each chapter.
type Printed = Vec<Vec<String>>;

/// Runs all chapters with a collector.
fn run<C: Collector + Default>() -> Printed {
    vec![
        names::run::<C>(),
        counts::run::<C>(),
        cycle::run::<C>(),
        switch::run::<C>(),
        weak::run::<C>(),
        finalizers::run::<C>(),
        streams::run::<C>(),
    ]
}

/// A collector: its name, and the tutorial with it.
struct Column {
    name: &'static str,
    run: fn() -> Printed,
}

/// The collectors that were compiled in.
const COLLECTORS: &[Column] = &[
    #[cfg(not(any(feature = "refcount", feature = "marksweep", feature = "generational")))]
    Column { name: "null", run: run::<tenure::NullCollector> },
    #[cfg(feature = "refcount")]
    Column { name: "refcount", run: run::<tenure::Refcount> },
    #[cfg(feature = "marksweep")]
    Column { name: "marksweep", run: run::<tenure::MarkSweep> },
    #[cfg(feature = "generational")]
    Column { name: "generational", run: run::<tenure::Generational> },
];

fn main() {
    let columns: Vec<_> = COLLECTORS.iter().map(|column| (column.name, (column.run)())).collect();
    for (number, chapter) in CHAPTERS.iter().enumerate() {
        println!("{}. {}", number + 1, chapter.title);
        for (step, &(code, python)) in chapter.steps.iter().enumerate() {
            println!("  >>> {}", code.replace('\n', "\n  ... "));
            println!("    {:<14}{python}", "Python");
            for (name, chapters) in &columns {
                println!("    {name:<14}{}", chapters[number][step]);
            }
        }
        println!("  {}\n", chapter.differences);
    }
}
