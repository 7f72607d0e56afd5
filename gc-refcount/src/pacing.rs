//! How long an epoch is: how much may be allocated, and how much logged, before counts are brought up
//! to date where no death can be observed.
//!
//! A longer epoch is cheaper, because a place that is written several times is counted once, and an
//! object that dies within the epoch is not counted at all. It keeps more garbage, its memory leaves
//! the cache, and the pause at its end is longer.
//!
//! Note [The length of the log]: an object is logged once in an epoch, however often it is written to, and
//! an entry takes as much as the object at most, a segment of an array half as much again. So the log of
//! everything is about as large as the heap at most. Where it may grow to that, an epoch is as long as
//! its allocation, and stores are coalesced as often as there are more of them than objects: `lru` and
//! `graph` took half the time with a log that holds everything, 5 and 16 MB, as with one of 4 MiB.
//! Where it cannot, since the heap is large and logs are bounded, hardly any store is coalesced, and a
//! log that stays in the cache is as fast, and its pauses are short.

use core::ops::Range;

use gc_core::heap::{BLOCK_BYTES, Heap};

/// Bytes of the shortest epoch: half of the second-level cache of the machines this was measured on.
const EPOCH_BYTES_MIN: usize = 1 << 20;

/// And of the longest.
pub const EPOCH_BYTES_MAX: usize = 8 << 20;

/// If such a share of what an epoch allocated lives on, in percent, the next is twice as long: more of
/// it will die, or be overwritten, before it is counted. If most of it lives on, it would only be
/// counted later, when it has left the cache (`quads` took 600 ms instead of 400).
const SURVIVAL_PERCENT_GROWING: Range<usize> = 5..60;

/// If a smaller one does, the next is half as long: nothing would be gained.
const SURVIVAL_PERCENT_LOW: usize = 2;

/// The log of an epoch may hold so many times what the epoch may allocate.
const LOG_PER_EPOCH: usize = 4;

/// And so much at most.
const LOG_BYTES_MAX: usize = LOG_PER_EPOCH * EPOCH_BYTES_MAX;

/// It is this where a log of the greatest length would hold less than a share of the heap, as a divisor:
/// see Note [The length of the log].
const LOG_BYTES_LARGE_HEAP: usize = 512 << 10;

/// That share.
const LOG_DIVISOR: usize = 4;

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
    // A longer one than the longest leaves the cache.
    let at_most = |bytes| heap.pacing().scale(bytes).min(bytes);
    let (bytes_min, bytes_max) = (at_most(EPOCH_BYTES_MIN), at_most(EPOCH_BYTES_MAX));
    let is_large = heap.live_bytes() > LOG_DIVISOR * LOG_BYTES_MAX;
    let epoch_bytes = next_epoch_bytes(heap.nursery_bytes(), last, is_large);
    heap.set_nursery_bytes(epoch_bytes.clamp(bytes_min, bytes_max));
    // The nursery may be of a fixed size: then so is the epoch.
    heap.set_log_bytes_max(log_bytes_max(heap.nursery_bytes(), is_large));
}

/// How much may be logged in an epoch in which so much may be allocated.
fn log_bytes_max(epoch_bytes: usize, is_large_heap: bool) -> usize {
    let bytes_max = if is_large_heap { LOG_BYTES_LARGE_HEAP } else { LOG_BYTES_MAX };
    epoch_bytes.saturating_mul(LOG_PER_EPOCH).min(bytes_max)
}

/// How much is to be allocated in the next epoch, where it was to be so much in the last.
fn next_epoch_bytes(epoch_bytes: usize, last: Epoch, is_large_heap: bool) -> usize {
    let is_full = last.taken_bytes >= epoch_bytes;
    let is_log_full = last.logged_bytes / LOG_PER_EPOCH >= epoch_bytes && !is_large_heap;
    // Of one that was ended for another reason little is to be learned.
    if !(is_full || is_log_full) {
        return epoch_bytes;
    }
    let survival_percent = last.survived_bytes * 100 / last.taken_bytes.max(1);
    let is_log_heavy = last.logged_bytes > last.taken_bytes;
    if SURVIVAL_PERCENT_GROWING.contains(&survival_percent) || is_log_heavy {
        epoch_bytes.saturating_mul(2)
    } else if survival_percent < SURVIVAL_PERCENT_LOW {
        epoch_bytes / 2
    } else {
        epoch_bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEBIBYTE: usize = 1 << 20;

    /// The next epoch in mebibytes, after one of four in which so many percent of them were taken, survived
    /// and logged.
    fn next([taken, survived, logged]: [usize; 3], is_large_heap: bool) -> usize {
        let percent = |percent| percent * 4 * MEBIBYTE / 100;
        let last = Epoch {
            taken_bytes: percent(taken),
            survived_bytes: percent(survived),
            logged_bytes: percent(logged),
        };
        next_epoch_bytes(4 * MEBIBYTE, last, is_large_heap) / MEBIBYTE
    }

    #[test]
    fn an_epoch_is_longer_if_more_would_die_in_it_or_be_written_again() {
        for is_large_heap in [false, true] {
            assert_eq!(next([100, 1, 0], is_large_heap), 2, "nothing would be gained");
            assert_eq!(next([100, 3, 3], is_large_heap), 4);
            assert_eq!(next([100, 10, 0], is_large_heap), 8);
            assert_eq!(next([100, 30, 0], is_large_heap), 8);
            assert_eq!(next([100, 80, 80], is_large_heap), 4, "it would only be counted later");
            assert_eq!(next([100, 80, 110], is_large_heap), 8, "more is written than made");
        }
    }

    #[test]
    fn an_epoch_that_ended_early_says_nothing_unless_its_log_was_full() {
        for is_large_heap in [false, true] {
            assert_eq!(next([90, 30, 0], is_large_heap), 4);
            assert_eq!(next([10, 10, 390], is_large_heap), 4);
        }
        assert_eq!(next([10, 10, 410], false), 8);
        // There the log is shorter in any case.
        assert_eq!(next([10, 10, 410], true), 4);
    }

    #[test]
    fn the_log_is_as_long_as_the_epoch_lets_it_be() {
        assert_eq!(log_bytes_max(MEBIBYTE, false), 4 * MEBIBYTE);
        assert_eq!(log_bytes_max(usize::MAX, false), LOG_BYTES_MAX);
        assert_eq!(log_bytes_max(MEBIBYTE, true), LOG_BYTES_LARGE_HEAP);
        assert_eq!(log_bytes_max(1000, true), 4000);
    }
}
