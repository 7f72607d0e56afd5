//! The heap as a graph: paths, dominators and components are those of a plain model.

use std::collections::{BTreeMap, BTreeSet};

use gc_core::collector::Collector;
use gc_core::{
    AnyGc, DynamicRoot, DynamicRootSet, Gc, GcId, HeapGraph, HeapView, Lock, Mutation, Node,
    Rootable, Trace, WeakMap, field,
};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

use super::deep;
use super::trial::{Setting, litter};

/// An object with references and a map of its own.
#[derive(Trace)]
struct Thing<'gc> {
    links: [Lock<Option<ThingRef<'gc>>>; 2],
    map: WeakMap<'gc, Thing<'gc>, Thing<'gc>>,
}

type ThingRef<'gc> = Gc<'gc, Thing<'gc>>;
type Handle = DynamicRoot<Rootable![Thing<'_>]>;

#[derive(Trace)]
struct Things<'gc> {
    places: Vec<Option<ThingRef<'gc>>>,
    set: DynamicRootSet<'gc>,
}

/// An object in the model, by the order in which they were made.
type Name = usize;

/// The set of handles, which is made first.
const SET: Name = 0;

/// What an object is in the model.
#[derive(Default)]
struct Modelled {
    links: [Option<Name>; 2],
    entries: BTreeMap<Name, Name>,
}

#[derive(Default)]
struct Model {
    /// By name. That of the set stays empty.
    things: Vec<Modelled>,
    names: BTreeMap<GcId, Name>,
    places: Vec<Option<Name>>,
    /// Of the arena's own set, and of the other.
    handles: [Vec<(Name, Handle)>; 2],
}

/// The model's objects that are in the heap, what leads to what, and where it begins.
struct Expected {
    edges: BTreeMap<Name, Vec<Name>>,
    roots: BTreeSet<Name>,
}

impl Model {
    fn links(&self, of: Name) -> Vec<Name> {
        match of {
            SET => self.handles[1].iter().map(|(name, _)| *name).collect(),
            _ => self.things[of].links.iter().flatten().copied().collect(),
        }
    }

    /// What is reachable, by looking at everything again until nothing is added.
    fn reachable(&self, roots: &BTreeSet<Name>) -> BTreeSet<Name> {
        let mut reached = roots.clone();
        loop {
            let before = reached.len();
            for name in reached.clone() {
                reached.extend(self.links(name));
                let entries = &self.things[name].entries;
                let held = entries.iter().filter(|(key, _)| reached.contains(*key));
                let values: Vec<Name> = held.map(|(_, value)| *value).collect();
                reached.extend(values);
            }
            if reached.len() == before {
                return reached;
            }
        }
    }

    /// What the graph of the listed objects is to be, if these are frozen.
    fn expected(&self, listed: &BTreeSet<Name>, frozen: BTreeSet<Name>) -> Expected {
        let mut roots = frozen;
        roots.insert(SET);
        roots.extend(self.places.iter().flatten());
        roots.extend(self.handles[0].iter().map(|(name, _)| *name));
        let reachable = self.reachable(&roots);
        assert!(reachable.is_subset(listed), "something reachable is not listed");
        let edges = listed.iter().map(|&name| {
            let mut targets = self.links(name);
            for (owner, thing) in self.things.iter().enumerate() {
                // The entry of an unreachable map is void, if its key has not gone with the map.
                let is_valid = reachable.contains(&owner) || !reachable.contains(&name);
                if listed.contains(&owner) && is_valid {
                    targets.extend(thing.entries.get(&name));
                }
            }
            targets.sort_unstable();
            (name, targets)
        });
        Expected { edges: edges.collect(), roots }
    }
}

impl Expected {
    /// The distances from some objects, on ways that do not lead through `without`.
    fn distances(
        &self,
        from: impl IntoIterator<Item = Name>,
        without: Option<Name>,
    ) -> BTreeMap<Name, usize> {
        let mut distances = BTreeMap::new();
        let mut front: BTreeSet<Name> = from.into_iter().collect();
        for distance in 0.. {
            front.retain(|name| Some(*name) != without && !distances.contains_key(name));
            if front.is_empty() {
                break;
            }
            distances.extend(front.iter().map(|&name| (name, distance)));
            front = front.iter().flat_map(|name| &self.edges[name]).copied().collect();
        }
        distances
    }

    /// What each object leads to, itself included only if it leads back to itself.
    fn reaches(&self) -> BTreeMap<Name, BTreeSet<Name>> {
        let reach = |(&name, targets): (&Name, &Vec<Name>)| {
            let reached = self.distances(targets.iter().copied(), None);
            (name, reached.into_keys().collect())
        };
        self.edges.iter().map(reach).collect()
    }

