//! Every backend answers every workload in the same way, also when collections come at the worst of
//! times.

use harness::backend::Backend;
use harness::measure::Instruments;
use harness::workloads::{Checksum, Parameters, WORKLOADS, Workload};

fn answer(
    workload: &Workload,
    backend: Backend,
    seed: u64,
    mut instruments: Instruments,
) -> Checksum {
    workload.run(backend, &Parameters { scale: workload.scale.tiny, seed }, &mut instruments)
}

/// Compares every collecting backend with the null collector.
fn assert_agreement(seed: u64, instruments: impl Fn() -> Instruments) {
    let mut disagreements = Vec::new();
    for workload in &WORKLOADS {
        let expected = answer(workload, Backend::Null, seed, Instruments::new());
        for backend in Backend::COLLECTING {
            let found = answer(workload, backend, seed, instruments());
            if found != expected {
                disagreements
                    .push(format!("{} on {backend}: {found} instead of {expected}", workload.name));
            }
        }
    }
    assert!(disagreements.is_empty(), "{}", disagreements.join("\n"));
}

#[test]
fn all_backends_agree_with_their_own_pace() {
    assert_agreement(0, Instruments::new);
}

#[test]
fn all_backends_agree_when_every_safepoint_collects() {
    assert_agreement(1, || Instruments::new().stress(true));
}

#[test]
fn all_backends_agree_with_a_tiny_nursery() {
    assert_agreement(2, || Instruments::new().nursery_bytes(4096));
}

#[test]
fn the_seed_decides_the_answer_where_there_is_chance() {
    for name in [
        "churn",
        "lru",
        "rings",
        "graph",
        "list",
        "droppable",
        "large-arrays",
        "weak-cache",
        "strings",
    ] {
        let workload = Workload::find(name).unwrap();
        let [one, same, other] =
            [1, 1, 2].map(|seed| answer(workload, Backend::Null, seed, Instruments::new()));
        assert_eq!(one, same, "{name}");
        assert_ne!(one, other, "{name}");
    }
}

#[test]
fn the_answer_depends_on_the_scale() {
    for workload in &WORKLOADS {
        // Heap programs are only replayed once more at the next scale, and the trees grow by two
        // levels.
        let [tiny, larger] = [0, 2].map(|more| {
            let parameters = Parameters { scale: workload.scale.tiny + more, seed: 0 };
            workload.run(Backend::Null, &parameters, &mut Instruments::new())
        });
        assert_ne!(tiny, larger, "{}", workload.name);
    }
}

#[test]
fn the_meters_count_what_was_made() {
    for backend in Backend::ALL {
        let workload = Workload::find("list").unwrap();
        let mut instruments = Instruments::new();
        workload.run(backend, &Parameters { scale: 10_000, seed: 0 }, &mut instruments);
        let heap_use = instruments.heap_use();
        assert_eq!(heap_use.allocated_objects, 10_000, "{backend}");
        // A cell has two words and a header.
        assert!(heap_use.allocated_bytes >= 10_000 * 24, "{backend}: {heap_use:?}");
        let pauses = heap_use.pauses.expect("the instruments listen");
        let quantiles = [pauses.pause_ns_p50, pauses.pause_ns_p99, pauses.pause_ns_max];
        assert!(quantiles.is_sorted(), "{backend}: {pauses:?}");
    }
}

#[test]
fn backends_that_reclaim_keep_less_than_was_made() {
    for backend in Backend::COLLECTING {
        let workload = Workload::find("churn").unwrap();
        let mut instruments = Instruments::new();
        workload.run(backend, &Parameters { scale: 1024, seed: 0 }, &mut instruments);
        let heap_use = instruments.heap_use();
        assert!(heap_use.safepoints > 0, "{backend}: {heap_use:?}");
        assert!(heap_use.live_bytes_max < heap_use.allocated_bytes / 4, "{backend}: {heap_use:?}");
    }
}
