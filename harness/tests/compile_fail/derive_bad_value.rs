//! A value that is not what its word takes is an error, not text to be pasted.

use gc_core::Trace;

#[derive(Trace)]
#[trace(bound = "where T: Trace {} unsafe impl<T>")]
struct Bound<T>(T);

#[derive(Trace)]
#[trace(crate = "gc_core::Trace for u8 {}")]
struct Crate(u32);

#[derive(Trace)]
#[trace(gc_lifetime = 'other)]
struct Lifetime<'gc>(gc_core::Gc<'gc, u32>);

#[derive(Trace)]
#[trace(no_drop = "yes")]
struct Superfluous(u32);

#[derive(Trace)]
#[trace(bound)]
struct Missing<T>(T);

fn main() {}
