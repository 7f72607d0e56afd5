//! The references of one object, a few at a time.

use alloc::vec::Vec;

use super::AnyGc;
use crate::heap::{ObjectRef, for_each_edge};
use crate::trace::Edges;

/// Elements of an array whose references are looked at together.
pub(super) const ELEMENTS_MAX: usize = if cfg!(test) { 4 } else { 64 };

/// The references of one object, in the order in which `visit` reports them.
pub(super) struct References {
    of: ObjectRef,
    /// The number of elements; zero for an object that is no array.
    len: usize,
    /// The elements that are yet to be looked at; of an object that is no array, the one.
    elements: core::ops::Range<usize>,
    found: alloc::vec::IntoIter<ObjectRef>,
}

impl References {
    /// Only within [`Arena::inspect`](crate::Arena::inspect): the object must stay what it is.
    pub(super) fn new(of: ObjectRef) -> References {
        // SAFETY: it is not reclaimed.
        let len = unsafe { of.element_count() };
        // What stands in front of the elements goes with the first of them.
        References { of, len, elements: 0..len.max(1), found: Vec::new().into_iter() }
    }
}

impl Iterator for References {
    type Item = ObjectRef;

    fn next(&mut self) -> Option<ObjectRef> {
        loop {
            if let Some(object) = self.found.next() {
                return Some(object);
            }
            if self.elements.is_empty() {
                return None;
            }
            let first = self.elements.start;
            self.elements.start = self.elements.end.min(first + ELEMENTS_MAX);
            let elements = first..self.elements.start.min(self.len);
            let mut found = Vec::new();
            // SAFETY: it is not reclaimed.
            let descriptor = unsafe { self.of.descriptor() };
            Edges::collect(&mut |object| found.push(object), |edges| {
                // SAFETY: as above; the elements are within it. Nothing in it is borrowed mutably: that
                // takes a `Mutation`, which nobody has of this arena.
                unsafe { descriptor.visit(self.of, elements, edges) }
            });
            self.found = found.into_iter();
        }
    }
}

impl<'gc> AnyGc<'gc> {
    /// Whether the object has a reference to another. Only within
    /// [`Arena::inspect`](crate::Arena::inspect).
    pub(super) fn refers_to(self, to: AnyGc<'gc>) -> bool {
        let mut refers = false;
        // SAFETY: as in `References`.
        unsafe { for_each_edge(self.object(), |object| refers |= object == to.object()) }
        refers
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Arena, Gc, NullCollector, Rootable, SliceWithHeader};

    type Row<'gc> = SliceWithHeader<Gc<'gc, u8>, Gc<'gc, u8>>;
    type Rows = Arena<Rootable![Vec<Gc<'_, Row<'_>>>], NullCollector>;

    #[test]
    fn the_referents_of_a_long_array_come_in_order_header_first() {
        let mut arena = Rows::new(|mc| {
            let byte = |byte| Gc::new(mc, byte);
            let row = |len| Gc::new_slice_with_header(mc, byte(200), len, |i| byte(i as u8));
            [0, 1, ELEMENTS_MAX, 3 * ELEMENTS_MAX + 1].map(row).into()
        });
        arena.inspect(|heap, rows| {
            for row in rows {
                let held = core::iter::once(row.header).chain(row.slice.iter().copied());
                let referents = heap.referents(AnyGc::from(*row));
                assert!(held.map(AnyGc::from).eq(referents));
            }
        });
    }
}
