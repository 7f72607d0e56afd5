//! A `Deref` that would lead to the proof of a lifetime is no proof: it need never be called.

use std::marker::PhantomData;
use std::ops::Deref;

use gc_core::{Finalize, Gc, Lock, Mutation, Trace};

#[derive(Trace)]
struct Brand<'gc>(PhantomData<&'gc ()>);

impl<'gc> Deref for Brand<'gc> {
    type Target = gc_core::Brand<'gc>;

    fn deref(&self) -> &gc_core::Brand<'gc> {
        unreachable!()
    }
}

#[derive(Trace)]
#[trace(finalize)]
struct Node<'gc> {
    brand: Brand<'gc>,
    found: Lock<Option<Gc<'gc, u32>>>,
}

impl<'gc> Finalize<'gc> for Node<'gc> {
    type Outcome = ();

    /// Another reference, to a `Node<'static>`, would read a `Gc<'static, u32>`.
    fn finalize(mc: &Mutation<'gc>, node: Gc<'gc, Self>) {
        gc_core::unlock!(Gc::write(mc, node), Node, found).set(Some(Gc::new(mc, 1)));
    }
}

fn main() {}
