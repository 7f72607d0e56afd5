//! Operations that say what the collector is to do, or ask what it has done, beside collecting.

use super::super::op::Op;
use super::{Generator, Vocabulary};

impl Generator<'_> {
    /// A collector that is told to keep what it finds, or not to look at what there is, is soon told
    /// otherwise: else there would be little else to see.
    ///
    /// Only where objects die by their counts: CPython reclaims by these what is frozen, and does not
    /// save it, also where all else dies in collections, as what cannot refer to others does not.
    pub(super) fn draw_for_control(&mut self) {
        let first = if self.vocabulary == Vocabulary::Ordered { 0 } else { 7 };
        let op = match first + self.below(16 - first) {
            0 => Op::Freeze,
            1..4 => Op::Unfreeze,
            4 => Op::Debug { save_all: true },
            5..7 => Op::Debug { save_all: false },
            7 => Op::Garbage { clear: false },
            8..10 => Op::Garbage { clear: true },
            10 => Op::GcCallbacks { on: true },
            11 => Op::GcCallbacks { on: false },
            12 => {
                let limit = |generator: &mut Generator| generator.below(100) as u32;
                let set = self.once_in(2).then(|| [(); 3].map(|()| limit(self)));
                Op::Threshold { set }
            }
            13 => Op::Counts,
            14 => Op::Stats,
            _ => {
                let generation = self.generation();
                Op::Collect { generation }
            }
        };
        self.emit(op);
    }
}
