//! `crate = path` leads to gc-core under another name, and not to what is put in the place of its parts.

use gc_core::{Finalize, Gc, Lock, Mutation, Trace};

mod without_ban {
    pub use gc_core::{Edges, NamedEdges, SlotMap, Slots, Trace};

    pub trait __MustNotImplDrop {
        type Ban;
    }
}

#[derive(Trace)]
#[trace(crate = without_ban)]
struct Node<'gc>(Option<Gc<'gc, u32>>);

impl Drop for Node<'_> {
    fn drop(&mut self) {}
}

mod with_another_brand {
    pub use gc_core::*;

    #[derive(Trace)]
    pub struct Brand<'gc>(std::marker::PhantomData<&'gc ()>);
}

#[derive(Trace)]
#[trace(finalize, crate = with_another_brand)]
struct Unproved<'gc>(with_another_brand::Brand<'gc>, Lock<Option<Gc<'gc, u32>>>);

impl<'gc> Finalize<'gc> for Unproved<'gc> {
    type Outcome = ();

    fn finalize(_: &Mutation<'gc>, _: Gc<'gc, Self>) {}
}

mod with_another_rootable {
    pub use gc_core::*;

    pub trait Rootable<'a> {
        type Root;
    }
}

impl<'a> gc_core::Rootable<'a>
    for dyn for<'x> with_another_rootable::Rootable<'x, Root = Confused<'x>>
{
    type Root = Other<'a>;
}

#[derive(Trace)]
#[trace(finalize, crate = with_another_rootable)]
struct Confused<'gc>(gc_core::Brand<'gc>);

#[derive(Trace)]
#[trace(finalize)]
struct Other<'gc>(gc_core::Brand<'gc>, String);

impl<'gc> Finalize<'gc> for Other<'gc> {
    type Outcome = ();

    fn finalize(_: &Mutation<'gc>, other: Gc<'gc, Self>) {
        println!("{}", other.1);
    }
}

fn main() {}
