//! Numbers, sizes and names at their ends.

use std::cell::Cell;

use gc_core::collector::Collector;
use gc_core::{
    ArenaBuilder, Gc, GcHashMap, GcHashSet, GcVec, Lock, NullCollector, Pacing, Rootable, Sampling,
    SliceWithHeader, Static, Threshold, Trace, static_trace,
};

use crate::settings::{Alive, Setting, Token, age, attempt};

pub(crate) fn lengths_that_overflow<C: Collector + Default>(setting: Setting) {
    let arena = setting.arena::<Rootable![()], C>(|_| ());
    arena.enter(|mc, ()| {
        for len in [usize::MAX, usize::MAX / 2, usize::MAX / 4 + 1, isize::MAX as usize, 1 << 46] {
            assert!(Gc::try_slice_from_fn(mc, len, |_| 0_u64).is_err());
            assert!(Gc::try_slice_from_fn(mc, len, |_| Lock::new(None::<Gc<'_, u8>>)).is_err());
            assert!(
                attempt(|| Gc::new_slice_with_header(mc, [1_u64; 3], len, |_| [0_u8; 3])).is_err()
            );
            assert!(attempt(|| GcVec::<u64>::with_capacity(mc, len)).is_err());
            assert!(attempt(|| GcHashMap::<u64, u64>::with_capacity(mc, len)).is_err());
            assert!(attempt(|| GcHashSet::<()>::with_capacity(mc, len)).is_err());
            let vec = GcVec::from_slice(mc, &[1_u8, 2]);
            assert!(vec.try_reserve(mc, len).is_err());
            assert!(attempt(|| vec.resize(mc, len, 0)).is_err());
            assert_eq!(vec.to_vec(), [1, 2]);
            // Elements without a size are as many as one likes: nothing but the closure counts them.
            let count = Cell::new(0);
            let stop = |_| {
                if count.replace(count.get() + 1) > 9 {
                    panic!("enough")
                }
            };
            assert!(attempt(|| Gc::slice_from_fn(mc, len, stop)).is_err());
            let stop = |_| {
                if count.replace(count.get() + 1) > 20 {
                    panic!("enough")
                } else {
                    [None::<Gc<'_, u8>>; 0]
                }
            };
            assert!(attempt(|| Gc::slice_from_fn(mc, len, stop)).is_err());
        }
    });
}

pub(crate) fn settings_at_their_ends<C: Collector + Default>(setting: Setting) {
    let alive = Alive::default();
    type Tokens = Rootable![GcVec<'_, Gc<'_, Token>>];
    let builder = || setting.builder::<Tokens, C>();
    let set: [&dyn Fn(usize) -> ArenaBuilder<Tokens, C>; 4] = [
        &|number| builder().nursery_bytes(number),
        &|number| builder().epoch_bytes(number),
        &|number| builder().pacing(Pacing::from_percent(number as u16)).prompt(number == 0),
        &|number| builder().return_memory(number == 0).limit_bytes(number.max(64 << 20)),
    ];
    for number in [0, 1, 15, u32::MAX as usize, isize::MAX as usize, usize::MAX] {
        for set in set {
            let mut arena = set(number).build(|mc| GcVec::new(mc));
            let threshold =
                Threshold::AUTOMATIC.at_objects(number).at_bytes(number).at_collections(number);
            for thresholds in [[Threshold::AUTOMATIC; 3], [threshold; 3]] {
                arena.set_thresholds(thresholds);
                arena.profile_allocations(Some(Sampling::every_bytes(number).seed(number as u64)));
                arena.mutate(|mc, vec| {
                    (0..50).for_each(|_| vec.push(mc, Gc::new(mc, alive.token())));
                    vec.truncate(mc, 30);
                });
                age(&mut arena);
                arena.collect_generation(number as u8);
                arena.enter(|_, vec| vec.iter().for_each(|token| token.check()));
                assert!(arena.allocation_profile().is_some());
            }
        }
        let mut full = builder().limit_bytes(number.min(15)).build_in_a_full_heap();
        assert!(full.take().is_none());
    }
    assert_eq!(alive.count(), 0);
}

/// With no byte allowed, the root cannot be made.
trait BuildInAFullHeap {
    fn build_in_a_full_heap(self) -> Option<()>;
}

impl<C: Collector> BuildInAFullHeap for ArenaBuilder<Rootable![GcVec<'_, Gc<'_, Token>>], C> {
    fn build_in_a_full_heap(self) -> Option<()> {
        attempt(|| self.build(|mc| GcVec::new(mc))).ok().map(drop)
    }
}

pub(crate) fn external_bytes_that_overflow<C: Collector + Default>(setting: Setting) {
    let mut arena = setting.arena::<Rootable![Gc<'_, u64>], C>(|mc| Gc::new(mc, 7));
    for bytes in [usize::MAX, usize::MAX - 1, isize::MAX as usize, 1, 0] {
        arena.mutate(|mc, _| {
            mc.metrics().remove_external(bytes);
            let _ = mc.metrics().add_external(bytes);
            let _ = mc.metrics().add_external(usize::MAX);
            let _ = attempt(|| Gc::new(mc, bytes));
        });
        age(&mut arena);
        arena.enter(|mc, number| {
            mc.metrics().remove_external(usize::MAX);
            assert_eq!(**number, 7);
        });
    }
}

#[derive(Clone, Copy, Trace)]
#[repr(align(256))]
struct Aligned<'gc>(Gc<'gc, Nothing>, u8);

#[derive(Trace)]
struct Nothing;

std::thread_local! {
    static NOTHINGS: Cell<i32> = const { Cell::new(0) };
}

impl Nothing {
    fn new() -> Static<Self> {
        NOTHINGS.set(NOTHINGS.get() + 1);
        Static(Nothing)
    }
}

#[repr(align(128))]
struct Page(Token);

static_trace!(Page);

#[derive(Trace)]
struct Shapes<'gc> {
    nothings: Gc<'gc, [Static<Page>]>,
    vec: GcVec<'gc, Aligned<'gc>>,
    map: GcHashMap<'gc, (), Aligned<'gc>>,
    with_header: Gc<'gc, SliceWithHeader<Option<Aligned<'gc>>, Lock<Option<Aligned<'gc>>>>>,
    none: Gc<'gc, [[Option<Gc<'gc, u8>>; 0]]>,
}

pub(crate) fn objects_without_size_and_with_much_alignment<C: Collector + Default>(
    setting: Setting,
) {
    let alive = Alive::default();
    let mut arena = setting.arena::<Rootable![Shapes<'_>], C>(|mc| {
        let aligned = |mark| Aligned(Gc::new(mc, Nothing), mark);
        let map = GcHashMap::new(mc);
        map.insert(mc, (), aligned(1));
        map.insert(mc, (), aligned(2));
        Shapes {
            nothings: Gc::slice_from_fn(mc, 5, |_| Static(Page(alive.token()))),
            vec: GcVec::from_iter_in(mc, (0..9).map(aligned)),
            map,
            with_header: Gc::new_slice_with_header(mc, Some(aligned(3)), 9, |index| {
                Lock::new(Some(aligned(index as u8)))
            }),
            none: Gc::slice_from_fn(mc, 1000, |_| []),
        }
    });
    let _ = Nothing::new();
    for _ in 0..3 {
        age(&mut arena);
        arena.enter(|_, shapes| {
            shapes.nothings.iter().for_each(|page| page.0.0.check());
            assert!(shapes.vec.iter().zip(0..).all(|(it, mark)| it.1 == mark));
            assert_eq!(shapes.map.get(&()).unwrap().1, 2);
            let elements = shapes.with_header.slice.iter().map(|it| it.get().unwrap().1);
            assert!(elements.eq(0..9));
            assert_eq!(shapes.with_header.header.unwrap().1, 3);
            let address = std::ptr::from_ref(&shapes.with_header.header).addr();
            assert_eq!((address % 256, shapes.none.len()), (0, 1000));
        });
    }
    drop(arena);
    assert_eq!(alive.count(), 0);
}

pub(crate) fn tags_without_end<C: Collector + Default>(setting: Setting) {
    let mut arena = setting.arena::<Rootable![Gc<'_, u64>], C>(|mc| Gc::new(mc, 7));
    for round in 0..5 {
        arena.mutate(|mc, root| {
            let gone = Gc::new(mc, 1_u64);
            for tag in ["", "\0", "one", &"x".repeat(1 << 16)] {
                mc.set_tag(*root, Some(tag));
                mc.set_tag(gone, Some(tag));
                mc.set_tag(Gc::erase(*root), None);
                mc.set_tag(*root, Some(tag));
            }
            if round % 2 == 0 {
                mc.set_tag(gone, None);
            }
        });
        age(&mut arena);
        arena.inspect(|view, root| {
            let tagged: Vec<_> = view.objects_with_tag(&"x".repeat(1 << 16)).collect();
            assert!(tagged.contains(&(*root).into()));
            assert!(tagged.iter().all(|object| object.size_bytes() > 0));
        });
    }
    let _ = NullCollector;
}
