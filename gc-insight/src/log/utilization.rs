//! How much of its time the program has: [`Utilization`].

use std::ops::Range;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::record::nanoseconds;

/// How much of the time the mutator has, and not the collector.
///
/// A single number says little: with 99 % of the time a program may stand still for a second. The
/// *minimum mutator utilization* says what is left of any window of some length: 0.4 at 10 ms means
/// that whatever 10 milliseconds are looked at, the mutator has 4 of them at least (Cheng and Blelloch,
/// "A parallel, real-time garbage collector", PLDI 2001). Windows that are no longer than the longest
/// pause have 0; the longer they are the more the minimum tends to what the mutator has of the whole
/// time, not always steadily.
///
/// # Examples
///
/// Two pauses of 2 ms, with 3 ms between them:
///
/// ```
/// use gc_insight::log::Utilization;
/// use std::time::Duration;
///
/// let ms = Duration::from_millis;
/// let utilization = Utilization::new(ms(0)..ms(20), [(ms(5), ms(2)), (ms(10), ms(2))]);
/// assert_eq!(utilization.overall(), 0.8);
/// // Within a pause, around one, and from the begin of the first to the end of the second.
/// assert_eq!(utilization.minimum(ms(2)), 0.0);
/// assert_eq!(utilization.minimum(ms(4)), 0.5);
/// assert_eq!(utilization.minimum(ms(8)), 0.5);
/// let [first, .., last] = utilization.curve(ms(1)..ms(20), 10)[..] else { panic!() };
/// assert_eq!((first.window, first.minimum), (ms(1), 0.0));
/// assert_eq!((last.window, last.minimum), (ms(20), 0.8));
/// ```
#[derive(Clone, Debug)]
pub struct Utilization {
    begin_ns: u64,
    end_ns: u64,
    /// In order; they do not overlap.
    pauses: Vec<Interval>,
    paused_ns: u64,
}

/// A pause.
#[derive(Clone, Copy, Debug)]
struct Interval {
    start_ns: u64,
    len_ns: u64,
    /// The length of all that come before.
    before_ns: u64,
}

/// A point of a utilization curve.
///
/// See the example of [`Utilization`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct UtilizationPoint {
    /// The length of the windows. In nanoseconds as `window_ns` in files.
    #[serde(rename = "window_ns", with = "nanoseconds")]
    pub window: Duration,
    /// What the mutator has of any of them at least: from 0 to 1.
    pub minimum: f64,
}

impl Utilization {
    /// From the pauses in a span of time: when each began and how long it took, in order. What lies
    /// outside of the span, or within the one before, is cut off.
    ///
    /// # Complexity
    ///
    /// O(pauses).
    ///
    /// # Examples
    ///
    /// See the example of [`Utilization`].
    pub fn new(
        span: Range<Duration>,
        pauses: impl IntoIterator<Item = (Duration, Duration)>,
    ) -> Utilization {
        let begin_ns = nanoseconds::of(span.start);
        let end_ns = nanoseconds::of(span.end).max(begin_ns);
        let mut utilization = Utilization { begin_ns, end_ns, pauses: Vec::new(), paused_ns: 0 };
        let mut free_from_ns = begin_ns;
        for (start, duration) in pauses {
            let start_ns = nanoseconds::of(start);
            let stop_ns = start_ns.saturating_add(nanoseconds::of(duration)).min(end_ns);
            let start_ns = start_ns.max(free_from_ns);
            if start_ns < stop_ns {
                let (len_ns, before_ns) = (stop_ns - start_ns, utilization.paused_ns);
                utilization.pauses.push(Interval { start_ns, len_ns, before_ns });
                utilization.paused_ns += len_ns;
                free_from_ns = stop_ns;
            }
        }
        utilization
    }

    fn span_ns(&self) -> u64 {
        self.end_ns - self.begin_ns
    }

    /// What the mutator has of the whole time: from 0 to 1; 1 if there is no time.
    ///
    /// See the example of [`Utilization`].
    #[must_use]
    pub fn overall(&self) -> f64 {
        share(self.paused_ns, self.span_ns())
    }

