//! Weak references.

use gc_core::{Arena, Collector, Gc, GcWeak, Rootable, Trace};

use super::Meter;
use super::nodes::Node;

#[derive(Debug, Trace)]
struct Targets<'gc> {
    strong: Gc<'gc, [Gc<'gc, Node<'gc>>]>,
    weak: Gc<'gc, [GcWeak<'gc, Node<'gc>>]>,
}

/// Upgrades of weak references to objects that live, and a look at each.
pub(super) fn upgrade<C: Collector + Default>(objects: usize, meter: &mut Meter) {
    let mut arena = Arena::<Rootable!['gc => Targets<'gc>], C>::new(|mc| {
        let strong = Gc::slice_from_fn(mc, objects, |index| Gc::new(mc, Node::new(index)));
        let weak = Gc::slice_from_fn(mc, objects, |index| Gc::downgrade(mc, strong[index]));
        Targets { strong, weak }
    });
    arena.collect();
    let upgrade_all = || {
        arena.enter(|mc, root| {
            root.weak
                .iter()
                .filter_map(|weak| weak.upgrade(mc))
                .map(|node| node.number)
                .sum::<u64>()
        })
    };
    assert_eq!(upgrade_all(), (0..objects as u64).sum::<u64>(), "all targets live");
    meter.repeat(objects, upgrade_all);
}
