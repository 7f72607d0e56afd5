//! `static_trace!` takes no elided lifetime, which would stand for any.

use gc_core::{Gc, static_trace};

struct Liar<'gc>(Gc<'gc, u32>);

static_trace!(Liar<'_>);

fn main() {}
