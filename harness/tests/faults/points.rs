//! The places at which code of the user runs, numbered as the program comes by, and a fuse that burns
//! through at one of them: it panics there.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread;

thread_local! {
    static PASSED: Cell<u64> = const { Cell::new(0) };
    /// The first point that panics, and whether all later ones do.
    static FUSE: Cell<Option<(u64, bool)>> = const { Cell::new(None) };
    static BURNT: Cell<u64> = const { Cell::new(0) };
}

/// What a point panics with.
#[derive(Debug)]
struct Burnt;

/// Code of the user runs here; it may panic.
pub(crate) fn pass() {
    // A second panic while one unwinds would end the process, by the rules of Rust.
    if thread::panicking() {
        return;
    }
    let number = PASSED.replace(PASSED.get() + 1);
    let burns =
        FUSE.get().is_some_and(|(first, goes_on)| number == first || goes_on && number > first);
    if burns {
        BURNT.set(BURNT.get() + 1);
        resume_unwind(Box::new(Burnt));
    }
}

/// Runs a program whose point of this number panics, and all later ones if it `goes_on`. Says how many
/// did.
pub(crate) fn burning(first: u64, goes_on: bool, program: impl FnOnce()) -> u64 {
    PASSED.set(0);
    BURNT.set(0);
    FUSE.set(Some((first, goes_on)));
    program();
    FUSE.set(None);
    BURNT.get()
}

/// Runs a program without panics; says how many points it has.
pub(crate) fn count(program: impl FnOnce()) -> u64 {
    PASSED.set(0);
    FUSE.set(None);
    program();
    PASSED.get()
}

/// Runs a step of a program, which may end at a point that panics, and by no other panic.
#[track_caller]
pub(crate) fn step<T>(run: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(run)).map_err(expect_burnt).ok()
}

#[track_caller]
fn expect_burnt(panic: Box<dyn Any + Send>) {
    if !panic.is::<Burnt>() {
        resume_unwind(panic);
    }
}
