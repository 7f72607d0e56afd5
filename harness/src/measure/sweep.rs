//! What collection costs in heaps of several sizes.
//!
//! The method is the one of Cai, Blackburn, Bond and Maas, "Distilling the real cost of production
//! garbage collectors", ISPASS 2022. The cost of a run without any collector cannot be measured, but
//! it is at most what remains of a run when the part spent in collections is taken away. The least
//! remainder over all configurations is the baseline, and a run's total cost divided by it is a
//! *lower bound of its overhead*: what a collector does outside of its collections, in barriers and
//! in the allocator, is in the total and not in what is taken away.

use serde::Serialize;

use super::{
    Cause, Failure, Job, Launcher, Measurement, Order, Outcome, Rounds, Series, Setting, Spread,
};

/// The sizes of the heap, in multiples of the [`Unit`].
pub const HEAP_FACTORS: [f64; 6] = [1.25, 1.5, 2.0, 3.0, 4.0, 6.0];

/// How exactly the least heap is found: to a part of it in so many, or to a block of the heap.
const PRECISION: usize = 50;

/// See [`PRECISION`].
const BLOCK_BYTES: usize = gc_core::heap::BLOCK_BYTES;

/// A heap of so many times what a process without a limit needs is enough; a run that does not end in
/// it has another trouble.
const PEAKS_MAX: usize = 64;

/// The least limit under which an order ends.
///
/// Found by bisection, so it rests on a larger heap being enough wherever a smaller one is. A run
/// that exceeds the launcher's time limit counts as one that lacks memory. `ended` is told of each
/// run.
///
/// # Errors
///
/// The outcome, if a run ends without a measurement for another reason than memory.
pub fn find_least_heap(
    launcher: &Launcher,
    order: &Order,
    mut ended: impl FnMut(),
) -> Result<usize, Box<Outcome>> {
    let mut measure = |limit_bytes| {
        let outcome = launcher.measure_with(order, timed(limit_bytes));
        ended();
        outcome
    };
    let free = measure(None);
    let Some(measurement) = free.measurement() else {
        return Err(free.into());
    };
    // The whole process is larger than its heap, as a rule: pages of a block that nobody touched
    // are in the heap and not in memory.
    let peak_bytes = measurement.peak_rss_bytes.unwrap_or(1 << 30) as usize;
    let lacks_memory =
        |failure: &Failure, bytes| failure.cause != Cause::Other && bytes / PEAKS_MAX < peak_bytes;
    bisect(peak_bytes, &mut |bytes| match measure(Some(bytes)) {
        Outcome::Measured(_) => Ok(true),
        Outcome::Failed(failure) if lacks_memory(&failure, bytes) => Ok(false),
        trouble => Err(trouble.into()),
    })
}

/// The least number of bytes that are enough, near enough; `guess` need not be.
fn bisect<E>(
    guess: usize,
    is_enough: &mut impl FnMut(usize) -> Result<bool, E>,
) -> Result<usize, E> {
    let (mut low, mut high) = (0, guess.max(BLOCK_BYTES));
    while !is_enough(high)? {
        (low, high) = (high, high * 2);
    }
    while high - low > BLOCK_BYTES.max(high / PRECISION) {
        let middle = low.midpoint(high);
        if is_enough(middle)? { high = middle } else { low = middle }
    }
    Ok(high)
}

/// The setting of the runs: collections are timed, as their cost is taken away.
fn timed(limit_bytes: Option<usize>) -> Setting {
    Setting { limit_bytes, ..Setting::default() }
}

