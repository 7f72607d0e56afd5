//! The lines of JSON, read back.

use std::collections::HashMap;

use gc_core::AnyGc;
use gc_core::collector::Collector;
use gc_insight::snapshot::{ObjectRecord, Record, Reference, RootRecord, Site, Snapshot};
use serde_json::Value;

use crate::heaps::{reachable, with_random_heap};
use crate::on_every_collector;

fn a_line_says_what_the_heap_says<C: Collector + Default>() {
    for seed in 0..30 {
        with_random_heap::<C>(seed, |heap| {
            let objects = heap.number_objects();
            let numbers: HashMap<AnyGc<'_>, u32> =
                objects.as_slice().iter().copied().zip(1..).collect();
            let label =
                |object| numbers[&object].is_multiple_of(3).then(|| format!("\"{object:?}\"\n"));
            let mut bytes = Vec::new();
            let snapshot = Snapshot::of(heap).label(label);
            snapshot.write_json_lines(&mut bytes).expect("memory can be written to");
            let text = String::from_utf8(bytes).expect("it is UTF-8");

            let mut expected = Vec::new();
            heap.for_each_root(|holding, to| {
                let holder = holding.to_string();
                expected.push(Record::Root(RootRecord { holder, to: numbers[&to] }));
            });
            let reachable = reachable(heap);
            let mut values: HashMap<AnyGc<'_>, Vec<u32>> = HashMap::new();
            heap.for_each_weak_value(|key, value| {
                values.entry(key).or_default().push(numbers[&value]);
            });
            for &object in objects.as_slice() {
                let mut references = Vec::new();
                heap.for_each_reference(object, |place, to| {
                    references.push(Reference { name: place.to_string(), to: numbers[&to] });
                });
                expected.push(Record::Object(ObjectRecord {
                    id: numbers[&object],
                    type_name: object.type_name().to_owned(),
                    label: label(object),
                    bytes: object.size_bytes(),
                    elements: object.element_count(),
                    generation: heap.generation(object),
                    count: heap.ref_count(object),
                    is_reachable: reachable.contains(&object),
                    site: heap.allocation_site(object).map(|site| Site {
                        file: site.location().file().to_owned(),
                        line: site.location().line(),
                        column: site.location().column(),
                    }),
                    references,
                    weak_values: values.remove(&object).unwrap_or_default(),
                }));
            }
            assert!(text.ends_with('\n'));
            let read = |line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
            let found: Vec<Record> = text.lines().map(read).collect();
            assert_eq!(found, expected);
            // What is written by hand and what serde would write are the same text.
            for (line, record) in text.lines().zip(&expected) {
                let value: Value = serde_json::from_str(line).expect("it is JSON");
                assert_eq!(value, serde_json::to_value(record).expect("it can be written"));
            }
        });
    }
}

on_every_collector!(a_line_says_what_the_heap_says);
