//! The root may be changed in any way that a `&mut` allows.

use gc_core::collector::Collector;
use gc_core::{Gc, Rootable, Trace};
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

use super::node::{Node, NodeRef};
use super::trial::{Setting, age, litter, reclaims, settle};
use super::witness::Witness;

type Nodes<'gc> = Vec<NodeRef<'gc>>;

fn list(nodes: &Nodes<'_>) -> Vec<u32> {
    nodes.iter().map(|node| node.name()).collect()
}

/// Swaps, sorts, truncates, rotates, reverses, duplicates and refills two lists in the root, and
/// does the same to two lists of names.
pub fn a_root_may_be_changed_in_every_way<C: Collector + Default>() {
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut random = Pcg64Mcg::seed_from_u64(1);
        let mut arena = setting
            .arena::<Rootable!['gc => (Nodes<'gc>, Nodes<'gc>)], C>(|_| (Vec::new(), Vec::new()));
        let mut model: (Vec<u32>, Vec<u32>) = Default::default();
        let mut next = 0..;
        for step in 0..400 {
            // What happens to the nodes happens to their names.
            let seed = random.random::<u64>();
            let fresh: Vec<u32> = next.by_ref().take(random.random_range(0..4)).collect();
            let kind = random.random_range(0..10);
            change(kind, seed, &mut model, &fresh);
            arena.mutate_root(|mc, root| {
                let fresh: Vec<_> =
                    fresh.iter().map(|&name| Node::new(mc, &witness, name)).collect();
                change(kind, seed, root, &fresh);
                litter(mc);
            });
            if step % 100 == 99 {
                age(&mut arena);
            }
            if step % 10 == 9 {
                settle(&mut arena);
                let mut dead = witness.sorted();
                if !reclaims::<C>() {
                    assert!(dead.is_empty(), "{dead:?}");
                    dead = (0..next.start).collect();
                    dead.retain(|name| !model.0.contains(name) && !model.1.contains(name));
                }
                let mut all = [dead, model.0.clone(), model.1.clone()].concat();
                all.sort_unstable();
                all.dedup();
                assert_eq!(all, (0..next.start).collect::<Vec<_>>(), "dead or alive");
            }
            arena.enter(|_, root| assert_eq!((list(&root.0), list(&root.1)), model));
        }
        drop(arena);
        assert_eq!(witness.sorted(), (0..next.start).collect::<Vec<_>>());
    });
}

fn change<T: Copy + Named>(kind: u32, seed: u64, lists: &mut (Vec<T>, Vec<T>), fresh: &[T]) {
    let random = &mut Pcg64Mcg::seed_from_u64(seed);
    lists.0.extend(fresh);
    match kind {
        0 => std::mem::swap(&mut lists.0, &mut lists.1),
        1 => lists.0.shuffle(random),
        2 => lists.0.sort_by_key(Named::key),
        3 => lists.0.truncate(random.random_range(0..20)),
        4 => lists.0.reverse(),
        5 if !lists.0.is_empty() => {
            let by = random.random_range(0..lists.0.len());
            lists.0.rotate_left(by);
        }
        6 => lists.0.retain(|_| random.random_range(0..4) > 0),
        7 => {
            let taken = std::mem::take(&mut lists.1);
            lists.0.extend(taken.into_iter().take(8));
        }
        8 => {
            let again = lists.0.iter().copied().take(3).collect::<Vec<_>>();
            lists.1.extend(again);
        }
        9 => drop(std::mem::replace(&mut lists.1, lists.0.clone())),
        _ => (),
    }
    lists.0.truncate(60);
    lists.1.truncate(60);
}

trait Named {
    fn key(&self) -> u32;
}

impl Named for u32 {
    fn key(&self) -> u32 {
        *self
    }
}

impl Named for NodeRef<'_> {
    fn key(&self) -> u32 {
        self.name()
    }
}

/// The root is replaced as a whole, by each variant of an enum.
pub fn a_root_may_be_replaced<C: Collector + Default>() {
    #[derive(Trace)]
    enum Root<'gc> {
        Nothing,
        One(NodeRef<'gc>),
        Many(Vec<NodeRef<'gc>>, Gc<'gc, str>),
    }
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena = setting.arena::<Rootable![Root<'_>], C>(|_| Root::Nothing);
        for round in 0..20 {
            let name = round * 3;
            arena.mutate_root(|mc, root| *root = Root::One(Node::new(mc, &witness, name)));
            arena.mutate(|_, root| {
                assert!(matches!(root, Root::One(node) if node.name() == name));
            });
            arena.mutate_root(|mc, root| {
                let Root::One(node) = std::mem::replace(root, Root::Nothing) else {
                    unreachable!("it was one")
                };
                let others = [1, 2].map(|other| Node::new(mc, &witness, name + other));
                let text = Gc::new_str(mc, "many");
                *root = Root::Many([node].into_iter().chain(others).collect(), text);
            });
            arena.collect_generation((round % 3) as u8);
            arena.mutate(|_, root| {
                let Root::Many(nodes, text) = root else { unreachable!("they were many") };
                assert_eq!(list(nodes), [name, name + 1, name + 2]);
                assert_eq!(&**text, "many");
            });
        }
        arena.mutate_root(|_, root| *root = Root::Nothing);
        settle(&mut arena);
        let dead = if reclaims::<C>() { 60 } else { 0 };
        assert_eq!(witness.sorted(), (0..dead).collect::<Vec<_>>());
    });
}

/// `mutate_root` that changes nothing, and `mutate` that never looks at the root.
pub fn a_root_that_is_left_alone_stays<C: Collector + Default>() {
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena = setting.arena::<Rootable!['gc => Nodes<'gc>], C>(|mc| {
            (0..100).map(|name| Node::new(mc, &witness, name)).collect()
        });
        for round in 0..50 {
            arena.mutate_root(|_, _| ());
            arena.mutate(|mc, _| litter(mc));
            if round % 10 == 0 {
                arena.collect();
            }
        }
        arena.enter(|_, nodes| assert_eq!(list(nodes), (0..100).collect::<Vec<_>>()));
        assert_eq!(witness.count(), 0);
    });
}
