//! What grows for longer than chance and warming up explain: [`LeakMonitor`].
//!
//! Note [How growth is judged]
//!
//! After each collection the bytes of every kind of object are an observation. The series of a kind is
//! kept as 192 points at most, each the *minimum* of a number of observations; when there are more, two
//! neighbors become one. So the floor of a saw-tooth is seen once a point is longer than a tooth, and
//! memory is bounded however long the program runs.
//!
//! When there are 128, 160 and 192 points the series is looked at: three times for each doubling of the
//! run. Only the later half of the run is judged, so that whatever was at the beginning does not
//! matter. A kind is *growing* at a look if all of this holds:
//!
//! 1. There is a trend upwards. Either in each third of the later half (Mann-Kendall, corrected for
//!    neighbors that are alike): a step, or two, are in one third or two. As all three tests have to
//!    reject, each may do so at the full level (an intersection-union test: Berger, "Multiparameter
//!    hypothesis testing and acceptance sampling", Technometrics 24, 1982). Or by the increments in the
//!    later half, which finds what grows in bursts, or wanders upwards. Each of the two ways has half of
//!    the level.
//! 2. Each third is above the one before (Mann-Whitney). That of a saw-tooth whose teeth are as long
//!    as a third is not.
//! 3. It grows at 3/4 at least of the rate (Theil-Sen) at which it grew in the quarter of the run before.
//!    What fills up, or grows as a logarithm does, slows down by more.
//! 4. It goes on to the end: from the first half of the last third to the second it grows by a quarter
//!    at least of what that rate promises. What is full does not.
//! 5. In the later half it has grown by a share that matters.
//!
//! A kind *leaks* if it is growing at three looks in a row: over a time in which the run got half as
//! long again.
//!
//! The tests of a look share a level, and the levels of all looks and kinds add up to the rate of false
//! alarms: a kind has the rate divided by the most kinds that are watched (Bonferroni), and of that the
//! k-th look may spend 1 / (k (k + 1)) (Lan and DeMets, "Discrete sequential boundaries for clinical
//! trials", Biometrika 70, 1983).

use std::collections::HashMap;
use std::fmt;

use super::census::{Census, Count, Kind};
use super::trend::{increments_tail, mann_kendall, mann_whitney, theil_sen, upper_tail};
use crate::text::Bytes;

/// A series has so many points at most.
const POINTS_MAX: usize = 192;

/// It is looked at when it has so many.
const LOOK_AT_POINTS: [usize; 3] = [128, 160, POINTS_MAX];

/// A kind leaks if it is growing at so many looks in a row.
const LOOKS_GROWING: u32 = 3;

/// Growth has slowed down if its rate is below this part of what it was before.
const RATE_KEPT: f64 = 0.75;

/// And it has ended if at the end of the run there is less than this part of the growth that the rate
/// promises.
const GROWTH_KEPT: f64 = 0.25;

/// Watches how much there is of each kind of object, and reports those that grow on and on.
///
/// The program takes a [`Census`] after each collection (or each full one, or each hundredth: what
/// counts is that they are comparable), and shows it to the monitor.
///
/// It is quiet about noise, about a saw-tooth, about what fills up and stays, about steps, about growth
/// that slows down as a logarithm's does, and about what comes and goes with the load, if any of this is
/// over, or has been seen to come again, within about the first hundred observations or within half of
/// the run. What takes longer looks like a leak until it is over: then it is [taken
/// back](LeakMonitor::leaks). [`warm_up`](LeakMonitorBuilder::warm_up) says how long that may be.
///
/// # How sure is it?
///
/// If what there is of each kind goes up and down without a direction, by chance, then the probability
/// that the monitor *ever* reports any of them is at most the [rate of false
/// alarms](LeakMonitorBuilder::false_alarm_rate), 1 % unless it is said otherwise, however long the
/// program runs and however many kinds there are. That holds for observations that are independent of
/// each other but for a step or two, and about so for those that are alike when they are near each
/// other. The price is a delay: a leak is reported after 192 observations at the earliest, and when it
/// has grown during two thirds of the run.
///
/// # Complexity
///
/// 1.6 KB for each kind, of which there are up to 256: what comes later is watched as one. An
/// observation takes O(kinds), and a few milliseconds at each of three looks for each doubling of their
/// number.
///
/// # Examples
///
/// ```
/// use gc_core::{Arena, Gc, Rootable};
/// use gc_generational::Generational;
/// use gc_insight::leak::{Census, LeakMonitor};
///
/// type Root<'gc> = Vec<Gc<'gc, u64>>;
/// let mut arena: Arena<Rootable![Root<'_>], Generational> = Arena::new(|_| Vec::new());
/// let mut monitor = LeakMonitor::new();
/// let mut reported = Vec::new();
/// for request in 0..1000 {
///     arena.mutate_root(|mc, root| root.push(Gc::new(mc, request)));
///     arena.collect();
///     let census = arena.inspect(|heap, _| Census::of(heap));
///     reported.extend(monitor.observe(&census));
/// }
/// let [leak] = &reported[..] else { panic!("{reported:?}") };
/// assert_eq!(leak.kind.map(|kind| kind.type_name), Some("u64"));
/// assert_eq!(leak.bytes_per_observation, 16.0);
/// assert!(leak.observations == 192 && leak.p_value < 1e-6);
/// assert_eq!(monitor.leaks().count(), 1);
/// println!("{leak}"); // u64: 16.0 bytes more at each of 192 observations ..
/// ```
#[derive(Clone, Debug)]
pub struct LeakMonitor {
    settings: LeakMonitorBuilder,
    /// How many observations were shown, those of the warm-up included.
    observations: u64,
    /// How many a point stands for.
    stride: u64,
    /// How many are in the point that is not complete.
    in_point: u64,
    /// Complete points of each series.
    points: usize,
    looks: u32,
    series: HashMap<Option<Kind>, Series>,
}

