//! The iterator or closure that fills a slice is user code in the middle of an allocation: it may
//! lie about its length, allocate, enter the arena again, or panic.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use gc_core::collector::Collector;
use gc_core::{Arena, DynamicRoot, Gc, Rootable, SliceWithHeader};

use super::trial::{Setting, age, litter, reclaims, settle};
use super::witness::{Token, Witness};

type Tokens<'gc> = Gc<'gc, [Token]>;
type Kept<C> = Arena<Rootable!['gc => Vec<Tokens<'gc>>], C>;

/// An iterator that promises `promised` elements and yields those of `rest`.
struct Liar<I> {
    promised: usize,
    rest: I,
}

impl<I: Iterator> Iterator for Liar<I> {
    type Item = I::Item;

    fn next(&mut self) -> Option<I::Item> {
        self.rest.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.promised, Some(self.promised))
    }
}

impl<I: Iterator> ExactSizeIterator for Liar<I> {
    fn len(&self) -> usize {
        self.promised
    }
}

/// Lengths on both sides of every border: small, in segments, large.
const LENGTHS: [usize; 5] = [1, 63, 64, 65, 3000];

/// It promises more than it yields: a panic, and what it yielded is dropped once.
pub fn an_iterator_that_ends_early_is_refused<C: Collector + Default>() {
    Setting::each(|setting| {
        let mut arena: Kept<C> = setting.arena(|_| Vec::new());
        for len in LENGTHS {
            let witness = Witness::default();
            let tokens = (0..len as u32).map(|name| witness.token(name));
            let liar = Liar { promised: len + 1, rest: tokens };
            let made = catch_unwind(AssertUnwindSafe(|| {
                arena.mutate_root(|mc, kept| kept.push(Gc::new_slice(mc, liar)));
            }));
            assert!(made.is_err());
            assert_eq!(witness.sorted(), (0..len as u32).collect::<Vec<_>>());
            age(&mut arena);
            arena.enter(|_, kept| assert!(kept.is_empty()));
        }
        // Not even the unfinished ones are dropped again.
        drop(arena);
    });
}

/// It yields more than it promised: the slice is as long as promised, and the rest stays in the
/// iterator.
pub fn what_an_iterator_yields_too_much_stays_in_it<C: Collector + Default>() {
    Setting::each(|setting| {
        for len in LENGTHS {
            let witness = Witness::default();
            let mut arena: Kept<C> = setting.arena(|_| Vec::new());
            let mut tokens = (0..len as u32 + 5).map(|name| witness.token(name));
            arena.mutate_root(|mc, kept| {
                let liar = Liar { promised: len, rest: tokens.by_ref() };
                kept.push(Gc::new_slice(mc, liar));
            });
            assert_eq!(tokens.len(), 5);
            age(&mut arena);
            arena.enter(|_, kept| {
                assert!(kept[0].iter().map(|token| token.name).eq(0..len as u32));
                assert!(kept[0].iter().all(Token::is_intact));
            });
            assert_eq!(witness.count(), 0);
        }
    });
}

/// The closure panics at each of several elements: those before it are dropped once, the header
/// too.
pub fn a_closure_that_panics_leaves_nothing_behind<C: Collector + Default>() {
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena: Kept<C> = setting.arena(|_| Vec::new());
        let mut names = 0..;
        for len in LENGTHS {
            for stop in [0, len / 2, len - 1] {
                let made = catch_unwind(AssertUnwindSafe(|| {
                    arena.mutate(|mc, _| {
                        let header = witness.token(names.next().expect("endless"));
                        let _ = Gc::new_slice_with_header(mc, header, len, |i| {
                            if i == stop {
                                resume_unwind(Box::new(()));
                            }
                            witness.token(names.next().expect("endless"))
                        });
                    });
                }));
                assert!(made.is_err());
                assert_eq!(witness.sorted(), (0..names.start).collect::<Vec<_>>());
            }
        }
        age(&mut arena);
        arena.mutate_root(|mc, kept| {
            kept.push(Gc::slice_from_fn(mc, 3, |i| witness.token(900_000 + i as u32)))
        });
        age(&mut arena);
        assert_eq!(witness.sorted(), (0..names.start).collect::<Vec<_>>());
    });
}

