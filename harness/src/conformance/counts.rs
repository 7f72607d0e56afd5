//! A collector that counts references counts them exactly: as of the last safepoint, from objects,
//! the root and handles, and far beyond what a header holds.

use gc_core::collector::Collector;
use gc_core::heap::COUNT_MAX;
use gc_core::{DynamicRoot, DynamicRootSet, Gc, Lock, Mutation, Rootable};

use super::node::{Node, NodeRef, set_a, set_b};
use super::trial::{Setting, settle};
use super::witness::Witness;

type NodeRoot = Rootable![Node<'_>];
type Row<'gc> = Gc<'gc, [Lock<Option<NodeRef<'gc>>>]>;

/// The count as it should be, or none for a collector that does not count.
#[track_caller]
fn assert_count<'gc, C: Collector>(mc: &Mutation<'gc>, node: NodeRef<'gc>, count: usize) {
    let expected = Some(count).filter(|_| C::ATTRIBUTES.counts_references);
    assert_eq!(mc.ref_count(node), expected);
}

/// The root (twice), a handle and its clone (one slot), another handle, a set, two fields of
/// another object, two elements of a slice, and itself.
pub fn every_kind_of_reference_counts<C: Collector + Default>() {
    type Root<'gc> = ([NodeRef<'gc>; 2], NodeRef<'gc>, Row<'gc>, DynamicRootSet<'gc>);
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena = setting.arena::<Rootable!['gc => Root<'gc>], C>(|mc| {
            let node = Node::new(mc, &witness, 0);
            assert_eq!(mc.ref_count(node), None, "it is young");
            let other = Node::with(mc, &witness, 1, Some(node), Some(node));
            let row = Gc::slice_from_fn(mc, 2, |_| Lock::new(Some(node)));
            ([node; 2], other, row, DynamicRootSet::new(mc))
        });
        arena.mutate(|_, _| ());
        let handles: [DynamicRoot<NodeRoot>; 4] = arena.mutate(|mc, ([node, _], .., set)| {
            assert_count::<C>(mc, *node, 6);
            set_a(mc, *node, Some(*node));
            assert_count::<C>(mc, *node, 6);
            let handle = mc.stash::<NodeRoot>(*node);
            let others = [mc.stash::<NodeRoot>(*node), set.stash::<NodeRoot>(mc, *node)];
            let [x, y] = others;
            [handle.clone(), handle, x, y]
        });
        arena.mutate(|mc, ([node, _], other, row, _)| {
            assert_count::<C>(mc, *node, 10);
            assert_count::<C>(mc, *other, 1);
            set_b(mc, *other, None);
            Gc::write_at(mc, *row, 1).expect("within").unlock().set(None);
        });
        let [clone, handle, other, of_set] = handles;
        drop((clone, other, of_set));
        // Once more, since what a handle let go of outside a `mutate` is counted at the next.
        arena.mutate(|_, _| ());
        arena.mutate(|mc, ([node, _], ..)| assert_count::<C>(mc, *node, 6));
        drop(handle);
        arena.mutate_root(|_, (nodes, other, ..)| nodes[1] = *other);
        arena.mutate(|mc, (nodes, other, ..)| {
            assert_count::<C>(mc, nodes[0], 4);
            assert_count::<C>(mc, *other, 2);
        });
        assert_eq!(witness.count(), 0);
    });
}

/// `row -> node`, a thousand at a time up to twenty thousand and down again.
pub fn counts_beyond_the_header_are_exact<C: Collector + Default>() {
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena = setting.arena::<Rootable!['gc => (NodeRef<'gc>, Row<'gc>)], C>(|mc| {
            let row = Gc::slice_from_fn(mc, 20_000, |_| Lock::new(None));
            (Node::new(mc, &witness, 0), row)
        });
        let all: Vec<usize> = (0..20).chain((0..20).rev()).collect();
        for (step, thousand) in all.into_iter().enumerate() {
            let is_rising = step < 20;
            arena.mutate(|mc, (node, row)| {
                for index in thousand * 1000..thousand * 1000 + 1000 {
                    let place = Gc::write_at(mc, *row, index).expect("within").unlock();
                    place.set(Some(*node).filter(|_| is_rising));
                }
            });
            if step % 7 == 0 {
                arena.collect();
            }
            let count = 1 + 1000 * (thousand + usize::from(is_rising));
            arena.mutate(|mc, (node, _)| assert_count::<C>(mc, *node, count));
        }
        assert_eq!(witness.count(), 0);
    });
}

