//! A heap type cannot hold `&'gc T`: the reference would not follow when the object moves.

use gc_core::Trace;

#[derive(Trace)]
struct Node<'gc> {
    value: &'gc u32,
}

fn main() {}
