//! A `.heapsnapshot` of ours in the reader that Chrome's own DevTools use.

use std::collections::{BTreeMap, HashMap};

use gc_core::collector::Collector;
use gc_core::{Arena, Gc, HeapView, Lock, Rootable, Sampling, Trace, unlock};
use gc_insight::snapshot::Snapshot;
use harness::backend::Backend;
use harness::with_collector;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use serde_json::{Value, json};

use crate::browser::Browser;

#[derive(Trace)]
struct Node<'gc> {
    name: Gc<'gc, str>,
    other: Lock<Option<NodeRef<'gc>>>,
    items: Gc<'gc, [Lock<Option<NodeRef<'gc>>>]>,
}

type NodeRef<'gc> = Gc<'gc, Node<'gc>>;

#[derive(Trace)]
struct Root<'gc> {
    first: Option<NodeRef<'gc>>,
    nodes: Vec<NodeRef<'gc>>,
}

/// Makes a heap with cycles, strings and arrays, a handle, and some of it let go.
fn with_heap<C: Collector + Default, T>(check: impl for<'gc> FnOnce(&'gc HeapView<'gc>) -> T) -> T {
    let mut random = Pcg64Mcg::seed_from_u64(11);
    let mut arena: Arena<Rootable![Root<'_>], C> =
        Arena::new(|_| Root { first: None, nodes: Vec::new() });
    arena.profile_allocations(Some(Sampling::exact()));
    arena.mutate_root(|mc, root| {
        let node = |number: usize| {
            let name = Gc::new_str(mc, &format!("node \"{number}\" größe\n"));
            let items = Gc::slice_from_fn(mc, number % 5, |_| Lock::new(None));
            Gc::new(mc, Node { name, other: Lock::new(None), items })
        };
        let nodes: Vec<_> = (0..300).map(node).collect();
        *root = Root { first: nodes.first().copied(), nodes };
    });
    let handle = arena.mutate_root(|mc, root| {
        for &node in &root.nodes {
            let mut any = || Some(root.nodes[random.random_range(0..root.nodes.len())]);
            unlock!(Gc::write(mc, node), Node, other).set(any());
            for index in 0..node.items.len() {
                let item = Gc::write_at(mc, node.items, index).expect("within");
                item.unlock().set(any());
            }
        }
        let handle = mc.stash::<Rootable![Node<'_>]>(root.nodes[7]);
        root.nodes.truncate(20);
        handle
    });
    // From now on there is garbage only where cycles leak.
    arena.collect();
    let result = arena.inspect(|heap, _| check(heap));
    drop(handle);
    result
}

fn file(heap: &HeapView<'_>) -> String {
    let mut file = Vec::new();
    Snapshot::of(heap).write_heapsnapshot(&mut file).expect("memory can be written to");
    String::from_utf8(file).expect("it is UTF-8")
}

/// Opens a page that can import what the browser's own tools are made of.
fn open_tools(browser: &mut Browser) {
    browser.open(&format!("{}/json/version", browser.origin()));
    let worker = "/devtools/entrypoints/heap_snapshot_worker/heap_snapshot_worker.js";
    let import = format!("import('{worker}').then(module => {{ globalThis.tools = module; }})");
    browser.evaluate(&import).expect("the browser has them");
}

/// Has the tools read a file, in pieces of so many characters, and evaluates an expression about the
/// `snapshot`.
fn ask(browser: &mut Browser, file: &str, piece: usize, question: &str) -> Result<Value, String> {
    let begin = "{
        const dispatcher = { sendEvent() {} };
        globalThis.loader = new tools.HeapSnapshotLoader.HeapSnapshotLoader(dispatcher);
    }";
    browser.evaluate(begin)?;
    let characters: Vec<char> = file.chars().collect();
    for piece in characters.chunks(piece) {
        let text = Value::from(piece.iter().collect::<String>());
        browser.evaluate(&format!("loader.write({text})"))?;
    }
    browser.evaluate(&format!(
        "(async () => {{
            loader.close();
            await loader.parsingComplete;
            const channel = new MessageChannel();
            new tools.HeapSnapshot.SecondaryInitManager(channel.port2);
            const snapshot = await loader.buildSnapshot(channel.port1);
            return {question};
        }})()"
    ))
}

/// Number and bytes of the objects of each class as DevTools call it.
fn classes(heap: &HeapView<'_>) -> BTreeMap<String, (usize, usize)> {
    let mut classes = BTreeMap::new();
    for object in heap.objects() {
        let name = match object.type_name() {
            "[u8]" => "(string)".to_owned(),
            _ => object.short_type_name().to_string(),
        };
        let (objects, bytes) = classes.entry(name).or_insert((0, 0));
        *objects += 1;
        *bytes += object.size_bytes();
    }
    classes
}

