//! Ephemerons: values that live only as long as their keys do.
//!
//! Hayes, "Ephemerons: a new finalization mechanism", 1997. Barros and Ierusalimschy, "Eliminating
//! cycles in weak tables", 2008, have them as the entries of tables, as they are here.
//!
//! Note [Ephemerons]: an ephemeron is a weak cell ([`EntryCell`]) that has, beside its target, the key,
//! a value. Neither is an edge. Instead:
//!
//! 1. A value is reachable, by the ephemeron, if both the cell and the key are.
//! 2. Where the cell is cleared, because the key was found dead, or dies, the value is let go of in the
//!    same step (`WeakTable::release_value`). So entries go when weak references do: before finalizers
//!    run, where a collection found the key, and after the key's own, where its count did.
//! 3. A collector that reclaims or moves what it has not reached sees to it that the value of each
//!    ephemeron whose cell and key it has reached is reached, too, before it clears weak references.
//!    Tracing has nothing else to do: [`Heap::mark_reachable`](super::Heap::mark_reachable) and
//!    [`reach_values`] do that.
//! 4. A collector that counts counts the values of new ephemerons at its safepoints
//!    ([`Ephemeron::set_hold`]), and takes back what was [released](WeakTable::take_released).
//!
//! An ephemeron keeps its value for all its life. So one whose cell is older than the nursery has
//! nothing young in it, and a collection of the young looks at new ones only.

use alloc::vec::Vec;

use super::mark::Marker;
use super::mark_bits::{Bits, Exclusive};
use super::{Flag, Header, ObjectRef, WeakTable};
use crate::weak::WeakKind;
use crate::weak_entry::{EntryCell, Hold};

/// Where cell, key and value of an ephemeron are, or were when the collection began.
///
/// See the example of [`reach_values`].
#[derive(Clone, Copy, Debug)]
pub struct Ephemeron {
    /// Lives as long as the entry of its collection does.
    pub cell: ObjectRef,
    /// What it is the value of.
    pub key: ObjectRef,
    /// Lives as long as both.
    pub value: ObjectRef,
}

impl Ephemeron {
    /// The ephemeron of a cell, if it is one that has a value.
    ///
    /// # Safety
    ///
    /// It is the cell of an entry, and its payload is untouched.
    unsafe fn of(cell: ObjectRef) -> Option<Ephemeron> {
        // SAFETY: the caller's promise.
        let entry = unsafe { EntryCell::of(cell) };
        Some(Ephemeron { cell, key: entry.target()?, value: entry.value()? })
    }

    /// What a collector that counts has done about the value.
    ///
    /// # Safety
    ///
    /// The cell is live, and where it was.
    ///
    /// See the example of [`reach_values`].
    #[must_use]
    pub unsafe fn hold(&self) -> Hold {
        // SAFETY: the caller's promise; `of` had an entry's cell.
        unsafe { EntryCell::of(self.cell) }.hold()
    }

    /// Notes what a collector that counts has done about the value.
    ///
    /// # Safety
    ///
    /// The cell is live, and where it was. Each has one reference to the value that is counted, or none,
    /// as this says.
    ///
    /// See the example of [`reach_values`].
    pub unsafe fn set_hold(&self, hold: Hold) {
        // SAFETY: as in `hold`.
        unsafe { EntryCell::of(self.cell) }.set_hold(hold);
    }
}

/// So often all ephemerons that are left are looked at, each time in the other direction: a chain of
/// them in the order of their making, or in the opposite one, is followed to its end.
const ROUNDS_MAX: usize = 4;

