//! A full collection of a heap in which everything lives, by the shape of the heap; the time is
//! reported per object.
//!
//! `chase` follows the same random chain that `random_chain` collects, one dependent load each: what
//! the memory takes if nothing overlaps. Scattered nodes take 64 bytes, so that two million of them
//! leave every cache. With two threads the second one comes from a pool; compare only on a machine
//! that has two cores to spare.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::{Bencher, Criterion, Throughput, criterion_group, criterion_main};
use gc_core::{Arena, Collector, Gc, Lock, Mutation, Rootable, Trace, unlock};
use gc_generational::Generational;
use gc_marksweep::MarkSweep;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use rayon::ThreadPoolBuilder;

const OBJECTS: usize = 2_000_000;

const SEED: u64 = 1;

/// 64 bytes with the header.
#[derive(Trace)]
struct Node<'gc> {
    next: Lock<Option<Gc<'gc, Node<'gc>>>>,
    other: Lock<Option<Gc<'gc, Node<'gc>>>>,
    payload: [u64; 5],
}

type Nodes<'gc> = Gc<'gc, [Gc<'gc, Node<'gc>>]>;

/// The first node, and nodes that the root refers to by an array.
type Heap = Rootable!['gc => (Option<Gc<'gc, Node<'gc>>>, Option<Nodes<'gc>>)];

fn node<'gc>(mc: &'gc Mutation<'gc>, next: Option<Gc<'gc, Node<'gc>>>) -> Gc<'gc, Node<'gc>> {
    Gc::new(mc, Node { next: Lock::new(next), other: Lock::new(None), payload: [0; 5] })
}

#[derive(Clone, Copy, PartialEq)]
enum Shape {
    /// Each node refers to the one made before it.
    List,
    /// A balanced tree, made depth first.
    Tree,
    /// The root refers to all nodes, in the order in which they lie.
    Array,
    /// In random order.
    RandomArray,
    /// Each node refers to the next of a random order.
    RandomChain,
    /// And to one more at random.
    RandomGraph,
}

fn tree<'gc>(mc: &'gc Mutation<'gc>, nodes: usize) -> Option<Gc<'gc, Node<'gc>>> {
    let below = nodes.checked_sub(1)?;
    let top = node(mc, tree(mc, below / 2));
    unlock!(Gc::write(mc, top), Node, other).set(tree(mc, below - below / 2));
    Some(top)
}

fn arena<C: Collector + Default>(shape: Shape, threads: usize) -> Arena<Heap, C> {
    let pool = ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
    let mut arena = Arena::<Heap, C>::builder().workers(Arc::new(pool)).build(|_| (None, None));
    arena.mutate_root(|mc, (first, all)| match shape {
        Shape::List => *first = (0..OBJECTS).fold(None, |next, _| Some(node(mc, next))),
        Shape::Tree => *first = tree(mc, OBJECTS),
        Shape::Array => *all = Some(Gc::slice_from_fn(mc, OBJECTS, |_| node(mc, None))),
        _ => {
            let mut random = Pcg64Mcg::seed_from_u64(SEED);
            let mut nodes = Vec::from_iter((0..OBJECTS).map(|_| node(mc, None)));
            nodes.shuffle(&mut random);
            if shape == Shape::RandomArray {
                *all = Some(Gc::slice_from_fn(mc, OBJECTS, |index| nodes[index]));
                return;
            }
            for pair in nodes.windows(2) {
                unlock!(Gc::write(mc, pair[0]), Node, next).set(Some(pair[1]));
                if shape == Shape::RandomGraph {
                    let other = nodes[random.random_range(0..OBJECTS)];
                    unlock!(Gc::write(mc, pair[0]), Node, other).set(Some(other));
                }
            }
            *first = Some(nodes[0]);
        }
    });
    // After this nothing is young, and nothing is garbage.
    arena.collect();
    arena
}

fn collect<C: Collector + Default>(bencher: &mut Bencher<'_>, shape: Shape, threads: usize) {
    let mut arena = arena::<C>(shape, threads);
    bencher.iter(|| assert_eq!(arena.collect().freed_objects, 0));
}

fn chase(bencher: &mut Bencher<'_>) {
    let arena = arena::<MarkSweep>(Shape::RandomChain, 1);
    bencher.iter(|| {
        arena.enter(|_, (first, _)| {
            let mut sum = 0;
            let mut next = *first;
            while let Some(node) = next {
                sum += node.payload[0];
                next = node.next.get();
            }
            black_box(sum)
        })
    });
}

fn full_collections(criterion: &mut Criterion) {
    let shapes = [
        ("list", Shape::List),
        ("tree", Shape::Tree),
        ("array", Shape::Array),
        ("random_array", Shape::RandomArray),
        ("random_chain", Shape::RandomChain),
        ("random_graph", Shape::RandomGraph),
    ];
    let mut group = criterion.benchmark_group("full_collection");
    group.sample_size(10).warm_up_time(Duration::from_millis(200));
    group.throughput(Throughput::Elements(OBJECTS as u64));
    group.bench_function("chase", chase);
    for (name, shape) in shapes {
        for threads in [1, 2] {
            group.bench_function(format!("{name}/generational/{threads}"), |bencher| {
                collect::<Generational>(bencher, shape, threads);
            });
            group.bench_function(format!("{name}/marksweep/{threads}"), |bencher| {
                collect::<MarkSweep>(bencher, shape, threads);
            });
        }
    }
    group.finish();
}

criterion_group!(benches, full_collections);
criterion_main!(benches);
