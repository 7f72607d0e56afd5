//! What cannot be reached dies, as far as the collector promises it, and is dropped once.

use std::cell::Cell;
use std::ops::Range;

use gc_core::collector::Collector;
use gc_core::{Arena, Gc, Lock, RefLock, Rootable, SliceWithHeader, Trace};

use super::node::{Link, Node, NodeRef, names, set_a, set_b};
use super::trial::{Setting, age, litter, reclaims, settle};
use super::witness::{Token, Witness};

/// `root -> 0 -> 1 -> 2 -> 3`, and the link from 1 to 2 is cut.
pub fn what_has_no_cycle_dies_when_it_is_cut_off<C: Collector + Default>() {
    Setting::each(|setting| {
        for is_aged in [false, true] {
            let witness = Witness::default();
            let mut arena = setting.arena::<Rootable![NodeRef<'_>], C>(|mc| {
                Node::list(mc, &witness, 0..4).expect("a list of four")
            });
            if is_aged {
                age(&mut arena);
            }
            arena.mutate(|mc, root| set_a(mc, root.a.get().expect("1"), None));
            if C::ATTRIBUTES.prompt {
                assert_eq!(witness.sorted(), [2, 3], "dropped before `mutate` returned");
            }
            arena.collect();
            assert_eq!(witness.sorted(), if reclaims::<C>() { vec![2, 3] } else { vec![] });
            age(&mut arena);
            arena.enter(|_, root| assert_eq!(names(Some(*root)), [0, 1]));
            drop(arena);
            assert_eq!(witness.sorted(), [0, 1, 2, 3]);
        }
    });
}

/// `root -> 0`, and a hundred objects that were never linked to anything.
pub fn what_nothing_refers_to_dies_young<C: Collector + Default>() {
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena = setting.arena::<Rootable![NodeRef<'_>], C>(|mc| Node::new(mc, &witness, 0));
        // A collection that starts by itself may take what is young to live; one that was asked for
        // looks.
        arena.disable();
        for round in 0..10 {
            arena.mutate(|mc, _| {
                (1..=100).for_each(|name| _ = Node::new(mc, &witness, round * 100 + name));
            });
            if !C::ATTRIBUTES.prompt {
                arena.collect_generation(0);
            }
            if reclaims::<C>() {
                assert_eq!(witness.sorted(), (1..=round * 100 + 100).collect::<Vec<_>>());
            }
        }
        arena.enter(|_, root| assert_eq!(root.name(), 0));
        drop(arena);
        assert_eq!(witness.sorted(), (0..=1000).collect::<Vec<_>>());
    });
}

/// An old object is made to refer to a young one, and is cut off in the same `mutate`.
///
/// ```text
///   root -> 0 -> 1    becomes    root -> 0    1 -> 2
/// ```
pub fn an_old_object_that_dies_takes_its_young_along<C: Collector + Default>() {
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena = setting.arena::<Rootable![NodeRef<'_>], C>(|mc| {
            Node::list(mc, &witness, 0..2).expect("a list of two")
        });
        age(&mut arena);
        arena.mutate(|mc, root| {
            let one = root.a.get().expect("1");
            set_a(mc, one, Some(Node::new(mc, &witness, 2)));
            set_a(mc, *root, None);
        });
        settle(&mut arena);
        assert_eq!(witness.sorted(), if reclaims::<C>() { vec![1, 2] } else { vec![] });
        arena.enter(|_, root| assert_eq!(names(Some(*root)), [0]));
    });
}

/// Makes a ring of `len` nodes with a tail of one at each, `root -> ring`, and lets go of it.
fn ring_dies<C: Collector + Default>(setting: Setting, len: u32, is_aged: bool) {
    let witness = Witness::default();
    type Root<'gc> = Gc<'gc, Link<'gc>>;
    let mut arena = setting.arena::<Rootable!['gc => Root<'gc>], C>(|mc| {
        let tails: Vec<_> = (0..len).map(|name| Node::new(mc, &witness, 1000 + name)).collect();
        let ring: Vec<_> = (0..len)
            .map(|name| Node::with(mc, &witness, name, None, Some(tails[name as usize])))
            .collect();
        for (at, node) in ring.iter().enumerate() {
            set_a(mc, *node, Some(ring[(at + 1) % ring.len()]));
        }
        Gc::new(mc, Lock::new(Some(ring[0])))
    });
    if is_aged {
        age(&mut arena);
        arena.enter(|_, root| assert_eq!(names(root.get()), (0..len).collect::<Vec<_>>()));
    }
    assert_eq!(witness.count(), 0);
    arena.mutate(|mc, root| root.set(mc, None));
    arena.collect();
    let all: Vec<u32> = (0..len).chain(1000..1000 + len).collect();
    // Young objects that nothing old refers to die in every collector, whatever their shape.
    if C::ATTRIBUTES.reclaims_cycles {
        assert_eq!(witness.sorted(), all);
    } else if is_aged {
        assert_eq!(witness.count(), 0, "cycles are not promised, so none is found by chance");
    }
    drop(arena);
    assert_eq!(witness.sorted(), all);
}

