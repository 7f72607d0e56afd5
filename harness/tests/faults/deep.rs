//! Structures that are as deep as there are objects, in every shape: made, collected twice, inspected,
//! let go and dropped on a small stack. A collector that recurses over any of them overflows it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::thread;

use gc_core::collector::Collector;
use gc_core::{
    Arena, DynTrace, DynamicRoot, DynamicRootSet, Gc, GcHashMap, GcVec, Lock, Mutation, Rootable,
    Static, Trace, WeakMap, dyn_trace, static_trace, unlock, unsize,
};

use super::on_every_collector;

/// A frame of 64 bytes for a fiftieth of the objects overflows it.
const STACK_BYTES: usize = 256 << 10;

/// Where the code is not optimized.
const LEN: usize = 500_000;

/// For who has the time, and memory for as much: `ci/large.sh`.
const LEN_LARGE: usize = 10_000_000;

/// Graphs are made of no more.
const GRAPH_LEN_MAX: usize = 1_000_000;

type Ref<'gc> = Gc<'gc, Object<'gc>>;
type Link<'gc> = Lock<Option<Ref<'gc>>>;

/// An object of any shape.
#[derive(Trace)]
struct Object<'gc> {
    right: Link<'gc>,
    below: Below<'gc>,
}

/// How it holds the level below it.
#[derive(Trace)]
enum Below<'gc> {
    Link(Option<Ref<'gc>>),
    Vector(GcVec<'gc, Ref<'gc>>),
    Map(GcHashMap<'gc, u32, Ref<'gc>>),
    Slice(Gc<'gc, [Ref<'gc>]>),
    Dyn(Gc<'gc, dyn Part<'gc> + 'gc>),
    Boxed { _glue: Box<usize>, _next: Box<Link<'gc>> },
    Handles { _set: DynamicRootSet<'gc>, _handle: Static<Handle> },
}

type Handle = Option<DynamicRoot<Rootable![Object<'_>]>>;

/// What a trait object holds.
trait Part<'gc>: DynTrace {}
dyn_trace!(for<'gc> dyn Part<'gc> + 'gc);

#[derive(Trace)]
struct Concrete<'gc>(Option<Ref<'gc>>);

impl<'gc> Part<'gc> for Concrete<'gc> {}

#[derive(Trace)]
struct World<'gc> {
    /// What was put on top last.
    top: Option<Ref<'gc>>,
    /// What was made first, if that keeps the rest.
    first: Option<Ref<'gc>>,
    map: WeakMap<'gc, Object<'gc>, Object<'gc>>,
    finalized: Static<Rc<Cell<usize>>>,
}

type Deep<C> = Arena<Rootable!['gc => World<'gc>], C>;

fn object<'gc>(mc: &Mutation<'gc>, below: Below<'gc>) -> Ref<'gc> {
    Gc::new(mc, Object { right: Lock::new(None), below })
}

fn pair<'gc>(mc: &Mutation<'gc>, left: Option<Ref<'gc>>, right: Option<Ref<'gc>>) -> Ref<'gc> {
    Gc::new(mc, Object { right: Lock::new(right), below: Below::Link(left) })
}

/// Puts one more on top of what there is.
type Shape = for<'gc> fn(&Mutation<'gc>, &mut World<'gc>) -> Ref<'gc>;

