//! Types of `core`.

use core::fmt;
use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};

use crate::place::NamedEdges;
use crate::send_check::SendCheck;
use crate::trace::{Edges, SlotMap, Slots, Trace};

/// Implements [`Trace`](crate::Trace) for types that hold no `Gc`.
///
/// # Examples
///
/// ```
/// struct Color(u8, u8, u8);
/// gc_core::static_trace!(Color);
/// ```
#[macro_export]
macro_rules! static_trace {
    ($($type:ty),+ $(,)?) => {$(
        // SAFETY: the type is `'static`, so it holds no `Gc` (checked by the bound).
        unsafe impl $crate::Trace for $type
        where
            $type: 'static,
        {
            const HAS_GC: bool = false;
            const SLOTS: $crate::SlotMap = $crate::SlotMap::Empty;

            #[inline]
            fn visit(&self, _: &mut $crate::Edges) {}

            #[inline]
            fn relocate(&mut self, _: &mut $crate::Slots) {}

            fn check_send(check: &mut $crate::SendCheck<'_>) {
                #[allow(unused_imports, reason = "it answers where the compiler does not know")]
                use $crate::__MayBeSend as _;
                if !<$crate::__IsSend<Self>>::__IS_SEND {
                    check.look_up::<Self>();
                }
            }
        }
    )+};
}

static_trace!(
    (),
    bool,
    char,
    u8,
    u16,
    u32,
    u64,
    u128,
    usize,
    i8,
    i16,
    i32,
    i64,
    i128,
    isize,
    f32,
    f64,
    core::num::NonZeroU8,
    core::num::NonZeroU16,
    core::num::NonZeroU32,
    core::num::NonZeroU64,
    core::num::NonZeroU128,
    core::num::NonZeroUsize,
    core::num::NonZeroI8,
    core::num::NonZeroI16,
    core::num::NonZeroI32,
    core::num::NonZeroI64,
    core::num::NonZeroI128,
    core::num::NonZeroIsize,
    core::time::Duration,
    core::any::TypeId,
    core::cmp::Ordering,
    crate::GcId,
);

/// A value that holds no `Gc`, of a type that does not implement [`Trace`] itself.
///
/// # Examples
///
/// ```
/// use gc_core::{Arena, Gc, NullCollector, Rootable, Static};
///
/// // `Cell` is not `Trace`, because it could hold a `Gc`; this one does not.
/// type Counter = Static<std::cell::Cell<u32>>;
/// let arena: Arena<Rootable![Gc<'_, Counter>], NullCollector> =
///     Arena::new(|mc| Gc::new(mc, Static(std::cell::Cell::new(0))));
/// arena.enter(|_, counter| counter.set(counter.get() + 1));
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Static<T>(pub T);

impl<T> Deref for Static<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Static<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T: fmt::Debug> fmt::Debug for Static<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// `Trace` without references, for a generic type; behind the colon is what is asked of it and its parts
/// before it is sent.
macro_rules! static_impl {
    ($([$($generics:tt)*] $type:ty: $($question:ident<$part:ty>)+),+ $(,)?) => {$(
        // SAFETY: the type is `'static` or holds no value, so it holds no `Gc`. It is `Send` if the
        // parts that are asked are.
        unsafe impl<$($generics)*> Trace for $type {
            const HAS_GC: bool = false;
            const SLOTS: SlotMap = SlotMap::Empty;

            #[inline]
            fn visit(&self, _: &mut Edges) {}

            #[inline]
            fn relocate(&mut self, _: &mut Slots) {}

            fn check_send(check: &mut $crate::SendCheck<'_>) {
                $(check.$question::<$part>();)+
            }
        }
    )+};
}
pub(crate) use static_impl;

