//! What can be reached lives on, with its contents intact, however it is reached.
//!
//! ```text
//!   root -> holder -> (the container in question) -> leaf 0, leaf 1, ..
//! ```

use std::collections::{BTreeMap, HashMap, LinkedList, VecDeque};
use std::pin::Pin;

use gc_core::collector::Collector;
use gc_core::{
    DynTrace, Gc, Lock, Mutation, OnceLock, RefLock, Root, Rootable, SliceWithHeader, Trace,
    dyn_trace, unsize,
};

use super::trial::{Setting, age};

type Leaf<'gc> = Gc<'gc, u32>;

fn leaf<'gc>(mc: &Mutation<'gc>, value: u32) -> Leaf<'gc> {
    Gc::new(mc, value)
}

/// Makes a root, ages it, and looks at it after every step.
fn lives_on<C, R>(
    make: impl for<'gc> Fn(&'gc Mutation<'gc>) -> Root<'gc, R>,
    look: impl for<'gc> Fn(&'gc Root<'gc, R>) -> Vec<u32>,
    expected: &[u32],
) where
    C: Collector + Default,
    R: for<'a> Rootable<'a>,
    for<'a> Root<'a, R>: Sized + Trace,
{
    Setting::each(|setting| {
        let mut arena = setting.arena::<R, C>(&make);
        arena.enter(|_, root| assert_eq!(look(root), expected));
        for _ in 0..3 {
            age(&mut arena);
            arena.mutate(|_, root| assert_eq!(look(root), expected));
        }
    });
}

/// `root -> (vec, array, tuple, option, map) -> leaves`, without an object in between.
pub fn what_the_root_holds_directly_lives_on<C: Collector + Default>() {
    type Parts<'gc> = (
        Vec<Leaf<'gc>>,
        [Leaf<'gc>; 2],
        (u8, Leaf<'gc>),
        Option<Leaf<'gc>>,
        BTreeMap<u8, Leaf<'gc>>,
    );
    lives_on::<C, Rootable!['gc => Parts<'gc>]>(
        |mc| {
            (
                (0..100).map(|value| leaf(mc, value)).collect(),
                [leaf(mc, 100), leaf(mc, 101)],
                (1, leaf(mc, 102)),
                Some(leaf(mc, 103)),
                BTreeMap::from([(9, leaf(mc, 104))]),
            )
        },
        |(vec, array, tuple, option, map)| {
            let rest = array.iter().chain([&tuple.1]).chain(option).chain(map.values());
            vec.iter().chain(rest).map(|leaf| **leaf).collect()
        },
        &(0..105).collect::<Vec<_>>(),
    );
}

/// `root -> holder -> Lock, RefLock, OnceLock -> leaves`.
pub fn what_locks_hold_lives_on<C: Collector + Default>() {
    type Locks<'gc> = (Lock<Leaf<'gc>>, RefLock<Leaf<'gc>>, Gc<'gc, OnceLock<Leaf<'gc>>>);
    lives_on::<C, Rootable!['gc => Gc<'gc, Locks<'gc>>]>(
        |mc| {
            let once = Gc::new(mc, OnceLock::new());
            once.set(mc, leaf(mc, 3)).expect("it is empty");
            Gc::new(mc, (Lock::new(leaf(mc, 1)), RefLock::new(leaf(mc, 2)), once))
        },
        |locks| vec![*locks.0.get(), **locks.1.borrow(), **locks.2.get().expect("it is filled")],
        &[1, 2, 3],
    );
}

/// `root -> holder -> Option, Result, Box, Pin, nested options, nested locks -> leaves`.
pub fn what_wrappers_hold_lives_on<C: Collector + Default>() {
    #[derive(Trace)]
    struct Wrappers<'gc> {
        option: Option<Leaf<'gc>>,
        nested: Option<Option<Leaf<'gc>>>,
        okay: Result<Leaf<'gc>, u8>,
        error: Result<u8, Leaf<'gc>>,
        boxed: Box<Leaf<'gc>>,
        pinned: Pin<Box<Leaf<'gc>>>,
        lock: Option<Lock<Leaf<'gc>>>,
        deep: Box<RefLock<Option<Box<Leaf<'gc>>>>>,
    }
    lives_on::<C, Rootable!['gc => Gc<'gc, Wrappers<'gc>>]>(
        |mc| {
            Gc::new(
                mc,
                Wrappers {
                    option: Some(leaf(mc, 1)),
                    nested: Some(Some(leaf(mc, 2))),
                    okay: Ok(leaf(mc, 3)),
                    error: Err(leaf(mc, 4)),
                    boxed: Box::new(leaf(mc, 5)),
                    pinned: Box::pin(leaf(mc, 6)),
                    lock: Some(Lock::new(leaf(mc, 7))),
                    deep: Box::new(RefLock::new(Some(Box::new(leaf(mc, 8))))),
                },
            )
        },
        |all| {
            let deep = all.deep.borrow();
            let mut leaves = vec![all.option.unwrap(), all.nested.unwrap().unwrap()];
            leaves.extend([all.okay.unwrap(), all.error.unwrap_err(), *all.boxed, *all.pinned]);
            leaves.extend([all.lock.as_ref().unwrap().get(), **deep.as_ref().unwrap()]);
            leaves.iter().map(|leaf| **leaf).collect()
        },
        &[1, 2, 3, 4, 5, 6, 7, 8],
    );
}

