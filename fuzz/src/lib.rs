//! Fuzz targets. Each is a function of bytes that decide everything, and panics if something is wrong.
//!
//! - [`heap_programs`]: heap programs on every backend, against the model.
//! - [`arena_api`]: sequences of calls to an arena, with panics at every place where code of the user's
//!   runs, against a plain copy of the graph.
//! - [`readers`]: what reads files.
//!
//! `ci/fuzz.sh` runs them guided by coverage. `cargo test -p fuzz` replays what is in `corpus`, and some
//! random inputs.

pub mod arena_api;
mod choices;
pub mod heap_programs;
pub mod readers;

/// A target.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The name of its binary, and of the folder in `corpus`.
    pub name: &'static str,
    /// Panics if something is wrong.
    pub run: fn(&[u8]),
}

/// All targets.
pub const TARGETS: [Target; 3] = [
    Target { name: "heap_programs", run: heap_programs::run },
    Target { name: "arena_api", run: arena_api::run },
    Target { name: "readers", run: readers::run },
];
