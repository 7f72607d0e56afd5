//! Catches panics without printing them.
//!
//! While a program is shrunk a broken backend may panic hundreds of times; its message belongs into
//! the report, once.

use std::any::Any;
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

thread_local! {
    /// Whether this thread is inside [`catch_quietly`].
    static IS_QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Installs, once per process, a panic hook that is silent in quiet threads and the previous one in
/// the others.
static HOOK: Once = Once::new();

/// Runs `f` and returns what it returned, or the message of its panic.
///
/// Whatever `f` has changed stays as the panic left it: the caller throws it away.
pub(crate) fn catch_quietly<T>(f: impl FnOnce() -> T) -> Result<T, String> {
    HOOK.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !IS_QUIET.get() {
                previous(info);
            }
        }));
    });
    let was_quiet = IS_QUIET.replace(true);
    let outcome = panic::catch_unwind(AssertUnwindSafe(f));
    IS_QUIET.set(was_quiet);
    outcome.map_err(|payload| message(payload.as_ref()))
}

fn message(payload: &(dyn Any + Send)) -> String {
    if let Some(message) = payload.downcast_ref::<&str>() {
        (*message).to_owned()
    } else if let Some(message) = payload.downcast_ref::<String>() {
        message.clone()
    } else {
        "of an unknown type".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_its_message() {
        assert_eq!(catch_quietly(|| 1), Ok(1));
        assert_eq!(catch_quietly(|| panic!("plain")), Err::<(), _>("plain".to_owned()));
        assert_eq!(catch_quietly(|| panic!("number {}", 1)), Err::<(), _>("number 1".to_owned()));
    }
}