/// `root -> holder -> Vec, VecDeque, LinkedList, Box<[T]> -> leaves`.
pub fn what_sequences_hold_lives_on<C: Collector + Default>() {
    type Sequences<'gc> =
        (Vec<Leaf<'gc>>, VecDeque<Leaf<'gc>>, LinkedList<Leaf<'gc>>, Box<[Leaf<'gc>]>);
    lives_on::<C, Rootable!['gc => Gc<'gc, Sequences<'gc>>]>(
        |mc| {
            // More than the 64 that a sink gathers.
            let mut deque: VecDeque<_> = (210..300).map(|value| leaf(mc, value)).collect();
            // It wraps around in its buffer.
            (200..210).rev().for_each(|value| deque.push_front(leaf(mc, value)));
            Gc::new(
                mc,
                (
                    (0..200).map(|value| leaf(mc, value)).collect(),
                    deque,
                    (300..400).map(|value| leaf(mc, value)).collect(),
                    (400..500).map(|value| leaf(mc, value)).collect(),
                ),
            )
        },
        |all| {
            let (vec, deque, list, boxed) = &**all;
            vec.iter().chain(deque).chain(list).chain(boxed).map(|leaf| **leaf).collect()
        },
        &(0..500).collect::<Vec<_>>(),
    );
}

/// `root -> holder -> BTreeMap, HashMap -> leaves`.
pub fn the_values_of_maps_live_on<C: Collector + Default>() {
    type Maps<'gc> = (BTreeMap<u32, Leaf<'gc>>, HashMap<String, Leaf<'gc>>);
    lives_on::<C, Rootable!['gc => Gc<'gc, Maps<'gc>>]>(
        |mc| {
            let ordered = (0..100).map(|key| (key, leaf(mc, key))).collect();
            let hashed = (100..200).map(|key| (key.to_string(), leaf(mc, key))).collect();
            Gc::new(mc, (ordered, hashed))
        },
        |both| {
            let (ordered, hashed) = &**both;
            let hashed = (100..200).map(|key| *hashed[&u32::to_string(&key)]);
            ordered.values().map(|leaf| **leaf).chain(hashed).collect()
        },
        &(0..200).collect::<Vec<_>>(),
    );
}

