//! A type with a finalizer has its arena's lifetime and no other: that would have ended.

use gc_core::{Brand, Trace};

#[derive(Trace)]
#[trace(finalize, gc_lifetime = 'gc)]
struct Node<'gc, 'a>(Brand<'gc>, std::marker::PhantomData<&'a ()>);

fn main() {}
