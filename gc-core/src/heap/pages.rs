//! Giving pages back to the system while their addresses stay with the heap.
//!
//! The system puts other pages in their place when the addresses are used again. What those hold is
//! as good as uninitialized: zeros, or what was there before.

use core::ops::Range;

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
    pub(super) fn page_bytes() -> Option<usize> {
        None
    }

    /// # Safety
    ///
    /// None are needed.
    pub(super) unsafe fn give_back(_: *mut u8, _: usize) -> bool {
        false
    }
}
