//! The listener that times collections.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use cpu_time::ThreadTime;
use gc_core::{Event, Listener};
use hdrhistogram::Histogram;

/// The longest pause that the histogram can hold: an hour.
const PAUSE_NS_MAX: u64 = 3_600_000_000_000;

/// So many collections are timed by both clocks; after them one in [`CPU_SAMPLE_ONE_IN`] is.
///
/// Reading the CPU clock of a thread is a system call. A prompt collector may do a million
/// collections of less than a microsecond, which two such calls each would double. The wall clock
/// is read for every one, as the longest pause must not be missed: 52 ns for both its ends.
const CPU_SAMPLES_FIRST: u64 = 1000;

/// See [`CPU_SAMPLES_FIRST`].
const CPU_SAMPLE_ONE_IN: u64 = 256;

/// The durations of all collections of one run, with the drop glue of what they found dead.
#[derive(Debug)]
pub(super) struct Pauses {
    /// What the clocks say of a collection that takes no time.
    overhead: Elapsed,
    started: Option<Start>,
    histogram: Histogram<u64>,
    wall: Duration,
    wall_of_samples: Duration,
    cpu_of_samples: Duration,
}

/// When a collection began. The CPU clock is read first and last, as the pause is what the wall
/// clock says.
#[derive(Debug)]
struct Start {
    cpu: Option<ThreadTime>,
    wall: Instant,
}

/// What the two clocks say of a collection.
#[derive(Clone, Copy, Debug)]
struct Elapsed {
    wall: Duration,
    cpu: Option<Duration>,
}

impl Start {
    fn now(is_sample: bool) -> Self {
        let cpu = is_sample.then(ThreadTime::try_now).and_then(Result::ok);
        let wall = Instant::now();
        Start { cpu, wall }
    }

    fn elapsed(&self) -> Elapsed {
        let wall = self.wall.elapsed();
        let cpu = self.cpu.and_then(|cpu| cpu.try_elapsed().ok());
        Elapsed { wall, cpu }
    }

    /// The least that the clocks say, in a few tries.
    fn overhead() -> Elapsed {
        let tries = [(); 64].map(|()| Start::now(true).elapsed());
        let wall = tries.iter().map(|elapsed| elapsed.wall).min();
        let cpu = tries.iter().filter_map(|elapsed| elapsed.cpu).min();
        Elapsed { wall: wall.unwrap_or_default(), cpu }
    }
}

impl Pauses {
    pub(super) fn new() -> Self {
        let histogram = Histogram::new_with_max(PAUSE_NS_MAX, 3)
            .expect("three digits are within the histogram's bounds");
        Pauses {
            overhead: Start::overhead(),
            started: None,
            histogram,
            wall: Duration::ZERO,
            wall_of_samples: Duration::ZERO,
            cpu_of_samples: Duration::ZERO,
        }
    }

    fn start(&mut self) {
        let count = self.histogram.len();
        let is_sample = count < CPU_SAMPLES_FIRST || count.is_multiple_of(CPU_SAMPLE_ONE_IN);
        self.started = Some(Start::now(is_sample));
    }

    fn stop(&mut self) {
        let Some(start) = self.started.take() else {
            return;
        };
        let Elapsed { wall, cpu } = start.elapsed();
        let wall = wall.saturating_sub(self.overhead.wall);
        if let Some(cpu) = cpu {
            // One thread cannot work longer than the time that passes; the clocks are not exact.
            self.cpu_of_samples +=
                cpu.saturating_sub(self.overhead.cpu.unwrap_or_default()).min(wall);
            self.wall_of_samples += wall;
        }
        self.wall += wall;
        self.histogram.saturating_record(wall.as_nanos().try_into().unwrap_or(PAUSE_NS_MAX));
    }

    /// CPU time of all collections: that of the sampled ones, scaled to the wall time of all.
    pub(super) fn cpu_ns(&self) -> u64 {
        if self.wall_of_samples.is_zero() {
            return 0;
        }
        (self.cpu_of_samples.as_nanos() as f64 * self.wall.div_duration_f64(self.wall_of_samples))
            as u64
    }

    /// Elapsed time of all collections.
    pub(super) fn wall_ns(&self) -> u64 {
        self.wall.as_nanos().try_into().unwrap_or(u64::MAX)
    }

    /// The pause that this part of all pauses does not exceed; 0 if there was none.
    pub(super) fn quantile_ns(&self, quantile: f64) -> u64 {
        self.histogram.value_at_quantile(quantile)
    }

    pub(super) fn max_ns(&self) -> u64 {
        self.histogram.max()
    }
}

/// Passes the events of one arena to the pauses of the run.
#[derive(Debug)]
pub(super) struct PauseListener(pub(super) Rc<RefCell<Pauses>>);

impl Listener for PauseListener {
    fn event(&mut self, event: &Event) {
        match event {
            Event::SafepointStart => self.0.borrow_mut().start(),
            Event::SafepointStop { .. } => self.0.borrow_mut().stop(),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_without_collections_has_no_pauses() {
        let pauses = Pauses::new();
        assert_eq!((pauses.quantile_ns(0.99), pauses.max_ns(), pauses.cpu_ns()), (0, 0, 0));
    }

    #[test]
    fn the_longest_pause_is_kept() {
        let mut pauses = Pauses::new();
        pauses.start();
        std::thread::sleep(Duration::from_millis(2));
        pauses.stop();
        // A stop without a start is not a pause.
        pauses.stop();
        assert!(pauses.max_ns() >= 2_000_000, "{}", pauses.max_ns());
        assert_eq!(pauses.histogram.len(), 1);
        // The thread slept, it did not work.
        assert!(pauses.cpu_ns() < pauses.max_ns());
    }
}
