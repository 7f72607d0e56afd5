//! A node owns its four subtrees; a piece is replaced through `&mut`.

use rand::RngExt;

use crate::workloads::quads::{piece_level, rebuilds};
use crate::workloads::{Checksum, Parameters, Random};

struct Quad {
    children: [Option<Box<Quad>>; 4],
}

impl Quad {
    fn grow(depth: u32) -> Box<Self> {
        let children = [(); 4].map(|()| (depth > 0).then(|| Quad::grow(depth - 1)));
        Box::new(Quad { children })
    }

    fn count(&self) -> u64 {
        1 + self.children.iter().flatten().map(|child| child.count()).sum::<u64>()
    }

    /// Replaces a random subtree `level` levels down by a new one and returns the number of nodes
    /// of the old one.
    fn rebuild(&mut self, level: u32, depth: u32, random: &mut Random) -> u64 {
        let mut parent = self;
        for _ in 1..level {
            match &mut parent.children[random.random_range(0..4)] {
                Some(child) => parent = child,
                None => return 0,
            }
        }
        let child = &mut parent.children[random.random_range(0..4)];
        let old = child.replace(Quad::grow(depth - level));
        old.map_or(0, |old| old.count())
    }
}

pub(super) fn run(parameters: &Parameters) -> Checksum {
    let depth = parameters.scale as u32;
    let level = piece_level(depth);
    let mut random = parameters.random();
    let mut checksum = Checksum::default();
    let mut root = Quad::grow(depth);

    for _ in 0..rebuilds(depth) {
        checksum.add(root.rebuild(level, depth, &mut random));
    }

    checksum.add(root.count());
    checksum.add(random.random());
    checksum
}
