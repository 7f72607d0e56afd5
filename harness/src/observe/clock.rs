//! The time that a run takes, without that in which it is looked at.

use std::time::{Duration, Instant};

/// A clock that can be stopped.
#[derive(Debug)]
pub(super) struct RunClock {
    start: Instant,
    away: Duration,
    stopped: Option<Instant>,
}

impl RunClock {
    pub(super) fn start() -> Self {
        RunClock { start: Instant::now(), away: Duration::ZERO, stopped: None }
    }

    /// How long it ran.
    pub(super) fn elapsed(&self) -> Duration {
        let now = self.stopped.unwrap_or_else(Instant::now);
        now.duration_since(self.start).saturating_sub(self.away)
    }

    /// Stops it.
    pub(super) fn stop(&mut self) {
        self.stopped.get_or_insert_with(Instant::now);
    }

    /// Lets it go on, and answers how long it stood still.
    pub(super) fn go_on(&mut self) -> Duration {
        let stood = self.stopped.take().map_or(Duration::ZERO, |stopped| stopped.elapsed());
        self.away += stood;
        stood
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_while_it_stands_does_not_count() {
        let mut clock = RunClock::start();
        clock.stop();
        let before = clock.elapsed();
        std::thread::sleep(Duration::from_millis(5));
        assert_eq!(clock.elapsed(), before);
        let stood = clock.go_on();
        assert!(stood >= Duration::from_millis(5));
        assert!(clock.elapsed() >= before && clock.away == stood);
        assert_eq!(clock.go_on(), Duration::ZERO);
    }
}