/// Has the values reached of those ephemerons whose cell and key live, and of those that live by
/// that.
///
/// For collections of a few objects. Where values lead from key to key in no order it errs towards
/// keeping: then it takes what is left to live.
///
/// # Complexity
///
/// O(ephemerons), beside what is reached.
///
/// # Examples
///
/// ```
/// use gc_core::Reason;
/// use gc_core::collector::{Attributes, Collector, Safepoint};
/// use gc_core::heap::{Hold, ObjectRef, for_each_edge, reach_values};
/// # use gc_core::{Arena, Gc, Rootable, WeakMap};
/// use std::cell::RefCell;
///
/// /// Reaches what lives, and reports how many objects that are.
/// #[derive(Default)]
/// struct Reacher;
///
/// fn reach(reached: &mut Vec<ObjectRef>, object: ObjectRef) {
///     let mut pending = vec![object];
///     while let Some(object) = pending.pop() {
///         if !reached.contains(&object) {
///             reached.push(object);
///             // SAFETY: nothing is ever reclaimed, and this is a safepoint.
///             unsafe { for_each_edge(object, |target| pending.push(target)) }
///         }
///     }
/// }
///
/// // SAFETY: nothing is reclaimed, moved or promoted.
/// unsafe impl Collector for Reacher {
///     const ATTRIBUTES: Attributes = Attributes::new("reacher");
///
///     fn safepoint(&mut self, _: &mut Safepoint<'_>) {}
///
///     fn collect(&mut self, safepoint: &mut Safepoint<'_>, _: u8, _: Reason) {
///         let Safepoint { heap, roots, collection, .. } = safepoint;
///         let mut reached = Vec::new();
///         roots.for_each_edge(|object| reach(&mut reached, object));
///         let reached = RefCell::new(reached);
///         let weak = heap.weak();
///         assert!(weak.has_ephemerons() && weak.has_young_ephemerons());
///         reach_values(
///             weak.young_ephemerons(),
///             |object| reached.borrow().contains(&object),
///             |ephemeron| reach(&mut reached.borrow_mut(), ephemeron.value),
///         );
///         // The map, what it consists of, the key, and what that keeps.
///         collection.survivors = reached.borrow().len();
///         assert!(collection.survivors > 3);
///
///         // One that counts does this, too.
///         let [first, _] = weak.all_ephemerons()[..] else { panic!("there are two") };
///         // SAFETY: the objects are live, and nobody counts here.
///         unsafe {
///             first.set_hold(Hold::Counted);
///             assert!(weak.is_of_ephemeron(first.key));
///             weak.for_each_ephemeron_of(first.cell, |same| assert_eq!(same.hold(), Hold::Counted));
///             weak.clear_entries(first.key);
///         }
///         assert!(weak.has_released());
///         let released = weak.take_released();
///         assert_eq!(released, [first.value]);
///         weak.release_later(released);
///     }
/// }
///
/// type Map<'gc> = WeakMap<'gc, u32, u32>;
/// let mut arena: Arena<Rootable!['gc => (Map<'gc>, Gc<'gc, u32>)], Reacher> = Arena::new(|mc| {
///     let (map, key) = (WeakMap::new(mc), Gc::new(mc, 1));
///     map.insert(mc, key, Gc::new(mc, 2));
///     map.insert(mc, Gc::new(mc, 3), Gc::new(mc, 4));
///     (map, key)
/// });
/// arena.collect();
/// // One of the entries is gone.
/// assert_eq!(arena.enter(|_, (map, _)| map.len()), 1);
/// ```
pub fn reach_values(
    mut ephemerons: Vec<Ephemeron>,
    is_live: impl Fn(ObjectRef) -> bool,
    mut reach: impl FnMut(&Ephemeron),
) {
    for _ in 0..ROUNDS_MAX {
        let before = ephemerons.len();
        ephemerons.retain(|ephemeron| {
            let is_held = is_live(ephemeron.cell) && is_live(ephemeron.key);
            if is_held && !crate::planted!("value-is-not-reached") {
                reach(ephemeron);
            }
            !is_held
        });
        if ephemerons.len() == before {
            return;
        }
        ephemerons.reverse();
    }
    ephemerons.iter().for_each(reach);
}

/// For collectors.
impl WeakTable {
    /// Whether there are ephemerons.
    ///
    /// See the example of [`reach_values`].
    #[inline]
    #[must_use]
    pub fn has_ephemerons(&self) -> bool {
        self.ephemerons > 0
    }

    /// Whether there are ephemerons that were made since the table was last brought up to date.
    ///
    /// See the example of [`reach_values`].
    #[inline]
    #[must_use]
    pub fn has_young_ephemerons(&self) -> bool {
        !self.young_ephemerons.is_empty()
    }

    /// The ephemerons that were made since the table was last brought up to date.
    ///
    /// See the example of [`reach_values`].
    #[must_use]
    pub fn young_ephemerons(&self) -> Vec<Ephemeron> {
        // SAFETY: nothing was reclaimed since they were made.
        self.young_ephemerons.iter().filter_map(|&cell| unsafe { Ephemeron::of(cell) }).collect()
    }

