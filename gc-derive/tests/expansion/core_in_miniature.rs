//! The items of gc-core that generated code names, as small as they can be.
//!
//! A `Gc` is a number. `visit` gathers the numbers, and `relocate` adds a hundred to each, so a
//! test can say what was reported.

use std::boxed::Box;
use std::marker::PhantomData;
use std::string::String;
use std::vec::Vec;

/// As in gc-core.
///
/// # Safety
///
/// None: nothing here relies on it.
pub unsafe trait Trace {
    /// Whether there may be a `Gc` inside.
    const HAS_GC: bool;
    /// Where they are.
    const SLOTS: SlotMap;
    /// Reports them.
    fn visit(&self, edges: &mut Edges);
    /// Rewrites them.
    fn relocate(&mut self, slots: &mut Slots);
    /// Reports them with the fields they are in.
    fn describe(&self, edges: &mut NamedEdges<'_>) {
        let mut found = Edges::default();
        self.visit(&mut found);
        let name = edges.names.join(".");
        edges.found.extend(found.0.into_iter().map(|number| (name.clone(), number)));
    }
    /// Says whether values may be sent.
    fn check_send(check: &mut SendCheck<'_>) {
        check.refuse::<Self>();
    }
}

/// What `check_send` has named.
#[derive(Debug, Default)]
pub struct SendCheck<'a> {
    asked: Vec<fn(&mut SendCheck<'a>)>,
    pending: Vec<fn(&mut SendCheck<'a>)>,
    refused: Vec<&'static str>,
}

impl<'a> SendCheck<'a> {
    /// Asks the type with this function, once.
    pub fn __ask(&mut self, check_send: fn(&mut SendCheck<'a>)) {
        if !self.asked.iter().any(|&asked| std::ptr::fn_addr_eq(asked, check_send)) {
            self.asked.push(check_send);
            self.pending.push(check_send);
        }
    }
    /// No type is known.
    pub fn look_up<T: ?Sized + 'static>(&mut self) {
        self.refuse::<T>();
    }
    /// Notes the type.
    pub fn refuse<T: ?Sized>(&mut self) {
        self.refused.push(std::any::type_name::<T>());
    }
}

/// The names of the types that are in the way of sending a value, sorted.
pub fn not_send<T: Trace + ?Sized>() -> Vec<&'static str> {
    let mut check = SendCheck::default();
    check.__ask(T::check_send);
    while let Some(ask) = check.pending.pop() {
        ask(&mut check);
    }
    check.refused.sort_unstable();
    check.refused
}

/// As in gc-core.
#[derive(Debug)]
pub struct __IsSend<T: ?Sized>(PhantomData<T>);

impl<T: Send + ?Sized> __IsSend<T> {
    /// It is known to be.
    pub const __IS_SEND: bool = true;
}

/// As in gc-core.
pub trait __MayBeSend {
    /// It is not known.
    const __IS_SEND: bool = false;
}

impl<T: ?Sized> __MayBeSend for __IsSend<T> {}

/// As in gc-core, but that offsets are kept as they come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlotMap {
    /// No reference.
    Empty,
    /// One bit for each word.
    Words(u64),
    /// Ask `visit`.
    Dynamic,
}

/// As in gc-core.
pub trait __MustNotImplDrop {
    /// `()` for what has no `Drop`.
    type Ban;
}

#[allow(drop_bounds, reason = "an impl of `Drop` is meant, not drop glue")]
impl<T: Drop + ?Sized> __MustNotImplDrop for T {
    type Ban = core::convert::Infallible;
}

impl SlotMap {
    /// As in gc-core.
    pub const fn __check_drop<T: __MustNotImplDrop<Ban = ()> + ?Sized>() {}

    /// Adds a field.
    #[must_use]
    pub const fn field(self, offset_bytes: usize, field: SlotMap) -> SlotMap {
        match (self, field) {
            (map, SlotMap::Empty) => map,
            (SlotMap::Empty, SlotMap::Words(words)) => {
                SlotMap::Words(words << (offset_bytes / size_of::<usize>()))
            }
            (SlotMap::Words(others), SlotMap::Words(words)) => {
                SlotMap::Words(others | words << (offset_bytes / size_of::<usize>()))
            }
            (SlotMap::Dynamic, _) | (_, SlotMap::Dynamic) => SlotMap::Dynamic,
        }
    }
}

/// The numbers that `visit` has met.
#[derive(Debug, Default)]
pub struct Edges(pub Vec<usize>);

