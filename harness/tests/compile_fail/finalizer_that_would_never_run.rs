//! The word and the implementation come together: one without the other would promise in vain.

use gc_core::{Finalize, Gc, Mutation, Trace};

#[derive(Trace)]
struct NotDeclared(u32);

impl<'gc> Finalize<'gc> for NotDeclared {
    type Outcome = ();

    fn finalize(_: &Mutation<'gc>, _: Gc<'gc, Self>) {}
}

#[derive(Trace)]
#[trace(finalize)]
struct NotImplemented(u32);

#[derive(Trace)]
struct OnField(#[trace(finalize)] u32);

fn main() {}
