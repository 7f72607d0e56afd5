//! Every reference is reported once, by `visit`, `relocate` and `SLOTS` alike.
#![forbid(unsafe_code)]

use gc_derive::Trace;
use std::boxed::Box;
use std::string::String;
use std::vec;
use std::vec::Vec;

use crate::{Gc, SlotMap, Trace, described, reported};

#[derive(Trace)]
#[repr(C)]
struct Mixed<'gc> {
    first: Gc<'gc, u8>,
    plain: u32,
    #[trace(require_static)]
    name: String,
    last: Gc<'gc, str>,
}

#[test]
fn a_struct_reports_its_fields_in_order() {
    let mut mixed = Mixed { first: Gc::new(1), plain: 2, name: String::new(), last: Gc::new(3) };
    assert_eq!(reported(&mut mixed), [1, 3]);
    const { assert!(Mixed::HAS_GC) };
    assert_eq!((mixed.plain, mixed.name.len()), (2, 0));
}

#[test]
fn the_slots_of_a_struct_are_the_offsets_of_its_references() {
    let word = |offset: usize| 1_u64 << (offset / size_of::<usize>());
    let expected = word(core::mem::offset_of!(Mixed<'_>, first))
        | word(core::mem::offset_of!(Mixed<'_>, last));
    assert_eq!(Mixed::SLOTS, SlotMap::Words(expected));
}

#[derive(Trace)]
struct Nested<'gc>(u8, Mixed<'gc>, Gc<'gc, u8>);

#[test]
fn the_slots_of_a_nested_struct_are_shifted_to_its_place() {
    let SlotMap::Words(inner) = Mixed::SLOTS else { panic!("two words") };
    let (mixed, gc) = (core::mem::offset_of!(Nested<'_>, 1), core::mem::offset_of!(Nested<'_>, 2));
    let expected = inner << (mixed / size_of::<usize>()) | 1 << (gc / size_of::<usize>());
    assert_eq!(Nested::SLOTS, SlotMap::Words(expected));
}

#[derive(Trace)]
enum Shape<'gc> {
    Unit,
    Tuple(u8, Gc<'gc, u8>, #[trace(require_static)] String, Gc<'gc, u8>),
    Named { r#type: Vec<Gc<'gc, u8>>, count: u32 },
}

#[test]
fn an_enum_reports_the_variant_it_is() {
    let tuple = || Shape::Tuple(0, Gc::new(4), String::new(), Gc::new(5));
    assert_eq!(reported(&mut Shape::Unit), []);
    assert_eq!(reported(&mut tuple()), [4, 5]);
    assert_eq!(
        reported(&mut Shape::Named { r#type: vec![Gc::new(6), Gc::new(7)], count: 0 }),
        [6, 7]
    );
    const { assert!(Shape::HAS_GC) };
    assert_eq!(Shape::SLOTS, SlotMap::Dynamic);
}

#[test]
fn a_reference_is_described_by_the_fields_it_is_in() {
    fn check(value: &impl Trace, expected: &[(&str, usize)]) {
        let described = described(value);
        assert!(described.iter().map(|(name, number)| (&**name, *number)).eq(expected.to_vec()));
    }
    let mixed = Mixed { first: Gc::new(1), plain: 2, name: String::new(), last: Gc::new(3) };
    check(&Nested(0, mixed, Gc::new(4)), &[("1.first", 1), ("1.last", 3), ("2", 4)]);
    check(&Shape::Tuple(0, Gc::new(4), String::new(), Gc::new(5)), &[("1", 4), ("3", 5)]);
    // A variant is no part of a name, and a field's is what it was before it was made raw.
    check(&Shape::Named { r#type: vec![Gc::new(6)], count: 0 }, &[("type", 6)]);
    check(&Shape::Unit, &[]);
    check(&Plain::A(1), &[]);
}

#[derive(Trace)]
enum Plain {
    A(u8),
    B { b: Vec<u32> },
}

#[derive(Trace)]
struct Unit;

#[derive(Trace)]
struct Hollow {}

#[derive(Trace)]
enum Never {}

#[test]
fn types_without_references_are_never_scanned() {
    assert_eq!((Plain::HAS_GC, Plain::SLOTS), (false, SlotMap::Empty));
    assert_eq!((Unit::HAS_GC, Unit::SLOTS), (false, SlotMap::Empty));
    assert_eq!((Hollow::HAS_GC, Hollow::SLOTS), (false, SlotMap::Empty));
    assert_eq!((Never::HAS_GC, Never::SLOTS), (false, SlotMap::Empty));
    assert_eq!(reported(&mut Plain::A(1)), []);
    assert_eq!(reported(&mut Plain::B { b: vec![1] }), []);
    assert_eq!(reported(&mut Unit), []);
    assert_eq!(reported(&mut Hollow {}), []);
}

#[derive(Trace)]
#[trace(require_static)]
struct File {
    untraceable: core::cell::Cell<u64>,
}

impl Drop for File {
    fn drop(&mut self) {
        self.untraceable.set(0);
    }
}

#[derive(Trace)]
struct Holder<'gc>(File, Gc<'gc, u8>);

#[test]
fn a_static_type_holds_nothing_and_may_implement_drop() {
    let mut holder = Holder(File { untraceable: core::cell::Cell::new(3) }, Gc::new(8));
    assert_eq!((File::HAS_GC, File::SLOTS), (false, SlotMap::Empty));
    assert_eq!(reported(&mut holder), [8]);
}

#[derive(Trace)]
#[trace(unsafe_drop)]
struct Guard<'gc, T>(Gc<'gc, u8>, T);

impl<T> Drop for Guard<'_, T> {
    fn drop(&mut self) {}
}

#[test]
fn unsafe_drop_traces_as_usual() {
    assert_eq!(reported(&mut Guard(Gc::new(9), Gc::<u8>::new(10))), [9, 10]);
}

#[derive(Trace)]
struct Tail<'gc, T: ?Sized> {
    head: Gc<'gc, u8>,
    tail: T,
}

#[test]
fn a_type_with_an_unsized_tail_is_asked() {
    let mut tail: Box<Tail<'_, [Gc<'_, u8>]>> =
        Box::new(Tail { head: Gc::new(11), tail: [Gc::new(12), Gc::new(13)] });
    assert_eq!(reported(&mut *tail), [11, 12, 13]);
    assert_eq!(Tail::<[Gc<'_, u8>]>::SLOTS, SlotMap::Dynamic);
    assert!(!<Tail<'_, u8> as Trace>::SLOTS.eq(&SlotMap::Empty));
}