/// How many numbers `relocate` has raised.
#[derive(Debug, Default)]
pub struct Slots(pub usize);

/// The numbers that `describe` has met, and the names of the fields that they are in.
#[derive(Debug, Default)]
pub struct NamedEdges<'a> {
    names: Vec<&'a str>,
    found: Vec<(String, usize)>,
}

impl<'a> NamedEdges<'a> {
    /// What follows is in this field.
    pub fn __enter(&mut self, name: &'a str) {
        self.names.push(name);
    }

    /// No more.
    pub fn __leave(&mut self) {
        self.names.pop();
    }
}

/// What `describe` reports.
pub fn described<T: Trace + ?Sized>(value: &T) -> Vec<(String, usize)> {
    let mut edges = NamedEdges::default();
    value.describe(&mut edges);
    edges.found
}

/// A reference, one word large.
#[derive(Debug)]
pub struct Gc<'gc, T: ?Sized>(pub usize, pub PhantomData<(&'gc (), *const T)>);

impl<T: ?Sized> Gc<'_, T> {
    /// The reference with this number.
    #[must_use]
    pub fn new(number: usize) -> Self {
        Self(number, PhantomData)
    }
}

// SAFETY: there is nothing to uphold.
unsafe impl<T: ?Sized> Trace for Gc<'_, T> {
    const HAS_GC: bool = true;
    const SLOTS: SlotMap = SlotMap::Words(1);
    fn visit(&self, edges: &mut Edges) {
        edges.0.push(self.0);
    }
    fn relocate(&mut self, slots: &mut Slots) {
        self.0 += 100;
        slots.0 += 1;
    }
    fn check_send(_: &mut SendCheck<'_>) {}
}

macro_rules! without_references {
    ($($ty:ty),*) => {$(
        // SAFETY: there is nothing to uphold.
        unsafe impl Trace for $ty {
            const HAS_GC: bool = false;
            const SLOTS: SlotMap = SlotMap::Empty;
            fn visit(&self, _: &mut Edges) {
                panic!("HAS_GC is false, so nobody visits");
            }
            fn relocate(&mut self, _: &mut Slots) {
                panic!("HAS_GC is false, so nobody relocates");
            }
            fn check_send(_: &mut SendCheck<'_>) {}
        }
    )*};
}
without_references!(u8, u32, str);

macro_rules! containers {
    ($($ty:ty),*) => {$(
        // SAFETY: there is nothing to uphold.
        unsafe impl<T: Trace> Trace for $ty {
            const HAS_GC: bool = T::HAS_GC;
            const SLOTS: SlotMap = if T::HAS_GC { SlotMap::Dynamic } else { SlotMap::Empty };
            fn visit(&self, edges: &mut Edges) {
                self.iter().for_each(|element| element.visit(edges));
            }
            fn relocate(&mut self, slots: &mut Slots) {
                self.iter_mut().for_each(|element| element.relocate(slots));
            }
            fn check_send(check: &mut SendCheck<'_>) {
                check.__ask(<T as Trace>::check_send);
            }
        }
    )*};
}
containers!(Vec<T>, Option<T>, [T]);

// SAFETY: there is nothing to uphold.
unsafe impl<T: Trace + ?Sized> Trace for Box<T> {
    const HAS_GC: bool = T::HAS_GC;
    const SLOTS: SlotMap = if T::HAS_GC { SlotMap::Dynamic } else { SlotMap::Empty };
    fn visit(&self, edges: &mut Edges) {
        (**self).visit(edges);
    }
    fn relocate(&mut self, slots: &mut Slots) {
        (**self).relocate(slots);
    }
    fn describe(&self, edges: &mut NamedEdges<'_>) {
        (**self).describe(edges);
    }
    fn check_send(check: &mut SendCheck<'_>) {
        check.__ask(<T as Trace>::check_send);
    }
}

/// What `visit`, `relocate` and `describe` report.
///
/// # Panics
///
/// Panics if they disagree.
pub fn reported<T: Trace + ?Sized>(value: &mut T) -> Vec<usize> {
    let mut before = Edges::default();
    value.visit(&mut before);
    assert!(described(value).iter().map(|(_, number)| number).eq(&before.0), "another order");
    let mut slots = Slots::default();
    value.relocate(&mut slots);
    let mut after = Edges::default();
    value.visit(&mut after);
    assert_eq!(slots.0, before.0.len(), "visit and relocate disagree");
    assert!(
        before.0.iter().zip(&after.0).all(|(before, after)| before + 100 == *after),
        "a reference was skipped"
    );
    before.0
}
