//! Memory that the machine has at hand when a measurement begins.
//!
//! A fresh page costs what the system has to do for it, and that may be more for the first process
//! after a rest than for the next: the host of a virtual machine takes memory back that was free for a
//! few seconds, and to have it again was measured to take as long as all else that a page costs. Then a
//! contender is faster because of who came before it. So a process that touches as much memory as the
//! largest of them comes before each, and what it gives back is at hand.

use std::hint;

use super::memory::available_bytes;

/// The hidden subcommand that touches memory.
pub(crate) const SUBCOMMAND: &str = "touch-memory";

/// How much is touched: as much as the largest workload has at its default scale, but for those of
/// contenders that never reclaim.
pub(crate) const AT_HAND_BYTES: usize = 384 << 20;

/// Writes to so many bytes of fresh memory, or to half of what there is, and says to how many. The process
/// should end then: what an allocator keeps is not at hand for others.
pub(crate) fn touch(bytes: usize) -> usize {
    let half =
        available_bytes().map_or(usize::MAX, |all| usize::try_from(all / 2).unwrap_or(bytes));
    let memory = vec![1_u8; bytes.min(half)];
    hint::black_box(&memory).len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::peak_rss_bytes;

    #[test]
    fn what_is_touched_is_resident() {
        const BYTES: usize = 64 << 20;
        assert_eq!(touch(BYTES), BYTES);
        if let Some(peak_bytes) = peak_rss_bytes() {
            assert!(peak_bytes >= BYTES as u64, "{peak_bytes}");
        }
    }
}