    /// All ephemerons.
    ///
    /// # Complexity
    ///
    /// O(weakly held objects, and ephemerons).
    ///
    /// See the example of [`reach_values`].
    #[must_use]
    pub fn all_ephemerons(&self) -> Vec<Ephemeron> {
        let mut ephemerons = Vec::with_capacity(self.ephemerons);
        if self.has_ephemerons() {
            for cell in self.cells.values().flat_map(|cells| cells.entries()) {
                // SAFETY: a cell leaves the table before it is reclaimed.
                ephemerons.extend(unsafe { Ephemeron::of(cell) });
            }
        }
        ephemerons
    }

    /// Calls `each` for the ephemerons whose key, or whose cell, this is.
    ///
    /// # Safety
    ///
    /// The object is live, and not forwarded.
    ///
    /// See the example of [`reach_values`].
    #[inline]
    pub unsafe fn for_each_ephemeron_of(&self, object: ObjectRef, each: impl FnMut(Ephemeron)) {
        // SAFETY: live, says the caller.
        if self.has_ephemerons() && unsafe { object.header() }.has(Flag::WeaklyHeld) {
            // SAFETY: as above.
            unsafe { self.for_each_listed(object, each) }
        }
    }

    /// [`for_each_ephemeron_of`](WeakTable::for_each_ephemeron_of) for an object that is in the table.
    ///
    /// # Safety
    ///
    /// As [`for_each_ephemeron_of`](WeakTable::for_each_ephemeron_of).
    #[cold]
    unsafe fn for_each_listed(&self, object: ObjectRef, each: impl FnMut(Ephemeron)) {
        // SAFETY: as in `all_ephemerons`, and below the descriptor says so.
        let ephemeron = |cell| unsafe { Ephemeron::of(cell) };
        // SAFETY: live, says the caller.
        if unsafe { object.descriptor() }.weak_cell() == Some(WeakKind::Entry) {
            ephemeron(object).into_iter().for_each(each);
        } else if let Some(cells) = self.cells.get(&object) {
            cells.entries().filter_map(ephemeron).for_each(each);
        }
    }

    /// Whether this is the key, or the cell, of an ephemeron.
    ///
    /// # Safety
    ///
    /// The object is live, and not forwarded.
    ///
    /// See the example of [`reach_values`].
    #[must_use]
    pub unsafe fn is_of_ephemeron(&self, object: ObjectRef) -> bool {
        let mut is_any = false;
        // SAFETY: the caller's promise.
        unsafe { self.for_each_ephemeron_of(object, |_| is_any = true) }
        is_any
    }

    /// Whether references are to be taken back.
    ///
    /// See the example of [`reach_values`].
    #[inline]
    #[must_use]
    pub fn has_released(&self) -> bool {
        !self.released.is_empty()
    }

    /// Takes the values whose ephemerons are gone, once for each of these whose reference was
    /// [counted](Hold::Counted): it is to be taken back.
    ///
    /// See the example of [`reach_values`].
    pub fn take_released(&mut self) -> Vec<ObjectRef> {
        core::mem::take(&mut self.released)
    }

    /// The values whose ephemerons are gone, and that are still counted.
    pub(crate) fn released(&self) -> &[ObjectRef] {
        &self.released
    }

    /// Has references taken back with what is released next.
    ///
    /// See the example of [`reach_values`].
    pub fn release_later(&mut self, mut values: Vec<ObjectRef>) {
        self.released.append(&mut values);
    }
}

/// Marks, and looks out for cells and keys.
#[derive(Debug)]
struct Watching {
    weakly_held: Vec<ObjectRef>,
}

impl Bits for Watching {
    #[inline]
    fn set(&mut self, object: ObjectRef) -> bool {
        Exclusive.set(object)
    }

    #[inline]
    fn note(&mut self, object: ObjectRef, header: &Header) {
        if header.has(Flag::WeaklyHeld) {
            self.weakly_held.push(object);
        }
    }
}

