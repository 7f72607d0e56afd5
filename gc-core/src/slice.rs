//! Arrays in the heap: `Gc<[T]>`, `Gc<str>` and `Gc<SliceWithHeader<H, T>>`.
//!
//! ```text
//!  payload:  length | padding | header | element 0 | element 1 | ..
//! ```
//!
//! The length is in the object, so a reference is one word. Arrays are filled before anything can
//! refer to them.

use core::fmt;
use core::mem::needs_drop;
use core::ptr::{NonNull, slice_from_raw_parts, slice_from_raw_parts_mut};

use crate::error::HeapFull;
use crate::heap::{
    ArrayLayout, Descriptor, Elements, ObjectRef, References, assert_alignment,
    assert_not_finalized,
};
use crate::mutation::Mutation;
use crate::place::NamedEdges;
use crate::pointee::Pointee;
use crate::send_check::SendCheck;
use crate::trace::{Edges, SlotMap, Slots, Trace};
use crate::{Gc, Write};

/// The first word of an array's payload, with provenance over all of it.
#[doc(hidden)]
#[derive(Debug)]
#[repr(transparent)]
pub struct ArrayHead(usize);

/// A value followed by a slice, in one object.
///
/// Made by [`Gc::new_slice_with_header`].
///
/// # Examples
///
/// ```
/// use gc_core::{Arena, Gc, NullCollector, Rootable, SliceWithHeader};
///
/// // A tuple of an interpreter: its class and its fields in one object.
/// type Instance<'gc> = SliceWithHeader<Gc<'gc, str>, u32>;
/// let arena: Arena<Rootable![Gc<'_, Instance<'_>>], NullCollector> = Arena::new(|mc| {
///     let class = Gc::new_str(mc, "Point");
///     Gc::new_slice_with_header(mc, class, 2, |index| 10 * index as u32)
/// });
/// arena.enter(|_, point| {
///     assert_eq!(&*point.header, "Point");
///     assert_eq!(point.slice, [0, 10]);
/// });
/// ```
#[derive(Debug)]
#[repr(C)]
pub struct SliceWithHeader<H, T> {
    /// What comes first.
    pub header: H,
    /// What follows.
    pub slice: [T],
}

const fn max(a: usize, b: usize) -> usize {
    if a > b { a } else { b }
}

/// Where the value begins in the payload: behind the length, aligned.
const fn value_offset_bytes<H, T>() -> usize {
    size_of::<usize>().next_multiple_of(max(align_of::<H>(), align_of::<T>()))
}

/// Where the elements begin in the payload.
const fn elements_offset_bytes<H, T>() -> usize {
    (value_offset_bytes::<H, T>() + size_of::<H>()).next_multiple_of(align_of::<T>())
}

// SAFETY: `repr(C)` puts the slice behind the header at the next multiple of its alignment; the
// value begins at a multiple of both alignments, so that is where `elements_offset_bytes` says.
unsafe impl<H: Trace, T: Trace> ArrayLayout for SliceWithHeader<H, T> {
    const REFERENCES: References = match (H::SLOTS, T::SLOTS) {
        _ if !H::HAS_GC && !T::HAS_GC => References::None,
        (SlotMap::Empty, SlotMap::Empty) => References::None,
        (SlotMap::Empty, SlotMap::Words(words)) => References::Elements(words),
        _ => References::Dynamic,
    };
    const FIXED_BYTES: usize = elements_offset_bytes::<H, T>();
    const STRIDE_BYTES: usize = size_of::<T>();
    const ALIGN_BYTES: usize = max(align_of::<usize>(), max(align_of::<H>(), align_of::<T>()));
    const NEEDS_DROP: bool = needs_drop::<H>() || needs_drop::<T>();

    unsafe fn visit(object: ObjectRef, elements: Elements, edges: &mut Edges) {
        // SAFETY: the caller says that the object has this layout, and no `&mut` is alive.
        let value = unsafe { &*(value_of::<H, T>(object).cast_const()) };
        // The header goes with the first segment.
        if elements.start == 0 {
            value.header.visit(edges);
        }
        value.slice[elements].iter().for_each(|element| element.visit(edges));
    }

