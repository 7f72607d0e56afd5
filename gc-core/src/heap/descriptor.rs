//! What the collector knows of a type: one [`Descriptor`] in static memory for each type that is
//! allocated, found from every object's header.
//!
//! Nothing a collector does depends on the static type of a [`Gc`](crate::Gc): size, references,
//! drop glue and name all come from here. Two descriptors may describe one type (the compiler may
//! duplicate constants), so their addresses are no type identity.

use core::fmt;
use core::mem::needs_drop;
use core::ops::Range;

use super::{GRANULE_BYTES, HEADER_BYTES, ObjectRef};
use crate::finalize::DeclaredFinalizer;
use crate::place::NamedEdges;
use crate::send_check::SendCheck;
use crate::trace::{Edges, SlotMap, Slots, Trace};
use crate::weak::{WeakCellKind, WeakKind};

/// Where the references of an object are.
///
/// # Examples
///
/// ```
/// use gc_core::heap::{Descriptor, References};
/// use gc_core::{Gc, Lock, Trace};
///
/// #[derive(Trace)]
/// #[repr(C)]
/// struct Pair<'gc> {
///     key: usize,
///     value: Lock<Option<Gc<'gc, str>>>,
/// }
/// assert_eq!(Descriptor::of::<usize>().references(), References::None);
/// assert_eq!(Descriptor::of::<Pair>().references(), References::Words(0b10));
/// // How many there are depends on the value.
/// assert_eq!(Descriptor::of::<Vec<Pair>>().references(), References::Dynamic);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum References {
    /// There are none: the object is never scanned.
    None,
    /// In these words of the payload (bit `i` is word `i`).
    Words(u64),
    /// The object is an array, and each element has references in these words of its own.
    Elements(u64),
    /// Only the type's own `visit` knows.
    Dynamic,
}

/// The elements of an object that are meant: all of them for an object that is no array.
pub(crate) type Elements = Range<usize>;

/// The type of an object, as data.
///
/// # Examples
///
/// ```
/// use gc_core::heap::{Descriptor, object_bytes};
/// use gc_core::Gc;
///
/// let descriptor = Descriptor::of::<(u8, u64)>();
/// assert_eq!((descriptor.fixed_bytes(), descriptor.align_bytes()), (16, 8));
/// assert_eq!(descriptor.object_bytes(), object_bytes(16));
/// assert_eq!(descriptor.type_name(), "(u8, u64)");
/// assert!(!descriptor.is_array() && !descriptor.has_references());
/// // A collector need not look at it when it dies.
/// assert!(descriptor.drop_glue().is_none());
/// assert!(Descriptor::of::<String>().drop_glue().is_some());
/// // Only what can refer to others can be part of a cycle.
/// assert!(!descriptor.is_tracked() && Descriptor::of::<Gc<'_, u8>>().is_tracked());
/// ```
// 256-aligned, so that a header has eight low bits for flags.
#[repr(C, align(256))]
pub struct Descriptor {
    references: References,
    /// Payload bytes in front of the elements; for an object that is no array, all of them.
    fixed_bytes: usize,
    /// Bytes from one element to the next; zero for an object that is no array.
    stride_bytes: usize,
    /// At least a granule.
    align_bytes: usize,
    /// Bytes an object takes in its block, header included; zero for an array.
    object_bytes: usize,
    is_array: bool,
    weak_cell: Option<WeakKind>,
    visit: unsafe fn(ObjectRef, Elements, &mut Edges),
    relocate: unsafe fn(ObjectRef, Elements, &mut Slots),
    describe: unsafe fn(ObjectRef, Elements, &mut NamedEdges<'_>),
    drop: Option<unsafe fn(ObjectRef)>,
    finalizer: Option<DeclaredFinalizer>,
    check_send: fn(&mut SendCheck<'_>),
    type_name: fn() -> &'static str,
    /// [`MAGIC`]: a pointer that leads to it leads to a descriptor.
    magic: usize,
}

/// A word that nothing else has, as far as that can be.
const MAGIC: usize = 0x9d4a_11c7_u32 as usize;

impl Descriptor {
    /// The descriptor of a type of fixed size.
    ///
    /// See the example of [`Descriptor`].
    #[inline]
    #[must_use]
    pub fn of<T: Trace>() -> &'static Descriptor {
        const { assert_alignment::<T>() }
        &const { Descriptor::fixed::<T>(None) }
    }

    /// The descriptor of a cell that weak references of a kind refer to.
    pub(crate) fn of_weak_cell<T: WeakCellKind>() -> &'static Descriptor {
        &const { Descriptor::fixed::<T>(Some(T::KIND)) }
    }

