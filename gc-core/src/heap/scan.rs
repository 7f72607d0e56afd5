//! Walking the references of one object: the inner loop of every collector.
//!
//! Objects with their references at fixed words are scanned by a bit map, with branches on the
//! commonest maps that the processor predicts, so that the loads do not depend on a load from the
//! descriptor. Everything else reports into a sink. Neither recurses.

use core::ops::Range;

use super::{Descriptor, ObjectRef, References};
use crate::trace::{Edges, Slot, Slots};

/// Calls `each` for every object that `object` refers to: in the order of their places where these
/// are fixed words, and in field order elsewhere.
///
/// # Safety
///
/// 1. `object` is live, and is not forwarded.
/// 2. No `&mut` into its payload is alive.
///
/// # Examples
///
/// ```
/// use gc_core::heap::{ObjectRef, for_each_edge};
/// # use gc_core::{Arena, Gc, NullCollector, Rootable};
///
/// # Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
/// let (number, text) = (Gc::new(mc, 1), Gc::new_str(mc, "one"));
/// let pair = Gc::new(mc, (number, Some(text)));
/// let object = |address: std::ptr::NonNull<()>| ObjectRef::from_ptr(address.as_ptr().cast());
/// let mut targets = Vec::new();
/// // SAFETY: the pair is live, and nothing is borrowed from it mutably.
/// unsafe { for_each_edge(object(Gc::raw(pair)).unwrap(), |target| targets.push(target)) }
/// assert!(targets.contains(&object(Gc::raw(number)).unwrap()));
/// assert!(targets.contains(&object(Gc::raw(text)).unwrap()));
/// # });
/// ```
#[inline]
pub unsafe fn for_each_edge(object: ObjectRef, mut each: impl FnMut(ObjectRef)) {
    // SAFETY: obligation 1.
    let descriptor = unsafe { object.descriptor() };
    match descriptor.references() {
        References::None => {}
        References::Words(words) => {
            // SAFETY: `Words` names the words of the payload that hold references.
            unsafe {
                follow_each_word(object.as_ptr().cast(), words, |place| read(place, &mut each))
            }
        }
        // SAFETY: obligations 1 and 2; the range is the whole object.
        _ => unsafe { for_each_edge_among(object, 0, usize::MAX, each) },
    }
}

/// Calls `each` for every object that the elements `first..first + count` of an array refer to (as
/// many of them as there are).
///
/// # Safety
///
/// As [`for_each_edge`].
///
/// # Examples
///
/// ```
/// use gc_core::heap::{ObjectRef, for_each_edge_among};
/// # use gc_core::{Arena, Gc, NullCollector, Rootable};
///
/// # Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
/// let slice = Gc::slice_from_fn(mc, 10, |index| Gc::new(mc, index));
/// let object = ObjectRef::from_ptr(Gc::raw(slice).as_ptr().cast()).unwrap();
/// let mut targets = Vec::new();
/// // SAFETY: the slice is live, and nothing is borrowed from it mutably.
/// unsafe { for_each_edge_among(object, 8, 4, |target| targets.push(target)) }
/// assert_eq!(targets.len(), 2, "it has no more elements");
/// # });
/// ```
pub unsafe fn for_each_edge_among(
    object: ObjectRef,
    first: usize,
    count: usize,
    mut each: impl FnMut(ObjectRef),
) {
    // SAFETY: obligation 1.
    let descriptor = unsafe { object.descriptor() };
    // SAFETY: obligation 1.
    let len = unsafe { object.element_count() };
    let elements = first.min(len)..first.saturating_add(count).min(len);
    match descriptor.references() {
        References::None => {}
        References::Elements(words) => {
            // SAFETY: `Elements` names the words of each element that hold references, and the
            // elements are within the array.
            unsafe {
                for_each_element_word(object, descriptor, elements, words, |place| {
                    read(place, &mut each);
                });
            }
        }
        References::Words(words) => {
            // SAFETY: `Words` names the words of the payload that hold references.
            unsafe { for_each_word(object.as_ptr().cast(), words, |place| read(place, &mut each)) }
        }
        References::Dynamic => Edges::collect(&mut each, |edges| {
            // SAFETY: obligations 1 and 2; the elements are within the object.
            unsafe { descriptor.visit(object, elements, edges) }
        }),
    }
}

