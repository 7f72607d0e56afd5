//! Random mutators against a model that is a table of names.
//!
//! The model knows which node refers to which: what it can reach must be in the heap, link by link,
//! and what it cannot must die, as far as the collector promises.

use std::collections::{HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use gc_core::collector::Collector;
use gc_core::{Arena, DynamicRoot, Gc, GcWeak, Lock, Mutation, RefLock, Rootable, Trace, unlock};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

use super::trial::{Setting, age, litter, reclaims};
use super::witness::{Token, Witness};

const LINKS: usize = 3;
const ROOTS: usize = 6;
/// Enough to be logged in segments.
const TABLE: usize = 70;

#[derive(Trace)]
struct Node<'gc> {
    token: Token,
    links: [Lock<Option<NodeRef<'gc>>>; LINKS],
    more: RefLock<Vec<NodeRef<'gc>>>,
}

type NodeRef<'gc> = Gc<'gc, Node<'gc>>;
type NodeRoot = Rootable![Node<'_>];

#[derive(Trace)]
struct Root<'gc> {
    direct: Vec<Option<NodeRef<'gc>>>,
    table: Gc<'gc, [Lock<Option<NodeRef<'gc>>>]>,
    weak: Gc<'gc, RefLock<Vec<(u32, GcWeak<'gc, Node<'gc>>)>>>,
}

/// The same as names.
#[derive(Clone, Default)]
struct Model {
    links: Vec<[Option<u32>; LINKS]>,
    more: Vec<Vec<u32>>,
    direct: Vec<Option<u32>>,
    table: Vec<Option<u32>>,
    handles: Vec<u32>,
}

impl Model {
    fn reachable(&self) -> HashSet<u32> {
        let roots = self.direct.iter().chain(&self.table).flatten().chain(&self.handles);
        let mut pending: Vec<u32> = roots.copied().collect();
        let mut reached = HashSet::new();
        while let Some(name) = pending.pop() {
            if reached.insert(name) {
                pending.extend(self.links[name as usize].iter().flatten());
                pending.extend(&self.more[name as usize]);
            }
        }
        reached
    }
}

/// Walks the heap along the model, and finds each node under its name and with its links.
fn survey<'gc>(
    mc: &Mutation<'gc>,
    root: &Root<'gc>,
    handles: &[DynamicRoot<NodeRoot>],
    model: &Model,
) -> HashMap<u32, NodeRef<'gc>> {
    let mut found = HashMap::new();
    let mut pending = Vec::new();
    let mut pair = |node: Option<NodeRef<'gc>>, name: Option<u32>| {
        assert_eq!(node.is_some(), name.is_some());
        pending.extend(node.zip(name));
    };
    let tables = root.table.iter().map(Lock::get).zip(&model.table);
    root.direct.iter().copied().zip(&model.direct).chain(tables).for_each(|(n, m)| pair(n, *m));
    handles.iter().zip(&model.handles).for_each(|(h, m)| pair(Some(mc.fetch(h)), Some(*m)));
    while let Some((node, name)) = pending.pop() {
        assert!(node.token.is_intact(), "{name} was overwritten or dropped");
        assert_eq!(node.token.name, name);
        if let Some(before) = found.insert(name, node) {
            assert!(Gc::ptr_eq(before, node), "there are two of {name}");
            continue;
        }
        for (link, name) in node.links.iter().zip(&model.links[name as usize]) {
            assert_eq!(link.get().is_some(), name.is_some());
            pending.extend(link.get().zip(*name));
        }
        let (more, names) = (node.more.borrow(), &model.more[name as usize]);
        assert_eq!(more.len(), names.len());
        pending.extend(more.iter().copied().zip(names.iter().copied()));
    }
    assert_eq!(found.keys().copied().collect::<HashSet<_>>(), model.reachable());
    found
}

/// What a step works with: the heap, the model, and the nodes it may link.
struct Step<'gc, 'a> {
    mc: &'a Mutation<'gc>,
    nodes: HashMap<u32, NodeRef<'gc>>,
    names: Vec<u32>,
    handles: &'a mut Vec<DynamicRoot<NodeRoot>>,
    model: &'a mut Model,
    random: &'a mut Pcg64Mcg,
    witness: &'a Witness,
}

