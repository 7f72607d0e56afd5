//! Types that contain themselves have constants that the compiler can compute.
#![forbid(unsafe_code)]

use gc_derive::Trace;
use std::boxed::Box;
use std::vec;
use std::vec::Vec;

use crate::{Gc, SlotMap, Trace, reported};

#[derive(Trace)]
struct Tree<'gc> {
    leaf: Gc<'gc, u8>,
    children: Vec<Tree<'gc>>,
}

#[test]
fn a_tree_of_boxes_reports_every_leaf() {
    let leaf = |number| Tree { leaf: Gc::new(number), children: vec![] };
    assert_eq!(
        reported(&mut Tree { leaf: Gc::new(1), children: vec![leaf(2), leaf(3)] }),
        [1, 2, 3]
    );
    assert_eq!(Tree::SLOTS, SlotMap::Dynamic);
}

#[derive(Trace)]
struct Node<'gc, T> {
    value: T,
    next: Option<Box<Self>>,
    other: Gc<'gc, Node<'gc, T>>,
}

#[test]
fn a_generic_list_reports_every_value() {
    let tail = Node { value: Gc::<u8>::new(1), next: None, other: Gc::new(2) };
    assert_eq!(
        reported(&mut Node { value: Gc::new(3), next: Some(Box::new(tail)), other: Gc::new(4) }),
        [3, 1, 2, 4]
    );
}

#[derive(Trace)]
struct Linked<'gc>(Gc<'gc, Linked<'gc>>, u8);

#[test]
fn recursion_through_a_reference_keeps_its_slots() {
    assert_eq!(
        Linked::SLOTS,
        SlotMap::Words(1 << (core::mem::offset_of!(Linked<'_>, 0) / size_of::<usize>()))
    );
    assert_eq!(reported(&mut Linked(Gc::new(5), 0)), [5]);
}

#[derive(Trace)]
#[trace(recursive)]
enum Expr<'gc> {
    Name(Gc<'gc, u8>),
    Block(Vec<Statement<'gc>>),
}

#[derive(Trace)]
struct Statement<'gc>(Box<Expr<'gc>>);

#[test]
fn types_that_contain_each_other_need_one_word() {
    let name = |number| Statement(Box::new(Expr::Name(Gc::new(number))));
    assert_eq!(reported(&mut Expr::Block(vec![name(6), name(7)])), [6, 7]);
    const { assert!(Expr::HAS_GC && Statement::HAS_GC) };
}
