//! How long does it take to write a heap of a million objects?
//!
//! ```sh
//! cargo run --release -p gc-insight --example large_snapshot
//! ```

use std::io;
use std::time::Instant;

use gc_core::collector::Collector;
use gc_core::{Arena, Gc, Lock, Rootable, Trace, unlock};
use gc_insight::snapshot::Snapshot;

const OBJECTS: usize = 1_000_000;

#[derive(Trace)]
struct Node<'gc> {
    next: Lock<Option<Gc<'gc, Node<'gc>>>>,
    links: [Lock<Option<Gc<'gc, Node<'gc>>>>; 2],
}

/// Counts what is written.
struct Count(usize);

impl io::Write for Count {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Each object refers to three others here and there.
fn measure<C: Collector + Default>(name: &str) {
    type Table<'gc> = Gc<'gc, [Gc<'gc, Node<'gc>>]>;
    let mut arena: Arena<Rootable!['gc => Table<'gc>], C> = Arena::new(|mc| {
        Gc::slice_from_fn(mc, OBJECTS - 1, |_| {
            let none = || Lock::new(None);
            Gc::new(mc, Node { next: none(), links: [none(), none()] })
        })
    });
    arena.mutate(|mc, table| {
        let mut other = 1;
        for &node in table.iter() {
            let mut any = || {
                other = (other * 48_271) % 2_147_483_647;
                Some(table[other % table.len()])
            };
            unlock!(Gc::write(mc, node), Node, next).set(any());
            let links = gc_core::field!(Gc::write(mc, node), Node, links);
            links.as_slice().iter().for_each(|link| link.unlock().set(any()));
        }
    });
    arena.collect();
    arena.inspect(|heap, _| {
        let start = Instant::now();
        let snapshot = Snapshot::of(heap);
        let time = seconds(start);
        println!("{name}: {time:.2} s to number the objects and find what is reachable");
        report(name, ".heapsnapshot", |out| snapshot.write_heapsnapshot(out));
        report(name, "JSON lines", |out| snapshot.write_json_lines(out));
    });
}

fn report(name: &str, format: &str, write: impl FnOnce(&mut Count) -> io::Result<()>) {
    let (start, mut count) = (Instant::now(), Count(0));
    write(&mut count).expect("counting always works");
    println!("{name}: {:.2} s to write {} MB as {format}", seconds(start), count.0 / 1_000_000);
}

fn seconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64()
}

fn main() {
    measure::<gc_refcount::Refcount>("refcount");
    measure::<gc_marksweep::MarkSweep>("marksweep");
    measure::<gc_generational::Generational>("generational");
}
