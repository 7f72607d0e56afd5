//! Goals about single operations: what they take beside others that do the same, what they give
//! back, and how many instructions they are.

use super::speed::every;
use super::{Bound, Goal, Source};
use crate::backend::Backend;
use crate::operations::{Beside, Runner};

/// Backends, and what each should reach.
type Bounds = &'static [(Backend, Bound)];

/// A bound that is the same for both backends that trace.
macro_rules! tracing {
    ($bound:expr) => {
        &[(Backend::MarkSweep, $bound), (Backend::Generational, $bound)]
    };
}

pub(super) fn goals() -> Vec<Goal> {
    let groups = [promptness(), full_collections(), minor_collections(), cycles(), pages()];
    groups.into_iter().flatten().chain(barriers()).collect()
}

fn promptness() -> Vec<Goal> {
    let refcount = |measure, bound: Bounds, operation| {
        over_beside("7b", measure, bound, operation, Beside::Rc).under_mimalloc()
    };
    vec![
        refcount(
            "allocate, link into an old object and free another, in cache, times Rc",
            &[(Backend::Refcount, Bound::AtMost(1.5))],
            "mutate-replacing",
        ),
        refcount(
            "allocate, link into an old object and free another, out of cache, times Rc",
            &[(Backend::Refcount, Bound::AtMost(0.95))],
            "mutate-replacing-far",
        ),
        refcount(
            "a mutate with one temporary, times Rc",
            &[(Backend::Refcount, Bound::AtMost(0.4))],
            "mutate-temporary",
        ),
        instructions(
            "7b",
            "a mutate with one temporary, in instructions",
            &[(Backend::Refcount, Bound::AtMost(40.0))],
            "mutate-temporary",
        ),
        instructions(
            "7b",
            "an empty mutate, in instructions",
            &[(Backend::Refcount, Bound::AtMost(15.0))],
            "mutate-empty",
        ),
    ]
}

fn full_collections() -> Vec<Goal> {
    vec![
        over_beside(
            "8",
            "full collection of live objects in the order of memory, times CPython",
            tracing!(Bound::AtMost(0.3)),
            "mark-sequential",
            Beside::CPython,
        ),
        over_other(
            "8",
            "full collection of 128 MB in random order, times a pointer chase",
            tracing!(Bound::AtMost(1.2)),
            "mark-random",
            "chase-random",
        ),
        two_threads("two-threads-wide", "an array of two million objects", WHERE_SHARED),
        two_threads(
            "two-threads-sequential",
            "a chain and array of two million objects",
            WHERE_SHARED,
        ),
        two_threads("two-threads-tree", "a tree of two million objects", WHERE_SHARED),
        two_threads("two-threads-random", "two million objects in random order", WHERE_SHARED),
        two_threads(
            "two-threads-deep",
            "a chain of two million objects, which cannot be shared",
            NEVER_SLOWER,
        ),
        two_threads("two-threads-small", "a tree of a hundred thousand objects", NEVER_SLOWER),
    ]
}

/// What two threads gain above a million objects if each has a core.
const WHERE_SHARED: Bounds = tracing!(Bound::AtLeast(1.7));

/// As fast as one thread, but for what times vary by.
const NEVER_SLOWER: Bounds = tracing!(Bound::AtLeast(0.95));

fn two_threads(operation: &'static str, what: &'static str, bounds: Bounds) -> Goal {
    let measure = format!("full collection of {what}, times faster by two threads than by one");
    Goal::new("8", measure, bounds, move |source, backend| {
        source.operation(operation, Runner::Backend(backend))
    })
}

fn minor_collections() -> Vec<Goal> {
    vec![
        over_beside(
            "9",
            "minor collection with survivors, times a loop that copies them",
            &[(Backend::Generational, Bound::AtMost(4.0))],
            "minor-survivors",
            Beside::Plain,
        ),
        over_other(
            "9",
            "minor collection without survivors beside a million old objects, times beside a \
             thousand",
            &[(Backend::Generational, Bound::AtMost(1.2))],
            "minor-empty-far",
            "minor-empty",
        ),
    ]
}

fn cycles() -> Vec<Goal> {
    let over_cpython = |measure, bounds: Bounds, operation| {
        over_beside("10", measure, bounds, operation, Beside::CPython)
    };
    vec![
        over_cpython(
            "100 rings of 21 nodes collected, times CPython",
            tracing!(Bound::AtMost(0.25)),
            "rings-collected",
        ),
        over_cpython(
            "500000 edges traversed, times CPython",
            tracing!(Bound::AtMost(0.4)),
            "edges-traversed",
        ),
        over_cpython(
            "death of 10000 rings, times CPython",
            tracing!(Bound::AtMost(0.3)),
            "cyclic-death",
        ),
        over_other(
            "10",
            "building four million objects with automatic collection, times without",
            every!(Bound::AtMost(1.3)),
            "build",
            "build-disabled",
        ),
    ]
}

