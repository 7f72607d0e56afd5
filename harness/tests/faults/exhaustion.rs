//! The system has no memory: for the n-th chunk, or for the n-th thing of any size, for every n until
//! the program passes. Or the limit is reached, for every limit.
//!
//! After each the values that found no place are there, what lives is intact, the rest is dropped once,
//! and the arena goes on.

use std::panic::{AssertUnwindSafe, catch_unwind};

use gc_core::collector::Collector;
use gc_core::heap::BLOCK_BYTES;
use gc_core::{
    Arena, Brand, Finalize, Gc, GcHashMap, GcVec, HeapFull, Lock, Mutation, Rootable, Trace,
    WeakMap,
};

use super::allocator::{Requests, Times, refusing};
use super::on_every_collector;
use super::witness::{Token, Witness};

/// An object with a reference to the next.
#[derive(Trace)]
struct Node<'gc> {
    token: Token,
    next: Lock<Option<NodeRef<'gc>>>,
    _padding: [u64; 6],
}

type NodeRef<'gc> = Gc<'gc, Node<'gc>>;

#[derive(Trace)]
#[trace(finalize)]
struct Finalized<'gc> {
    token: Token,
    _brand: Brand<'gc>,
}

impl<'gc> Finalize<'gc> for Finalized<'gc> {
    type Outcome = ();

    fn finalize(_: &Mutation<'gc>, this: Gc<'gc, Self>) {
        this.token.assert_alive();
    }
}

/// What the program builds; each in a field of its own.
#[derive(Trace)]
struct Everything<'gc> {
    list: Lock<Option<NodeRef<'gc>>>,
    vec: GcVec<'gc, NodeRef<'gc>>,
    map: GcHashMap<'gc, u32, NodeRef<'gc>>,
    weak_map: WeakMap<'gc, Node<'gc>, Node<'gc>>,
    large: Vec<Gc<'gc, [Token]>>,
}

type Root = Rootable!['gc => Everything<'gc>];

fn empty<'gc>(mc: &'gc Mutation<'gc>) -> Everything<'gc> {
    Everything {
        list: Lock::new(None),
        vec: GcVec::new(mc),
        map: GcHashMap::new(mc),
        weak_map: WeakMap::new(mc),
        large: Vec::new(),
    }
}

fn node<'gc>(
    mc: &Mutation<'gc>,
    witness: &Witness,
    next: Option<NodeRef<'gc>>,
) -> Result<NodeRef<'gc>, HeapFull<Node<'gc>>> {
    let made =
        Gc::try_new(mc, Node { token: witness.token(), next: Lock::new(next), _padding: [7; 6] });
    made.inspect_err(|full| {
        full.value.token.assert_alive();
        assert!(full.value._padding == [7; 6] && same(full.value.next.get(), next));
    })
}

fn same<'gc>(left: Option<NodeRef<'gc>>, right: Option<NodeRef<'gc>>) -> bool {
    match (left, right) {
        (None, None) => true,
        (Some(left), Some(right)) => Gc::ptr_eq(left, right),
        _ => false,
    }
}

/// Builds until something finds no room. Says whether all did.
fn build<'gc>(mc: &Mutation<'gc>, root: &mut Everything<'gc>, witness: &Witness) -> bool {
    for round in 0..40_u32 {
        for _ in 0..20 {
            let Ok(node) = node(mc, witness, root.list.get()) else { return false };
            *root.list.get_mut() = Some(node);
            let _garbage = witness.token();
            if root.vec.try_push(mc, node).is_err() {
                return false;
            }
            let key = root.map.len() as u32;
            if root.map.try_insert(mc, key, node).is_err() {
                assert!(root.map.get(&key).is_none());
                return false;
            }
        }
        let (key, value) = (root.vec.last(), root.vec.get(0));
        if let (Some(key), Some(value)) = (key, value)
            && root.weak_map.try_insert(mc, key, value).is_err()
        {
            assert!(!root.weak_map.contains_key(key));
            return false;
        }
        // Garbage, an over-aligned object, one that is large, and one that has a chunk of its own.
        let len = if round % 16 == 7 { 120_000 } else { 1000 };
        let made = witness.made();
        match Gc::try_slice_from_fn(mc, len / 10, |_| witness.token()) {
            Ok(slice) if round % 2 == 0 => root.large.push(slice),
            Ok(_) => {}
            Err(_) => {
                assert_eq!(witness.made(), made, "the closure is given back uncalled");
                return false;
            }
        }
        if Gc::try_slice_from_fn(mc, len * 3, |index| index as u64).is_err() {
            return false;
        }
    }
    true
}