    /// What is lost without each object.
    fn retained(&self) -> BTreeMap<Name, BTreeSet<Name>> {
        let reachable = self.distances(self.roots.clone(), None);
        let lost = |&name: &Name| {
            let without = self.distances(self.roots.clone(), Some(name));
            let is_lost = |other: &&Name| !without.contains_key(other);
            (name, reachable.keys().filter(is_lost).copied().collect())
        };
        self.edges.keys().map(lost).collect()
    }
}

/// The graph of a heap, and the names of nodes in the model. The library's own objects have none.
struct Seen<'a, 'gc> {
    heap: &'a HeapView<'gc>,
    graph: HeapGraph<'gc>,
    names: BTreeMap<Node, Name>,
    nodes: BTreeMap<Name, Node>,
}

impl<'a, 'gc> Seen<'a, 'gc> {
    fn new(heap: &'a HeapView<'gc>, model: &Model) -> Seen<'a, 'gc> {
        let graph = heap.graph();
        let mut names = BTreeMap::new();
        for object in heap.objects() {
            let node = graph.node(object).expect("what is listed is in the graph");
            assert_eq!(graph.object(node), object);
            if let Some(&name) = model.names.get(&object.id()) {
                names.insert(node, name);
            } else if object.type_name().ends_with("::Set") {
                names.insert(node, SET);
            }
        }
        assert_eq!(graph.len(), heap.objects().count());
        assert_eq!(
            graph.nodes().map(Node::index).collect::<Vec<_>>(),
            Vec::from_iter(0..graph.len())
        );
        let nodes = names.iter().map(|(&node, &name)| (name, node)).collect();
        Seen { heap, graph, names, nodes }
    }

    fn named(&self, nodes: impl IntoIterator<Item = Node>) -> BTreeSet<Name> {
        nodes.into_iter().filter_map(|node| self.names.get(&node).copied()).collect()
    }

    fn bytes(&self, nodes: &[Node]) -> usize {
        nodes.iter().map(|&node| self.graph.object(node).size_bytes()).sum()
    }

    fn compare(&self, model: &Model) {
        let listed: BTreeSet<Name> = self.nodes.keys().copied().collect();
        let is_frozen = |name: &Name| self.graph.object(self.nodes[name]).is_frozen();
        let frozen = listed.iter().copied().filter(is_frozen).collect();
        let expected = model.expected(&listed, frozen);
        self.compare_edges(&expected);
        self.compare_paths(&expected);
        self.compare_dominators(&expected);
        self.compare_components(&expected);
    }

    fn compare_edges(&self, expected: &Expected) {
        assert_eq!(self.named(self.graph.roots().iter().copied()), expected.roots);
        for (name, targets) in &expected.edges {
            let node = self.nodes[name];
            let found = self.graph.targets(node);
            let mut named: Vec<Name> =
                found.iter().filter_map(|target| self.names.get(target).copied()).collect();
            named.sort_unstable();
            assert_eq!(named, *targets);
            let referents = self.heap.referents(self.graph.object(node));
            let referents: Vec<Node> =
                referents.filter_map(|object| self.graph.node(object)).collect();
            assert!(found.starts_with(&referents), "references come first, and in order");
        }
        let all: usize = self.graph.nodes().map(|node| self.graph.targets(node).len()).sum();
        assert_eq!(self.graph.edge_count(), all);
    }

    fn compare_paths(&self, expected: &Expected) {
        let distances = expected.distances(expected.roots.clone(), None);
        for (name, &node) in &self.nodes {
            let distance = distances.get(name).copied();
            assert_eq!(self.graph.is_reachable(node), distance.is_some());
            let object = self.graph.object(node);
            for path in [self.graph.path_to(node), self.heap.why_alive(object)] {
                let objects: Option<Vec<AnyGc<'gc>>> = path.map(|path| path.objects().collect());
                assert_eq!(objects.as_ref().map(|objects| objects.len() - 1), distance);
                let Some(objects) = objects else { continue };
                assert_eq!(objects.last(), Some(&object));
                let nodes: Vec<Node> =
                    objects.iter().filter_map(|&object| self.graph.node(object)).collect();
                assert!(self.graph.roots().contains(&nodes[0]));
                for step in nodes.windows(2) {
                    assert!(self.graph.targets(step[0]).contains(&step[1]));
                }
            }
        }
    }

