//! A line is a `String` behind a `Gc`: gc-arena makes no objects of dynamic size, and `format!`
//! has made the `String` already.

use gc_arena::{Gc, Rootable};
use rand::RngExt;

use crate::workloads::strings::{BATCH, EDITS_PER_LINE, Edit, WORDS};
use crate::workloads::{Checksum, Parameters, batches};

pub(super) fn run(parameters: &Parameters) -> Checksum {
    let lines = parameters.scale;
    let mut random = parameters.random();
    let mut checksum = Checksum::default();
    let mut arena = super::arena::<Rootable!['gc => Vec<Gc<'gc, String>>]>(|mc| {
        (0..lines).map(|index| Gc::new(mc, WORDS[index % WORDS.len()].to_owned())).collect()
    });

    for batch in batches(lines * EDITS_PER_LINE, BATCH) {
        let equal = arena.mutate_root(|mc, text| {
            let mut equal = 0;
            for _ in 0..batch {
                let index = random.random_range(0..lines);
                let old = text[index];
                let new = match Edit::random(&old, lines, &mut random) {
                    Edit::New(line) => Gc::new(mc, line.into_owned()),
                    Edit::Other(index) => text[index],
                };
                equal += u64::from(*old == *new);
                text[index] = new;
            }
            equal
        });
        arena.collect_debt();
        checksum.add(equal);
    }

    arena.mutate(|_, text| text.iter().for_each(|line| checksum.add_str(line)));
    checksum
}
