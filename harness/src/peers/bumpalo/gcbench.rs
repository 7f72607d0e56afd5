//! One region is reset after each short-lived tree; the long-lived tree and array share another.

use std::cell::Cell;
use std::hint::black_box;

use bumpalo::Bump;

use crate::workloads::gcbench::{array_length, depth_stretch, number, rounds};
use crate::workloads::{Checksum, Parameters};

struct Node<'region> {
    // A cell, because trees are also built top-down.
    children: Cell<Option<[&'region Node<'region>; 2]>>,
    numbers: [u32; 2],
}

impl<'region> Node<'region> {
    fn new(region: &'region Bump, children: Option<[&'region Self; 2]>) -> &'region Self {
        region.alloc(Node { children: Cell::new(children), numbers: [1, 2] })
    }

    fn bottom_up(region: &'region Bump, depth: u32) -> &'region Self {
        let children = (depth > 0)
            .then(|| [Node::bottom_up(region, depth - 1), Node::bottom_up(region, depth - 1)]);
        Node::new(region, children)
    }

    fn top_down(region: &'region Bump, depth: u32) -> &'region Self {
        let root = Node::new(region, None);
        root.populate(region, depth);
        root
    }

    fn populate(&self, region: &'region Bump, depth: u32) {
        if depth == 0 {
            return;
        }
        let children = [Node::new(region, None), Node::new(region, None)];
        self.children.set(Some(children));
        children.into_iter().for_each(|child| child.populate(region, depth - 1));
    }

    /// The sum of the numbers of all nodes.
    fn sum(&self) -> u64 {
        let own: u64 = self.numbers.iter().map(|&number| u64::from(number)).sum();
        own + self.children.get().iter().flatten().map(|child| child.sum()).sum::<u64>()
    }
}

pub(super) fn run(parameters: &Parameters) -> Checksum {
    let depth_max = parameters.scale as u32;
    let array_length = array_length(depth_max);
    let mut checksum = Checksum::default();

    checksum.add(Node::bottom_up(&Bump::new(), depth_stretch(depth_max)).sum());
    let region = Bump::new();
    let tree = Node::top_down(&region, depth_max);
    let array = region.alloc_slice_fill_with(array_length, |index| number(index, array_length));

    let mut region_of_one = Bump::new();
    for (depth, trees) in rounds(depth_max) {
        let mut sum = 0;
        for _ in 0..trees {
            sum += u64::from(black_box(Node::top_down(&region_of_one, depth)).numbers[0]);
            region_of_one.reset();
        }
        for _ in 0..trees {
            sum += u64::from(black_box(Node::bottom_up(&region_of_one, depth)).numbers[1]);
            region_of_one.reset();
        }
        checksum.add(sum);
    }

    checksum.add(tree.sum());
    checksum.extend(array.iter().map(|number| number.to_bits()));
    checksum
}
