//! Random programs with objects that own weak maps, compared with a plain model.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use gc_core::collector::Collector;
use gc_core::{AnyGc, Gc, Lock, Mutation, Rootable, Trace, WeakMap, unlock};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

use super::trial::{Setting, litter};
use super::witness::{Token, Witness};

/// An object with a reference and a map of its own.
#[derive(Trace)]
struct Thing<'gc> {
    token: Token,
    other: Lock<Option<ThingRef<'gc>>>,
    map: WeakMap<'gc, Thing<'gc>, Thing<'gc>>,
}

type ThingRef<'gc> = Gc<'gc, Thing<'gc>>;
type Things<'gc> = Vec<Option<ThingRef<'gc>>>;

/// What a thing is in the model.
#[derive(Default)]
struct Modelled {
    other: Option<u32>,
    entries: BTreeMap<u32, u32>,
}

#[derive(Default)]
struct Model {
    things: BTreeMap<u32, Modelled>,
    places: Vec<Option<u32>>,
    made: u32,
}

impl Model {
    /// What is reachable, by looking at everything again until nothing is added.
    fn reachable(&self) -> BTreeSet<u32> {
        let mut reached: BTreeSet<u32> = self.places.iter().flatten().copied().collect();
        loop {
            let mut more = BTreeSet::new();
            for thing in reached.iter().map(|name| &self.things[name]) {
                more.extend(thing.other);
                let held = thing.entries.iter().filter(|(key, _)| reached.contains(*key));
                more.extend(held.map(|(_, value)| *value));
            }
            let before = reached.len();
            reached.append(&mut more);
            if reached.len() == before {
                return reached;
            }
        }
    }
}

fn name(thing: &Thing<'_>) -> u32 {
    assert!(thing.token.is_intact(), "a live thing was overwritten or dropped");
    thing.token.name
}

/// Follows everything that can be reached: names, references and entries are those of the model.
/// Entries that are not reachable in the model may be left, if not all garbage was reclaimed.
fn compare(model: &Model, things: &Things<'_>, is_exact: bool) {
    let reachable = model.reachable();
    let mut seen = BTreeSet::new();
    let mut pending: Vec<ThingRef<'_>> = things.iter().flatten().copied().collect();
    let places = things.iter().map(|thing| thing.map(|thing| name(&thing)));
    assert!(places.eq(model.places.iter().copied()));
    while let Some(thing) = pending.pop() {
        if !seen.insert(name(&thing)) {
            continue;
        }
        let modelled = &model.things[&name(&thing)];
        assert_eq!(thing.other.get().map(|other| name(&other)), modelled.other);
        pending.extend(thing.other.get());
        let entries: BTreeMap<u32, u32> =
            thing.map.iter().map(|(key, value)| (name(&key), name(&value))).collect();
        assert_eq!(entries.len(), thing.map.len());
        for (key, value) in &modelled.entries {
            if reachable.contains(key) {
                assert_eq!(entries.get(key), Some(value), "an entry was lost");
            } else if is_exact {
                assert_eq!(entries.get(key), None, "an entry has outlived its key");
            }
        }
        for (key, value) in thing.map.iter() {
            assert_eq!(modelled.entries.get(&name(&key)), Some(&name(&value)));
            assert!(Gc::ptr_eq(thing.map.get(key).expect("it is there"), value));
            if reachable.contains(&name(&key)) {
                pending.push(value);
            }
        }
    }
    assert_eq!(seen, reachable);
}