    fn compare_dominators(&self, expected: &Expected) {
        let dominators = self.graph.dominators();
        let retained = expected.retained();
        for (&name, &node) in &self.nodes {
            let found = dominators.retained(node);
            assert_eq!(self.named(found.iter().copied()), retained[&name]);
            assert_eq!(dominators.retained_objects(node), found.len());
            assert_eq!(dominators.retained_bytes(node), self.bytes(found));
            let is_above = |above: &Name| *above != name && retained[above].contains(&name);
            let above = retained.keys().copied().filter(is_above);
            let immediate = above.min_by_key(|above| retained[above].len());
            assert_eq!(dominators.immediate(node), immediate.map(|name| self.nodes[&name]));
            // One alone is retained by the set that has it alone.
            let alone: Vec<Node> = self.graph.retained_by(|other| other == node).collect();
            assert_eq!(BTreeSet::from_iter(alone), found.iter().copied().collect());
        }
        let is_reachable = |&node: &Node| self.graph.is_reachable(node);
        let all: Vec<Node> = self.graph.nodes().filter(is_reachable).collect();
        assert_eq!(dominators.reachable_objects(), all.len());
        assert_eq!(dominators.reachable_bytes(), self.bytes(&all));

        // Every other one together.
        let is_among = |node| self.names.get(&node).is_some_and(|name| name % 2 == 1);
        let kept = |name: &Name| name.is_multiple_of(2);
        let thinned = Expected {
            edges: expected
                .edges
                .iter()
                .map(|(&name, targets)| (name, targets.iter().copied().filter(kept).collect()))
                .collect(),
            roots: expected.roots.iter().copied().filter(kept).collect(),
        };
        let left = thinned.distances(thinned.roots.clone(), None);
        let lost: BTreeSet<Name> = expected
            .distances(expected.roots.clone(), None)
            .into_keys()
            .filter(|name| !left.contains_key(name))
            .collect();
        assert_eq!(self.named(self.graph.retained_by(is_among)), lost);
    }

    fn compare_components(&self, expected: &Expected) {
        let components = self.graph.components();
        let reaches = expected.reaches();
        for (&name, &node) in &self.nodes {
            let component = components.of(node);
            let leads_back = |other: &&Name| reaches[other].contains(&name);
            let mut cycle: BTreeSet<Name> =
                reaches[&name].iter().filter(leads_back).copied().collect();
            assert_eq!(components.is_cycle(component), cycle.contains(&name));
            cycle.insert(name);
            assert_eq!(self.named(components.members(component).iter().copied()), cycle);
            let way = components.way_around(node);
            let targets = expected.edges[&name].iter().copied();
            let distance = expected.distances(targets, None).get(&name).map(|steps| steps + 1);
            assert_eq!(way.as_ref().map(Vec::len), distance);
        }
    }
}

fn step<'gc>(
    mc: &Mutation<'gc>,
    things: &mut Things<'gc>,
    model: &mut Model,
    random: &mut Pcg64Mcg,
) {
    let mut place = || random.random_range(0..things.places.len());
    let (a, b, c) = (place(), place(), place());
    let [of_a, of_b, of_c] = [a, b, c].map(|place| things.places[place].zip(model.places[place]));
    match random.random_range(0..16) {
        0..=3 => {
            let links = [Lock::new(things.places[b]), Lock::new(things.places[c])];
            let thing = Gc::new(mc, Thing { links, map: WeakMap::new(mc) });
            let name = model.things.len();
            let links = [model.places[b], model.places[c]];
            model.things.push(Modelled { links, entries: BTreeMap::new() });
            model.names.insert(Gc::id(thing), name);
            (things.places[a], model.places[a]) = (Some(thing), Some(name));
        }
        4..=6 => (things.places[a], model.places[a]) = (None, None),
        7..=9 => {
            if let Some((thing, name)) = of_a {
                let link = random.random_range(0..2);
                field!(Gc::write(mc, thing), Thing, links)[link].unlock().set(things.places[b]);
                model.things[name].links[link] = model.places[b];
            }
        }
        10 => {
            // Everything is a step farther away.
            things.places[a] = of_b.and_then(|(thing, _)| thing.links[0].get());
            model.places[a] = of_b.and_then(|(_, name)| model.things[name].links[0]);
        }
        11 | 12 => {
            let of = random.random_range(0..2);
            let handles = &mut model.handles[of];
            if handles.len() > 2 {
                handles.swap_remove(random.random_range(0..handles.len()));
            } else if let Some((thing, name)) = of_a {
                let handle = if of == 0 { mc.stash(thing) } else { things.set.stash(mc, thing) };
                handles.push((name, handle));
            }
        }
        _ => {
            if let (Some((owner, owner_name)), Some((key, key_name)), Some((value, value_name))) =
                (of_a, of_b, of_c)
            {
                owner.map.insert(mc, key, value);
                model.things[owner_name].entries.insert(key_name, value_name);
            }
        }
    }
}