    unsafe fn relocate(object: ObjectRef, elements: Elements, slots: &mut Slots) {
        // SAFETY: as in `visit`, and nothing else refers to the value.
        let value = unsafe { &mut *value_of::<H, T>(object) };
        if elements.start == 0 {
            value.header.relocate(slots);
        }
        value.slice[elements].iter_mut().for_each(|element| element.relocate(slots));
    }

    unsafe fn describe(object: ObjectRef, elements: Elements, edges: &mut NamedEdges<'_>) {
        // SAFETY: as in `visit`.
        let value = unsafe { &*(value_of::<H, T>(object).cast_const()) };
        if elements.start == 0 {
            edges.field("header", &value.header);
        }
        for index in elements {
            edges.element(index, &value.slice[index]);
        }
    }

    unsafe fn drop(object: ObjectRef) {
        // SAFETY: the caller says that it is dropped here once.
        unsafe { value_of::<H, T>(object).drop_in_place() }
    }

    fn type_name() -> &'static str {
        // `Gc<[T]>` is an array with an empty header.
        if core::any::type_name::<H>() == core::any::type_name::<()>() {
            return core::any::type_name::<[T]>();
        }
        core::any::type_name::<SliceWithHeader<H, T>>()
    }

    fn check_send(check: &mut SendCheck<'_>) {
        check.part::<H>();
        check.part::<T>();
    }
}

/// The value in an array's payload.
fn value_of<H, T>(object: ObjectRef) -> *mut SliceWithHeader<H, T> {
    // SAFETY: the object is an array, whose payload begins with its length.
    let len = unsafe { object.as_ptr().cast::<usize>().read() };
    let value = object.as_ptr().wrapping_add(value_offset_bytes::<H, T>());
    // A slice pointer's length becomes that of the value's last field.
    slice_from_raw_parts_mut(value.cast::<T>(), len) as *mut SliceWithHeader<H, T>
}

/// An array's descriptor; `[T]` and `str` are arrays with an empty header.
fn descriptor<H: Trace, T: Trace>() -> &'static Descriptor {
    const { assert_alignment::<H>() }
    const { assert_alignment::<T>() }
    const { assert_not_finalized::<H>() }
    const { assert_not_finalized::<T>() }
    &const { Descriptor::array::<SliceWithHeader<H, T>>() }
}

/// The methods of `Pointee` that are the same for all arrays.
macro_rules! array_pointer {
    () => {
        type Ptr = NonNull<ArrayHead>;
        const IS_THIN: bool = true;

        #[inline]
        fn object(ptr: NonNull<ArrayHead>) -> ObjectRef {
            ObjectRef::from_non_null(ptr.cast())
        }

        #[inline]
        fn with_object(_: NonNull<ArrayHead>, object: ObjectRef) -> NonNull<ArrayHead> {
            object.as_non_null().cast()
        }
    };
}

// SAFETY: a thin pointer to the payload; the value is where `value_of` says.
unsafe impl<H, T> Pointee for SliceWithHeader<H, T> {
    array_pointer!();

    #[inline]
    unsafe fn as_ptr(ptr: NonNull<ArrayHead>) -> *const SliceWithHeader<H, T> {
        value_of::<H, T>(Self::object(ptr))
    }
}

// SAFETY: a thin pointer to the payload; the elements are where those behind an empty header are.
unsafe impl<T> Pointee for [T] {
    array_pointer!();

    #[inline]
    unsafe fn as_ptr(ptr: NonNull<ArrayHead>) -> *const [T] {
        // SAFETY: the caller says that the object is live.
        let len = unsafe { ptr.as_ref() }.0;
        let elements = ptr.as_ptr().wrapping_byte_add(elements_offset_bytes::<(), T>());
        slice_from_raw_parts(elements.cast(), len)
    }
}

// SAFETY: as `[u8]`, whose bytes `new_str` took from a string.
unsafe impl Pointee for str {
    array_pointer!();

    #[inline]
    unsafe fn as_ptr(ptr: NonNull<ArrayHead>) -> *const str {
        // SAFETY: the caller says that the object is live.
        (unsafe { <[u8] as Pointee>::as_ptr(ptr) }) as *const str
    }
}

