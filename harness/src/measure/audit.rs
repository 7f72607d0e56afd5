//! Whether the accounts of an arena balance: [`audit`].

use gc_core::{Arena, Collector, Root, Rootable, Stats, Trace};

/// Collects, and compares what the statistics say with what is in the heap. Where every death is looked
/// at, as many objects were allocated as live and were freed; a collector that counts does not look at
/// what dies young.
///
/// # Errors
///
/// Says which sums differ.
pub(super) fn audit<R, C>(arena: &mut Arena<R, C>) -> Result<(), String>
where
    R: for<'gc> Rootable<'gc>,
    for<'gc> Root<'gc, R>: Sized + Trace,
    C: Collector,
{
    arena.collect();
    let (mut objects, mut bytes) = (0, 0);
    arena.inspect(|heap, _| {
        for object in heap.objects().filter(|object| !object.is_young()) {
            objects += 1;
            bytes += object.size_bytes();
        }
    });
    let stats = arena.stats();
    check::<C>(&stats, objects, bytes)
}

fn check<C: Collector>(stats: &Stats, objects: usize, bytes: usize) -> Result<(), String> {
    let accounted = stats.live_objects as u64 + stats.freed_objects;
    let looks_at_all = C::ATTRIBUTES.reclaims_cycles && !C::ATTRIBUTES.counts_references;
    let is_accounted = if looks_at_all {
        accounted == stats.allocated_objects
    } else {
        accounted <= stats.allocated_objects
    };
    let complaint = if !is_accounted {
        "what was allocated is not what lives and what was freed"
    } else if stats.live_objects != objects || stats.live_bytes != bytes {
        "what lives is not what is in the heap"
    } else if stats.used_bytes > stats.reserved_bytes {
        "more is used than there is"
    } else {
        return Ok(());
    };
    Err(format!("{complaint}: {objects} objects, {bytes} bytes in the heap, {stats:?}"))
}

#[cfg(test)]
mod tests {
    use gc_core::{Gc, Rootable};
    use gc_generational::Generational;

    use super::*;

    #[test]
    fn accounts_that_differ_by_one_are_found() {
        let mut arena: Arena<Rootable![Vec<Gc<'_, u64>>], Generational> =
            Arena::new(|mc| (0..100).map(|number| Gc::new(mc, number)).collect());
        arena.mutate(|mc, _| (0..50).for_each(|number| _ = Gc::new(mc, number)));
        assert_eq!(audit(&mut arena), Ok(()));
        let stats = arena.stats();
        let (objects, bytes) = (stats.live_objects, stats.live_bytes);
        assert_eq!(objects, 100);
        assert!(check::<Generational>(&stats, objects + 1, bytes).is_err());
        assert!(check::<Generational>(&stats, objects, bytes + 8).is_err());
        let mut lost = stats;
        lost.freed_objects -= 1;
        assert!(check::<Generational>(&lost, objects, bytes).is_err());
    }
}
