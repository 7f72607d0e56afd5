//! Goals about time: our backends against a bump allocator, `Box`, `Rc` and other collectors.
//!
//! All are ratios of the CPU times of whole processes, but for the cost per object of `quads`.
//!
//! A backend that can be prompt is measured in epochs, as others' collectors are measured as they are
//! fastest; but where a goal is about promptness (row 7), as it is by default.

use super::source::rivals;
use super::{Bound, Goal, Missing, Run, Source, cpu_ns, needed};
use crate::backend::Backend;

const BUMPALO: &str = "peer:bumpalo";
const BOX: &str = "peer:box";
const RC: &str = "peer:rc";

/// The workloads that are compared with other collectors.
const AGAINST_COLLECTORS: [&str; 7] =
    ["binary-trees", "gcbench", "lru", "rings", "graph", "list", "interp"];

/// Of these, what reference counting without cycle detection leaks altogether.
const LEAKED_BY_COUNTING: &str = "rings";

/// The workloads that make no cycles.
const ACYCLIC: [&str; 8] =
    ["binary-trees", "gcbench", "quads", "churn", "list", "interp", "droppable", "strings"];

/// The sizes of `churn`: in the cache and out of it.
const CHURN_IN_CACHE: usize = 16_384;
const CHURN_OUT_OF_CACHE: usize = 262_144;

/// A bound that is the same for every backend that frees.
macro_rules! every {
    ($bound:expr) => {
        &[
            (Backend::Refcount, $bound),
            (Backend::MarkSweep, $bound),
            (Backend::Generational, $bound),
        ]
    };
}
pub(super) use every;

pub(super) fn goals() -> Vec<Goal> {
    let mut goals = vec![
        Goal::new(
            "1",
            "binary-trees, times bumpalo with reset",
            &[
                (Backend::Refcount, Bound::AtMost(1.05)),
                (Backend::MarkSweep, Bound::AtMost(1.10)),
                (Backend::Generational, Bound::AtMost(1.05)),
            ],
            |source, backend| against(source, backend, "binary-trees", "binary-trees", BUMPALO),
        ),
        Goal::new(
            "2",
            "geometric mean of seven workloads, times the best other collector",
            &[
                (Backend::Refcount, Bound::AtMost(0.45)),
                (Backend::MarkSweep, Bound::AtMost(0.50)),
                (Backend::Generational, Bound::AtMost(0.40)),
            ],
            |source, backend| {
                let ratios = against_collectors(source, backend)?;
                let logarithms: f64 = ratios.iter().map(|ratio| ratio.ln()).sum();
                Ok((logarithms / ratios.len() as f64).exp())
            },
        )
        .under_mimalloc(),
        Goal::new(
            "2",
            "the worst of these workloads, times the best other collector",
            every!(Bound::AtMost(0.95)),
            |source, backend| {
                Ok(against_collectors(source, backend)?.into_iter().fold(0.0, f64::max))
            },
        )
        .under_mimalloc(),
        Goal::new(
            "3",
            "gcbench, times bumpalo with reset",
            &[(Backend::Refcount, Bound::AtMost(1.0)), (Backend::Generational, Bound::AtMost(1.0))],
            |source, backend| against(source, backend, "gcbench", "gcbench", BUMPALO),
        ),
        Goal::new(
            "4",
            "binary-trees-rooted, times bumpalo with reset in binary-trees",
            every!(Bound::AtMost(2.0)),
            |source, backend| {
                against(source, backend, "binary-trees-rooted", "binary-trees", BUMPALO)
            },
        ),
        // A safepoint is nothing to `Box`: what it pays for these trees is what it pays in
        // `binary-trees`.
        Goal::new(
            "4",
            "binary-trees-rooted, times Box in binary-trees",
            every!(Bound::AtMost(0.9)),
            |source, backend| against(source, backend, "binary-trees-rooted", "binary-trees", BOX),
        )
        .under_mimalloc(),
        Goal::new(
            "5",
            "quads, per object made in its loop, times bumpalo's per object in binary-trees",
            every!(Bound::AtMost(1.05)),
            quads_per_object,
        ),
        churn(CHURN_IN_CACHE, every!(Bound::AtMost(0.75))),
        churn(CHURN_OUT_OF_CACHE, every!(Bound::AtMost(1.0))),
        Goal::new("13", "droppable, times Box", every!(Bound::AtMost(0.7)), |source, backend| {
            against(source, backend, "droppable", "droppable", BOX)
        })
        .under_mimalloc(),
    ];
    goals.extend(ACYCLIC.map(|workload| {
        Goal::new(
            "7",
            format!("{workload}, prompt, times Rc"),
            &[(Backend::Refcount, Bound::AtMost(0.6))],
            move |source, backend| {
                let ours = cpu_ns(source, Run::of(workload, backend.name()));
                let theirs = cpu_ns(source, Run::of(workload, RC));
                Ok(ours? / theirs?)
            },
        )
        .under_mimalloc()
    }));
    goals
}

