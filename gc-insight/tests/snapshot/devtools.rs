//! The layout of a `.heapsnapshot`, field by field.

use std::collections::{HashMap, HashSet};

use gc_core::collector::Collector;
use gc_core::{AnyGc, HeapView};
use gc_insight::snapshot::Snapshot;
use serde_json::{Value, json};

use crate::heaps::{reachable, with_random_heap};
use crate::on_every_collector;

/// A file, taken apart by what it says of itself.
struct File {
    nodes: Vec<Node>,
    strings: Vec<String>,
    sites: HashMap<u64, Site>,
}

/// A type, a file, a line and a column, and what was allocated there.
type Site = (String, String, u64, u64, [u64; 2]);

#[derive(Debug)]
struct Node {
    kind: String,
    name: String,
    id: u64,
    bytes: u64,
    site: u64,
    edges: Vec<Edge>,
}

/// Its kind, its name or index, and the number of the node that it leads to.
type Edge = (String, String, usize);

/// The sections, in the order in which DevTools looks for them.
const SECTIONS: [&str; 8] = [
    "snapshot",
    "nodes",
    "edges",
    "trace_function_infos",
    "trace_tree",
    "samples",
    "locations",
    "strings",
];

fn numbers(value: &Value) -> Vec<u64> {
    let array = value.as_array().expect("an array");
    array.iter().map(|number| number.as_u64().expect("a number")).collect()
}

fn words(value: &Value) -> Vec<&str> {
    let array = value.as_array().expect("an array");
    array.iter().map(|word| word.as_str().expect("a string")).collect()
}

impl File {
    /// Reads a file and checks all that can be checked without the heap.
    fn read(bytes: &[u8]) -> File {
        let text = std::str::from_utf8(bytes).expect("it is UTF-8");
        let mut before = 0;
        for section in SECTIONS {
            let place = text.find(&format!("\"{section}\":")).expect(section);
            assert!(before == 0 || before < place, "{section} comes too early");
            before = place;
        }
        let file: Value = serde_json::from_str(text).expect("it is JSON");
        let sections = file.as_object().expect("an object");
        assert_eq!(sections.keys().map(String::as_str).collect::<HashSet<_>>(), SECTIONS.into());

        let snapshot = &file["snapshot"];
        let meta = &snapshot["meta"];
        let fields = words(&meta["node_fields"]);
        assert_eq!(
            fields,
            ["type", "name", "id", "self_size", "edge_count", "trace_node_id", "detachedness"]
        );
        assert_eq!(meta["edge_fields"], json!(["type", "name_or_index", "to_node"]));
        let node_types = meta["node_types"].as_array().expect("an array");
        assert_eq!(node_types[1..], ["string", "number", "number", "number", "number", "number"]);
        let edge_types = meta["edge_types"].as_array().expect("an array");
        assert_eq!(edge_types[1..], ["string_or_number", "node"]);
        let (node_types, edge_types) = (words(&node_types[0]), words(&edge_types[0]));
        assert_eq!(
            meta["trace_node_fields"],
            json!(["id", "function_info_index", "count", "size", "children"])
        );
        assert_eq!(meta["sample_fields"], json!(["timestamp_us", "last_assigned_id"]));
        assert_eq!(meta["location_fields"], json!(["object_index", "script_id", "line", "column"]));

        let strings: Vec<String> = words(&file["strings"]).into_iter().map(str::to_owned).collect();
        assert_eq!(strings.iter().collect::<HashSet<_>>().len(), strings.len(), "each once");
        let (nodes, edges) = (numbers(&file["nodes"]), numbers(&file["edges"]));
        assert_eq!(Some(nodes.len() as u64), snapshot["node_count"].as_u64().map(|n| n * 7));
        assert_eq!(Some(edges.len() as u64), snapshot["edge_count"].as_u64().map(|n| n * 3));

        let mut edges = edges.chunks_exact(3).map(|edge| {
            let kind = edge_types[edge[0] as usize];
            let name = match kind {
                "element" | "hidden" => edge[1].to_string(),
                _ => strings[edge[1] as usize].clone(),
            };
            let to = edge[2] as usize;
            assert!(to.is_multiple_of(fields.len()) && to < nodes.len(), "{to} is no node");
            (kind.to_owned(), name, to / fields.len())
        });
        let nodes = nodes.chunks_exact(7).map(|node| {
            let &[kind, name, id, bytes, edge_count, trace_node_id, detachedness] = node else {
                unreachable!("there are seven")
            };
            assert_eq!(detachedness, 0);
            Node {
                kind: node_types[kind as usize].to_owned(),
                name: strings[name as usize].clone(),
                id,
                bytes,
                site: trace_node_id,
                edges: edges.by_ref().take(edge_count as usize).collect(),
            }
        });
        let nodes: Vec<Node> = nodes.collect();
        assert_eq!(edges.count(), 0, "every edge belongs to a node");
        let ids: HashSet<u64> = nodes.iter().map(|node| node.id).collect();
        assert_eq!(ids.len(), nodes.len());
        let sites = File::read_sites(&file, &strings);
        File { nodes, strings, sites }
    }

