//! References have names: each is told by the fields and elements that lead to it within its object,
//! whatever the object is made of, and so is what the root holds.
//!
//! A leaf is an array, and its length says which it is.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use gc_core::collector::Collector;
use gc_core::{
    AnyGc, Arena, DynTrace, DynamicRoot, DynamicRootSet, Gc, GcHashMap, GcHashSet, GcVec, GcWeak,
    HeapView, Holding, Lock, Mutation, OnceLock, RefLock, Root, Rootable, SliceWithHeader, Static,
    Step, Trace, WeakMap, WeakValueMap, dyn_trace, unsize,
};

use super::node::{Node, NodeRef, set_a, set_b};
use super::trial::{Setting, age, reclaims, settle};
use super::witness::Witness;

type Leaf<'gc> = Gc<'gc, [u8]>;

fn leaf<'gc>(mc: &Mutation<'gc>, len: usize) -> Leaf<'gc> {
    Gc::slice_from_fn(mc, len, |_| 0)
}

/// The references of an object to leaves, by the way to each and the leaf's length.
fn leaves<'gc>(heap: &HeapView<'gc>, of: AnyGc<'gc>) -> Vec<(String, usize)> {
    let mut leaves = Vec::new();
    let mut referents = heap.referents(of);
    heap.for_each_reference(of, |place, object| {
        assert_eq!(referents.next(), Some(object), "in the order of the referents");
        let leaf = object.element_count().filter(|_| object.type_name() == "[u8]");
        leaves.extend(leaf.map(|len| (place.to_string(), len)));
    });
    assert_eq!(referents.next(), None, "every referent is told");
    leaves
}

/// Makes a root, and compares what the object in it tells, at every age.
fn is_told<C, R>(
    make: impl for<'gc> Fn(&'gc Mutation<'gc>) -> Root<'gc, R>,
    object: impl for<'gc> Fn(&'gc Root<'gc, R>) -> AnyGc<'gc>,
    expected: &[(&str, usize)],
) where
    C: Collector + Default,
    R: for<'a> Rootable<'a>,
    for<'a> Root<'a, R>: Sized + Trace,
{
    Setting::each(|setting| {
        let mut arena = setting.arena::<R, C>(&make);
        let check = |arena: &mut Arena<R, C>| {
            let told = arena.inspect(|heap, root| leaves(heap, object(root)));
            let told: Vec<_> = told.iter().map(|(place, leaf)| (&**place, *leaf)).collect();
            assert_eq!(told, expected);
        };
        check(&mut arena);
        age(&mut arena);
        check(&mut arena);
        arena.check_trace().expect("what is described is what is visited");
    });
}

/// Fields of all sorts: named, numbered, nested, optional, in cells and in boxes.
pub fn fields_are_told_by_their_names<C: Collector + Default>() {
    #[derive(Trace)]
    struct Whole<'gc, T> {
        plain: Leaf<'gc>,
        number: u64,
        pair: (u8, Leaf<'gc>),
        parts: [Part<'gc>; 2],
        generic: T,
        boxed: Option<Box<Part<'gc>>>,
        nothing: Option<Leaf<'gc>>,
        lock: Lock<Option<Leaf<'gc>>>,
        ref_lock: RefLock<Part<'gc>>,
        once: OnceLock<Leaf<'gc>>,
        #[trace(require_static)]
        untraced: std::cell::Cell<u8>,
        fixed: Static<Vec<u8>>,
        r#type: Result<Leaf<'gc>, u8>,
    }

    #[derive(Trace)]
    struct Part<'gc>(u8, Leaf<'gc>);

    type Generic<'gc> = Gc<'gc, Whole<'gc, Vec<(Leaf<'gc>, Leaf<'gc>)>>>;
    is_told::<C, Rootable![Generic<'_>]>(
        |mc| {
            let part = |len| Part(0, leaf(mc, len));
            let whole = Whole {
                plain: leaf(mc, 1),
                number: 0,
                pair: (0, leaf(mc, 2)),
                parts: [part(3), part(4)],
                generic: vec![(leaf(mc, 5), leaf(mc, 6)), (leaf(mc, 7), leaf(mc, 8))],
                boxed: Some(Box::new(part(9))),
                nothing: None,
                lock: Lock::new(Some(leaf(mc, 10))),
                ref_lock: RefLock::new(part(11)),
                once: OnceLock::new(),
                untraced: std::cell::Cell::new(0),
                fixed: Static(vec![1]),
                r#type: Ok(leaf(mc, 12)),
            };
            let whole = Gc::new(mc, whole);
            assert_eq!((whole.number, whole.untraced.get(), whole.fixed.len()), (0, 0, 1));
            whole
        },
        |whole| AnyGc::from(*whole),
        &[
            ("plain", 1),
            ("pair.1", 2),
            ("parts[0].1", 3),
            ("parts[1].1", 4),
            ("generic[0].0", 5),
            ("generic[0].1", 6),
            ("generic[1].0", 7),
            ("generic[1].1", 8),
            ("boxed.1", 9),
            ("lock", 10),
            ("ref_lock.1", 11),
            ("type", 12),
        ],
    );
}

