//! A finalizer is for any lifetime: one for `'static` alone could let its object escape.

use gc_core::{Brand, Finalize, Gc, Mutation, Trace};

#[derive(Trace)]
#[trace(finalize)]
struct Node<'gc>(Brand<'gc>);

impl Finalize<'static> for Node<'static> {
    type Outcome = ();

    fn finalize(_: &Mutation<'static>, node: Gc<'static, Self>) {
        std::mem::forget(Box::new(node));
    }
}

fn main() {}
