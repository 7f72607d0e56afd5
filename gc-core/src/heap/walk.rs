//! Walking over all objects of the heap while nothing changes it, one after the other, without a list
//! of them.
//!
//! Mature objects are found by their start bits, block by block. Young ones are found in the regions
//! that were handed out since the last safepoint that collected: there they lie one behind the other
//! (and see Note [Gaps]). Where a collector does not move objects and has not settled its nursery,
//! that shows the region of each block that was used last and not what lies in other holes of it; the
//! counting ones are settled before, and then no young object is live.

use alloc::rc::Rc;
use core::iter;

use super::garbage::Saved;
use super::nursery::Filled;
use super::{
    Census, Flag, GRANULE_BYTES, HEADER_BYTES, Header, Heap, LargeSpace, Nursery, ObjectRef, Pool,
    Sampler, Settings, WeakTable,
};
use crate::handles::HandleTable;
use crate::id::IdTable;

/// The parts of a heap in which objects are, and what is known of these, to be read.
#[derive(Clone, Copy)]
pub(crate) struct Contents<'a> {
    pub(super) pool: &'a Pool,
    pub(super) large: &'a LargeSpace,
    pub(super) nursery: &'a Nursery,
    /// What was allocated in the region that is being allocated into.
    pub(super) begin: *mut u8,
    pub(super) cursor: *mut u8,
    pub(crate) census: &'a Census,
    pub(crate) ids: &'a IdTable,
    pub(crate) handle_tables: &'a [Rc<HandleTable>],
    pub(crate) settings: &'a Settings,
    pub(crate) frozen_objects: usize,
    pub(crate) weak: &'a WeakTable,
    pub(crate) sampler: &'a Sampler,
    saved: &'a Saved,
}

impl Heap {
    /// Lays the heap open.
    pub(crate) fn contents(&mut self) -> Contents<'_> {
        self.settle_newborn();
        Contents {
            pool: self.pool.get_mut(),
            large: self.large.get_mut(),
            nursery: self.nursery.get_mut(),
            begin: self.begin.get(),
            cursor: self.cursor.get(),
            census: &self.census,
            // SAFETY: made in `new`, freed in `drop`.
            ids: unsafe { self.ids.as_ref() },
            handle_tables: self.handle_tables.get_mut(),
            settings: &self.settings,
            frozen_objects: self.frozen_objects,
            weak: self.weak.get_mut(),
            sampler: &self.sampler,
            saved: &self.saved,
        }
    }
}

impl<'a> Contents<'a> {
    /// Every object that has not been reclaimed, be it reachable or not, those of the library's own
    /// included: the mature ones in the order of their addresses within a block, and then the young.
    pub(crate) fn objects(self) -> impl Iterator<Item = ObjectRef> + use<'a> {
        let small = self.pool.blocks().filter(|block| block.live_bytes() > 0);
        let mature = small.chain(self.large.blocks()).flat_map(|block| block.mature());
        mature.chain(self.young())
    }

    /// What collections have found unreachable and kept.
    pub(crate) fn saved(self) -> impl Iterator<Item = ObjectRef> + use<'a> {
        self.saved.objects()
    }

    /// The young objects that are walked over.
    fn young(self) -> impl Iterator<Item = ObjectRef> + use<'a> {
        let regions = self.nursery.filled(self.begin..self.cursor);
        // SAFETY: that is where the mutator has allocated since the last safepoint that collected.
        let small = regions.flat_map(|(_, filled)| unsafe { objects_in(filled) });
        let large = self.large.young().iter().copied();
        // SAFETY: as above, so each of them has a header.
        small.chain(large).filter(|&object| unsafe { is_young_object(object) })
    }
}

/// What lies in memory that was allocated in, unfinished arrays included.
///
/// # Safety
///
/// The mutator has allocated there since the last safepoint that collected, and it does not now.
unsafe fn objects_in(filled: Filled) -> impl Iterator<Item = ObjectRef> {
    let mut start = filled.start;
    iter::from_fn(move || {
        // SAFETY: in front of the end there is a header or a gap, says the caller.
        while start < filled.end && unsafe { Header::is_gap(start) } {
            start = start.wrapping_add(GRANULE_BYTES);
        }
        if start >= filled.end {
            return None;
        }
        let object = ObjectRef::from_ptr(start.wrapping_add(HEADER_BYTES))?;
        // SAFETY: a header is here, which is no gap; it says how long the object is, finished or not.
        start = start.wrapping_add(unsafe { object.bytes() });
        Some(object)
    })
}

/// Whether it is a young object: neither one that was promoted meanwhile, nor an unfinished array.
///
/// # Safety
///
/// It has a header.
unsafe fn is_young_object(object: ObjectRef) -> bool {
    // SAFETY: the caller's promise.
    !object.is_mature() && !unsafe { object.header() }.has(Flag::Unlogged)
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::super::LARGE_BYTES_MIN;
    use crate::{Arena, Gc, NullCollector, Rootable, Trace};

    #[derive(Trace)]
    #[trace(crate = crate)]
    #[repr(align(256))]
    struct Aligned(u8);

    type Empty = Arena<Rootable![()], NullCollector>;
    type Number = Arena<Rootable![Gc<'_, u8>], NullCollector>;

    #[test]
    fn gaps_in_front_of_aligned_objects_are_passed_over() {
        let mut arena = Empty::new(|_| ());
        arena.enter(|mc, ()| {
            for number in 0..1000_u64 {
                _ = Gc::new(mc, number);
                assert_eq!(Gc::new(mc, Aligned(number as u8)).0, number as u8);
            }
        });
        arena.inspect(|heap, ()| {
            assert_eq!(heap.objects_of_type::<u64>().count(), 1000);
            assert_eq!(heap.objects_of_type::<Aligned>().count(), 1000);
            assert_eq!(heap.objects().count(), 2000);
        });
    }

    #[test]
    fn unfinished_arrays_are_passed_over() {
        let mut arena = Empty::new(|_| ());
        arena.enter(|mc, ()| {
            for len in [1, 10, 100, LARGE_BYTES_MIN] {
                let make =
                    || Gc::slice_from_fn(mc, len, |i| if i + 1 < len { i as u8 } else { panic!() });
                assert!(catch_unwind(AssertUnwindSafe(make)).is_err());
                _ = Gc::slice_from_fn(mc, len, |_| len);
            }
        });
        arena.inspect(|heap, ()| {
            assert!(heap.objects().all(|object| object.type_name() == "[usize]"));
            assert_eq!(heap.objects().count(), 4);
        });
    }

    #[test]
    fn the_cells_of_weak_references_are_hidden() {
        let mut arena = Number::new(|mc| Gc::new(mc, 1));
        arena.enter(|mc, number| {
            let weak = [Gc::downgrade(mc, *number), Gc::downgrade_tracking(mc, *number)];
            _ = Gc::new(mc, weak);
        });
        arena.inspect(|heap, _| {
            assert_eq!(heap.objects().count(), 2);
            let holder = heap.objects().find(|object| object.is_tracked());
            assert_eq!(holder.map(|holder| heap.referents(holder).count()), Some(0));
        });
    }
}