/// A variant is no step, and its fields are told by their names.
pub fn of_an_enum_the_fields_of_its_variant_are_told<C: Collector + Default>() {
    #[derive(Trace)]
    enum Expression<'gc> {
        Nothing,
        Name(Leaf<'gc>),
        Call { callee: Box<Expression<'gc>>, arguments: Vec<Expression<'gc>> },
    }

    is_told::<C, Rootable![Gc<'_, Expression<'_>>]>(
        |mc| {
            let name = |len| Expression::Name(leaf(mc, len));
            let arguments = vec![name(2), Expression::Nothing, name(3)];
            Gc::new(mc, Expression::Call { callee: Box::new(name(1)), arguments })
        },
        |expression| AnyGc::from(*expression),
        &[("callee.0", 1), ("arguments[0].0", 2), ("arguments[2].0", 3)],
    );
}

/// Containers of the standard library, by index, and maps by the place among their entries.
pub fn elements_are_told_by_their_indices<C: Collector + Default>() {
    #[derive(Trace)]
    struct Containers<'gc> {
        queue: VecDeque<Option<Leaf<'gc>>>,
        slice: Box<[Leaf<'gc>]>,
        sorted: BTreeMap<u8, (u8, Leaf<'gc>)>,
        hashed: HashMap<u8, Leaf<'gc>>,
    }

    is_told::<C, Rootable![Gc<'_, Containers<'_>>]>(
        |mc| {
            let mut queue = VecDeque::from([None, Some(leaf(mc, 1))]);
            queue.push_front(Some(leaf(mc, 2)));
            let containers = Containers {
                queue,
                slice: [3, 4].map(|len| leaf(mc, len)).into(),
                sorted: BTreeMap::from([(9, (0, leaf(mc, 6))), (8, (0, leaf(mc, 5)))]),
                hashed: HashMap::from([(1, leaf(mc, 7))]),
            };
            Gc::new(mc, containers)
        },
        |containers| AnyGc::from(*containers),
        &[
            ("queue[0]", 2),
            ("queue[2]", 1),
            ("slice[0]", 3),
            ("slice[1]", 4),
            ("sorted[0].value.1", 5),
            ("sorted[1].value.1", 6),
            ("hashed[0].value", 7),
        ],
    );
}

/// Arrays in the heap, with a header and without, and an object that is but one reference.
pub fn what_arrays_hold_is_told_by_index<C: Collector + Default>() {
    type Row<'gc> = SliceWithHeader<(u8, Leaf<'gc>), Option<Leaf<'gc>>>;
    is_told::<C, Rootable![Gc<'_, Row<'_>>]>(
        |mc| {
            let odd = |i: usize| (i % 2 == 1).then(|| leaf(mc, i));
            Gc::new_slice_with_header(mc, (0, leaf(mc, 9)), 4, odd)
        },
        |row| AnyGc::from(*row),
        &[("header.1", 9), ("[1]", 1), ("[3]", 3)],
    );
    is_told::<C, Rootable![Gc<'_, [[Leaf<'_>; 2]]>]>(
        |mc| Gc::slice_from_fn(mc, 2, |i| [leaf(mc, i), leaf(mc, i + 10)]),
        |slice| AnyGc::from(*slice),
        &[("[0][0]", 0), ("[0][1]", 10), ("[1][0]", 1), ("[1][1]", 11)],
    );
    is_told::<C, Rootable![Gc<'_, Lock<Option<Leaf<'_>>>>]>(
        |mc| Gc::new(mc, Lock::new(Some(leaf(mc, 3)))),
        |cell| AnyGc::from(*cell),
        &[("*", 3)],
    );
}