/// A backend in a heap of one size, on one workload.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SweepRow {
    /// The name of the workload.
    pub workload: &'static str,
    /// The scale of the runs.
    pub scale: usize,
    /// The name of the backend.
    pub backend: &'static str,
    /// The least heap in which this backend runs the workload.
    pub least_bytes: usize,
    /// The size of the heap, in multiples of the least in which any backend runs the workload.
    pub heap_factor: f64,
    /// The size of the heap.
    pub limit_bytes: usize,
    /// User and system time of the process.
    pub cpu_ns: Option<Spread>,
    /// Elapsed time of the workload.
    pub wall_ns: Option<Spread>,
    /// CPU time in collections.
    pub gc_cpu_ns: Option<Spread>,
    /// Elapsed time in collections.
    pub gc_wall_ns: Option<Spread>,
    /// The lower bound of the overhead in CPU time: 1 is none.
    pub cpu_overhead: Option<f64>,
    /// The lower bound of the overhead in elapsed time.
    pub wall_overhead: Option<f64>,
    /// Why there are no figures, in a few words.
    pub word: Option<String>,
}

/// What the sizes of the heaps are multiples of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// The least heap in which any of the backends runs the workload.
    LeastOfAll,
    /// The least heap in which the backend itself does.
    Own,
}

/// One workload in heaps of all sizes.
#[derive(Debug)]
pub struct Sweep {
    cells: Vec<Cell>,
    rounds: Rounds,
}

/// A backend in a heap of one size.
#[derive(Clone, Copy, Debug)]
struct Cell {
    order: Order,
    least_bytes: usize,
    heap_factor: f64,
    limit_bytes: usize,
}

impl Sweep {
    /// A sweep over the sizes that follow from the least heap of each backend.
    #[must_use]
    pub fn new(least_heaps: &[(Order, usize)], unit: Unit) -> Self {
        let least_of_all = least_heaps.iter().map(|&(_, bytes)| bytes).min().unwrap_or(0);
        let cells: Vec<_> = least_heaps
            .iter()
            .flat_map(|&(order, least_bytes)| {
                let unit_bytes = match unit {
                    Unit::LeastOfAll => least_of_all,
                    Unit::Own => least_bytes,
                };
                HEAP_FACTORS.map(|heap_factor| {
                    let limit_bytes = (unit_bytes as f64 * heap_factor) as usize;
                    Cell { order, least_bytes, heap_factor, limit_bytes }
                })
            })
            .collect();
        let jobs = cells
            .iter()
            .map(|cell| Job { order: cell.order, setting: timed(Some(cell.limit_bytes)) });
        Sweep { rounds: Rounds::new(jobs), cells }
    }

    /// Measures every backend in every heap once more, in turns.
    pub fn round(&mut self, launcher: &Launcher, ended: impl FnMut(&Job)) {
        self.rounds.round(launcher, ended);
    }

    /// What was measured, in the order of the backends and then of the sizes.
    #[must_use]
    pub fn series(&self) -> &[Series] {
        self.rounds.series()
    }

    /// The costs, and the bounds that follow from all of them.
    #[must_use]
    pub fn rows(&self, word: impl Fn(&Outcome) -> String) -> Vec<SweepRow> {
        let series = self.series();
        let cpu_base_ns = baseline_ns(series, |of| of.cpu_ns.checked_sub(of.gc_cpu_ns?));
        let wall_base_ns = baseline_ns(series, |of| of.wall_ns.checked_sub(of.gc_wall_ns?));
        let row = |(cell, series): (&Cell, &Series)| {
            let cpu_ns = series.spread(|of| Some(of.cpu_ns));
            let wall_ns = series.spread(|of| Some(of.wall_ns));
            SweepRow {
                workload: cell.order.workload.name,
                scale: cell.order.parameters.scale,
                backend: cell.order.contender.name(),
                least_bytes: cell.least_bytes,
                heap_factor: cell.heap_factor,
                limit_bytes: cell.limit_bytes,
                cpu_ns,
                wall_ns,
                gc_cpu_ns: series.spread(|of| of.gc_cpu_ns),
                gc_wall_ns: series.spread(|of| of.gc_wall_ns),
                cpu_overhead: overhead(cpu_ns, cpu_base_ns),
                wall_overhead: overhead(wall_ns, wall_base_ns),
                word: series.trouble().map(&word),
            }
        };
        self.cells.iter().zip(series).map(row).collect()
    }
}

