//! Which objects are weakly held, and by which cells.
//!
//! A weak reference refers to a cell, an object of its own that holds the target's address. All
//! weak references of one kind to one object share a cell, but for those with callbacks. The table
//! finds the cells of a target when it moves or dies. The table itself keeps neither alive.

use alloc::vec::Vec;
use core::fmt;

use hashbrown::HashMap;

use super::weak_cells::Cells;
use super::weak_collections::Collections;
use super::{Flag, ObjectRef};
use crate::calls::Callback;
use crate::id::AddressHash;
use crate::weak::{CallbackCell, WeakCell, WeakKind};
use crate::weak_entry::{EntryCell, Hold};

/// The weakly held objects of a heap.
///
/// # Examples
///
/// ```
/// use gc_core::Reason;
/// use gc_core::collector::{Attributes, Collector, Safepoint};
/// use gc_core::heap::ObjectRef;
/// # use gc_core::{Arena, Gc, GcWeak, Rootable};
/// use std::{cell::Cell, rc::Rc};
///
/// /// Clears the weak references to all that the root does not refer to.
/// #[derive(Default)]
/// struct Forgetter;
///
/// // SAFETY: nothing is reclaimed, moved or promoted.
/// unsafe impl Collector for Forgetter {
///     const ATTRIBUTES: Attributes = Attributes::new("forgetter");
///
///     fn safepoint(&mut self, _: &mut Safepoint<'_>) {}
///
///     fn collect(&mut self, safepoint: &mut Safepoint<'_>, _: u8, _: Reason) {
///         let Safepoint { heap, roots, .. } = safepoint;
///         let mut live = Vec::new();
///         roots.for_each_edge(|object| live.push(object));
///         let fate = |object: ObjectRef| live.contains(&object).then_some(object);
///         // The target may delay its own death: it has a callback.
///         assert!(heap.has_young_delayed());
///         assert_eq!(heap.take_young_delayed().len(), 1);
///         // Before finalizers: the tracking weak references are not cleared.
///         // SAFETY: all memory is untouched, and objects refer to none.
///         unsafe { heap.weak().clear_unreachable(true, fate) }
///         assert!(heap.weak().has_fired() && heap.weak().len() == 1);
///         // After them: all are.
///         // SAFETY: as above.
///         unsafe { heap.weak().update_all(fate) }
///         assert!(heap.weak().is_empty());
///         heap.call_back(0);
///     }
/// }
///
/// let called = Rc::new(Cell::new(false));
/// let mut arena: Arena<Rootable![[GcWeak<'_, u32>; 2]], Forgetter> = Arena::new(|mc| {
///     let (object, called) = (Gc::new(mc, 42), Rc::clone(&called));
///     let callback = move |_: &gc_core::Mutation<'_>| called.set(true);
///     [
///         Gc::downgrade_with_callback(mc, object, callback),
///         Gc::downgrade_tracking(mc, object),
///     ]
/// });
/// arena.collect();
/// assert!(called.get());
/// assert!(arena.enter(|_, weak| weak.iter().all(|weak| weak.is_dropped())));
/// ```
#[derive(Default)]
pub struct WeakTable {
    pub(super) cells: HashMap<ObjectRef, Cells, AddressHash>,
    /// Targets of the cells that were made since the last safepoint that collected: only among
    /// these can the target or the cell be young.
    pub(super) young: Vec<ObjectRef>,
    /// Those of them that got a callback.
    new_callbacks: Vec<ObjectRef>,
    /// Callbacks whose weak references were cleared, in the order in which they are to be called.
    fired: Vec<Fired>,
    /// The number of the last cell that has one.
    last_number: u64,
    /// Cells that have values, and those of them that were made since the last safepoint that collected.
    pub(super) ephemerons: usize,
    pub(super) young_ephemerons: Vec<ObjectRef>,
    /// Values that ephemerons held, and that are still counted.
    pub(super) released: Vec<ObjectRef>,
    pub(super) collections: Collections,
}

/// A callback whose weak reference was cleared.
///
/// Note [Fired]: where references are counted, the cell is looked at once more, when the callbacks are
/// taken. So whoever has one cleared sees to that before anything else is reclaimed:
/// [`Heap::call_back`](super::Heap::call_back) or [`finalize_batch`](super::Heap::finalize_batch) comes next.
/// In a debug build what is reclaimed by itself is asked whether it is such a cell, and no block is swept while
/// there is one.
pub(crate) struct Fired {
    pub(super) callback: Callback,
    /// Where the weak reference was then.
    pub(super) cell: ObjectRef,
}