trait Holder<'gc>: DynTrace {}
dyn_trace!(for<'gc> dyn Holder<'gc> + 'gc);

#[derive(Trace)]
struct Pair<'gc> {
    left: Leaf<'gc>,
    right: Leaf<'gc>,
}

impl<'gc> Holder<'gc> for Pair<'gc> {}

/// By the fields of the type that it is, in the heap and in a box.
pub fn a_trait_object_tells_its_own_fields<C: Collector + Default>() {
    type Object<'gc> = dyn Holder<'gc> + 'gc;
    fn pair<'gc>(mc: &Mutation<'gc>) -> Pair<'gc> {
        Pair { left: leaf(mc, 1), right: leaf(mc, 2) }
    }
    is_told::<C, Rootable!['gc => Gc<'gc, Object<'gc>>]>(
        |mc| unsize!(Gc::new(mc, pair(mc)) => dyn Holder<'_>),
        |object| AnyGc::from(*object),
        &[("left", 1), ("right", 2)],
    );
    is_told::<C, Rootable!['gc => Gc<'gc, (u8, Box<Object<'gc>>)>]>(
        |mc| Gc::new(mc, (0, Box::new(pair(mc)) as Box<Object<'_>>)),
        |object| AnyGc::from(*object),
        &[("1.left", 1), ("1.right", 2)],
    );
}

/// The objects that a collection is made of, by index and by `key` and `value`.
pub fn what_a_collection_holds_is_told<C: Collector + Default>() {
    type Key<'gc> = (u32, Lock<Option<Leaf<'gc>>>);
    #[derive(Trace)]
    struct Collections<'gc> {
        vec: GcVec<'gc, (u8, Leaf<'gc>)>,
        map: GcHashMap<'gc, u8, Leaf<'gc>>,
        set: GcHashSet<'gc, Leaf<'gc>>,
        values: WeakValueMap<'gc, Leaf<'gc>, Key<'gc>>,
    }
    Setting::each(|setting| {
        let mut arena = setting.arena::<Rootable![Gc<'_, Collections<'_>>], C>(|mc| {
            let collections = Collections {
                vec: GcVec::new(mc),
                map: GcHashMap::new(mc),
                set: GcHashSet::new(mc),
                values: WeakValueMap::new(mc),
            };
            Gc::new(mc, collections)
        });
        arena.mutate(|mc, root| {
            root.vec.push(mc, (0, leaf(mc, 1)));
            root.vec.push(mc, (0, leaf(mc, 2)));
            for key in 0..20 {
                root.map.insert(mc, key, leaf(mc, 3));
            }
            root.map.retain(mc, |key, _| *key == 17);
            root.set.insert(mc, leaf(mc, 4));
        });
        let path = |arena: &mut Arena<_, C>, field: &str| {
            arena.inspect(|heap, root: &Gc<'_, Collections<'_>>| {
                let mut path = Vec::new();
                let mut told = Vec::new();
                let mut next = None;
                heap.for_each_reference(AnyGc::from(*root), |place, object| {
                    if place.to_string() == field {
                        next = Some(object);
                    }
                });
                while let Some(object) = next.take() {
                    told.extend(leaves(heap, object));
                    heap.for_each_reference(object, |place, object| {
                        if object.is_tracked() {
                            path.push(place.to_string());
                            next = Some(object);
                        }
                    });
                }
                (path.join("/"), told)
            })
        };
        for _ in 0..2 {
            let told = |place: &str, len| (place.to_string(), len);
            let (way, vec) = path(&mut arena, "vec");
            assert_eq!((&*way, vec), ("*", vec![told("[0].1", 1), told("[1].1", 2)]));
            let (way, map) = path(&mut arena, "map");
            let [(place, 3)] = &map[..] else { panic!("not one entry: {map:?}") };
            assert_eq!(way, "entries");
            assert!(place.starts_with('[') && place.ends_with("].value"), "{place}");
            let (way, set) = path(&mut arena, "set");
            assert_eq!((&*way, set), ("entries", vec![told("[0].key", 4)]));
            age(&mut arena);
        }
    });
}