/// Calls `each` for every place in `object` that holds a reference, in the same order.
///
/// # Safety
///
/// 1. `object` is live, and is not forwarded.
/// 2. No reference into its payload is alive: only at a safepoint.
///
/// # Examples
///
/// ```
/// use gc_core::Reason;
/// use gc_core::collector::{Attributes, Collector, Safepoint};
/// use gc_core::heap::{for_each_slot, for_each_slot_among};
/// # use gc_core::{Arena, Gc, Rootable};
///
/// /// Looks at the places in the object that the root refers to.
/// #[derive(Default)]
/// struct Looker;
///
/// // SAFETY: nothing is reclaimed, moved or promoted.
/// unsafe impl Collector for Looker {
///     const ATTRIBUTES: Attributes = Attributes::new("looker");
///
///     fn safepoint(&mut self, _: &mut Safepoint<'_>) {}
///
///     fn collect(&mut self, safepoint: &mut Safepoint<'_>, _: u8, _: Reason) {
///         let (mut all, mut some) = (0, 0);
///         safepoint.roots.for_each_edge(|object| {
///             // SAFETY: what the root refers to lives, and nothing is borrowed at a safepoint.
///             unsafe { for_each_slot(object, |_| all += 1) }
///             // SAFETY: as above.
///             unsafe { for_each_slot_among(object, 5, 3, |_| some += 1) }
///         });
///         assert_eq!((all, some), (10, 3));
///     }
/// }
///
/// type Numbers = Rootable![Gc<'_, [Gc<'_, usize>]>];
/// let mut arena: Arena<Numbers, Looker> =
///     Arena::new(|mc| Gc::slice_from_fn(mc, 10, |index| Gc::new(mc, index)));
/// arena.collect();
/// ```
#[inline]
pub unsafe fn for_each_slot(object: ObjectRef, mut each: impl FnMut(&mut Slot)) {
    // SAFETY: obligation 1.
    let descriptor = unsafe { object.descriptor() };
    match descriptor.references() {
        References::None => {}
        References::Words(words) => {
            // SAFETY: `Words` names the words of the payload that hold references.
            unsafe {
                follow_each_word(object.as_ptr().cast(), words, |place| slot(place, &mut each))
            }
        }
        // SAFETY: obligations 1 and 2; the range is the whole object.
        _ => unsafe { for_each_slot_among(object, 0, usize::MAX, each) },
    }
}

/// Calls `each` for every place in the elements `first..first + count` of an array that holds a
/// reference (as many of them as there are).
///
/// # Safety
///
/// As [`for_each_slot`].
///
/// # Examples
///
/// See the example of [`for_each_slot`].
pub unsafe fn for_each_slot_among(
    object: ObjectRef,
    first: usize,
    count: usize,
    mut each: impl FnMut(&mut Slot),
) {
    // SAFETY: obligation 1.
    let descriptor = unsafe { object.descriptor() };
    // SAFETY: obligation 1.
    let len = unsafe { object.element_count() };
    let elements = first.min(len)..first.saturating_add(count).min(len);
    match descriptor.references() {
        References::None => {}
        References::Elements(words) => {
            // SAFETY: `Elements` names the words of each element that hold references, and the
            // elements are within the array.
            unsafe {
                for_each_element_word(object, descriptor, elements, words, |place| {
                    slot(place, &mut each);
                });
            }
        }
        References::Words(words) => {
            // SAFETY: `Words` names the words of the payload that hold references.
            unsafe { for_each_word(object.as_ptr().cast(), words, |place| slot(place, &mut each)) }
        }
        References::Dynamic if crate::planted!("dynamic-slots-are-skipped") => {}
        References::Dynamic => Slots::collect(&mut each, |slots| {
            // SAFETY: obligations 1 and 2; the elements are within the object.
            unsafe { descriptor.relocate(object, elements, slots) }
        }),
    }
}

