//! Allocation: bump a cursor; the rest is cold.

use alloc::vec::Vec;
use core::mem::needs_drop;
use core::panic::Location;
use core::ptr::NonNull;

use super::barrier::SegmentBits;
use super::sampler::Birth;
use super::{
    Descriptor, Flag, GRANULE_BYTES, HEADER_BYTES, Header, Heap, LARGE_BYTES_MIN, ObjectRef,
    align_up,
};

impl Heap {
    /// Allocates a young object, or gives the value back if the heap is exhausted.
    ///
    /// # Safety
    ///
    /// `descriptor` describes `T`.
    #[inline(always)]
    #[track_caller]
    pub(crate) unsafe fn allocate<T>(
        &self,
        descriptor: &'static Descriptor,
        value: T,
    ) -> Result<ObjectRef, T> {
        let bytes = const { super::object_bytes(size_of::<T>()) };
        let align_bytes = align_of::<T>().max(GRANULE_BYTES);
        let Some(object) = self.reserve(bytes, align_bytes, descriptor) else {
            return Err(value);
        };
        // SAFETY: `reserve` gave room for a header in front of the payload, aligned to a granule.
        unsafe { object.start().cast::<Header>().write(Header::new(descriptor)) }
        // SAFETY: `reserve` gave room for a `T` at the payload, aligned as asked.
        unsafe { object.as_ptr().cast::<T>().write(value) }
        self.allocated_objects.set(self.allocated_objects.get() + 1);
        if needs_drop::<T>() && !self.add_droppable(object) {
            // SAFETY: a young object that holds a `T` and was counted, and nothing refers to it.
            return Err(unsafe { self.take_back(object) });
        }
        Ok(object)
    }

    /// Reserves a young array and writes its header and its length, but not what follows.
    ///
    /// The caller writes the rest and then calls [`finish_array`](Heap::finish_array). Until then the
    /// object is in no list, and marked as a gap (Note [Gaps]): if the caller unwinds, it stays one.
    ///
    /// # Safety
    ///
    /// `descriptor` is an array's.
    #[track_caller]
    pub(crate) unsafe fn reserve_array(
        &self,
        descriptor: &'static Descriptor,
        len: usize,
    ) -> Option<ObjectRef> {
        // Half of what a reference may cover is more than any system gives, and no sum overflows.
        if len.checked_mul(descriptor.stride_bytes())? > isize::MAX as usize / 2 {
            return None;
        }
        let bits_bytes = SegmentBits::size_bytes(descriptor, len);
        let bytes = super::object_bytes(descriptor.array_bytes(len) + bits_bytes);
        let object = self.reserve(bytes, descriptor.align_bytes(), descriptor)?;
        self.gaps.set(self.gaps.get() + 1);
        let header = Header::new(descriptor);
        header.set(Flag::Unlogged);
        // SAFETY: as in `allocate`.
        unsafe { object.start().cast::<Header>().write(header) }
        // SAFETY: the payload of an array begins with its length.
        unsafe { object.as_ptr().cast::<usize>().write(len) }
        if bits_bytes > 0 {
            // SAFETY: an array with its header and its length.
            let bits = unsafe { object.segment_bits() };
            // SAFETY: they take so many bytes.
            unsafe { bits.clear(bits_bytes) }
        }
        Some(object)
    }

    /// Counts a finished array. If it has drop glue, it was [added](Heap::add_droppable) just before.
    pub(crate) fn finish_array(&self, object: ObjectRef) {
        self.allocated_objects.set(self.allocated_objects.get() + 1);
        self.gaps.set(self.gaps.get() - 1);
        // SAFETY: `reserve_array` wrote the header.
        unsafe { object.header() }.clear(Flag::Unlogged);
    }

    /// Sees to the drop glue of a young object; says whether there was memory for that.
    #[inline]
    pub(crate) fn add_droppable(&self, object: ObjectRef) -> bool {
        let mut drops = self.young_drops.borrow_mut();
        if drops.len() == drops.capacity() && !grow(&mut drops) {
            return false;
        }
        drops.push(object);
        drop(drops);
        self.has_droppable.set(true);
        self.is_young_listed.set(true);
        self.note_change();
        true
    }

    /// Takes the value out of an object that was just allocated, and makes that a gap.
    ///
    /// # Safety
    ///
    /// The object is young, holds a `T`, was counted, and is in no list but that of large objects.
    /// Nothing refers to it.
    #[cold]
    unsafe fn take_back<T>(&self, object: ObjectRef) -> T {
        self.allocated_objects.set(self.allocated_objects.get() - 1);
        self.gaps.set(self.gaps.get() + 1);
        // SAFETY: `allocate` wrote the header.
        unsafe { object.header() }.set(Flag::Unlogged);
        // SAFETY: it holds a `T`, which nobody reads there again: Note [Gaps].
        unsafe { object.as_ptr().cast::<T>().read() }
    }

