//! The collections of the heap answer as those of `std` do, under every collector and with a
//! collection at every safepoint, and keep alive what they hold and nothing else.

use std::cell::Cell;
use std::collections::HashMap;
use std::rc::Rc;

use gc_core::{
    Arena, Collector, Gc, GcHashMap, GcHashSet, GcId, GcVec, Mutation, NullCollector, Rootable,
    Static, Trace,
};
use gc_generational::Generational;
use gc_marksweep::MarkSweep;
use gc_refcount::Refcount;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg32;

/// Counts the values that are alive.
struct Token(Rc<Cell<usize>>);

impl Token {
    fn new(alive: &Rc<Cell<usize>>) -> Static<Token> {
        alive.set(alive.get() + 1);
        Static(Token(Rc::clone(alive)))
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

/// What the collections hold: a number, and something that is missed when it dies.
#[derive(Trace)]
struct Item {
    number: u32,
    _token: Static<Token>,
}

type ItemRef<'gc> = Gc<'gc, Item>;

fn item<'gc>(mc: &Mutation<'gc>, number: u32, alive: &Rc<Cell<usize>>) -> ItemRef<'gc> {
    Gc::new(mc, Item { number, _token: Token::new(alive) })
}

/// Whether a collector that reclaims is expected to have reclaimed everything that is dead.
fn reclaims<C: Collector>() -> bool {
    C::ATTRIBUTES != NullCollector::ATTRIBUTES
}

fn is_stressed(seed: u64) -> bool {
    seed.is_multiple_of(2)
}

fn vector_answers_as_vec<C: Collector + Default>() {
    for seed in 0..6 {
        let mut random = Pcg32::seed_from_u64(seed);
        let alive = Rc::new(Cell::new(0));
        let mut arena = Arena::<Rootable![GcVec<'_, Option<ItemRef<'_>>>], C>::builder()
            .stress(is_stressed(seed))
            .nursery_bytes(64 << 10)
            .build(|mc| GcVec::new(mc));
        let mut model: Vec<Option<u32>> = Vec::new();
        for number in 0..3_000 {
            let choice = random.random_range(0..14);
            let index = random.random_range(0..=model.len());
            let is_inside = index < model.len();
            arena.mutate(|mc, vec| match choice {
                0..=5 => {
                    vec.push(mc, Some(item(mc, number, &alive)));
                    model.push(Some(number));
                }
                6 => {
                    vec.insert(mc, index, None);
                    model.insert(index, None);
                }
                7 if is_inside => {
                    let removed = vec.remove(mc, index).map(|item| item.number);
                    assert_eq!(removed, model.remove(index));
                }
                8 if is_inside => {
                    let removed = vec.swap_remove(mc, index).map(|item| item.number);
                    assert_eq!(removed, model.swap_remove(index));
                }
                9 | 10 if is_inside => {
                    vec.set(mc, index, Some(item(mc, number, &alive)));
                    model[index] = Some(number);
                }
                11 if number % 50 == 0 => {
                    vec.retain(mc, |item| item.is_none_or(|item| item.number % 3 != 0));
                    model.retain(|item| item.is_none_or(|item| item % 3 != 0));
                }
                12 if number % 50 == 0 => {
                    vec.sort_by(mc, |a, b| {
                        a.map(|item| item.number).cmp(&b.map(|item| item.number))
                    });
                    model.sort();
                }
                13 if number % 100 == 0 => {
                    vec.truncate(mc, index);
                    model.truncate(index);
                }
                _ => {
                    // Garbage.
                    item(mc, number, &alive);
                }
            });
            if number % 100 == 0 {
                arena.collect();
                arena.enter(|_, vec| {
                    let numbers: Vec<_> =
                        vec.iter().map(|item| item.map(|item| item.number)).collect();
                    assert_eq!(numbers, model, "seed {seed}");
                });
                if reclaims::<C>() {
                    assert_eq!(alive.get(), model.iter().flatten().count(), "seed {seed}");
                }
            }
        }
        drop(arena);
        assert_eq!(alive.get(), 0);
    }
}

type Text<'gc> = Gc<'gc, str>;

