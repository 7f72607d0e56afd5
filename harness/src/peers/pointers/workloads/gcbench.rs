//! See `workloads::gcbench`.

use std::hint::black_box;

use super::{Gc, GcCell, collect, set_up};
use crate::workloads::gcbench::{array_length, depth_stretch, number, rounds};
use crate::workloads::{Checksum, Parameters};

traced! {
    struct Node {
        left: GcCell<Option<Gc<Node>>>,
        right: GcCell<Option<Gc<Node>>>,
        numbers: (u32, u32),
    }
}

struct Array(Vec<f64>);

untraced!(Array);

impl Node {
    fn new(left: Option<Gc<Self>>, right: Option<Gc<Self>>) -> Gc<Self> {
        Gc::new(Node { left: GcCell::new(left), right: GcCell::new(right), numbers: (1, 2) })
    }

    fn bottom_up(depth: u32) -> Gc<Self> {
        if depth == 0 {
            return Node::new(None, None);
        }
        let left = Node::bottom_up(depth - 1);
        let right = Node::bottom_up(depth - 1);
        Node::new(Some(left), Some(right))
    }

    fn top_down(depth: u32) -> Gc<Self> {
        let root = Node::new(None, None);
        root.populate(depth);
        root
    }

    fn populate(&self, depth: u32) {
        if depth == 0 {
            return;
        }
        let [left, right] = [Node::new(None, None), Node::new(None, None)];
        *self.left.borrow_mut() = Some(left);
        *self.right.borrow_mut() = Some(right);
        for child in [&self.left, &self.right] {
            if let Some(child) = &*child.borrow() {
                child.populate(depth - 1);
            }
        }
    }

    /// The sum of the numbers of all nodes.
    fn sum(&self) -> u64 {
        let below =
            |child: &GcCell<Option<Gc<Node>>>| child.borrow().as_ref().map_or(0, |node| node.sum());
        let (first, second) = self.numbers;
        u64::from(first) + u64::from(second) + below(&self.left) + below(&self.right)
    }
}

pub(in crate::peers::pointers) fn run(parameters: &Parameters) -> Checksum {
    set_up();
    let depth_max = parameters.scale as u32;
    let array_length = array_length(depth_max);
    let mut checksum = Checksum::default();

    checksum.add(Node::bottom_up(depth_stretch(depth_max)).sum());
    let long_lived = Node::top_down(depth_max);
    let numbers = (0..array_length).map(|index| number(index, array_length));
    let array = Gc::new(Array(numbers.collect()));

    for (depth, trees) in rounds(depth_max) {
        let mut sum = 0;
        for _ in 0..trees {
            sum += u64::from(black_box(Node::top_down(depth)).numbers.0);
        }
        for _ in 0..trees {
            sum += u64::from(black_box(Node::bottom_up(depth)).numbers.1);
        }
        checksum.add(sum);
    }

    checksum.add(long_lived.sum());
    checksum.extend(array.0.iter().map(|number| number.to_bits()));
    drop((long_lived, array));
    collect();
    checksum
}