    /// What the mutator has at least of every window of this length: from 0 to 1, exactly. A window
    /// that is longer than the whole time means the whole time.
    ///
    /// # Complexity
    ///
    /// O(pauses).
    ///
    /// # Examples
    ///
    /// See the example of [`Utilization`].
    #[must_use]
    pub fn minimum(&self, window: Duration) -> f64 {
        let window_ns = nanoseconds::of(window).min(self.span_ns());
        if window_ns == 0 {
            // A moment is in a pause, or it is not.
            return if self.pauses.is_empty() { 1.0 } else { 0.0 };
        }
        // As a window is moved, what is paused in it changes linearly but where one of its ends is at
        // an end of a pause. It is largest where the window begins with a pause or ends with one, or
        // at the ends of time.
        let last_ns = self.end_ns - window_ns;
        let beginning = self.pauses.iter().map(|pause| pause.start_ns.min(last_ns));
        let ending = self.pauses.iter().map(|pause| pause.start_ns + pause.len_ns);
        let ending = ending.map(|end_ns| end_ns.saturating_sub(window_ns).max(self.begin_ns));
        let most = self.most_paused_ns(beginning, window_ns);
        share(most.max(self.most_paused_ns(ending, window_ns)), window_ns)
    }

    /// The most that is paused in the windows that begin at these times, which are in order.
    fn most_paused_ns(&self, starts_ns: impl Iterator<Item = u64>, window_ns: u64) -> u64 {
        let (mut from, mut to) = (Cursor::new(&self.pauses), Cursor::new(&self.pauses));
        let paused_ns = starts_ns
            .map(|start_ns| to.paused_until(start_ns + window_ns) - from.paused_until(start_ns));
        paused_ns.max().unwrap_or(0)
    }

    /// The minimum at a number of window lengths, from the first to the last at equal ratios.
    ///
    /// A range that begins with zero begins with a nanosecond; of one that ends before it begins there
    /// is only the begin.
    ///
    /// # Complexity
    ///
    /// O(pauses) for each point.
    ///
    /// # Examples
    ///
    /// See the example of [`Utilization`].
    #[must_use]
    pub fn curve(&self, windows: Range<Duration>, points: usize) -> Vec<UtilizationPoint> {
        let first_ns = nanoseconds::of(windows.start).max(1);
        let last_ns = nanoseconds::of(windows.end).max(first_ns);
        let ratio = last_ns as f64 / first_ns as f64;
        let window_ns = |place: usize| match place {
            0 => first_ns,
            _ if place + 1 == points => last_ns,
            _ => (first_ns as f64 * ratio.powf(place as f64 / (points - 1) as f64)).round() as u64,
        };
        let mut windows: Vec<Duration> =
            (0..points).map(|place| Duration::from_nanos(window_ns(place))).collect();
        windows.dedup();
        let point = |window| UtilizationPoint { window, minimum: self.minimum(window) };
        windows.into_iter().map(point).collect()
    }
}

/// What is left of a window.
fn share(paused_ns: u64, window_ns: u64) -> f64 {
    if window_ns == 0 {
        return 1.0;
    }
    (window_ns - paused_ns) as f64 / window_ns as f64
}

/// Says how much is paused until a time that only grows.
struct Cursor<'a> {
    pauses: &'a [Interval],
    /// How many of them began before that time.
    begun: usize,
}

