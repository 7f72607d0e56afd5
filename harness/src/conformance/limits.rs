//! A heap with a limit: what does not fit is given back, nothing is lost, and what dies makes room.

use std::panic::{AssertUnwindSafe, catch_unwind};

use gc_core::collector::Collector;
use gc_core::{Arena, ArenaBuilder, Gc, Lock, Mutation, Rootable};

use super::node::{Node, NodeRef, names};
use super::trial::{Setting, age, reclaims, settle};
use super::witness::{Token, Witness};

type List<C> = Arena<Rootable!['gc => Gc<'gc, Lock<Option<NodeRef<'gc>>>>], C>;

fn limited<C: Collector + Default>(setting: Setting, limit_bytes: usize) -> List<C> {
    setting.builder().limit_bytes(limit_bytes).build(|mc| Gc::new(mc, Lock::new(None)))
}

/// Puts nodes in front of the list until the heap is full; the name of the one that found no room.
fn fill<'gc>(
    mc: &Mutation<'gc>,
    root: &Gc<'gc, Lock<Option<NodeRef<'gc>>>>,
    witness: &Witness,
    first: u32,
) -> u32 {
    for name in first.. {
        let node =
            Node { token: witness.token(name), a: Lock::new(root.get()), b: Lock::new(None) };
        match Gc::try_new(mc, node) {
            Ok(node) => root.set(mc, Some(node)),
            Err(full) => {
                assert!(full.value.token.is_intact());
                let node = full.into_value();
                assert_eq!(node.a.get().map_or(first, |next| next.name() + 1), name);
                return node.token.name;
            }
        }
    }
    unreachable!("there is a limit")
}

/// `root -> n -> n-1 -> .. -> 0` fills the heap, again and again: what was refused was given back,
/// the rest is intact, and when it dies there is room again.
pub fn what_does_not_fit_is_given_back<C: Collector + Default>() {
    Setting::each(|setting| {
        for blocks in [2, 3, 4, 17, 40] {
            let witness = Witness::default();
            let mut arena = limited::<C>(setting, blocks << 15);
            let first = arena.mutate(|mc, root| fill(mc, root, &witness, 0));
            assert!(first > 100, "{first} nodes in {blocks} blocks");
            assert_eq!(witness.sorted(), [first], "the one that was given back");
            arena.enter(|_, root| assert!(names(root.get()).into_iter().eq((0..first).rev())));
            // A copying collector may go beyond the limit here.
            arena.collect();
            arena.enter(|_, root| assert!(names(root.get()).into_iter().eq((0..first).rev())));
            if reclaims::<C>() {
                // The root lies in a block of its own, once it was copied.
                let copied = if C::ATTRIBUTES.moves_objects { first / blocks as u32 } else { 0 };
                for _ in 0..3 {
                    arena.mutate(|mc, root| root.set(mc, None));
                    settle(&mut arena);
                    let again = arena.mutate(|mc, root| fill(mc, root, &witness, 0));
                    assert!(
                        again >= first - first / 10 - copied,
                        "{again} nodes, where {first} were"
                    );
                }
            }
            drop(arena);
        }
    });
}

/// Every limit from nothing to four blocks: each node is dropped once, whether it fitted or not.
pub fn nothing_is_lost_at_any_limit<C: Collector + Default>() {
    for limit_bytes in (0..(4 << 15)).step_by(5000) {
        let witness = Witness::default();
        let made = catch_unwind(AssertUnwindSafe(|| {
            let mut arena = limited::<C>(Setting::Default, limit_bytes);
            for round in 0..4 {
                arena.mutate(|mc, root| {
                    fill(mc, root, &witness, root.get().map_or(0, |n| n.name() + 1))
                });
                if round % 2 == 1 {
                    arena.mutate(|mc, root| root.set(mc, None));
                    settle(&mut arena);
                }
            }
        }));
        assert_eq!(made.is_ok(), limit_bytes >= 1 << 15, "room for a block at {limit_bytes}");
        // How many nodes there were is seen from their deaths: no name without those before it.
        let names = witness.sorted();
        assert!(names.iter().all(|name| *name == 0 || names.binary_search(&(name - 1)).is_ok()));
    }
}

