//! GCBench, by Ellis and Kovac, modified by Boehm: short-lived trees built in both directions
//! beside a long-lived tree and a long-lived array of numbers.
//!
//! Trees built bottom-up hold older objects in younger ones; trees built top-down store younger
//! objects into older ones, so that the write barrier takes part.

use std::hint::black_box;

use gc_core::{Collector, Gc, Lock, Mutation, Rootable, Trace, unlock};

use super::{Checksum, Parameters};
use crate::measure::Instruments;

/// The depth of the smallest trees.
const DEPTH_MIN: u32 = 4;

#[derive(Debug, Trace)]
struct Node<'gc> {
    left: Lock<Option<Gc<'gc, Node<'gc>>>>,
    right: Lock<Option<Gc<'gc, Node<'gc>>>>,
    // The original has two numbers in every node, too.
    numbers: [u32; 2],
}

impl<'gc> Node<'gc> {
    fn new(mc: &'gc Mutation<'gc>, children: Option<[Gc<'gc, Self>; 2]>) -> Gc<'gc, Self> {
        let (left, right) =
            children.map_or((None, None), |[left, right]| (Some(left), Some(right)));
        Gc::new(mc, Node { left: Lock::new(left), right: Lock::new(right), numbers: [1, 2] })
    }

    fn bottom_up(mc: &'gc Mutation<'gc>, depth: u32) -> Gc<'gc, Self> {
        if depth == 0 {
            return Node::new(mc, None);
        }
        let left = Node::bottom_up(mc, depth - 1);
        let right = Node::bottom_up(mc, depth - 1);
        Node::new(mc, Some([left, right]))
    }

    fn top_down(mc: &'gc Mutation<'gc>, depth: u32) -> Gc<'gc, Self> {
        let root = Node::new(mc, None);
        Node::populate(mc, root, depth);
        root
    }

    fn populate(mc: &'gc Mutation<'gc>, node: Gc<'gc, Self>, depth: u32) {
        if depth == 0 {
            return;
        }
        let [left, right] = [Node::new(mc, None), Node::new(mc, None)];
        unlock!(Gc::write(mc, node), Node, left).set(Some(left));
        unlock!(Gc::write(mc, node), Node, right).set(Some(right));
        Node::populate(mc, left, depth - 1);
        Node::populate(mc, right, depth - 1);
    }

    /// The sum of the numbers of all nodes.
    fn sum(&self) -> u64 {
        let below = |child: Option<Gc<'gc, Node<'gc>>>| child.map_or(0, |node| node.sum());
        let own: u64 = self.numbers.iter().map(|&number| u64::from(number)).sum();
        own + below(self.left.get()) + below(self.right.get())
    }
}

#[derive(Debug, Default, Trace)]
struct LongLived<'gc> {
    tree: Option<Gc<'gc, Node<'gc>>>,
    array: Option<Gc<'gc, [f64]>>,
}

/// The number of nodes of a tree.
const fn nodes(depth: u32) -> u64 {
    (1 << (depth + 1)) - 1
}

// The proportions are the original's: it has 16 for the depth, 18 for the stretch tree and 500,000
// numbers.

/// The depth of the tree that is made and forgotten first.
pub(crate) const fn depth_stretch(depth_max: u32) -> u32 {
    depth_max + 2
}

/// The length of the long-lived array.
pub(crate) const fn array_length(depth_max: u32) -> usize {
    1 << (depth_max + 3)
}

/// What the long-lived array holds: like the original, numbers in its first half.
pub(crate) fn number(index: usize, array_length: usize) -> f64 {
    if index < array_length / 2 { 1.0 / (index + 1) as f64 } else { 0.0 }
}

/// The depths of the short-lived trees, and how many of each are made in either direction.
pub(crate) fn rounds(depth_max: u32) -> impl Iterator<Item = (u32, u64)> {
    (DEPTH_MIN..=depth_max)
        .step_by(2)
        .map(move |depth| (depth, 2 * nodes(depth_stretch(depth_max)) / nodes(depth)))
}

/// Runs the workload; the scale is the depth of the long-lived tree and of the deepest short-lived
/// ones.
pub fn run<C: Collector + Default>(
    parameters: &Parameters,
    instruments: &mut Instruments,
) -> Checksum {
    let depth_max = parameters.scale as u32;
    let array_length = array_length(depth_max);
    let mut checksum = Checksum::default();
    let mut arena =
        instruments.arena::<Rootable!['gc => LongLived<'gc>], C>(|_| LongLived::default());

    checksum.add(arena.mutate(|mc, _| Node::bottom_up(mc, depth_stretch(depth_max)).sum()));
    instruments.tick(&mut arena);
    arena.mutate_root(|mc, root| root.tree = Some(Node::top_down(mc, depth_max)));
    arena.mutate_root(|mc, root| {
        let array = Gc::slice_from_fn(mc, array_length, |index| number(index, array_length));
        root.array = Some(array);
    });

    for (depth, trees) in rounds(depth_max) {
        let mut sum = 0;
        for _ in 0..trees {
            // The original only builds the trees; reading the root keeps its store from being
            // removed.
            sum += arena.mutate(|mc, _| u64::from(black_box(Node::top_down(mc, depth)).numbers[0]));
            instruments.tick(&mut arena);
        }
        for _ in 0..trees {
            sum +=
                arena.mutate(|mc, _| u64::from(black_box(Node::bottom_up(mc, depth)).numbers[1]));
            instruments.tick(&mut arena);
        }
        checksum.add(sum);
    }

    arena.enter(|_, root| {
        checksum.add(root.tree.map_or(0, |tree| tree.sum()));
        let numbers = root.array.iter().flat_map(|array| array.iter());
        checksum.extend(numbers.map(|number| number.to_bits()));
    });
    instruments.retire(arena);
    checksum
}
