//! Weak collections: [`WeakMap`], [`WeakValueMap`] and [`WeakSet`].
//!
//! ```text
//!  handle -> collection -> map of entries -> cell ~> object
//!                 |                           |
//!               tally <~ ~ ~ ~ ~ ~ ~ ~ ~ ~ ~ ~+   counts the cells that were cleared
//! ```
//!
//! Every entry has a weak cell of its own, which the collector clears when the entry's object dies.
//! Nothing else happens then: the entry stays in its place, and is not shown. The tally says how many
//! such entries there are. They are taken out before the map would grow, and at the end of a safepoint
//! that left more dead entries than living ones (`heap/weak_collections.rs`).
//!
//! Objects die at safepoints only. So within a `mutate` no entry goes by itself, and an iteration need
//! not keep anything alive.

mod map;
mod set;
mod value_map;

use alloc::rc::Rc;

pub use map::WeakMap;
pub use set::WeakSet;
pub use value_map::WeakValueMap;

use super::GcHashMap;
use crate::error::HeapFull;
use crate::heap::{Heap, ObjectRef, Tally};
use crate::mutation::Mutation;
use crate::place::NamedEdges;
use crate::pointee::Pointee;
use crate::send_check::SendCheck;
use crate::trace::{Edges, SlotMap, Slots, Trace};
use crate::{Gc, GcWeak};

/// What a weak collection consists of.
///
/// # Safety
///
/// `weak` is the weak reference of an entry ([`GcWeak::of_entry`]), made for the collection that this is
/// in and for nothing else.
pub(super) unsafe trait Entry<'gc>: Trace + Copy + 'gc {
    /// What the object is.
    type Object: ?Sized + Pointee + 'gc;

    fn weak(&self) -> GcWeak<'gc, Self::Object>;

    /// Whether the object is dead.
    #[inline]
    fn is_dead(&self) -> bool {
        self.weak().is_dropped()
    }

    /// Has the weak reference forget the object.
    fn cut_off(&self, mc: &Mutation<'gc>) {
        // SAFETY: it is that of an entry.
        unsafe { self.weak().cut_off(mc) }
    }
}

/// An entry that has nothing but its object.
pub(super) struct Member<'gc, T: ?Sized + Pointee + 'gc>(GcWeak<'gc, T>);

impl<T: ?Sized + Pointee> Copy for Member<'_, T> {}

impl<T: ?Sized + Pointee> Clone for Member<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<'gc, T: ?Sized + Pointee + 'gc> Member<'gc, T> {
    /// An entry for an object, to be put into this collection.
    #[track_caller]
    pub(super) fn new<E: Entry<'gc>, S>(
        mc: &Mutation<'gc>,
        collection: &Collection<'gc, E, S>,
        object: Gc<'gc, T>,
    ) -> Result<Member<'gc, T>, HeapFull<()>> {
        GcWeak::of_entry(mc, object, None, collection.number()).map(Member)
    }
}

// SAFETY: `new` makes the weak reference for one collection.
unsafe impl<'gc, T: ?Sized + Pointee + 'gc> Entry<'gc> for Member<'gc, T> {
    type Object = T;

    #[inline]
    fn weak(&self) -> GcWeak<'gc, T> {
        self.0
    }
}

// SAFETY: the weak reference is passed on.
unsafe impl<'gc, T: ?Sized + Pointee + 'gc> Trace for Member<'gc, T> {
    const HAS_GC: bool = true;
    const SLOTS: SlotMap = <GcWeak<'gc, T> as Trace>::SLOTS;

    #[inline]
    fn visit(&self, edges: &mut Edges) {
        self.0.visit(edges);
    }

    #[inline]
    fn relocate(&mut self, slots: &mut Slots) {
        self.0.relocate(slots);
    }

    fn describe(&self, edges: &mut NamedEdges<'_>) {
        self.0.describe(edges);
    }

    fn check_send(_: &mut SendCheck<'_>) {}
}

/// The object behind a weak collection.
pub(super) struct Collection<'gc, E: 'gc, S: 'static> {
    entries: GcHashMap<'gc, E, (), S>,
    tally: Rc<Tally>,
}

impl<'gc, E: 'gc, S: 'static> Drop for Collection<'gc, E, S> {
    fn drop(&mut self) {
        self.tally.abandon();
    }
}

// SAFETY: the one reference is passed on. The drop glue touches the tally alone, which is `'static`.
unsafe impl<'gc, E: 'gc, S: 'static> Trace for Collection<'gc, E, S> {
    const HAS_GC: bool = true;
    const SLOTS: SlotMap = SlotMap::Empty
        .field(core::mem::offset_of!(Self, entries), <GcHashMap<'gc, E, (), S> as Trace>::SLOTS);

    #[inline]
    fn visit(&self, edges: &mut Edges) {
        self.entries.visit(edges);
    }

    #[inline]
    fn relocate(&mut self, slots: &mut Slots) {
        self.entries.relocate(slots);
    }

    fn describe(&self, edges: &mut NamedEdges<'_>) {
        edges.field("entries", &self.entries);
    }

    // The tally goes along: nobody has it but this and the heap.
    fn check_send(_: &mut SendCheck<'_>) {}
}

impl<'gc, E: Entry<'gc>, S: 'static> Collection<'gc, E, S> {
    /// An empty collection.
    #[track_caller]
    pub(super) fn new(mc: &Mutation<'gc>, hasher: S) -> Gc<'gc, Collection<'gc, E, S>> {
        let entries = GcHashMap::with_hasher(mc, hasher);
        let tally = mc.heap().new_tally(prune::<E, S>);
        let collection = Gc::new(mc, Collection { entries, tally: Rc::clone(&tally) });
        // SAFETY: it was just made, and `Drop` abandons the tally.
        unsafe { mc.heap().add_tally(tally, collection.object()) }
        collection
    }

    pub(super) fn hasher(&self) -> &'gc S {
        self.entries.hasher()
    }

    /// The number of entries that live.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.entries.len().saturating_sub(self.tally.dead())
    }

