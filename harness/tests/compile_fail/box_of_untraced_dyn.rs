//! A trait object is `Trace` only through `dyn_trace!`: others hide what is inside.

use gc_core::{Gc, Trace};

trait Shape {}

#[derive(Trace)]
struct Scene<'gc> {
    shape: Box<dyn Shape + 'gc>,
    next: Option<Gc<'gc, Scene<'gc>>>,
}

fn main() {}
