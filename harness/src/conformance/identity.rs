//! Identity outlives moves and is never given twice; comparing, hashing and printing are the
//! value's own.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::{Hash, Hasher};

use gc_core::collector::Collector;
use gc_core::{Arena, DynamicRoot, Gc, GcId, GcWeak, Rootable};

use super::node::{Node, NodeRef};
use super::trial::{Setting, age, litter, reclaims, settle};
use super::witness::Witness;

/// Asked for when young or old, for the first time or again: always the same.
pub fn an_identity_stays_the_same<C: Collector + Default>() {
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena = setting.arena::<Rootable!['gc => Vec<NodeRef<'gc>>], C>(|mc| {
            (0..100).map(|name| Node::new(mc, &witness, name)).collect()
        });
        // By name: the even ones are asked for when they are young, the others when they are old.
        let mut ids: HashMap<u32, GcId> = arena.enter(|_, nodes| {
            nodes.iter().step_by(2).map(|node| (node.name(), Gc::id(*node))).collect()
        });
        for _ in 0..4 {
            age(&mut arena);
            arena.mutate_root(|mc, nodes| {
                litter(mc);
                nodes.reverse();
                for node in nodes.iter() {
                    let id = *ids.entry(node.name()).or_insert_with(|| Gc::id(*node));
                    assert_eq!((Gc::id(*node), Gc::id(*node)), (id, id));
                }
            });
        }
        let unique: BTreeSet<_> = ids.values().collect();
        assert_eq!(unique.len(), 100);
        // Half of them die; the rest stay what they are.
        arena.mutate_root(|_, nodes| nodes.truncate(50));
        settle(&mut arena);
        age(&mut arena);
        arena.enter(|_, nodes| {
            assert!(nodes.iter().all(|node| Gc::id(*node) == ids[&node.name()]));
        });
        assert_eq!(witness.count(), if reclaims::<C>() { 50 } else { 0 });
    });
}

/// Ten thousand objects at a handful of addresses, in two arenas: no identity is given twice.
pub fn an_identity_is_never_given_again<C: Collector + Default>() {
    Setting::each(|setting| {
        let mut seen = HashSet::new();
        let mut asked = 0;
        for _ in 0..2 {
            let mut arena = setting.arena::<Rootable!['gc => Option<Gc<'gc, u64>>], C>(|_| None);
            for value in 0..2500 {
                asked += 2;
                arena.mutate_root(|mc, root| {
                    let (kept, lost) = (Gc::new(mc, value), Gc::new(mc, value));
                    seen.extend([Gc::id(kept), Gc::id(lost)]);
                    *root = Some(kept);
                });
                if value % 500 == 0 {
                    arena.collect();
                }
            }
        }
        assert_eq!(seen.len(), asked);
    });
}

/// What a weak reference says is what the object says, whoever is asked first, before and after
/// its death.
pub fn a_weak_reference_has_the_identity_of_its_object<C: Collector + Default>() {
    type Root<'gc> = (Vec<NodeRef<'gc>>, Vec<GcWeak<'gc, Node<'gc>>>);
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena = setting.arena::<Rootable!['gc => Root<'gc>], C>(|mc| {
            let nodes: Vec<_> = (0..6).map(|name| Node::new(mc, &witness, name)).collect();
            let weak = nodes.iter().map(|node| Gc::downgrade(mc, *node)).collect();
            (nodes, weak)
        });
        // 0: the object, young. 1: the weak one, young. 2, 3: the same when old. 4, 5: when dead.
        let mut ids: Vec<GcId> =
            arena.enter(|_, (nodes, weak)| vec![Gc::id(nodes[0]), weak[1].id()]);
        age(&mut arena);
        ids.extend(arena.mutate(|_, (nodes, weak)| [Gc::id(nodes[2]), weak[3].id()]));
        arena.enter(|_, (nodes, weak)| {
            for (at, id) in ids.iter().enumerate() {
                assert_eq!((Gc::id(nodes[at]), weak[at].id()), (*id, *id));
            }
        });
        age(&mut arena);
        arena.mutate_root(|_, (nodes, _)| nodes.clear());
        settle(&mut arena);
        arena.mutate(|mc, _| litter(mc));
        ids.extend(arena.enter(|_, (_, weak)| [weak[4].id(), weak[5].id()]));
        age(&mut arena);
        arena.enter(|_, (_, weak)| {
            assert!(weak.iter().map(|weak| weak.id()).eq(ids.iter().copied()));
            assert!(weak.iter().all(|weak| weak.is_dropped() == reclaims::<C>()));
        });
        assert_eq!(ids.iter().collect::<HashSet<_>>().len(), 6);
    });
}