/// Whether an object may refer to others: not if its references are at fixed words, and none is there.
///
/// For who has the object at hand, and would have to come back only to find that out: of a tree, at least
/// half are leaves.
///
/// # Safety
///
/// As [`for_each_edge`].
///
/// # Examples
///
/// ```
/// use gc_core::heap::{ObjectRef, may_refer};
/// # use gc_core::{Arena, Gc, NullCollector, Rootable};
///
/// # Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
/// let leaf = Gc::new(mc, (1, None::<Gc<'_, u32>>));
/// let node = Gc::new(mc, (2, Some(Gc::new(mc, 3))));
/// let object = |gc| ObjectRef::from_ptr(Gc::raw(gc).as_ptr().cast()).unwrap();
/// // SAFETY: both are live, and nothing is borrowed from them mutably.
/// assert!(unsafe { !may_refer(object(leaf)) && may_refer(object(node)) });
/// # });
/// ```
#[inline]
#[must_use]
pub unsafe fn may_refer(object: ObjectRef) -> bool {
    // SAFETY: obligation 1.
    match unsafe { object.descriptor() }.references() {
        References::None => false,
        References::Words(words) => {
            let mut refers = false;
            // SAFETY: `for_each_word` passes places that hold references or null.
            let look = |place: Place| refers |= unsafe { place.read() }.is_some();
            // SAFETY: `Words` names the words of the payload that hold references.
            unsafe { for_each_word(object.as_ptr().cast(), words, look) }
            refers
        }
        References::Elements(_) | References::Dynamic => true,
    }
}

/// Calls `each` with what every place of an object holds, nothing included, if the places are fixed:
/// then there are as many, in the same order, each time. If only `visit` knows them, says so.
///
/// `first` and `count` are the elements that are meant, if it is an array.
///
/// # Safety
///
/// As [`for_each_edge`].
#[inline]
pub(super) unsafe fn for_each_place(
    object: ObjectRef,
    (first, count): (usize, usize),
    mut each: impl FnMut(Option<ObjectRef>),
) -> Result<(), OnlyVisitKnows> {
    // SAFETY: obligation 1.
    match unsafe { object.descriptor() }.references() {
        References::Words(words) => {
            // SAFETY: `for_each_word` passes places that hold references or null.
            let read = |place: Place| each(unsafe { place.read() });
            // SAFETY: `Words` names the words of the payload that hold references.
            unsafe { for_each_word(object.as_ptr().cast(), words, read) }
        }
        References::None => {}
        References::Elements(words) => {
            // SAFETY: `Elements` names the words of each element that hold references; live, says
            // the caller.
            unsafe { for_each_place_among(object, words, (first, count), each) }
        }
        References::Dynamic => return Err(OnlyVisitKnows),
    }
    Ok(())
}

/// # Safety
///
/// As [`for_each_edge`], and the object is an array with these words of each element references.
#[inline(never)]
unsafe fn for_each_place_among(
    array: ObjectRef,
    words: u64,
    (first, count): (usize, usize),
    mut each: impl FnMut(Option<ObjectRef>),
) {
    // SAFETY: live, says the caller.
    let descriptor = unsafe { array.descriptor() };
    // SAFETY: as above.
    let len = unsafe { array.element_count() };
    let offset_bytes = descriptor.fixed_bytes() + first * descriptor.stride_bytes();
    let mut element = array.as_ptr().wrapping_add(offset_bytes);
    for _ in first..first.saturating_add(count).min(len) {
        // SAFETY: `for_each_word` passes places that hold references or null.
        let read = |place: Place| each(unsafe { place.read() });
        // SAFETY: the words hold references, says the caller, and the element is within the array.
        unsafe { for_each_word(element.cast(), words, read) }
        element = element.wrapping_add(descriptor.stride_bytes());
    }
}