fn step<'gc>(
    mc: &Mutation<'gc>,
    things: &mut Things<'gc>,
    model: &mut Model,
    random: &mut Pcg64Mcg,
    witness: &Witness,
) {
    let mut place = || random.random_range(0..things.len());
    let (a, b, c) = (place(), place(), place());
    let (name_a, name_b, name_c) = (model.places[a], model.places[b], model.places[c]);
    match random.random_range(0..12) {
        0..=2 => {
            let name = model.made;
            model.made += 1;
            let other = Lock::new(things[b]);
            let thing =
                Gc::new(mc, Thing { token: witness.token(name), other, map: WeakMap::new(mc) });
            things[a] = Some(thing);
            model.places[a] = Some(name);
            model.things.insert(name, Modelled { other: name_b, entries: BTreeMap::new() });
        }
        3 | 4 => {
            things[a] = None;
            model.places[a] = None;
        }
        5 => {
            if let (Some(thing), Some(name)) = (things[a], name_a) {
                unlock!(Gc::write(mc, thing), Thing, other).set(things[b]);
                model.things.get_mut(&name).expect("it is reachable").other = name_b;
            }
        }
        6 => {
            // Everything is a step farther away.
            things[a] = things[b].and_then(|thing| thing.other.get());
            model.places[a] = name_b.and_then(|name| model.things[&name].other);
        }
        7 => {
            if let (Some(owner), Some(key), Some(name)) = (things[a], things[b], name_a) {
                let removed = owner.map.remove(mc, key).map(|value| self::name(&value));
                let entries = &mut model.things.get_mut(&name).expect("it is reachable").entries;
                assert_eq!(removed, name_b.and_then(|key| entries.remove(&key)));
            }
        }
        _ => {
            if let (Some(owner), Some(key), Some(value)) = (things[a], things[b], things[c])
                && let (Some(owner_name), Some(key_name), Some(value_name)) =
                    (name_a, name_b, name_c)
            {
                let old = owner.map.insert(mc, key, value).map(|value| self::name(&value));
                let owner = model.things.get_mut(&owner_name).expect("it is reachable");
                assert_eq!(old, owner.entries.insert(key_name, value_name));
            }
        }
    }
}

/// Every thing has a map, and every thing may be a key and a value in any of them.
pub fn random_programs_with_maps_agree_with_the_model<C: Collector + Default>() {
    Setting::each(|setting| {
        for seed in 0..12 {
            println!("seed: {seed}");
            let mut random = Pcg64Mcg::seed_from_u64(seed);
            let witness = Witness::default();
            let place_count = 3 + seed as usize;
            let mut arena =
                setting.arena::<Rootable!['gc => Things<'gc>], C>(|_| vec![None; place_count]);
            let mut model = Model { places: vec![None; place_count], ..Model::default() };
            for _ in 0..150 {
                arena.mutate_root(|mc, things| {
                    for _ in 0..random.random_range(1..8) {
                        step(mc, things, &mut model, &mut random, &witness);
                    }
                    litter(mc);
                });
                let generation = random.random_range(0..8_u8);
                let is_full = generation == 2;
                if generation <= 2 {
                    arena.collect_generation(generation);
                }
                let is_exact = is_full && C::ATTRIBUTES.reclaims_cycles;
                arena.check_trace().expect("every reference to a value is counted");
                if is_exact {
                    let thing = core::any::type_name::<Thing<'_>>();
                    arena.inspect(|heap, _| {
                        let garbage = heap.find_garbage();
                        let is_thing = |object: AnyGc<'_>| object.type_name() == thing;
                        assert!(!garbage.objects().any(is_thing), "what an entry holds is none");
                    });
                }
                arena.enter(|_, things| compare(&model, things, is_exact));
                let reachable = model.reachable();
                let dropped: BTreeSet<u32> = witness.in_order().into_iter().collect();
                assert_eq!(dropped.len(), witness.count(), "one was dropped twice");
                assert!(dropped.is_disjoint(&reachable));
                if is_exact {
                    assert_eq!(dropped.len() + reachable.len(), model.made as usize);
                }
            }
        }
    });
}

/// Where finalizers put what they keep.
type Board<'gc> = [Lock<Option<ThingRef<'gc>>>; 4];
type BoardRoot = Rootable!['gc => Board<'gc>];

/// What a finalizer does with its object: keeps it, or has it, and what it leads to, in maps.
fn meddle<'gc>(
    mc: &Mutation<'gc>,
    thing: ThingRef<'gc>,
    board: Gc<'gc, Board<'gc>>,
    random: &mut Pcg64Mcg,
) {
    let place = random.random_range(0..board.len());
    let kept = board[place].get();
    let other = thing.other.get().or(kept).unwrap_or(thing);
    match random.random_range(0..5) {
        0 => Gc::write(mc, board)[place].unlock().set(Some(thing)),
        1 => Gc::write(mc, board)[place].unlock().set(Some(other)),
        2 => {
            kept.map(|kept| kept.map.insert(mc, thing, other));
        }
        3 => {
            kept.map(|kept| kept.map.insert(mc, other, thing));
        }
        _ => {
            thing.map.insert(mc, other, thing);
        }
    }
    litter(mc);
}

