//! Out of memory at each allocation in turn, and at each chunk: what is refused is given back, nothing is
//! lost or dropped twice, and the arena goes on.

use std::cell::Cell;
use std::rc::Rc;

use gc_core::collector::Collector;
use gc_core::{Arena, Gc, HeapFull, Lock, Rootable, Static, Trace, Zeal, unlock};
use harness::backend::Backend;
use harness::with_collector;

/// How many tokens there are.
type Alive = Rc<Cell<usize>>;

/// Part of each node: its number, and a sign of life.
struct Token {
    number: usize,
    alive: Alive,
}

impl Token {
    fn new(number: usize, alive: &Alive) -> Token {
        alive.set(alive.get() + 1);
        Token { number, alive: Rc::clone(alive) }
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        // Twice would be one too many some time, and below zero at the end.
        self.alive.set(self.alive.get() - 1);
    }
}

#[derive(Trace)]
struct Node<'gc> {
    token: Static<Token>,
    next: Lock<Option<Gc<'gc, Node<'gc>>>>,
    filling: [u64; 20],
}

#[derive(Trace)]
#[repr(align(256))]
struct Aligned(usize);

#[derive(Trace, Default)]
struct Root<'gc> {
    nodes: Vec<Gc<'gc, Node<'gc>>>,
    rows: Vec<Gc<'gc, [u64]>>,
    aligned: Vec<Gc<'gc, Aligned>>,
}

const ROUNDS: usize = 5;
const NODES_PER_ROUND: usize = 24;
/// Makes the arrays fill chunks of their own kind.
const ROW_LEN: usize = 60_000;

/// Makes lists and rings of nodes, large objects and over-aligned ones, and lets some of them die. Says
/// how many allocations have failed.
fn run<C: Collector + Default>(zeal: Zeal) -> usize {
    let alive = Alive::default();
    let mut arena: Arena<Rootable![Root<'_>], C> =
        Arena::builder().zeal(zeal).check_trace(true).build(|_| Root::default());
    let mut failures = 0;
    // What is in the root, as it should be.
    let mut numbers = Vec::new();
    for round in 0..ROUNDS {
        arena.mutate_root(|mc, root| {
            for place in 0..NODES_PER_ROUND {
                let number = round * NODES_PER_ROUND + place;
                let token = Static(Token::new(number, &alive));
                let next = Lock::new(root.nodes.last().copied());
                match Gc::try_new(mc, Node { token, next, filling: [number as u64; 20] }) {
                    Ok(node) => {
                        root.nodes.push(node);
                        numbers.push(number);
                    }
                    Err(full) => {
                        assert_eq!(full.limit_bytes(), None, "there is no limit");
                        assert_eq!(full.into_value().token.0.number, number);
                        failures += 1;
                    }
                }
            }
            // The last ones are a ring.
            if let [.., first, _, _, last] = root.nodes[..] {
                unlock!(Gc::write(mc, first), Node, next).set(Some(last));
            }
            match Gc::try_new(mc, Aligned(round)) {
                Ok(aligned) => root.aligned.push(aligned),
                Err(full) => failures += usize::from(full.into_value().0 == round),
            }
            match Gc::try_slice_from_fn(mc, ROW_LEN, |index| index as u64) {
                Ok(row) => root.rows.push(row),
                Err(full) => failures += usize::from((full.into_value())(7) == 7),
            }
        });
        arena.collect_generation(round as u8 % 3);
        // Every third lives on, and one row.
        arena.mutate_root(|_, root| {
            let mut place = 0;
            root.nodes.retain(|_| (place += 1, place % 3 == 0).1);
            root.rows.truncate(1);
        });
        let mut place = 0;
        numbers.retain(|_| (place += 1, place % 3 == 0).1);
        arena.check_trace().expect("what types report is right");
        arena.enter(|_, root| {
            assert!(root.nodes.iter().map(|node| node.token.0.number).eq(numbers.iter().copied()));
            assert!(root.nodes.iter().all(|node| node.filling == [node.filling[0]; 20]));
            assert!(root.rows.iter().all(|row| row[ROW_LEN - 1] == ROW_LEN as u64 - 1));
            assert!(root.aligned.iter().all(|aligned| aligned.0 < ROUNDS));
        });
    }
    arena.mutate_root(|_, root| *root = Root::default());
    (0..3).for_each(|_| _ = arena.collect());
    if C::ATTRIBUTES.reclaims_cycles {
        assert_eq!((alive.get(), arena.stats().live_objects), (0, 0));
    }
    // It is usable as ever.
    arena.mutate_root(|mc, root| {
        let token = Static(Token::new(0, &alive));
        let node = Node { token, next: Lock::new(None), filling: [0; 20] };
        let made = Gc::try_new(mc, node).map_err(HeapFull::into_value);
        match made {
            Ok(node) => root.nodes.push(node),
            Err(node) => failures += usize::from(node.token.0.number == 0),
        }
    });
    arena.collect();
    drop(arena);
    assert_eq!(alive.get(), 0, "each was dropped once");
    failures
}

/// Zeal beside the failure.
const WORDS: [&str; 3] =
    ["off", "collect promote-in-place=never evacuate=always poison", "random-policy quarantine"];

#[test]
fn each_allocation_may_fail() {
    let allocations = ROUNDS * (NODES_PER_ROUND + 2) + 1;
    for backend in Backend::ALL {
        for words in &WORDS[..2] {
            for number in 1.. {
                let mut zeal: Zeal = words.parse().unwrap();
                zeal.fail_allocation_at = Some(number);
                let failures = with_collector!(backend, C => run::<C>(zeal));
                if failures == 0 {
                    assert_eq!(number as usize, allocations + 1, "{backend} ({words})");
                    break;
                }
                assert_eq!(failures, 1, "{backend} ({zeal})");
            }
        }
    }
}

#[test]
fn each_chunk_may_be_refused() {
    for backend in Backend::ALL {
        for words in WORDS {
            let mut failed = 0;
            // More than the program needs; a collector that is refused one does without.
            for number in 1..12 {
                let mut zeal: Zeal = words.parse().unwrap();
                zeal.fail_chunk_at = Some(number);
                let failures = with_collector!(backend, C => run::<C>(zeal));
                assert!(failures <= 1, "{backend} ({zeal})");
                failed += failures;
            }
            assert!(failed > 1, "{backend} ({words}): {failed} chunks were refused");
        }
    }
}