fn assert_intact(root: &Everything<'_>) {
    let mut len = 0;
    let mut next = root.list.get();
    while let Some(node) = next {
        node.token.assert_alive();
        assert_eq!(node._padding, [7; 6]);
        (len, next) = (len + 1, node.next.get());
    }
    // What found no place in one may have found it in those before.
    assert!(root.vec.len() <= len && len <= root.vec.len() + 1);
    assert!(root.map.len() <= root.vec.len() && root.vec.len() <= root.map.len() + 1);
    root.vec.iter().for_each(|node| node.token.assert_alive());
    root.map.values().for_each(|node| node.token.assert_alive());
    for (key, value) in root.weak_map.iter() {
        key.token.assert_alive();
        value.token.assert_alive();
    }
    root.large.iter().flat_map(|slice| slice.iter()).for_each(Token::assert_alive);
}

fn assert_balanced<C: Collector>(arena: &Arena<Root, C>) {
    let stats = arena.stats();
    let accounted = stats.live_objects as u64 + stats.freed_objects;
    if C::ATTRIBUTES.counts_references || !C::ATTRIBUTES.reclaims_cycles {
        // What dies young is not looked at, and never collected where nothing is.
        assert!(accounted <= stats.allocated_objects, "{stats:?}");
    } else {
        assert_eq!(accounted, stats.allocated_objects, "{stats:?}");
    }
    assert!(stats.used_bytes <= stats.reserved_bytes, "{stats:?}");
}

fn settle<C: Collector>(arena: &mut Arena<Root, C>) {
    arena.mutate(|_, root| assert_intact(root));
    for generation in [0, 1, 2] {
        arena.collect_generation(generation);
        arena.enter(|_, root| assert_intact(root));
    }
    assert_balanced(arena);
}

/// The program: says whether all of it found room.
fn run<C: Collector>(arena: &mut Arena<Root, C>, witness: &Witness) -> bool {
    let mut has_room = true;
    for _ in 0..2 {
        has_room &= arena.mutate_root(|mc, root| build(mc, root, witness));
        settle(arena);
        arena.mutate_root(|mc, root| {
            *root.list.get_mut() = None;
            root.large.truncate(3);
            root.vec.clear(mc);
            root.map.clear(mc);
        });
        settle(arena);
    }
    has_room
}

/// The arena goes on where nothing is refused.
fn assert_usable<C: Collector>(arena: &mut Arena<Root, C>, witness: &Witness) {
    arena.mutate_root(|mc, root| {
        root.list.get_mut().take();
        root.vec.clear(mc);
        root.map.clear(mc);
        root.large.clear();
        let made = node(mc, witness, None).expect("there is room");
        *root.list.get_mut() = Some(made);
        root.vec.push(mc, made);
        root.map.insert(mc, 0, made);
    });
    settle(arena);
}

fn every_chunk<C: Collector + Default>() {
    for times in [Times::Once, Times::FromThenOn] {
        for granted in 0.. {
            let witness = Witness::new();
            let (made, refused) = refusing(Requests::Chunks, times, granted, || {
                catch_unwind(AssertUnwindSafe(|| {
                    let mut arena = Arena::<Root, C>::builder().nursery_bytes(100_000).build(empty);
                    let has_room = run(&mut arena, &witness);
                    (arena, has_room)
                }))
            });
            match made {
                Ok((mut arena, has_room)) => {
                    // A collector that has no memory to copy into does without.
                    assert!(refused > 0 || has_room);
                    assert_usable(&mut arena, &witness);
                }
                Err(panic) => {
                    // Only the maker of the root takes what it needs.
                    let text = panic.downcast_ref::<String>().map_or("", |text| text);
                    assert_eq!(text, "the heap is full: the system has no memory");
                    assert_eq!(granted, 0);
                }
            }
            witness.assert_all_dropped_once();
            if refused == 0 {
                assert!(granted > 4, "the program takes chunks: {granted}");
                break;
            }
        }
    }
}