/// The shapes, with what share of the length each is made of, as a divisor: some take much memory for
/// each level.
const SHAPES: [(&str, usize, Shape); 12] = [
    ("a list", 1, |mc, world| pair(mc, world.top, None)),
    ("a list linked both ways", 1, |mc, world| {
        let made = pair(mc, world.top, None);
        if let Some(top) = world.top {
            unlock!(Gc::write(mc, top), Object, right).set(Some(made));
        }
        made
    }),
    ("a comb", 4, |mc, world| {
        let tooth = (0..3).fold(None, |below, _| Some(pair(mc, below, None)));
        pair(mc, world.top, tooth)
    }),
    ("a tree that is deep on the left", 2, |mc, world| {
        pair(mc, world.top, Some(pair(mc, None, None)))
    }),
    ("a tree that is deep on the right", 2, |mc, world| {
        pair(mc, Some(pair(mc, None, None)), world.top)
    }),
    ("vectors in vectors", 2, |mc, world| {
        let elements: Vec<_> = world.top.into_iter().collect();
        object(mc, Below::Vector(GcVec::from_slice(mc, &elements)))
    }),
    ("maps in maps", 8, |mc, world| {
        let map = GcHashMap::new(mc);
        map.extend(mc, world.top.into_iter().map(|top| (7, top)));
        object(mc, Below::Map(map))
    }),
    ("slices in slices", 1, |mc, world| {
        let slice = Gc::new_slice(mc, world.top.into_iter().collect::<Vec<_>>());
        object(mc, Below::Slice(slice))
    }),
    ("trait objects", 1, |mc, world| {
        let part = unsize!(Gc::new(mc, Concrete(world.top)) => dyn Part<'_>);
        object(mc, Below::Dyn(part))
    }),
    ("objects with drop glue", 1, |mc, world| {
        let next = Box::new(Lock::new(world.top));
        object(mc, Below::Boxed { _glue: Box::new(7), _next: next })
    }),
    ("sets of handles", 8, |mc, world| {
        let set = DynamicRootSet::new(mc);
        let handle = Static(world.top.map(|top| set.stash::<Rootable![Object<'_>]>(mc, top)));
        object(mc, Below::Handles { _set: set, _handle: handle })
    }),
    ("finalizers", 8, |mc, world| {
        let made = pair(mc, world.top, None);
        let finalized = Rc::clone(&world.finalized.0);
        let outcome = mc.on_unreachable::<Rootable![Object<'_>], _>(made, move |_, _| {
            finalized.set(finalized.get() + 1);
        });
        assert!(outcome.is_ok());
        made
    }),
];

/// Each is the key of the next: `first ~> .. ~> last`, and only the first is held.
fn ephemerons<'gc>(mc: &Mutation<'gc>, world: &mut World<'gc>) -> Ref<'gc> {
    let made = pair(mc, None, None);
    match world.top {
        Some(top) => _ = world.map.insert(mc, top, made),
        None => world.first = Some(made),
    }
    made
}

fn build<C: Collector + Default>(len: usize, shape: Shape) -> Deep<C> {
    let mut arena = Deep::<C>::new(|mc| World {
        top: None,
        first: None,
        map: WeakMap::new(mc),
        finalized: Static(Rc::default()),
    });
    let mut left = len;
    while left > 0 {
        let batch = left.min(10_000);
        arena.mutate_root(|mc, world| {
            for _ in 0..batch {
                world.top = Some(shape(mc, world));
            }
            left -= batch;
            if world.first.is_some() && left == 0 {
                world.top = None;
            }
        });
    }
    arena
}

fn is_small<C: Collector>(arena: &mut Deep<C>) {
    // What finalizers have seen dies at the next.
    for _ in 0..3 {
        arena.collect();
    }
    let live_objects = arena.stats().live_objects;
    if C::ATTRIBUTES.reclaims_cycles {
        assert!(live_objects < 100, "{live_objects} objects are left");
    }
}

fn live_and_die<C: Collector + Default>(len: usize, shape: Shape) {
    let mut arena = build::<C>(len, shape);
    arena.collect();
    arena.collect();
    let looks_at_all = C::ATTRIBUTES.reclaims_cycles || C::ATTRIBUTES.prompt;
    assert!(!looks_at_all || arena.stats().live_objects >= len);
    arena.inspect(|heap, world| {
        assert!(heap.objects().count() >= len);
        if len <= GRAPH_LEN_MAX
            && let Some(top) = world.top.or(world.first)
        {
            let graph = heap.graph();
            let top = graph.node(top.into()).expect("it is listed");
            assert!(world.first.is_some() || graph.dominators().retained_objects(top) >= len);
            assert!(graph.components().count() > 0);
        }
    });
    let finalized = arena.mutate_root(|_, world| {
        (world.top, world.first) = (None, None);
        Rc::clone(&world.finalized.0)
    });
    is_small(&mut arena);
    assert!(finalized.get() == 0 || finalized.get() == len);
    drop(arena);
    // And with the arena.
    drop(build::<C>(len / 2, shape));
}

fn on_a_small_stack(claim: impl FnOnce() + Send + 'static) {
    let thread = thread::Builder::new().stack_size(STACK_BYTES).spawn(claim);
    thread.expect("a thread can be started").join().expect("the claim holds");
}

fn every_shape_of<C: Collector + Default>(len: usize) {
    for (name, divisor, shape) in SHAPES {
        println!("{name}");
        on_a_small_stack(move || live_and_die::<C>(len / divisor, shape));
    }
    println!("ephemerons");
    on_a_small_stack(move || live_and_die::<C>(len / 8, ephemerons));
}

fn every_shape<C: Collector + Default>() {
    every_shape_of::<C>(LEN);
}

fn every_large_shape<C: Collector + Default>() {
    every_shape_of::<C>(LEN_LARGE);
}

on_every_collector! {
    /// Nothing recurses on the object graph, whatever its shape.
    structures_of_every_shape_may_be_deep => every_shape
}

on_every_collector! {
    #[ignore = "takes minutes and gigabytes: ci/large.sh"]
    structures_of_every_shape_may_be_ten_million_deep => every_large_shape
}

/// An arena in an object of an arena, and so on.
struct Nest {
    inner: Option<Box<dyn std::any::Any>>,
    deepest: Rc<RefCell<Option<usize>>>,
}

static_trace!(Nest);

impl Drop for Nest {
    fn drop(&mut self) {
        if self.inner.is_none() {
            let here = 0_u8;
            *self.deepest.borrow_mut() = Some((&raw const here).addr());
        }
    }
}

/// Arenas that own each other are dropped one within the other, as boxes are: that takes stack.
const NESTED: usize = 64;

/// What one level may take, without optimization.
const LEVEL_BYTES_MAX: usize = 4096;

fn nested<C: Collector + Default>() {
    type Inner<C> = Arena<Rootable![Gc<'_, Nest>], C>;
    let deepest = Rc::new(RefCell::new(None));
    let mut inner: Option<Box<dyn std::any::Any>> = None;
    for _ in 0..NESTED {
        let deepest = Rc::clone(&deepest);
        let mut arena = Inner::<C>::new(|mc| Gc::new(mc, Nest { inner: inner.take(), deepest }));
        arena.collect();
        inner = Some(Box::new(arena));
    }
    let here = 0_u8;
    drop(inner);
    let deepest = deepest.borrow().expect("all of them are dropped");
    let level_bytes = (&raw const here).addr().abs_diff(deepest) / NESTED;
    println!("{level_bytes} bytes of stack for each arena in an arena");
    // AddressSanitizer has a stack of its own for variables whose address is taken.
    let is_measured = !cfg!(asan);
    assert!(!is_measured || level_bytes < LEVEL_BYTES_MAX, "{level_bytes} bytes of stack for each");
}

on_every_collector! {
    /// What limits the depth of arenas in arenas is the stack, at so many bytes each.
    an_arena_may_own_an_arena_that_owns_an_arena => nested
}
