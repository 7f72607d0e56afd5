//! Which objects are weakly held, and by which cells.
//!
//! A weak reference refers to a cell, an object of its own that holds the target's address. All
//! weak references of one kind to one object share a cell, but for those with callbacks. The table
//! finds the cells of a target when it moves or dies. The table itself keeps neither alive.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::fmt;

use hashbrown::HashMap;

use super::{Flag, ObjectRef};
use crate::calls::Callback;
use crate::id::AddressHash;
use crate::weak::{CallbackCell, WeakCell, WeakKind};

/// The cells that hold one object.
#[derive(Debug, Default)]
struct Cells {
    ordinary: Option<ObjectRef>,
    /// Few objects have others.
    others: Option<Box<Others>>,
}

#[derive(Debug, Default)]
struct Others {
    tracking: Option<ObjectRef>,
    /// By their numbers: the newest last.
    callbacks: BTreeMap<u64, ObjectRef>,
}

impl Cells {
    fn shared(&self, kind: WeakKind) -> Option<ObjectRef> {
        match kind {
            WeakKind::Ordinary => self.ordinary,
            WeakKind::Tracking => self.others.as_ref()?.tracking,
            WeakKind::Callback => None,
        }
    }

    /// # Safety
    ///
    /// It is a cell, and its memory is untouched.
    unsafe fn insert(&mut self, cell: ObjectRef) {
        let others = &mut self.others;
        // SAFETY: untouched, says the caller.
        match unsafe { cell.descriptor() }.weak_cell() {
            None | Some(WeakKind::Ordinary) => self.ordinary = Some(cell),
            Some(WeakKind::Tracking) => others.get_or_insert_default().tracking = Some(cell),
            Some(WeakKind::Callback) => {
                // SAFETY: its descriptor says so, and the caller that it is untouched.
                let number = unsafe { CallbackCell::number_of(cell) };
                others.get_or_insert_default().callbacks.insert(number, cell);
            }
        }
    }

    /// Takes a cell out. It is one of these.
    ///
    /// # Safety
    ///
    /// As [`insert`](Cells::insert).
    unsafe fn remove(&mut self, cell: ObjectRef) {
        let others = self.others.as_mut();
        // SAFETY: untouched, says the caller.
        match unsafe { cell.descriptor() }.weak_cell() {
            None | Some(WeakKind::Ordinary) => self.ordinary = None,
            Some(WeakKind::Tracking) => {
                if let Some(others) = others {
                    others.tracking = None;
                }
            }
            Some(WeakKind::Callback) => {
                if let Some(others) = others {
                    // SAFETY: its descriptor says so, and the caller that it is untouched.
                    others.callbacks.remove(&unsafe { CallbackCell::number_of(cell) });
                }
            }
        }
    }

    /// All cells but the one of tracking references.
    fn ordinary(&self) -> impl Iterator<Item = ObjectRef> {
        let callbacks = self.others.iter().flat_map(|others| others.callbacks.values().copied());
        callbacks.chain(self.ordinary)
    }

    /// Takes out all cells but the one of tracking references: those with callbacks first, the newest
    /// before the others.
    fn take_ordinary(&mut self) -> impl Iterator<Item = ObjectRef> + use<> {
        let callbacks = match &mut self.others {
            Some(others) => core::mem::take(&mut others.callbacks),
            None => BTreeMap::new(),
        };
        callbacks.into_values().rev().chain(self.ordinary.take())
    }

    /// As [`take_ordinary`](Cells::take_ordinary), and then the last one.
    fn into_all(mut self) -> impl Iterator<Item = ObjectRef> {
        self.take_ordinary().chain(self.shared(WeakKind::Tracking))
    }

