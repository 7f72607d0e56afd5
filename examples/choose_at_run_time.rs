//! How do I choose the collector at run time?
//!
//! Write the program once, generic over the collector, and call it with the one that was asked for.
//! Nothing but the arena names it: the types of the objects are the same for all.
//!
//! `cargo run --example choose_at_run_time --features refcount,marksweep -- marksweep`

use std::process::ExitCode;

use tenure::{Arena, Collector, Gc, Lock, NullCollector, Rootable, Trace, unlock};

#[derive(Trace)]
struct Node<'gc> {
    next: Lock<Option<Gc<'gc, Node<'gc>>>>,
}

type Kept = Rootable![Option<Gc<'_, Node<'_>>>];

/// Makes a thousand rings of ten nodes, keeps none, and says what was freed.
fn run<C: Collector + Default>() {
    let mut arena: Arena<Kept, C> = Arena::new(|_| None);
    for _ in 0..1000 {
        arena.mutate_root(|mc, kept| {
            let first = Gc::new(mc, Node { next: Lock::new(None) });
            let last =
                (1..10).fold(first, |next, _| Gc::new(mc, Node { next: Lock::new(Some(next)) }));
            unlock!(Gc::write(mc, first), Node, next).set(Some(last));
            *kept = Some(first);
        });
    }
    arena.mutate_root(|_, kept| *kept = None);
    arena.collect();
    let stats = arena.stats();
    println!("{}:", arena.attributes().name);
    println!("  {} objects allocated", stats.allocated_objects);
    println!("  {} objects freed", stats.freed_objects);
}

/// The collectors that were compiled in.
const COLLECTORS: &[(&str, fn())] = &[
    ("null", run::<NullCollector>),
    #[cfg(feature = "refcount")]
    ("refcount", run::<tenure::Refcount>),
    #[cfg(feature = "marksweep")]
    ("marksweep", run::<tenure::MarkSweep>),
    #[cfg(feature = "generational")]
    ("generational", run::<tenure::Generational>),
];

fn main() -> ExitCode {
    let Some(wanted) = std::env::args().nth(1) else {
        COLLECTORS.iter().for_each(|(_, run)| run());
        return ExitCode::SUCCESS;
    };
    match COLLECTORS.iter().find(|(name, _)| *name == wanted) {
        Some((_, run)) => {
            run();
            ExitCode::SUCCESS
        }
        None => {
            let names: Vec<_> = COLLECTORS.iter().map(|(name, _)| *name).collect();
            eprintln!("there is no collector `{wanted}`; there are: {}", names.join(", "));
            ExitCode::from(2)
        }
    }
}
