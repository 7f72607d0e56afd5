//! A tree that is built top-down is reachable from its root from the beginning, so that only that is
//! rooted.

use std::hint::black_box;

use safe_gc::{Collector, Gc, Heap, Root, Trace};

use crate::workloads::gcbench::{array_length, depth_stretch, number, rounds};
use crate::workloads::{Checksum, Parameters};

struct Node {
    children: Option<[Gc<Node>; 2]>,
    numbers: [u32; 2],
}

impl Trace for Node {
    fn trace(&self, collector: &mut Collector) {
        self.children.iter().flatten().for_each(|&child| collector.edge(child));
    }
}

impl Node {
    fn new(heap: &mut Heap, children: Option<[&Root<Self>; 2]>) -> Root<Self> {
        let children = children.map(|children| children.map(Root::unrooted));
        heap.alloc(Node { children, numbers: [1, 2] })
    }

    fn bottom_up(heap: &mut Heap, depth: u32) -> Root<Self> {
        if depth == 0 {
            return Node::new(heap, None);
        }
        let left = Node::bottom_up(heap, depth - 1);
        let right = Node::bottom_up(heap, depth - 1);
        Node::new(heap, Some([&left, &right]))
    }

    fn top_down(heap: &mut Heap, depth: u32) -> Root<Self> {
        let root = Node::new(heap, None);
        Node::populate(heap, root.unrooted(), depth);
        root
    }

    fn populate(heap: &mut Heap, node: Gc<Self>, depth: u32) {
        if depth == 0 {
            return;
        }
        let (left, right) = (Node::new(heap, None), Node::new(heap, None));
        let children = [left.unrooted(), right.unrooted()];
        heap[node].children = Some(children);
        drop((left, right));
        children.into_iter().for_each(|child| Node::populate(heap, child, depth - 1));
    }

    /// The sum of the numbers of all nodes.
    fn sum(&self, heap: &Heap) -> u64 {
        let own: u64 = self.numbers.iter().map(|&number| u64::from(number)).sum();
        own + self.children.iter().flatten().map(|&child| heap[child].sum(heap)).sum::<u64>()
    }
}

struct Array(Vec<f64>);

impl Trace for Array {
    fn trace(&self, _: &mut Collector) {}
}

pub(super) fn run(parameters: &Parameters) -> Checksum {
    let depth_max = parameters.scale as u32;
    let array_length = array_length(depth_max);
    let mut checksum = Checksum::default();
    let mut heap = Heap::new();

    let stretch = Node::bottom_up(&mut heap, depth_stretch(depth_max));
    checksum.add(heap[&stretch].sum(&heap));
    drop(stretch);
    let tree = Node::top_down(&mut heap, depth_max);
    let numbers = (0..array_length).map(|index| number(index, array_length));
    let array = heap.alloc(Array(numbers.collect()));

    for (depth, trees) in rounds(depth_max) {
        let mut sum = 0;
        for _ in 0..trees {
            let root = black_box(Node::top_down(&mut heap, depth));
            sum += u64::from(heap[&root].numbers[0]);
        }
        for _ in 0..trees {
            let root = black_box(Node::bottom_up(&mut heap, depth));
            sum += u64::from(heap[&root].numbers[1]);
        }
        checksum.add(sum);
    }

    checksum.add(heap[&tree].sum(&heap));
    checksum.extend(heap[&array].0.iter().map(|number| number.to_bits()));
    checksum
}
