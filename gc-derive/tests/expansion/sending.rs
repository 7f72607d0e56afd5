//! What is in the way of sending a value to another thread is found, and nothing else is.

use gc_derive::Trace;
use std::boxed::Box;
use std::cell::Cell;
use std::rc::Rc;
use std::string::String;
use std::sync::Arc;
use std::vec::Vec;

use crate::{Gc, not_send};

#[derive(Trace)]
struct Node<'gc> {
    next: Option<Gc<'gc, Node<'gc>>>,
    children: Vec<Node<'gc>>,
    #[trace(require_static)]
    name: String,
    #[trace(require_static)]
    count: Cell<u32>,
    #[trace(require_static)]
    shared: Arc<str>,
    number: u32,
}

#[test]
fn references_and_what_is_send_are_not_in_the_way() {
    assert!(not_send::<Node<'_>>().is_empty());
}

#[derive(Trace)]
enum Holder<'gc> {
    None,
    One(Gc<'gc, u8>, #[trace(require_static)] Rc<u8>),
    Two { nodes: Vec<Option<Inner<'gc>>> },
}

#[derive(Trace)]
struct Inner<'gc>(Gc<'gc, u8>, #[trace(require_static)] *const u8);

#[test]
fn every_part_that_is_not_send_is_named() {
    let names = not_send::<Holder<'_>>();
    assert_eq!(names, ["*const u8", "alloc::rc::Rc<u8>"]);
    let holders = [
        Holder::None,
        Holder::One(Gc::new(1), Rc::new(1)),
        Holder::Two { nodes: Vec::from([Some(Inner(Gc::new(2), core::ptr::null()))]) },
    ];
    let is_empty = |holder: &Holder<'_>| match holder {
        Holder::None => true,
        Holder::One(..) => false,
        Holder::Two { nodes } => nodes.is_empty(),
    };
    assert_eq!(holders.iter().filter(|holder| is_empty(holder)).count(), 1);
}

#[derive(Trace)]
enum Json {
    Null,
    List(Vec<Json>),
    Boxed(Box<Json>),
}

#[derive(Trace)]
struct Tree<'gc>(Gc<'gc, u8>, Vec<Tree<'gc>>, #[trace(require_static)] Rc<u8>);

#[test]
fn a_type_that_contains_itself_is_asked_once() {
    assert!(not_send::<Json>().is_empty());
    assert_eq!(not_send::<Tree<'_>>(), ["alloc::rc::Rc<u8>"]);
    let json = Json::List(Vec::from([Json::Null, Json::Boxed(Box::new(Json::Null))]));
    assert!(matches!(json, Json::List(list) if list.len() == 2));
}

/// A pointer that may go anywhere.
#[derive(Trace)]
#[trace(require_static)]
struct Owned(*mut u8);

// SAFETY: nobody follows it.
unsafe impl Send for Owned {}

#[derive(Trace)]
struct Plain(#[trace(require_static)] *mut u8);

// SAFETY: as above.
unsafe impl Send for Plain {}

#[derive(Trace)]
#[trace(require_static)]
struct Bound(*mut u8);

#[test]
fn a_type_may_say_itself_that_it_is_send() {
    assert!(not_send::<Owned>().is_empty());
    assert!(not_send::<Plain>().is_empty());
    assert_eq!(not_send::<Bound>().len(), 1);
    let null = core::ptr::null_mut();
    assert!(Owned(null).0.is_null() && Plain(null).0.is_null() && Bound(null).0.is_null());
}

#[derive(Trace)]
struct Any<T>(#[trace(require_static)] Option<T>);

#[derive(Trace)]
struct Sent<T: Send>(#[trace(require_static)] Option<T>);

#[derive(Trace)]
struct Traced<T>(Option<T>);

#[test]
fn in_generic_code_only_what_the_bounds_say_is_known() {
    assert_eq!(not_send::<Any<u8>>(), ["core::option::Option<u8>"]);
    assert!(not_send::<Sent<u8>>().is_empty());
    assert!(not_send::<Traced<u8>>().is_empty());
    assert_eq!(not_send::<Traced<Bound>>().len(), 1);
    assert!(Any(Some(1)).0 == Sent(Some(1)).0 && Traced(Some(1)).0 == Some(1));
}

/// What the derive of a type asks is not what the type's own items of these names say.
#[derive(Trace)]
struct Misled(#[trace(require_static)] Rc<u8>);

impl Misled {
    const __IS_SEND: bool = true;

    fn part(&self) -> &u8 {
        &self.0
    }
}

#[test]
fn the_users_own_names_do_not_answer() {
    assert_eq!(not_send::<Misled>(), ["alloc::rc::Rc<u8>"]);
    const { assert!(Misled::__IS_SEND) };
    assert_eq!(*Misled(Rc::new(1)).part(), 1);
}
