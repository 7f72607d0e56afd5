//! The children of a node are in one `Lock`, because trees are also built top-down.

use std::hint::black_box;

use gc_arena::barrier::unlock;
use gc_arena::lock::Lock;
use gc_arena::{Collect, Gc, Mutation, Rootable};

use crate::workloads::gcbench::{array_length, depth_stretch, number, rounds};
use crate::workloads::{Checksum, Parameters};

#[derive(Collect)]
#[collect(no_drop)]
struct Node<'gc> {
    children: Lock<Option<[Gc<'gc, Node<'gc>>; 2]>>,
    numbers: [u32; 2],
}

impl<'gc> Node<'gc> {
    fn new(mc: &Mutation<'gc>, children: Option<[Gc<'gc, Self>; 2]>) -> Gc<'gc, Self> {
        Gc::new(mc, Node { children: Lock::new(children), numbers: [1, 2] })
    }

    fn bottom_up(mc: &Mutation<'gc>, depth: u32) -> Gc<'gc, Self> {
        let children =
            (depth > 0).then(|| [Node::bottom_up(mc, depth - 1), Node::bottom_up(mc, depth - 1)]);
        Node::new(mc, children)
    }

    fn top_down(mc: &Mutation<'gc>, depth: u32) -> Gc<'gc, Self> {
        let root = Node::new(mc, None);
        Node::populate(mc, root, depth);
        root
    }

    fn populate(mc: &Mutation<'gc>, node: Gc<'gc, Self>, depth: u32) {
        if depth == 0 {
            return;
        }
        let children = [Node::new(mc, None), Node::new(mc, None)];
        unlock!(Gc::write(mc, node), Node, children).set(Some(children));
        children.into_iter().for_each(|child| Node::populate(mc, child, depth - 1));
    }

    /// The sum of the numbers of all nodes.
    fn sum(&self) -> u64 {
        let own: u64 = self.numbers.iter().map(|&number| u64::from(number)).sum();
        own + self.children.get().iter().flatten().map(|child| child.sum()).sum::<u64>()
    }
}

#[derive(Default, Collect)]
#[collect(no_drop)]
struct LongLived<'gc> {
    tree: Option<Gc<'gc, Node<'gc>>>,
    array: Option<Gc<'gc, Vec<f64>>>,
}

pub(super) fn run(parameters: &Parameters) -> Checksum {
    let depth_max = parameters.scale as u32;
    let array_length = array_length(depth_max);
    let mut checksum = Checksum::default();
    let mut arena = super::arena::<Rootable!['gc => LongLived<'gc>]>(|_| LongLived::default());

    checksum.add(arena.mutate(|mc, _| Node::bottom_up(mc, depth_stretch(depth_max)).sum()));
    arena.collect_debt();
    arena.mutate_root(|mc, root| root.tree = Some(Node::top_down(mc, depth_max)));
    arena.collect_debt();
    arena.mutate_root(|mc, root| {
        let numbers = (0..array_length).map(|index| number(index, array_length));
        root.array = Some(Gc::new(mc, numbers.collect()));
    });
    arena.collect_debt();

    for (depth, trees) in rounds(depth_max) {
        let mut sum = 0;
        for _ in 0..trees {
            sum += arena.mutate(|mc, _| u64::from(black_box(Node::top_down(mc, depth)).numbers[0]));
            arena.collect_debt();
        }
        for _ in 0..trees {
            sum +=
                arena.mutate(|mc, _| u64::from(black_box(Node::bottom_up(mc, depth)).numbers[1]));
            arena.collect_debt();
        }
        checksum.add(sum);
    }

    arena.mutate(|_, root| {
        checksum.add(root.tree.map_or(0, |tree| tree.sum()));
        let numbers = root.array.iter().flat_map(|array| array.iter());
        checksum.extend(numbers.map(|number| number.to_bits()));
    });
    checksum
}