/// What the places of these elements of an array hold, if nothing lies between them: if each element
/// is one reference, or nothing.
///
/// # Safety
///
/// As [`for_each_edge`], and none of the elements is written to while the slice is used.
#[inline]
pub(super) unsafe fn adjacent_places<'a>(
    array: ObjectRef,
    (first, count): (usize, usize),
) -> Option<&'a [Option<ObjectRef>]> {
    // SAFETY: live, says the caller.
    let descriptor = unsafe { array.descriptor() };
    if descriptor.references() != References::Elements(1)
        || descriptor.stride_bytes() != size_of::<Option<ObjectRef>>()
    {
        return None;
    }
    // SAFETY: as above.
    let len = unsafe { array.element_count() };
    let count = count.min(len - first.min(len));
    let offset_bytes = descriptor.fixed_bytes() + first * descriptor.stride_bytes();
    let place = array.as_ptr().wrapping_add(offset_bytes).cast::<Option<ObjectRef>>();
    // SAFETY: so many elements of the array, each a reference or null; nobody writes to them, says
    // the caller.
    Some(unsafe { core::slice::from_raw_parts(place, count) })
}

/// The references of an object are not at fixed places.
pub(super) struct OnlyVisitKnows;

/// In debug builds, checks that the map of an object's references and its type's `visit` agree: the
/// collectors scan by one, and the other is what a derive, or an author, wrote.
///
/// # Safety
///
/// As [`for_each_edge`].
///
/// # Panics
///
/// If they do not, with the name of the type.
#[inline]
pub(crate) unsafe fn debug_check_references(object: ObjectRef) {
    #[cfg(debug_assertions)]
    {
        let mut by_map = alloc::vec::Vec::new();
        let mut by_visit = alloc::vec::Vec::new();
        // SAFETY: the caller's promises.
        unsafe { for_each_edge(object, |target| by_map.push(target)) }
        // SAFETY: live, says the caller.
        let descriptor = unsafe { object.descriptor() };
        // SAFETY: as above.
        let elements = 0..unsafe { object.element_count() };
        Edges::collect(&mut |target| by_visit.push(target), |edges| {
            // SAFETY: the caller's promises; the elements are all there are.
            unsafe { descriptor.visit(object, elements, edges) }
        });
        // The compiler may have laid the fields out in another order.
        by_map.sort_unstable();
        by_visit.sort_unstable();
        assert!(
            by_map == by_visit,
            "`Trace` of {} contradicts itself: its slots hold {by_map:?}, `visit` reports {by_visit:?}",
            descriptor.type_name(),
        );
    }
    #[cfg(not(debug_assertions))]
    let _ = object;
}

/// If all references of an object are within so many words, each of these is asked whether it holds one.
const NEAR_WORDS: u32 = 8;

/// A word that holds a reference or nothing.
type Place = *mut Option<ObjectRef>;

/// # Safety
///
/// The words of `base` that `words` names hold references or null.
#[inline(always)]
pub(super) unsafe fn for_each_word(base: Place, words: u64, mut each: impl FnMut(Place)) {
    // The commonest maps have their offsets in the code: a list cell, in either order, and a tree node.
    match words {
        0b1 => each(base),
        0b10 => each(base.wrapping_add(1)),
        0b11 => {
            each(base);
            each(base.wrapping_add(1));
        }
        mut rest => {
            while rest != 0 && !crate::planted!("words-end-early") {
                each(base.wrapping_add(rest.trailing_zeros() as usize));
                rest &= rest - 1;
            }
        }
    }
}

