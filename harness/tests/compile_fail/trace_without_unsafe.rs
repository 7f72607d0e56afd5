//! `Trace` cannot be implemented by hand without `unsafe`.

use gc_core::{Edges, SlotMap, Slots, Trace};

struct Silent;

impl Trace for Silent {
    const HAS_GC: bool = false;
    const SLOTS: SlotMap = SlotMap::Empty;
    fn visit(&self, _: &mut Edges) {}
    fn relocate(&mut self, _: &mut Slots) {}
}

fn main() {}
