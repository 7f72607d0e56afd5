//! A text that is edited line by line: immutable strings of many lengths, made from pieces of
//! others.
//!
//! Objects without references and of different sizes, as most objects of a scripting language are.

use gc_core::{Collector, Gc, Lock, Mutation, Rootable};
use rand::RngExt;

use super::parameters::batches;
use super::{Checksum, Parameters, Random};
use crate::measure::Instruments;

/// Edits per line.
pub(crate) const EDITS_PER_LINE: usize = 128;

/// Edits in one `mutate`.
pub(crate) const BATCH: usize = 128;

/// A longer line is cut.
pub(crate) const LINE_LENGTH_MAX: usize = 400;

pub(crate) const WORDS: [&str; 12] = [
    "root",
    "edge",
    "nursery",
    "évacué",
    "white",
    "gray",
    "black",
    "garbage",
    "old",
    "forwarded",
    "safepoint",
    "ephemeron",
];

type Text<'gc> = Gc<'gc, [Lock<Gc<'gc, str>>]>;

/// The part of a line before a byte offset, or a little less of it: never a part of a character.
pub(crate) fn head(line: &str, length: usize) -> &str {
    &line[..line.floor_char_boundary(length)]
}

/// A line that replaces `line`.
fn edit<'gc>(
    mc: &'gc Mutation<'gc>,
    text: Text<'gc>,
    line: &str,
    random: &mut Random,
) -> Gc<'gc, str> {
    let word = WORDS[random.random_range(0..WORDS.len())];
    match random.random_range(0..8) {
        _ if line.len() > LINE_LENGTH_MAX => Gc::new_str(mc, head(line, LINE_LENGTH_MAX / 4)),
        0..4 => Gc::new_str(mc, &format!("{line} {word}")),
        4 => Gc::new_str(mc, &format!("{}{word}", head(line, line.len() / 2))),
        5 => Gc::new_str(mc, &line.replace('e', word)),
        6 => Gc::new_str(mc, &line.to_uppercase()),
        // The other line itself: a shared string.
        _ => text[random.random_range(0..text.len())].get(),
    }
}

/// Runs the workload; the scale is the number of lines.
pub fn run<C: Collector + Default>(
    parameters: &Parameters,
    instruments: &mut Instruments,
) -> Checksum {
    let lines = parameters.scale;
    let mut random = parameters.random();
    let mut checksum = Checksum::default();
    let mut arena = instruments.arena::<Rootable!['gc => Text<'gc>], C>(|mc| {
        Gc::slice_from_fn(mc, lines, |index| Lock::new(Gc::new_str(mc, WORDS[index % WORDS.len()])))
    });

    for batch in batches(lines * EDITS_PER_LINE, BATCH) {
        let equal = arena.mutate(|mc, &text| {
            let mut equal = 0;
            for _ in 0..batch {
                let index = random.random_range(0..lines);
                let old = text[index].get();
                let new = edit(mc, text, &old, &mut random);
                equal += u64::from(*old == *new);
                if let Some(place) = Gc::write_at(mc, text, index) {
                    place.unlock().set(new);
                }
            }
            equal
        });
        checksum.add(equal);
    }

    arena.enter(|_, text| text.iter().for_each(|line| checksum.add_str(&line.get())));
    instruments.retire(arena);
    checksum
}