/// An identity is plain data, comparable when its object and its arena are gone.
pub fn an_identity_outlives_its_arena<C: Collector + Default>() {
    let ids: Vec<GcId> = (0..10)
        .flat_map(|_| {
            let arena: Arena<Rootable![()], C> = Arena::new(|_| ());
            arena.enter(|mc, ()| [Gc::id(Gc::new(mc, 1_u8)), Gc::id(Gc::new_str(mc, ""))])
        })
        .collect();
    let thread = std::thread::spawn(move || ids.into_iter().collect::<BTreeSet<_>>().len());
    assert_eq!(thread.join().expect("an identity may be sent"), 20);
}

/// `Gc::ptr_eq` and `Gc::id` agree, through copies, handles, erasure and the object's own links.
pub fn references_to_one_object_are_one<C: Collector + Default>() {
    type NodeRoot = Rootable![Node<'_>];
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena = setting.arena::<Rootable!['gc => [NodeRef<'gc>; 3]], C>(|mc| {
            let [x, y] = [0, 0].map(|name| Node::new(mc, &witness, name));
            [x, Node::with(mc, &witness, 1, Some(x), Some(y)), y]
        });
        let handle: DynamicRoot<NodeRoot> = arena.enter(|mc, nodes| mc.stash::<NodeRoot>(nodes[0]));
        for _ in 0..3 {
            age(&mut arena);
            arena.mutate(|mc, [x, both, y]| {
                for same in [both.a.get().expect("x"), mc.fetch(&handle), *x] {
                    assert!(Gc::ptr_eq(*x, same) && !Gc::ptr_eq(*y, same));
                    assert_eq!(Gc::id(same), Gc::id(*x));
                    assert_eq!(Gc::id(Gc::erase(same)), Gc::id(*x));
                    assert_eq!(Gc::raw(same), Gc::raw(*x));
                    assert_ne!(Gc::id(same), Gc::id(*y));
                }
            });
        }
    });
}

/// Within one `mutate` no object changes its address, whatever is allocated.
pub fn addresses_stay_within_a_mutate<C: Collector + Default>() {
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena = setting.arena::<Rootable!['gc => Vec<NodeRef<'gc>>], C>(|mc| {
            (0..50).map(|name| Node::new(mc, &witness, name)).collect()
        });
        for _ in 0..5 {
            arena.mutate(|mc, nodes| {
                let young = Node::new(mc, &witness, 1000);
                let all = || nodes.iter().copied().chain([young]);
                let addresses: Vec<_> = all().map(Gc::raw).collect();
                for _ in 0..20 {
                    litter(mc);
                }
                assert!(all().map(Gc::raw).eq(addresses));
                assert!(all().all(|node| node.token.is_intact()));
            });
        }
    });
}

/// Comparing, hashing and printing a reference is doing so to the value.
pub fn comparing_hashing_and_printing_are_the_values_own<C: Collector + Default>() {
    fn hash(value: impl Hash) -> u64 {
        let mut hasher = DefaultHasher::new();
        value.hash(&mut hasher);
        hasher.finish()
    }
    let mut arena: Arena<Rootable!['gc => [Gc<'gc, str>; 3]], C> =
        Arena::new(|mc| ["a", "b", "a"].map(|text| Gc::new_str(mc, text)));
    age(&mut arena);
    arena.enter(|mc, [a, b, again]| {
        assert!(a == again && !Gc::ptr_eq(*a, *again));
        assert!(a != b && a < b && b > again);
        assert_eq!(a.cmp(b), "a".cmp("b"));
        assert_eq!(a.partial_cmp(again), Some(std::cmp::Ordering::Equal));
        assert_eq!((hash(a), hash(b)), (hash("a"), hash("b")));
        assert_eq!((format!("{a}"), format!("{a:?}")), ("a".to_owned(), "\"a\"".to_owned()));
        let nan = Gc::new(mc, f64::NAN);
        let same = nan;
        assert!(nan != same && nan.partial_cmp(&same).is_none());
        let found: HashSet<Gc<'_, str>> = [*a, *b, *again].into_iter().collect();
        // By the value, which it borrows as.
        assert!(found.len() == 2 && found.contains("a") && !found.contains("c"));
        assert_eq!(format!("{:p}", *a), format!("{:p}", Gc::raw(*a)));
    });
}