/// Objects with maps, handles, and a set of these, some of them frozen, some garbage.
pub fn random_graphs_agree_with_the_model<C: Collector + Default>() {
    Setting::each(|setting| {
        for seed in 0..6 {
            println!("seed: {seed}");
            let mut random = Pcg64Mcg::seed_from_u64(seed);
            let place_count = 3 + seed as usize;
            let mut model = Model { places: vec![None; place_count], ..Model::default() };
            model.things.push(Modelled::default());
            let mut arena = setting.arena::<Rootable![Things<'_>], C>(|mc| Things {
                places: vec![None; place_count],
                set: DynamicRootSet::new(mc),
            });
            for round in 0..25 {
                arena.mutate_root(|mc, things| {
                    for _ in 0..random.random_range(1..10) {
                        step(mc, things, &mut model, &mut random);
                    }
                    litter(mc);
                });
                match round {
                    10 => arena.freeze(),
                    18 => arena.unfreeze(),
                    _ => {}
                }
                let generation = random.random_range(0..8_u8);
                if generation <= 2 {
                    arena.collect_generation(generation);
                }
                arena.inspect(|heap, _| Seen::new(heap, &model).compare(&model));
            }
        }
    });
}

/// `root -> 999999 <-> .. <-> 0`: the way to the last one, what each retains, and the cycle that they are.
pub fn a_chain_of_a_million_is_a_graph_on_a_small_stack<C: Collector + Default>() {
    deep::on_a_small_stack(|| {
        let mut arena = deep::build::<usize, C>(|index| index);
        deep::link_back(&mut arena);
        arena.inspect(|heap, root| {
            let first = root.get().expect("a list");
            let last = AnyGc::from(first.previous.get().expect("a ring"));
            let graph = heap.graph();
            assert_eq!(graph.len(), deep::LEN + 1);
            // The first of the list refers to the last.
            let path = heap.why_alive(last).expect("it is reachable");
            assert_eq!(path.objects().len(), 3);
            let middle = std::iter::successors(Some(first), |cell| cell.next.get());
            let middle = middle.take(deep::LEN / 2).last().expect("there are so many");
            let path = heap.why_alive(middle.into()).expect("it is reachable");
            assert_eq!(path.objects().len(), deep::LEN / 2 + 1);
            assert!(
                path.to_string().contains(&format!(" -> .. {} more .. -> ", deep::LEN / 2 - 15))
            );

            let node = graph.node(first.into()).expect("it is listed");
            let root = graph.path_to(node).and_then(|path| path.objects().next());
            let root = graph.node(root.expect("it is reachable")).expect("it is listed");
            let dominators = graph.dominators();
            assert_eq!(dominators.immediate(node), Some(root));
            assert_eq!(dominators.retained_objects(root), deep::LEN + 1);
            assert_eq!(dominators.retained_bytes(root), dominators.reachable_bytes());
            let components = graph.components();
            assert_eq!(components.members(components.of(node)).len(), deep::LEN);
            assert_eq!(components.way_around(node).map(|way| way.len()), Some(2));
        });
    });
}

/// `handle -> 1 -> 2`: the call that is due has a handle to 1, and nothing else refers to it.
pub fn what_waits_for_its_finalizer_is_held<C: Collector + Default>() {
    Setting::each(|setting| {
        let builder = setting.builder::<Rootable![Option<Gc<'_, Option<Gc<'_, u64>>>>], C>();
        let mut arena = builder.defer_calls(true).build(|_| None);
        arena.mutate_root(|mc, root| {
            let object = Gc::new(mc, Some(Gc::new(mc, 2)));
            mc.on_unreachable::<Rootable![Option<Gc<'_, u64>>], _>(object, |_, _| ())
                .expect("it is new");
            *root = Some(object);
        });
        arena.mutate_root(|_, root| *root = None);
        arena.collect();
        if let Some(mut call) = arena.next_call() {
            call.inspect(|heap, _| {
                let number = heap.objects_of_type::<u64>().next().expect("it is kept");
                let path = heap.why_alive(number).expect("the call keeps it");
                assert_eq!(path.objects().len(), 2);
                assert!(!path.to_string().starts_with("root"));
            });
        } else {
            assert!(!super::trial::reclaims::<C>());
        }
    });
}
