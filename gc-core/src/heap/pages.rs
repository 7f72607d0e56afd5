//! What the heap asks of the system about pages: to take some back while their addresses stay with the
//! heap, and for huge ones.
//!
//! The system puts other pages in their place when addresses are used again whose pages it took. What
//! those hold is as good as uninitialized: zeros, or what was there before.

use core::ops::Range;
use core::ptr::NonNull;

/// The unit in which the heap notes what it gave back. The system's pages may be larger: then what
/// is given back is a multiple of those.
pub(crate) const PAGE_BYTES: usize = 4 << 10;

/// The size of the system's pages, or `None` if it takes no pages back one by one.
pub(crate) fn system_page_bytes() -> Option<usize> {
    system::page_bytes().filter(|bytes| bytes.is_power_of_two())
}

/// Gives pages back; whether the system took them.
///
/// # Safety
///
/// 1. The range is of one allocation, and of whole pages of the system.
/// 2. Nothing in it is read before it is written.
pub(crate) unsafe fn give_back(pages: Range<*mut u8>) -> bool {
    // SAFETY: the caller's promises.
    unsafe { system::give_back(pages.start, pages.end.addr() - pages.start.addr()) }
}

/// Memory from the system itself, aligned to its size, a power of two: it may be in [huge pages](advise_huge).
/// It is zero.
///
/// Not from the allocator: most write their own notes into what is free, and where a small page is, no
/// huge one comes. To have it replaced takes milliseconds.
///
/// `None` if the system has no memory, or nothing is known of huge pages there.
pub(crate) fn map_aligned(bytes: usize) -> Option<NonNull<u8>> {
    debug_assert!(bytes.is_power_of_two());
    system::map_aligned(bytes)
}

/// Has memory that was not written to yet be in huge pages, if the system has some for who asks (Linux with
/// `transparent_hugepage` on `madvise` or `always`).
///
/// An access to memory takes a walk through the tables of pages if it is not known where the page is, and
/// of huge pages 512 times as much is known. In a virtual machine a walk is twice as long.
///
/// # Safety
///
/// [`map_aligned`] gave so many bytes there.
pub(crate) unsafe fn advise_huge(base: NonNull<u8>, bytes: usize) {
    // SAFETY: the caller's promise.
    unsafe { system::advise_huge(base.as_ptr(), bytes) }
}

/// Gives back what [`map_aligned`] gave.
///
/// # Safety
///
/// It gave so many bytes there, and nothing refers to them any more.
pub(crate) unsafe fn unmap(base: NonNull<u8>, bytes: usize) {
    // SAFETY: the caller's promises.
    unsafe { system::unmap(base.as_ptr(), bytes) }
}

#[cfg(all(
    feature = "std",
    not(miri),
    any(
        target_os = "linux",
        target_os = "android",
        target_os = "freebsd",
        target_vendor = "apple"
    )
))]
mod system {
    use core::ptr::NonNull;

    /// `MADV_DONTNEED` takes pages away at once on Linux, and is only a hint elsewhere.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    const ADVICE: libc::c_int = libc::MADV_DONTNEED;
    /// The pages go when the system is short of memory.
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    const ADVICE: libc::c_int = libc::MADV_FREE;

    pub(super) fn page_bytes() -> Option<usize> {
        // SAFETY: asks for a number.
        let bytes = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
        usize::try_from(bytes).ok()
    }

    /// # Safety
    ///
    /// As the function of this name outside.
    pub(super) unsafe fn give_back(start: *mut u8, bytes: usize) -> bool {
        // SAFETY: the pages are the heap's, and nobody counts on what is in them. Whatever the
        // allocator they came from thinks of its memory, it is not its own until it is freed.
        unsafe { libc::madvise(start.cast(), bytes, ADVICE) == 0 }
    }

    /// As the function of this name outside. The sanitizers watch over what comes from the allocator.
    #[cfg(all(target_os = "linux", not(asan)))]
    pub(super) fn map_aligned(bytes: usize) -> Option<NonNull<u8>> {
        let (protection, flags) =
            (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        // Of twice as much, some half is aligned.
        // SAFETY: a new mapping, wherever the system wants it.
        let base =
            unsafe { libc::mmap(core::ptr::null_mut(), 2 * bytes, protection, flags, -1, 0) };
        if base == libc::MAP_FAILED {
            return None;
        }
        let base = base.cast::<u8>();
        let begin = base.map_addr(|address| address.next_multiple_of(bytes));
        let (end, mapped_end) = (begin.wrapping_add(bytes), base.wrapping_add(2 * bytes));
        for (begin, end) in [(base, begin), (end, mapped_end)] {
            if begin != end {
                // SAFETY: a part of the new mapping that nobody has.
                unsafe { unmap(begin, end.addr() - begin.addr()) }
            }
        }
        NonNull::new(begin)
    }

    #[cfg(not(all(target_os = "linux", not(asan))))]
    pub(super) fn map_aligned(_: usize) -> Option<NonNull<u8>> {
        None
    }

    /// # Safety
    ///
    /// As the function of this name outside.
    #[cfg(target_os = "linux")]
    pub(super) unsafe fn advise_huge(base: *mut u8, bytes: usize) {
        // Where this fails there are small pages, which serve.
        // SAFETY: advice about memory of the heap that changes nothing of what is in it.
        unsafe { libc::madvise(base.cast(), bytes, libc::MADV_HUGEPAGE) };
    }

    #[cfg(not(target_os = "linux"))]
    pub(super) unsafe fn advise_huge(_: *mut u8, _: usize) {}

    /// # Safety
    ///
    /// As the function of this name outside.
    pub(super) unsafe fn unmap(base: *mut u8, bytes: usize) {
        // SAFETY: the caller's promises. If it fails, the memory stays, which harms nobody.
        unsafe { libc::munmap(base.cast(), bytes) };
    }
}

#[cfg(not(all(
    feature = "std",
    not(miri),
    any(
        target_os = "linux",
        target_os = "android",
        target_os = "freebsd",
        target_vendor = "apple"
    )
)))]
mod system {
    use core::ptr::NonNull;

    pub(super) fn page_bytes() -> Option<usize> {
        None
    }

    /// # Safety
    ///
    /// None are needed.
    pub(super) unsafe fn give_back(_: *mut u8, _: usize) -> bool {
        false
    }

    pub(super) fn map_aligned(_: usize) -> Option<NonNull<u8>> {
        None
    }

    /// # Safety
    ///
    /// None are needed.
    pub(super) unsafe fn advise_huge(_: *mut u8, _: usize) {}

    /// # Safety
    ///
    /// None are needed.
    pub(super) unsafe fn unmap(_: *mut u8, _: usize) {}
}
