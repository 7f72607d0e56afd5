//! Single operations of the mutator, a group per operation.
//!
//! Every operation is done [`OPERATIONS`] times in an iteration, in one `mutate` unless the group
//! says otherwise; the time is reported per operation.

use std::hint::black_box;
use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{Bencher, BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use gc_core::{Arena, Collector, Gc, Lock, Rootable, Trace, unlock};
use harness::backend::Backend;
use harness::with_collector;

/// Operations in one iteration.
const OPERATIONS: usize = 1000;

#[derive(Trace)]
struct Node<'gc> {
    number: u64,
    next: Lock<Option<Gc<'gc, Node<'gc>>>>,
}

type Nodes = Rootable!['gc => Gc<'gc, [Gc<'gc, Node<'gc>>]>];

/// An arena with a chain of old nodes, `nodes[0] -> nodes[1] -> ..`, all of them also in the root.
fn old_nodes<C: Collector + Default>() -> Arena<Nodes, C> {
    let mut arena = Arena::<Nodes, C>::new(|mc| {
        let nodes = Gc::slice_from_fn(mc, OPERATIONS, |index| {
            Gc::new(mc, Node { number: index as u64, next: Lock::new(None) })
        });
        for pair in nodes.windows(2) {
            unlock!(Gc::write(mc, pair[0]), Node, next).set(Some(pair[1]));
        }
        nodes
    });
    arena.collect();
    arena
}

/// Objects that are garbage at once.
fn allocate<C: Collector + Default>(bencher: &mut Bencher<'_>) {
    let mut arena = Arena::<Rootable!['gc => ()], C>::new(|_| ());
    bencher.iter(|| {
        arena.mutate(|mc, ()| {
            for number in 0..OPERATIONS {
                black_box(Gc::new(mc, number));
            }
        });
    });
}

/// A walk along a chain: one dependent load each.
fn dereference<C: Collector + Default>(bencher: &mut Bencher<'_>) {
    let arena = old_nodes::<C>();
    bencher.iter(|| {
        arena.enter(|_, nodes| {
            let mut sum = 0;
            let mut next = nodes.first().copied();
            while let Some(node) = next {
                sum += node.number;
                next = node.next.get();
            }
            sum
        })
    });
}

/// The first store since the last safepoint into each of many old objects, and the safepoint after
/// them. A collector that is not prompt has nothing to do at most safepoints and does not empty its
/// log: it is not slowed down by a second first store.
fn store_first<C: Collector + Default>(bencher: &mut Bencher<'_>) {
    let mut arena = old_nodes::<C>();
    bencher.iter(|| {
        arena.mutate(|mc, nodes| {
            for &node in nodes.iter() {
                let next = node.next.get();
                unlock!(Gc::write(mc, node), Node, next).set(next);
            }
        });
    });
}

/// Stores into an old object that was stored into already.
fn store_repeated<C: Collector + Default>(bencher: &mut Bencher<'_>) {
    let mut arena = old_nodes::<C>();
    bencher.iter(|| {
        arena.mutate(|mc, nodes| {
            let node = nodes[0];
            for &next in nodes.iter() {
                unlock!(Gc::write(mc, node), Node, next).set(Some(next));
            }
        });
    });
}

/// A `mutate` that does nothing, and its safepoint.
fn mutate_empty<C: Collector + Default>(bencher: &mut Bencher<'_>) {
    let mut arena = old_nodes::<C>();
    bencher.iter(|| {
        for _ in 0..OPERATIONS {
            arena.mutate(|_, nodes| {
                black_box(nodes);
            });
        }
    });
}

/// A `mutate` that makes one object, links it into an old one and so makes another garbage.
fn mutate_replacing<C: Collector + Default>(bencher: &mut Bencher<'_>) {
    let mut arena = old_nodes::<C>();
    bencher.iter(|| {
        for place in 0..OPERATIONS {
            arena.mutate(|mc, nodes| {
                let new = Gc::new(mc, Node { number: 0, next: Lock::new(None) });
                unlock!(Gc::write(mc, nodes[place]), Node, next).set(Some(new));
            });
        }
    });
}

/// A root outside of the arena, made and dropped.
fn stash_and_drop<C: Collector + Default>(bencher: &mut Bencher<'_>) {
    let mut arena = old_nodes::<C>();
    bencher.iter(|| {
        arena.mutate(|mc, nodes| {
            for &node in nodes.iter() {
                drop(black_box(mc.stash::<Rootable!['gc => Node<'gc>]>(node)));
            }
        });
    });
}

type Operation = fn(Backend, &mut Bencher<'_>);

/// Compiles an operation for every backend.
macro_rules! on_every_backend {
    ($operation:ident) => {
        (stringify!($operation), |backend, bencher| with_collector!(backend, C => $operation::<C>(bencher)))
    };
}

const GROUPS: [(&str, Operation); 7] = [
    on_every_backend!(allocate),
    on_every_backend!(dereference),
    on_every_backend!(store_first),
    on_every_backend!(store_repeated),
    on_every_backend!(mutate_empty),
    on_every_backend!(mutate_replacing),
    on_every_backend!(stash_and_drop),
];

fn set_up(group: &mut BenchmarkGroup<'_, WallTime>) {
    // The null collector keeps everything: short runs keep its heap within some gigabytes.
    group.warm_up_time(Duration::from_millis(200)).measurement_time(Duration::from_secs(1));
    group.throughput(Throughput::Elements(OPERATIONS as u64));
}

fn operations(criterion: &mut Criterion) {
    for (name, operation) in GROUPS {
        let mut group = criterion.benchmark_group(name);
        set_up(&mut group);
        for backend in Backend::ALL {
            group.bench_function(backend.name(), |bencher| operation(backend, bencher));
        }
        group.finish();
    }
}

criterion_group!(benches, operations);
criterion_main!(benches);