    /// The number of entries, gaps and dead ones included, for which there is room.
    pub(super) fn capacity(&self) -> usize {
        self.entries.capacity()
    }

    /// The index of the entry with this hash that lives and that the closure recognizes.
    #[inline]
    pub(super) fn find(&self, hash: u64, mut is_match: impl FnMut(&E) -> bool) -> Option<usize> {
        self.entries.find(hash, |entry| !entry.is_dead() && is_match(entry))
    }

    /// The entry at an index, if there is one that lives.
    #[inline]
    pub(super) fn get(&self, index: usize) -> Option<E> {
        self.entries.get_index(index).map(|(entry, ())| entry).filter(|entry| !entry.is_dead())
    }

    /// The entries that live, in the order in which they came; see [`GcHashMap::iter`].
    pub(super) fn iter(&self) -> impl Iterator<Item = E> + use<'gc, E, S> {
        self.entries.keys().filter(|entry| !entry.is_dead())
    }

    /// The number of this collection, which its cells have.
    pub(super) fn number(&self) -> u64 {
        self.tally.number()
    }

    /// Adds an entry, in the place of the one at the index `old`, if there is one, which has the same
    /// hash. If the heap is full nothing changes, and the new entry is cut off.
    ///
    /// Nothing of the user's is called.
    #[track_caller]
    pub(super) fn replace(
        &self,
        mc: &Mutation<'gc>,
        hash: u64,
        old: Option<usize>,
        entry: E,
    ) -> Result<(), HeapFull<()>> {
        let old = old.and_then(|index| self.get(index));
        if let Err(full) = self.reserve(mc) {
            entry.cut_off(mc);
            return Err(full);
        }
        // It may have another index since there is room.
        let old = old.and_then(|old| self.entries.find(hash, |entry| is_same(entry, &old)));
        if let Some(index) = old {
            self.remove(mc, index);
        }
        self.entries.try_insert_unique(mc, hash, entry, ()).map_err(|full| full.map(|_| ()))?;
        self.tally.set_entries(self.entries.len());
        Ok(())
    }

    /// Makes room for an entry.
    #[track_caller]
    fn reserve(&self, mc: &Mutation<'gc>) -> Result<(), HeapFull<()>> {
        if self.tally.dead() > 0 && self.entries.is_full() {
            self.remove_dead(mc);
        }
        self.entries.try_reserve(mc, 1)
    }

    /// Takes the entry at an index away, if there is one that lives.
    #[track_caller]
    pub(super) fn remove(&self, mc: &Mutation<'gc>, index: usize) -> Option<E> {
        let entry = self.get(index)?;
        self.entries.remove_index(mc, index);
        self.tally.set_entries(self.entries.len());
        entry.cut_off(mc);
        if self.tally.is_sparse() {
            self.remove_dead(mc);
        }
        Some(entry)
    }

    /// Keeps the entries that live and that the closure approves.
    ///
    /// Entries go as they are disapproved. The closure is the user's: if it makes entries move, some may
    /// be passed over.
    #[track_caller]
    pub(super) fn retain(&self, mc: &Mutation<'gc>, mut is_kept: impl FnMut(&E) -> bool) {
        let end = self.entries.end();
        for index in 0..end {
            let Some(entry) = self.get(index) else { continue };
            if !is_kept(&entry) && self.get(index).is_some_and(|now| is_same(&now, &entry)) {
                self.remove(mc, index);
            }
        }
    }

    /// Takes all entries away, and gives their memory up.
    pub(super) fn clear(&self, mc: &Mutation<'gc>) {
        for entry in self.iter() {
            entry.cut_off(mc);
        }
        self.entries.clear(mc);
        self.tally.forget_dead(usize::MAX);
        self.tally.set_entries(0);
    }

    /// Takes the dead entries out.
    #[track_caller]
    fn remove_dead(&self, mc: &Mutation<'gc>) {
        let before = self.entries.len();
        self.entries.retain(mc, |entry, ()| !entry.is_dead());
        self.tally.forget_dead(before - self.entries.len());
        self.tally.set_entries(self.entries.len());
    }
}

/// Whether both are one entry.
fn is_same<'gc, E: Entry<'gc>>(a: &E, b: &E) -> bool {
    a.weak().is_same_cell(b.weak())
}

/// Takes the dead entries out of a collection of which most are dead, and makes it smaller.
///
/// # Safety
///
/// The object is a `Collection<E, S>` of this heap, and live; this is no safepoint.
unsafe fn prune<'gc, E: Entry<'gc>, S: 'static>(object: ObjectRef, heap: &Heap) {
    // SAFETY: nothing that is made with this brand leaves the function, in which there is no collection.
    let heap = unsafe { &*core::ptr::from_ref(heap) };
    // SAFETY: as above.
    let mc = unsafe { Mutation::<'gc>::brand(heap) };
    // SAFETY: the caller's promise.
    let collection = unsafe { &*object.as_ptr().cast::<Collection<'gc, E, S>>() };
    collection.remove_dead(mc);
    collection.entries.shrink(mc);
}
