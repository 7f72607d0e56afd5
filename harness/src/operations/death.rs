//! Old objects die: by a count that falls to zero, on cycles, and with drop glue.

use gc_core::{Arena, Collector, Gc, Lock, Mutation, Root, Rootable, Trace, unlock};

use super::Meter;
use super::nodes::Node;

/// Nodes of a ring: the size that CPython's own measurements of its collector use.
const RING: usize = 21;

#[derive(Debug, Trace)]
pub(super) struct Tree<'gc> {
    children: Option<[Gc<'gc, Tree<'gc>>; 2]>,
}

impl<'gc> Tree<'gc> {
    fn grow(mc: &'gc Mutation<'gc>, depth: u32) -> Gc<'gc, Self> {
        let children = (depth > 0).then(|| [Tree::grow(mc, depth - 1), Tree::grow(mc, depth - 1)]);
        Gc::new(mc, Tree { children })
    }
}

/// The depth of the largest full tree of at most so many nodes, and its nodes.
pub(super) fn full_tree(objects: usize) -> (u32, usize) {
    let depth = (objects + 1).ilog2() - 1;
    (depth, (2 << depth) - 1)
}

/// A tree dies whose root was the only thing that held it.
pub(super) fn cascade<C: Collector + Default>(objects: usize, meter: &mut Meter) {
    let (depth, objects) = full_tree(objects);
    let mut arena = Arena::<Rootable!['gc => Option<Gc<'gc, Tree<'gc>>>], C>::new(|_| None);
    meter.repeat_prepared(
        objects,
        &mut arena,
        |arena| {
            arena.mutate_root(|mc, root| *root = Some(Tree::grow(mc, depth)));
            arena.collect();
            assert_eq!(arena.stats().live_objects, objects);
        },
        |arena| {
            arena.mutate_root(|_, root| *root = None);
            collect_if_not_prompt(arena);
        },
    );
    assert_eq!(arena.stats().live_objects, 0);
}

/// A collector that is prompt has freed everything already.
fn collect_if_not_prompt<R, C>(arena: &mut Arena<R, C>)
where
    R: for<'gc> Rootable<'gc>,
    for<'gc> Root<'gc, R>: Sized + Trace,
    C: Collector,
{
    if !C::ATTRIBUTES.prompt {
        arena.collect();
    }
}

/// Old rings that nothing holds any more are collected. Letting go of them is not measured.
pub(super) fn rings<C: Collector + Default>(objects: usize, meter: &mut Meter) {
    let rings = objects / RING;
    type Rings<'gc> = Option<Gc<'gc, [Gc<'gc, Node<'gc>>]>>;
    let mut arena = Arena::<Rootable!['gc => Rings<'gc>], C>::new(|_| None);
    // The collection that is measured shall find them, and none before.
    arena.disable();
    meter.repeat_prepared(
        rings * RING,
        &mut arena,
        |arena| {
            arena.mutate_root(|mc, root| {
                *root = Some(Gc::slice_from_fn(mc, rings, |_| ring(mc)));
            });
            arena.collect();
            arena.mutate_root(|_, root| *root = None);
            assert!(arena.stats().live_objects >= rings * RING, "only a collection finds rings");
        },
        |arena| {
            arena.collect();
        },
    );
    assert_eq!(arena.stats().live_objects, 0);
}

fn ring<'gc>(mc: &'gc Mutation<'gc>) -> Gc<'gc, Node<'gc>> {
    let last = Gc::new(mc, Node::new(0));
    let mut first = last;
    for number in 1..RING {
        first = Gc::new(mc, Node { number: number as u64, next: Lock::new(Some(first)) });
    }
    unlock!(Gc::write(mc, last), Node, next).set(Some(first));
    first
}

/// What an object with drop glue owns outside of the heap.
pub(super) type Payload = Box<[u64; 4]>;

#[derive(Debug, Trace)]
struct Droppable {
    payload: Payload,
}

/// Objects that each own a box die.
pub(super) fn droppables<C: Collector + Default>(objects: usize, meter: &mut Meter) {
    type Objects<'gc> = Option<Gc<'gc, [Gc<'gc, Droppable>]>>;
    let mut arena = Arena::<Rootable!['gc => Objects<'gc>], C>::new(|_| None);
    meter.repeat_prepared(
        objects,
        &mut arena,
        |arena| {
            arena.mutate_root(|mc, root| {
                *root = Some(Gc::slice_from_fn(mc, objects, |number| {
                    Gc::new(mc, Droppable { payload: Box::new([number as u64; 4]) })
                }));
            });
            arena.collect();
            let sum = arena.enter(|_, root| {
                root.iter().flat_map(|all| all.iter()).map(|one| one.payload[3]).sum::<u64>()
            });
            assert_eq!(sum, (0..objects as u64).sum::<u64>());
        },
        |arena| {
            arena.mutate_root(|_, root| *root = None);
            collect_if_not_prompt(arena);
        },
    );
    assert_eq!(arena.stats().live_objects, 0);
}
