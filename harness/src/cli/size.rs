//! `--scale`, `--quick`: how big the runs of a command are.

use super::Trouble;
use crate::measure::AT_HAND_BYTES;
use crate::operations::Amount;
use crate::workloads::Workload;

#[derive(Clone, Copy, Debug, clap::Args)]
#[group(multiple = false)]
pub(super) struct Size {
    /// How big the runs are; without it each workload has its default
    #[arg(long)]
    scale: Option<usize>,
    /// Runs each workload at a scale of about a second
    #[arg(long)]
    quick: bool,
    /// Runs each workload at the least scale that makes sense: for tests of the harness itself
    #[arg(long, hide = true)]
    tiny: bool,
}

impl Size {
    /// The scale of a workload.
    pub(super) fn of(&self, workload: &'static Workload) -> Result<usize, Trouble> {
        let scale = match self {
            Size { scale: Some(scale), .. } => *scale,
            Size { quick: true, .. } => workload.scale.quick,
            Size { tiny: true, .. } => workload.scale.tiny,
            _ => workload.scale.default,
        };
        workload.check_scale(scale).map_err(Trouble::misuse)
    }

    /// How much of an operation is done: it has no scales.
    pub(super) fn amount(&self) -> Amount {
        Amount::new(self.tiny)
    }

    /// How much memory each measurement finds at hand.
    pub(super) fn at_hand_bytes(&self) -> usize {
        if self.tiny { 0 } else { AT_HAND_BYTES }
    }

    /// Whether nothing was asked for.
    pub(super) fn is_default(&self) -> bool {
        matches!(self, Size { scale: None, quick: false, tiny: false })
    }
}