/// The reference is there, and the cell behind it is hidden; a value is told with its key.
pub fn weak_references_have_no_place<C: Collector + Default>() {
    #[derive(Trace)]
    struct Weakly<'gc> {
        weak: GcWeak<'gc, [u8]>,
        strong: Leaf<'gc>,
        map: WeakMap<'gc, [u8], [u8]>,
    }
    Setting::each(|setting| {
        let mut arena = setting.arena::<Rootable![Gc<'_, Weakly<'_>>], C>(|mc| {
            let strong = leaf(mc, 1);
            let weakly = Weakly { weak: Gc::downgrade(mc, strong), strong, map: WeakMap::new(mc) };
            weakly.map.insert(mc, strong, leaf(mc, 2));
            Gc::new(mc, weakly)
        });
        for _ in 0..2 {
            arena.inspect(|heap, weakly| {
                assert!(!weakly.weak.is_dropped());
                assert_eq!(leaves(heap, AnyGc::from(*weakly)), [("strong".to_string(), 1)]);
                let mut values = Vec::new();
                heap.for_each_weak_value(|key, value| values.push((key, value.element_count())));
                assert_eq!(values, [(AnyGc::from(weakly.strong), Some(2))]);
            });
            age(&mut arena);
        }
    });
}

/// The root, handles, a set of handles, and the permanent generation.
pub fn what_keeps_objects_is_told<C: Collector + Default>() {
    #[derive(Trace)]
    struct Server<'gc> {
        sessions: Vec<Leaf<'gc>>,
        admin: (u8, Option<Leaf<'gc>>),
        weak: Option<GcWeak<'gc, [u8]>>,
        set: DynamicRootSet<'gc>,
    }
    type Handles = (DynamicRoot<Rootable![[u8]]>, DynamicRoot<Rootable![[u8]]>);
    Setting::each(|setting| {
        let mut arena = setting.arena::<Rootable![Server<'_>], C>(|mc| Server {
            sessions: [1, 2].map(|len| leaf(mc, len)).into(),
            admin: (0, Some(leaf(mc, 3))),
            weak: None,
            set: DynamicRootSet::new(mc),
        });
        let handles: Handles = arena.mutate_root(|mc, server| {
            server.weak = Some(Gc::downgrade(mc, server.sessions[0]));
            (mc.stash(leaf(mc, 4)), server.set.stash(mc, leaf(mc, 5)))
        });
        let told = |arena: &mut Arena<_, C>| {
            arena.inspect(|heap, _| {
                let mut told = Vec::new();
                heap.for_each_root(|holding, object| {
                    told.push((holding.to_string(), object.element_count()));
                });
                told
            })
        };
        let owned = |(name, len): (&str, Option<usize>)| (name.to_string(), len);
        let expected = [
            ("root.sessions[0]", Some(1)),
            ("root.sessions[1]", Some(2)),
            ("root.admin.1", Some(3)),
            ("root.set", None),
            ("handle", Some(4)),
        ]
        .map(owned);
        assert_eq!(told(&mut arena), expected);
        age(&mut arena);
        assert_eq!(told(&mut arena), expected);
        if C::ATTRIBUTES.counts_references || C::ATTRIBUTES.moves_objects {
            arena.freeze();
            let (roots, mut frozen): (Vec<_>, Vec<_>) =
                told(&mut arena).into_iter().partition(|(holding, _)| holding != "frozen");
            assert_eq!(roots, expected);
            frozen.retain(|(_, len)| len.is_some());
            frozen.sort();
            assert_eq!(frozen, [1, 2, 3, 4, 5].map(|len| owned(("frozen", Some(len)))));
            arena.unfreeze();
            assert_eq!(told(&mut arena), expected);
        }
        drop(handles.0);
        assert_eq!(told(&mut arena), expected[..4]);
        drop(handles.1);
    });
}