impl<'gc> Step<'gc, '_> {
    fn any(&mut self) -> Option<(NodeRef<'gc>, u32)> {
        if self.names.is_empty() {
            return None;
        }
        let name = self.names[self.random.random_range(0..self.names.len())];
        Some((self.nodes[&name], name))
    }

    fn make(&mut self) -> (NodeRef<'gc>, u32) {
        let name = self.model.links.len() as u32;
        let links = std::array::from_fn(|_| if self.random.random() { self.any() } else { None });
        let token = self.witness.token(name);
        let node = Gc::new(
            self.mc,
            Node {
                token,
                links: links.map(|link| Lock::new(link.map(|link| link.0))),
                more: RefLock::new(Vec::new()),
            },
        );
        self.model.links.push(links.map(|link| link.map(|link| link.1)));
        self.model.more.push(Vec::new());
        self.nodes.insert(name, node);
        self.names.push(name);
        (node, name)
    }

    /// One change; to the root only if it is given mutably.
    fn change(&mut self, table: Gc<'gc, [Lock<Option<NodeRef<'gc>>>]>, weak: WeakList<'gc>) {
        let kind = self.random.random_range(0..12);
        let target = if kind < 3 { Some(self.make()) } else { self.any() };
        let source = self.any();
        let mc = self.mc;
        match (kind, target, source) {
            (0 | 3 | 4, target, Some((node, name))) => {
                let link = self.random.random_range(0..LINKS);
                let links = gc_core::field!(Gc::write(mc, node), Node, links);
                links[link].unlock().set(target.map(|target| target.0));
                self.model.links[name as usize][link] = target.map(|target| target.1);
            }
            (1 | 5 | 6, target, _) => {
                let place = self.random.random_range(0..TABLE);
                let target = target.filter(|_| kind != 6);
                let element = Gc::write_at(mc, table, place).expect("within");
                element.unlock().set(target.map(|target| target.0));
                self.model.table[place] = target.map(|target| target.1);
            }
            (2 | 7, Some((target, target_name)), Some((node, name))) => {
                unlock!(Gc::write(mc, node), Node, more).borrow_mut().push(target);
                self.model.more[name as usize].push(target_name);
            }
            (8, _, Some((node, name))) => {
                unlock!(Gc::write(mc, node), Node, more).borrow_mut().clear();
                self.model.more[name as usize].clear();
            }
            (9, Some((target, name)), _) if self.handles.len() < 8 => {
                self.handles.push(mc.stash::<NodeRoot>(target));
                self.model.handles.push(name);
            }
            (9 | 10, ..) if !self.handles.is_empty() => {
                let index = self.random.random_range(0..self.handles.len());
                drop(self.handles.swap_remove(index));
                self.model.handles.swap_remove(index);
            }
            (11, Some((target, name)), _) => {
                weak.borrow_mut(mc).push((name, Gc::downgrade(mc, target)));
            }
            _ => (),
        }
    }
}

type WeakList<'gc> = Gc<'gc, RefLock<Vec<(u32, GcWeak<'gc, Node<'gc>>)>>>;

/// Runs a random mutator, and compares heap and model after every step.
fn mutate_at_random<C: Collector + Default>(setting: Setting, seed: u64, steps: usize) {
    println!("seed: {seed}");
    let witness = Witness::default();
    let mut random = Pcg64Mcg::seed_from_u64(seed);
    let mut model =
        Model { direct: vec![None; ROOTS], table: vec![None; TABLE], ..Model::default() };
    let mut handles = Vec::new();
    let mut arena: Arena<Rootable![Root<'_>], C> = setting.arena(|mc| Root {
        direct: vec![None; ROOTS],
        table: Gc::slice_from_fn(mc, TABLE, |_| Lock::new(None)),
        weak: Gc::new(mc, RefLock::new(Vec::new())),
    });
    for step in 0..steps {
        let changes = random.random_range(0..12);
        let changes_root = random.random_range(0..4) == 0;
        let panics = random.random_range(0..20) == 0;
        let (handles, model, random) = (&mut handles, &mut model, &mut random);
        let witness = &witness;
        let run = || {
            arena.mutate_root(|mc, root| {
                let nodes = survey(mc, root, handles, model);
                let mut names: Vec<u32> = nodes.keys().copied().collect();
                names.sort_unstable();
                let mut step = Step { mc, nodes, names, handles, model, random, witness };
                (0..changes).for_each(|_| step.change(root.table, root.weak));
                let place = step.random.random_range(0..ROOTS);
                let other = step.random.random_range(0..ROOTS);
                let target = step.any();
                root.direct.swap(place, other);
                root.direct[place] = target.map(|target| target.0);
                step.model.direct.swap(place, other);
                step.model.direct[place] = target.map(|target| target.1);
                if panics {
                    resume_unwind(Box::new("stop"));
                }
            });
        };
        if changes_root {
            let panic = catch_unwind(AssertUnwindSafe(run)).err();
            let is_expected = |panic: Box<dyn std::any::Any + Send>| panic.is::<&str>();
            assert!(panic.is_none_or(is_expected), "a comparison failed, see above");
        } else {
            arena.mutate(|mc, root| {
                let nodes = survey(mc, root, handles, model);
                let mut names: Vec<u32> = nodes.keys().copied().collect();
                names.sort_unstable();
                let mut step = Step { mc, nodes, names, handles, model, random, witness };
                (0..changes).for_each(|_| step.change(root.table, root.weak));
                litter(mc);
            });
        }
        match random.random_range(0..40) {
            0 => age(&mut arena),
            generation @ 1..6 => _ = arena.collect_generation(generation),
            _ => (),
        }
        if step % 10 == 9 {
            arena.collect();
            check_deaths(&arena, witness, handles, model);
        }
    }
    let made = model.links.len() as u32;
    assert!(made > steps as u32 / 2, "{made} nodes");
    drop(handles);
    drop(arena);
    assert_eq!(witness.sorted(), (0..made).collect::<Vec<_>>());
}

