//! The table behind [`DynamicRoot`](crate::DynamicRoot)s: references from outside the heap.
//!
//! A table belongs to an object of the heap (a [`DynamicRootSet`](crate::DynamicRootSet)) or to the
//! arena itself, and its slots are that owner's references: `visit` and `relocate` report them.
//! Handles can be dropped at any time, even while a collection runs drop glue, so a slot is never
//! changed through the write barrier. The table keeps the two lists that a barrier would have kept
//! instead: which slots were filled since the last safepoint, and which references went.
//!
//! Note [Counted slots]: a counting collector has counted exactly the slots that are filled, not
//! fresh, and whose owner is mature, and still owes a decrement for everything in `released`. So
//! at a safepoint it first settles the tables of mature owners; a young owner's slots are counted
//! all at once when it is promoted, as any object's are.
//!
//! Note [Late handles]: an arena that lives on a thread of the pool which helps it to mark may run other
//! jobs of that pool while it waits, and these may drop handles. The collector has looked at the handles
//! then: it may move what they refer to, and takes back what a set that is dead refers to. So the slot
//! stays filled until the collector is done, as if the handle had been dropped after that.

use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::ptr::NonNull;

use crate::heap::ObjectRef;
use crate::place::NamedEdges;
use crate::trace::{Edges, Slot, Slots};

/// Who the slots of a table belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// The arena: always reachable.
    Arena,
    /// This object of the heap.
    Object(ObjectRef),
    /// Nobody any more: the owner is dead, and handles are stale.
    Nobody,
}

/// What has happened to the tables of a heap: shared by all of them and the heap.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// Some table has something to settle.
    pub(crate) is_any_settleable: Cell<bool>,
    /// The owner of some table died, and the heap has yet to let go of the table; or a table has late
    /// handles.
    pub(crate) is_tidying_due: Cell<bool>,
    /// Several threads mark: see Note [Late handles].
    pub(crate) is_marking: Cell<bool>,
}

#[derive(Debug)]
struct Entry {
    object: Option<ObjectRef>,
    /// Handles that share the slot. Saturates: 2^64 forgotten clones leak it.
    handles: usize,
    /// Filled since the last safepoint that settled the table.
    is_fresh: bool,
}

/// The slots of one owner.
///
/// # Examples
///
/// ```
/// use gc_core::Reason;
/// use gc_core::collector::{Attributes, Collector, Safepoint};
/// # use gc_core::{DynamicRoot, Gc, Rootable};
/// use std::{cell::RefCell, rc::Rc};
///
/// /// Reports how many handles came and went, and how many there are.
/// #[derive(Default)]
/// struct Handles(Rc<RefCell<Vec<[usize; 3]>>>);
///
/// // SAFETY: nothing is reclaimed, moved or promoted.
/// unsafe impl Collector for Handles {
///     const ATTRIBUTES: Attributes = Attributes::new("handles");
///
///     fn safepoint(&mut self, _: &mut Safepoint<'_>) {}
///
///     fn collect(&mut self, safepoint: &mut Safepoint<'_>, _: u8, _: Reason) {
///         let [mut came, mut went, mut all] = [0; 3];
///         for table in safepoint.heap.handle_tables() {
///             // No set of handles was made: the table is the arena's own.
///             assert!(table.is_owned_by_arena() && table.is_owner_mature());
///             assert_eq!(table.owning_object(), None);
///             table.settle_fresh(|_| came += 1);
///             table.settle_released(|_| went += 1);
///             table.for_each_edge(|_| all += 1);
///             let mut places = 0;
///             table.for_each_slot(|_| places += 1);
///             assert_eq!(places, all);
///         }
///         assert_eq!(safepoint.heap.are_handles_changed(), came + went > 0);
///         safepoint.heap.settle_handles();
///         self.0.borrow_mut().push([came, went, all]);
///     }
/// }
///
/// let handles = Handles::default();
/// let seen = Rc::clone(&handles.0);
/// let mut arena = gc_core::ArenaBuilder::<Rootable![()], _>::new(handles).build(|_| ());
/// let handle: [DynamicRoot<Rootable![u32]>; 2] =
///     arena.mutate(|mc, ()| [1, 2].map(|n| mc.stash(Gc::new(mc, n))));
/// arena.collect();
/// arena.collect();
/// drop(handle);
/// arena.collect();
/// assert_eq!(*seen.borrow(), [[2, 0, 2], [0, 0, 2], [0, 2, 0]]);
/// ```
#[derive(Debug)]
pub struct HandleTable {
    owner: Cell<Owner>,
    entries: RefCell<Vec<Entry>>,
    free: RefCell<Vec<usize>>,
    fresh: RefCell<Vec<usize>>,
    released: RefCell<Vec<ObjectRef>>,
    /// Slots whose last handle has gone, and that are not empty yet: see Note [Late handles].
    late: RefCell<Vec<usize>>,
    changes: Rc<Changes>,
}

