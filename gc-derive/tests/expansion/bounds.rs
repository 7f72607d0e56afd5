//! The impl applies to as many types as it can.
#![forbid(unsafe_code)]

use core::cell::Cell;
use core::marker::PhantomData;
use gc_derive::{Trace, TraceForFacade};
use std::vec;
use std::vec::Vec;

use crate::{Gc, SlotMap, Trace, reported};

#[derive(Trace)]
struct Generic<'gc, T: Copy, U = u8, const N: usize = 1>
where
    U: 'gc,
{
    a: T,
    b: U,
    #[trace(require_static)]
    c: [u8; N],
    d: Gc<'gc, U>,
}

#[test]
fn parameters_keep_their_bounds_and_defaults() {
    let mut generic: Generic<'_, u8> = Generic { a: 1, b: 2, c: [3], d: Gc::new(4) };
    assert_eq!(reported(&mut generic), [4]);
    assert_eq!((generic.a, generic.b, generic.c), (1, 2, [3]));
}

#[derive(Trace)]
struct Task<'gc, W, V> {
    #[trace(require_static)]
    waker: Cell<W>,
    value: V,
    gc: Gc<'gc, W>,
    #[trace(require_static)]
    concrete: Cell<u8>,
}

#[derive(Trace)]
struct OnlyStatic<W> {
    #[trace(require_static)]
    waker: W,
}

#[test]
fn a_parameter_of_static_fields_alone_need_not_be_trace() {
    let untraceable = Cell::new(1);
    assert_eq!(reported(&mut OnlyStatic { waker: untraceable }), []);
    let mut task =
        Task { waker: Cell::new(1_u8), value: 2_u8, gc: Gc::new(3), concrete: Cell::new(4) };
    assert_eq!(reported(&mut task), [3]);
    assert_eq!((task.waker.get(), task.value, task.concrete.get()), (1, 2, 4));
}

// Has an associated type.
trait Storage {
    type Item;
}

struct Numbers;

impl Storage for Numbers {
    type Item = Gc<'static, u8>;
}

#[derive(Trace)]
#[trace(bound = "where S: Storage, S::Item: Trace")]
struct Stack<S: Storage> {
    items: Vec<S::Item>,
}

#[derive(Trace)]
#[trace(bound = "")]
struct Phantom<'gc, T> {
    gc: Gc<'gc, T>,
    #[trace(require_static)]
    count: u8,
}

#[test]
fn a_bound_replaces_the_default() {
    assert_eq!(reported(&mut Stack::<Numbers> { items: vec![Gc::new(1)] }), [1]);
    assert_eq!(reported(&mut Phantom::<Cell<u8>> { gc: Gc::new(2), count: 0 }), [2]);
    assert_eq!(Phantom { gc: Gc::<u8>::new(0), count: 7 }.count, 7);
}

#[derive(Trace)]
#[trace(require_static)]
struct Wrapper<T>(Cell<T>);

#[test]
fn a_static_type_asks_nothing_of_its_parameters() {
    assert_eq!((Wrapper::<Cell<u8>>::HAS_GC, Wrapper::<u8>::SLOTS), (false, SlotMap::Empty));
    assert_eq!(reported(&mut Wrapper(Cell::new(3))), []);
    assert_eq!(Wrapper(Cell::new(3)).0.get(), 3);
}

#[derive(TraceForFacade)]
struct ForFacade<'a, 'gc>(Gc<'gc, &'a u8>);

#[derive(Trace)]
#[trace(no_drop, gc_lifetime = 'gc, crate = crate::core_in_miniature)]
struct Elsewhere<'a, 'gc>(Gc<'gc, &'a u8>);

#[test]
fn the_trait_is_found_where_the_derive_is_told() {
    assert_eq!(reported(&mut ForFacade(Gc::new(1))), [1]);
    assert_eq!(reported(&mut Elsewhere(Gc::new(2))), [2]);
}

#[test]
fn a_type_of_a_function_body_can_be_derived() {
    #[derive(Trace)]
    struct Local<'gc, T>(Gc<'gc, T>, #[trace(require_static)] PhantomData<u8>);
    assert_eq!(reported(&mut Local::<u8>(Gc::new(1), PhantomData)), [1]);
}