/// `Gc::new`, a slice, a string and a weak reference at the limit: a panic that names it, and the
/// arena goes on.
pub fn the_panic_at_the_limit_names_it<C: Collector + Default>() {
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena = limited::<C>(setting, 100_000);
        arena.mutate(|mc, root| {
            fill(mc, root, &witness, 0);
            // What is smaller than a node may still fit.
            while Gc::try_new(mc, 0_u8).is_ok() {}
        });
        let dropped = witness.count();
        let attempts: [&dyn Fn(&Mutation<'_>); 5] = [
            &|mc| _ = Gc::new(mc, witness.token(1_000_000)),
            &|mc| _ = Gc::slice_from_fn(mc, 100, |i| i),
            &|mc| _ = Gc::new_str(mc, &"x".repeat(100_000)),
            &|mc| _ = Gc::new(mc, [0_u64; 2000]),
            &|mc| _ = Gc::new_slice_with_header(mc, witness.token(1_000_001), 50, |i| i),
        ];
        arena.enter(|mc, _| {
            for attempt in attempts {
                let panic = catch_unwind(AssertUnwindSafe(|| attempt(mc))).expect_err("it is full");
                let text = panic.downcast_ref::<String>().expect("a message");
                assert_eq!(text, "the heap is full: its limit of 100000 bytes is reached");
            }
        });
        arena.enter(|mc, root| {
            let downgrade = || _ = Gc::downgrade(mc, root.get().expect("a list"));
            assert!(catch_unwind(AssertUnwindSafe(downgrade)).is_err());
        });
        assert_eq!(witness.count(), dropped + 2, "what found no room was dropped");
        age_without_room(&mut arena);
        arena.mutate(|_, root| assert!(names(root.get()).is_sorted_by(|x, y| x > y)));
    });
}

fn age_without_room<C: Collector>(arena: &mut List<C>) {
    for generation in [0, 1, 2] {
        arena.collect_generation(generation);
        arena.mutate(|_, _| ());
    }
}

/// The error says what the limit is, and is an error like others.
pub fn the_error_at_the_limit_names_it<C: Collector + Default>() {
    let arena: Arena<Rootable![()], C> =
        ArenaBuilder::new(C::default()).limit_bytes(0).build(|_| ());
    arena.enter(|mc, ()| {
        let full = Gc::try_new(mc, 7).expect_err("there is no room at all");
        assert_eq!((full.value, full.limit_bytes()), (7, Some(0)));
        let error: &dyn std::error::Error = &full;
        assert_eq!(error.to_string(), "the heap is full: its limit of 0 bytes is reached");
        let full = Gc::try_slice_from_fn(mc, 3, |i| i + 10).expect_err("no room");
        assert_eq!((full.into_value())(1), 11, "the closure is given back");
    });
}

/// Large objects count while they live, and make room when they die.
pub fn large_objects_make_room_when_they_die<C: Collector + Default>() {
    if !reclaims::<C>() {
        return;
    }
    type Row<'gc> = Vec<Gc<'gc, [u64]>>;
    Setting::each(|setting| {
        let mut arena = setting
            .builder::<Rootable!['gc => Row<'gc>], C>()
            .limit_bytes(4 << 20)
            .build(|_| Vec::new());
        let mut most = 0;
        for round in 0..20_u64 {
            arena.mutate_root(|mc, row| {
                while let Ok(slice) = Gc::try_slice_from_fn(mc, 20_000, |i| round + i as u64) {
                    row.push(slice);
                }
                assert!(row.len() > 10 && row.len() < 27, "{} slices of 160 kB", row.len());
                most = most.max(row.len());
                assert!(row.iter().all(|slice| slice[19_999] == round + 19_999));
            });
            arena.collect();
            arena.mutate_root(|_, row| {
                assert!(row.len() >= most - 1, "as many as before");
                row.clear();
            });
            settle(&mut arena);
        }
    });
}