impl HandleTable {
    pub(crate) fn new(owner: Owner, changes: Rc<Changes>) -> HandleTable {
        HandleTable {
            owner: Cell::new(owner),
            entries: RefCell::default(),
            free: RefCell::default(),
            fresh: RefCell::default(),
            released: RefCell::default(),
            late: RefCell::default(),
            changes,
        }
    }

    pub(crate) fn owner(&self) -> Owner {
        self.owner.get()
    }

    pub(crate) fn set_owner(&self, owner: Owner) {
        self.owner.set(owner);
    }

    /// Fills a slot with a reference that is counted already, and returns its index; it has one
    /// handle.
    pub(crate) fn insert_settled(&self, object: ObjectRef) -> usize {
        let entry = Entry { object: Some(object), handles: 1, is_fresh: false };
        let mut entries = self.entries.borrow_mut();
        let mut free = self.free.borrow_mut();
        // A freed slot that is still in the list of fresh ones would be counted again.
        match free.pop_if(|&mut index| !entries[index].is_fresh) {
            Some(index) => {
                entries[index] = entry;
                index
            }
            None => {
                entries.push(entry);
                entries.len() - 1
            }
        }
    }

    /// Fills a slot and returns its index; it has one handle.
    pub(crate) fn insert(&self, object: ObjectRef) -> usize {
        let entry = Entry { object: Some(object), handles: 1, is_fresh: true };
        let mut entries = self.entries.borrow_mut();
        let index = match self.free.borrow_mut().pop() {
            Some(index) => {
                // A freed slot that is still in the list of fresh ones stays there once.
                if !entries[index].is_fresh {
                    self.fresh.borrow_mut().push(index);
                }
                entries[index] = entry;
                index
            }
            None => {
                entries.push(entry);
                self.fresh.borrow_mut().push(entries.len() - 1);
                entries.len() - 1
            }
        };
        self.changes.is_any_settleable.set(true);
        index
    }

    /// One more handle shares the slot.
    pub(crate) fn retain(&self, index: usize) {
        let entry = &mut self.entries.borrow_mut()[index];
        entry.handles = entry.handles.saturating_add(1);
    }

    /// One handle fewer; the last one empties the slot.
    pub(crate) fn release(&self, index: usize) {
        let mut entries = self.entries.borrow_mut();
        let entry = &mut entries[index];
        if entry.handles == usize::MAX {
            return;
        }
        entry.handles -= 1;
        if entry.handles > 0 {
            return;
        }
        if self.changes.is_marking.get() {
            entry.handles = 1;
            self.late.borrow_mut().push(index);
            self.changes.is_tidying_due.set(true);
            return;
        }
        if let Some(object) = entry.object.take() {
            if !entry.is_fresh {
                self.released.borrow_mut().push(object);
            }
            self.changes.is_any_settleable.set(true);
        }
        self.free.borrow_mut().push(index);
    }

    /// Empties the slots whose last handles went while threads were marking.
    pub(crate) fn release_late(&self) {
        self.late.take().into_iter().for_each(|index| self.release(index));
    }

    /// What the slot refers to; `None` if the owner is dead.
    pub(crate) fn get(&self, index: usize) -> Option<ObjectRef> {
        self.entries.borrow()[index].object
    }

