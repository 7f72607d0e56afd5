//! Every workload at its quick scale on every backend, a group per workload.
//!
//! An iteration is the whole run: the arena is made, filled and dropped. No listener is installed.
//! Unfair to collectors whose heap has to grow first: every iteration begins with a small one. The
//! null collector is the lower bound: what it takes is the mutator's own work, and memory that was
//! never touched before.
//!
//! On two of them the collectors also run with allocations sampled at the default rate: what that costs.

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use gc_core::Sampling;
use harness::backend::Backend;
use harness::measure::Instruments;
use harness::workloads::{Parameters, WORKLOADS};
use std::time::Duration;

/// One that does nothing but allocate, and one whose objects live.
const PROFILED: [&str; 2] = ["binary-trees", "graph"];

fn workloads(criterion: &mut Criterion) {
    for workload in &WORKLOADS {
        let parameters = Parameters { scale: workload.scale.quick, seed: 0 };
        let mut group = criterion.benchmark_group(workload.name);
        group
            .sample_size(10)
            .warm_up_time(Duration::from_millis(300))
            .measurement_time(Duration::from_secs(2));
        for backend in Backend::ALL {
            group.bench_function(BenchmarkId::new(backend.name(), parameters.scale), |bencher| {
                bencher.iter(|| workload.run(backend, &parameters, &mut Instruments::silent()));
            });
        }
        let profiled =
            Backend::COLLECTING.into_iter().filter(|_| PROFILED.contains(&workload.name));
        for backend in profiled {
            let name = BenchmarkId::new(backend.name_profiled(), parameters.scale);
            group.bench_function(name, |bencher| {
                bencher.iter(|| {
                    let sampling = Some(Sampling::default());
                    let mut instruments = Instruments::silent().sampling(sampling);
                    workload.run(backend, &parameters, &mut instruments)
                });
            });
        }
        group.finish();
    }
}

criterion_group!(benches, workloads);
criterion_main!(benches);
