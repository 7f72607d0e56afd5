//! See `workloads::strings`.

use rand::RngExt;

use super::{Text, collect, safepoint, set_up, text};
use crate::workloads::parameters::batches;
use crate::workloads::strings::{BATCH, EDITS_PER_LINE, LINE_LENGTH_MAX, WORDS, head};
use crate::workloads::{Checksum, Parameters, Random};

/// A line that replaces `line`.
fn edit(lines: &[Text], line: &str, random: &mut Random) -> Text {
    let word = WORDS[random.random_range(0..WORDS.len())];
    match random.random_range(0..8) {
        _ if line.len() > LINE_LENGTH_MAX => text(head(line, LINE_LENGTH_MAX / 4)),
        0..4 => text(format!("{line} {word}")),
        4 => text(format!("{}{word}", head(line, line.len() / 2))),
        5 => text(line.replace('e', word)),
        6 => text(line.to_uppercase()),
        _ => lines[random.random_range(0..lines.len())].clone(),
    }
}

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
            let new = edit(&lines, old, &mut random);
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