/// One of our backends on a workload, divided by a peer on the same or another one.
fn against(
    source: &mut dyn Source,
    backend: Backend,
    ours: &'static str,
    theirs: &'static str,
    peer: &'static str,
) -> Result<f64, Missing> {
    let ours = cpu_ns(source, Run::of(ours, backend.name_in_epochs()));
    let theirs = cpu_ns(source, Run::of(theirs, peer));
    Ok(ours? / theirs?)
}

fn churn(cells: usize, bounds: &'static [(Backend, Bound)]) -> Goal {
    Goal::new("6", format!("churn {cells}, times Box"), bounds, move |source, backend| {
        let run = |contender| Run::of("churn", contender).scale(cells);
        let ours = cpu_ns(source, run(backend.name_in_epochs()));
        let theirs = cpu_ns(source, run(BOX));
        Ok(ours? / theirs?)
    })
    .under_mimalloc()
}

/// The ratio to the best other collector on each workload that the backend is judged by.
fn against_collectors(source: &mut dyn Source, backend: Backend) -> Result<Vec<f64>, Missing> {
    let is_judged =
        |workload: &&str| backend != Backend::Refcount || *workload != LEAKED_BY_COUNTING;
    let ratios: Vec<_> = AGAINST_COLLECTORS
        .into_iter()
        .filter(is_judged)
        .map(|workload| {
            let ours = cpu_ns(source, Run::of(workload, backend.name_in_epochs()));
            let theirs = best_collector(source, workload);
            Ok(ours? / theirs?)
        })
        .collect();
    // All have been asked for; now a missing one may end it.
    ratios.into_iter().collect()
}

/// The least CPU time that a collector that is not ours needs for a workload.
fn best_collector(source: &mut dyn Source, workload: &'static str) -> Result<f64, Missing> {
    let times = rivals().map(|peer| cpu_ns(source, Run::of(workload, peer.name())));
    times.filter_map(Result::ok).min_by(f64::total_cmp).ok_or_else(|| {
        Missing(if cfg!(feature = "peers") {
            format!("no other collector runs {workload}")
        } else {
            "needs --features peers".to_owned()
        })
    })
}

/// What an object costs that is made in the loop of `quads`, divided by what an object of
/// `binary-trees` costs the bump allocator.
///
/// The loop is timed in the process: its CPU time has the collections, the stores that hang new
/// pieces in, and the walks that count the nodes of the pieces that fall off, but neither the first
/// tree nor the end. The bump allocator's time is that of its whole process, in which there is
/// nothing else; both make the same objects in `binary-trees`, and ours count them.
fn quads_per_object(source: &mut dyn Source, backend: Backend) -> Result<f64, Missing> {
    let quads = source.run(Run::of("quads", backend.name_in_epochs()));
    let trees = source.run(Run::of("binary-trees", backend.name_in_epochs()));
    let bump = cpu_ns(source, Run::of("binary-trees", BUMPALO));
    let quads = quads?;
    let ours = needed(quads.loop_cpu_ns, "loop")? / needed(quads.loop_objects, "loop")?;
    let theirs = bump? / needed(trees?.allocated_objects, "objects")?;
    Ok(ours / theirs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::goals::Figures;

    /// Answers every run with a time by its workload and contender.
    struct Times(fn(Run) -> f64);

    impl Source for Times {
        fn run(&mut self, run: Run) -> Result<Figures, Missing> {
            let ns = Some((self.0)(run));
            Ok(Figures {
                cpu_ns: ns,
                loop_cpu_ns: ns,
                loop_objects: Some(10.0),
                allocated_objects: Some(100.0),
                ..Figures::default()
            })
        }
    }

    #[test]
    fn the_cost_of_an_object_is_compared_with_the_cost_of_an_object() {
        // 30 ns for 10 objects against 100 ns for 100.
        let times = |run: Run| if run.workload == "quads" { 30.0 } else { 100.0 };
        let ratio = quads_per_object(&mut Times(times), Backend::Refcount);
        assert_eq!(ratio, Ok(3.0));
    }

    #[test]
    fn rings_do_not_count_for_what_leaks_them() {
        fn asked(backend: Backend) -> Vec<&'static str> {
            let mut plan = crate::goals::Plan::default();
            let _ = against_collectors(&mut plan, backend);
            let runs =
                plan.runs.iter().filter(|(run, _)| run.contender == backend.name_in_epochs());
            runs.map(|(run, _)| run.workload).collect()
        }
        assert_eq!(asked(Backend::MarkSweep), AGAINST_COLLECTORS);
        assert!(!asked(Backend::Refcount).contains(&"rings"));
    }

    #[test]
    fn a_ratio_is_ours_divided_by_theirs() {
        let times = |run: Run| match (run.workload, run.contender) {
            ("binary-trees-rooted", "generational") => 6.0,
            ("binary-trees", BUMPALO) => 4.0,
            _ => 1000.0,
        };
        let ratio = against(
            &mut Times(times),
            Backend::Generational,
            "binary-trees-rooted",
            "binary-trees",
            BUMPALO,
        );
        assert_eq!(ratio, Ok(1.5));
    }
}
