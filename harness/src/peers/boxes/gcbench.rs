//! A node owns its subtrees. A tree that is built top-down is filled in through `&mut`.

use std::hint::black_box;

use crate::workloads::gcbench::{array_length, depth_stretch, number, rounds};
use crate::workloads::{Checksum, Parameters};

struct Node {
    children: Option<[Box<Node>; 2]>,
    numbers: [u32; 2],
}

impl Node {
    fn new(children: Option<[Box<Node>; 2]>) -> Box<Self> {
        Box::new(Node { children, numbers: [1, 2] })
    }

    fn bottom_up(depth: u32) -> Box<Self> {
        Node::new((depth > 0).then(|| [Node::bottom_up(depth - 1), Node::bottom_up(depth - 1)]))
    }

    fn top_down(depth: u32) -> Box<Self> {
        let mut root = Node::new(None);
        root.populate(depth);
        root
    }

    fn populate(&mut self, depth: u32) {
        if depth == 0 {
            return;
        }
        let children = self.children.insert([Node::new(None), Node::new(None)]);
        children.iter_mut().for_each(|child| child.populate(depth - 1));
    }

    /// The sum of the numbers of all nodes.
    fn sum(&self) -> u64 {
        let own: u64 = self.numbers.iter().map(|&number| u64::from(number)).sum();
        own + self.children.iter().flatten().map(|child| child.sum()).sum::<u64>()
    }
}

pub(super) fn run(parameters: &Parameters) -> Checksum {
    let depth_max = parameters.scale as u32;
    let array_length = array_length(depth_max);
    let mut checksum = Checksum::default();

    checksum.add(Node::bottom_up(depth_stretch(depth_max)).sum());
    let tree = Node::top_down(depth_max);
    let array: Vec<f64> = (0..array_length).map(|index| number(index, array_length)).collect();

    for (depth, trees) in rounds(depth_max) {
        let mut sum = 0;
        for _ in 0..trees {
            sum += u64::from(black_box(Node::top_down(depth)).numbers[0]);
        }
        for _ in 0..trees {
            sum += u64::from(black_box(Node::bottom_up(depth)).numbers[1]);
        }
        checksum.add(sum);
    }

    checksum.add(tree.sum());
    checksum.extend(array.iter().map(|number| number.to_bits()));
    checksum
}
