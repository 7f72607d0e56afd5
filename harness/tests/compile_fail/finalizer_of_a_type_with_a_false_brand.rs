//! The proof of a lifetime is the library's, for this very lifetime, and is not made up.

use std::marker::PhantomData;

use gc_core::{Finalize, Gc, Mutation, Trace};

#[derive(Trace)]
struct Brand<'gc>(PhantomData<&'gc ()>);

#[derive(Trace)]
#[trace(finalize)]
struct Homemade<'gc>(Brand<'gc>);

impl<'gc> Finalize<'gc> for Homemade<'gc> {
    type Outcome = ();

    fn finalize(_: &Mutation<'gc>, _: Gc<'gc, Self>) {}
}

#[derive(Trace)]
#[trace(finalize)]
struct OfAnother<'gc>(gc_core::Brand<'static>, PhantomData<&'gc ()>);

impl<'gc> Finalize<'gc> for OfAnother<'gc> {
    type Outcome = ();

    fn finalize(_: &Mutation<'gc>, _: Gc<'gc, Self>) {}
}

fn forever(mc: &Mutation<'_>) -> gc_core::Brand<'static> {
    gc_core::Brand::new(mc)
}

fn main() {}
