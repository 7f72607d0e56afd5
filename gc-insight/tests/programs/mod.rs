//! Synthetic programs: how many objects of one type there are after each collection, in programs that
//! leak and in programs that do not.

use gc_insight::leak::{Count, Kind, LeakMonitor};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// How many objects there are after a collection.
type Objects = Box<dyn FnMut(u64) -> f64>;

/// A program.
#[derive(Clone, Copy)]
pub(crate) struct Program {
    pub(crate) name: &'static str,
    /// From when on it leaks.
    pub(crate) leaks_from: Option<u64>,
    make: fn(Pcg64Mcg) -> Objects,
}

/// What the monitor said of a program's runs.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    pub(crate) runs: usize,
    pub(crate) alarms: usize,
    /// Observations from the beginning of the leak until the alarm, sorted.
    pub(crate) delays: Vec<u64>,
}

impl Verdict {
    /// The delay that this part of the alarms does not exceed.
    pub(crate) fn delay(&self, quantile: f64) -> Option<u64> {
        let place = (quantile * self.delays.len() as f64).ceil() as usize;
        self.delays.get(place.saturating_sub(1)).copied()
    }
}

pub(crate) const KIND: Kind = Kind { type_name: "Session", site: None };

/// After how many observations a run ends.
pub(crate) const OBSERVATIONS: u64 = 20_000;

impl Program {
    /// Lets the program run with each seed, and a new monitor each time, until the alarm or the end.
    pub(crate) fn judge(&self, seeds: u64, monitor: impl Fn() -> LeakMonitor) -> Verdict {
        let mut verdict = Verdict::default();
        for seed in 0..seeds {
            verdict.runs += 1;
            let mut objects = (self.make)(Pcg64Mcg::seed_from_u64(seed));
            let mut monitor = monitor();
            for time in 0..OBSERVATIONS {
                let objects = objects(time).max(0.0) as usize;
                let count = Count { objects, bytes: 48 * objects };
                if !monitor.observe_counts([(KIND, count)]).is_empty() {
                    verdict.alarms += 1;
                    verdict.delays.push(time.saturating_sub(self.leaks_from.unwrap_or(0)));
                    break;
                }
            }
        }
        verdict.delays.sort_unstable();
        verdict
    }
}

/// Noise with a bell shape, from -3 to 3, with a deviation of 1/2.
fn noise(random: &mut Pcg64Mcg) -> f64 {
    (0..12).map(|_| random.random_range(-0.25..0.25)).sum()
}

/// A share of a period.
fn phase(time: u64, begin: u64, period: u64) -> f64 {
    ((time + begin) % period) as f64 / period as f64
}

fn wave(time: u64, begin: u64, period: u64) -> f64 {
    (phase(time, begin, period) * std::f64::consts::TAU).sin()
}

const fn quiet(name: &'static str, make: fn(Pcg64Mcg) -> Objects) -> Program {
    Program { name, leaks_from: None, make }
}

const fn leak(name: &'static str, from: u64, make: fn(Pcg64Mcg) -> Objects) -> Program {
    Program { name, leaks_from: Some(from), make }
}