/// The least cost that remains of any configuration when its collections are taken away.
fn baseline_ns(series: &[Series], rest: impl Fn(&Measurement) -> Option<u64>) -> Option<u64> {
    let rests = series.iter().filter_map(|series| series.spread(&rest));
    rests.map(|spread| spread.median).min()
}

fn overhead(total: Option<Spread>, base_ns: Option<u64>) -> Option<f64> {
    let base_ns = base_ns.filter(|&ns| ns > 0)?;
    Some(total?.median as f64 / base_ns as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::Backend;
    use crate::measure::Contender;
    use crate::workloads::{Parameters, WORKLOADS};

    fn least(guess: usize, truth: usize) -> usize {
        bisect(guess, &mut |bytes| Ok::<_, ()>(bytes >= truth)).expect("nothing fails")
    }

    #[test]
    fn the_least_heap_is_found_from_above_and_from_below() {
        for truth in [1, 40 << 10, 5 << 20, 700 << 20] {
            for guess in [0, 1 << 20, 1 << 30] {
                let found = least(guess, truth);
                let slack = BLOCK_BYTES.max(found / PRECISION);
                assert!((truth..=truth + slack).contains(&found), "{truth} from {guess}: {found}");
            }
        }
    }

    fn order(backend: Backend) -> Order {
        Order {
            workload: &WORKLOADS[0],
            contender: Contender::Backend(backend),
            parameters: Parameters { scale: 6, seed: 0 },
        }
    }

    fn least_heaps() -> [(Order, usize); 2] {
        [(order(Backend::Refcount), 300_000), (order(Backend::Generational), 200_000)]
    }

    #[test]
    fn heaps_are_multiples_of_the_least_of_all_or_of_the_own_least() {
        let limits = |unit| {
            let sweep = Sweep::new(&least_heaps(), unit);
            [sweep.cells[0].limit_bytes, sweep.cells[6].limit_bytes]
        };
        assert_eq!(limits(Unit::LeastOfAll), [250_000, 250_000]);
        assert_eq!(limits(Unit::Own), [375_000, 250_000]);
    }

    /// A round in which a run costs what `cost` says: in total, and in collections.
    fn sweep(cost: impl Fn(&Job) -> Option<(u64, u64)>) -> Sweep {
        let mut sweep = Sweep::new(&least_heaps(), Unit::LeastOfAll);
        let measure = |job: &Job| match cost(job) {
            Some((total, collections)) => Outcome::Measured(Measurement {
                cpu_ns: total,
                wall_ns: 2 * total,
                gc_cpu_ns: Some(collections),
                gc_wall_ns: Some(2 * collections),
                ..Measurement::default()
            }),
            None => Outcome::Failed(job.order.failure(Cause::HeapFull, String::new())),
        };
        sweep.rounds.round_with(measure, |_| {});
        sweep
    }

    #[test]
    fn the_overhead_is_over_the_least_cost_without_collections() {
        let rows = sweep(|job| match job.order.contender.name() {
            "refcount" => Some((150, 10)),
            _ => Some((200, 100)),
        })
        .rows(|_| unreachable!("all was measured"));
        assert_eq!(rows.len(), 2 * HEAP_FACTORS.len());
        assert_eq!((rows[0].backend, rows[0].limit_bytes), ("refcount", 250_000));
        // The generational collector's program took 100 without its collections.
        assert_eq!((rows[0].cpu_overhead, rows[0].wall_overhead), (Some(1.5), Some(1.5)));
        assert_eq!(rows[6].cpu_overhead, Some(2.0));
    }

    #[test]
    fn a_heap_that_is_too_small_is_a_word() {
        let rows = sweep(|job| (job.setting.limit_bytes > Some(300_000)).then_some((100, 0)))
            .rows(|_| "heap full".to_owned());
        assert_eq!(rows[0].word.as_deref(), Some("heap full"));
        assert_eq!(rows[0].cpu_overhead, None);
        assert_eq!((rows[2].word.as_deref(), rows[2].cpu_overhead), (None, Some(1.0)));
    }
}