impl WeakTable {
    pub(crate) fn cell_of(&self, target: ObjectRef, kind: WeakKind) -> Option<ObjectRef> {
        self.cells.get(&target)?.shared(kind)
    }

    /// # Safety
    ///
    /// `cell` is a cell of `target`, just made.
    pub(crate) unsafe fn insert(&mut self, target: ObjectRef, cell: ObjectRef) {
        // SAFETY: the caller's promise.
        unsafe { self.cells.entry(target).or_default().insert(cell) }
        self.young.push(target);
        // SAFETY: just made, says the caller.
        match unsafe { cell.descriptor() }.weak_cell() {
            Some(WeakKind::Callback) => self.new_callbacks.push(target),
            // SAFETY: as above.
            Some(WeakKind::Entry) if unsafe { EntryCell::of(cell) }.value().is_some() => {
                self.ephemerons += 1;
                self.young_ephemerons.push(cell);
            }
            _ => {}
        }
    }

    #[inline]
    pub(super) fn has_new_callbacks(&self) -> bool {
        !self.new_callbacks.is_empty()
    }

    /// Takes the targets that got a callback since the table was last brought up to date.
    ///
    /// See the example of [`WeakTable`], where `Heap::take_young_delayed` calls it.
    pub fn take_new_callbacks(&mut self) -> Vec<ObjectRef> {
        core::mem::take(&mut self.new_callbacks)
    }

    /// All objects that are weakly held, and the cells that do.
    pub(super) fn targets_and_cells(&self) -> impl Iterator<Item = ObjectRef> {
        self.cells.iter().flat_map(|(&target, cells)| cells.iter().chain([target]))
    }

    pub(crate) fn next_number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    /// Takes the callbacks whose turn has come.
    pub(crate) fn take_fired(&mut self) -> Vec<Fired> {
        core::mem::take(&mut self.fired)
    }

    /// Whether there are callbacks whose turn has come.
    ///
    /// See the example of [`WeakTable`].
    #[inline]
    #[must_use]
    pub fn has_fired(&self) -> bool {
        !self.fired.is_empty()
    }

    /// Whether an object is a weak reference that was cleared, and whose callback nobody has taken: see Note
    /// [Fired].
    pub(super) fn is_fired(&self, object: ObjectRef) -> bool {
        self.fired.iter().any(|fired| fired.cell == object)
    }

    /// Notes the death of a target or of a cell, whichever `object` is.
    ///
    /// Call it when a mature object with [`Flag::WeaklyHeld`] is freed. A second call does nothing.
    ///
    /// # Safety
    ///
    /// `object` was just found dead; its memory is untouched. Its counterparts, if they are dead too,
    /// are untouched too. Where references are counted, no weak reference to it is reclaimed before its
    /// callbacks are taken, by [`Heap::call_back`](super::Heap::call_back) or another.
    ///
    /// # Examples
    ///
    /// See the example of [`Collector`](crate::Collector), where `Heap::reclaim` calls it.
    pub unsafe fn remove(&mut self, object: ObjectRef) {
        // SAFETY: the caller says that the memory is untouched.
        if unsafe { object.descriptor() }.weak_cell().is_some() {
            // The cell forgets its target: it may be noted again when it is freed.
            // SAFETY: the descriptor says that it is a cell.
            if let Some(target) = unsafe { WeakCell::of(object) }.forget_target() {
                // SAFETY: a cell's target is cleared when the target dies, so this one lives.
                unsafe { self.forget_cell(target, object) }
            }
            // SAFETY: as above.
            unsafe { self.release_value(object) }
        } else if let Some(cells) = self.cells.remove(&object) {
            for cell in cells.into_all() {
                // SAFETY: a cell that dies first leaves the table, so it is still a cell.
                unsafe { self.clear(cell) }
            }
        }
    }

    /// Clears a weak reference that a collection has found unreachable, if `object` is the cell of one
    /// and it is no tracking one: a finalizer may keep what holds it. Its callback is not called.
    ///
    /// # Safety
    ///
    /// The object's memory is untouched, and if it is a cell, that of its target.
    ///
    /// # Examples
    ///
    /// See the example of [`Collector`](crate::Collector).
    pub unsafe fn clear_dead_cell(&mut self, object: ObjectRef) {
        // SAFETY: the caller's promise.
        let kind = unsafe { object.descriptor() }.weak_cell();
        if matches!(kind, None | Some(WeakKind::Tracking)) {
            return;
        }
        // SAFETY: its descriptor says that it is a cell.
        let cell = unsafe { WeakCell::of(object) };
        if let Some(target) = cell.target() {
            // SAFETY: untouched, says the caller.
            unsafe { cell.clear() }
            // SAFETY: as above.
            unsafe { self.forget_cell(target, object) }
            // SAFETY: as above.
            unsafe { self.settle_entry(object) }
        }
    }

