//! `Trace` cannot be derived for a packed type: a misaligned `Gc` cannot be borrowed.

use gc_core::{Gc, Trace};

#[derive(Trace)]
#[repr(C, packed)]
struct Packed<'gc> {
    tag: u8,
    value: Gc<'gc, u32>,
}

fn main() {}
