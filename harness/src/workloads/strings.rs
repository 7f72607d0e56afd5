//! A text that is edited line by line: immutable strings of many lengths, made from pieces of
//! others.
//!
//! Objects without references and of different sizes, as most objects of a scripting language are.

use std::borrow::Cow;

use gc_core::{Collector, Gc, Lock, Rootable};
use rand::RngExt;

use super::parameters::batches;
use super::{Checksum, Parameters, Random};
use crate::measure::Instruments;

/// Edits per line.
pub(crate) const EDITS_PER_LINE: usize = 128;

/// Edits in one `mutate`.
pub(crate) const BATCH: usize = 128;

/// A longer line is cut.
const LINE_LENGTH_MAX: usize = 400;

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
fn head(line: &str, length: usize) -> &str {
    &line[..line.floor_char_boundary(length)]
}

/// What replaces a line.
#[derive(Debug)]
pub(crate) enum Edit<'line> {
    /// A new line.
    New(Cow<'line, str>),
    /// The line in another place itself: a shared string.
    Other(usize),
}

impl<'line> Edit<'line> {
    /// A random edit of a line, in a text of so many lines.
    pub(crate) fn random(line: &'line str, lines: usize, random: &mut Random) -> Self {
        let word = WORDS[random.random_range(0..WORDS.len())];
        let new = match random.random_range(0..8) {
            _ if line.len() > LINE_LENGTH_MAX => head(line, LINE_LENGTH_MAX / 4).into(),
            0..4 => format!("{line} {word}").into(),
            4 => format!("{}{word}", head(line, line.len() / 2)).into(),
            5 => line.replace('e', word).into(),
            6 => line.to_uppercase().into(),
            _ => return Edit::Other(random.random_range(0..lines)),
        };
        Edit::New(new)
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
                let new = match Edit::random(&old, lines, &mut random) {
                    Edit::New(line) => Gc::new_str(mc, &line),
                    Edit::Other(index) => text[index].get(),
                };
                equal += u64::from(*old == *new);
                if let Some(place) = Gc::write_at(mc, text, index) {
                    place.unlock().set(new);
                }
            }
            equal
        });
        checksum.add(equal);
        instruments.tick(&mut arena);
    }

    arena.enter(|_, text| text.iter().for_each(|line| checksum.add_str(&line.get())));
    instruments.retire(arena);
    checksum
}