/// What there was of a kind.
#[derive(Clone, Debug)]
struct Series {
    points: Vec<u64>,
    /// The minimum of the point that is not complete.
    least: u64,
    /// What there is in the observation that is being made.
    now: u64,
    /// At how many looks in a row it was growing.
    growing: u32,
    leak: Option<LeakTrend>,
}

/// A kind of objects that grows: see [`LeakMonitor`].
///
/// See the example of [`LeakMonitor`].
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct LeakTrend {
    /// The kind; `None` stands for all kinds that came when as many were watched as can be.
    pub kind: Option<Kind>,
    /// After how many observations that was seen.
    pub observations: u64,
    /// By how much it grows from one observation to the next, in the later half of the run: the median.
    pub bytes_per_observation: f64,
    /// Bytes that there are, at least: the last minimum.
    pub bytes: u64,
    /// How likely the weakest of the signs for it is at this look if there is no growth.
    pub p_value: f64,
}

impl fmt::Display for LeakTrend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Some(kind) => write!(f, "{kind}")?,
            None => f.write_str("other types")?,
        }
        let LeakTrend { observations, bytes_per_observation, bytes, p_value, .. } = self;
        write!(
            f,
            ": {bytes_per_observation:.1} bytes more at each of {observations} observations, "
        )?;
        write!(f, "{} now (p = {p_value:.1e})", Bytes(*bytes))
    }
}

/// Says how a [`LeakMonitor`] is to judge.
///
/// # Examples
///
/// ```
/// use gc_insight::leak::LeakMonitor;
///
/// let monitor = LeakMonitor::builder()
///     .false_alarm_rate(0.001)
///     .warm_up(500)
///     .growth_min(0.1)
///     .kinds_max(1000)
///     .build();
/// assert_eq!(monitor.observations(), 0);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct LeakMonitorBuilder {
    false_alarm_rate: f64,
    warm_up: u64,
    growth_min: f64,
    kinds_max: usize,
}

impl LeakMonitorBuilder {
    /// The probability that there is ever a false alarm: 0.01 unless it is said otherwise. What is no
    /// probability becomes the nearest; zero means that there is never an alarm.
    ///
    /// See the example of [`LeakMonitorBuilder`].
    #[must_use]
    pub fn false_alarm_rate(self, false_alarm_rate: f64) -> LeakMonitorBuilder {
        LeakMonitorBuilder { false_alarm_rate: false_alarm_rate.clamp(0.0, 1.0), ..self }
    }

    /// How many observations at the beginning are ignored altogether: none unless it is said
    /// otherwise.
    ///
    /// See the example of [`LeakMonitorBuilder`].
    #[must_use]
    pub fn warm_up(self, observations: u64) -> LeakMonitorBuilder {
        LeakMonitorBuilder { warm_up: observations, ..self }
    }

    /// By which part of itself a kind must have grown, in the later half of the run, to be reported:
    /// 0.02 unless it is said otherwise.
    ///
    /// See the example of [`LeakMonitorBuilder`].
    #[must_use]
    pub fn growth_min(self, part: f64) -> LeakMonitorBuilder {
        LeakMonitorBuilder { growth_min: part.max(0.0), ..self }
    }

