//! A raw pointer is not `Trace`: what it points to may move.

use std::ptr::NonNull;

use gc_core::Trace;

#[derive(Trace)]
struct Node {
    value: NonNull<u32>,
}

fn main() {}
