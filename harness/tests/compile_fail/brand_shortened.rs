//! The lifetime of a `Gc` is invariant: shortened, it could be mixed with another arena's.

use gc_core::Gc;

fn shorten<'short, 'gc: 'short>(gc: Gc<'gc, u32>) -> Gc<'short, u32> {
    gc
}

fn main() {
    let _: fn(Gc<'static, u32>) -> Gc<'static, u32> = shorten;
}