    /// The tree of allocations: a root with a child for each site.
    fn read_sites(file: &Value, strings: &[String]) -> HashMap<u64, Site> {
        let fields = &file["snapshot"]["meta"]["trace_function_info_fields"];
        assert_eq!(
            *fields,
            json!(["function_id", "name", "script_name", "script_id", "line", "column"])
        );
        let functions = numbers(&file["trace_function_infos"]);
        let count = file["snapshot"]["trace_function_count"].as_u64();
        assert_eq!(Some(functions.len() as u64), count.map(|count| count * 6));
        let functions: Vec<&[u64]> = functions.chunks_exact(6).collect();
        let tree = file["trace_tree"].as_array().expect("an array");
        if functions.is_empty() {
            assert!(tree.is_empty());
            return HashMap::new();
        }
        assert_eq!((&tree[..4], tree.len()), (&[1, 0, 0, 0].map(Value::from)[..], 5));
        let children = tree[4].as_array().expect("an array");
        assert_eq!(children.len(), 5 * (functions.len() - 1));
        let children = children.chunks_exact(5).enumerate().map(|(place, child)| {
            assert_eq!(child[4], json!([]));
            let number = |field: usize| child[field].as_u64().expect("a number");
            let function = functions[number(1) as usize];
            assert_eq!((number(1), function[0]), (place as u64 + 1, place as u64 + 1));
            let string = |field: usize| strings[function[field] as usize].clone();
            let site = (string(1), string(2), function[4], function[5], [number(2), number(3)]);
            (number(0), site)
        });
        let sites: HashMap<u64, Site> = children.collect();
        assert_eq!(sites.len(), functions.len() - 1, "each has a number of its own");
        assert!(!sites.contains_key(&0) && !sites.contains_key(&1));
        sites
    }

    fn of(heap: &HeapView<'_>) -> File {
        let mut bytes = Vec::new();
        Snapshot::of(heap).write_heapsnapshot(&mut bytes).expect("memory can be written to");
        File::read(&bytes)
    }

    /// How many nodes come before the objects.
    fn holders(&self) -> usize {
        self.nodes.iter().position(|node| node.kind != "synthetic").unwrap_or(self.nodes.len())
    }

    fn holder(&self, name: &str) -> Option<&Node> {
        self.nodes[..self.holders()].iter().find(|node| node.name == name)
    }

    /// The nodes that are reached from the first, without passing one of that name, as DevTools walks:
    /// not along weak edges.
    fn reached(&self, without: &str) -> Vec<bool> {
        let mut reached = vec![false; self.nodes.len()];
        let mut pending = vec![0];
        while let Some(place) = pending.pop() {
            let node: &Node = &self.nodes[place];
            if node.name != without && !std::mem::replace(&mut reached[place], true) {
                let kept = node.edges.iter().filter(|edge| edge.0 != "weak");
                pending.extend(kept.map(|edge| edge.2));
            }
        }
        reached
    }
}

/// The place of each object's node.
fn places<'gc>(heap: &HeapView<'gc>, file: &File) -> HashMap<AnyGc<'gc>, usize> {
    heap.number_objects().as_slice().iter().copied().zip(file.holders()..).collect()
}

fn every_object_is_a_node_and_every_reference_an_edge<C: Collector + Default>() {
    for seed in 0..30 {
        with_random_heap::<C>(seed, |heap| {
            let file = File::of(heap);
            let places = places(heap, &file);
            assert_eq!(file.nodes.len(), file.holders() + places.len());
            let mut values: HashMap<AnyGc<'_>, Vec<usize>> = HashMap::new();
            heap.for_each_weak_value(|key, value| {
                values.entry(key).or_default().push(places[&value])
            });
            for (number, &object) in (1..).zip(heap.number_objects().as_slice()) {
                let node = &file.nodes[places[&object]];
                assert_eq!((node.id, node.bytes), (2 * number + 1, object.size_bytes() as u64));
                let full = object.type_name();
                if full == "[u8]" {
                    let len = object.element_count().expect("it is an array");
                    assert_eq!((&*node.kind, &*node.name), ("string", &*format!("[u8; {len}]")));
                } else {
                    assert_eq!(node.kind, "object");
                    let short = object.short_type_name().to_string();
                    assert!(node.name == short || node.name == full, "{}", node.name);
                }
                let mut expected: Vec<Edge> = Vec::new();
                heap.for_each_reference(object, |place, to| {
                    let name = place.to_string();
                    let index = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
                    let edge = match index.filter(|index| index.parse::<u64>().is_ok()) {
                        Some(index) => ("element".to_owned(), index.to_owned(), places[&to]),
                        None => ("property".to_owned(), name, places[&to]),
                    };
                    expected.push(edge);
                });
                let (edges, extra) = node.edges.split_at(expected.len());
                assert_eq!(edges, expected);
                let mut extra: Vec<usize> = extra
                    .iter()
                    .map(|(kind, name, to)| {
                        assert_eq!((&**kind, &**name), ("internal", "(value in a weak map)"));
                        *to
                    })
                    .collect();
                let mut expected = values.remove(&object).unwrap_or_default();
                extra.sort_unstable();
                expected.sort_unstable();
                assert_eq!(extra, expected);
            }
            assert!(values.is_empty());
        });
    }
}

