//! A reference to an object as a collector sees it: untyped, unbranded, one word.

use core::fmt;
use core::ptr::NonNull;

use super::{Chunk, Descriptor, HEADER_BYTES, Header, object_bytes};

/// The address of an object's payload, with provenance over the whole chunk it lies in.
///
/// A plain pointer: it says nothing about whether the object is still alive. The methods that read
/// the object are therefore `unsafe`, all with the same obligation.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(transparent)]
pub struct ObjectRef(NonNull<u8>);

// A slot of an object holds an `Option<ObjectRef>`: one word, null for nothing.
static_assertions::assert_eq_size!(Option<ObjectRef>, *mut u8);

impl ObjectRef {
    /// Wraps a payload's address; `None` if it is null.
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
    #[inline]
    #[must_use]
    pub fn start(self) -> *mut u8 {
        self.as_ptr().wrapping_sub(HEADER_BYTES)
    }

    /// Asks the processor to load the header and what is in the same cache line.
    #[inline]
    pub fn prefetch(self) {
        super::mark::prefetch(self.start());
    }

    /// The chunk the object lies in.
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
    #[inline]
    #[must_use]
    pub unsafe fn bytes(self) -> usize {
        // SAFETY: the caller keeps the same promise.
        match unsafe { self.descriptor() }.object_bytes() {
            // SAFETY: as above.
            0 => object_bytes(unsafe { self.payload_bytes() }),
            bytes => bytes,
        }
    }

    /// Whether the object is mature: it outlived a safepoint, and its start bit is set.
    #[inline]
    #[must_use]
    pub fn is_mature(self) -> bool {
        self.chunk().starts().contains(self)
    }
}

impl fmt::Debug for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ObjectRef({:p})", self.as_ptr())
    }
}