fn map_answers_as_hash_map<C: Collector + Default>() {
    for seed in 0..6 {
        let mut random = Pcg32::seed_from_u64(seed);
        let alive = Rc::new(Cell::new(0));
        let mut arena = Arena::<Rootable![GcHashMap<'_, Text<'_>, ItemRef<'_>>], C>::builder()
            .stress(is_stressed(seed))
            .nursery_bytes(64 << 10)
            .build(|mc| GcHashMap::new(mc));
        let mut model: HashMap<String, u32> = HashMap::new();
        for number in 0..3_000 {
            let choice = random.random_range(0..10);
            let key = random.random_range(0..400).to_string();
            arena.mutate(|mc, map| match choice {
                0..=4 => {
                    let old = map.insert(mc, Gc::new_str(mc, &key), item(mc, number, &alive));
                    assert_eq!(old.map(|item| item.number), model.insert(key, number));
                }
                5..=7 => {
                    let old = map.remove(mc, key.as_str());
                    assert_eq!(old.map(|item| item.number), model.remove(&key));
                }
                8 if number % 40 == 0 => {
                    map.retain(mc, |_, item| item.number % 3 != 0);
                    model.retain(|_, number| *number % 3 != 0);
                }
                9 if number % 200 == 0 => {
                    map.clear(mc);
                    model.clear();
                }
                _ => {
                    let key = Gc::new_str(mc, &key);
                    let found = map.get_or_insert_with(mc, key, || item(mc, number, &alive));
                    assert_eq!(found.number, *model.entry(key.to_string()).or_insert(number));
                }
            });
            if number % 100 == 0 {
                arena.collect();
                arena.enter(|_, map| {
                    assert_eq!(map.len(), model.len());
                    for (key, number) in &model {
                        assert_eq!(map.get(key.as_str()).map(|item| item.number), Some(*number));
                    }
                    assert!(map.iter().all(|(key, item)| model[&*key] == item.number));
                });
                if reclaims::<C>() {
                    assert_eq!(alive.get(), model.len(), "seed {seed}");
                }
            }
        }
        drop(arena);
        assert_eq!(alive.get(), 0);
    }
}

/// A key that is equal only to itself.
#[derive(Clone, Copy, Trace)]
struct Same<'gc>(ItemRef<'gc>);

impl PartialEq for Same<'_> {
    fn eq(&self, other: &Self) -> bool {
        Gc::ptr_eq(self.0, other.0)
    }
}

impl Eq for Same<'_> {}

impl std::hash::Hash for Same<'_> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        Gc::id(self.0).hash(state);
    }
}

#[derive(Trace)]
struct Registry<'gc> {
    ids: GcHashMap<'gc, Same<'gc>, GcId>,
    seen: GcHashSet<'gc, Same<'gc>>,
    order: GcVec<'gc, ItemRef<'gc>>,
}

/// Keys hashed by identity are found, and indices stay, when everything has moved.
fn identity_survives_moves<C: Collector + Default>() {
    let alive = Rc::new(Cell::new(0));
    let mut arena = Arena::<Rootable![Registry<'_>], C>::builder().stress(true).build(|mc| {
        Registry { ids: GcHashMap::new(mc), seen: GcHashSet::new(mc), order: GcVec::new(mc) }
    });
    let mut indices = Vec::new();
    for number in 0..500 {
        arena.mutate(|mc, registry| {
            let item = item(mc, number, &alive);
            registry.ids.insert(mc, Same(item), Gc::id(item));
            registry.seen.insert(mc, Same(item));
            registry.order.push(mc, item);
            indices.push(registry.ids.index_of(&Same(item)).unwrap());
        });
        if number % 50 == 0 {
            arena.collect();
        }
    }
    arena.collect();
    arena.enter(|_, registry| {
        for (item, &index) in registry.order.iter().zip(&indices) {
            assert_eq!(registry.ids.get(&Same(item)), Some(Gc::id(item)));
            assert!(registry.seen.contains(&Same(item)));
            let (key, id) = registry.ids.get_index(index).unwrap();
            assert!(Gc::ptr_eq(key.0, item) && id == Gc::id(item));
        }
    });
    assert_eq!(alive.get(), 500);
}

