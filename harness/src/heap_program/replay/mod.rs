//! Runs heap programs on a real collector.
//!
//! Everything an answer says comes from the heap itself: deaths from the drop glue of what died,
//! weak references from asking them, reachability from walking, counts and returned numbers from
//! the collector. The model is not consulted.
//!
//! - `object`: what nodes, leaves and tuples are in the heap.
//! - `world`: the arena's root, and walking from it.
//! - `book`: what the outside world remembers of objects it must not hold.
//! - `mutator`: what an operation does inside the arena.
//! - `look`: what the heap says of an object.
//! - `laid_open`: the whole heap, with the program's names.
//! - `calls`: finalizers and callbacks, until what they do is done.
//! - [`session`]: one operation after the other.

mod book;
mod calls;
mod laid_open;
mod look;
mod mutator;
mod object;
pub mod session;
mod world;

use std::io::{self, Write};

use gc_core::collector::Collector;

pub use laid_open::{Fate, LaidOpen};
pub use session::{Performed, Session, Setup};

use super::program::Program;
use crate::backend::Backend;

/// Runs a program on a backend and writes the answers, one line each.
///
/// With `settle` the heap is collected after every operation until nothing more dies: that is how
/// a backend is judged that does not reclaim promptly.
///
/// # Errors
///
/// Returns an error if `out` cannot be written to.
///
/// # Panics
///
/// Panics if the backend drops an object twice, or gives a handle away that it should have kept.
pub fn replay(
    backend: Backend,
    program: &Program,
    settle: bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    let setup = Setup { settle, ..Setup::default() };
    crate::with_collector!(backend, C => replay_on::<C>(program, setup, out))
}

/// [`replay`], with the collector as a type and every setting.
///
/// # Errors
///
/// As [`replay`].
pub fn replay_on<C: Collector + Default>(
    program: &Program,
    setup: Setup,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut session = Session::<C>::new(setup);
    for op in &program.ops {
        session.step(op).write(out, &program.names)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}
