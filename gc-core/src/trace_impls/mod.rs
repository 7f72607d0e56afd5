//! [`Trace`](crate::Trace) for types that are not this crate's.
//!
//! A container asks its elements' type whether there is anything to see, so that a `Vec<u8>` in an
//! object costs a collector nothing. A type that contains itself through a container would then ask
//! itself: the derive answers for it (see `#[trace(recursive)]` where it cannot know).

mod alloc_types;
mod core_types;
#[cfg(feature = "hashbrown")]
mod hashbrown_types;
#[cfg(feature = "indexmap")]
mod indexmap_types;
#[cfg(any(feature = "hashbrown", feature = "indexmap", feature = "slotmap", feature = "smallvec"))]
mod owning_impl;
#[cfg(feature = "slotmap")]
mod slotmap_types;
#[cfg(feature = "smallvec")]
mod smallvec_types;
mod static_types;
#[cfg(feature = "std")]
mod std_types;
mod wrapper_types;

pub use core_types::Static;

/// Says how many references a value with some copies of one shows, and that all methods show as many.
#[cfg(test)]
#[track_caller]
fn count_slots<T: crate::Trace>(make: impl FnOnce(crate::Gc<'static, u32>) -> T, expected: usize) {
    let mut value = make(nowhere());
    let (mut edges, mut slots, mut named) = (0, 0, 0);
    crate::Edges::collect(&mut |_| edges += 1, |sink| value.visit(sink));
    crate::Slots::collect(&mut |_| slots += 1, |sink| value.relocate(sink));
    crate::NamedEdges::collect(&mut |_, _| named += 1, |sink| value.describe(sink));
    assert_eq!((edges, slots, named), (expected, expected, expected));
}

/// Says where a value with some copies of one reference has them.
#[cfg(test)]
#[track_caller]
fn check_places<T: crate::Trace>(
    make: impl FnOnce(crate::Gc<'static, u32>) -> T,
    expected: &[&str],
) {
    use alloc::string::{String, ToString};
    use alloc::vec::Vec;

    let value = make(nowhere());
    let mut places: Vec<String> = Vec::new();
    crate::NamedEdges::collect(&mut |place, _| places.push(place.to_string()), |sink| {
        value.describe(sink);
    });
    assert_eq!(places, expected);
}

/// A reference to an object that does not exist.
#[cfg(test)]
fn nowhere() -> crate::Gc<'static, u32> {
    // SAFETY: nobody looks at the object.
    unsafe { crate::Gc::from_raw(core::ptr::NonNull::dangling()) }
}