/// `root -> 0 -> 1 -> .. -> 0`, each with a tail, and the root lets go.
pub fn a_ring_is_reclaimed_after_its_last_root_drops<C: Collector + Default>() {
    Setting::each(|setting| {
        for len in [1, 2, 3, 500] {
            ring_dies::<C>(setting, len, false);
            ring_dies::<C>(setting, len, true);
        }
    });
}

/// A ring too large to be looked at alone dies beside an array too long for one thread.
///
/// ```text
///   root -> array -> 0, 1, .. 4999        root -> 5000 -> 5001 -> .. -> 5199 -> 5000
/// ```
pub fn the_elements_of_a_long_array_outlive_a_ring_beside_it<C: Collector + Default>() {
    const LEN: u32 = 5000;
    const RING: Range<u32> = LEN..LEN + 200;
    type Root<'gc> = (Gc<'gc, [NodeRef<'gc>]>, Gc<'gc, Link<'gc>>);
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena = setting.arena::<Rootable!['gc => Root<'gc>], C>(|mc| {
            let first = Node::list(mc, &witness, RING).expect("a ring has a node");
            let last = std::iter::successors(Some(first), |node| node.a.get()).last();
            set_a(mc, last.expect("and a last one"), Some(first));
            let array = Gc::new_slice(mc, (0..LEN).map(|name| Node::new(mc, &witness, name)));
            (array, Gc::new(mc, Lock::new(Some(first))))
        });
        age(&mut arena);
        arena.mutate(|mc, (_, ring)| ring.set(mc, None));
        age(&mut arena);
        let dead = if C::ATTRIBUTES.reclaims_cycles { RING } else { 0..0 };
        assert_eq!(witness.sorted(), Vec::from_iter(dead));
        arena.enter(|_, (array, _)| assert!(array.iter().map(|node| node.name()).eq(0..LEN)));
    });
}

/// A ring that is still held at one place lives; the one it refers to, and does not need, too.
///
/// ```text
///   root -> 0 -> 1 -> 2 -> 0        1 -> 3 -> 3
/// ```
pub fn a_ring_that_is_held_anywhere_lives<C: Collector + Default>() {
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena = setting.arena::<Rootable![NodeRef<'_>], C>(|mc| {
            let two = Node::new(mc, &witness, 2);
            let three = Node::new(mc, &witness, 3);
            set_a(mc, three, Some(three));
            let one = Node::with(mc, &witness, 1, Some(two), Some(three));
            let zero = Node::with(mc, &witness, 0, Some(one), None);
            set_a(mc, two, Some(zero));
            Node::with(mc, &witness, 9, Some(zero), Some(two))
        });
        age(&mut arena);
        // It is let go at one of two places.
        arena.mutate(|mc, root| set_a(mc, *root, None));
        age(&mut arena);
        assert_eq!(witness.count(), 0);
        arena.enter(|_, root| {
            assert_eq!(names(root.b.get()), [2, 0, 1]);
            let one = root.b.get().and_then(|two| two.a.get()?.a.get()).expect("1");
            assert_eq!(names(one.b.get()), [3]);
        });
    });
}

