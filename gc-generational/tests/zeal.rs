//! What zeal does to this collector, seen from outside.

use gc_core::{Arena, ArenaBuilder, Gc, Lock, Mutation, Rootable, Trace, Zeal};
use gc_generational::Generational;

type Numbers<'gc> = Vec<Gc<'gc, [u64; 30]>>;
type NumbersArena = Arena<Rootable![Numbers<'_>], Generational>;

/// Zeal by its words.
fn zeal(words: &str) -> Zeal {
    words.parse().unwrap()
}

fn numbers(zeal: Zeal) -> NumbersArena {
    Arena::builder().zeal(zeal).build(|_| Vec::new())
}

fn grow(arena: &mut NumbersArena, count: u64) {
    arena.mutate_root(|mc, numbers| numbers.extend((0..count).map(|n| Gc::new(mc, [n; 30]))));
}

fn addresses(arena: &NumbersArena) -> Vec<usize> {
    arena.enter(|_, numbers| numbers.iter().map(|number| Gc::raw(*number).addr().get()).collect())
}

/// Objects that a collection moves.
fn moved(arena: &mut NumbersArena, generation: u8) -> usize {
    let before = addresses(arena);
    arena.collect_generation(generation);
    arena.enter(|_, numbers| assert!(numbers.iter().all(|number| number[0] == number[29])));
    let after = addresses(arena);
    before.iter().zip(&after).filter(|(before, after)| before != after).count()
}

#[test]
fn every_safepoint_collects_and_each_generation_has_its_turn() {
    let mut arena = numbers(zeal("collect"));
    (0..60).for_each(|_| arena.mutate(|_, _| ()));
    assert_eq!(arena.stats().collections, 60);
    let stats = arena.generation_stats();
    assert!(stats.iter().all(|stats| stats.collections > 5), "{stats:?}");
}

#[test]
fn old_blocks_are_always_emptied_or_never() {
    let moved = |words: &str, kept: usize| {
        let mut arena = numbers(zeal(words));
        grow(&mut arena, 10_000);
        arena.collect();
        arena.collect();
        let mut place = 0;
        arena.mutate_root(|_, numbers| numbers.retain(|_| (place += 1, place % kept == 0).1));
        moved(&mut arena, 2)
    };
    assert_eq!(moved("off", 1), 0, "all of them live: nothing is sparse");
    assert_eq!(moved("evacuate=always", 1), 10_000);
    assert!(moved("off", 10) > 900, "few of them live");
    assert_eq!(moved("evacuate=never", 10), 0);
    let drawn = moved("evacuate=random", 1);
    assert!((1000..9000).contains(&drawn), "{drawn}");
}

#[test]
fn the_young_are_always_promoted_where_they_lie_or_never() {
    let moved = |words: &str, count| {
        let mut arena = numbers(zeal(words));
        arena.disable();
        grow(&mut arena, count);
        moved(&mut arena, 0)
    };
    // Room for 4000 of them is in the nursery.
    assert_eq!(moved("off", 100), 100);
    assert_eq!(moved("promote-in-place=always", 100), 0);
    assert_eq!(moved("off", 20_000), 0, "they overran the nursery");
    assert_eq!(moved("promote-in-place=never", 20_000), 20_000);
}

#[test]
fn what_has_aged_is_always_promoted_where_it_lies_or_never() {
    let moved = |words: &str| {
        let mut arena = numbers(zeal(words));
        grow(&mut arena, 1000);
        arena.collect_generation(0);
        moved(&mut arena, 1)
    };
    // Nothing is known of how much lives, and so it is copied.
    assert_eq!(moved("off"), 1000);
    assert_eq!(moved("promote-in-place=never"), 1000);
    // They were old at once.
    assert_eq!(moved("promote-in-place=always"), 0);
}

#[test]
fn under_a_random_policy_the_seed_says_how_much_is_collected() {
    let run = |seed: u64| {
        let mut arena = numbers(zeal(&format!("random-policy seed={seed}")));
        (0..100).for_each(|_| grow(&mut arena, 10));
        arena.generation_stats().iter().map(|stats| stats.collections).collect::<Vec<_>>()
    };
    assert_eq!(run(1), run(1));
    let runs: Vec<_> = (1..5).map(run).collect();
    assert!(runs.windows(2).any(|pair| pair[0] != pair[1]));
    let collections: u64 = runs[0].iter().sum();
    assert!((20..80).contains(&collections), "of 100 safepoints {collections}");
}

/// The bytes that are where an object was: AddressSanitizer would rightly report that they are read.
#[cfg(not(asan))]
fn bytes_at(address: *const u8) -> [u8; 240] {
    // SAFETY: the arena has not given the memory back: it gives none back.
    unsafe { address.cast::<[u8; 240]>().read() }
}

fn kept_memory(words: &str) -> ArenaBuilder<Rootable![Numbers<'_>], Generational> {
    Arena::builder().return_memory(false).zeal(zeal(words))
}

#[test]
#[cfg(not(asan))]
fn dead_objects_are_poisoned() {
    for (words, is_poisoned) in [("poison quarantine", true), ("quarantine", false)] {
        // Young, aging and old.
        for collections in 0..3 {
            let mut arena = kept_memory(words).build(|_| Vec::new());
            grow(&mut arena, 100);
            (0..collections).for_each(|_| _ = arena.collect_generation(1));
            // One of two: the blocks that the old lie in stay.
            let dead: Vec<*const u8> = arena.mutate_root(|_, numbers| {
                let mut place = 0;
                let dead = numbers.extract_if(.., |_| (place += 1, place % 2 == 0).1);
                dead.map(|number| Gc::raw(number).as_ptr().cast_const().cast()).collect()
            });
            arena.collect();
            let poisoned = dead.iter().filter(|&&dead| bytes_at(dead) == [0xdb; 240]).count();
            assert_eq!(poisoned, if is_poisoned { dead.len() } else { 0 }, "{words} {collections}");
            arena.enter(|_, numbers| assert!(numbers.iter().all(|n| n[0] == n[29])));
        }
    }
}

#[test]
#[cfg(not(asan))]
fn dead_large_objects_are_poisoned() {
    type Large = Arena<Rootable![Option<Gc<'_, [u64]>>], Generational>;
    let mut arena: Large = Arena::builder()
        .return_memory(false)
        .zeal(zeal("poison"))
        .build(|mc| Some(Gc::slice_from_fn(mc, 5000, |_| 1)));
    arena.collect();
    let dead = arena.mutate_root(|_, slot| Gc::raw(slot.take().unwrap()).cast::<u8>());
    arena.collect();
    assert_eq!(bytes_at(dead.as_ptr()), [0xdb; 240]);
}

#[test]
fn blocks_that_become_free_are_kept_back() {
    let reused = |words: &str| {
        let mut arena = kept_memory(words).build(|_| Vec::new());
        grow(&mut arena, 100);
        let before = addresses(&arena);
        arena.mutate_root(|_, numbers| numbers.clear());
        arena.collect();
        grow(&mut arena, 100);
        addresses(&arena).iter().filter(|address| before.contains(address)).count()
    };
    assert_eq!(reused("off"), 100);
    assert_eq!(reused("quarantine"), 0);
}

#[test]
fn what_is_kept_back_is_used_if_the_system_has_no_memory() {
    // The first chunk has five blocks, and there is no second.
    let mut arena = kept_memory("quarantine fail-chunk=2").build(|_| Vec::new());
    for _ in 0..5 {
        grow(&mut arena, 100);
        arena.mutate_root(|_, numbers| numbers.clear());
        arena.collect();
    }
    grow(&mut arena, 100);
    arena.enter(|_, numbers| assert!(numbers.iter().all(|n| n[0] == n[29])));
}

#[derive(Trace)]
#[repr(align(1024))]
struct Aligned<'gc>(Lock<Option<Gc<'gc, Node<'gc>>>>);

#[derive(Trace)]
struct Node<'gc> {
    aligned: Option<Gc<'gc, Aligned<'gc>>>,
    next: Option<Gc<'gc, Node<'gc>>>,
    number: [u64; 60],
}

type Nodes<'gc> = Vec<Gc<'gc, Node<'gc>>>;

fn node<'gc>(mc: &Mutation<'gc>, number: usize, is_aligned: bool) -> Gc<'gc, Node<'gc>> {
    let aligned = is_aligned.then(|| Gc::new(mc, Aligned(Lock::new(None))));
    Gc::new(mc, Node { aligned, next: None, number: [number as u64; 60] })
}