/// Small objects die in two steps, every other one first, and leave room for a large one.
///
/// ```text
///   blocks full of  x y x y x y ..   ->   blocks full of holes   ->   nothing
/// ```
pub fn blocks_that_empty_in_two_steps_make_room<C: Collector + Default>() {
    if !reclaims::<C>() {
        return;
    }
    type Row<'gc> = Vec<Gc<'gc, [u64; 30]>>;
    Setting::each(|setting| {
        let mut arena = setting
            .builder::<Rootable!['gc => Row<'gc>], C>()
            .limit_bytes(1 << 20)
            .build(|_| Vec::new());
        for _ in 0..3 {
            arena.mutate_root(|mc, row| row.extend((0..3000).map(|i| Gc::new(mc, [i; 30]))));
            arena.collect();
            arena.mutate_root(|_, row| {
                let mut index = 0;
                row.retain(|_| (index += 1, index % 2 == 0).1);
            });
            arena.collect();
            arena.mutate_root(|_, row| row.clear());
            arena.collect();
            assert_eq!(arena.stats().live_bytes, 0);
            arena.mutate(|mc, _| {
                let large = Gc::try_slice_from_fn(mc, 80_000, |i| i as u64);
                assert!(large.is_ok(), "640 kB of 1 MiB, where nothing lives: {:?}", mc.metrics());
            });
            arena.collect();
        }
    });
}

/// Bytes outside the heap count against the limit until they are taken back.
pub fn external_bytes_count_against_the_limit<C: Collector + Default>() {
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena = limited::<C>(setting, 1 << 20);
        arena.mutate(|mc, root| {
            let metrics = mc.metrics();
            assert!(metrics.add_external(500_000).is_ok());
            let full = metrics.add_external(600_000).expect_err("beyond the limit");
            assert_eq!(full.limit_bytes(), Some(1 << 20));
            assert!(metrics.stats().used_bytes >= 500_000);
            let with = fill(mc, root, &witness, 0);
            metrics.remove_external(500_000);
            let without = fill(mc, root, &witness, with);
            assert!(without > with + with / 2, "{with} and then {without} nodes");
            assert!(metrics.add_external(100_000).is_err());
        });
        if reclaims::<C>() {
            arena.mutate(|mc, root| root.set(mc, None));
            settle(&mut arena);
            arena.enter(|mc, _| {
                assert!(mc.metrics().add_external(900_000).is_ok());
                // More than were added is the same as all.
                mc.metrics().remove_external(usize::MAX);
                assert!(mc.metrics().add_external(900_000).is_ok());
            });
        }
    });
}

/// Numbers of external bytes that no address space has.
pub fn external_bytes_without_measure_are_refused<C: Collector + Default>() {
    let witness = Witness::default();
    let mut arena: List<C> = Arena::new(|mc| Gc::new(mc, Lock::new(None)));
    arena.mutate(|mc, _| {
        let metrics = mc.metrics();
        let _ = metrics.add_external(1000);
        let _ = metrics.add_external(usize::MAX);
        let _ = metrics.add_external(usize::MAX - 5000);
        metrics.remove_external(usize::MAX);
    });
    arena.mutate(|mc, root| root.set(mc, Some(Node::new(mc, &witness, 0))));
    age(&mut arena);
    arena.enter(|_, root| assert_eq!(names(root.get()), [0]));
}

/// An arena without a limit holds what one with a limit refused.
pub fn without_a_limit_there_is_room<C: Collector + Default>() {
    let mut arena: Arena<Rootable!['gc => Vec<Gc<'gc, [Token]>>], C> = Arena::new(|_| Vec::new());
    let witness = Witness::default();
    arena.mutate_root(|mc, rows| {
        rows.extend(
            (0..20)
                .map(|row| Gc::slice_from_fn(mc, 2000, |i| witness.token(row * 2000 + i as u32))),
        );
    });
    age(&mut arena);
    arena.enter(|_, rows| assert!(rows.iter().all(|row| row.iter().all(Token::is_intact))));
    assert_eq!(witness.count(), 0);
}