/// Two rings that share a node, and a third that the shared node refers to but is held.
///
/// ```text
///   root.a -> 0 <-> 1 -> 2 <-> 0        1.. -> 3 <-> 4 <- root.b
/// ```
pub fn what_a_dead_ring_refers_to_lives_if_it_is_held<C: Collector + Default>() {
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena = setting.arena::<Rootable![NodeRef<'_>], C>(|mc| {
            let [zero, one, two, three, four] =
                [0, 1, 2, 3, 4].map(|name| Node::new(mc, &witness, name));
            set_a(mc, zero, Some(one));
            set_b(mc, zero, Some(three));
            set_a(mc, one, Some(two));
            set_b(mc, one, Some(zero));
            set_a(mc, two, Some(zero));
            set_a(mc, three, Some(four));
            set_a(mc, four, Some(three));
            Node::with(mc, &witness, 9, Some(zero), Some(four))
        });
        age(&mut arena);
        arena.mutate(|mc, root| set_a(mc, *root, None));
        arena.collect();
        let cut_off = if C::ATTRIBUTES.reclaims_cycles { vec![0, 1, 2] } else { vec![] };
        assert_eq!(witness.sorted(), cut_off);
        age(&mut arena);
        arena.enter(|_, root| assert_eq!(names(root.b.get()), [4, 3]));
    });
}

/// A ring dies that referred to a leaf which the root refers to as well: then the root is the only
/// one, and the leaf dies with its reference.
///
/// ```text
///   root.a -> 0 <-> 1 -> 2 <- root.b
/// ```
pub fn a_dead_ring_takes_its_references_along<C: Collector + Default>() {
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena = setting.arena::<Rootable![NodeRef<'_>], C>(|mc| {
            let [zero, one, two] = [0, 1, 2].map(|name| Node::new(mc, &witness, name));
            set_a(mc, zero, Some(one));
            set_a(mc, one, Some(zero));
            set_b(mc, one, Some(two));
            Node::with(mc, &witness, 9, Some(zero), Some(two))
        });
        age(&mut arena);
        arena.mutate(|mc, root| set_a(mc, *root, None));
        arena.collect();
        let has_ring = !C::ATTRIBUTES.reclaims_cycles;
        assert_eq!(witness.sorted(), if has_ring { vec![] } else { vec![0, 1] });
        arena.enter(|mc, root| {
            let two = root.b.get().expect("2");
            assert_eq!(two.name(), 2);
            let count = Some(1 + usize::from(has_ring));
            assert_eq!(mc.ref_count(two), count.filter(|_| C::ATTRIBUTES.counts_references));
        });
        arena.mutate(|mc, root| set_b(mc, *root, None));
        settle(&mut arena);
        assert_eq!(witness.sorted(), if has_ring { vec![] } else { vec![0, 1, 2] });
    });
}

/// A parent before its children, these in field order, and the children of one before the next:
/// what counting gives, and CPython's users know.
///
/// ```text
///   root -> 0 -> (1 -> (2, 3), 4)        2 is also referred to by 4
/// ```
pub fn a_counted_parent_is_dropped_before_its_children<C: Collector + Default>() {
    if !C::ATTRIBUTES.counts_references {
        return;
    }
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena = setting.arena::<Rootable!['gc => Gc<'gc, Link<'gc>>], C>(|mc| {
            let two = Node::new(mc, &witness, 2);
            let three = Node::new(mc, &witness, 3);
            let one = Node::with(mc, &witness, 1, Some(two), Some(three));
            let four = Node::with(mc, &witness, 4, Some(two), None);
            Gc::new(mc, Lock::new(Some(Node::with(mc, &witness, 0, Some(one), Some(four)))))
        });
        arena.mutate(|_, _| ());
        arena.mutate(|mc, root| root.set(mc, None));
        assert_eq!(witness.in_order(), [0, 1, 3, 4, 2]);
    });
}

/// Slices drop each element once and in order, whatever their size; so does a header.
pub fn the_elements_of_a_slice_are_dropped_once_each<C: Collector + Default>() {
    type Slices<'gc> = (Gc<'gc, [Token]>, Gc<'gc, SliceWithHeader<Token, Token>>);
    Setting::each(|setting| {
        for len in [0, 1, 65, 5000] {
            let witness = Witness::default();
            let mut arena =
                setting.arena::<Rootable!['gc => RefLock<Option<Slices<'gc>>>], C>(|mc| {
                    let plain = Gc::slice_from_fn(mc, len, |i| witness.token(i as u32));
                    let both = Gc::new_slice_with_header(mc, witness.token(9999), len, |i| {
                        witness.token(10_000 + i as u32)
                    });
                    RefLock::new(Some((plain, both)))
                });
            age(&mut arena);
            assert_eq!(witness.count(), 0);
            arena.enter(|_, root| {
                let (plain, both) = root.borrow().expect("there");
                assert!(plain.iter().chain(&both.slice).all(Token::is_intact));
            });
            arena.mutate_root(|_, root| *root.get_mut() = None);
            settle(&mut arena);
            if !reclaims::<C>() {
                drop(arena);
            }
            let len = len as u32;
            let all: Vec<u32> = (0..len).chain(9999..10_000 + len).collect();
            assert_eq!(witness.sorted(), all);
            let plain: Vec<u32> =
                witness.in_order().into_iter().filter(|name| *name < 9999).collect();
            assert!(plain.is_sorted(), "in order of the elements");
        }
    });
}

