//! An allocator that refuses: [`Failing`].
//!
//! What it refuses is chosen for each thread, so that tests do not disturb each other.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::{ptr, thread};

use gc_core::heap::BLOCK_BYTES;

/// Which requests count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Requests {
    /// Those for chunks of the heap, which alone are aligned to so much.
    Chunks,
    /// All.
    All,
}

impl Requests {
    fn contains(self, layout: Layout) -> bool {
        self == Requests::All || layout.align() >= BLOCK_BYTES
    }
}

/// How often the allocator refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Times {
    Once,
    FromThenOn,
}

/// What this thread is refused.
#[derive(Clone, Copy)]
struct Refusal {
    requests: Requests,
    times: Times,
    /// How many are granted first.
    granted: u64,
}

thread_local! {
    static REFUSAL: Cell<Option<Refusal>> = const { Cell::new(None) };
    static REFUSED: Cell<u64> = const { Cell::new(0) };
}

/// Whether this request is to be refused.
fn is_refused(layout: Layout) -> bool {
    let Some(refusal) = REFUSAL.get() else { return false };
    // What fails must be able to say so.
    if !refusal.requests.contains(layout) || thread::panicking() {
        return false;
    }
    if refusal.granted > 0 {
        REFUSAL.set(Some(Refusal { granted: refusal.granted - 1, ..refusal }));
        return false;
    }
    if refusal.times == Times::Once {
        REFUSAL.set(None);
    }
    REFUSED.set(REFUSED.get() + 1);
    true
}

/// Runs this while the allocator refuses such requests of this thread after so many; says how many
/// were refused.
pub(crate) fn refusing<T>(
    requests: Requests,
    times: Times,
    granted: u64,
    run: impl FnOnce() -> T,
) -> (T, u64) {
    /// Ends it when a panic goes through, too.
    struct End;
    impl Drop for End {
        fn drop(&mut self) {
            REFUSAL.set(None);
        }
    }
    REFUSED.set(0);
    let end = End;
    REFUSAL.set(Some(Refusal { requests, times, granted }));
    let result = run();
    drop(end);
    (result, REFUSED.get())
}

/// The system's allocator, that refuses what [`refusing`] says.
#[derive(Debug)]
pub(crate) struct Failing;

// SAFETY: everything that is not refused is passed on to the system's allocator. A refusal is a null
// pointer, and what was to be reallocated stays as it is. To find out allocates nothing.
unsafe impl GlobalAlloc for Failing {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if is_refused(layout) {
            return ptr::null_mut();
        }
        // SAFETY: the caller's promises are the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are the same.
        unsafe { System.dealloc(ptr, layout) }
    }

    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        if is_refused(layout) {
            return ptr::null_mut();
        }
        // SAFETY: the caller's promises are the same.
        unsafe { System.realloc(ptr, layout, new_size) }
    }
}
