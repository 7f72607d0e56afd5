//! A `bound` that never holds does not lift the ban on `Drop`.

use gc_core::Trace;

trait Never {}

#[derive(Trace)]
#[trace(bound = "where T: Never + Trace")]
struct Holder<T>(T);

impl<T> Drop for Holder<T> {
    fn drop(&mut self) {}
}

fn main() {}