static_impl!(
    [T: 'static] Static<T>: look_up<T>,
    [T: ?Sized + 'static] &'static T: look_up<Self>,
    // It may be there in order that the type is not `Send`.
    [T: ?Sized] PhantomData<T>: refuse<Self>,
);

/// Function pointers of any number of arguments hold nothing.
macro_rules! fn_impl {
    ($($arg:ident)*) => {
        static_impl!(
            [$($arg,)* Ret] fn($($arg),*) -> Ret: accept<Self>,
            [$($arg,)* Ret] unsafe fn($($arg),*) -> Ret: accept<Self>,
        );
    };
}
fn_impl!();
fn_impl!(A);
fn_impl!(A B);
fn_impl!(A B C);
fn_impl!(A B C D);
fn_impl!(A B C D E);
fn_impl!(A B C D E F);

// SAFETY: the value inside, if any, is passed on. If the option is one word, as its value is, then
// the value is one reference and nothing is the null word: a word with a reference in all of it has
// no other invalid value.
unsafe impl<T: Trace> Trace for Option<T> {
    const HAS_GC: bool = T::HAS_GC;
    const SLOTS: SlotMap = match T::SLOTS {
        SlotMap::Empty => SlotMap::Empty,
        SlotMap::Words(1) if size_of::<Option<T>>() == size_of::<usize>() => SlotMap::Words(1),
        _ => SlotMap::Dynamic,
    };

    #[inline]
    fn visit(&self, edges: &mut Edges) {
        if let Some(value) = self {
            value.visit(edges);
        }
    }

    #[inline]
    fn relocate(&mut self, slots: &mut Slots) {
        if let Some(value) = self {
            value.relocate(slots);
        }
    }

    fn describe(&self, edges: &mut NamedEdges<'_>) {
        if let Some(value) = self {
            value.describe(edges);
        }
    }

    fn check_send(check: &mut SendCheck<'_>) {
        check.part::<T>();
    }
}

// SAFETY: whichever value there is, is passed on.
unsafe impl<T: Trace, E: Trace> Trace for Result<T, E> {
    const HAS_GC: bool = T::HAS_GC || E::HAS_GC;
    const SLOTS: SlotMap = asked_if(Self::HAS_GC);

    fn visit(&self, edges: &mut Edges) {
        match self {
            Ok(value) => value.visit(edges),
            Err(error) => error.visit(edges),
        }
    }

    fn relocate(&mut self, slots: &mut Slots) {
        match self {
            Ok(value) => value.relocate(slots),
            Err(error) => error.relocate(slots),
        }
    }

    fn describe(&self, edges: &mut NamedEdges<'_>) {
        match self {
            Ok(value) => value.describe(edges),
            Err(error) => error.describe(edges),
        }
    }

    fn check_send(check: &mut SendCheck<'_>) {
        check.part::<T>();
        check.part::<E>();
    }
}

// SAFETY: all elements are passed on, each once; the map has each at its offset.
unsafe impl<T: Trace, const N: usize> Trace for [T; N] {
    const HAS_GC: bool = N > 0 && T::HAS_GC;
    const SLOTS: SlotMap = {
        let mut map = SlotMap::Empty;
        let mut index = 0;
        while index < N && !matches!(map, SlotMap::Dynamic) && !matches!(T::SLOTS, SlotMap::Empty) {
            map = map.field(index * size_of::<T>(), T::SLOTS);
            index += 1;
        }
        map
    };

    #[inline]
    fn visit(&self, edges: &mut Edges) {
        visit_all(self, edges);
    }

    #[inline]
    fn relocate(&mut self, slots: &mut Slots) {
        relocate_all(self, slots);
    }

    fn describe(&self, edges: &mut NamedEdges<'_>) {
        edges.elements(self);
    }

    fn check_send(check: &mut SendCheck<'_>) {
        check.part::<T>();
    }
}

/// The slots of a container that finds its elements itself.
pub(crate) const fn asked_if(has_gc: bool) -> SlotMap {
    if has_gc { SlotMap::Dynamic } else { SlotMap::Empty }
}

/// Visits the elements, unless their type says that there is nothing to see.
pub(crate) fn visit_all<'a, T: Trace + 'a>(
    values: impl IntoIterator<Item = &'a T>,
    edges: &mut Edges,
) {
    if T::HAS_GC {
        values.into_iter().for_each(|value| value.visit(edges));
    }
}

/// Relocates the elements, unless their type says that there is nothing to see.
pub(crate) fn relocate_all<'a, T: Trace + 'a>(
    values: impl IntoIterator<Item = &'a mut T>,
    slots: &mut Slots,
) {
    if T::HAS_GC {
        values.into_iter().for_each(|value| value.relocate(slots));
    }
}

macro_rules! tuple_impl {
    ($($name:ident $index:tt)+) => {
        // SAFETY: all parts are passed on, each once; the map has each at its offset.
        unsafe impl<$($name: Trace),+> Trace for ($($name,)+) {
            const HAS_GC: bool = $($name::HAS_GC)||+;
            const SLOTS: SlotMap =
                SlotMap::Empty$(.field(core::mem::offset_of!(Self, $index), $name::SLOTS))+;

            #[inline]
            fn visit(&self, edges: &mut Edges) {
                $(self.$index.visit(edges);)+
            }

            #[inline]
            fn relocate(&mut self, slots: &mut Slots) {
                $(self.$index.relocate(slots);)+
            }

            fn describe(&self, edges: &mut NamedEdges<'_>) {
                $(edges.field(stringify!($index), &self.$index);)+
            }

            fn check_send(check: &mut SendCheck<'_>) {
                $(check.part::<$name>();)+
            }
        }
    };
}
tuple_impl!(A 0);
tuple_impl!(A 0 B 1);
tuple_impl!(A 0 B 1 C 2);
tuple_impl!(A 0 B 1 C 2 D 3);
tuple_impl!(A 0 B 1 C 2 D 3 E 4);
tuple_impl!(A 0 B 1 C 2 D 3 E 4 F 5);
tuple_impl!(A 0 B 1 C 2 D 3 E 4 F 5 G 6);
tuple_impl!(A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7);
tuple_impl!(A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8);
tuple_impl!(A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9);
tuple_impl!(A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10);
tuple_impl!(A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10 L 11);
tuple_impl!(A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10 L 11 M 12);
tuple_impl!(A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10 L 11 M 12 N 13);
tuple_impl!(A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10 L 11 M 12 N 13 O 14);
tuple_impl!(A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10 L 11 M 12 N 13 O 14 P 15);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Gc;

    #[test]
    fn an_optional_reference_is_one_nullable_word() {
        type One = Gc<'static, u8>;
        assert_eq!(<Option<One>>::SLOTS, SlotMap::Words(1));
        assert_eq!(<[Option<One>; 3]>::SLOTS, SlotMap::Words(0b111));
        assert_eq!(
            <(u64, One)>::SLOTS,
            SlotMap::Empty.field(core::mem::offset_of!((u64, One), 1), SlotMap::Words(1))
        );
        // SAFETY: both are one word, and `None` is a valid value of the type read from.
        let none = unsafe { core::mem::transmute::<Option<One>, usize>(None) };
        assert_eq!(none, 0);
    }

    #[test]
    fn what_is_more_than_a_nullable_word_is_asked() {
        type One = Gc<'static, u8>;
        assert_eq!(<Option<Option<One>>>::SLOTS, SlotMap::Dynamic);
        assert_eq!(<Option<crate::Lock<One>>>::SLOTS, SlotMap::Dynamic);
        assert_eq!(<Option<(One, One)>>::SLOTS, SlotMap::Dynamic);
        assert_eq!(<Result<One, ()>>::SLOTS, SlotMap::Dynamic);
    }
}
