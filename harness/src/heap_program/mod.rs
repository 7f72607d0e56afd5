//! Heap programs: files that say what a mutator does, and the answers that any collector must give.
//!
//! A program:
//! - [`name`], [`op`], [`program`]: what it is. `print` writes one.
//! - [`parse`] (with `fields`): reads one.
//! - [`generate`], [`shrink`]: random ones, and the smallest that still shows what a large one
//!   showed.
//!
//! Answers:
//! - [`answer`] (with `json`): what an operation did, in the bytes of the reference.
//! - [`read_answer`]: reads what somebody else has answered.
//! - [`model`]: the oracle, which knows the answers.
//! - [`cpython`]: an oracle that knows more: CPython itself.
//! - [`replay`]: a real collector, which gives them.
//!
//! All together:
//! - [`compare`]: when two answers agree.
//! - [`judge`]: judges one run by the model's answers, or by others that are known.
//! - [`diff`] (with `catch` and `zealous`): judges every backend on random programs.

pub mod answer;
pub(crate) mod catch;
pub mod compare;
pub mod cpython;
pub mod diff;
mod fields;
pub mod generate;
mod json;
pub mod judge;
pub mod model;
pub mod name;
pub mod op;
pub mod parse;
mod print;
pub mod program;
pub mod read_answer;
pub mod replay;
pub mod shrink;
mod zealous;
