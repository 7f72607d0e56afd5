//! The settings of a run, drawn: [`Settings`].

use std::fmt;

use gc_core::{Pacing, Sampling, Zeal};
use rand::RngExt;

use crate::measure::Instruments;
use crate::workloads::Random;

/// How the arenas of a run are set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// A collection at every safepoint.
    pub stress: bool,
    /// Whether prompt collectors are.
    pub prompt: bool,
    /// The size of the nursery, or of an epoch, if it is fixed.
    pub nursery_bytes: Option<usize>,
    /// Memory against work.
    pub pacing: Pacing,
    /// Whether allocations are sampled.
    pub is_sampled: bool,
    /// Whether large heaps are in huge pages.
    pub huge_pages: bool,
    /// Rare paths made common.
    pub zeal: Option<Zeal>,
    /// Whether the heap is verified before and after every collection.
    pub verify: bool,
}

/// Allocations are sampled as often as once in so many bytes.
const SAMPLED_BYTES: usize = 4096;

impl Settings {
    /// Draws settings. Every second time there is no zeal.
    pub fn draw(random: &mut Random) -> Settings {
        Settings {
            stress: random.random_ratio(1, 8),
            prompt: random.random(),
            nursery_bytes: random.random_ratio(1, 2).then(|| 1 << random.random_range(0..24)),
            pacing: Pacing::from_percent(random.random_range(5..=400)),
            is_sampled: random.random_ratio(1, 4),
            huge_pages: random.random(),
            zeal: random.random_ratio(1, 2).then(|| Zeal::random(random.random())),
            verify: random.random_ratio(1, 8),
        }
    }

    /// Whether most safepoints collect, so that a run takes many times as long.
    #[must_use]
    pub fn is_slow(&self) -> bool {
        let is_zealous = self.zeal.is_some_and(|zeal| zeal.collect || zeal.random_policy);
        self.stress
            || self.verify
            || is_zealous
            || self.nursery_bytes.is_some_and(|bytes| bytes < 1 << 16)
    }

    /// Instruments that set arenas up like this, and audit each in the end.
    #[must_use]
    pub fn instruments(&self) -> Instruments {
        let instruments = Instruments::silent()
            .stress(self.stress)
            .prompt(self.prompt)
            .pacing(self.pacing)
            .huge_pages(self.huge_pages)
            .sampling(self.is_sampled.then(|| Sampling::every_bytes(SAMPLED_BYTES)))
            .zeal(self.zeal)
            .verify(self.verify)
            .audit(true);
        match self.nursery_bytes {
            Some(bytes) => instruments.nursery_bytes(bytes),
            None => instruments,
        }
    }
}

impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pacing {} %", self.pacing.percent())?;
        for (is_set, word) in [
            (self.stress, "stress"),
            (!self.prompt, "not prompt"),
            (self.is_sampled, "sampled"),
            (self.huge_pages, "huge pages"),
            (self.verify, "verified"),
        ] {
            if is_set {
                write!(f, ", {word}")?;
            }
        }
        if let Some(bytes) = self.nursery_bytes {
            write!(f, ", nursery of {bytes} bytes")?;
        }
        if let Some(zeal) = self.zeal {
            write!(f, ", zeal `{zeal}`")?;
        }
        Ok(())
    }
}