/// Elements written so far, dropped if the next one cannot be made.
struct Filled<T> {
    first: *mut T,
    len: usize,
}

impl<T> Filled<T> {
    /// # Safety
    ///
    /// There is room for one more element.
    unsafe fn push(&mut self, value: T) {
        // SAFETY: the caller says that there is room.
        unsafe { self.first.wrapping_add(self.len).write(value) }
        self.len += 1;
    }
}

impl<T> Drop for Filled<T> {
    fn drop(&mut self) {
        // SAFETY: `len` elements were written, and the array never became an object.
        unsafe { slice_from_raw_parts_mut(self.first, self.len).drop_in_place() }
    }
}

/// Makes an array; gives what it takes back if the heap is full.
#[track_caller]
fn make<'gc, H: Trace, T: Trace, F>(
    mc: &Mutation<'gc>,
    header: H,
    len: usize,
    mut element: F,
) -> Result<ObjectRef, HeapFull<(H, F)>>
where
    F: FnMut(usize) -> T,
{
    let descriptor = descriptor::<H, T>();
    // SAFETY: the descriptor is an array's.
    let Some(object) = (unsafe { mc.heap().reserve_array(descriptor, len) }) else {
        return Err(mc.heap_full((header, element)));
    };
    let elements = object.as_ptr().wrapping_add(elements_offset_bytes::<H, T>());
    let mut filled = Filled { first: elements.cast::<T>(), len: 0 };
    // The closure is the user's: it may allocate here or panic. Nothing refers to the array yet.
    for index in 0..len {
        let value = element(index);
        // SAFETY: `reserve_array` made room for `len` elements.
        unsafe { filled.push(value) }
    }
    if descriptor.drop_glue().is_some() && !mc.heap().add_droppable(object) {
        // The elements are dropped, and the array never becomes an object.
        return Err(mc.heap_full((header, element)));
    }
    core::mem::forget(filled);
    let place = object.as_ptr().wrapping_add(value_offset_bytes::<H, T>());
    // SAFETY: `reserve_array` made room for the header in front of the elements.
    unsafe { place.cast::<H>().write(header) }
    mc.heap().finish_array(object);
    Ok(object)
}

