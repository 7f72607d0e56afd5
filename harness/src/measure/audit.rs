//! Whether the heap of an arena is in order, and its accounts balance: [`audit`].

use gc_core::{Arena, Collector, Root, Rootable, Stats, Trace};

/// Collects, verifies the heap, and compares what the statistics say with what is in it. Where every death
/// is looked at, as many objects were allocated as live and were freed; a collector that counts does not
/// look at what dies young.
///
/// # Errors
///
/// Says what is wrong, or which sums differ.
pub(super) fn audit<R, C>(arena: &mut Arena<R, C>) -> Result<(), String>
where
    R: for<'gc> Rootable<'gc>,
    for<'gc> Root<'gc, R>: Sized + Trace,
    C: Collector,
{
    arena.collect();
    arena.verify().map_err(|faults| faults.to_string())?;
    // The cells of weak references are in the blocks, and not shown as objects.
    let found = arena.inspect(|heap, _| {
        let (young, mature): (Vec<_>, Vec<_>) =
            heap.objects().partition(|object| object.is_young());
        let bytes = heap.blocks().map(|block| block.live_bytes).sum();
        Found { young_objects: young.len(), objects: mature.len(), bytes }
    });
    check::<C>(&arena.stats(), found)
}

/// What is in a heap.
#[derive(Clone, Copy, Debug)]
struct Found {
    /// Made since the collection: tables of weak collections that were pruned.
    young_objects: usize,
    objects: usize,
    bytes: usize,
}

fn check<C: Collector>(stats: &Stats, found: Found) -> Result<(), String> {
    let accounted = (stats.live_objects + found.young_objects) as u64 + stats.freed_objects;
    let looks_at_all = C::ATTRIBUTES.reclaims_cycles && !C::ATTRIBUTES.counts_references;
    let is_accounted = if looks_at_all {
        accounted == stats.allocated_objects
    } else {
        accounted <= stats.allocated_objects
    };
    let complaint = if !is_accounted {
        "what was allocated is not what lives and what was freed"
    } else if found.objects > stats.live_objects || found.bytes != stats.live_bytes {
        "what lives is not what is in the heap"
    } else if stats.used_bytes > stats.reserved_bytes {
        "more is used than there is"
    } else {
        return Ok(());
    };
    Err(format!("{complaint}: {found:?}, {stats:?}"))
}

#[cfg(test)]
mod tests {
    use gc_core::{Gc, GcWeak, Rootable};
    use gc_generational::Generational;

    use super::*;

    #[test]
    fn accounts_that_differ_by_one_are_found() {
        type Numbers = Rootable![Vec<Gc<'_, u64>>];
        let mut arena: Arena<Numbers, Generational> =
            Arena::new(|mc| (0..100).map(|number| Gc::new(mc, number)).collect());
        arena.mutate(|mc, _| (0..50).for_each(|number| _ = Gc::new(mc, number)));
        arena.mutate_root(|mc, row| row.push(Gc::new(mc, 7)));
        assert_eq!(audit(&mut arena), Ok(()));
        let stats = arena.stats();
        let (objects, bytes) = (stats.live_objects, stats.live_bytes);
        assert_eq!(objects, 101);
        let found = Found { young_objects: 0, objects, bytes };
        assert_eq!(check::<Generational>(&stats, found), Ok(()));
        for wrong in [
            Found { objects: objects + 1, ..found },
            Found { bytes: bytes + 8, ..found },
            Found { young_objects: 1, ..found },
        ] {
            assert!(check::<Generational>(&stats, wrong).is_err());
        }
        let mut lost = stats;
        lost.freed_objects -= 1;
        assert!(check::<Generational>(&lost, found).is_err());
    }

    #[test]
    fn weak_references_are_in_the_accounts() {
        type Weak<'gc> = (Gc<'gc, u64>, GcWeak<'gc, u64>);
        type Row = Rootable!['gc => Vec<Weak<'gc>>];
        let mut arena: Arena<Row, Generational> = Arena::new(|mc| {
            let weak = |object| (object, Gc::downgrade(mc, object));
            (0..100).map(|number| weak(Gc::new(mc, number))).collect()
        });
        assert_eq!(audit(&mut arena), Ok(()));
        assert_eq!(arena.stats().live_objects, 200);
    }
}