    const fn fixed<T: Trace>(weak_cell: Option<WeakKind>) -> Descriptor {
        unsafe fn visit<T: Trace>(object: ObjectRef, _: Elements, edges: &mut Edges) {
            // SAFETY: the caller passes an object of this descriptor, so a `T`, and no `&mut T`
            // to it is alive (`Trace::visit` runs under the contract of `edges::for_each_edge`).
            let value = unsafe { &*object.as_ptr().cast::<T>() };
            value.visit(edges);
        }
        unsafe fn relocate<T: Trace>(object: ObjectRef, _: Elements, slots: &mut Slots) {
            // SAFETY: as above, and at a safepoint nothing else refers to the value.
            let value = unsafe { &mut *object.as_ptr().cast::<T>() };
            value.relocate(slots);
        }
        unsafe fn describe<T: Trace>(object: ObjectRef, _: Elements, edges: &mut NamedEdges<'_>) {
            // SAFETY: as in `visit`.
            let value = unsafe { &*object.as_ptr().cast::<T>() };
            value.describe(edges);
        }
        unsafe fn drop<T>(object: ObjectRef) {
            // SAFETY: the caller passes a `T` that is dropped here for the first and only time.
            unsafe { object.as_ptr().cast::<T>().drop_in_place() }
        }
        Descriptor {
            references: match (T::HAS_GC, T::SLOTS) {
                (false, _) | (_, SlotMap::Empty) => References::None,
                (true, SlotMap::Words(words)) => References::Words(words),
                (true, SlotMap::Dynamic) => References::Dynamic,
            },
            fixed_bytes: size_of::<T>(),
            stride_bytes: 0,
            align_bytes: at_least_granule(align_of::<T>()),
            object_bytes: object_bytes(size_of::<T>()),
            is_array: false,
            weak_cell,
            visit: visit::<T>,
            relocate: relocate::<T>,
            describe: describe::<T>,
            drop: if needs_drop::<T>() { Some(drop::<T>) } else { None },
            finalizer: T::FINALIZER,
            check_send: T::check_send,
            type_name: core::any::type_name::<T>,
            magic: MAGIC,
        }
    }

    /// The descriptor of an array whose payload is laid out as `A` says.
    pub(crate) const fn array<A: ArrayLayout + ?Sized>() -> Descriptor {
        unsafe fn visit<A: ArrayLayout + ?Sized>(
            object: ObjectRef,
            elements: Elements,
            edges: &mut Edges,
        ) {
            // SAFETY: the caller passes an object of this descriptor and elements of it, and no
            // `&mut` into it is alive.
            unsafe { A::visit(object, elements, edges) }
        }
        unsafe fn relocate<A: ArrayLayout + ?Sized>(
            object: ObjectRef,
            elements: Elements,
            slots: &mut Slots,
        ) {
            // SAFETY: as above, and at a safepoint nothing else refers to the value.
            unsafe { A::relocate(object, elements, slots) }
        }
        unsafe fn describe<A: ArrayLayout + ?Sized>(
            object: ObjectRef,
            elements: Elements,
            edges: &mut NamedEdges<'_>,
        ) {
            // SAFETY: as in `visit`.
            unsafe { A::describe(object, elements, edges) }
        }
        unsafe fn drop<A: ArrayLayout + ?Sized>(object: ObjectRef) {
            // SAFETY: the caller passes an object of this descriptor, dropped here once.
            unsafe { A::drop(object) }
        }
        Descriptor {
            references: A::REFERENCES,
            fixed_bytes: A::FIXED_BYTES,
            stride_bytes: A::STRIDE_BYTES,
            align_bytes: at_least_granule(A::ALIGN_BYTES),
            object_bytes: 0,
            is_array: true,
            weak_cell: None,
            visit: visit::<A>,
            relocate: relocate::<A>,
            describe: describe::<A>,
            drop: if A::NEEDS_DROP { Some(drop::<A>) } else { None },
            finalizer: None,
            check_send: A::check_send,
            type_name: A::type_name,
            magic: MAGIC,
        }
    }

    /// Whether what a header calls its descriptor is one, as far as can be seen: for the verifier.
    ///
    /// # Safety
    ///
    /// The memory can be read.
    pub(super) unsafe fn is_intact(descriptor: *const Descriptor) -> bool {
        // No reference is made to what may be no descriptor.
        let magic = descriptor.wrapping_byte_add(core::mem::offset_of!(Descriptor, magic));
        let align_bytes =
            descriptor.wrapping_byte_add(core::mem::offset_of!(Descriptor, align_bytes));
        // SAFETY: the caller's promise; so the field's type says.
        let magic = unsafe { magic.cast::<usize>().read() };
        // SAFETY: as above.
        let align_bytes = unsafe { align_bytes.cast::<usize>().read() };
        magic == MAGIC && align_bytes.is_power_of_two() && align_bytes <= ALIGN_BYTES_MAX
    }