fn every_limit<C: Collector + Default>() {
    // A fixed nursery, so that no limit makes another program of it.
    for blocks in 1.. {
        let witness = Witness::new();
        let limit_bytes = blocks * 4 * BLOCK_BYTES;
        let builder = Arena::<Root, C>::builder().nursery_bytes(100_000);
        let mut arena = builder.limit_bytes(limit_bytes).build(empty);
        let has_room = run(&mut arena, &witness);
        if C::ATTRIBUTES.reclaims_cycles || C::ATTRIBUTES.prompt {
            assert_usable(&mut arena, &witness);
        }
        drop(arena);
        witness.assert_all_dropped_once();
        if has_room {
            assert!(blocks > 4, "the program fills a heap: {blocks}");
            break;
        }
    }
}

/// One allocation of each kind, each refused its n-th request, whatever it is for.
fn every_request<C: Collector + Default>() {
    type Attempt = for<'gc> fn(&Mutation<'gc>, &Witness, Vec<Token>) -> Vec<Token>;
    /// What was given back; nothing if there was room.
    fn back<T>(made: Result<T, HeapFull<Vec<Token>>>) -> Vec<Token> {
        made.map_or_else(HeapFull::into_value, |_| Vec::new())
    }
    #[derive(Trace)]
    struct Large([u64; 3000], Vec<Token>);
    let attempts: [(&str, Attempt); 5] = [
        ("an object", |mc, _, tokens| back(Gc::try_new(mc, tokens))),
        ("a large object", |mc, _, tokens| {
            let made = Gc::try_new(mc, Large([1; 3000], tokens));
            made.map_or_else(|full| full.into_value().1, |_| Vec::new())
        }),
        ("an object that is finalized", |mc, witness, tokens| {
            let finalized = Finalized { token: witness.token(), _brand: Brand::new(mc) };
            match Gc::try_new(mc, finalized) {
                Ok(_) => Vec::new(),
                Err(full) => {
                    full.value.token.assert_alive();
                    tokens
                }
            }
        }),
        ("a slice", |mc, witness, tokens| {
            let made = Gc::try_slice_from_fn(mc, 20, |_| witness.token());
            if made.is_ok() { Vec::new() } else { tokens }
        }),
        ("a large slice", |mc, witness, tokens| {
            let made = Gc::try_slice_from_fn(mc, 2000, |_| witness.token());
            if made.is_ok() { Vec::new() } else { tokens }
        }),
    ];
    for (name, attempt) in attempts {
        let mut refusals = 0;
        for is_walked in [false, true] {
            let witness = Witness::new();
            let mut arena =
                Arena::<Rootable![()], C>::builder().nursery_bytes(60_000).build(|_| ());
            for round in 0..100 {
                let allocated = arena.stats().allocated_objects;
                let tokens = vec![witness.token()];
                let (back, refused) = arena.mutate(|mc, ()| {
                    refusing(Requests::All, Times::Once, round % 3, || {
                        attempt(mc, &witness, tokens)
                    })
                });
                refusals += refused;
                back.iter().for_each(Token::assert_alive);
                assert_eq!(back.is_empty(), refused == 0, "{name}: what was refused is given back");
                let more = u64::from(refused == 0);
                assert_eq!(arena.stats().allocated_objects, allocated + more, "{name}");
                if is_walked {
                    arena.inspect(|heap, _| heap.objects().for_each(|o| _ = o.size_bytes()));
                }
                if round % 50 == 49 {
                    arena.collect_generation((round / 50) as u8);
                }
                witness.assert_none_dropped_twice();
            }
            drop(arena);
            witness.assert_all_dropped_once();
        }
        assert!(refusals > 2, "{name}: {refusals} refusals");
    }
}

on_every_collector! {
    /// Every chunk that the system refuses is survived, by the mutator and by the collector.
    the_system_may_refuse_any_chunk => every_chunk
    /// Every limit is, from one that leaves next to nothing.
    any_limit_may_be_reached => every_limit
    /// What `Gc::try_new` and `Gc::try_slice_from_fn` ask for may be refused, to the smallest list.
    the_system_may_refuse_anything_to_an_allocation => every_request
}