impl<'a> Cursor<'a> {
    fn new(pauses: &'a [Interval]) -> Cursor<'a> {
        Cursor { pauses, begun: 0 }
    }

    fn paused_until(&mut self, time_ns: u64) -> u64 {
        while self.pauses.get(self.begun).is_some_and(|pause| pause.start_ns < time_ns) {
            self.begun += 1;
        }
        let Some(last) = self.begun.checked_sub(1) else { return 0 };
        let Interval { start_ns, len_ns, before_ns } = self.pauses[last];
        before_ns + (time_ns - start_ns).min(len_ns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NS: fn(u64) -> Duration = Duration::from_nanos;

    fn utilization(end_ns: u64, pauses: &[(u64, u64)]) -> Utilization {
        Utilization::new(NS(0)..NS(end_ns), pauses.iter().map(|&(at, len)| (NS(at), NS(len))))
    }

    /// By looking at every window.
    fn minimum_by_force(end_ns: u64, pauses: &[(u64, u64)], window_ns: u64) -> f64 {
        let is_paused = |time: u64| pauses.iter().any(|&(at, len)| (at..at + len).contains(&time));
        let of_window = |start| (start..start + window_ns).filter(|&time| !is_paused(time)).count();
        let least = (0..=end_ns - window_ns).map(of_window).min().unwrap();
        least as f64 / window_ns as f64
    }

    #[test]
    fn the_minimum_is_that_of_all_windows() {
        // A small generator will do: what counts is that pauses of many kinds meet many windows.
        let mut state = 1_u64;
        let mut random = |below: u64| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        };
        for _ in 0..60 {
            let end_ns = 20 + random(60);
            let mut pauses = Vec::new();
            let mut time = random(6);
            while time < end_ns {
                let len = random(7).min(end_ns - time);
                pauses.push((time, len));
                // Some follow each other at once, and some take no time.
                time += len + random(12) / 3 * 3;
            }
            let utilization = utilization(end_ns, &pauses);
            for window_ns in 1..=end_ns {
                let minimum = utilization.minimum(NS(window_ns));
                let by_force = minimum_by_force(end_ns, &pauses, window_ns);
                assert_eq!(minimum, by_force, "{pauses:?} until {end_ns}, {window_ns}");
            }
            assert_eq!(utilization.minimum(NS(end_ns)), utilization.overall());
            assert_eq!(utilization.minimum(NS(end_ns + 1)), utilization.overall());
        }
    }

    #[test]
    fn without_pauses_or_without_time_all_time_is_the_mutators() {
        assert_eq!(utilization(100, &[]).minimum(NS(10)), 1.0);
        assert_eq!(utilization(100, &[]).minimum(NS(0)), 1.0);
        assert_eq!(utilization(0, &[(0, 5)]).minimum(NS(10)), 1.0);
        assert_eq!(utilization(0, &[]).overall(), 1.0);
        // Backwards.
        assert_eq!(Utilization::new(NS(9)..NS(3), []).overall(), 1.0);
    }

    #[test]
    fn a_moment_has_nothing_if_there_is_a_pause() {
        assert_eq!(utilization(100, &[(10, 1)]).minimum(NS(0)), 0.0);
    }

    #[test]
    fn what_lies_outside_or_overlaps_is_cut_off() {
        let pauses = [(0, 15), (10, 10), (95, 50)].map(|(at, len)| (NS(at), NS(len)));
        let utilization = Utilization::new(NS(5)..NS(105), pauses);
        // From 5 to 20, and from 95 to 105.
        assert_eq!(utilization.overall(), 0.75);
        assert_eq!(utilization.minimum(NS(15)), 0.0);
        assert_eq!(utilization.minimum(NS(20)), 0.25);
    }

    #[test]
    fn a_curve_goes_from_the_first_window_to_the_last() {
        let utilization = utilization(1000, &[(100, 50)]);
        let curve = utilization.curve(NS(1)..NS(1000), 4);
        let windows: Vec<u128> = curve.iter().map(|point| point.window.as_nanos()).collect();
        assert_eq!(windows, [1, 10, 100, 1000]);
        assert_eq!(
            curve.iter().map(|point| point.minimum).collect::<Vec<_>>(),
            [0.0, 0.0, 0.5, 0.95]
        );
        // Windows that are the same once rounded come once.
        assert_eq!(utilization.curve(NS(0)..NS(2), 9).len(), 2);
        assert_eq!(utilization.curve(NS(50)..NS(2), 9).len(), 1);
        assert_eq!(utilization.curve(NS(1)..NS(1000), 1).len(), 1);
        assert!(utilization.curve(NS(1)..NS(1000), 0).is_empty());
    }
}
