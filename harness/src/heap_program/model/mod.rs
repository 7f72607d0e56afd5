//! The oracle: a slow and obviously right model of what a heap program does to a heap.
//!
//! The model keeps an explicit graph with explicit counts. It shares no code with any collector,
//! and what it says agrees with the reference answers of real CPython.
//!
//! - [`mode`]: the ways to manage memory that the model can play.
//! - [`object`]: objects and their numbers.
//! - [`graph`]: edges, counts and death.
//! - `collection`: finding what only itself keeps alive.
//! - `state`: what each operation does.
//! - [`run`]: one operation after the other, and the answers.

mod collection;
pub mod graph;
pub mod mode;
pub mod object;
pub mod run;
mod state;

pub use mode::Mode;
pub use run::{Model, answers};