fn types_of_one_short_name_have_two_names<C: Collector + Default>() {
    let mut names = HashSet::new();
    with_random_heap::<C>(3, |heap| {
        let file = File::of(heap);
        let places = places(heap, &file);
        let mut types = HashMap::new();
        for object in heap.objects().filter(|object| object.type_name().contains("Node")) {
            let name = &file.nodes[places[&object]].name;
            assert_eq!(types.entry(object.type_name()).or_insert(name.clone()), name);
        }
        assert_eq!(types.values().collect::<HashSet<_>>().len(), types.len());
        names.extend(types.into_values());
    });
    assert!(names.iter().any(|name| !name.contains("::") && name.starts_with("Node")), "{names:?}");
    assert!(names.iter().any(|name| name.contains("heaps::")), "{names:?}");
}

fn what_keeps_objects_is_there_by_name<C: Collector + Default>() {
    let mut all = HashSet::new();
    for seed in 0..30 {
        with_random_heap::<C>(seed, |heap| {
            let file = File::of(heap);
            let places = places(heap, &file);
            let mut expected: Vec<(String, usize)> = Vec::new();
            heap.for_each_root(|holding, to| expected.push((holding.to_string(), places[&to])));

            let mut found = Vec::new();
            let top = &file.nodes[0];
            assert_eq!((top.id, top.bytes, &*top.name), (1, 0, "(heap)"));
            for (index, (kind, name, place)) in top.edges.iter().enumerate() {
                assert_eq!((&**kind, name.parse()), ("element", Ok(index)));
                let holder = &file.nodes[*place];
                assert_eq!((holder.bytes, holder.id), (0, 2 * *place as u64));
                all.insert(holder.name.clone());
                match &*holder.name {
                    "(root)" => found.extend(root_edges(&file, holder)),
                    name @ ("(handles)" | "(frozen)" | "(pending)") => {
                        let singular = name.trim_matches(['(', ')']).trim_end_matches('s');
                        for (index, (kind, name, to)) in holder.edges.iter().enumerate() {
                            assert_eq!((&**kind, name.parse()), ("element", Ok(index)));
                            found.push((singular.to_owned(), *to));
                        }
                    }
                    "(unreachable)" => {}
                    name => assert!(name.starts_with("(generation "), "{name}"),
                }
            }
            expected.sort();
            found.sort();
            assert_eq!(found, expected);
        });
    }
    for name in ["(root)", "(handles)", "(generation 0)"] {
        assert!(all.contains(name), "{name} never occurs");
    }
    // What is never collected need not be frozen.
    let is_frozen = C::ATTRIBUTES.name != gc_core::NullCollector::ATTRIBUTES.name;
    assert_eq!(all.contains("(frozen)"), is_frozen);
}

/// What the root keeps: directly, or by a node for a field.
fn root_edges(file: &File, root: &Node) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    for (kind, name, to) in &root.edges {
        assert_eq!(kind, "property");
        if *to >= file.holders() {
            found.push((format!("root.{name}"), *to));
            continue;
        }
        let field = &file.nodes[*to];
        assert_eq!((&field.name, field.bytes), (name, 0));
        found.extend(field.edges.iter().map(|(kind, rest, to)| match &**kind {
            "element" => (format!("root.{name}[{rest}]"), *to),
            // An element's field.
            _ if rest.starts_with('[') => (format!("root.{name}{rest}"), *to),
            _ => (format!("root.{name}.{rest}"), *to),
        }));
    }
    found
}

