//! Items and fields of the user's, whatever they are called, neither break generated code nor take
//! the place of what it names.
#![forbid(unsafe_code)]
#![allow(dead_code, reason = "the items are there to be in the way")]

use gc_derive::Trace;

use crate::{Gc, SlotMap, reported};

#[derive(Trace)]
struct Shadowing<'gc> {
    inner: Inner<'gc>,
    edges: Gc<'gc, u8>,
    slots: Gc<'gc, u8>,
    map: Gc<'gc, u8>,
    fields: Gc<'gc, u8>,
    field_0: Gc<'gc, u8>,
}

#[derive(Trace)]
struct Inner<'gc>(Gc<'gc, u8>);

impl Inner<'_> {
    const HAS_GC: bool = false;
    const SLOTS: SlotMap = SlotMap::Empty;
    fn visit(&self, _: &mut crate::Edges) -> ! {
        panic!("not the trait's, at {}", self.0.0);
    }
    fn relocate(&mut self, _: &mut crate::Slots) -> ! {
        panic!("not the trait's, at {}", self.0.0);
    }
    fn describe(&self, _: &mut crate::NamedEdges<'_>) -> ! {
        panic!("not the trait's, at {}", self.0.0);
    }
}

impl Shadowing<'_> {
    const HAS_GC: bool = false;
    const SLOTS: SlotMap = SlotMap::Empty;
}

#[derive(Trace)]
enum Choice<'gc> {
    Inner(Inner<'gc>),
    Edges { edges: Gc<'gc, u8> },
}

impl Choice<'_> {
    const HAS_GC: bool = false;
}

#[test]
fn inherent_items_do_not_shadow_those_of_the_trait() {
    let new = Gc::new;
    let mut value = Shadowing {
        inner: Inner(new(1)),
        edges: new(2),
        slots: new(3),
        map: new(4),
        fields: new(5),
        field_0: new(6),
    };
    assert_eq!(reported(&mut value), [1, 2, 3, 4, 5, 6]);
    assert_ne!(<Shadowing<'_> as crate::Trace>::SLOTS, SlotMap::Empty);
    assert_eq!(<Choice<'_> as crate::Trace>::SLOTS, SlotMap::Dynamic);
    assert_eq!(reported(&mut Choice::Inner(Inner(new(1)))), [1]);
    assert_eq!(reported(&mut Choice::Edges { edges: new(2) }), [2]);
}

mod foreign_names {
    use gc_derive::Trace as Derived;

    trait Trace {}
    trait Drop {}
    trait Sized {}
    struct SlotMap;
    struct Edges;
    struct Slots;
    struct NamedEdges;
    mod core {}
    mod gc_core {}

    impl<T> Trace for T {}
    impl<T> Drop for T {}
    impl<T> Sized for T {}

    #[derive(Derived)]
    pub(super) struct T<'gc, Edges>(pub(super) crate::Gc<'gc, u8>, pub(super) Edges);
}

#[test]
fn names_in_scope_do_not_stand_in_for_those_of_the_trait() {
    assert_eq!(reported(&mut foreign_names::T(Gc::new(1), 2_u8)), [1]);
}

macro_rules! define {
    ($name:ident, $field:ident: $ty:ty, $visibility:vis) => {
        #[derive(Trace)]
        $visibility struct $name<'gc> {
            first: Gc<'gc, u8>,
            $field: $ty,
        }

        impl<'gc> $name<'gc> {
            fn new(first: Gc<'gc, u8>, $field: $ty) -> Self {
                Self { first, $field }
            }
        }
    };
}

define!(FromMacro, second: Option<Gc<'static, u8>>, pub(crate));

#[test]
fn a_type_that_a_macro_defines_can_be_derived() {
    assert_eq!(reported(&mut FromMacro::new(Gc::new(1), Some(Gc::new(2)))), [1, 2]);
}

#[deprecated]
#[derive(Trace)]
struct Old<'gc> {
    #[deprecated]
    gc: Gc<'gc, u8>,
}

#[derive(Trace)]
enum Kept<'gc> {
    #[deprecated]
    #[allow(deprecated, reason = "it names a deprecated type")]
    Old(Old<'gc>),
    New(u8),
}

#[test]
fn deprecated_types_fields_and_variants_are_traced_without_a_warning() {
    assert_eq!(reported(&mut Kept::New(1)), []);
}

#[deny(clippy::absolute_paths, unused_qualifications)]
mod strict {
    use super::Gc;

    #[derive(gc_derive::Trace)]
    #[allow(clippy::absolute_paths, unused_qualifications, reason = "what the test is about")]
    pub(super) struct Qualified<'gc>(
        pub(super) Gc<'gc, u8>,
        #[trace(require_static)] pub(super) std::string::String,
        pub(super) std::option::Option<std::boxed::Box<u8>>,
    );
}

#[test]
fn lints_that_a_type_allows_are_allowed_for_what_is_derived() {
    assert_eq!(reported(&mut strict::Qualified(Gc::new(1), std::string::String::new(), None)), [1]);
}
