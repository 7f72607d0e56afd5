//! What a [`Gc`](crate::Gc) to a type looks like: one word, but for trait objects.

use core::ptr::NonNull;

use crate::heap::ObjectRef;

/// A type that a [`Gc`](crate::Gc) can refer to, sized or not.
///
/// Implemented for every sized type, for `[T]`, `str`,
/// [`SliceWithHeader`](crate::SliceWithHeader), and by [`dyn_trace!`](crate::dyn_trace) for trait
/// objects. Slices and strings carry their length inside the object, so that a reference to them is
/// one word too.
///
/// # Safety
///
/// 1. `Ptr` is a pointer whose first word is the payload's address, and [`object`](Pointee::object),
///    [`with_object`](Pointee::with_object) and [`place`](Pointee::place) read and replace that word.
/// 2. If `IS_THIN`, then `Ptr` is a `NonNull` of a sized type.
/// 3. [`as_ptr`](Pointee::as_ptr) gives a pointer to the value in the payload.
///
/// # Examples
///
/// ```
/// use gc_core::{Gc, GcId, Pointee};
///
/// // Takes references to all that can be in a heap.
/// fn is_same<T: ?Sized + Pointee>(gc: Gc<'_, T>, id: GcId) -> bool {
///     Gc::id(gc) == id
/// }
/// # use gc_core::{Arena, NullCollector, Rootable};
/// # Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
/// let (number, text) = (Gc::new(mc, 1), Gc::new_str(mc, "one"));
/// assert!(is_same(text, Gc::id(text)) && !is_same(number, Gc::id(text)));
/// assert_eq!(size_of_val(&text), size_of::<usize>());
/// # });
/// ```
pub unsafe trait Pointee {
    /// What a reference stores.
    #[doc(hidden)]
    type Ptr: Copy;

    /// Whether a reference is one word.
    #[doc(hidden)]
    const IS_THIN: bool;

    /// The payload's address.
    #[doc(hidden)]
    fn object(ptr: Self::Ptr) -> ObjectRef;

    /// The same pointer with another payload.
    #[doc(hidden)]
    fn with_object(ptr: Self::Ptr, object: ObjectRef) -> Self::Ptr;

    /// The place of the payload's address in a reference.
    #[doc(hidden)]
    fn place(ptr: &mut Self::Ptr) -> NonNull<ObjectRef> {
        NonNull::from(ptr).cast()
    }

    /// The value.
    ///
    /// # Safety
    ///
    /// The object is live.
    #[doc(hidden)]
    unsafe fn as_ptr(ptr: Self::Ptr) -> *const Self;
}

// SAFETY: a thin pointer is the payload's address, where the value is.
unsafe impl<T> Pointee for T {
    type Ptr = NonNull<T>;
    const IS_THIN: bool = true;

    #[inline]
    fn object(ptr: NonNull<T>) -> ObjectRef {
        ObjectRef::from_non_null(ptr.cast())
    }

    #[inline]
    fn with_object(_: NonNull<T>, object: ObjectRef) -> NonNull<T> {
        object.as_non_null().cast()
    }

    #[inline]
    unsafe fn as_ptr(ptr: NonNull<T>) -> *const T {
        ptr.as_ptr()
    }
}