    /// How many kinds are watched each for itself: 256 unless it is said otherwise. Those that come
    /// later are watched as one.
    ///
    /// See the example of [`LeakMonitorBuilder`].
    #[must_use]
    pub fn kinds_max(self, kinds_max: usize) -> LeakMonitorBuilder {
        LeakMonitorBuilder { kinds_max, ..self }
    }

    /// The monitor.
    ///
    /// See the example of [`LeakMonitorBuilder`].
    #[must_use]
    pub fn build(self) -> LeakMonitor {
        LeakMonitor {
            settings: self,
            observations: 0,
            stride: 1,
            in_point: 0,
            points: 0,
            looks: 0,
            series: HashMap::new(),
        }
    }
}

impl Default for LeakMonitor {
    fn default() -> LeakMonitor {
        LeakMonitor::new()
    }
}

impl LeakMonitor {
    /// A monitor with the default settings.
    ///
    /// See the example of [`LeakMonitor`].
    #[must_use]
    pub fn new() -> LeakMonitor {
        LeakMonitor::builder().build()
    }

    /// A monitor that is to be adjusted.
    ///
    /// See the example of [`LeakMonitorBuilder`].
    #[must_use]
    pub fn builder() -> LeakMonitorBuilder {
        LeakMonitorBuilder { false_alarm_rate: 0.01, warm_up: 0, growth_min: 0.02, kinds_max: 256 }
    }

    /// Shows the monitor what there is now. Returns what it has found to leak just now.
    ///
    /// See the example of [`LeakMonitor`].
    pub fn observe(&mut self, census: &Census) -> Vec<LeakTrend> {
        self.observe_counts(census.rows())
    }

    /// Shows the monitor what there is now of each kind, if that is known without a census. What is
    /// left out has zero bytes.
    ///
    /// # Examples
    ///
    /// ```
    /// use gc_insight::leak::{Count, Kind, LeakMonitor};
    ///
    /// let mut monitor = LeakMonitor::new();
    /// let sessions = Kind { type_name: "Session", site: None };
    /// for hour in 0..1000 {
    ///     // A hundred are open, more or less.
    ///     let objects = 100 + hour * 7 % 13;
    ///     let leaks = monitor.observe_counts([(sessions, Count { objects, bytes: 80 * objects })]);
    ///     assert!(leaks.is_empty());
    /// }
    /// ```
    pub fn observe_counts(
        &mut self,
        counts: impl IntoIterator<Item = (Kind, Count)>,
    ) -> Vec<LeakTrend> {
        self.observations += 1;
        if self.observations <= self.settings.warm_up {
            return Vec::new();
        }
        for (kind, count) in counts {
            self.add(kind, count.bytes as u64);
        }
        self.in_point += 1;
        let is_complete = self.in_point == self.stride;
        for series in self.series.values_mut() {
            series.close_observation(is_complete);
        }
        if !is_complete {
            return Vec::new();
        }
        self.in_point = 0;
        self.points += 1;
        if !LOOK_AT_POINTS.contains(&self.points) {
            return Vec::new();
        }
        let found = self.look();
        if self.points == POINTS_MAX {
            self.series.values_mut().for_each(Series::halve);
            self.points /= 2;
            self.stride *= 2;
        }
        found
    }

    /// Adds to what there is of a kind now.
    fn add(&mut self, kind: Kind, bytes: u64) {
        let is_room = self.series.len() < self.settings.kinds_max;
        let key = if is_room || self.series.contains_key(&Some(kind)) { Some(kind) } else { None };
        let (points, in_point) = (self.points, self.in_point);
        let series = self.series.entry(key).or_insert_with(|| Series::new(points, in_point));
        series.now = series.now.saturating_add(bytes);
    }

    fn look(&mut self) -> Vec<LeakTrend> {
        self.looks += 1;
        let look = f64::from(self.looks);
        // One more, for those that are watched as one.
        let kinds = self.settings.kinds_max as f64 + 1.0;
        let level = self.settings.false_alarm_rate / kinds / (look * (look + 1.0));
        let mut found = Vec::new();
        for (&kind, series) in &mut self.series {
            let Some(growth) = series.growth(level, self.settings.growth_min) else {
                (series.growing, series.leak) = (0, None);
                continue;
            };
            series.growing += 1;
            if series.growing < LOOKS_GROWING {
                continue;
            }
            let leak = LeakTrend {
                kind,
                observations: self.observations,
                bytes_per_observation: growth.per_point / self.stride as f64,
                bytes: series.points.last().copied().unwrap_or(0),
                p_value: growth.p_value,
            };
            if series.leak.replace(leak).is_none() {
                found.push(leak);
            }
        }
        found.sort_by_key(|leak| leak.kind);
        found
    }

