//! Random heaps with a bit of everything: roots in fields and lists, handles, cycles, arrays, weak
//! maps, what is frozen, and what was let go.

use std::collections::{HashMap, HashSet};

use gc_core::collector::Collector;
use gc_core::{AnyGc, Arena, DynamicRoot, Gc, HeapView, Lock, Mutation, RefLock, Rootable, Trace};
use gc_core::{Sampling, WeakMap, unlock};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

#[derive(Trace)]
pub(crate) struct Node<'gc> {
    name: Option<Gc<'gc, str>>,
    left: Lock<Option<NodeRef<'gc>>>,
    links: [Lock<Option<NodeRef<'gc>>>; 2],
    more: RefLock<Vec<(u8, NodeRef<'gc>)>>,
}

type NodeRef<'gc> = Gc<'gc, Node<'gc>>;
type Handle = DynamicRoot<Rootable![Node<'_>]>;

#[derive(Trace)]
struct Root<'gc> {
    first: Option<NodeRef<'gc>>,
    list: Vec<NodeRef<'gc>>,
    pairs: Vec<(NodeRef<'gc>, NodeRef<'gc>)>,
    table: Gc<'gc, [Lock<Option<NodeRef<'gc>>>]>,
    texts: WeakMap<'gc, Node<'gc>, str>,
    other: other::Node<'gc>,
}

pub(crate) mod other {
    use gc_core::{Gc, Trace};

    /// A type of the same short name, in the root and in the heap.
    #[derive(Trace)]
    pub(crate) struct Node<'gc>(pub(super) Gc<'gc, [u64]>, pub(super) Option<Gc<'gc, Node<'gc>>>);
}

fn node<'gc>(mc: &Mutation<'gc>, random: &mut Pcg64Mcg, others: &[NodeRef<'gc>]) -> NodeRef<'gc> {
    let mut any = || {
        let is_there = !others.is_empty() && random.random_range(0..3) > 0;
        is_there.then(|| others[random.random_range(0..others.len())])
    };
    let left = Lock::new(any());
    let links = [any(), any()].map(Lock::new);
    let more = (0..3).filter_map(|number| Some((number, any()?))).collect();
    let length = random.random_range(0..20);
    let name = (length > 9).then(|| Gc::new_str(mc, &"x".repeat(length)));
    Gc::new(mc, Node { name, left, links, more: RefLock::new(more) })
}

/// Makes a random heap and hands it to `check`.
pub(crate) fn with_random_heap<C: Collector + Default>(
    seed: u64,
    check: impl for<'gc> FnOnce(&'gc HeapView<'gc>),
) {
    println!("seed: {seed}");
    let mut random = Pcg64Mcg::seed_from_u64(seed);
    let mut arena: Arena<Rootable![Root<'_>], C> = Arena::new(|mc| {
        let numbers = Gc::slice_from_fn(mc, 3, |index| index as u64);
        Root {
            first: None,
            list: Vec::new(),
            pairs: Vec::new(),
            table: Gc::slice_from_fn(mc, 70, |_| Lock::new(None)),
            texts: WeakMap::new(mc),
            other: other::Node(numbers, Some(Gc::new(mc, other::Node(numbers, None)))),
        }
    });
    // What was made before has no site.
    arena.profile_allocations((!seed.is_multiple_of(3)).then(Sampling::exact));
    let mut handles: Vec<Handle> = Vec::new();
    let rounds = random.random_range(1..8);
    for round in 0..rounds {
        arena.mutate_root(|mc, root| {
            let mut nodes = root.list.clone();
            for _ in 0..random.random_range(0..30) {
                nodes.push(node(mc, &mut random, &nodes));
            }
            let any = |random: &mut Pcg64Mcg| {
                (!nodes.is_empty()).then(|| nodes[random.random_range(0..nodes.len())])
            };
            for _ in 0..10 {
                let (Some(from), to) = (any(&mut random), any(&mut random)) else { break };
                unlock!(Gc::write(mc, from), Node, left).set(to);
            }
            root.first = any(&mut random);
            root.list = nodes.iter().copied().filter(|_| random.random_range(0..3) == 0).collect();
            root.pairs = any(&mut random).zip(any(&mut random)).into_iter().collect();
            for place in 0..4 {
                let element = Gc::write_at(mc, root.table, 20 * place).expect("within");
                element.unlock().set(any(&mut random));
            }
            if let Some(key) = any(&mut random) {
                root.texts.insert(mc, key, Gc::new_str(mc, "kept by a key"));
            }
            handles.retain(|_| random.random());
            handles.extend(any(&mut random).map(|node| mc.stash(node)));
        });
        match random.random_range(0..6) {
            0 if round + 1 < rounds => _ = arena.collect(),
            1 => _ = arena.collect_generation(0),
            2 => arena.freeze(),
            _ => {}
        }
    }
    arena.inspect(|heap, _| check(heap));
}

/// What is reachable, by brute force.
pub(crate) fn reachable<'gc>(heap: &HeapView<'gc>) -> HashSet<AnyGc<'gc>> {
    let mut values: HashMap<_, Vec<_>> = HashMap::new();
    heap.for_each_weak_value(|key, value| values.entry(key).or_default().push(value));
    let mut pending = Vec::new();
    heap.for_each_root(|_, object| pending.push(object));
    let mut reached = HashSet::new();
    while let Some(object) = pending.pop() {
        if reached.insert(object) {
            pending.extend(heap.referents(object));
            pending.extend(values.get(&object).into_iter().flatten());
        }
    }
    reached
}