/// A root that is one reference has an empty place.
pub fn a_root_that_is_one_reference_has_no_steps<C: Collector + Default>() {
    Setting::each(|setting| {
        let mut arena = setting.arena::<Rootable![Leaf<'_>], C>(|mc| leaf(mc, 7));
        arena.inspect(|heap, root| {
            let mut count = 0;
            heap.for_each_root(|holding, object| {
                let Holding::Root(place) = holding else { panic!("not the root") };
                assert_eq!((holding.to_string(), place.steps()), ("root".to_string(), &[][..]));
                assert_eq!(object, AnyGc::from(*root));
                count += 1;
            });
            assert_eq!(count, 1);
        });
    });
}

/// All that is reached from what keeps objects.
fn reached<'gc>(heap: &HeapView<'gc>) -> HashSet<AnyGc<'gc>> {
    let (mut reached, mut pending) = (HashSet::new(), Vec::new());
    heap.for_each_root(|_, object| pending.push(object));
    while let Some(object) = pending.pop() {
        if reached.insert(object) {
            heap.for_each_reference(object, |_, target| pending.push(target));
        }
    }
    reached
}

/// Also where calls of the user's come before anything is reclaimed.
pub fn what_is_reached_from_what_keeps_is_all_that_is_no_garbage<C: Collector + Default>() {
    Setting::each(|setting| {
        let witness = Witness::default();
        let builder = setting.builder::<Rootable![NodeRef<'_>], C>();
        let mut arena = builder.defer_calls(true).build(|mc| Node::new(mc, &witness, 0));
        arena.mutate(|mc, root| {
            let [list, other] = [1..=4, 6..=7].map(|names| Node::list(mc, &witness, names));
            for mut next in [list, other] {
                while let Some(node) = next {
                    mc.on_unreachable::<Rootable![Node<'_>], _>(node, |_, _| ())
                        .expect("it is new");
                    next = node.a.get();
                }
            }
            let looped = Node::new(mc, &witness, 5);
            set_a(mc, looped, Some(looped));
            set_b(mc, looped, list);
            set_a(mc, *root, Some(looped));
            set_b(mc, *root, other);
        });
        fn check<'gc>(heap: &HeapView<'gc>) -> usize {
            let reached = reached(heap);
            let garbage: HashSet<AnyGc<'gc>> = heap.find_garbage().objects().collect();
            assert!(reached.is_disjoint(&garbage));
            assert_eq!(reached.len() + garbage.len(), heap.objects().count());
            let mut pending = 0;
            heap.for_each_root(|holding, _| pending += usize::from(*holding == Holding::Pending));
            pending
        }
        assert_eq!(arena.inspect(|heap, _| check(heap)), 0);
        arena.mutate(|mc, root| {
            let looped = root.a.get().expect("it was stored");
            set_b(mc, looped, None);
            set_a(mc, *root, None);
            set_b(mc, *root, None);
        });
        settle(&mut arena);
        let (mut calls, mut pending) = (0, 0);
        while let Some(mut call) = arena.next_call() {
            pending += call.inspect(|heap, _| check(heap));
            call.run();
            pending += call.inspect(|heap, _| check(heap));
            calls += 1;
        }
        assert_eq!(calls, if reclaims::<C>() { 6 } else { 0 });
        assert!(pending > 0 || !C::ATTRIBUTES.counts_references, "what is owed is told");
        settle(&mut arena);
        assert_eq!(arena.inspect(|heap, _| check(heap)), 0);
    });
}

/// A vector of half a million entries: each step is where it should be, however many there are.
pub fn a_long_object_is_told_to_its_end<C: Collector + Default>() {
    const LEN: usize = 500_000;
    type Long<'gc> = Gc<'gc, RefLock<Vec<(u8, Leaf<'gc>)>>>;
    let mut arena = Setting::Default.arena::<Rootable![Long<'_>], C>(|mc| {
        let leaves = [leaf(mc, 0), leaf(mc, 1)];
        Gc::new(mc, RefLock::new((0..LEN).map(|i| (0, leaves[i % 2])).collect()))
    });
    arena.inspect(|heap, long| {
        let mut next = 0;
        heap.for_each_reference(AnyGc::from(*long), |place, object| {
            assert_eq!(place.steps(), [Step::Element(next), Step::Field("1")]);
            assert_eq!(object.element_count(), Some(next % 2));
            next += 1;
        });
        assert_eq!(next, LEN);
    });
}