/// A collection that is dropped from its place dies with what it holds.
fn dead_collections_are_reclaimed<C: Collector + Default>() {
    type Slot<'gc> = GcVec<'gc, GcHashMap<'gc, u32, GcVec<'gc, ItemRef<'gc>>>>;
    let alive = Rc::new(Cell::new(0));
    let mut arena = Arena::<Rootable![Slot<'_>], C>::new(|mc| {
        let map = GcHashMap::new(mc);
        for key in 0..100 {
            map.insert(mc, key, GcVec::from_iter_in(mc, (0..10).map(|n| item(mc, n, &alive))));
        }
        GcVec::from_slice(mc, &[map])
    });
    arena.collect();
    assert_eq!(alive.get(), 1_000);
    arena.mutate(|mc, slot| {
        let map = slot.get(0).unwrap();
        map.remove(mc, &7);
        map.get(&8).unwrap().truncate(mc, 4);
    });
    arena.collect();
    if reclaims::<C>() {
        assert_eq!(alive.get(), 984);
    }
    arena.mutate(|mc, slot| slot.pop(mc).map(|_| ()));
    arena.collect();
    if reclaims::<C>() {
        assert_eq!(alive.get(), 0);
    }
    arena.enter(|_, slot| assert!(slot.is_empty()));
}

/// A value of a scripting language: collections of itself.
#[derive(Clone, Copy, Trace)]
enum Value<'gc> {
    Item(ItemRef<'gc>),
    List(GcVec<'gc, Value<'gc>>),
    Table(GcHashMap<'gc, u32, Value<'gc>>),
}

/// `list -> table -> list`, with an item in each.
fn collections_that_contain_themselves_are_garbage_like_any<C: Collector + Default>() {
    let alive = Rc::new(Cell::new(0));
    let mut arena = Arena::<Rootable![GcVec<'_, Value<'_>>], C>::new(|mc| {
        let (list, table) = (GcVec::new(mc), GcHashMap::new(mc));
        list.extend(mc, [Value::Item(item(mc, 1, &alive)), Value::Table(table)]);
        table.insert(mc, 2, Value::Item(item(mc, 2, &alive)));
        table.insert(mc, 3, Value::List(list));
        GcVec::from_slice(mc, &[Value::List(list)])
    });
    arena.collect();
    arena.mutate(|mc, root| {
        let Some(Value::List(list)) = root.pop(mc) else { panic!("a list") };
        let Some(Value::Table(table)) = list.get(1) else { panic!("a table") };
        let Some(Value::Item(item)) = table.get(&2) else { panic!("an item") };
        assert_eq!((item.number, alive.get()), (2, 2));
    });
    arena.collect();
    assert_eq!(alive.get(), if C::ATTRIBUTES.reclaims_cycles { 0 } else { 2 });
}

/// A panic in the middle leaves an arena and a collection that go on.
fn a_panic_leaves_the_arena_usable<C: Collector + Default>() {
    let alive = Rc::new(Cell::new(0));
    let mut arena = Arena::<Rootable![GcVec<'_, ItemRef<'_>>], C>::builder()
        .stress(true)
        .build(|mc| GcVec::from_iter_in(mc, (0..200).map(|n| item(mc, n, &alive))));
    arena.collect();
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        arena.mutate(|mc, vec| {
            vec.truncate(mc, 150);
            vec.extend(
                mc,
                (0..).map(|n| {
                    assert!(n < 20, "enough");
                    item(mc, n, &alive)
                }),
            );
        });
    }));
    assert!(result.is_err());
    arena.collect();
    arena.enter(|_, vec| assert_eq!(vec.len(), 170));
    if reclaims::<C>() {
        assert_eq!(alive.get(), 170);
    }
}

/// One module of tests per collector.
macro_rules! for_each_collector {
    ($($module:ident: $collector:ty),+ $(,)?) => {$(
        mod $module {
            use super::*;

            #[test]
            fn a_vector_answers_as_a_vec() {
                vector_answers_as_vec::<$collector>();
            }

            #[test]
            fn a_map_answers_as_a_hash_map() {
                map_answers_as_hash_map::<$collector>();
            }

            #[test]
            fn identity_and_indices_survive_moves() {
                identity_survives_moves::<$collector>();
            }

            #[test]
            fn a_dead_collection_dies_with_what_it_holds() {
                dead_collections_are_reclaimed::<$collector>();
            }

            #[test]
            fn collections_that_contain_themselves_are_garbage() {
                collections_that_contain_themselves_are_garbage_like_any::<$collector>();
            }

            #[test]
            fn a_panic_leaves_the_arena_and_the_collection_usable() {
                a_panic_leaves_the_arena_usable::<$collector>();
            }
        }
    )+};
}

for_each_collector!(
    null: NullCollector,
    refcount: Refcount,
    marksweep: MarkSweep,
    generational: Generational,
);
