//! Nor can a generic type without a lifetime, whose parameter may be a `Gc`.

use gc_core::Trace;

#[derive(Trace)]
struct Pair<T: Clone>(T, T);

impl<T: Clone> Drop for Pair<T> {
    fn drop(&mut self) {
        self.0 = self.1.clone();
    }
}

fn main() {}