fn compare<C: Collector + Default>(browser: &mut Browser) {
    with_heap::<C, _>(|heap| {
        let question = "({
            nodes: snapshot.nodeCount,
            statistics: snapshot.getStatistics(),
            classes: Object.values(snapshot.aggregatesWithFilter({}))
                .map(it => [it.name, [it.count, it.self]]),
            stacks: [...Array(snapshot.nodeCount).keys()].map(place => {
                const index = place * snapshot.nodeFieldCount;
                const node = snapshot.createNode(index);
                const stack = snapshot.allocationStack(index) ?? [];
                return [node.id(), stack.map(it => [it.functionName, it.scriptName, it.line])];
            }),
            retained: [...Array(snapshot.nodeCount).keys()].map(place => {
                const node = snapshot.createNode(place * snapshot.nodeFieldCount);
                return [node.id(), node.retainedSize()];
            }),
            edges: [...Array(snapshot.nodeCount).keys()].map(place => {
                const node = snapshot.createNode(place * snapshot.nodeFieldCount);
                const edges = [];
                for (let it = node.edges(); it.hasNext(); it.next()) {
                    edges.push([it.item().type(), it.item().name(), it.item().node().id()]);
                }
                return [node.id(), edges];
            }),
        })";
        let file = file(heap);
        let answer = ask(browser, &file, 10_000, question).expect("it can be read");

        let objects = heap.objects().count();
        let ours: Value = serde_json::from_str(&file).expect("it is JSON");
        assert_eq!(answer["nodes"], ours["snapshot"]["node_count"]);
        // The top, the root and its list, handles and a generation, at least.
        let others = answer["nodes"].as_u64().map(|nodes| nodes as usize - objects);
        assert!(others.is_some_and(|others| (5..10).contains(&others)), "{others:?}");

        let classes = classes(heap);
        let bytes: usize = classes.values().map(|class| class.1).sum();
        let statistics = &answer["statistics"];
        assert_eq!(statistics["total"], bytes);
        assert_eq!(statistics["v8heap"]["strings"], classes["(string)"].1);
        assert_eq!(statistics["native"]["total"], 0);
        assert_eq!(statistics["v8heap"]["system"], 0);
        let found: Vec<(String, (usize, usize))> =
            serde_json::from_value(answer["classes"].clone()).expect("lists");
        assert_eq!(BTreeMap::from_iter(found), classes);

        let edges: BTreeMap<u64, Vec<(String, String, u64)>> = Vec::from_iter(
            serde_json::from_value::<Vec<_>>(answer["edges"].clone()).expect("lists"),
        )
        .into_iter()
        .collect();
        let objects = heap.number_objects();
        let ids: HashMap<_, u64> = objects.as_slice().iter().zip((3..).step_by(2)).collect();
        // Unreachable objects hold others for DevTools, and hold nothing for us.
        let is_clean = heap.find_garbage().is_empty();
        assert!(is_clean || !C::ATTRIBUTES.reclaims_cycles);
        if is_clean {
            let retained: BTreeMap<u64, usize> =
                serde_json::from_value::<Vec<_>>(answer["retained"].clone())
                    .expect("lists")
                    .into_iter()
                    .collect();
            let graph = heap.graph();
            let dominators = graph.dominators();
            for node in graph.nodes() {
                let id = ids[&graph.object(node)];
                assert_eq!(retained[&id], dominators.retained_bytes(node));
            }
        }

        let stacks: BTreeMap<u64, Vec<(String, String, u32)>> =
            serde_json::from_value::<Vec<_>>(answer["stacks"].clone())
                .expect("lists")
                .into_iter()
                .collect();
        for object in heap.objects() {
            let site = heap.allocation_site(object).expect("every object was noted");
            let location = site.location();
            let line = (site.type_name().into(), location.file().into(), location.line());
            // And the root of the tree.
            assert_eq!(stacks[&ids[&object]], [line, ("(root)".into(), String::new(), 0)]);
            let mut expected = Vec::new();
            heap.for_each_reference(object, |place, to| {
                expected.push((place.to_string(), ids[&to]));
            });
            let found = edges[&ids[&object]].iter().map(|(kind, name, to)| match &**kind {
                "element" => (format!("[{name}]"), *to),
                _ => (name.clone(), *to),
            });
            assert_eq!(found.collect::<Vec<_>>(), expected);
        }
    });
}

#[test]
fn devtools_count_what_we_count() {
    let Some(mut browser) = Browser::start() else { return };
    open_tools(&mut browser);
    for backend in Backend::ALL {
        with_collector!(backend, C => compare::<C>(&mut browser));
    }
    assert_eq!(browser.complaints(), [""; 0]);
}

#[test]
fn a_file_can_be_cut_into_pieces_but_not_short() {
    let Some(mut browser) = Browser::start() else { return };
    open_tools(&mut browser);
    let file = with_heap::<gc_refcount::Refcount, _>(file);
    let whole = ask(&mut browser, &file, usize::MAX, "snapshot.getStatistics()");
    assert!(whole.is_ok(), "{whole:?}");
    assert_eq!(ask(&mut browser, &file, 997, "snapshot.getStatistics()"), whole);
    let sections = ["\"snapshot\"", "\"nodes\"", "\"edges\"", "\"samples\"", "\"strings\""];
    let cuts = sections.map(|section| file.find(section).expect("it is there"));
    let later = cuts.map(|cut| cut + 20);
    for cut in cuts.into_iter().chain(later).chain([file.len() - 4]) {
        let answer = ask(&mut browser, &file[..cut], usize::MAX, "snapshot.nodeCount");
        assert!(answer.is_err(), "cut at {cut} of {}: {answer:?}", file.len());
    }
    assert_ne!(json!(null), whole.expect("as before"));
}
