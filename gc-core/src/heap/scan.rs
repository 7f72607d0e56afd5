//! Walking the references of one object: the inner loop of every collector.
//!
//! Objects with their references at fixed words are scanned by a bit map, with branches on the
//! commonest maps that the processor predicts, so that the loads do not depend on a load from the
//! descriptor. Everything else reports into a sink. Neither recurses.

use super::{ObjectRef, References};
use crate::trace::{Edges, Slot, Slots};

/// Calls `each` for every object that `object` refers to, in field order.
///
/// # Safety
///
/// 1. `object` is live, and is not forwarded.
/// 2. No `&mut` into its payload is alive.
#[inline]
pub unsafe fn for_each_edge(object: ObjectRef, mut each: impl FnMut(ObjectRef)) {
    // SAFETY: obligation 1.
    let descriptor = unsafe { object.descriptor() };
    match descriptor.references() {
        References::None => {}
        References::Words(words) => {
            // SAFETY: `Words` names the words of the payload that hold references.
            unsafe { for_each_word(object.as_ptr().cast(), words, |place| read(place, &mut each)) }
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
            for index in elements {
                let offset_bytes = descriptor.fixed_bytes() + index * descriptor.stride_bytes();
                let element = object.as_ptr().wrapping_add(offset_bytes).cast();
                // SAFETY: `Elements` names the words of each element that hold references, and
                // the element is within the array.
                unsafe { for_each_word(element, words, |place| read(place, &mut each)) }
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

/// Calls `each` for every place in `object` that holds a reference, in field order.
///
/// # Safety
///
/// 1. `object` is live, and is not forwarded.
/// 2. No reference into its payload is alive: only at a safepoint.
#[inline]
pub unsafe fn for_each_slot(object: ObjectRef, mut each: impl FnMut(&mut Slot)) {
    // SAFETY: obligation 1.
    let descriptor = unsafe { object.descriptor() };
    match descriptor.references() {
        References::None => {}
        References::Words(words) => {
            // SAFETY: `Words` names the words of the payload that hold references.
            unsafe { for_each_word(object.as_ptr().cast(), words, |place| slot(place, &mut each)) }
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
            for index in elements {
                let offset_bytes = descriptor.fixed_bytes() + index * descriptor.stride_bytes();
                let element = object.as_ptr().wrapping_add(offset_bytes).cast();
                // SAFETY: `Elements` names the words of each element that hold references, and
                // the element is within the array.
                unsafe { for_each_word(element, words, |place| slot(place, &mut each)) }
            }
        }
        References::Words(words) => {
            // SAFETY: `Words` names the words of the payload that hold references.
            unsafe { for_each_word(object.as_ptr().cast(), words, |place| slot(place, &mut each)) }
        }
        References::Dynamic => Slots::collect(&mut each, |slots| {
            // SAFETY: obligations 1 and 2; the elements are within the object.
            unsafe { descriptor.relocate(object, elements, slots) }
        }),
    }
}

/// A word that holds a reference or nothing.
type Place = *mut Option<ObjectRef>;

/// # Safety
///
/// The words of `base` that `words` names hold references or null.
#[inline]
unsafe fn for_each_word(base: Place, words: u64, mut each: impl FnMut(Place)) {
    // The two commonest maps have their offsets in the code: a list cell, a tree node.
    match words {
        0b1 => each(base),
        0b11 => {
            each(base);
            each(base.wrapping_add(1));
        }
        mut rest => {
            while rest != 0 {
                each(base.wrapping_add(rest.trailing_zeros() as usize));
                rest &= rest - 1;
            }
        }
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
