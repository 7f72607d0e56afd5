//! `Trace` cannot be derived for a union: nobody knows which of its fields is alive.

use gc_core::Trace;

#[derive(Trace)]
union Either {
    a: u32,
    b: f32,
}

fn main() {}
