//! Types of `alloc`.

use alloc::borrow::{Cow, ToOwned};
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet, BinaryHeap, LinkedList, VecDeque};
use alloc::rc::Rc;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::pin::Pin;

use super::core_types::{asked_if, relocate_all, static_impl, visit_all};
use crate::place::NamedEdges;
use crate::send_check::SendCheck;
use crate::static_trace;
use crate::trace::{Edges, SlotMap, Slots, Trace};

static_trace!(String, Box<str>, alloc::ffi::CString);

static_impl!(
    // What is behind a shared pointer has several owners, so it may hold no `Gc`.
    [T: ?Sized + 'static] Rc<T>: look_up<Self>,
    [T: ?Sized + 'static] Arc<T>: look_up<Self>,
    [T: ?Sized + 'static] alloc::rc::Weak<T>: look_up<Self>,
    [T: ?Sized + 'static] alloc::sync::Weak<T>: look_up<Self>,
    // Ordered containers whose order a moved key could not disturb, but whose keys cannot be
    // reached to be moved.
    [T: 'static] BTreeSet<T>: look_up<T>,
    [T: ?Sized + ToOwned + 'static] Cow<'static, T>: look_up<Self>,
);

/// A container that owns elements of one type and can iterate over them mutably.
macro_rules! container_impl {
    ($([$($generics:tt)*] $type:ty: $element:ty),+ $(,)?) => {$(
        // SAFETY: all elements are passed on, each once.
        unsafe impl<$($generics)*> Trace for $type {
            const HAS_GC: bool = <$element>::HAS_GC;
            const SLOTS: SlotMap = asked_if(<$element>::HAS_GC);

            #[inline]
            fn visit(&self, edges: &mut Edges) {
                visit_all::<$element>(self, edges);
            }

            #[inline]
            fn relocate(&mut self, slots: &mut Slots) {
                relocate_all::<$element>(self, slots);
            }

            fn describe(&self, edges: &mut NamedEdges<'_>) {
                edges.elements::<$element>(self);
            }

            fn check_send(check: &mut SendCheck<'_>) {
                check.part::<$element>();
            }
        }
    )+};
}

container_impl!(
    [T: Trace] Vec<T>: T,
    [T: Trace] VecDeque<T>: T,
    [T: Trace] LinkedList<T>: T,
);

// SAFETY: all elements are passed on, each once.
unsafe impl<T: Trace> Trace for Box<[T]> {
    const HAS_GC: bool = T::HAS_GC;
    const SLOTS: SlotMap = asked_if(T::HAS_GC);

    fn visit(&self, edges: &mut Edges) {
        visit_all(&**self, edges);
    }

    fn relocate(&mut self, slots: &mut Slots) {
        relocate_all(&mut **self, slots);
    }

    fn describe(&self, edges: &mut NamedEdges<'_>) {
        edges.elements(&**self);
    }

    fn check_send(check: &mut SendCheck<'_>) {
        check.part::<T>();
    }
}

// SAFETY: the one value inside is passed on; a box has one owner.
unsafe impl<T: Trace> Trace for Box<T> {
    const HAS_GC: bool = T::HAS_GC;
    const SLOTS: SlotMap = asked_if(T::HAS_GC);

    fn visit(&self, edges: &mut Edges) {
        if T::HAS_GC {
            (**self).visit(edges);
        }
    }

    fn relocate(&mut self, slots: &mut Slots) {
        if T::HAS_GC {
            (**self).relocate(slots);
        }
    }

    fn describe(&self, edges: &mut NamedEdges<'_>) {
        (**self).describe(edges);
    }

    fn check_send(check: &mut SendCheck<'_>) {
        check.part::<T>();
    }
}

// SAFETY: the one value inside is passed on. It is not moved: only references in it are rewritten.
unsafe impl<T: Trace> Trace for Pin<Box<T>> {
    const HAS_GC: bool = T::HAS_GC;
    const SLOTS: SlotMap = asked_if(T::HAS_GC);

    fn visit(&self, edges: &mut Edges) {
        (**self).visit(edges);
    }

    fn relocate(&mut self, slots: &mut Slots) {
        // SAFETY: `relocate` rewrites references in place; it moves nothing out.
        unsafe { self.as_mut().get_unchecked_mut() }.relocate(slots);
    }

    fn describe(&self, edges: &mut NamedEdges<'_>) {
        (**self).describe(edges);
    }

    fn check_send(check: &mut SendCheck<'_>) {
        check.part::<T>();
    }
}

// SAFETY: the keys hold no `Gc`; all values are passed on, each once.
unsafe impl<K: 'static, V: Trace> Trace for BTreeMap<K, V> {
    const HAS_GC: bool = V::HAS_GC;
    const SLOTS: SlotMap = asked_if(V::HAS_GC);

    fn visit(&self, edges: &mut Edges) {
        visit_all(self.values(), edges);
    }

    fn relocate(&mut self, slots: &mut Slots) {
        relocate_all(self.values_mut(), slots);
    }

    fn describe(&self, edges: &mut NamedEdges<'_>) {
        edges.values(self.values());
    }

    fn check_send(check: &mut SendCheck<'_>) {
        check.look_up::<K>();
        check.part::<V>();
    }
}

static_impl!([T: 'static] BinaryHeap<T>: look_up<T>);
