//! Goals about time against other languages' runtimes: elapsed time of the same work, each timed by
//! its own process.

use super::{Bound, Goal, Run, needed};
use crate::backend::Backend;
use crate::runtimes::Runtime;

pub(super) fn goals() -> Vec<Goal> {
    let pairs = ["binary-trees", "gcbench"]
        .into_iter()
        .flat_map(|workload| [(workload, Runtime::OCaml), (workload, Runtime::Java)]);
    pairs.map(|(workload, runtime)| goal(workload, runtime)).collect()
}

fn goal(workload: &'static str, runtime: Runtime) -> Goal {
    Goal::new(
        "2b",
        format!("{workload}, times {} (elapsed)", runtime.name()),
        &[(Backend::Generational, Bound::AtMost(0.6))],
        move |source, backend| {
            let ours = source.run(Run::of(workload, backend.name()));
            let theirs = source.twin(runtime, workload);
            let time = "elapsed time";
            Ok(needed(ours?.wall_ns, time)? / needed(theirs?.wall_ns, time)?)
        },
    )
}
