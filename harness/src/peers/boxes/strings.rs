//! Every place owns its line. A line that two places share elsewhere is copied here.

use rand::RngExt;

use crate::workloads::strings::{BATCH, EDITS_PER_LINE, Edit, WORDS};
use crate::workloads::{Checksum, Parameters, batches};

pub(super) fn run(parameters: &Parameters) -> Checksum {
    let lines = parameters.scale;
    let mut random = parameters.random();
    let mut checksum = Checksum::default();
    let mut text: Vec<String> =
        (0..lines).map(|index| WORDS[index % WORDS.len()].to_owned()).collect();

    for batch in batches(lines * EDITS_PER_LINE, BATCH) {
        let mut equal = 0;
        for _ in 0..batch {
            let index = random.random_range(0..lines);
            let old = &text[index];
            let new = match Edit::random(old, lines, &mut random) {
                Edit::New(line) => line.into_owned(),
                Edit::Other(index) => text[index].clone(),
            };
            equal += u64::from(*old == new);
            text[index] = new;
        }
        checksum.add(equal);
    }

    text.iter().for_each(|line| checksum.add_str(line));
    checksum
}
