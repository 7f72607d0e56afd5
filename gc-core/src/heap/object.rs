//! A reference to an object as a collector sees it: untyped, unbranded, one word.

use core::fmt;
use core::ptr::NonNull;

use super::barrier::SegmentBits;
use super::{
    Block, BlockState, Chunk, Descriptor, GRANULE_BYTES, HEADER_BYTES, Header, object_bytes,
};

/// What comes into a cache at once.
const CACHE_LINE_BYTES: usize = 64;

/// The address of an object's payload, with provenance over the whole chunk it lies in.
///
/// A plain pointer: it says nothing about whether the object is still alive. The methods that read
/// the object are therefore `unsafe`, all with the same obligation.
///
/// # Examples
///
/// ```
/// use gc_core::heap::ObjectRef;
/// # use gc_core::{Arena, Gc, NullCollector, Rootable};
///
/// # Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
/// let slice = Gc::new_slice(mc, [1_u16, 2, 3]);
/// let object = ObjectRef::from_ptr(Gc::raw(slice).as_ptr().cast()).unwrap();
/// assert!(!object.is_mature(), "no safepoint has come since");
/// // SAFETY: it is live until this closure returns.
/// let descriptor = unsafe { object.descriptor() };
/// assert!(descriptor.is_array() && !descriptor.has_references());
/// // SAFETY: as above.
/// assert_eq!(unsafe { object.element_count() }, 3);
/// // SAFETY: as above. A word for the length, and the elements, up to a whole number of granules.
/// assert_eq!(unsafe { object.bytes() }, gc_core::heap::object_bytes(size_of::<usize>() + 6));
/// # });
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(transparent)]
pub struct ObjectRef(NonNull<u8>);

// A slot of an object holds an `Option<ObjectRef>`: one word, null for nothing.
static_assertions::assert_eq_size!(Option<ObjectRef>, *mut u8);

impl ObjectRef {
    /// Wraps a payload's address; `None` if it is null.
    ///
    /// See the example of [`ObjectRef`].
    #[inline]
    #[must_use]
    pub fn from_ptr(payload: *mut u8) -> Option<ObjectRef> {
        NonNull::new(payload).map(ObjectRef)
    }

    #[inline]
    pub(crate) fn from_non_null(payload: NonNull<u8>) -> ObjectRef {
        ObjectRef(payload)
    }

    /// The payload's address.
    ///
    /// See the example of [`start`](ObjectRef::start).
    #[inline]
    #[must_use]
    pub fn as_ptr(self) -> *mut u8 {
        self.0.as_ptr()
    }

    #[inline]
    pub(crate) fn as_non_null(self) -> NonNull<u8> {
        self.0
    }

    /// The address of the object's first byte, its header.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::{heap::*, *};
    /// # Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let number = Gc::new(mc, 42_u64);
    /// let object = ObjectRef::from_ptr(Gc::raw(number).as_ptr().cast()).unwrap();
    /// assert_eq!(object.as_ptr().addr() - object.start().addr(), HEADER_BYTES);
    /// # });
    /// ```
    #[inline]
    #[must_use]
    pub fn start(self) -> *mut u8 {
        self.as_ptr().wrapping_sub(HEADER_BYTES)
    }

    /// The chunk the object lies in.
    ///
    /// See the example of [`Chunk`](super::Chunk).
    #[inline]
    #[must_use]
    pub fn chunk(self) -> Chunk {
        Chunk::containing(self)
    }

    /// The object's header.
    ///
    /// # Safety
    ///
    /// The object's memory has not been handed out again, and its chunk is not freed.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::{heap::*, *};
    /// # Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let number = Gc::new(mc, 42_u64);
    /// let object = ObjectRef::from_ptr(Gc::raw(number).as_ptr().cast()).unwrap();
    /// // SAFETY: the object is live.
    /// assert!(!unsafe { object.header() }.has(Flag::Unlogged), "young objects are not logged");
    /// # });
    /// ```
    #[inline]
    #[must_use]
    pub unsafe fn header<'a>(self) -> &'a Header {
        // SAFETY: every object is preceded by its header, aligned to a granule; the caller says
        // that the memory is still the object's. The header is all `Cell`s, so it may be shared.
        unsafe { &*self.start().cast::<Header>() }
    }