/// Every element is an object that was allocated while the slice was being filled, among garbage.
pub fn a_closure_may_allocate<C: Collector + Default>() {
    type Nested<'gc> = Gc<'gc, [Gc<'gc, [Gc<'gc, Token>]>]>;
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena = setting.arena::<Rootable!['gc => Option<Nested<'gc>>], C>(|_| None);
        for round in 0..3 {
            arena.mutate_root(|mc, root| {
                *root = Some(Gc::slice_from_fn(mc, 70, |outer| {
                    Gc::slice_from_fn(mc, outer, |inner| {
                        if inner % 16 == 0 {
                            litter(mc);
                        }
                        Gc::new(mc, witness.token(round * 10_000 + (outer * 100 + inner) as u32))
                    })
                }));
            });
            age(&mut arena);
            arena.enter(|_, root| {
                for (outer, slice) in root.expect("made").iter().enumerate() {
                    let names =
                        (0..outer).map(|inner| round * 10_000 + (outer * 100 + inner) as u32);
                    assert!(slice.iter().all(|token| token.is_intact()));
                    assert!(slice.iter().map(|token| token.name).eq(names));
                }
            });
            let dead = if reclaims::<C>() { round as usize * 70 * 69 / 2 } else { 0 };
            assert_eq!(witness.count(), dead);
        }
    });
}

/// The closure enters the arena again, reads, writes, and comes and goes with handles.
pub fn a_closure_may_enter_again<C: Collector + Default>() {
    type Leaf = Rootable![Token];
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena: Kept<C> =
            setting.arena(|mc| vec![Gc::slice_from_fn(mc, 1, |_| witness.token(7))]);
        age(&mut arena);
        let handles: Vec<DynamicRoot<Leaf>> = arena.enter(|mc, _| {
            let mut handles = Vec::new();
            let slice = Gc::slice_from_fn(mc, 100, |i| {
                arena.enter(|mc, kept| {
                    assert!(kept[0][0].is_intact());
                    let handle = mc.stash::<Leaf>(Gc::new(mc, witness.token(1000 + i as u32)));
                    handles.push(handle.clone());
                    if i % 2 == 0 {
                        handles.pop();
                    }
                });
                i
            });
            assert!(slice.iter().copied().eq(0..100));
            handles
        });
        settle(&mut arena);
        arena.enter(|mc, _| {
            let names = handles.iter().map(|handle| mc.fetch(handle).name);
            assert!(names.eq((1001..1100).step_by(2)));
        });
        let dead = (1000..1100).step_by(2).collect();
        assert_eq!(witness.sorted(), if reclaims::<C>() { dead } else { vec![] });
    });
}

/// Lengths that no memory could hold are refused before anything is made.
pub fn lengths_beyond_memory_are_refused<C: Collector + Default>() {
    let mut arena: Arena<Rootable!['gc => Option<Gc<'gc, u32>>], C> =
        Arena::new(|mc| Some(Gc::new(mc, 5)));
    age(&mut arena);
    for len in [usize::MAX, usize::MAX / 8, usize::MAX / 16, isize::MAX as usize / 16, 1 << 56] {
        arena.mutate(|mc, _| {
            let never = |_| -> u64 { unreachable!("there is no memory for it") };
            assert!(Gc::try_slice_from_fn(mc, len, never).is_err());
        });
        let made = catch_unwind(AssertUnwindSafe(|| {
            arena.mutate(|mc, _| {
                let _ =
                    Gc::<SliceWithHeader<u64, [u64; 3]>>::new_slice_with_header(mc, 1, len, |_| {
                        unreachable!("there is no memory for it")
                    });
            });
        }));
        let panic = made.expect_err("it is refused");
        let text = panic.downcast_ref::<String>().expect("a message");
        assert!(text.contains("the heap is full"), "{text}");
    }
    age(&mut arena);
    arena.enter(|_, root| assert_eq!(root.map(|value| *value), Some(5)));
}
