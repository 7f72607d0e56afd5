//! The operations of `harness operations` under criterion, a group per operation.
//!
//! The time is CPU time, reported per operation. Operations on millions of objects are left to
//! `harness operations`, which gives each a process of its own.

use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, criterion_group, criterion_main};
use harness::operations::{OPERATIONS, Operation, Runner, Unit};

/// The most objects of an operation: a set-up comes before every sample.
const OBJECTS_MAX: usize = 300_000;

fn set_up(group: &mut BenchmarkGroup<'_, WallTime>) {
    // The null collector keeps everything: short runs keep its heap within some gigabytes.
    group.sample_size(10);
    group.warm_up_time(Duration::from_millis(200)).measurement_time(Duration::from_secs(1));
}

/// What `count` repetitions take, each counted as one operation.
fn time(operation: &Operation, runner: Runner, count: u64) -> Duration {
    let (ns, _) =
        operation.run(runner, operation.objects, count).expect("whoever refuses was not asked");
    Duration::from_nanos((ns * count as f64) as u64)
}

fn operations(criterion: &mut Criterion) {
    let timed = OPERATIONS.iter().filter(|operation| {
        operation.unit == Unit::Nanoseconds && operation.objects <= OBJECTS_MAX
    });
    for operation in timed {
        let mut group = criterion.benchmark_group(operation.name);
        set_up(&mut group);
        for runner in operation.runners().filter(|&runner| operation.refusal(runner).is_none()) {
            // Python has timers of its own, and may not be there.
            if runner.is_in_process() {
                group.bench_function(runner.name(), |bencher| {
                    bencher.iter_custom(|count| time(operation, runner, count));
                });
            }
        }
        group.finish();
    }
}

criterion_group!(benches, operations);
criterion_main!(benches);