    /// How many observations it was shown.
    ///
    /// See the example of [`LeakMonitorBuilder`].
    #[must_use]
    pub fn observations(&self) -> u64 {
        self.observations
    }

    /// What leaks, as of the last look, in no particular order. What has ceased to grow is not among it
    /// any more.
    ///
    /// See the example of [`LeakMonitor`].
    pub fn leaks(&self) -> impl Iterator<Item = &LeakTrend> {
        self.series.values().filter_map(|series| series.leak.as_ref())
    }
}

/// Growth that was seen at a look.
struct GrowthSeen {
    per_point: f64,
    p_value: f64,
}

impl Series {
    /// Of what there was nothing until now.
    fn new(points: usize, in_point: u64) -> Series {
        let least = if in_point == 0 { u64::MAX } else { 0 };
        Series { points: vec![0; points], least, now: 0, growing: 0, leak: None }
    }

    fn close_observation(&mut self, is_complete: bool) {
        self.least = self.least.min(std::mem::take(&mut self.now));
        if is_complete {
            self.points.push(std::mem::replace(&mut self.least, u64::MAX));
        }
    }

    /// Makes one point of each two.
    fn halve(&mut self) {
        let merged = self.points.chunks_exact(2).map(|pair| pair[0].min(pair[1]));
        self.points = merged.collect();
    }

    /// Whether it is growing: see Note [How growth is judged].
    fn growth(&self, level: f64, growth_min: f64) -> Option<GrowthSeen> {
        let values: Vec<f64> = self.points.iter().map(|&bytes| bytes as f64).collect();
        let (early, judged) = values.split_at(values.len() / 2);
        // For most kinds this is all.
        if judged.first() >= judged.last() {
            return None;
        }
        let third = judged.len() / 3;
        let thirds = [&judged[..third], &judged[third..2 * third], &judged[2 * third..]];
        let [a, b, c] = thirds.map(mann_kendall);
        let trend = upper_tail(a.min(b).min(c)).min(increments_tail(judged));
        let above = |lower, upper| mann_whitney(thirds[lower], thirds[upper]);
        let order = upper_tail(above(0, 1).min(above(1, 2)));
        let p_value = (2.0 * trend).max(order);
        let per_point = theil_sen(judged);
        let before = theil_sen(&early[early.len() / 2..]);
        let (end, expected) = (growth_of_halves(thirds[2]), per_point * third as f64 / 2.0);
        let grown = per_point * judged.len() as f64;
        let is_growing = p_value <= level
            && per_point >= RATE_KEPT * before
            && end >= GROWTH_KEPT * expected
            && grown >= growth_min * judged[0].max(1.0);
        is_growing.then_some(GrowthSeen { per_point, p_value })
    }
}

/// By how much the mean of the second half exceeds that of the first.
fn growth_of_halves(values: &[f64]) -> f64 {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (first, second) = values.split_at(values.len() / 2);
    mean(second) - mean(first)
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_pcg::Pcg64Mcg;

    use super::*;

    /// How many of 200 series are growing at a single look, at a level of 5 %.
    fn growing(value: impl Fn(u64, u64, &mut Pcg64Mcg) -> u64) -> usize {
        let is_growing = |seed: &u64| {
            let mut random = Pcg64Mcg::seed_from_u64(*seed);
            let mut series = Series::new(0, 0);
            series.points =
                (0..POINTS_MAX as u64).map(|time| value(time, *seed, &mut random)).collect();
            series.growth(0.05, 0.0).is_some()
        };
        (0..200).filter(is_growing).count()
    }

    #[test]
    fn a_single_look_is_at_the_level_although_there_is_a_step() {
        // Anywhere in the later half.
        let alarms = growing(|time, seed, random| {
            let step = if time < 96 + seed % 96 { 0 } else { 1000 };
            1000 + step + random.random_range(0..100)
        });
        assert!(alarms <= 10, "{alarms}");
    }

    #[test]
    fn a_single_look_finds_growth_in_noise() {
        let found = growing(|time, _, random| 1000 + time + random.random_range(0..20));
        assert!(found >= 190, "{found}");
    }
}