    /// Clears the entries of weak collections that an object has which a collection found unreachable.
    ///
    /// See the example of [`reach_values`](super::reach_values).
    ///
    /// # Safety
    ///
    /// The object's memory is untouched, and that of its cells.
    pub unsafe fn clear_entries(&mut self, object: ObjectRef) {
        let Some(cells) = self.cells.get_mut(&object) else { return };
        let entries = cells.take_entries();
        if cells.is_empty() {
            self.cells.remove(&object);
            // SAFETY: untouched, says the caller.
            unsafe { object.header() }.clear(Flag::WeaklyHeld);
        }
        for cell in entries {
            // SAFETY: a cell leaves the table before it is reclaimed.
            unsafe { self.clear(cell) }
        }
    }

    /// Counts a cell that was cleared as dead, and lets go of its value, if it is that of an entry. Its
    /// collection may live: a finalizer may have kept it.
    ///
    /// # Safety
    ///
    /// It is a cell, and its memory is untouched.
    unsafe fn settle_entry(&mut self, cell: ObjectRef) {
        // SAFETY: untouched, says the caller.
        if unsafe { cell.descriptor() }.weak_cell() == Some(WeakKind::Entry) {
            // SAFETY: its descriptor says so.
            self.collections.note_dead_entry(unsafe { EntryCell::of(cell) }.collection());
            // SAFETY: as above.
            unsafe { self.release_value(cell) }
        }
    }

    /// Lets go of the value of a cell that has lost its target, or is dead, if it is an ephemeron. What was
    /// counted is to be taken back.
    ///
    /// # Safety
    ///
    /// It is a cell, and its memory is untouched.
    unsafe fn release_value(&mut self, cell: ObjectRef) {
        // SAFETY: untouched, says the caller.
        if unsafe { cell.descriptor() }.weak_cell() != Some(WeakKind::Entry) {
            return;
        }
        // SAFETY: its descriptor says so.
        let entry = unsafe { EntryCell::of(cell) };
        if let Some(value) = entry.take_value() {
            self.ephemerons -= 1;
            if entry.hold() == Hold::Counted && !crate::planted!("value-is-kept") {
                self.released.push(value);
            }
        }
    }

    /// Takes a dead cell from its target.
    ///
    /// # Safety
    ///
    /// The cell is the target's, or that has none. Its memory is untouched, and so is the target's.
    unsafe fn forget_cell(&mut self, target: ObjectRef, cell: ObjectRef) {
        if let Some(cells) = self.cells.get_mut(&target) {
            // SAFETY: the caller's promise.
            unsafe { cells.remove(cell) }
            if cells.is_empty() {
                self.cells.remove(&target);
                // SAFETY: the caller's promise.
                unsafe { target.header() }.clear(Flag::WeaklyHeld);
            }
        }
    }

    /// Clears a cell that lives; its callback, if it has one, is to be called.
    ///
    /// # Safety
    ///
    /// It is a cell; its memory and that of its target are untouched.
    unsafe fn clear(&mut self, cell: ObjectRef) {
        // SAFETY: the caller's promise.
        let weak = unsafe { WeakCell::of(cell) };
        // SAFETY: as above.
        if !crate::planted!("weak-is-not-cleared") {
            // SAFETY: as above.
            unsafe { weak.clear() }
        }
        // SAFETY: as above.
        if unsafe { cell.descriptor() }.weak_cell() == Some(WeakKind::Callback) {
            // SAFETY: its descriptor says so.
            let callback = unsafe { CallbackCell::take_callback(cell) };
            self.fired.extend(callback.map(|callback| Fired { callback, cell }));
        }
        // SAFETY: the caller's promise.
        unsafe { self.settle_entry(cell) }
    }