fn garbage_is_held_apart<C: Collector + Default>() {
    let mut has_garbage = false;
    for seed in 0..30 {
        with_random_heap::<C>(seed, |heap| {
            let file = File::of(heap);
            let reachable = reachable(heap);
            assert!(file.reached("").into_iter().all(|is_reached| is_reached), "nothing is lost");
            let reached = file.reached("(unreachable)");
            for (object, place) in places(heap, &file) {
                assert_eq!(reached[place], reachable.contains(&object));
            }
            let garbage = file.holder("(unreachable)");
            assert_eq!(garbage.is_some(), reachable.len() < heap.objects().count());
            let Some(garbage) = garbage else { return };
            has_garbage = true;
            // As few as there can be, or cycles could not be told.
            for &(.., start) in &garbage.edges {
                let mut met = HashSet::new();
                let mut pending = vec![start];
                while let Some(place) = pending.pop() {
                    if met.insert(place) {
                        pending.extend(file.nodes[place].edges.iter().map(|edge| edge.2));
                    }
                }
                let is_other = |edge: &&Edge| edge.2 != start && met.contains(&edge.2);
                assert_eq!(garbage.edges.iter().find(is_other), None);
            }
        });
    }
    assert!(has_garbage, "a cycle, or what was let go");
}

fn generations_have_their_objects_and_counts<C: Collector + Default>() {
    for seed in 0..30 {
        with_random_heap::<C>(seed, |heap| {
            let file = File::of(heap);
            let places = places(heap, &file);
            let mut expected: HashMap<u8, Vec<Edge>> = HashMap::new();
            for object in heap.objects() {
                let Some(generation) = heap.generation(object) else { continue };
                let name = match heap.ref_count(object) {
                    Some(count) => format!("count {count}"),
                    None => "object".to_owned(),
                };
                let edge = ("weak".to_owned(), name, places[&object]);
                expected.entry(generation).or_default().push(edge);
            }
            for generation in 0..=u8::MAX {
                let node = file.holder(&format!("(generation {generation})"));
                assert_eq!(node.map(|node| &node.edges), expected.get(&generation));
            }
        });
    }
}

fn allocation_sites_are_those_of_the_profile<C: Collector + Default>() {
    let (mut with, mut without) = (0, 0);
    for seed in 0..30 {
        with_random_heap::<C>(seed, |heap| {
            let file = File::of(heap);
            let profile = heap.allocation_profile();
            assert_eq!(profile.is_some(), !seed.is_multiple_of(3));
            let profiles = profile.as_ref().map_or(&[][..], |profile| profile.sites());
            assert_eq!(file.sites.len(), profiles.len());
            for profile in profiles {
                let (location, name) = (profile.site.location(), profile.site.type_name());
                let allocated = [profile.allocated.objects, profile.allocated.bytes];
                let expected = (
                    name.to_owned(),
                    location.file().to_owned(),
                    u64::from(location.line()),
                    u64::from(location.column()),
                    allocated.map(|estimate| estimate as u64),
                );
                assert!(file.sites.values().any(|site| *site == expected), "{expected:?}");
            }
            for (object, place) in places(heap, &file) {
                let number = file.nodes[place].site;
                let Some(site) = heap.allocation_site(object) else {
                    assert_eq!(number, 0);
                    without += 1;
                    continue;
                };
                let (name, path, line, column, _) = &file.sites[&number];
                let location = site.location();
                assert_eq!((&**name, &**path), (site.type_name(), location.file()));
                assert_eq!((*line, *column), (location.line().into(), location.column().into()));
                with += 1;
            }
        });
    }
    assert!(with > 100 && without > 100, "{with} and {without}");
}

fn sizes_sum_up_to_those_of_the_heap<C: Collector + Default>() {
    with_random_heap::<C>(5, |heap| {
        let file = File::of(heap);
        let sum: u64 = file.nodes.iter().map(|node| node.bytes).sum();
        assert_eq!(sum, heap.objects().map(|object| object.size_bytes() as u64).sum::<u64>());
        assert!(sum > 0);
    });
}

fn labels_come_out_as_they_went_in<C: Collector + Default>() {
    with_random_heap::<C>(4, |heap| {
        let label = |number| format!("{number}: \"quoted\" \\ größe 😀\n\t\u{1}]}}");
        let numbers: HashMap<_, _> = heap.objects().zip(0..).collect();
        let snapshot = Snapshot::of(heap).label(|object| Some(label(numbers[&object])));
        let mut bytes = Vec::new();
        snapshot.write_heapsnapshot(&mut bytes).expect("memory can be written to");
        let file = File::read(&bytes);
        for (object, place) in places(heap, &file) {
            let node = &file.nodes[place];
            let name = format!("<{} {}>", object.short_type_name(), label(numbers[&object]));
            assert_eq!((&*node.kind, &node.name), ("object", &name));
        }
        assert!(file.strings.len() > heap.objects().count());
    });
}

on_every_collector!(
    every_object_is_a_node_and_every_reference_an_edge,
    types_of_one_short_name_have_two_names,
    what_keeps_objects_is_there_by_name,
    garbage_is_held_apart,
    generations_have_their_objects_and_counts,
    allocation_sites_are_those_of_the_profile,
    sizes_sum_up_to_those_of_the_heap,
    labels_come_out_as_they_went_in,
);