    /// Reserves `bytes`, header included, so that the payload is aligned to `align_bytes`.
    #[inline(always)]
    #[track_caller]
    fn reserve(
        &self,
        bytes: usize,
        align_bytes: usize,
        descriptor: &'static Descriptor,
    ) -> Option<ObjectRef> {
        if let Some(object) = self.reserve_fast(bytes, align_bytes) {
            return Some(object);
        }
        self.reserve_slow(bytes, align_bytes, descriptor, Location::caller())
    }

    /// Reserves in the current region, in front of its limit.
    #[inline(always)]
    fn reserve_fast(&self, bytes: usize, align_bytes: usize) -> Option<ObjectRef> {
        if align_bytes == GRANULE_BYTES && bytes <= LARGE_BYTES_MIN {
            let cursor = self.cursor.get();
            if bytes <= self.limit.get().addr() - cursor.addr() {
                self.cursor.set(cursor.wrapping_add(bytes));
                let payload = cursor.wrapping_add(HEADER_BYTES);
                // SAFETY: it is inside of a region that has room for the object.
                let payload = unsafe { NonNull::new_unchecked(payload) };
                return Some(ObjectRef::from_non_null(payload));
            }
        }
        None
    }

    #[cold]
    #[inline(never)]
    fn reserve_slow(
        &self,
        bytes: usize,
        align_bytes: usize,
        descriptor: &'static Descriptor,
        location: &'static Location<'static>,
    ) -> Option<ObjectRef> {
        if self.is_limited.get() {
            let birth = Birth { descriptor, location, bytes };
            return self.reserve_limited(birth, || {
                self.reserve_fast(bytes, align_bytes)
                    .or_else(|| self.reserve_unsampled(bytes, align_bytes))
            });
        }
        self.reserve_unsampled(bytes, align_bytes)
    }

    #[inline(always)]
    fn reserve_unsampled(&self, bytes: usize, align_bytes: usize) -> Option<ObjectRef> {
        // Where objects die one by one, most are made in the hole that one of them has left.
        if align_bytes == GRANULE_BYTES && bytes <= LARGE_BYTES_MIN && self.next_hole(bytes) {
            let begin = self.cursor.get();
            self.cursor.set(begin.wrapping_add(bytes));
            return ObjectRef::from_ptr(begin.wrapping_add(HEADER_BYTES));
        }
        self.reserve_rare(bytes, align_bytes)
    }

    #[inline(never)]
    fn reserve_rare(&self, bytes: usize, align_bytes: usize) -> Option<ObjectRef> {
        // Room to move the payload to an aligned address; it is at a granule in any case.
        let worst_bytes = bytes.checked_add(align_bytes - GRANULE_BYTES)?;
        if worst_bytes > LARGE_BYTES_MIN {
            return self.reserve_large(bytes, align_bytes);
        }
        if self.end.get().addr() - self.cursor.get().addr() < worst_bytes {
            self.next_region(worst_bytes).ok()?;
        }
        if align_bytes > GRANULE_BYTES {
            self.is_any_over_aligned.set(true);
            let waste_bytes = align_bytes - GRANULE_BYTES;
            self.young_waste_bytes.set(self.young_waste_bytes.get() + waste_bytes);
        }
        let lowest = self.cursor.get().wrapping_add(HEADER_BYTES);
        let payload = lowest.map_addr(|address| align_up(address, align_bytes));
        if payload != lowest {
            self.gaps.set(self.gaps.get() + 1);
            let gap = self.cursor.get()..payload.wrapping_sub(HEADER_BYTES);
            // SAFETY: it is a part of the region that the object has for itself.
            unsafe { Header::fill_gap(gap) }
        }
        self.cursor.set(payload.wrapping_add(bytes - HEADER_BYTES));
        debug_assert!(self.cursor.get() <= self.end.get());
        ObjectRef::from_ptr(payload)
    }

    fn reserve_large(&self, bytes: usize, align_bytes: usize) -> Option<ObjectRef> {
        let mut pool = self.pool.borrow_mut();
        let object = self.large.borrow_mut().allocate(&mut pool, bytes, align_bytes).ok()?;
        drop(pool);
        self.is_young_listed.set(true);
        self.allocated_bytes.set(self.allocated_bytes.get() + bytes as u64);
        self.take_from_nursery(bytes);
        Some(object)
    }
}

/// Makes room for one more in a list that is full, if there is memory.
#[cold]
#[inline(never)]
fn grow(list: &mut Vec<ObjectRef>) -> bool {
    list.try_reserve(1).is_ok()
}