/// Marks the values of the ephemerons whose cell and key are marked, and all that is reachable by that.
/// Says how many ephemerons it has looked at, and how often.
///
/// # Complexity
///
/// O(1) if there are no ephemerons; else O(weakly held objects, ephemerons, what is marked here, and its
/// references): an ephemeron is looked at once, and once more when its key is marked, and its cell.
///
/// # Safety
///
/// As [`Heap::mark_reachable`](super::Heap::mark_reachable). Nothing is pending.
pub(super) unsafe fn mark_values(weak: &WeakTable, marker: &mut Marker) -> usize {
    if !weak.has_ephemerons() {
        return 0;
    }
    let mut watching = Watching { weakly_held: Vec::new() };
    let mut looks = 0;
    let mut look_at = |ephemeron: &Ephemeron, watching: &mut Watching, marker: &mut Marker| {
        looks += 1;
        if is_marked(ephemeron.cell)
            && is_marked(ephemeron.key)
            && !crate::planted!("value-is-not-marked")
        {
            marker.reach(ephemeron.value, watching);
        }
    };
    for ephemeron in &weak.all_ephemerons() {
        look_at(ephemeron, &mut watching, marker);
    }
    loop {
        // SAFETY: the caller's promises; a value is live if cell and key are.
        while unsafe { marker.scan_some(&mut watching) } {}
        if watching.weakly_held.is_empty() {
            return looks;
        }
        for object in core::mem::take(&mut watching.weakly_held) {
            let look_at = |ephemeron: Ephemeron| look_at(&ephemeron, &mut watching, marker);
            // SAFETY: it was just marked.
            unsafe { weak.for_each_ephemeron_of(object, look_at) }
        }
    }
}

fn is_marked(object: ObjectRef) -> bool {
    object.chunk().marks().contains(object)
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;
    use core::cell::{Cell, RefCell};

    use super::super::Block;
    use super::*;
    use crate::{Arena, Gc, NullCollector, Rootable, WeakMap};

    const LEN: usize = 10_000;

    /// Makes a chain of ephemerons in this order, marks it from its beginning, and says how many times
    /// one of them was looked at.
    fn looks(order: impl Iterator<Item = usize>) -> usize {
        let arena: Arena<Rootable![()], NullCollector> = Arena::new(|_| ());
        arena.enter(|mc, ()| {
            let keys = Vec::from_iter((0..=LEN).map(|number| Gc::new(mc, number)));
            let map = Gc::new(mc, WeakMap::new(mc));
            order.for_each(|place| {
                map.insert(mc, keys[place], keys[place + 1]);
            });
            let mut marker = Marker::default();
            for root in [map.object(), keys[0].object()] {
                assert!(Exclusive.set(root));
                marker.pending.push(root);
            }
            // SAFETY: all objects live while `enter` runs, and nothing is borrowed.
            while unsafe { marker.scan_some(&mut Exclusive) } {}
            assert!(!is_marked(keys[1].object()));
            // SAFETY: as above.
            let looks = unsafe { mark_values(&mc.heap().weak.borrow(), &mut marker) };
            assert!(keys.iter().all(|key| is_marked(key.object())));
            mc.heap().pool.borrow().blocks().for_each(Block::clear_marks);
            looks
        })
    }

    #[test]
    fn a_chain_of_ephemerons_is_marked_in_linear_time_in_any_order() {
        for looks in [looks(0..LEN), looks((0..LEN).rev()), looks((0..LEN).map(|n| n * 7 % LEN))] {
            assert!(looks <= 3 * LEN, "{looks} looks at {LEN} ephemerons");
        }
    }

    #[test]
    fn what_is_left_after_some_rounds_is_taken_to_live() {
        let arena: Arena<Rootable![()], NullCollector> = Arena::new(|_| ());
        arena.enter(|mc, ()| {
            let keys = Vec::from_iter((0..=LEN).map(|number| Gc::new(mc, number).object()));
            let link = |place: usize| Ephemeron {
                cell: keys[0],
                key: keys[place],
                value: keys[place + 1],
            };
            let reach_in = |order: Vec<usize>| {
                let reached = RefCell::new(BTreeSet::from([keys[0], keys[1]]));
                let questions = Cell::new(0);
                let is_live = |object| {
                    questions.set(questions.get() + 1);
                    reached.borrow().contains(&object)
                };
                reach_values(order.into_iter().map(link).collect(), is_live, |ephemeron| {
                    reached.borrow_mut().insert(ephemeron.value);
                });
                assert!(questions.get() <= 2 * ROUNDS_MAX * LEN);
                reached.into_inner().len()
            };
            assert_eq!(reach_in((1..LEN).collect()), LEN + 1);
            assert_eq!(reach_in((1..LEN).rev().collect()), LEN + 1);
            // What follows the gap is dead.
            assert_eq!(reach_in((1..LEN).filter(|&place| place != 10).collect()), 11);
            // In a tangle it may be taken to live, but nothing that lives is missed.
            assert_eq!(reach_in((1..LEN).map(|n| n * 7 % LEN).collect()), LEN + 1);
        });
    }
}