    /// The object's type.
    ///
    /// # Safety
    ///
    /// As [`header`](ObjectRef::header), and the object is not forwarded.
    ///
    /// # Examples
    ///
    /// See the example of [`ObjectRef`].
    #[inline]
    #[must_use]
    pub unsafe fn descriptor(self) -> &'static Descriptor {
        // SAFETY: the caller keeps the same promise.
        unsafe { self.header() }.descriptor()
    }

    /// The number of elements of an array, 1 for any other object.
    ///
    /// # Safety
    ///
    /// As [`descriptor`](ObjectRef::descriptor).
    ///
    /// # Examples
    ///
    /// See the example of [`ObjectRef`].
    #[inline]
    #[must_use]
    pub unsafe fn element_count(self) -> usize {
        // SAFETY: the caller keeps the same promise.
        if unsafe { self.descriptor() }.is_array() {
            // SAFETY: an array's payload begins with its length.
            unsafe { self.as_ptr().cast::<usize>().read() }
        } else {
            1
        }
    }

    /// Bytes of the payload: the value itself, for an array with the length word and the elements.
    ///
    /// # Safety
    ///
    /// As [`descriptor`](ObjectRef::descriptor).
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::{heap::*, *};
    /// # Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let number = Gc::new(mc, 42_u64);
    /// let object = ObjectRef::from_ptr(Gc::raw(number).as_ptr().cast()).unwrap();
    /// // SAFETY: the object is live; it is a number of eight bytes.
    /// assert_eq!(unsafe { object.payload_bytes() }, 8);
    /// # });
    /// ```
    #[inline]
    #[must_use]
    pub unsafe fn payload_bytes(self) -> usize {
        // SAFETY: the caller keeps the same promise.
        let descriptor = unsafe { self.descriptor() };
        if descriptor.is_array() {
            // SAFETY: an array's payload begins with its length.
            let len = unsafe { self.as_ptr().cast::<usize>().read() };
            descriptor.array_bytes(len)
        } else {
            descriptor.fixed_bytes()
        }
    }

    /// Bytes the object takes in its block, header included.
    ///
    /// # Safety
    ///
    /// As [`descriptor`](ObjectRef::descriptor).
    ///
    /// # Examples
    ///
    /// See the example of [`ObjectRef`].
    #[inline]
    #[must_use]
    pub unsafe fn bytes(self) -> usize {
        // SAFETY: the caller keeps the same promise.
        match unsafe { self.descriptor() }.object_bytes() {
            // SAFETY: as above.
            0 => unsafe { self.array_object_bytes() },
            bytes => bytes,
        }
    }

    /// Bytes an array takes: what a reference to it covers, and the bits of its segments.
    ///
    /// # Safety
    ///
    /// As [`descriptor`](ObjectRef::descriptor), and the object is an array.
    unsafe fn array_object_bytes(self) -> usize {
        // SAFETY: the caller keeps the same promise.
        let descriptor = unsafe { self.descriptor() };
        // SAFETY: as above.
        let len = unsafe { self.element_count() };
        object_bytes(descriptor.array_bytes(len) + SegmentBits::size_bytes(descriptor, len))
    }

    /// Asks the processor to load the object's header into its cache: it will be needed soon.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::{heap::*, *};
    /// # Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let number = Gc::new(mc, 42_u64);
    /// let object = ObjectRef::from_ptr(Gc::raw(number).as_ptr().cast()).unwrap();
    /// object.prefetch();
    /// // It is in the cache by now, or nearly.
    /// // SAFETY: the object is live.
    /// assert_eq!(unsafe { object.header() }.count(), 0);
    /// # });
    /// ```
    #[inline]
    pub fn prefetch(self) {
        self.prefetch_beyond(0);
    }

    /// Brings the end of the object into the cache, if it may be in another line than its header, which
    /// is there.
    ///
    /// # Safety
    ///
    /// As [`descriptor`](ObjectRef::descriptor).
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::{heap::*, *};
    /// # Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let number = Gc::new(mc, 42);
    /// let object = ObjectRef::from_ptr(Gc::raw(number).as_ptr().cast()).unwrap();
    /// // SAFETY: it is live, and not forwarded.
    /// unsafe { object.prefetch_end() } // as good as no operation
    /// # });
    /// ```
    #[inline]
    pub unsafe fn prefetch_end(self) {
        // SAFETY: the caller's promise.
        let bytes = unsafe { self.descriptor() }.object_bytes();
        if bytes > CACHE_LINE_BYTES {
            self.prefetch_beyond(bytes - GRANULE_BYTES);
        }
    }

    /// Brings what lies so many bytes behind the beginning of the object into the cache, whatever that is.
    #[inline]
    pub(super) fn prefetch_beyond(self, distance_bytes: usize) {
        #[cfg(target_arch = "x86_64")]
        {
            use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
            let place = self.start().wrapping_add(distance_bytes);
            // SAFETY: a prefetch reads nothing that the program could observe, and does not fault.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(place.cast_const().cast()) }
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = distance_bytes;
    }

    /// Whether the object is mature: it outlived a safepoint, and its start bit is set.
    ///
    /// See the example of [`ObjectRef`].
    #[inline]
    #[must_use]
    pub fn is_mature(self) -> bool {
        self.chunk().starts().contains(self)
    }

    /// The generation that the object is in, where `oldest` is the last one there is.
    #[must_use]
    pub(crate) fn generation(self, oldest: u8) -> u8 {
        if !self.is_mature() {
            return 0;
        }
        match Block::containing(self).state() {
            BlockState::Aging => oldest.min(1),
            _ => oldest,
        }
    }
}

impl fmt::Debug for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ObjectRef({:p})", self.as_ptr())
    }
}
