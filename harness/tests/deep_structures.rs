//! Nothing recurses on the object graph: a long list is made, marked, relocated and dropped on a
//! small stack.

use std::thread;

use harness::backend::Backend;
use harness::measure::Instruments;
use harness::workloads::{Parameters, Workload};

/// A stack on which recursion over a hundredth of the list overflows.
const STACK_BYTES: usize = 256 << 10;

/// Ten million, and fewer where the code is not optimized.
const LENGTH: usize = if cfg!(debug_assertions) { 500_000 } else { 10_000_000 };

fn build_and_drop(backend: Backend) {
    let list = Workload::find("list").expect("the workload exists");
    let parameters = Parameters { scale: LENGTH, seed: 0 };
    let thread = thread::Builder::new()
        .stack_size(STACK_BYTES)
        .spawn(move || list.run(backend, &parameters, &mut Instruments::new()))
        .expect("a thread can be started");
    thread.join().expect("the thread ends well");
}

#[test]
fn null_drops_a_long_list_on_a_small_stack() {
    build_and_drop(Backend::Null);
}

#[test]
fn refcount_drops_a_long_list_on_a_small_stack() {
    build_and_drop(Backend::Refcount);
}

#[test]
fn marksweep_drops_a_long_list_on_a_small_stack() {
    build_and_drop(Backend::MarkSweep);
}

#[test]
fn generational_drops_a_long_list_on_a_small_stack() {
    build_and_drop(Backend::Generational);
}
