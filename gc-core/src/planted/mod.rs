//! Bugs that were planted, to see that the tests catch them.
//!
//! `planted!("a-bug")` is `false`: it costs nothing. In a build with `--cfg gc_planted` it is true for the
//! bug that the environment variable `GC_PLANTED` names. `bugs.rs` lists them; a name that is not there
//! does not compile. `ci/planted-bugs.sh` checks that each of them is caught.

#[cfg(gc_planted)]
mod bugs;

#[cfg(gc_planted)]
pub use bugs::{BUGS, Bug, is_asked_for, number};

/// Whether this bug was asked for.
#[cfg(not(gc_planted))]
#[doc(hidden)]
#[macro_export]
macro_rules! planted {
    ($bug:literal) => {
        false
    };
}

/// Whether this bug was asked for.
#[cfg(gc_planted)]
#[doc(hidden)]
#[macro_export]
macro_rules! planted {
    ($bug:literal) => {{
        const NUMBER: usize = $crate::planted::number($bug);
        $crate::planted::is_asked_for(NUMBER)
    }};
}
