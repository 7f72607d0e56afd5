//! A crate that calls itself `core`, and has a `Drop` of its own there, may not implement the real one.

extern crate self as core;

use gc_core::{Gc, Trace};

pub mod ops {
    pub trait Drop {}
}

pub mod marker {
    pub use std::marker::*;
}

pub mod clone {
    pub use std::clone::*;
}

pub mod mem {
    pub use std::mem::*;

    /// Nobody asks this one where a field is.
    #[macro_export]
    macro_rules! offset_of {
        ($type:ty, $field:tt) => {
            compile_error!("asked")
        };
    }
    pub use offset_of;
}

#[derive(Trace)]
struct Node<'gc> {
    next: Option<Gc<'gc, Node<'gc>>>,
}

impl std::ops::Drop for Node<'_> {
    fn drop(&mut self) {}
}

fn main() {}
