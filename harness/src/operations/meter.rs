//! How the body of an operation is repeated, and what it is measured with.

use std::hint::black_box;
use std::time::{Duration, Instant};

use cpu_time::ProcessTime;

/// A part of the name of the function that everything measured runs in: callgrind counts what
/// happens between its beginning and its end.
pub(super) const REGION: &str = "measured_region";

#[inline(never)]
fn measured_region<T>(body: impl FnOnce() -> T) -> T {
    body()
}

/// Repeats bodies and adds up what they take.
#[derive(Debug)]
pub struct Meter {
    repetitions: u64,
    operations: u64,
    elapsed: Duration,
    /// An answer that is no time for an operation.
    answer: Option<f64>,
}

impl Meter {
    /// A meter that repeats each body this often.
    #[must_use]
    pub fn new(repetitions: u64) -> Meter {
        Meter { repetitions, operations: 0, elapsed: Duration::ZERO, answer: None }
    }

    /// Repeats a body that does so many operations. It is done once before, unmeasured: caches are
    /// warm and the collector has found its pace when the measurement begins.
    pub fn repeat<T>(&mut self, operations: usize, mut body: impl FnMut() -> T) {
        black_box(body());
        let repetitions = self.repetitions;
        self.once(operations as u64 * repetitions, || {
            for _ in 0..repetitions {
                black_box(body());
            }
        });
    }

    /// As [`repeat`](Meter::repeat), for a body that uses up what it works on: `prepare` comes
    /// before each repetition and is not measured.
    pub fn repeat_prepared<S>(
        &mut self,
        operations: usize,
        state: &mut S,
        mut prepare: impl FnMut(&mut S),
        mut body: impl FnMut(&mut S),
    ) {
        prepare(state);
        body(state);
        for _ in 0..self.repetitions {
            prepare(state);
            self.once(operations as u64, || body(state));
        }
    }

    /// Measures something that is done once.
    pub fn once<T>(&mut self, operations: u64, body: impl FnOnce() -> T) -> T {
        let begin = ProcessTime::now();
        let result = measured_region(body);
        self.elapsed += begin.elapsed();
        self.operations += operations;
        result
    }

    /// Answers how many times faster the second body is than the first, by the clock on the wall:
    /// CPU time adds up what threads do at the same time. They take turns.
    pub(super) fn compare(&mut self, mut slow: impl FnMut(), mut fast: impl FnMut()) {
        slow();
        fast();
        let mut elapsed = [Duration::ZERO; 2];
        for _ in 0..self.repetitions {
            let begin = Instant::now();
            self.once(1, &mut slow);
            let middle = Instant::now();
            self.once(1, &mut fast);
            elapsed[0] += middle - begin;
            elapsed[1] += middle.elapsed();
        }
        self.answer = Some(elapsed[0].as_secs_f64() / elapsed[1].as_secs_f64());
    }

    /// Notes an answer that is no time: a share, in percent.
    pub(super) fn set_percent(&mut self, percent: f64) {
        self.answer = Some(percent);
    }

    /// The operations that were measured.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.operations
    }

    /// The share or comparison that was noted; otherwise nanoseconds of CPU time for each operation.
    #[must_use]
    pub fn value(&self) -> f64 {
        self.answer
            .unwrap_or_else(|| self.elapsed.as_nanos() as f64 / self.operations.max(1) as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_repeated_after_one_that_is_not_measured() {
        let mut meter = Meter::new(3);
        let mut runs = 0;
        meter.repeat(5, || runs += 1);
        assert_eq!((runs, meter.operations()), (4, 15));
    }

    #[test]
    fn what_prepares_a_repetition_is_not_measured() {
        let mut meter = Meter::new(2);
        let mut log = Vec::new();
        meter.repeat_prepared(1, &mut log, |log| log.push("prepare"), |log| log.push("body"));
        assert_eq!(log, ["prepare", "body"].repeat(3));
        assert_eq!(meter.operations(), 2);

        let sleep = |_: &mut ()| {
            let begin = ProcessTime::now();
            while begin.elapsed() < Duration::from_millis(20) {}
        };
        let mut meter = Meter::new(1);
        meter.repeat_prepared(1, &mut (), sleep, |()| ());
        assert!(meter.value() < 10e6, "{} ns", meter.value());
        let mut meter = Meter::new(1);
        meter.repeat_prepared(1, &mut (), |()| (), sleep);
        assert!(meter.value() >= 20e6, "{} ns", meter.value());
    }

    #[test]
    fn of_two_bodies_it_is_told_how_many_times_faster_the_second_is() {
        use std::cell::Cell;
        use std::thread::sleep;

        let runs = Cell::new(0);
        let body = |milliseconds| {
            runs.set(runs.get() + 1);
            sleep(Duration::from_millis(milliseconds));
        };
        let mut meter = Meter::new(2);
        meter.compare(|| body(50), || body(1));
        assert_eq!(runs.get(), 6, "each once more than it is measured");
        assert!(meter.value() > 1.0, "{} times", meter.value());
    }
}
