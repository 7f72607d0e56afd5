//! Drives what is parallel, as a program of its own: arenas on threads of a pool, which the others help to
//! mark. `ci/tsan.sh` runs it under ThreadSanitizer, to which a test harness would look like a race.

use std::sync::Arc;

use rayon::{ThreadPool, ThreadPoolBuilder};
use tenure::{Arena, Collector, Gc, Lock, Mutation, Rootable, Trace, unlock};

/// Large enough that there is something to share.
const NODES: usize = 3000;
const ROUNDS: usize = 8;
/// An array that is divided among threads.
const LONG: usize = 5000;
const ARENAS: usize = 3;
const THREADS: usize = 5;

#[derive(Trace)]
struct Node<'gc> {
    number: usize,
    left: Lock<Option<Gc<'gc, Node<'gc>>>>,
    right: Lock<Option<Gc<'gc, Node<'gc>>>>,
    others: Gc<'gc, [Lock<Option<Gc<'gc, Node<'gc>>>>]>,
}

type Graph = Rootable![Vec<Gc<'_, Node<'_>>>];

/// A heap of nodes, each of which refers to several that were made before it, many of them to the same.
fn make<'gc>(mc: &Mutation<'gc>, round: usize) -> Vec<Gc<'gc, Node<'gc>>> {
    let mut nodes: Vec<Gc<'gc, Node<'gc>>> = Vec::new();
    for number in 0..NODES {
        let before = |step: usize| Lock::new(number.checked_sub(step).map(|index| nodes[index]));
        let len = if number == NODES - 1 { LONG } else { number % 5 };
        let others = Gc::slice_from_fn(mc, len, |index| before(1 + (index + round) * 7));
        let node = Node { number, left: before(1), right: before(1 + number / 2), others };
        nodes.push(Gc::new(mc, node));
    }
    // A path through all of them, and a few ways in.
    nodes.into_iter().rev().step_by(NODES / 4).collect()
}

/// Makes garbage and collects, while others do the same with the same pool.
fn run<C: Collector + Default>(pool: Option<&Arc<ThreadPool>>) {
    let mut builder = Arena::<Graph, C>::builder().stress(true);
    if let Some(pool) = pool {
        builder = builder.workers(Arc::clone(pool));
    }
    let mut arena = builder.build(|_| Vec::new());
    for round in 0..ROUNDS {
        arena.mutate_root(|mc, root| *root = make(mc, round));
        arena.collect();
        arena.mutate(|mc, root| unlock!(Gc::write(mc, root[0]), Node, left).set(None));
        arena.collect();
        arena.enter(|_, root| {
            assert_eq!(root[0].number, NODES - 1);
            assert!(root[0].right.get().is_some_and(|node| node.number == (NODES - 2) / 2));
            assert_eq!(root[0].others.len(), LONG);
        });
    }
}

fn main() {
    // What is made once and for all by who comes first, the standard library makes: ThreadSanitizer does not
    // see that the others wait.
    run::<tenure::MarkSweep>(None);
    let pool = Arc::new(ThreadPoolBuilder::new().num_threads(THREADS).build().expect("threads"));
    // On threads of the pool: those wait for each other with atomics, which ThreadSanitizer understands.
    pool.scope(|scope| {
        for index in 0..ARENAS {
            let pool = Some(&pool);
            scope.spawn(move |_| match index {
                0 => run::<tenure::MarkSweep>(pool),
                _ => run::<tenure::Generational>(pool),
            });
        }
    });
    println!("all that lives was marked");
}
