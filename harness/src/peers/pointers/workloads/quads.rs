//! See `workloads::quads`.

use rand::RngExt;

use super::{Gc, GcCell, collect, set_up};
use crate::workloads::quads::{piece_level, rebuilds};
use crate::workloads::{Checksum, Parameters, Random};

traced! {
    struct Quad {
        children: GcCell<[Option<Gc<Quad>>; 4]>,
    }
}

impl Quad {
    fn grow(depth: u32) -> Gc<Self> {
        let children = [(); 4].map(|()| (depth > 0).then(|| Quad::grow(depth - 1)));
        Gc::new(Quad { children: GcCell::new(children) })
    }

    /// The number of nodes.
    fn count(&self) -> u64 {
        1 + self.children.borrow().iter().flatten().map(|child| child.count()).sum::<u64>()
    }

    /// Replaces a random subtree `level` levels down by a new one of this depth and returns the
    /// number of nodes of the old one.
    fn rebuild(&self, level: u32, depth: u32, random: &mut Random) -> u64 {
        let index = random.random_range(0..4);
        if level > 1 {
            return self.children.borrow()[index]
                .as_ref()
                .map_or(0, |child| child.rebuild(level - 1, depth, random));
        }
        let new = Quad::grow(depth);
        let old = self.children.borrow_mut()[index].replace(new);
        old.map_or(0, |old| old.count())
    }
}

pub(in crate::peers::pointers) fn run(parameters: &Parameters) -> Checksum {
    set_up();
    let depth = parameters.scale as u32;
    let level = piece_level(depth);
    let mut random = parameters.random();
    let mut checksum = Checksum::default();
    let root = Quad::grow(depth);

    for _ in 0..rebuilds(depth) {
        checksum.add(root.rebuild(level, depth - level, &mut random));
    }

    checksum.add(root.count());
    checksum.add(random.random());
    drop(root);
    collect();
    checksum
}