/// The number of references goes back and forth over the largest that the header holds.
pub fn counts_at_the_border_of_the_header_are_exact<C: Collector + Default>() {
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena = setting.arena::<Rootable!['gc => (NodeRef<'gc>, Row<'gc>)], C>(|mc| {
            let node = Node::new(mc, &witness, 0);
            // With the root it is two fewer than the header holds.
            let len = COUNT_MAX + 10;
            let row =
                Gc::slice_from_fn(mc, len, |i| Lock::new(Some(node).filter(|_| i < COUNT_MAX - 3)));
            (node, row)
        });
        arena.mutate(|_, _| ());
        let mut count = COUNT_MAX - 2;
        for step in [1, 1, 1, 1, 1, -1, -1, -1, -1, 3, -3, 5, -1, 1, -5, 9, -9] {
            arena.mutate(|mc, (node, row)| {
                assert_count::<C>(mc, *node, count);
                let target = count.checked_add_signed(step).expect("it is a count");
                // Everything within reach is written, so that coalescing has something to do.
                for index in COUNT_MAX.saturating_sub(20)..row.len() {
                    let place = Gc::write_at(mc, *row, index).expect("within").unlock();
                    place.set(None);
                    place.set(Some(*node).filter(|_| index < target - 1));
                }
                count = target;
            });
            arena.mutate(|mc, (node, _)| assert_count::<C>(mc, *node, count));
        }
        arena.mutate_root(|mc, (node, _)| *node = Node::new(mc, &witness, 1));
        arena.mutate(|mc, (_, row)| {
            assert_count::<C>(mc, row[0].get().expect("filled"), count - 1);
            Gc::write(mc, *row).iter().for_each(|place| place.unlock().set(None));
        });
        settle(&mut arena);
        let dead = if super::trial::reclaims::<C>() { vec![0] } else { vec![] };
        assert_eq!(witness.sorted(), dead);
    });
}

/// An object dies with a count beyond the header, in a ring and without: what comes after it, at
/// its address perhaps, starts from zero.
///
/// ```text
///   root -> row -> node (20000 times)        node -> row, for the ring
/// ```
pub fn what_follows_an_object_does_not_inherit_its_count<C: Collector + Default>() {
    type Place<'gc> = Gc<'gc, Lock<Option<Gc<'gc, Hub<'gc>>>>>;
    #[derive(gc_core::Trace)]
    struct Hub<'gc> {
        spokes: Lock<Option<Gc<'gc, [Gc<'gc, Hub<'gc>>]>>>,
    }
    Setting::each(|setting| {
        for is_ring in [false, true] {
            let mut arena =
                setting.arena::<Rootable!['gc => Place<'gc>], C>(|mc| Gc::new(mc, Lock::new(None)));
            for _ in 0..4 {
                arena.mutate(|mc, place| {
                    let hub = Gc::new(mc, Hub { spokes: Lock::new(None) });
                    let spokes = Some(Gc::slice_from_fn(mc, 20_000, |_| hub));
                    let holder =
                        if is_ring { hub } else { Gc::new(mc, Hub { spokes: Lock::new(None) }) };
                    gc_core::unlock!(Gc::write(mc, holder), Hub, spokes).set(spokes);
                    place.set(mc, Some(holder));
                });
                arena.mutate(|mc, place| {
                    let hub = place.get().and_then(|holder| holder.spokes.get()).expect("made")[0];
                    let count = Some(20_000 + usize::from(is_ring));
                    let count = count.filter(|_| C::ATTRIBUTES.counts_references);
                    assert_eq!(mc.ref_count(hub), count);
                });
                arena.mutate(|mc, place| place.set(mc, None));
                arena.collect();
                // Objects of the hub's size, each referred to once.
                arena.mutate(|mc, place| {
                    let small = || Gc::new(mc, Hub { spokes: Lock::new(None) });
                    let many = Gc::slice_from_fn(mc, 5000, |_| small());
                    place.set(mc, Some(Gc::new(mc, Hub { spokes: Lock::new(Some(many)) })));
                });
                arena.mutate(|mc, place| {
                    let many = place.get().and_then(|holder| holder.spokes.get()).expect("made");
                    let once = Some(1).filter(|_| C::ATTRIBUTES.counts_references);
                    assert!(many.iter().all(|small| mc.ref_count(*small) == once));
                    place.set(mc, None);
                });
            }
        }
    });
}

/// What is written and undone, or moved to another object, in one `mutate` counts once.
pub fn only_the_first_and_the_last_value_count<C: Collector + Default>() {
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena = setting.arena::<Rootable!['gc => [NodeRef<'gc>; 3]], C>(|mc| {
            [0, 1, 2].map(|name| Node::new(mc, &witness, name))
        });
        for _ in 0..5 {
            arena.mutate(|mc, [x, y, z]| {
                for _ in 0..10 {
                    set_a(mc, *x, Some(*z));
                    set_a(mc, *y, Some(*x));
                    set_a(mc, *x, None);
                    set_b(mc, *y, Some(*z));
                    set_a(mc, *y, None);
                }
                set_a(mc, *x, Some(*y));
            });
            arena.mutate(|mc, [x, y, z]| {
                assert_count::<C>(mc, *x, 1);
                assert_count::<C>(mc, *y, 2);
                assert_count::<C>(mc, *z, 2);
            });
        }
        assert_eq!(witness.count(), 0);
    });
}