    /// Where the references are.
    ///
    /// See the example of [`References`].
    #[inline]
    #[must_use]
    pub fn references(&self) -> References {
        self.references
    }

    /// Whether objects of this type can refer to others.
    ///
    /// See the example of [`Descriptor`].
    #[inline]
    #[must_use]
    pub fn has_references(&self) -> bool {
        self.references != References::None
    }

    /// Whether objects of this type are arrays, with a length in their first word.
    ///
    /// See the example of [`Descriptor`].
    #[inline]
    #[must_use]
    pub fn is_array(&self) -> bool {
        self.is_array
    }

    /// Bytes an object takes in its block, header included; zero for an array, where it depends on
    /// the length.
    ///
    /// See the example of [`Descriptor`].
    #[inline]
    #[must_use]
    pub fn object_bytes(&self) -> usize {
        self.object_bytes
    }

    /// Bytes from one element to the next; zero for an object that is no array.
    ///
    /// See the example of [`array_bytes`](Descriptor::array_bytes).
    #[inline]
    #[must_use]
    pub fn stride_bytes(&self) -> usize {
        self.stride_bytes
    }

    /// Payload bytes in front of the elements; for an object that is no array, all of them.
    ///
    /// See the example of [`Descriptor`].
    #[inline]
    #[must_use]
    pub fn fixed_bytes(&self) -> usize {
        self.fixed_bytes
    }

    /// Payload bytes of an array of this length, rounded up to its alignment: a reference to a
    /// value of dynamic size covers its padding.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::{heap::*, *};
    /// # Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let slice = Gc::new_slice(mc, [1_u32, 2, 3]);
    /// # let object = ObjectRef::from_ptr(Gc::raw(slice).as_ptr().cast()).unwrap();
    /// // SAFETY: the object, that of the slice, is live.
    /// let descriptor = unsafe { object.descriptor() };
    /// assert_eq!((descriptor.fixed_bytes(), descriptor.stride_bytes()), (size_of::<usize>(), 4));
    /// assert_eq!(descriptor.array_bytes(4), size_of::<usize>() + 4 * 4);
    /// # });
    /// ```
    #[inline]
    #[must_use]
    pub fn array_bytes(&self, len: usize) -> usize {
        let mask = self.align_bytes() - 1;
        (self.fixed_bytes + len * self.stride_bytes + mask) & !mask
    }

    /// The payload's alignment in bytes, at least a granule.
    ///
    /// See the example of [`Descriptor`].
    #[inline]
    #[must_use]
    pub fn align_bytes(&self) -> usize {
        self.align_bytes
    }

    /// Whether objects of this type count as garbage that a collection has found: those that can
    /// refer to others, and weak references with a callback.
    ///
    /// See the example of [`Descriptor`].
    #[inline]
    #[must_use]
    pub fn is_tracked(&self) -> bool {
        self.has_references() || self.weak_cell == Some(WeakKind::Callback)
    }

    /// Which weak references refer to objects of this type, if these are the cells of some.
    #[inline]
    #[must_use]
    pub(crate) fn weak_cell(&self) -> Option<WeakKind> {
        self.weak_cell
    }

    /// The type's name, for people.
    ///
    /// See the example of [`Descriptor`].
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        (self.type_name)()
    }

    /// The drop glue, if the type has any.
    ///
    /// See the example of [`Descriptor`].
    #[inline]
    #[must_use]
    pub fn drop_glue(&self) -> Option<unsafe fn(ObjectRef)> {
        self.drop
    }

    /// The finalizer that the type declares, if it does.
    #[inline]
    pub(crate) fn finalizer(&self) -> Option<DeclaredFinalizer> {
        self.finalizer
    }

    /// Asks whether objects of this type may be sent to another thread with their heap.
    pub(crate) fn check_send(&self, check: &mut SendCheck<'_>) {
        check.ask(self.type_name(), self.check_send);
    }

    /// Calls the type's `visit` for the given elements.
    ///
    /// # Safety
    ///
    /// 1. `object` is live and has this descriptor, `elements` are within it.
    /// 2. No `&mut` into the object's payload is alive.
    #[inline]
    pub(crate) unsafe fn visit(&self, object: ObjectRef, elements: Elements, edges: &mut Edges) {
        // SAFETY: 1 and 2 are what the function asks for.
        unsafe { (self.visit)(object, elements, edges) }
    }

    /// Calls the type's `relocate` for the given elements.
    ///
    /// # Safety
    ///
    /// 1. `object` is live and has this descriptor, `elements` are within it.
    /// 2. No reference into the object's payload is alive.
    #[inline]
    pub(crate) unsafe fn relocate(&self, object: ObjectRef, elements: Elements, slots: &mut Slots) {
        // SAFETY: 1 and 2 are what the function asks for.
        unsafe { (self.relocate)(object, elements, slots) }
    }

    /// Calls the type's `describe` for the given elements.
    ///
    /// # Safety
    ///
    /// As [`visit`](Descriptor::visit).
    pub(crate) unsafe fn describe(
        &self,
        object: ObjectRef,
        elements: Elements,
        edges: &mut NamedEdges<'_>,
    ) {
        // SAFETY: the caller's promises.
        unsafe { (self.describe)(object, elements, edges) }
    }
}

