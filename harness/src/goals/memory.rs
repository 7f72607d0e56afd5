//! Goals about memory: the peak of a process against what lives in it.
//!
//! Measured in processes without huge pages. With them a peak says how many regions the allocator of the
//! process spreads its small blocks over, 2 MiB for each: with mimalloc that was 12 to 15 MB in `lru`, where
//! 6 MB live.

use super::speed::every;
use super::{Bound, Goal, Missing, Run, Source, needed};
use crate::backend::Backend;

pub(super) fn goals() -> Vec<Goal> {
    let mut goals = vec![peak("5", "quads", 1.2)];
    goals.extend(["graph", "lru", "quads"].map(|workload| peak("11", workload, 1.5)));
    goals
}

fn peak(row: &'static str, workload: &'static str, factor: f64) -> Goal {
    let measure =
        format!("{workload}, peak resident memory, times {factor} x live plus two nurseries");
    Goal::new(row, measure, every!(Bound::AtMost(1.0)), move |source, backend| {
        let live_bytes = live_bytes(source, workload);
        let ours = source.run(run(workload, backend));
        let allowed_bytes = factor * live_bytes? + 2.0 * backend.nursery_bytes_max() as f64;
        Ok(needed(ours?.peak_rss_bytes, "resident memory")? / allowed_bytes)
    })
}

fn run(workload: &'static str, backend: Backend) -> Run {
    Run::of(workload, backend.name_in_epochs()).small_pages()
}

/// What a workload has alive at most.
///
/// After a collection of its kind, each backend may still hold dead objects: old ones after a minor
/// collection, cycles. So the least of what they report is nearest to the truth.
fn live_bytes(source: &mut dyn Source, workload: &'static str) -> Result<f64, Missing> {
    let figures = Backend::COLLECTING.map(|backend| source.run(run(workload, backend)));
    let live = figures
        .into_iter()
        .filter_map(|figures| figures.ok()?.live_bytes_max)
        // One that did not collect has not looked.
        .filter(|&bytes| bytes > 0.0);
    needed(live.min_by(f64::total_cmp), "live bytes")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::goals::Figures;

    /// Every backend peaks at 24 MiB; what each reports as alive differs, and one never collected.
    struct Heaps;

    const MIB: f64 = 1024.0 * 1024.0;

    impl Source for Heaps {
        fn run(&mut self, run: Run) -> Result<Figures, Missing> {
            let live = match run.contender {
                "refcount:epochs" => 16.0 * MIB,
                "marksweep:epochs" => 10.0 * MIB,
                _ => 0.0,
            };
            assert!(run.small_pages, "huge pages round up");
            let (peak_rss_bytes, live_bytes_max) = (Some(24.0 * MIB), Some(live));
            Ok(Figures { peak_rss_bytes, live_bytes_max, ..Figures::default() })
        }
    }

    #[test]
    fn the_peak_is_held_against_what_truly_lives() {
        let judgments = peak("5", "quads", 1.2).judge(&mut Heaps);
        let refcount = judgments.iter().find(|judgment| judgment.backend == "refcount");
        let nursery = Backend::Refcount.nursery_bytes_max() as f64 / MIB;
        let value = refcount.and_then(|judgment| judgment.value).expect("judged");
        assert!((value - 24.0 / (12.0 + 2.0 * nursery)).abs() < 1e-9, "{value}");
        let generational = judgments.iter().find(|judgment| judgment.backend == "generational");
        assert_eq!(generational.and_then(|judgment| judgment.is_reached), Some(true));
    }
}