/// After a full collection: who is dead, and what weak references say of it.
fn check_deaths<C: Collector>(
    arena: &Arena<Rootable![Root<'_>], C>,
    witness: &Witness,
    handles: &[DynamicRoot<NodeRoot>],
    model: &Model,
) {
    let dead = witness.sorted();
    let reachable = model.reachable();
    assert!(dead.iter().all(|name| !reachable.contains(name)));
    assert!(dead.windows(2).all(|pair| pair[0] < pair[1]), "dropped once");
    if C::ATTRIBUTES.reclaims_cycles {
        assert_eq!(dead.len() + reachable.len(), model.links.len(), "dead or reachable");
    } else if !reclaims::<C>() {
        assert!(dead.is_empty(), "dead: {dead:?}");
    }
    arena.enter(|mc, root| {
        let nodes = survey(mc, root, handles, model);
        for (name, weak) in root.weak.borrow().iter() {
            assert_eq!(weak.is_dropped(), dead.binary_search(name).is_ok());
            let upgraded = weak.upgrade(mc);
            assert!(upgraded.is_none_or(|node| node.token.is_intact() && node.token.name == *name));
            if let Some(node) = nodes.get(name) {
                assert!(upgraded.is_some_and(|upgraded| Gc::ptr_eq(upgraded, *node)));
            }
        }
    });
}

/// Many short random programs.
pub fn short_random_programs_agree_with_the_model<C: Collector + Default>() {
    Setting::each(|setting| (0..40).for_each(|seed| mutate_at_random::<C>(setting, seed, 40)));
}

/// A few long ones.
pub fn long_random_programs_agree_with_the_model<C: Collector + Default>() {
    Setting::each(|setting| (100..102).for_each(|seed| mutate_at_random::<C>(setting, seed, 250)));
}

/// A hundred thousand nodes with random links, rewritten and collected: the sum over all of them
/// stays what the model says.
pub fn a_large_random_graph_stays_what_it_is<C: Collector + Default>() {
    #[derive(Trace)]
    struct Plain<'gc> {
        number: u64,
        to: Lock<Option<Gc<'gc, Plain<'gc>>>>,
    }
    type Table<'gc> = Gc<'gc, [Gc<'gc, Plain<'gc>>]>;
    const NODES: usize = 100_000;
    let mut random = Pcg64Mcg::seed_from_u64(7);
    let mut arena: Arena<Rootable!['gc => Table<'gc>], C> = Arena::new(|mc| {
        Gc::slice_from_fn(mc, NODES, |i| {
            Gc::new(mc, Plain { number: i as u64, to: Lock::new(None) })
        })
    });
    let mut model: Vec<Option<usize>> = vec![None; NODES];
    for round in 0..8 {
        arena.mutate(|mc, table| {
            for _ in 0..20_000 {
                let (from, to) = (random.random_range(0..NODES), random.random_range(0..NODES));
                let target = if round % 3 == 2 {
                    // A node that only this link leads to.
                    let only = Gc::new(mc, Plain { number: to as u64, to: Lock::new(None) });
                    unlock!(Gc::write(mc, only), Plain, to).set(Some(table[to]));
                    only
                } else {
                    table[to]
                };
                unlock!(Gc::write(mc, table[from]), Plain, to).set(Some(target));
                model[from] = Some(to);
            }
        });
        arena.collect_generation((round % 4) as u8);
        arena.enter(|_, table| {
            for (node, (index, to)) in table.iter().zip(model.iter().enumerate()) {
                assert_eq!(node.number, index as u64);
                assert_eq!(node.to.get().map(|to| to.number as usize), *to);
            }
        });
    }
}