/// `root -> holder -> arrays, tuples, enum variants, a struct of 70 words -> leaves`.
pub fn what_plain_data_holds_lives_on<C: Collector + Default>() {
    #[derive(Trace)]
    enum Choice<'gc> {
        Nothing,
        One(Leaf<'gc>),
        Named { padding: u8, leaf: Leaf<'gc> },
    }
    #[derive(Trace)]
    struct Plain<'gc> {
        array: [Leaf<'gc>; 3],
        tuple: (u8, Leaf<'gc>, u64, Leaf<'gc>),
        choices: [Choice<'gc>; 3],
        // Beyond the 64 words that a bit map describes.
        padding: [u64; 64],
        last: Leaf<'gc>,
    }
    lives_on::<C, Rootable!['gc => Gc<'gc, Plain<'gc>>]>(
        |mc| {
            let named = Choice::Named { padding: 7, leaf: leaf(mc, 7) };
            Gc::new(
                mc,
                Plain {
                    array: [1, 2, 3].map(|value| leaf(mc, value)),
                    tuple: (0, leaf(mc, 4), 0, leaf(mc, 5)),
                    choices: [Choice::One(leaf(mc, 6)), Choice::Nothing, named],
                    padding: [8; 64],
                    last: leaf(mc, 9),
                },
            )
        },
        |plain| {
            let mut values = plain.array.map(|leaf| *leaf).to_vec();
            values.extend([*plain.tuple.1, *plain.tuple.3]);
            values.extend(plain.choices.iter().filter_map(|choice| match choice {
                Choice::Nothing => None,
                Choice::One(leaf) => Some(**leaf),
                Choice::Named { padding, leaf } => Some(**leaf).filter(|_| *padding == 7),
            }));
            values.extend([plain.padding.iter().max().map_or(0, |max| *max as u32), *plain.last]);
            values
        },
        &[1, 2, 3, 4, 5, 6, 7, 8, 9],
    );
}

/// `root -> slice -> leaves`, for slices of every size class, and strings.
pub fn what_slices_hold_lives_on<C: Collector + Default>() {
    for len in [0, 1, 64, 65, 1000, 30_000] {
        lives_on::<C, Rootable!['gc => Gc<'gc, [Leaf<'gc>]>]>(
            |mc| Gc::new_slice(mc, (0..len).map(|value| leaf(mc, value))),
            |slice| slice.iter().map(|leaf| **leaf).collect(),
            &(0..len).collect::<Vec<_>>(),
        );
    }
    lives_on::<C, Rootable!['gc => Gc<'gc, [Gc<'gc, str>]>]>(
        |mc| Gc::slice_from_fn(mc, 20, |len| Gc::new_str(mc, &"é".repeat(len))),
        |texts| {
            assert!(texts.iter().all(|text| text.chars().all(|c| c == 'é')));
            texts.iter().map(|text| text.chars().count() as u32).collect()
        },
        &(0..20).collect::<Vec<_>>(),
    );
}

/// `root -> header and slice in one object -> leaves`, with references in either or both.
pub fn what_a_slice_with_a_header_holds_lives_on<C: Collector + Default>() {
    type Headed<'gc, H, T> = Gc<'gc, SliceWithHeader<H, T>>;
    for len in [0, 1, 3, 64, 65, 500] {
        let all: Vec<u32> = (0..=len).collect();
        lives_on::<C, Rootable!['gc => Headed<'gc, Leaf<'gc>, Leaf<'gc>>]>(
            |mc| {
                Gc::new_slice_with_header(mc, leaf(mc, 0), len as usize, |i| leaf(mc, i as u32 + 1))
            },
            |both| [&both.header].into_iter().chain(&both.slice).map(|leaf| **leaf).collect(),
            &all,
        );
        lives_on::<C, Rootable!['gc => Headed<'gc, Option<Leaf<'gc>>, u16>]>(
            |mc| Gc::new_slice_with_header(mc, Some(leaf(mc, 0)), len as usize, |i| i as u16 + 1),
            |both| {
                let rest = both.slice.iter().map(|&value| value.into());
                both.header.iter().map(|leaf| **leaf).chain(rest).collect()
            },
            &all,
        );
        lives_on::<C, Rootable!['gc => Headed<'gc, u8, (u8, Leaf<'gc>)>]>(
            |mc| {
                let element = |i: usize| (i as u8, leaf(mc, i as u32 + 1));
                Gc::new_slice_with_header(mc, 0, len as usize, element)
            },
            |both| {
                assert!((0..).zip(&both.slice).all(|(i, element)| element.0 == i as u8));
                let rest = both.slice.iter().map(|element| *element.1);
                [both.header.into()].into_iter().chain(rest).collect()
            },
            &all,
        );
    }
}

trait Shape<'gc>: DynTrace {
    fn leaf(&self) -> Leaf<'gc>;
}
dyn_trace!(for<'gc> dyn Shape<'gc> + 'gc);

#[derive(Trace)]
struct Square<'gc>(u8, Leaf<'gc>);

impl<'gc> Shape<'gc> for Square<'gc> {
    fn leaf(&self) -> Leaf<'gc> {
        self.1
    }
}

#[derive(Trace)]
struct Circle<'gc>(Leaf<'gc>);

impl<'gc> Shape<'gc> for Circle<'gc> {
    fn leaf(&self) -> Leaf<'gc> {
        self.0
    }
}

/// `root -> Gc<dyn Trait> and Box<dyn Trait> -> leaves`; methods answer after every move.
pub fn what_trait_objects_hold_lives_on<C: Collector + Default>() {
    type Shapes<'gc> = (Vec<Gc<'gc, dyn Shape<'gc> + 'gc>>, Vec<Box<dyn Shape<'gc> + 'gc>>);
    lives_on::<C, Rootable!['gc => Gc<'gc, Shapes<'gc>>]>(
        |mc| {
            let square = Square(0, leaf(mc, 1));
            let shapes: Vec<Gc<'_, dyn Shape<'_>>> = vec![
                unsize!(Gc::new(mc, square) => dyn Shape<'_>),
                unsize!(Gc::new(mc, Circle(leaf(mc, 2))) => dyn Shape<'_>),
            ];
            let boxes: Vec<Box<dyn Shape<'_>>> =
                vec![Box::new(Circle(leaf(mc, 3))), Box::new(Square(0, leaf(mc, 4)))];
            Gc::new(mc, (shapes, boxes))
        },
        |both| {
            let (shapes, boxes) = &**both;
            let boxes = boxes.iter().map(|shape| *shape.leaf());
            shapes.iter().map(|shape| *shape.leaf()).chain(boxes).collect()
        },
        &[1, 2, 3, 4],
    );
}

/// `root -> erased -> leaves`: what the collector does comes from the object, not from the type
/// of the reference.
pub fn what_an_erased_reference_keeps_lives_on<C: Collector + Default>() {
    type Erased<'gc> = (Gc<'gc, ()>, Leaf<'gc>);
    lives_on::<C, Rootable!['gc => Erased<'gc>]>(
        |mc| {
            let shared = leaf(mc, 5);
            let holder = Gc::new(mc, (1_u64, shared));
            (Gc::erase(holder), shared)
        },
        |(erased, shared)| {
            // SAFETY: the object was made as this pair, which it still is.
            let holder = unsafe { Gc::cast::<(u64, Leaf<'_>)>(*erased) };
            assert!(Gc::ptr_eq(holder.1, *shared));
            vec![holder.0 as u32, *holder.1]
        },
        &[1, 5],
    );
}