fn pages() -> Vec<Goal> {
    vec![Goal::new(
        "11",
        "memory that goes back when all objects but one in a thousand are freed, in percent",
        every!(Bound::AtLeast(90.0)),
        |source, backend| source.operation("pages-returned", Runner::Backend(backend)),
    )]
}

fn barriers() -> impl Iterator<Item = Goal> {
    // `gcbench` writes into nothing old: it is the same in epochs.
    let counts = [("gcbench", "gcbench"), ("lru", "lru:epochs"), ("graph", "graph:epochs")];
    counts.into_iter().map(|(workload, count)| {
        Goal::new(
            "12",
            format!("the write barrier in {workload}, in percent of the instructions"),
            every!(Bound::AtMost(2.0)),
            move |source, backend| Ok(source.count(count, backend)?.barrier_percent),
        )
    })
}

/// What an operation takes, over what it takes something that stands beside.
fn over_beside(
    row: &'static str,
    measure: &'static str,
    bounds: Bounds,
    operation: &'static str,
    beside: Beside,
) -> Goal {
    Goal::new(row, measure, bounds, move |source, backend| {
        let ours = source.operation(operation, Runner::Backend(backend));
        let theirs = source.operation(operation, Runner::Beside(beside));
        Ok(ours? / theirs?)
    })
}

/// What an operation takes, over what another one takes the same backend.
fn over_other(
    row: &'static str,
    measure: &'static str,
    bounds: Bounds,
    operation: &'static str,
    other: &'static str,
) -> Goal {
    Goal::new(row, measure, bounds, move |source, backend| {
        let one = source.operation(operation, Runner::Backend(backend));
        let other = source.operation(other, Runner::Backend(backend));
        Ok(one? / other?)
    })
}

fn instructions(
    row: &'static str,
    measure: &'static str,
    bounds: Bounds,
    operation: &'static str,
) -> Goal {
    Goal::new(row, measure, bounds, move |source: &mut dyn Source, backend| {
        Ok(source.count(operation, backend)?.instructions)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::goals::{Missing, Plan};
    use crate::operations::instructions::{Count, names};
    use crate::operations::{Operation, Unit};

    /// Answers every operation with what it takes a runner, and every count alike.
    struct Costs(fn(&str, Runner) -> f64);

    impl Source for Costs {
        fn operation(&mut self, name: &'static str, runner: Runner) -> Result<f64, Missing> {
            Ok((self.0)(name, runner))
        }

        fn count(&mut self, name: &'static str, backend: Backend) -> Result<Count, Missing> {
            Ok(Count { name, backend, instructions: 20.0, barrier_percent: 1.5 })
        }
    }

    fn plan() -> Plan {
        let mut plan = Plan::default();
        for goal in goals() {
            goal.ask(&mut plan);
        }
        plan
    }

    /// What the first backend reaches of the goal whose measure contains `part`.
    fn value(part: &str, costs: fn(&str, Runner) -> f64) -> Option<f64> {
        let goals = goals();
        let goal = goals.iter().find(|goal| goal.measure.contains(part)).expect(part);
        goal.judge(&mut Costs(costs))[0].value
    }

    #[test]
    fn every_goal_has_a_value_on_each_of_its_backends() {
        for goal in goals() {
            for judgment in goal.judge(&mut Costs(|_, _| 8.0)) {
                assert!(judgment.value.is_some(), "{judgment:?}");
            }
        }
    }

    #[test]
    fn ours_is_divided_by_theirs() {
        let costs = |name: &str, runner| match (name, runner) {
            (_, Runner::Beside(_)) | ("chase-random", _) => 10.0,
            _ => 4.0,
        };
        assert_eq!(value("a mutate with one temporary, times Rc", costs), Some(0.4));
        assert_eq!(value("times a pointer chase", costs), Some(0.4));
    }

    #[test]
    fn shares_comparisons_and_instructions_are_taken_as_they_are() {
        assert_eq!(value("memory that goes back", |_, _| 97.0), Some(97.0));
        assert_eq!(value("by two threads than by one", |_, _| 1.8), Some(1.8));
        assert_eq!(value("an empty mutate, in instructions", |_, _| 8.0), Some(20.0));
        assert_eq!(value("the write barrier in lru", |_, _| 8.0), Some(1.5));
    }

    #[test]
    fn what_goals_ask_for_exists_and_nobody_who_is_asked_refuses() {
        let plan = plan();
        for &(name, runner) in &plan.operations {
            let operation = Operation::find(name).expect(name);
            assert_eq!(operation.refusal(runner), None, "{name} on {runner}");
        }
        for (name, _) in plan.counts {
            assert!(names().any(|counted| counted == name), "{name} is not counted");
        }
    }

    #[test]
    fn only_times_are_divided() {
        for (name, _) in plan().operations {
            let unit = Operation::find(name).expect(name).unit;
            let expected = match name {
                "pages-returned" => Unit::Percent,
                _ if name.starts_with("two-threads") => Unit::Times,
                _ => Unit::Nanoseconds,
            };
            assert_eq!(unit, expected, "{name}");
        }
    }
}