/// All of them: those first that do not leak.
pub(crate) const PROGRAMS: &[Program] = &[
    quiet("nothing changes", |_| Box::new(|_| 1000.0)),
    quiet("noise", |mut random| Box::new(move |_| 1000.0 + 100.0 * noise(&mut random))),
    quiet("rare peaks", |mut random| {
        Box::new(move |_| 1000.0 + 10.0 / random.random_range(0.001..1.0))
    }),
    quiet("a saw-tooth, period 20", |mut random| {
        let begin = random.random_range(0..20);
        Box::new(move |time| 500.0 + 1000.0 * phase(time, begin, 20) + noise(&mut random))
    }),
    quiet("a saw-tooth, period 120", |mut random| {
        let begin = random.random_range(0..120);
        Box::new(move |time| 500.0 + 1000.0 * phase(time, begin, 120) + noise(&mut random))
    }),
    quiet("a saw-tooth, uneven", |mut random| {
        let mut objects = 0.0;
        Box::new(move |_| {
            objects = if random.random_ratio(1, 20) { 0.0 } else { objects + 10.0 };
            500.0 + objects
        })
    }),
    quiet("a warm-up", |mut random| {
        Box::new(move |time| {
            1000.0 - 900.0 * (-(time as f64) / 40.0).exp() + 5.0 * noise(&mut random)
        })
    }),
    quiet("a cache fills, and is full", |mut random| {
        let full = random.random_range(20..166);
        Box::new(move |time| 200.0 + 10.0 * time.min(full) as f64 + noise(&mut random))
    }),
    quiet("a cache fills late", |mut random| {
        let begin = random.random_range(1000..2000);
        Box::new(move |time| {
            let filled = time.saturating_sub(begin).min(300);
            200.0 + 10.0 * filled as f64 + noise(&mut random)
        })
    }),
    quiet("two steps", |mut random| {
        let steps = [0, 1].map(|_| random.random_range(0..OBSERVATIONS));
        Box::new(move |time| {
            let passed = steps.iter().filter(|&&step| step <= time).count();
            500.0 + 1000.0 * passed as f64 + 10.0 * noise(&mut random)
        })
    }),
    quiet("it grows as a logarithm", |mut random| {
        Box::new(move |time| 500.0 + 100.0 * ((time + 1) as f64).ln() + 2.0 * noise(&mut random))
    }),
    quiet("the load goes up and down", |mut random| {
        let (begin, period) = (random.random_range(0..200), random.random_range(20..140));
        Box::new(move |time| 1000.0 + 500.0 * wave(time, begin, period) + 20.0 * noise(&mut random))
    }),
    quiet("a saw-tooth under load", |mut random| {
        let begin = random.random_range(0..100);
        Box::new(move |time| {
            let load = 1.5 + wave(time, begin, 100);
            load * (200.0 + 300.0 * phase(time, begin, 13)) + 10.0 * noise(&mut random)
        })
    }),
    quiet("a bounded random walk", |mut random| {
        let mut objects: i32 = 500;
        Box::new(move |_| {
            objects = (objects + random.random_range(-20..=20)).clamp(0, 1000);
            f64::from(objects)
        })
    }),
    quiet("noise that lingers", |mut random| {
        let mut rest = 0.0;
        Box::new(move |_| {
            rest = 0.9 * rest + 50.0 * noise(&mut random);
            1000.0 + rest
        })
    }),
    quiet("it shrinks", |mut random| {
        Box::new(move |time| 30_000.0 - time as f64 + 10.0 * noise(&mut random))
    }),
    leak("fast: 100 at each", 0, |_| Box::new(|time| 500.0 + 100.0 * time as f64)),
    leak("slow: one at each fifth", 0, |mut random| {
        Box::new(move |time| 500.0 + (time / 5) as f64 + 5.0 * noise(&mut random))
    }),
    leak("a hundredth of the noise", 0, |mut random| {
        Box::new(move |time| 2000.0 + 2.0 * time as f64 + 400.0 * noise(&mut random))
    }),
    leak("in bursts", 0, |mut random| {
        let mut objects = 100.0;
        Box::new(move |_| {
            if random.random_ratio(1, 25) {
                objects += f64::from(random.random_range(1..100));
            }
            objects + noise(&mut random)
        })
    }),
    leak("below a saw-tooth", 0, |mut random| {
        let begin = random.random_range(0..25);
        Box::new(move |time| 100.0 + time as f64 + 1000.0 * phase(time, begin, 25))
    }),
    leak("below a load that goes up and down", 0, |mut random| {
        let begin = random.random_range(0..100);
        Box::new(move |time| {
            1000.0 + time as f64 + 500.0 * wave(time, begin, 100) + 20.0 * noise(&mut random)
        })
    }),
    leak("after a warm-up", 100, |mut random| {
        Box::new(move |time| {
            let warm = 5000.0 - 4900.0 * (-(time as f64) / 20.0).exp();
            warm + time.saturating_sub(100) as f64 + 5.0 * noise(&mut random)
        })
    }),
    leak("late: from 1000 on", 1000, |mut random| {
        Box::new(move |time| {
            300.0 + 5.0 * time.saturating_sub(1000) as f64 + 20.0 * noise(&mut random)
        })
    }),
    leak("faster and faster", 0, |mut random| {
        Box::new(move |time| 500.0 + (time * time) as f64 / 1e3 + 10.0 * noise(&mut random))
    }),
    leak("a random walk with a drift", 0, |mut random| {
        let mut objects = 500.0_f64;
        Box::new(move |_| {
            objects = (objects + f64::from(random.random_range(-20..=26))).max(0.0);
            objects
        })
    }),
];