/// Objects without a single byte of their own are dropped once each.
pub fn objects_of_size_zero_are_dropped_once_each<C: Collector + Default>() {
    thread_local!(static DROPS: Cell<usize> = const { Cell::new(0) });
    struct Empty;
    gc_core::static_trace!(Empty);
    impl Drop for Empty {
        fn drop(&mut self) {
            DROPS.set(DROPS.get() + 1);
        }
    }
    Setting::each(|setting| {
        DROPS.set(0);
        let mut arena = setting.arena::<Rootable!['gc => Vec<Gc<'gc, Empty>>], C>(|mc| {
            (0..100).map(|_| Gc::new(mc, Empty)).collect()
        });
        age(&mut arena);
        assert_eq!(DROPS.get(), 0);
        arena.mutate_root(|mc, root| {
            root.truncate(60);
            let _ = Gc::slice_from_fn(mc, 7, |_| Empty);
        });
        settle(&mut arena);
        assert_eq!(DROPS.get(), if reclaims::<C>() { 47 } else { 0 });
        drop(arena);
        assert_eq!(DROPS.get(), 107);
    });
}

/// A window of two hundred objects moves on: each object's place is reused as soon as may be, and
/// each object's glue finds it as it was.
pub fn memory_is_not_reused_before_drop_glue_ran<C: Collector + Default>() {
    type Window<'gc> = Gc<'gc, [Link<'gc>]>;
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena = setting.arena::<Rootable!['gc => Window<'gc>], C>(|mc| {
            Gc::slice_from_fn(mc, 200, |_| Lock::new(None))
        });
        for name in 0..5000 {
            arena.mutate(|mc, window| {
                let place = Gc::write_at(mc, *window, name % 200).expect("within").unlock();
                place.set(Some(Node::new(mc, &witness, name as u32)));
            });
            if name % 1000 == 999 {
                arena.mutate(|mc, _| litter(mc));
                arena.collect();
            }
        }
        arena.enter(|_, window| {
            let living = window.iter().map(|place| place.get().map(|node| node.name()));
            assert!(living.eq((4800..5000).map(Some)));
        });
        settle(&mut arena);
        let dead = if reclaims::<C>() { 4800 } else { 0 };
        assert_eq!(witness.sorted(), (0..dead).collect::<Vec<_>>());
        drop(arena);
        assert_eq!(witness.sorted(), (0..5000).collect::<Vec<_>>());
    });
}

/// Young, old, garbage and rings alike.
pub fn everything_left_is_dropped_with_the_arena<C: Collector + Default>() {
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena: Arena<Rootable!['gc => Option<NodeRef<'gc>>], C> =
            setting.arena(|mc| Node::list(mc, &witness, 0..50));
        age(&mut arena);
        arena.mutate_root(|mc, root| *root = Node::list(mc, &witness, 50..100));
        arena.enter(|mc, root| {
            let ring = Node::list(mc, &witness, 100..102).expect("two");
            set_a(mc, ring.a.get().expect("101"), Some(ring));
            set_b(mc, root.expect("50"), Node::list(mc, &witness, 102..150));
        });
        drop(arena);
        assert_eq!(witness.sorted(), (0..150).collect::<Vec<_>>());
    });
}

/// An arena nobody ever entered again after it was made.
pub fn an_arena_that_was_never_entered_drops_its_objects<C: Collector + Default>() {
    #[derive(Trace)]
    struct Root<'gc>(Token, NodeRef<'gc>);
    let witness = Witness::default();
    drop(Arena::<Rootable![Root<'_>], C>::new(|mc| {
        Root(witness.token(1), Node::new(mc, &witness, 2))
    }));
    assert_eq!(witness.sorted(), [1, 2]);
    drop(Arena::<Rootable![()], C>::new(|_| ()));
}
