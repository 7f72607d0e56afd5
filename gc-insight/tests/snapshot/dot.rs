//! The picture, line by line.

use std::collections::HashMap;

use gc_core::collector::Collector;
use gc_core::{AnyGc, Holding};
use gc_insight::snapshot::{DotError, Snapshot};

use crate::heaps::{reachable, with_random_heap};
use crate::on_every_collector;

/// A string as Graphviz writes it, for what occurs here.
fn quoted(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("\"{text}\"")
}

fn every_object_is_a_box_and_every_reference_an_arrow<C: Collector + Default>() {
    for seed in 0..30 {
        with_random_heap::<C>(seed, |heap| {
            let objects = heap.number_objects();
            let numbers: HashMap<AnyGc<'_>, u32> =
                objects.as_slice().iter().copied().zip(1..).collect();
            let label =
                |object| numbers[&object].is_multiple_of(2).then(|| "the \"\\ one\"".to_owned());
            let mut bytes = Vec::new();
            let snapshot = Snapshot::of(heap).label(label);
            snapshot.write_dot(&mut bytes, 1000).expect("the heap is small");
            let text = String::from_utf8(bytes).expect("it is UTF-8");

            let mut expected = Vec::new();
            let reachable = reachable(heap);
            for &object in objects.as_slice() {
                let (kind, size) = (object.short_type_name(), object.size_bytes());
                let name = match label(object) {
                    Some(label) => format!("{label}: {kind}\n{size} bytes"),
                    None => format!("{kind}\n{size} bytes"),
                };
                let style = if reachable.contains(&object) { "" } else { ", style=dashed" };
                expected.push(format!("o{} [label={}{style}];", numbers[&object], quoted(&name)));
            }
            let arrow = |name: String| match &*name {
                "*" => String::new(),
                name => format!(" [label={}]", quoted(name)),
            };
            heap.for_each_root(|holding, to| {
                expected.push(match holding {
                    Holding::Root(place) => {
                        format!("root -> o{}{};", numbers[&to], arrow(place.to_string()))
                    }
                    other => format!("\"{other}\" -> o{};", numbers[&to]),
                })
            });
            for &object in objects.as_slice() {
                heap.for_each_reference(object, |place, to| {
                    let (from, to) = (numbers[&object], numbers[&to]);
                    expected.push(format!("o{from} -> o{to}{};", arrow(place.to_string())));
                });
            }
            heap.for_each_weak_value(|key, value| {
                let (from, to) = (numbers[&key], numbers[&value]);
                expected.push(format!("o{from} -> o{to} [label=\"weak map\", style=dotted];"));
            });

            let lines: Vec<&str> = text.lines().map(str::trim).collect();
            let [first, _, _, found @ .., last] = &*lines else { panic!("{text}") };
            assert_eq!((*first, *last), ("digraph heap {", "}"));
            let mut found = found.to_vec();
            found.sort_unstable();
            expected.sort_unstable();
            assert_eq!(found, expected);
        });
    }
}

fn a_large_heap_is_refused_and_nothing_written<C: Collector + Default>() {
    with_random_heap::<C>(2, |heap| {
        let objects = heap.objects().count();
        let mut bytes = Vec::new();
        let snapshot = Snapshot::of(heap);
        let error = snapshot.write_dot(&mut bytes, objects - 1).expect_err("there is one too many");
        let DotError::TooManyObjects { objects: said, objects_max } = error else {
            panic!("{error}")
        };
        assert_eq!((said, objects_max, bytes.len()), (objects, objects - 1, 0));
        snapshot.write_dot(&mut bytes, objects).expect("as many as were allowed");
        assert!(!bytes.is_empty());
    });
}

on_every_collector!(
    every_object_is_a_box_and_every_reference_an_arrow,
    a_large_heap_is_refused_and_nothing_written,
);
