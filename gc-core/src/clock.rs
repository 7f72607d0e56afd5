//! Elapsed time, where there is a clock: with the feature `std`, but not in a browser, where std's
//! clock panics.

use core::time::Duration;

/// A moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock(Instant);

impl Clock {
    pub(crate) fn now() -> Clock {
        Clock(Instant::now())
    }

    /// Since that moment; zero if there is no clock.
    pub(crate) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

#[cfg(all(feature = "std", not(all(target_family = "wasm", target_os = "unknown"))))]
use std::time::Instant;

#[cfg(not(all(feature = "std", not(all(target_family = "wasm", target_os = "unknown")))))]
#[derive(Clone, Copy, Debug)]
struct Instant;

#[cfg(not(all(feature = "std", not(all(target_family = "wasm", target_os = "unknown")))))]
impl Instant {
    fn now() -> Instant {
        Instant
    }

    fn elapsed(self) -> Duration {
        Duration::ZERO
    }
}
