//! What an arena was told about its heap.

use super::{BLOCK_BYTES, Verification};
use crate::collector::{Attributes, Barrier};
use crate::zeal::Zeal;

/// The log under [`short_lists`](Zeal::short_lists): a few entries.
const LOG_BYTES_SHORT: usize = 256;

/// The settings of one heap, fixed when its arena is made.
///
/// See the example of [`Heap`](super::Heap).
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Bytes that blocks, large objects and external memory may take.
    pub limit_bytes: usize,
    /// Bytes of the nursery, if the arena's maker chose them; otherwise the collector's choice.
    pub nursery_bytes: Option<usize>,
    /// Give free memory back to the system.
    pub returns_memory: bool,
    /// Ask the system for huge pages.
    pub huge_pages: bool,
    /// Collect at every safepoint.
    pub is_stressed: bool,
    /// What makes rare paths common.
    pub zeal: Zeal,
    /// Compare unlogged objects with what they were at the last safepoint.
    pub checks_barrier: bool,
    /// Compare what types report with each other, and with what was counted.
    pub(crate) checks_trace: bool,
    pub(crate) verification: Verification,
    pub(crate) barrier: Barrier,
    pub(crate) moves_objects: bool,
    /// Work at the end of every `mutate` that changed something.
    pub is_prompt: bool,
    pub(crate) counts_references: bool,
    pub(crate) generations: u8,
    /// Finalizers and callbacks wait until they are asked for.
    pub(crate) defers_calls: bool,
}

impl Settings {
    /// The defaults for a collector with these attributes.
    #[must_use]
    pub(crate) fn new(attributes: &Attributes) -> Settings {
        Settings {
            limit_bytes: usize::MAX,
            nursery_bytes: None,
            returns_memory: true,
            huge_pages: true,
            is_stressed: false,
            zeal: Zeal::OFF,
            checks_barrier: false,
            checks_trace: false,
            verification: Verification::DEFAULT,
            barrier: attributes.barrier,
            moves_objects: attributes.moves_objects,
            is_prompt: attributes.prompt,
            counts_references: attributes.counts_references,
            generations: attributes.generations,
            defers_calls: false,
        }
    }

    /// Whether something is to be checked at every safepoint.
    #[inline]
    pub(crate) fn is_checked(&self) -> bool {
        self.checks_barrier | self.checks_trace | (self.verification != Verification::Never)
    }

    /// Whether every safepoint is due.
    #[inline]
    pub(crate) fn is_always_due(&self) -> bool {
        self.is_stressed | self.zeal.collect | self.zeal.random_policy
    }

    /// Bytes of the nursery, if the choice is not the collector's.
    pub(crate) fn fixed_nursery_bytes(&self) -> Option<usize> {
        self.nursery_bytes.or(self.zeal.tiny_nursery.then_some(BLOCK_BYTES))
    }

    /// The most that the log may hold where the collector would have it hold so much.
    pub(crate) fn log_bytes_max(&self, bytes: usize) -> usize {
        match (self.is_prompt, self.zeal.short_lists) {
            (true, _) => 0,
            (false, true) => bytes.min(LOG_BYTES_SHORT),
            (false, false) => bytes,
        }
    }

    pub(crate) fn oldest_generation(&self) -> u8 {
        self.generations - 1
    }

    /// Whether the barrier keeps what an object referred to before.
    #[inline]
    pub(crate) fn takes_snapshots(&self) -> bool {
        self.barrier == Barrier::Snapshot
    }
}