    /// Clears the weak references to an object that a collection has found unreachable, but for the
    /// tracking ones: its finalizer may keep it. `fate` says where a cell is now, or `None` if it was found
    /// unreachable, too: then its callback is not called.
    ///
    /// # Safety
    ///
    /// The object's memory is untouched, and that of dead cells, and `fate` is right.
    ///
    /// # Examples
    ///
    /// See the example of [`WeakTable`], of whose `clear_unreachable` it is a part.
    pub unsafe fn clear_ordinary(
        &mut self,
        object: ObjectRef,
        fate: impl Fn(ObjectRef) -> Option<ObjectRef>,
    ) {
        let Some(cells) = self.cells.get_mut(&object) else { return };
        let ordinary = cells.take_ordinary();
        if cells.is_empty() {
            self.cells.remove(&object);
            // SAFETY: untouched, says the caller.
            unsafe { object.header() }.clear(Flag::WeaklyHeld);
        }
        for cell in ordinary {
            if let Some(cell) =
                fate(cell).or(crate::planted!("dead-callback-is-called").then_some(cell))
            {
                // SAFETY: `fate` says that it lives here now; the object is untouched.
                unsafe { self.clear(cell) }
            } else {
                // SAFETY: untouched, says the caller.
                let weak = unsafe { WeakCell::of(cell) };
                // SAFETY: as above.
                unsafe { weak.clear() }
                // SAFETY: as above.
                unsafe { self.settle_entry(cell) }
            }
        }
    }

    /// Clears, as [`clear_ordinary`](WeakTable::clear_ordinary), every weak reference that is dead or
    /// whose target is, by `fate` as it is before finalizers have their turn: among those with entries
    /// made since the last call of [`update_young`](WeakTable::update_young), or among `all`.
    ///
    /// # Safety
    ///
    /// The memory of dead objects is untouched, and `fate` is right.
    ///
    /// # Examples
    ///
    /// See the example of [`WeakTable`].
    pub unsafe fn clear_unreachable(
        &mut self,
        all: bool,
        fate: impl Fn(ObjectRef) -> Option<ObjectRef>,
    ) {
        let targets: Vec<ObjectRef> =
            if all { self.cells.keys().copied().collect() } else { self.young.clone() };
        for target in targets {
            match fate(target) {
                // SAFETY: the caller's promise.
                None => unsafe { self.clear_ordinary(target, &fate) },
                // SAFETY: as above.
                Some(to) => unsafe { self.clear_dead(target, to, |cell| fate(cell).is_none()) },
            }
        }
    }

    /// Clears the dead weak references to an object that lives, and now does so at `to`: a finalizer
    /// may keep what holds them. Their callbacks are not called.
    ///
    /// # Safety
    ///
    /// The memory of the cells is untouched, and the target lives there.
    unsafe fn clear_dead(
        &mut self,
        target: ObjectRef,
        to: ObjectRef,
        is_dead: impl Fn(ObjectRef) -> bool,
    ) {
        let Some(cells) = self.cells.get_mut(&target) else { return };
        let dead: Vec<ObjectRef> = cells.ordinary().filter(|&cell| is_dead(cell)).collect();
        for &cell in &dead {
            // SAFETY: untouched, says the caller.
            unsafe { cells.remove(cell) }
        }
        for cell in dead {
            // SAFETY: as above.
            let weak = unsafe { WeakCell::of(cell) };
            weak.set_target(to);
            // SAFETY: the target lives, says the caller.
            unsafe { weak.clear() }
            // SAFETY: as above.
            unsafe { self.settle_entry(cell) }
        }
    }

    /// Brings the entries made since the last call up to date: `fate` gives an object's address
    /// after the collection, or `None` if it is dead.
    ///
    /// # Safety
    ///
    /// The memory of dead objects is untouched, and `fate` is right.
    ///
    /// # Examples
    ///
    /// See the example of [`Evacuator`](super::Evacuator), where `Heap::bury_young` calls it.
    pub unsafe fn update_young(&mut self, fate: impl Fn(ObjectRef) -> Option<ObjectRef>) {
        self.new_callbacks.clear();
        self.young_ephemerons.clear();
        // A target is there once for each of its cells that was made.
        let mut targets = core::mem::take(&mut self.young);
        targets.sort_unstable();
        targets.dedup();
        for target in targets {
            if let Some(cells) = self.cells.remove(&target) {
                // SAFETY: the caller's promise.
                unsafe { self.update_entry(target, cells, &fate) }
            }
        }
    }

    /// Brings all entries up to date, as [`update_young`](WeakTable::update_young) does the new.
    ///
    /// # Safety
    ///
    /// As [`update_young`](WeakTable::update_young).
    ///
    /// # Examples
    ///
    /// See the example of [`WeakTable`].
    pub unsafe fn update_all(&mut self, fate: impl Fn(ObjectRef) -> Option<ObjectRef>) {
        self.young.clear();
        self.new_callbacks.clear();
        self.young_ephemerons.clear();
        for (target, cells) in core::mem::take(&mut self.cells) {
            // SAFETY: the caller's promise.
            unsafe { self.update_entry(target, cells, &fate) }
        }
    }