    /// The owner is dead: empties all slots, so that the handles left are stale.
    pub(crate) fn abandon(&self) {
        self.owner.set(Owner::Nobody);
        self.changes.is_tidying_due.set(true);
        for entry in self.entries.borrow_mut().iter_mut() {
            entry.object = None;
        }
        self.fresh.borrow_mut().clear();
        self.released.borrow_mut().clear();
    }

    /// Whether the owner is the arena or a mature object, so that its slots count.
    ///
    /// See the example of [`HandleTable`].
    #[must_use]
    pub fn is_owner_mature(&self) -> bool {
        match self.owner() {
            Owner::Arena => true,
            Owner::Object(object) => object.is_mature(),
            Owner::Nobody => false,
        }
    }

    /// Whether the owner is the arena: the slots are roots.
    ///
    /// See the example of [`HandleTable`].
    #[must_use]
    pub fn is_owned_by_arena(&self) -> bool {
        self.owner() == Owner::Arena
    }

    /// The object that owns the table, if one does.
    ///
    /// See the example of [`HandleTable`].
    #[must_use]
    pub fn owning_object(&self) -> Option<ObjectRef> {
        match self.owner() {
            Owner::Object(object) => Some(object),
            Owner::Arena | Owner::Nobody => None,
        }
    }

    /// Calls `each` for every slot filled since the last call, which may update it; they are fresh
    /// no more.
    ///
    /// See the example of [`HandleTable`].
    pub fn settle_fresh(&self, mut each: impl FnMut(&mut Slot)) {
        let mut entries = self.entries.borrow_mut();
        for index in self.fresh.borrow_mut().drain(..) {
            let entry = &mut entries[index];
            entry.is_fresh = false;
            if let Some(object) = &mut entry.object {
                // SAFETY: the entry holds a reference, and is borrowed mutably.
                each(&mut unsafe { Slot::new(NonNull::from(object)) });
            }
        }
    }

    /// Calls `each` for every reference that went since the last call and had been settled.
    ///
    /// See the example of [`HandleTable`].
    pub fn settle_released(&self, mut each: impl FnMut(ObjectRef)) {
        for object in self.released.borrow_mut().drain(..) {
            each(object);
        }
    }

    /// Calls `each` for every filled slot.
    ///
    /// See the example of [`HandleTable`].
    pub fn for_each_edge(&self, mut each: impl FnMut(ObjectRef)) {
        self.entries.borrow().iter().filter_map(|entry| entry.object).for_each(&mut each);
    }

    /// Calls `each` for every reference of the table that was counted, if its owner is mature: see Note
    /// [Counted slots].
    pub(crate) fn for_each_counted(&self, mut each: impl FnMut(ObjectRef)) {
        let entries = self.entries.borrow();
        let settled = entries.iter().filter(|entry| !entry.is_fresh);
        settled.filter_map(|entry| entry.object).for_each(&mut each);
        self.released.borrow().iter().copied().for_each(each);
    }

    /// Calls `each` for every filled slot, with whether it was filled since the last safepoint.
    pub(crate) fn for_each_entry(&self, mut each: impl FnMut(ObjectRef, bool)) {
        for entry in &*self.entries.borrow() {
            if let Some(object) = entry.object {
                each(object, entry.is_fresh);
            }
        }
    }

    /// Calls `each` for what slots referred to that were emptied since the last safepoint.
    pub(crate) fn for_each_released(&self, each: impl FnMut(ObjectRef)) {
        self.released.borrow().iter().copied().for_each(each);
    }

