//! A type with a lifetime and a finalizer proves its lifetime: otherwise a value for `'static` that
//! holds no `Gc` would be an object of any arena, and its finalizer would see it with another lifetime
//! than others do.

use gc_core::{Gc, Lock, Trace};

#[derive(Trace)]
#[trace(finalize)]
struct Node<'gc>(Lock<Option<Gc<'gc, u32>>>);

fn main() {}
