//! The same operations with `Rc`, written by hand: a program that knows when its objects die.
//!
//! Unfair to our collectors in one way: there is no `mutate` and no safepoint. Unfair to `Rc` in
//! none that is known: links are `Cell`s, without the flag of a `RefCell`. What the allocator of the
//! process costs is part of it; build with `--features mimalloc` for a good one.

use std::cell::Cell;
use std::hint::black_box;
use std::rc::{Rc, Weak};

use super::Meter;
use super::death::{Payload, full_tree};
use super::nodes::scattered;

struct Node {
    number: u64,
    next: Cell<Option<Rc<Node>>>,
}

impl Node {
    fn new(number: usize) -> Rc<Node> {
        Rc::new(Node { number: number as u64, next: Cell::new(None) })
    }
}

fn cells(count: usize) -> Vec<Rc<Node>> {
    (0..count).map(Node::new).collect()
}

pub(super) fn allocate(objects: usize, meter: &mut Meter) {
    meter.repeat(objects, || {
        for number in 0..objects {
            black_box(Rc::new(number));
        }
    });
}

pub(super) fn dereference(objects: usize, meter: &mut Meter) {
    struct Link {
        number: u64,
        next: Option<Rc<Link>>,
    }
    let mut first: Option<Rc<Link>> = None;
    for number in (0..objects as u64).rev() {
        first = Some(Rc::new(Link { number, next: first.take() }));
    }
    meter.repeat(objects, || {
        std::iter::successors(first.as_deref(), |link| link.next.as_deref())
            .map(|link| link.number)
            .sum::<u64>()
    });
    // One by one: dropping the first would recurse along the chain.
    while let Some(link) = first {
        first = Rc::into_inner(link).and_then(|link| link.next);
    }
}

pub(super) fn temporary(objects: usize, meter: &mut Meter) {
    meter.repeat(objects, || {
        for number in 0..objects {
            black_box(Node::new(number));
        }
    });
}

pub(super) fn replacing(objects: usize, meter: &mut Meter) {
    let objects = objects.next_power_of_two();
    let cells = cells(objects);
    let mut round = 0;
    meter.repeat(objects, || {
        round += 1;
        for place in scattered(objects, round) {
            drop(cells[place].next.replace(Some(Node::new(place))));
        }
    });
}

pub(super) fn clone(objects: usize, meter: &mut Meter) {
    let cells = cells(objects);
    meter.repeat(objects, || {
        for cell in &cells {
            drop(black_box(Rc::clone(cell)));
        }
    });
}

pub(super) fn upgrade(objects: usize, meter: &mut Meter) {
    let cells = cells(objects);
    let weak: Vec<Weak<Node>> = cells.iter().map(Rc::downgrade).collect();
    meter.repeat(objects, || {
        weak.iter().filter_map(Weak::upgrade).map(|node| node.number).sum::<u64>()
    });
}

struct Tree {
    /// Held and never read: to be dropped is all that is asked of it.
    _children: Option<[Rc<Tree>; 2]>,
}

impl Tree {
    fn grow(depth: u32) -> Rc<Tree> {
        let children = (depth > 0).then(|| [Tree::grow(depth - 1), Tree::grow(depth - 1)]);
        Rc::new(Tree { _children: children })
    }
}

pub(super) fn cascade(objects: usize, meter: &mut Meter) {
    let (depth, objects) = full_tree(objects);
    let prepare = |root: &mut Option<Rc<Tree>>| *root = Some(Tree::grow(depth));
    meter.repeat_prepared(objects, &mut None, prepare, |root| *root = None);
}

pub(super) fn droppables(objects: usize, meter: &mut Meter) {
    let make = |number| Rc::<Payload>::new(Box::new([number as u64; 4]));
    let prepare = |all: &mut Vec<Rc<Payload>>| *all = (0..objects).map(make).collect();
    meter.repeat_prepared(objects, &mut Vec::new(), prepare, Vec::clear);
}
