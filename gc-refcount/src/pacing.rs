//! How long an epoch is: how much may be allocated, and how much logged, before counts are brought up
//! to date where no death can be observed.
//!
//! A longer epoch is cheaper, because a place that is written several times is counted once, and an
//! object that dies within the epoch is not counted at all. It keeps more garbage, and its memory
//! leaves the cache.

use core::ops::Range;

use gc_core::heap::{BLOCK_BYTES, Heap, LOG_BYTES_MAX};

/// Bytes of the shortest epoch: half of the second-level cache of the machines this was measured on.
const EPOCH_BYTES_MIN: usize = 1 << 20;

/// And of the longest.
pub const EPOCH_BYTES_MAX: usize = 8 << 20;

/// If such a share of what an epoch allocated lives on, in percent, the next is twice as long: more of
/// it will die, or be overwritten, before it is counted. If most of it lives on, it would only be
/// counted later, when it has left the cache (`quads` took 600 ms instead of 400).
const SURVIVAL_PERCENT_GROWING: Range<usize> = 20..60;

/// If a smaller one does, the next is half as long: nothing would be gained.
const SURVIVAL_PERCENT_LOW: usize = 5;

/// Where the log can hold this share of the heap, as a divisor, it may grow to its full size: most
/// places are written more than once in an epoch. In a larger heap few are, and a log that leaves the
/// cache is only slower (`graph`, whose log would hold a quarter of its nodes, by a quarter).
const LOG_DIVISOR: usize = 2;

/// The log of a larger heap.
const LOG_BYTES_LARGE_HEAP: usize = 512 << 10;

/// What happened in an epoch, in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Epoch {
    /// Handed to the mutator.
    pub(crate) taken_bytes: usize,
    /// Of the objects that were promoted.
    pub(crate) survived_bytes: usize,
    /// Of the log.
    pub(crate) logged_bytes: usize,
}

/// Chooses the length of the next epoch by what happened in the last.
#[cold]
pub(crate) fn set_epoch(heap: &mut Heap, last: Epoch) {
    if let Some(blocks) = heap.whim_below(EPOCH_BYTES_MAX / BLOCK_BYTES) {
        heap.set_log_bytes_max(heap.whim_below(LOG_BYTES_MAX).unwrap_or(LOG_BYTES_MAX));
        return heap.set_nursery_bytes(blocks * BLOCK_BYTES);
    }
    let is_small = heap.live_bytes() <= LOG_DIVISOR * LOG_BYTES_MAX;
    heap.set_log_bytes_max(if is_small { LOG_BYTES_MAX } else { LOG_BYTES_LARGE_HEAP });
    let epoch_bytes = heap.nursery_bytes();
    // Of one that was ended for another reason little is to be learned.
    if last.taken_bytes < epoch_bytes {
        return;
    }
    let survival_percent = last.survived_bytes * 100 / last.taken_bytes.max(1);
    let is_log_heavy = last.logged_bytes > last.taken_bytes;
    let epoch_bytes = if SURVIVAL_PERCENT_GROWING.contains(&survival_percent) || is_log_heavy {
        epoch_bytes * 2
    } else if survival_percent < SURVIVAL_PERCENT_LOW {
        epoch_bytes / 2
    } else {
        epoch_bytes
    };
    // A longer one than the longest leaves the cache.
    let at_most = |bytes| heap.pacing().scale(bytes).min(bytes);
    let (bytes_min, bytes_max) = (at_most(EPOCH_BYTES_MIN), at_most(EPOCH_BYTES_MAX));
    heap.set_nursery_bytes(epoch_bytes.clamp(bytes_min, bytes_max));
}
