//! The same machine as ours over the same objects. Its registers are one rooted object.
//!
//! What the registers refer to at the beginning of a step is alive to its end, because they are
//! written last. What a step makes is rooted as long as it allocates.

mod machine;
mod value;

use self::machine::Machine;
use crate::workloads::interp::source;
use crate::workloads::{Checksum, Parameters};

pub(super) fn run(parameters: &Parameters) -> Checksum {
    let mut machine = Machine::new(&source(parameters.scale));
    let mut checksum = Checksum::default();

    let mut steps = 1_u64;
    while machine.step() {
        steps += 1;
    }

    checksum.add(steps);
    checksum.extend(machine.answer());
    checksum
}
