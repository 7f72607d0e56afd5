//! When the heap is verified.

use super::super::Heap;
use super::Depth;

/// Whether an arena verifies its heap before and after its safepoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verification {
    /// Not by itself.
    Never,
    /// When about as much happened since the last time as there is to look at, so that it costs no more
    /// than in proportion to what is allocated and reclaimed.
    Amortized,
    /// Every time.
    Always,
}

impl Verification {
    pub(crate) const DEFAULT: Verification =
        if cfg!(debug_assertions) { Verification::Amortized } else { Verification::Never };
}

/// Bytes of change that pay for what a verification costs however little there is: the blocks and bits of
/// a chunk.
const CHANGE_BYTES_MIN: u64 = 16 << 10;

/// Bytes of change that pay for looking at a reference, or at an entry of a table.
const BYTES_PER_STEP: u64 = 8;

/// How much has changed since the heap was last verified.
#[derive(Debug, Default)]
pub(crate) struct Due {
    allocated_bytes: u64,
    live_bytes: usize,
    /// Of objects that were young: a collector that never collects has no others.
    young_bytes: usize,
    /// What was looked at.
    steps: usize,
    /// It was due before this safepoint, and so it is after it.
    is_due: bool,
}

impl Heap {
    /// Whether the heap is to be verified before the safepoint that begins, and so after it.
    pub(crate) fn begin_verification(&mut self) -> bool {
        self.verified.is_due = self.is_verification_due();
        self.verified.is_due
    }

    /// How much is to be verified after a safepoint.
    pub(crate) fn end_verification(&self) -> Option<Depth> {
        let depth = match self.settings.verification {
            Verification::Always => Depth::Traces,
            _ => Depth::Counts,
        };
        self.verified.is_due.then_some(depth)
    }

    fn is_verification_due(&self) -> bool {
        match self.settings.verification {
            Verification::Never => false,
            Verification::Always => true,
            Verification::Amortized => {
                let Due { allocated_bytes, live_bytes, young_bytes, steps, .. } = self.verified;
                let allocated_bytes = self.allocated().1 - allocated_bytes;
                let lost_bytes = live_bytes.saturating_sub(self.live_bytes()) as u64;
                let cost = CHANGE_BYTES_MIN.max((self.live_bytes() + young_bytes) as u64);
                allocated_bytes + lost_bytes >= cost.max(BYTES_PER_STEP * steps as u64)
            }
        }
    }

    /// Notes that the heap was verified, how many bytes in it were young, and how many references and
    /// entries were looked at.
    pub(super) fn note_verified(&mut self, young_bytes: usize, steps: usize) {
        self.verified.allocated_bytes = self.allocated().1;
        self.verified.live_bytes = self.live_bytes();
        self.verified.young_bytes = young_bytes;
        self.verified.steps = steps;
    }
}