impl<'gc, T: Trace + 'gc> Gc<'gc, [T]> {
    /// Allocates a slice of the elements of an iterator that knows their number.
    ///
    /// # Panics
    ///
    /// If the heap is full, or if the iterator yields fewer elements than it promised. What it
    /// yields beyond them stays in it.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let squares = Gc::new_slice(mc, (0..4).map(|n| n * n));
    /// assert_eq!(*squares, [0, 1, 4, 9]);
    /// assert_eq!(size_of_val(&squares), size_of::<usize>());
    /// # });
    /// ```
    #[must_use]
    #[track_caller]
    pub fn new_slice<I>(mc: &Mutation<'gc>, elements: I) -> Gc<'gc, [T]>
    where
        I: IntoIterator<Item = T, IntoIter: ExactSizeIterator>,
    {
        let mut elements = elements.into_iter();
        Gc::slice_from_fn(mc, elements.len(), |_| {
            elements.next().expect("as many elements as the iterator promised, but there are fewer")
        })
    }

    /// Allocates a slice; the closure makes the element of each index.
    ///
    /// # Panics
    ///
    /// If the heap is full.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let table = Gc::slice_from_fn(mc, 3, |index| Lock::new(index));
    /// assert_eq!(table[2].get(), 2);
    /// # });
    /// ```
    #[must_use]
    #[track_caller]
    pub fn slice_from_fn(
        mc: &Mutation<'gc>,
        len: usize,
        element: impl FnMut(usize) -> T,
    ) -> Gc<'gc, [T]> {
        match Gc::try_slice_from_fn(mc, len, element) {
            Ok(slice) => slice,
            Err(_) => mc.exhausted(),
        }
    }

    /// Allocates a slice; the closure makes the element of each index.
    ///
    /// # Errors
    ///
    /// [`HeapFull`] if the arena's limit is reached or the system has no memory; the closure is
    /// given back uncalled. If there was memory for the slice, and none to note that its elements have
    /// drop glue, they were made and are dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*;
    /// type Small = Arena<Rootable![()], NullCollector>;
    /// Small::builder().limit_bytes(64 << 10).build(|_| ()).enter(|mc, ()| {
    ///     assert_eq!(Gc::try_slice_from_fn(mc, 2, |index| index).unwrap()[1], 1);
    ///     assert!(Gc::try_slice_from_fn(mc, 1 << 20, |index| index).is_err());
    /// });
    /// ```
    #[track_caller]
    pub fn try_slice_from_fn<F: FnMut(usize) -> T>(
        mc: &Mutation<'gc>,
        len: usize,
        element: F,
    ) -> Result<Gc<'gc, [T]>, HeapFull<F>> {
        match make(mc, (), len, element) {
            // SAFETY: an array of `T`, just made.
            Ok(object) => Ok(unsafe { Gc::from_raw(object.as_non_null().cast()) }),
            Err(full) => Err(full.map(|((), element)| element)),
        }
    }

    /// The witness for writing to one element; `None` if there is none at this index.
    ///
    /// Of a large slice only the segment that the element lies in is logged, so that a store costs
    /// the same however long the slice is.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let table = Gc::slice_from_fn(mc, 1_000, Lock::new);
    /// Gc::write_at(mc, table, 999).unwrap().unlock().set(0);
    /// assert_eq!(table[999].get(), 0);
    /// assert!(Gc::write_at(mc, table, 1_000).is_none());
    /// # });
    /// ```
    #[inline]
    #[must_use]
    pub fn write_at(mc: &Mutation<'gc>, gc: Gc<'gc, [T]>, index: usize) -> Option<&'gc Write<T>> {
        let elements = gc.as_ref();
        let element = elements.get(index)?;
        let (descriptor, len) = (descriptor::<(), T>(), elements.len());
        // SAFETY: live and of this heap, and a slice of such elements; a `&mut` into the element comes
        // from its locks, which are opened through a `Write`, so the element was logged before.
        unsafe { mc.heap().write_barrier_at(gc.object(), descriptor, len, index) }
        // SAFETY: the element is logged, or young.
        Some(unsafe { Write::assume(element) })
    }
}

impl<'gc> Gc<'gc, str> {
    /// Allocates a string.
    ///
    /// # Panics
    ///
    /// If the heap is full.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let text = Gc::new_str(mc, "grüezi");
    /// assert_eq!((text.len(), text.chars().count()), (7, 6));
    /// assert!(text.starts_with("grü"));
    /// # });
    /// ```
    #[must_use]
    #[track_caller]
    pub fn new_str(mc: &Mutation<'gc>, text: &str) -> Gc<'gc, str> {
        let bytes = text.as_bytes();
        match make(mc, (), bytes.len(), |index| bytes[index]) {
            // SAFETY: an array of the bytes of a string, just made.
            Ok(object) => unsafe { Gc::from_raw(object.as_non_null().cast()) },
            Err(_) => mc.exhausted(),
        }
    }
}

impl<'gc, H: Trace + 'gc, T: Trace + 'gc> Gc<'gc, SliceWithHeader<H, T>> {
    /// Allocates a value and a slice in one object; the closure makes the element of each index.
    ///
    /// # Panics
    ///
    /// If the heap is full.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let matrix = Gc::new_slice_with_header(mc, (2, 3), 6, |index| index);
    /// let (rows, columns) = matrix.header;
    /// assert_eq!(rows * columns, matrix.slice.len());
    /// assert_eq!(matrix.slice[columns..], [3, 4, 5]);
    /// # });
    /// ```
    #[must_use]
    #[track_caller]
    pub fn new_slice_with_header(
        mc: &Mutation<'gc>,
        header: H,
        len: usize,
        element: impl FnMut(usize) -> T,
    ) -> Gc<'gc, SliceWithHeader<H, T>> {
        match make(mc, header, len, element) {
            // SAFETY: an array of this layout, just made.
            Ok(object) => unsafe { Gc::from_raw(object.as_non_null().cast()) },
            Err(_) => mc.exhausted(),
        }
    }
}

impl fmt::Pointer for ArrayHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Pointer::fmt(&core::ptr::from_ref(self), f)
    }
}