    /// # Safety
    ///
    /// As [`update_young`](WeakTable::update_young).
    unsafe fn update_entry(
        &mut self,
        target: ObjectRef,
        cells: Cells,
        fate: &impl Fn(ObjectRef) -> Option<ObjectRef>,
    ) {
        let to = fate(target);
        let mut kept = Cells::default();
        for cell in cells.into_all() {
            let Some(cell_to) = fate(cell) else {
                // SAFETY: dead objects are untouched, says the caller.
                unsafe { self.release_value(cell) }
                continue;
            };
            let Some(target_to) = to else {
                // SAFETY: `fate` says that the cell lives here now, and it is a copy of a cell; the
                // caller says that dead objects are untouched.
                unsafe { self.clear(cell_to) }
                continue;
            };
            // SAFETY: as above.
            unsafe { WeakCell::of(cell_to) }.set_target(target_to);
            // SAFETY: as above.
            unsafe { update_value(cell_to, fate) }
            // SAFETY: as above.
            unsafe { kept.insert(cell_to) }
        }
        let Some(to) = to else { return };
        if kept.is_empty() {
            // SAFETY: `fate` says that the target lives here now.
            unsafe { to.header() }.clear(Flag::WeaklyHeld);
        } else {
            let at = if crate::planted!("weak-entry-stays-behind") { target } else { to };
            self.cells.insert(at, kept);
        }
    }

    /// The number of weakly held objects.
    ///
    /// See the example of [`WeakTable`].
    #[must_use]
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// Whether no object is weakly held.
    ///
    /// See the example of [`WeakTable`].
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }
}

/// Updates the value of a cell that lives and whose target does, if it is an ephemeron.
///
/// # Safety
///
/// It is a cell, and its memory is untouched.
unsafe fn update_value(cell: ObjectRef, fate: &impl Fn(ObjectRef) -> Option<ObjectRef>) {
    // SAFETY: untouched, says the caller.
    if unsafe { cell.descriptor() }.weak_cell() == Some(WeakKind::Entry) {
        // SAFETY: its descriptor says so.
        let entry = unsafe { EntryCell::of(cell) };
        if let Some(value) = entry.value() {
            let to = fate(value);
            // Obligation 3 of Note [Ephemerons]. Nobody can reach a value that is not there.
            debug_assert!(to.is_some(), "cell and key live, so the value does");
            entry.set_value(to);
        }
    }
}

impl fmt::Debug for WeakTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakTable")
            .field("len", &self.len())
            .field("fired", &self.fired.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
#[cfg(debug_assertions)]
mod tests {
    use crate::collector::{Attributes, Barrier, Collector, Safepoint};
    use crate::{Arena, Gc, GcWeak, Reason, Rootable};
    use alloc::vec::Vec;

    /// Clears a weak reference of the root, and reclaims it before its callback is taken.
    #[derive(Default)]
    struct Hasty;

    // SAFETY: it is not: this is what the test is about. It panics before anything is reclaimed.
    unsafe impl Collector for Hasty {
        const ATTRIBUTES: Attributes = {
            let mut attributes = Attributes::new("hasty");
            attributes.counts_references = true;
            attributes.barrier = Barrier::Snapshot;
            attributes
        };

        fn safepoint(&mut self, _: &mut Safepoint<'_>) {}

        fn collect(&mut self, safepoint: &mut Safepoint<'_>, _: u8, _: Reason) {
            let mut edges = Vec::new();
            safepoint.roots.for_each_edge(|object| edges.push(object));
            let &[target, cell] = &*edges else { panic!("a target and a weak reference") };
            let heap = &mut *safepoint.heap;
            for object in [target, cell] {
                // SAFETY: young and live.
                unsafe { heap.promote_in_place(object) }
            }
            // SAFETY: all memory is untouched.
            unsafe { heap.weak().remove(target) }
            assert!(heap.weak().has_fired());
            // SAFETY: its callback should have been taken first, and this says so.
            unsafe { heap.reclaim(cell) }
        }
    }

    #[test]
    #[should_panic(expected = "its callback is taken first")]
    fn a_weak_reference_is_not_reclaimed_before_its_callback_is_taken() {
        type Pair<'gc> = (Gc<'gc, u32>, GcWeak<'gc, u32>);
        let mut arena: Arena<Rootable![Pair<'_>], Hasty> = Arena::new(|mc| {
            let target = Gc::new(mc, 42);
            (target, Gc::downgrade_with_callback(mc, target, |_| ()))
        });
        arena.collect();
    }
}
