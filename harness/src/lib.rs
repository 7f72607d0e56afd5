//! Runs the same workloads on every collector, cross-checks the answers and measures.
//!
//! - [`backend`]: the collectors that can be chosen by name.
//! - [`mod@conformance`]: what every collector must do; a backend runs it with one line.
//! - [`workloads`]: programs that a user might write, the same for every collector.
//! - [`measure`]: what a run costs, each in a process of its own.
//! - [`observe`]: what is in the heap of a run, and what its collector does.
//! - [`operations`]: what single operations cost, in CPU time and in instructions.
//! - [`heap_program`]: recorded and random mutators, and the model that knows what must die.
//! - [`peers`]: contenders that are not ours.
//! - [`runtimes`]: the same workloads in other languages.
//! - [`goals`]: what the project wants to reach, as formulas over measurements.
//! - [`soak`]: all of it for a long time, at settings that are drawn.
//! - [`report`]: tables for people.
//! - [`page`]: the page of a browser that `harness report` writes.
//! - [`watch`]: a run in the terminal, while it lasts.
//! - [`cli`]: the command line.
//!
//! Collectors are known only through `gc-core`; [`backend`] alone lists them.

pub mod backend;
pub mod cli;
pub mod conformance;
pub mod goals;
pub mod heap_program;
pub mod measure;
pub mod observe;
pub mod operations;
pub mod page;
pub mod peers;
pub mod report;
pub mod runtimes;
pub mod soak;
pub mod watch;
pub mod workloads;
