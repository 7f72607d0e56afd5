//! A `bound` replaces the default bounds, but fields must still be `Trace`.

use gc_core::Trace;

#[derive(Trace)]
#[trace(bound = "")]
struct Holder<T>(Vec<T>);

fn main() {}
