//! See `workloads::strings`.

use rand::RngExt;

use super::{Text, collect, safepoint, set_up, text};
use crate::workloads::strings::{BATCH, EDITS_PER_LINE, Edit, WORDS};
use crate::workloads::{Checksum, Parameters, batches};

pub(in crate::peers::pointers) fn run(parameters: &Parameters) -> Checksum {
    set_up();
    let mut random = parameters.random();
    let mut checksum = Checksum::default();
    let mut lines: Vec<Text> =
        (0..parameters.scale).map(|index| text(WORDS[index % WORDS.len()])).collect();

    for batch in batches(lines.len() * EDITS_PER_LINE, BATCH) {
        let mut equal = 0;
        for _ in 0..batch {
            let index = random.random_range(0..lines.len());
            let old = &lines[index];
            let new = match Edit::random(old, lines.len(), &mut random) {
                Edit::New(line) => text(line),
                Edit::Other(index) => lines[index].clone(),
            };
            equal += u64::from(**old == *new);
            lines[index] = new;
        }
        checksum.add(equal);
        safepoint(0);
    }

    lines.iter().for_each(|line| checksum.add_str(line));
    drop(lines);
    collect();
    checksum
}
