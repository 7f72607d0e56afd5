//! What the policy promises beyond what every collector does.

use std::collections::VecDeque;

use gc_core::heap::{BLOCK_BYTES, SEGMENT_LEN, object_bytes};
use gc_core::{Arena, DynamicRootSet, Gc, Lock, Mutation, RefLock, Rootable, Trace};
use gc_generational::{Generational, NURSERY_BYTES_MAX};

type Slots<'gc> = Gc<'gc, [Lock<Option<Gc<'gc, [u64; 7]>>>]>;
type SlotsArena = Arena<Rootable![Slots<'_>], Generational>;

const OBJECTS_PER_BLOCK: usize = BLOCK_BYTES / object_bytes(size_of::<[u64; 7]>());

fn slots(count: usize) -> SlotsArena {
    Arena::new(|mc| Gc::slice_from_fn(mc, count, |_| Lock::new(None)))
}

fn set(arena: &mut SlotsArena, places: impl Iterator<Item = usize>, value: Option<u64>) {
    arena.mutate(|mc, &slots| {
        for place in places {
            let object = value.map(|value| Gc::new(mc, [value; 7]));
            Gc::write_at(mc, slots, place).unwrap().unlock().set(object);
        }
    });
}

#[test]
fn what_a_middle_collection_found_young_is_not_old_before_the_next() {
    let mut arena = slots(2);
    arena.collect();
    set(&mut arena, 0..1, Some(1));
    arena.collect_generation(1);
    set(&mut arena, 0..1, None);
    assert_eq!(arena.collect_generation(1).unreachable, 1, "it was aging");

    set(&mut arena, 1..2, Some(2));
    arena.collect_generation(1);
    arena.collect_generation(1);
    set(&mut arena, 1..2, None);
    assert_eq!(arena.collect_generation(1).unreachable, 0, "it was old");
    assert_eq!(arena.collect().unreachable, 1);
}

#[test]
fn what_an_aging_set_of_handles_holds_dies_with_it() {
    type Sets = Arena<Rootable![Vec<DynamicRootSet<'_>>], Generational>;
    let mut arena = Sets::new(|_| Vec::new());
    arena.collect();
    let handle = arena.mutate_root(|mc, sets| {
        sets.push(DynamicRootSet::new(mc));
        sets[0].stash::<Rootable![[u64; 7]]>(mc, Gc::new(mc, [1; 7]))
    });
    assert_eq!(arena.collect_generation(0).unreachable, 0);
    arena.mutate_root(|_, sets| sets.clear());
    assert_eq!(arena.collect_generation(1).unreachable, 2);
    drop(handle);
}

fn addresses(arena: &SlotsArena) -> Vec<usize> {
    arena.enter(|_, slots| {
        slots.iter().flat_map(Lock::get).map(|object| Gc::raw(object).addr().get()).collect()
    })
}

#[test]
fn where_all_that_aged_lives_the_next_become_old_where_they_lie() {
    let mut arena = slots(2000);
    arena.collect();
    arena.collect();
    let mut ages_and_moves = |places| {
        set(&mut arena, places, Some(1));
        arena.collect_generation(0);
        let aging = addresses(&arena);
        arena.collect_generation(1);
        addresses(&arena) != aging
    };
    assert!(ages_and_moves(0..1000));
    assert!(!ages_and_moves(1000..2000));
}

#[test]
fn what_aged_long_ago_says_nothing_once_what_became_old_was_garbage() {
    // More than the old may grow by before a full collection is due.
    let many = (5 << 20) / object_bytes(size_of::<[u64; 7]>());
    let moves_what_ages_after = |is_garbage: bool| {
        let mut arena = slots(1000 + many);
        arena.disable();
        arena.collect();
        arena.collect();
        let ages_and_moves = |arena: &mut SlotsArena| {
            set(arena, 0..1000, Some(1));
            arena.collect_generation(0);
            let aging = addresses(arena);
            arena.collect_generation(1);
            addresses(arena) != aging
        };
        assert!(ages_and_moves(&mut arena));
        // So many in one go that they are old at once.
        set(&mut arena, 1000..1000 + many, Some(2));
        arena.collect_generation(0);
        if is_garbage {
            set(&mut arena, 1000..1000 + many, None);
        }
        assert_eq!(arena.collect().unreachable, if is_garbage { many } else { 0 });
        ages_and_moves(&mut arena)
    };
    assert!(moves_what_ages_after(true));
    assert!(!moves_what_ages_after(false));
}

/// Whether objects move that are made when so many blocks of them were, of which this share died.
fn moves_after(blocks: usize, dead_percent: usize, next_blocks: usize) -> bool {
    let places = blocks * OBJECTS_PER_BLOCK;
    let mut arena = slots(places + next_blocks * OBJECTS_PER_BLOCK);
    arena.disable();
    arena.collect();
    set(&mut arena, 0..places, Some(1));
    set(&mut arena, 0..places * dead_percent / 100, None);
    arena.collect_generation(0);
    set(&mut arena, places..places + next_blocks * OBJECTS_PER_BLOCK, Some(2));
    let young = addresses(&arena);
    arena.collect_generation(0);
    addresses(&arena) != young
}

#[test]
fn the_odds_to_live_are_inversely_proportional_to_the_nursery() {
    assert!(!moves_after(10, 10, 10), "90 of 100 live");
    assert!(!moves_after(10, 10, 20), "82");
    assert!(!moves_after(10, 10, 30), "75");
    assert!(moves_after(10, 10, 50), "64");
    assert!(!moves_after(10, 25, 10), "75");
    assert!(moves_after(10, 25, 20), "60");
    assert!(moves_after(10, 40, 10), "60");
    assert!(!moves_after(10, 40, 4), "79");
}

/// What the next collection finds to live is aging then. If most of the nursery were taken to live it would
/// be old at once.
fn assert_young_will_age(arena: &mut SlotsArena) {
    let places = 1000..1100;
    set(arena, places.clone(), Some(3));
    arena.collect_generation(0);
    set(arena, places.clone(), None);
    assert_eq!(arena.collect_generation(1).unreachable, places.len(), "they were aging");
}

#[test]
fn what_became_old_says_nothing_of_the_young() {
    let mut arena = slots(2000);
    arena.collect();
    set(&mut arena, 0..1000, Some(1));
    arena.collect_generation(0);
    set(&mut arena, 1000..1100, Some(2));
    set(&mut arena, 1000..1100, None);
    arena.collect_generation(1);
    assert_young_will_age(&mut arena);
}

#[test]
fn what_a_full_collection_found_dead_says_nothing_of_the_young() {
    let mut arena = slots(2000);
    arena.collect();
    set(&mut arena, 0..1000, Some(1));
    arena.collect_generation(0);
    // Most of these would live, too, so they become old before anybody looks.
    set(&mut arena, 1000..2000, Some(2));
    set(&mut arena, 1000..2000, None);
    assert_eq!(arena.collect().unreachable, 1000);
    assert_young_will_age(&mut arena);
}

#[test]
fn each_collection_counts_the_objects_of_its_generations() {
    let mut arena = slots(100);
    arena.collect();
    set(&mut arena, 0..30, Some(1));
    assert_eq!(arena.collect_generation(0).candidates, 30, "the young");
    set(&mut arena, 30..50, Some(2));
    assert_eq!(arena.collect_generation(1).candidates, 20 + 30, "and the aging");
    set(&mut arena, 50..60, Some(3));
    assert_eq!(arena.collect_generation(0).candidates, 10);
    assert_eq!(arena.collect().candidates, 60 + 1, "and the old, of which one is the array");
}

#[test]
fn a_collection_counts_what_it_freed() {
    let mut arena = slots(100);
    arena.collect();
    set(&mut arena, 0..50, Some(1));
    set(&mut arena, 0..30, None);
    let collection = arena.collect_generation(0);
    let object_bytes = object_bytes(size_of::<[u64; 7]>());
    assert_eq!((collection.freed_objects, collection.freed_bytes), (30, 30 * object_bytes));
    set(&mut arena, 30..50, None);
    let collection = arena.collect();
    assert_eq!((collection.freed_objects, collection.freed_bytes), (20, 20 * object_bytes));
}

#[test]
fn under_stress_each_generation_has_its_turn() {
    let mut arena: SlotsArena =
        Arena::builder().stress(true).build(|mc| Gc::slice_from_fn(mc, 1, |_| Lock::new(None)));
    (0..60).for_each(|_| arena.mutate(|_, _| ()));
    let collections: Vec<u64> =
        arena.generation_stats().iter().map(|stats| stats.collections).collect();
    assert_eq!(collections, [20; 3]);
}

/// Who asks for all of it is not left with what a finalizer has let go of.
#[test]
fn after_finalizers_only_a_full_collection_goes_on() {
    let mut arena = slots(10);
    set(&mut arena, 0..10, Some(1));
    arena.collect();
    set(&mut arena, 0..10, None);
    // What had its finalizer called is aging after the first, and the array is left after the second.
    for (generation, finalized_objects, live_objects) in [(0, 1, 1 + 10 + 1), (2, 2, 1)] {
        arena.mutate(|mc, _| {
            let object = Gc::new(mc, [2; 7]);
            mc.on_unreachable::<Rootable![[u64; 7]], _>(object, |_, _| ()).unwrap();
        });
        arena.collect_generation(generation);
        arena.collect_generation(0);
        let stats = arena.stats();
        assert_eq!(
            (stats.finalized_objects, stats.live_objects),
            (finalized_objects, live_objects)
        );
    }
}

/// array -> segment -> aging, and array -> cell -> aging, each written to once.
#[test]
fn an_old_object_may_refer_to_an_aging_one_for_any_number_of_collections() {
    const ROUNDS: usize = 100;
    type Cell<'gc> = Gc<'gc, Lock<Option<Gc<'gc, [u64; 7]>>>>;
    let mut segments = slots(ROUNDS * SEGMENT_LEN);
    type Cells<'gc> = Gc<'gc, [Cell<'gc>]>;
    let mut cells: Arena<Rootable![Cells<'_>], Generational> =
        Arena::new(|mc| Gc::slice_from_fn(mc, ROUNDS, |_| Gc::new(mc, Lock::new(None))));
    segments.collect();
    cells.collect();
    for round in 0..ROUNDS {
        let place = round * SEGMENT_LEN;
        set(&mut segments, place..place + 1, Some(round as u64));
        cells.mutate(|mc, cells| cells[round].set(mc, Some(Gc::new(mc, [round as u64; 7]))));
        let generation = u8::from(round % 5 == 4);
        assert_eq!(segments.collect_generation(generation).unreachable, 0);
        assert_eq!(cells.collect_generation(generation).unreachable, 0);
    }
    segments.enter(|_, slots| {
        let values = slots.iter().flat_map(Lock::get).map(|object| object[6]);
        assert!(values.eq(0..ROUNDS as u64));
    });
    cells.enter(|_, cells| {
        let values = cells.iter().flat_map(|cell| cell.get()).map(|object| object[6]);
        assert!(values.eq(0..ROUNDS as u64));
    });
}

type Text<'gc> = Gc<'gc, [u64; 7]>;

/// Places of all kinds: words that a map names, elements of an array, and what only `relocate` knows.
#[derive(Trace)]
struct Places<'gc> {
    words: Gc<'gc, Lock<[Option<Text<'gc>>; 2]>>,
    elements: Slots<'gc>,
    dynamic: Gc<'gc, RefLock<Vec<Text<'gc>>>>,
}

#[test]
fn a_store_of_what_ages_already_is_remembered_whatever_is_stored_beside_it() {
    type Stores = Arena<Rootable![(Places<'_>, Slots<'_>)], Generational>;
    let mut arena = Stores::new(|mc| {
        let slots = |count| Gc::slice_from_fn(mc, count, |_| Lock::new(None));
        let (words, dynamic) = (Gc::new(mc, Lock::new([None; 2])), RefLock::new(Vec::new()));
        let elements = slots(10 * SEGMENT_LEN);
        (Places { words, elements, dynamic: Gc::new(mc, dynamic) }, slots(2))
    });
    // One is old, and the other is aging.
    for place in [1, 0] {
        arena.mutate(|mc, (_, held)| {
            let text = Gc::new(mc, [place as u64; 7]);
            Gc::write_at(mc, *held, place).unwrap().unlock().set(Some(text));
        });
        arena.collect_generation(if place == 1 { 2 } else { 0 });
    }
    arena.inspect(|heap, _| assert_eq!(heap.objects_in_generation(1).unwrap().count(), 1));
    arena.mutate(|mc, (places, held)| {
        let both = [0, 1].map(|place| held[place].get().unwrap());
        places.words.set(mc, both.map(Some));
        places.dynamic.borrow_mut(mc).extend(both);
        for (place, text) in both.into_iter().enumerate() {
            Gc::write_at(mc, places.elements, place).unwrap().unlock().set(Some(text));
        }
    });
    arena.collect_generation(0);
    arena.mutate(|mc, (_, held)| Gc::write_at(mc, *held, 0).unwrap().unlock().set(None));
    assert_eq!(arena.collect_generation(1).unreachable, 0);
    arena.verify().expect("nothing is forgotten");
    arena.enter(|_, (places, _)| {
        let [word, _] = places.words.get();
        let element = places.elements[0].get();
        for text in [word, element, places.dynamic.borrow().first().copied()] {
            assert!(Gc::ptr_eq(text.unwrap(), word.unwrap()) && text.unwrap()[6] == 0);
        }
    });
}

/// The array became old while an element aged, and so is scanned as a whole; and then it was written to.
#[test]
fn what_is_found_twice_in_one_place_is_copied_once() {
    type Both = Arena<Rootable![(Option<Slots<'_>>, Option<Text<'_>>)], Generational>;
    // All that lives is copied.
    let zeal = "promote-in-place=never".parse().unwrap();
    let mut arena: Both = Arena::builder().zeal(zeal).build(|_| (None, None));
    let set = |arena: &mut Both, place: usize| {
        arena.mutate_root(|mc, (slots, text)| {
            let new = Gc::new(mc, [place as u64; 7]);
            Gc::write_at(mc, slots.unwrap(), place).unwrap().unlock().set(Some(new));
            *text = Some(new);
        });
    };
    arena.mutate_root(|mc, root| {
        root.0 = Some(Gc::slice_from_fn(mc, 5 * SEGMENT_LEN, |_| Lock::new(None)));
    });
    arena.collect_generation(0);
    set(&mut arena, 0);
    arena.collect_generation(1);
    set(&mut arena, 1);
    arena.collect_generation(1);
    arena.verify().expect("nothing is copied twice");
    arena.inspect(|heap, _| assert_eq!(heap.objects().count(), 1 + 2));
    arena.collect_generation(1);
    arena.enter(|_, (slots, text)| {
        let [first, second] = [0, 1].map(|place| slots.unwrap()[place].get().unwrap());
        assert!(Gc::ptr_eq(second, text.unwrap()) && (first[6], second[6]) == (0, 1));
    });
}

#[test]
fn one_full_collection_empties_the_blocks_in_which_little_lives() {
    const COUNT: usize = 50_000;
    let mut arena = slots(COUNT);
    set(&mut arena, 0..COUNT, Some(7));
    arena.collect();
    let full_bytes = arena.stats().used_bytes;
    set(&mut arena, (0..COUNT).filter(|place| place % 100 > 0), None);
    arena.collect();
    let stats = arena.stats();
    assert_eq!(stats.live_objects, 1 + COUNT / 100);
    let list_bytes = COUNT * size_of::<usize>();
    assert!(stats.used_bytes - list_bytes < (full_bytes - list_bytes) / 20, "{stats:?}");
    arena.enter(|_, slots| assert!(slots.iter().flat_map(Lock::get).all(|object| object[6] == 7)));
}

/// Whether a full collection moves what is left in this many blocks, when `is_kept` says what that is.
fn empties_blocks(blocks: usize, is_kept: impl Fn(usize) -> bool) -> bool {
    let count = blocks * OBJECTS_PER_BLOCK;
    let mut arena = slots(count);
    set(&mut arena, 0..count, Some(7));
    (0..2).for_each(|_| _ = arena.collect());
    set(&mut arena, (0..count).filter(|&place| !is_kept(place)), None);
    let before = addresses(&arena);
    arena.collect();
    addresses(&arena) != before
}

#[test]
fn blocks_are_emptied_where_that_frees_a_share_of_what_lives() {
    let is_third = |place| place % 3 == 0;
    let block = |place| place / OBJECTS_PER_BLOCK;
    assert!(empties_blocks(30, is_third), "20 blocks for 10 that live");
    // In the others nothing lives: they are free without it.
    let is_in_few = |place| block(place) < 9 && is_third(place);
    assert!(!empties_blocks(30, is_in_few), "less than eight blocks");
    let is_full_or_third = |place| block(place) >= 15 || is_third(place);
    assert!(!empties_blocks(100, is_full_or_third), "10 blocks for 90 that live");
}

#[test]
fn copies_lie_side_by_side() {
    const COUNT: usize = 1000;
    let mut arena = slots(COUNT);
    set(&mut arena, 0..COUNT, Some(7));
    arena.collect_generation(0);
    let mut addresses = addresses(&arena);
    addresses.sort_unstable();
    let object_bytes = object_bytes(size_of::<[u64; 7]>());
    let neighbors = addresses.windows(2).filter(|pair| pair[1] - pair[0] == object_bytes).count();
    // They take two blocks, or three.
    assert!(neighbors >= COUNT - 3, "{neighbors}");
}

#[test]
fn what_survives_a_collection_lies_behind_what_survived_the_last() {
    const COUNT: usize = 100;
    let mut arena = slots(COUNT);
    arena.collect();
    let used_bytes = arena.stats().used_bytes;
    for place in 0..COUNT {
        set(&mut arena, place..place + 1, Some(7));
        arena.collect_generation(0);
    }
    let grown_bytes = arena.stats().used_bytes - used_bytes;
    assert!(grown_bytes <= 2 * BLOCK_BYTES, "{grown_bytes}");
}

#[test]
fn what_becomes_old_goes_into_holes_first() {
    const COUNT: usize = 10_000;
    let zeal = "promote-in-place=never evacuate=never".parse().unwrap();
    let mut arena: SlotsArena = Arena::builder()
        .zeal(zeal)
        .build(|mc| Gc::slice_from_fn(mc, 2 * COUNT, |_| Lock::new(None)));
    set(&mut arena, 0..COUNT, Some(7));
    arena.collect();
    set(&mut arena, (0..COUNT).filter(|place| place / 50 % 2 == 0), None);
    arena.collect();
    let used_bytes = arena.stats().used_bytes;
    set(&mut arena, COUNT..COUNT + COUNT / 4, Some(8));
    arena.collect();
    let grown_bytes = arena.stats().used_bytes.saturating_sub(used_bytes);
    assert!(grown_bytes <= 2 * BLOCK_BYTES, "{grown_bytes}");
}

/// A list that grows, and then garbage in its place.
#[test]
fn what_died_in_a_nursery_that_was_taken_to_live_goes_with_the_next_full_collection() {
    const BATCH: usize = 1000;
    type List<'gc> = Gc<'gc, (u64, Option<Gc<'gc, Nested<'gc>>>)>;
    #[derive(Trace)]
    struct Nested<'gc>(List<'gc>);
    type Lists = Arena<Rootable!['gc => Option<List<'gc>>], Generational>;
    fn grow<'gc>(mc: &Mutation<'gc>, list: &mut Option<List<'gc>>) {
        for number in 0..BATCH as u64 {
            let before = list.map(|list| Gc::new(mc, Nested(list)));
            *list = Some(Gc::new(mc, (number, before)));
        }
    }
    let mut arena = Lists::builder().nursery_bytes(64 << 10).build(|_| None);
    (0..20).for_each(|_| arena.mutate_root(grow));
    let made_objects = 20 * 2 * BATCH - 1;
    let collections = arena.stats().collections;
    while arena.stats().collections < collections + 2 {
        arena.mutate(|mc, _| grow(mc, &mut None));
    }
    assert!(arena.stats().live_objects > made_objects, "what was dead was not looked at");
    arena.collect();
    assert_eq!(arena.stats().live_objects, made_objects);
    let mut len = 0;
    arena.enter(|_, list| {
        let mut next = *list;
        while let Some(list) = next {
            len += 1;
            next = list.1.map(|nested| nested.0);
        }
    });
    assert_eq!(len, 20 * BATCH);

    // Who asks for a collection of the young is told what is dead.
    arena.mutate_root(grow);
    arena.collect_generation(0);
    arena.disable();
    arena.mutate(|mc, _| grow(mc, &mut None));
    assert_eq!(arena.collect_generation(0).unreachable, 2 * BATCH - 1);
}

/// A heap that was built up and makes garbage from then on.
#[test]
fn a_nursery_is_looked_at_before_much_has_become_old_unseen() {
    const COUNT: usize = 300_000;
    type Kept<'gc> = Vec<Gc<'gc, [u64; 31]>>;
    let mut arena: Arena<Rootable![Kept<'_>], Generational> = Arena::new(|_| Vec::new());
    let batch = 0..1000;
    while arena.enter(|_, kept| kept.len()) < COUNT {
        arena.mutate_root(|mc, kept| kept.extend(batch.clone().map(|n| Gc::new(mc, [n; 31]))));
    }
    let built_bytes = arena.stats().live_bytes;
    let mut grown_bytes = 0;
    for _ in 0..COUNT / batch.clone().count() {
        arena.mutate(|mc, _| batch.clone().for_each(|n| _ = Gc::new(mc, [n; 31])));
        grown_bytes = grown_bytes.max(arena.stats().live_bytes.saturating_sub(built_bytes));
    }
    assert!(grown_bytes <= 2 * NURSERY_BYTES_MAX, "{grown_bytes}");
}

type Queue<'gc> = VecDeque<Gc<'gc, [u64; 31]>>;

/// Bytes that were allocated between one collection and the next while so many objects were made, a hundred at
/// a time, after each of which `forget` has its way.
fn bytes_between_collections(
    count: usize,
    mut forget: impl FnMut(usize, &mut Queue<'_>),
) -> Vec<u64> {
    let mut arena: Arena<Rootable![Queue<'_>], Generational> = Arena::new(|_| Queue::new());
    let (mut collections, mut bytes_before, mut between) = (0, 0, Vec::new());
    for made in (100..=count).step_by(100) {
        arena.mutate_root(|mc, queue| {
            queue.extend((0..100).map(|n| Gc::new(mc, [n; 31])));
            forget(made, queue);
        });
        let stats = arena.stats();
        if stats.collections > collections {
            between.push(stats.allocated_bytes - bytes_before);
            (collections, bytes_before) = (stats.collections, stats.allocated_bytes);
        }
    }
    between
}

const NURSERY_BYTES_SMALL: u64 = NURSERY_BYTES_MAX as u64 / 8;

/// Whether the first nursery that is not small is much larger than the one before it.
fn is_large_at_once(between: &[u64]) -> bool {
    let first = between.iter().find(|&&bytes| bytes > NURSERY_BYTES_SMALL);
    first.is_some_and(|&bytes| bytes > 3 * NURSERY_BYTES_SMALL)
}

#[test]
fn while_a_heap_is_built_up_the_nursery_stays_in_the_cache() {
    let between = bytes_between_collections(100_000, |_, _| ());
    assert!(between.len() > 10, "{between:?}");
    assert!(between.iter().all(|&bytes| bytes < NURSERY_BYTES_SMALL), "{between:?}");
}

/// Nothing dies before it is older than a small nursery.
#[test]
fn once_what_became_old_was_garbage_the_nursery_is_large_at_once() {
    let between = bytes_between_collections(200_000, |_, queue| {
        queue.drain(..queue.len().saturating_sub(20_000));
    });
    assert!(is_large_at_once(&between), "{between:?}");
}

#[test]
fn once_some_of_what_is_young_dies_the_nursery_is_large_at_once() {
    let between = bytes_between_collections(200_000, |made, queue| {
        if made > 20_000 {
            queue.truncate(queue.len() - 50);
        }
    });
    assert!(is_large_at_once(&between), "{between:?}");
}

#[test]
fn a_nursery_leaves_room_below_the_limit() {
    type Small = Arena<Rootable![()], Generational>;
    let mut arena = Small::builder().limit_bytes(512 << 10).build(|_| ());
    for _ in 0..10_000 {
        arena.mutate(|mc, ()| {
            for value in 0..100 {
                assert!(Gc::try_new(mc, [value; 7]).is_ok(), "nothing lives");
            }
        });
    }
}