    fn is_empty(&self) -> bool {
        let is_empty = |others: &Others| others.tracking.is_none() && others.callbacks.is_empty();
        self.ordinary.is_none() && self.others.as_deref().is_none_or(is_empty)
    }
}

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
    cells: HashMap<ObjectRef, Cells, AddressHash>,
    /// Targets of the cells that were made since the last safepoint that collected: only among
    /// these can the target or the cell be young.
    young: Vec<ObjectRef>,
    /// Those of them that got a callback.
    new_callbacks: Vec<ObjectRef>,
    /// Callbacks whose weak references were cleared, in the order in which they are to be called.
    fired: Vec<Callback>,
    /// The number of the next cell with a callback.
    next_number: u64,
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
        if unsafe { cell.descriptor() }.weak_cell() == Some(WeakKind::Callback) {
            self.new_callbacks.push(target);
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

    pub(crate) fn next_number(&mut self) -> u64 {
        self.next_number += 1;
        self.next_number
    }

    /// Takes the callbacks whose turn has come.
    pub(crate) fn take_fired(&mut self) -> Vec<Callback> {
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

    /// Notes the death of a target or of a cell, whichever `object` is.
    ///
    /// Call it when a mature object with [`Flag::WeaklyHeld`] is freed. A second call does nothing.
    ///
    /// # Safety
    ///
    /// `object` was just found dead; its memory is untouched. Its counterparts, if they are dead too,
    /// are untouched too.
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
        if !matches!(kind, Some(WeakKind::Ordinary | WeakKind::Callback)) {
            return;
        }
        // SAFETY: its descriptor says that it is a cell.
        let cell = unsafe { WeakCell::of(object) };
        if let Some(target) = cell.target() {
            // SAFETY: untouched, says the caller.
            unsafe { cell.clear() }
            // SAFETY: as above.
            unsafe { self.forget_cell(target, object) }
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

    /// Clears a cell; its callback, if it has one, is to be called.
    ///
    /// # Safety
    ///
    /// It is a cell; its memory and that of its target are untouched.
    unsafe fn clear(&mut self, cell: ObjectRef) {
        // SAFETY: the caller's promise.
        let weak = unsafe { WeakCell::of(cell) };
        // SAFETY: as above.
        unsafe { weak.clear() }
        // SAFETY: as above.
        if unsafe { cell.descriptor() }.weak_cell() == Some(WeakKind::Callback) {
            // SAFETY: its descriptor says so.
            self.fired.extend(unsafe { CallbackCell::take_callback(cell) });
        }
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
            if let Some(cell) = fate(cell) {
                // SAFETY: `fate` says that it lives here now; the object is untouched.
                unsafe { self.clear(cell) }
            } else {
                // SAFETY: untouched, says the caller.
                let weak = unsafe { WeakCell::of(cell) };
                // SAFETY: as above.
                unsafe { weak.clear() }
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
        for cell in dead {
            // SAFETY: untouched, says the caller.
            unsafe { cells.remove(cell) }
            // SAFETY: as above.
            let weak = unsafe { WeakCell::of(cell) };
            weak.set_target(to);
            // SAFETY: the target lives, says the caller.
            unsafe { weak.clear() }
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
        for target in core::mem::take(&mut self.young) {
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
        let living = cells.into_all().filter_map(fate);
        let Some(target) = fate(target) else {
            for cell in living {
                // SAFETY: `fate` says that it lives here now, and it is a copy of a cell; the caller
                // says that dead objects are untouched.
                unsafe { self.clear(cell) }
            }
            return;
        };
        let mut cells = Cells::default();
        for cell in living {
            // SAFETY: `fate` says that it lives here now, and it is a copy of a cell.
            unsafe { WeakCell::of(cell) }.set_target(target);
            // SAFETY: as above.
            unsafe { cells.insert(cell) }
        }
        if cells.is_empty() {
            // SAFETY: `fate` says that the target lives here now.
            unsafe { target.header() }.clear(Flag::WeaklyHeld);
        } else {
            self.cells.insert(target, cells);
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

impl fmt::Debug for WeakTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakTable")
            .field("len", &self.len())
            .field("fired", &self.fired.len())
            .finish_non_exhaustive()
    }
}
