//! What zeal does to this collector, seen from outside.

use std::cell::RefCell;
use std::rc::Rc;

use gc_core::{Arena, Collection, Event, Gc, Lock, Rootable, Trace, unlock};
use gc_marksweep::MarkSweep;

#[derive(Trace)]
struct Node<'gc> {
    next: Lock<Option<Gc<'gc, Node<'gc>>>>,
}

type Rings<'gc> = Vec<Gc<'gc, Node<'gc>>>;
type RingsArena = Arena<Rootable![Rings<'_>], MarkSweep>;

/// An arena, and the collections that it tells of.
fn rings(words: &str) -> (RingsArena, Rc<RefCell<Vec<Collection>>>) {
    let mut arena: RingsArena = Arena::builder().zeal(words.parse().unwrap()).build(|_| Vec::new());
    let collections = Rc::<RefCell<Vec<Collection>>>::default();
    let told = Rc::clone(&collections);
    arena.set_listener(move |event: &Event| {
        if let Event::CollectionStop { collection } = event {
            told.borrow_mut().push(*collection);
        }
    });
    (arena, collections)
}

/// Makes a ring of so many nodes, and live objects beside it, and cuts the ring off.
fn cut_ring_off(arena: &mut RingsArena, len: usize) {
    arena.mutate_root(|mc, rings| {
        rings.extend((0..100).map(|_| Gc::new(mc, Node { next: Lock::new(None) })));
        let first = Gc::new(mc, Node { next: Lock::new(None) });
        let mut last = first;
        for _ in 1..len {
            last = Gc::new(mc, Node { next: Lock::new(Some(last)) });
        }
        unlock!(Gc::write(mc, first), Node, next).set(Some(last));
        rings.push(last);
    });
    arena.mutate_root(|_, rings| rings.truncate(100));
}

#[test]
fn a_dead_ring_is_found_at_the_next_safepoint() {
    let (mut arena, collections) = rings("collect");
    cut_ring_off(&mut arena, 10);
    assert_eq!(arena.stats().live_objects, 100);
    assert_eq!(collections.borrow().len(), 1);
    let (mut usual, collections) = rings("off");
    cut_ring_off(&mut usual, 10);
    assert_eq!(usual.stats().live_objects, 110);
    assert!(collections.borrow().is_empty());
}

#[test]
fn trial_deletion_gives_up_where_its_list_is_short() {
    let candidates = |words: &str| {
        let (mut arena, collections) = rings(words);
        cut_ring_off(&mut arena, 10);
        assert_eq!(arena.stats().live_objects, 100, "by the one way or the other");
        collections.borrow()[0].candidates
    };
    assert_eq!(candidates("collect"), 10, "the ring");
    assert!(candidates("collect short-lists") > 10, "and all that lives");
}

#[test]
fn under_a_random_policy_the_seed_says_when_and_how_a_ring_is_found() {
    let run = |seed: u64| {
        let (mut arena, collections) = rings(&format!("random-policy seed={seed}"));
        for _ in 0..20 {
            arena.mutate_root(|_, rings| rings.clear());
            cut_ring_off(&mut arena, 5);
        }
        arena.mutate_root(|_, rings| rings.clear());
        arena.collect();
        assert_eq!(arena.stats().live_objects, 0);
        let collections = collections.borrow();
        collections.iter().map(|collection| collection.candidates).collect::<Vec<_>>()
    };
    assert_eq!(run(1), run(1));
    let runs: Vec<_> = (1..6).map(run).collect();
    assert!(runs.windows(2).any(|pair| pair[0] != pair[1]));
    // The usual policy would have collected at the end only.
    assert!(runs.iter().all(|run| run.len() > 5), "{runs:?}");
}
