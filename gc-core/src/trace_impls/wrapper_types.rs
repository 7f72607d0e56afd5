//! Types of `core` around values of one type: newtypes and enums.

use core::cmp::Reverse;
use core::mem::offset_of;
use core::num::{Saturating, Wrapping};
use core::ops::{Bound, ControlFlow};
use core::task::Poll;

use super::core_types::asked_if;
use crate::place::NamedEdges;
use crate::send_check::SendCheck;
use crate::trace::{Edges, SlotMap, Slots, Trace};

/// A struct with one public field that is the value.
macro_rules! newtype_impl {
    ($($type:ident),+) => {$(
        // SAFETY: the one value inside is passed on; the map has it at its offset.
        unsafe impl<T: Trace> Trace for $type<T> {
            const HAS_GC: bool = T::HAS_GC;
            const SLOTS: SlotMap = SlotMap::Empty.field(offset_of!(Self, 0), T::SLOTS);

            #[inline]
            fn visit(&self, edges: &mut Edges) {
                self.0.visit(edges);
            }

            #[inline]
            fn relocate(&mut self, slots: &mut Slots) {
                self.0.relocate(slots);
            }

            fn describe(&self, edges: &mut NamedEdges<'_>) {
                self.0.describe(edges);
            }

            fn check_send(check: &mut SendCheck<'_>) {
                check.part::<T>();
            }
        }
    )+};
}
newtype_impl!(Reverse, Saturating, Wrapping);

// SAFETY: whichever value there is, is passed on.
unsafe impl<B: Trace, C: Trace> Trace for ControlFlow<B, C> {
    const HAS_GC: bool = B::HAS_GC || C::HAS_GC;
    const SLOTS: SlotMap = asked_if(Self::HAS_GC);

    fn visit(&self, edges: &mut Edges) {
        match self {
            ControlFlow::Break(value) => value.visit(edges),
            ControlFlow::Continue(value) => value.visit(edges),
        }
    }

    fn relocate(&mut self, slots: &mut Slots) {
        match self {
            ControlFlow::Break(value) => value.relocate(slots),
            ControlFlow::Continue(value) => value.relocate(slots),
        }
    }

    fn describe(&self, edges: &mut NamedEdges<'_>) {
        match self {
            ControlFlow::Break(value) => value.describe(edges),
            ControlFlow::Continue(value) => value.describe(edges),
        }
    }

    fn check_send(check: &mut SendCheck<'_>) {
        check.part::<B>();
        check.part::<C>();
    }
}

// SAFETY: the value, if there is one, is passed on.
unsafe impl<T: Trace> Trace for Bound<T> {
    const HAS_GC: bool = T::HAS_GC;
    const SLOTS: SlotMap = asked_if(T::HAS_GC);

    fn visit(&self, edges: &mut Edges) {
        match self {
            Bound::Included(value) | Bound::Excluded(value) => value.visit(edges),
            Bound::Unbounded => {}
        }
    }

    fn relocate(&mut self, slots: &mut Slots) {
        match self {
            Bound::Included(value) | Bound::Excluded(value) => value.relocate(slots),
            Bound::Unbounded => {}
        }
    }

    fn describe(&self, edges: &mut NamedEdges<'_>) {
        match self {
            Bound::Included(value) | Bound::Excluded(value) => value.describe(edges),
            Bound::Unbounded => {}
        }
    }

    fn check_send(check: &mut SendCheck<'_>) {
        check.part::<T>();
    }
}

// SAFETY: the value, if there is one, is passed on.
unsafe impl<T: Trace> Trace for Poll<T> {
    const HAS_GC: bool = T::HAS_GC;
    const SLOTS: SlotMap = asked_if(T::HAS_GC);

    fn visit(&self, edges: &mut Edges) {
        if let Poll::Ready(value) = self {
            value.visit(edges);
        }
    }

    fn relocate(&mut self, slots: &mut Slots) {
        if let Poll::Ready(value) = self {
            value.relocate(slots);
        }
    }

    fn describe(&self, edges: &mut NamedEdges<'_>) {
        if let Poll::Ready(value) = self {
            value.describe(edges);
        }
    }

    fn check_send(check: &mut SendCheck<'_>) {
        check.part::<T>();
    }
}

#[cfg(test)]
mod tests {
    use super::super::{check_places, count_slots};
    use super::*;
    use crate::Gc;

    #[test]
    fn the_values_inside_are_seen() {
        count_slots(|gc| Reverse((gc, gc)), 2);
        count_slots(Bound::Excluded, 1);
        count_slots(Poll::Ready, 1);
        count_slots(|gc| [ControlFlow::Break(gc), ControlFlow::Continue(gc)], 2);
    }

    #[test]
    fn a_wrapper_is_no_step() {
        check_places(|gc| Reverse((gc, gc)), &["0", "1"]);
        check_places(|gc| (Bound::Excluded((gc, 1)), Poll::Ready(gc)), &["0.0", "1"]);
        let flow = |gc| [ControlFlow::Break((1, gc)), ControlFlow::Continue(gc)];
        check_places(flow, &["[0].1", "[1]"]);
    }

    #[test]
    fn a_newtype_is_scanned_as_its_value() {
        type One = Gc<'static, u8>;
        assert_eq!(<Reverse<One>>::SLOTS, SlotMap::Words(1));
        assert_eq!(<Wrapping<u8>>::SLOTS, SlotMap::Empty);
    }
}