    /// What is wrong with the lists of this table.
    pub(crate) fn contradiction(&self) -> Option<&'static str> {
        let (entries, free, fresh) =
            (self.entries.borrow(), self.free.borrow(), self.fresh.borrow());
        let is_freed = |&index: &usize| entries.get(index).is_some_and(|entry| entry.handles == 0);
        let is_filled = |entry: &&Entry| entry.object.is_some();
        let filled = entries.iter().filter(is_filled).count();
        if entries.iter().filter(is_filled).any(|entry| entry.handles == 0) {
            return Some("a slot is filled, and no handle has it");
        }
        if !free.iter().all(is_freed) || free.len() + filled != entries.len() {
            return Some("the list of free slots is not that of those that are empty");
        }
        let is_fresh = |&index: &usize| entries.get(index).is_some_and(|entry| entry.is_fresh);
        let fresh_entries = entries.iter().filter(|entry| entry.is_fresh).count();
        if !fresh.iter().all(is_fresh) || fresh.len() != fresh_entries {
            return Some("the list of new slots is not that of those that are new");
        }
        None
    }

    /// How many handles there are to an object.
    pub(crate) fn count_handles(&self, to: ObjectRef) -> usize {
        let entries = self.entries.borrow();
        entries.iter().filter(|e| e.object == Some(to)).map(|e| e.handles).sum()
    }

    /// Calls `each` for every filled slot, which may update it.
    ///
    /// See the example of [`HandleTable`].
    pub fn for_each_slot(&self, mut each: impl FnMut(&mut Slot)) {
        for object in self.entries.borrow_mut().iter_mut().filter_map(|e| e.object.as_mut()) {
            // SAFETY: the entry holds a reference, and is borrowed mutably.
            each(&mut unsafe { Slot::new(NonNull::from(object)) });
        }
    }

    pub(crate) fn report_edges(&self, edges: &mut Edges) {
        for entry in self.entries.borrow().iter() {
            if let Some(object) = entry.object {
                edges.push(object);
            }
        }
    }

    /// Each by the number of its slot.
    pub(crate) fn describe_edges(&self, edges: &mut NamedEdges<'_>) {
        let slot = |index: usize| self.entries.borrow().get(index).map(|entry| entry.object);
        // Not borrowed while someone hears of it, who may drop a handle.
        for (index, object) in (0..).map_while(|index| Some((index, slot(index)?))) {
            if let Some(object) = object {
                edges.push_element(index, object);
            }
        }
    }

    pub(crate) fn report_slots(&self, slots: &mut Slots) {
        for entry in self.entries.borrow_mut().iter_mut() {
            if let Some(object) = &mut entry.object {
                // The slot is written when the sink is emptied, after this borrow has ended: no
                // handle is used before `relocate` is done with the whole object.
                slots.push(NonNull::from(object));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> HandleTable {
        HandleTable::new(Owner::Arena, Rc::default())
    }

    /// No table looks into an object.
    fn object() -> ObjectRef {
        ObjectRef::from_ptr(core::ptr::without_provenance_mut(64)).expect("an address")
    }

    #[test]
    fn what_goes_while_threads_mark_goes_afterwards() {
        let table = table();
        let released = || {
            let mut released = 0;
            table.settle_released(|_| released += 1);
            released
        };
        let [a, b] = [(); 2].map(|()| table.insert(object()));
        table.settle_fresh(|_| ());
        table.retain(b);

        table.changes.is_marking.set(true);
        [a, b, b].into_iter().for_each(|index| table.release(index));
        assert!(table.changes.is_tidying_due.get());
        assert_eq!((table.count_handles(object()), released()), (2, 0), "one for each slot");

        table.changes.is_marking.set(false);
        table.release_late();
        assert_eq!((table.count_handles(object()), released()), (0, 2));
        table.release_late();
        assert_eq!((table.contradiction(), released()), (None, 0), "each goes once");
    }

    #[test]
    fn lists_that_contradict_the_slots_are_found() {
        let table = table();
        let [a, b] = [(); 2].map(|()| table.insert(object()));
        table.settle_fresh(|_| ());
        table.release(a);
        table.insert(object());
        table.release(b);
        assert_eq!(table.contradiction(), None);

        let contradicts = |part: &str| {
            let message = table.contradiction().expect("a contradiction");
            assert!(message.contains(part), "{message}");
        };
        let handles = core::mem::take(&mut table.entries.borrow_mut()[a].handles);
        contradicts("no handle has it");
        table.entries.borrow_mut()[a].handles = handles;

        let free = table.free.take();
        contradicts("free slots");
        table.free.borrow_mut().extend([free, Vec::from([a])].concat());
        contradicts("free slots");
        table.free.borrow_mut().pop();

        let fresh = table.fresh.take();
        contradicts("new slots");
        table.fresh.borrow_mut().extend([fresh, Vec::from([b])].concat());
        contradicts("new slots");
        table.fresh.borrow_mut().pop();
        assert_eq!(table.contradiction(), None);
    }
}