/// Most things have finalizers, which bring them back or make entries about them: nothing is lost or
/// dropped twice, and in the end everything dies.
pub fn finalizers_may_do_anything_with_maps<C: Collector + Default>() {
    Setting::each(|setting| {
        for seed in 0..12 {
            println!("seed: {seed}");
            let random = Rc::new(RefCell::new(Pcg64Mcg::seed_from_u64(seed)));
            let witness = Witness::default();
            let place_count = 3 + seed as usize;
            let mut arena =
                setting.arena::<Rootable!['gc => Things<'gc>], C>(|_| vec![None; place_count]);
            let board = arena
                .mutate(|mc, _| mc.stash::<BoardRoot>(Gc::new(mc, [const { Lock::new(None) }; 4])));
            let mut made = 0;
            for _ in 0..100 {
                arena.mutate_root(|mc, things| {
                    for _ in 0..8 {
                        let below = |end| random.borrow_mut().random_range(0..end);
                        let places = things.len();
                        let (a, b, c, action) =
                            (below(places), below(places), below(places), below(8));
                        match (action, things[a], things[b]) {
                            (0..3, _, other) => {
                                let token = witness.token(made);
                                made += 1;
                                let map = WeakMap::new(mc);
                                let thing =
                                    Gc::new(mc, Thing { token, other: Lock::new(other), map });
                                things[a] = Some(thing);
                                let (board, random) = (board.clone(), Rc::clone(&random));
                                mc.on_unreachable::<Rootable![Thing<'_>], ()>(
                                    thing,
                                    move |mc, thing| {
                                        meddle(
                                            mc,
                                            thing,
                                            mc.fetch(&board),
                                            &mut random.borrow_mut(),
                                        );
                                    },
                                )
                                .expect("it is new");
                            }
                            (3, _, _) => things[a] = None,
                            (4, Some(thing), other) => {
                                unlock!(Gc::write(mc, thing), Thing, other).set(other);
                            }
                            (_, Some(owner), Some(key)) => {
                                let value = things[c].unwrap_or(key);
                                owner.map.insert(mc, key, value);
                            }
                            _ => {}
                        }
                    }
                    litter(mc);
                });
                let generation = random.borrow_mut().random_range(0..8_u8);
                if generation <= 2 {
                    arena.collect_generation(generation);
                }
                arena.enter(|mc, things| {
                    let kept = mc.fetch(&board);
                    let kept = kept.iter().filter_map(|place| place.get());
                    check(things.iter().flatten().copied().chain(kept));
                });
                arena.check_trace().expect("every reference to a value is counted");
            }
            arena.mutate_root(|_, things| things.fill(None));
            for _ in 0..20 {
                arena.mutate(|mc, _| {
                    let board = Gc::write(mc, mc.fetch(&board));
                    (0..4).for_each(|place| board[place].unlock().set(None));
                });
                arena.collect();
            }
            let dropped: BTreeSet<u32> = witness.in_order().into_iter().collect();
            assert_eq!(dropped.len(), witness.count(), "one was dropped twice");
            if C::ATTRIBUTES.reclaims_cycles {
                assert_eq!(dropped.len(), made as usize);
            }
        }
    });
}

/// Whether everything that is reached is intact.
fn check<'gc>(roots: impl Iterator<Item = ThingRef<'gc>>) {
    let mut seen = BTreeSet::new();
    let mut pending: Vec<ThingRef<'_>> = roots.collect();
    while let Some(thing) = pending.pop() {
        if seen.insert(name(&thing)) {
            pending.extend(thing.other.get());
            pending.extend(thing.map.iter().flat_map(|(key, value)| [key, value]));
            assert_eq!(thing.map.iter().count(), thing.map.len());
        }
    }
}