impl fmt::Debug for Descriptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Descriptor")
            .field("type_name", &self.type_name())
            .field("references", &self.references)
            .field("fixed_bytes", &self.fixed_bytes)
            .field("stride_bytes", &self.stride_bytes)
            .field("has_drop_glue", &self.drop.is_some())
            .finish_non_exhaustive()
    }
}

/// How an array's payload is laid out: its length in the first word, then what every element
/// shares, then the elements.
///
/// # Safety
///
/// The constants and functions describe one and the same layout.
pub(crate) unsafe trait ArrayLayout {
    const REFERENCES: References;
    const FIXED_BYTES: usize;
    const STRIDE_BYTES: usize;
    const ALIGN_BYTES: usize;
    const NEEDS_DROP: bool;

    /// # Safety
    ///
    /// As [`Descriptor::visit`].
    unsafe fn visit(object: ObjectRef, elements: Elements, edges: &mut Edges);

    /// # Safety
    ///
    /// As [`Descriptor::relocate`].
    unsafe fn relocate(object: ObjectRef, elements: Elements, slots: &mut Slots);

    /// # Safety
    ///
    /// As [`Descriptor::describe`].
    unsafe fn describe(object: ObjectRef, elements: Elements, edges: &mut NamedEdges<'_>);

    /// # Safety
    ///
    /// `object` is of this layout and is not used again.
    unsafe fn drop(object: ObjectRef);

    /// As [`Trace::check_send`], for all that is in the payload.
    fn check_send(check: &mut SendCheck<'_>);

    fn type_name() -> &'static str;
}

/// The largest alignment a type in the heap may have, in bytes.
pub const ALIGN_BYTES_MAX: usize = 4096;

/// Stops the compilation where a type's alignment is beyond what the heap offers.
pub(crate) const fn assert_alignment<T>() {
    assert!(
        align_of::<T>() <= ALIGN_BYTES_MAX,
        "a type in the heap is aligned to at most 4096 bytes"
    );
}

/// Stops the compilation where values would be parts of an object whose type declares a finalizer that
/// asks for an object.
pub(crate) const fn assert_not_finalized<T: Trace>() {
    assert!(
        T::FINALIZER.is_none(),
        "elements are no objects, and their type's finalizer would never run: hold them by `Gc`"
    );
}

/// The alignment of a payload, by that of its type.
const fn at_least_granule(align_bytes: usize) -> usize {
    if align_bytes < GRANULE_BYTES { GRANULE_BYTES } else { align_bytes }
}

/// The next address that is aligned to `align_bytes`, a power of two. (`next_multiple_of` divides,
/// for it cannot know.)
#[inline]
pub(crate) const fn align_up(address: usize, align_bytes: usize) -> usize {
    debug_assert!(align_bytes.is_power_of_two());
    (address + align_bytes - 1) & !(align_bytes - 1)
}

/// Bytes that an object with this payload takes in a block, header included.
///
/// At least two words, so that an object without payload has an address of its own.
///
/// # Examples
///
/// ```
/// use gc_core::heap::{HEADER_BYTES, object_bytes};
///
/// assert_eq!(object_bytes(8), HEADER_BYTES + 8);
/// // Rounded up to granules of eight bytes, and two of them at least.
/// assert_eq!(object_bytes(5), HEADER_BYTES + 8);
/// assert!(object_bytes(0) >= 16);
/// ```
#[inline]
#[must_use]
pub const fn object_bytes(payload_bytes: usize) -> usize {
    let bytes = (HEADER_BYTES + payload_bytes).next_multiple_of(GRANULE_BYTES);
    if bytes < 2 * GRANULE_BYTES { 2 * GRANULE_BYTES } else { bytes }
}