/// Young, aging and old objects, some of them over-aligned, where the chunk with this number cannot be had
/// and nothing is free beyond what has to be.
///
/// What a collection copies must have been reserved before, or this test ends with the process.
fn survive(words: &str, old: usize, young: usize, is_aligned: bool) {
    let mut arena: Arena<Rootable![Nodes<'_>], Generational> =
        Arena::builder().zeal(zeal(words)).build(|_| Vec::new());
    let grow = |arena: &mut Arena<Rootable![Nodes<'_>], Generational>, count| {
        arena.mutate_root(|mc, nodes| {
            (0..count).for_each(|number| nodes.push(node(mc, number, is_aligned)));
        });
    };
    grow(&mut arena, old);
    arena.collect();
    for generation in [0, 1, 0, 1, 2] {
        grow(&mut arena, young);
        arena.collect_generation(generation);
        arena.enter(|_, nodes| {
            assert!(nodes.iter().all(|node| node.number[0] == node.number[59]));
            assert!(nodes.iter().all(|node| node.aligned.is_some() == is_aligned));
            assert!(nodes.iter().all(|node| node.next.is_none()));
        });
    }
}

#[test]
fn a_collection_that_has_begun_needs_no_chunk() {
    for policy in [
        "off",
        "evacuate=always",
        "promote-in-place=never evacuate=always",
        "promote-in-place=never evacuate=never",
    ] {
        for number in 2..6 {
            let words = format!("{policy} fail-chunk={number}");
            for old in (0..500).step_by(40) {
                for young in [1, 10, 50] {
                    for is_aligned in [false, true] {
                        let allocated = std::panic::catch_unwind(|| {
                            survive(&words, old, young, is_aligned);
                        });
                        // The mutator may be the one who finds no memory.
                        if let Err(panic) = allocated {
                            let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
                            let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
                            let text = text.expect("a message");
                            assert!(text.starts_with("the heap is full"), "{text}");
                        }
                    }
                }
            }
        }
    }
}