/// [`for_each_word`] for who goes on to what the words refer to.
///
/// The map comes from the header, by way of the descriptor. Where a place follows from the code or from a
/// count, and the map only decides about branches, the processor guesses these, and goes along a list
/// without waiting for the headers of its cells.
///
/// # Safety
///
/// As [`for_each_word`].
#[inline(always)]
unsafe fn follow_each_word(base: Place, words: u64, mut each: impl FnMut(Place)) {
    if words <= 0b11 || words >> NEAR_WORDS != 0 {
        // SAFETY: the caller's promise.
        return unsafe { for_each_word(base, words, each) };
    }
    let (mut place, mut rest) = (base, words);
    while rest != 0 && !crate::planted!("words-end-early") {
        if rest & 1 != 0 {
            each(place);
        }
        place = place.wrapping_add(1);
        rest >>= 1;
    }
}

/// # Safety
///
/// The object is an array of this descriptor with these elements, and the words of each that
/// `words` names hold references or null.
#[inline]
unsafe fn for_each_element_word(
    object: ObjectRef,
    descriptor: &Descriptor,
    elements: Range<usize>,
    words: u64,
    mut each: impl FnMut(Place),
) {
    // The step is read once: what `each` writes might be the descriptor, for all the compiler knows.
    let stride_bytes = descriptor.stride_bytes();
    let offset_bytes = descriptor.fixed_bytes() + elements.start * stride_bytes;
    let mut element: Place = object.as_ptr().wrapping_add(offset_bytes).cast();
    let end = elements.end.saturating_sub(crate::planted!("last-element-is-skipped").into());
    for _ in elements.start..end {
        // SAFETY: the caller's promise, for the element that this is.
        unsafe { for_each_word(element, words, &mut each) }
        element = element.wrapping_byte_add(stride_bytes);
    }
}

#[inline]
fn read(place: Place, each: &mut impl FnMut(ObjectRef)) {
    // SAFETY: `for_each_word`'s caller says that the place holds a reference or null.
    if let Some(object) = unsafe { place.read() } {
        each(object);
    }
}

#[inline]
fn slot(place: Place, each: &mut impl FnMut(&mut Slot)) {
    // SAFETY: `for_each_word`'s caller says that the place holds a reference or null.
    if unsafe { place.read() }.is_some() {
        // SAFETY: `place` is not null, it was read.
        let place = unsafe { core::ptr::NonNull::new_unchecked(place.cast()) };
        // SAFETY: it holds a reference, and at a safepoint nothing else uses it.
        each(&mut unsafe { Slot::new(place) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::{SlotMap, Trace};
    use crate::{Arena, Gc, NullCollector, Rootable};

    /// Says that its second word is a reference, and reports only the first.
    struct Liar<'gc>(Gc<'gc, u8>, Gc<'gc, u8>);

    // SAFETY: it is not, which is what the test is about; nothing is ever collected here.
    unsafe impl Trace for Liar<'_> {
        const HAS_GC: bool = true;
        const SLOTS: SlotMap = SlotMap::Words(0b11);

        fn visit(&self, edges: &mut Edges) {
            self.0.visit(edges);
        }

        fn relocate(&mut self, slots: &mut Slots) {
            self.0.relocate(slots);
            self.1.relocate(slots);
        }
    }

    #[test]
    #[cfg_attr(not(debug_assertions), ignore = "checked in debug builds only")]
    #[should_panic(expected = "Liar")]
    fn a_map_that_contradicts_visit_is_found_and_the_type_named() {
        let arena: Arena<Rootable![()], NullCollector> = Arena::new(|_| ());
        arena.enter(|mc, ()| {
            let liar = Gc::new(mc, Liar(Gc::new(mc, 1), Gc::new(mc, 2)));
            assert_eq!(*liar.1, 2);
            // SAFETY: it is live, and nothing in it is borrowed mutably.
            unsafe { debug_check_references(liar.object()) }
        });
    }
}
