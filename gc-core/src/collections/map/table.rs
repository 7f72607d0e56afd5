//! The object behind a map: its entries in the order of their insertion, and their index.
//!
//! ```text
//!  entries:  Some(hash, key, value) | None | Some(..) | spare ..
//!  index:    hash -> number of an entry
//! ```
//!
//! Invariants, between any two calls:
//!
//! 1. Every entry that is there is in the index under its hash, if there is an index, and nothing
//!    else is in it. There is one if there is room for more than [`SCAN_MAX`] entries.
//! 2. `live` is the number of entries that are there. An empty place among them is not used again
//!    until the entries are moved, which `layout` counts: as long as it is the same, a number of an
//!    entry means that entry or none.
//!
//! Nothing in this file calls the user's code but [`Table::lookup`].

use core::cell::Cell;
use core::mem::offset_of;

use super::super::buffer::Buffer;
use super::index::Index;
use crate::error::HeapFull;
use crate::heap::assert_not_finalized;
use crate::mutation::Mutation;
use crate::place::NamedEdges;
use crate::send_check::SendCheck;
use crate::trace::{Edges, SlotMap, Slots, Trace};
use crate::trace_impls::Static;
use crate::{Gc, field};

/// A map with room for no more entries than this has no index: comparing the hashes of all entries
/// is as fast, and most objects of a scripting language are that small.
const SCAN_MAX: usize = 8;

/// The entries of the first allocation that is not asked for a number.
const CAPACITY_MIN: usize = 4;

/// An entry of a map.
#[derive(Clone, Copy)]
pub(super) struct Entry<K, V> {
    pub(super) hash: u64,
    pub(super) key: K,
    pub(super) value: V,
}

/// The object behind a map.
pub(super) struct Table<'gc, K: 'gc, V: 'gc, S> {
    entries: Buffer<'gc, Entry<K, V>>,
    index: Index<'gc>,
    live: Static<Cell<usize>>,
    layout: Static<Cell<u64>>,
    pub(super) hasher: Static<S>,
}

/// What says whether entries came or went, or moved: it is the same only if none did.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp {
    layout: u64,
    used: usize,
    live: usize,
}

impl<'gc, K: Copy + 'gc, V: Copy + 'gc, S> Table<'gc, K, V, S> {
    pub(super) const fn new(hasher: S) -> Table<'gc, K, V, S> {
        Table {
            entries: Buffer::new(),
            index: Index::none(),
            live: Static(Cell::new(0)),
            layout: Static(Cell::new(0)),
            hasher: Static(hasher),
        }
    }

    /// The number of entries.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.live.get()
    }

    /// The number that the next entry gets: above those of all entries.
    #[inline]
    pub(super) fn end(&self) -> usize {
        self.entries.len()
    }

    #[inline]
    pub(super) fn capacity(&self) -> usize {
        self.entries.capacity()
    }

    /// Changes when entries have moved to other numbers.
    #[inline]
    pub(super) fn layout(&self) -> u64 {
        self.layout.get()
    }

    #[inline]
    pub(super) fn entry(&self, index: usize) -> Option<Entry<K, V>> {
        self.entries.get(index)
    }

    fn stamp(&self) -> Stamp {
        Stamp { layout: self.layout(), used: self.end(), live: self.len() }
    }

    /// The entry with this hash whose key the closure recognizes.
    ///
    /// The closure is the user's. If it made entries come or go, the search begins again, as a look-up
    /// in a dict of CPython does: so what is returned is true when it is returned.
    pub(super) fn lookup(&self, hash: u64, mut is_match: impl FnMut(&K) -> bool) -> Option<usize> {
        'search: loop {
            let stamp = self.stamp();
            let mut probe = self.index.probe(hash);
            let mut every = 0..self.end();
            let candidates = core::iter::from_fn(|| match &mut probe {
                Some(probe) => probe.next(),
                None => every.next(),
            });
            for index in candidates {
                let Some(entry) = self.entry(index) else { continue };
                if entry.hash != hash {
                    continue;
                }
                let is_match = is_match(&entry.key);
                if self.stamp() != stamp {
                    continue 'search;
                }
                if is_match {
                    return Some(index);
                }
            }
            return None;
        }
    }
}

impl<'gc, K, V, S> Table<'gc, K, V, S>
where
    K: Trace + Copy + 'gc,
    V: Trace + Copy + 'gc,
    S: 'static,
{
    /// Appends an entry whose key is not there.
    #[track_caller]
    pub(super) fn push(
        this: Gc<'gc, Self>,
        mc: &Mutation<'gc>,
        entry: Entry<K, V>,
    ) -> Result<usize, HeapFull<(K, V)>> {
        let Entry { hash, key, value } = entry;
        if this.end() == this.capacity() {
            Table::reserve(this, mc, 1).map_err(|full| full.map(|()| (key, value)))?;
        }
        let index = this.end();
        if this.entries.push(mc, entry).is_err() {
            return Err(mc.heap_full((key, value)));
        }
        this.index.insert(hash, index);
        this.live.set(this.len() + 1);
        Ok(index)
    }

    /// Replaces the value of an entry; does nothing if there is no such entry.
    #[inline]
    pub(super) fn set_value(&self, mc: &Mutation<'gc>, index: usize, value: V) -> Option<V> {
        let entry = self.entry(index)?;
        self.entries.put(mc, index, Some(Entry { value, ..entry }));
        Some(entry.value)
    }

    /// Takes an entry away.
    #[track_caller]
    pub(super) fn take(&self, mc: &Mutation<'gc>, index: usize) -> Option<(K, V)> {
        let Entry { hash, key, value } = self.entry(index)?;
        self.entries.put(mc, index, None);
        self.index.remove(hash, index);
        self.live.set(self.len() - 1);
        if self.len() == 0 {
            // All places are empty: they can be used again without moving anything.
            self.entries.truncate(mc, 0);
            self.layout.set(self.layout() + 1);
        }
        Some((key, value))
    }

    /// Makes room for this many more entries, at the end.
    ///
    /// # Errors
    ///
    /// If the heap is full; then nothing has changed.
    #[track_caller]
    pub(super) fn reserve(
        this: Gc<'gc, Self>,
        mc: &Mutation<'gc>,
        additional: usize,
    ) -> Result<(), HeapFull<()>> {
        if additional <= this.capacity() - this.end() {
            return Ok(());
        }
        let overflow = || mc.heap_full(());
        let needed = this.len().checked_add(additional).ok_or_else(overflow)?;
        let mut capacity = needed.checked_next_power_of_two().ok_or_else(overflow)?;
        // If the empty places would soon be used up again, the next move would come too early: a
        // quarter of the capacity is to be free, unless there was no empty place to begin with.
        if this.len() < this.end() && needed > capacity / 4 * 3 {
            capacity = capacity.checked_mul(2).ok_or_else(overflow)?;
        }
        Table::rebuild(this, mc, capacity.max(CAPACITY_MIN))
    }

    /// Moves the entries, without the empty places, to storage of this capacity, a power of two.
    #[track_caller]
    fn rebuild(
        this: Gc<'gc, Self>,
        mc: &Mutation<'gc>,
        capacity: usize,
    ) -> Result<(), HeapFull<()>> {
        const { assert_not_finalized::<K>() }
        const { assert_not_finalized::<V>() }
        let live = this.as_ref().entries.slots().iter().filter_map(|slot| slot.get());
        let words = match capacity > SCAN_MAX {
            true => Some(Index::allocate(mc, capacity, live.clone().map(|entry| entry.hash))?),
            false => None,
        };
        let entries = Buffer::allocate(mc, capacity, live)?;
        if this.len() < this.end() {
            this.layout.set(this.layout() + 1);
        }
        let write = Gc::write(mc, this);
        Index::install(field!(write, Table, index), words);
        Buffer::install(field!(write, Table, entries), Some(entries), this.len());
        Ok(())
    }

    /// Moves the entries to less storage if a quarter of it, or less, is used. Does nothing if the heap is
    /// full.
    #[track_caller]
    pub(super) fn shrink(this: Gc<'gc, Self>, mc: &Mutation<'gc>) {
        if this.len() == 0 {
            Table::clear(this, mc);
        } else if this.len() <= this.capacity() / 4 {
            // Twice as much as is used. If there is no room for it, what is there stays.
            let capacity = (2 * this.len()).next_power_of_two().max(CAPACITY_MIN);
            let _is_moved = Table::rebuild(this, mc, capacity).is_ok();
        }
    }

    /// Takes all entries away, and gives their memory up.
    pub(super) fn clear(this: Gc<'gc, Self>, mc: &Mutation<'gc>) {
        let write = Gc::write(mc, this);
        Index::install(field!(write, Table, index), None);
        Buffer::install(field!(write, Table, entries), None, 0);
        this.live.set(0);
        this.layout.set(this.layout() + 1);
    }
}

// SAFETY: the key and the value are passed on, each once; the map has each at its offset.
unsafe impl<K: Trace, V: Trace> Trace for Entry<K, V> {
    const HAS_GC: bool = K::HAS_GC || V::HAS_GC;
    const SLOTS: SlotMap = SlotMap::Empty
        .field(offset_of!(Self, key), K::SLOTS)
        .field(offset_of!(Self, value), V::SLOTS);

    #[inline]
    fn visit(&self, edges: &mut Edges) {
        self.key.visit(edges);
        self.value.visit(edges);
    }

    #[inline]
    fn relocate(&mut self, slots: &mut Slots) {
        self.key.relocate(slots);
        self.value.relocate(slots);
    }

    fn describe(&self, edges: &mut NamedEdges<'_>) {
        edges.field("key", &self.key);
        edges.field("value", &self.value);
    }

    fn check_send(check: &mut SendCheck<'_>) {
        check.part::<K>();
        check.part::<V>();
    }
}

// SAFETY: both parts with references are passed on; the rest are numbers, and the hasher is
// `'static`. Nothing names a constant of `K` or `V`, so that types may be recursive.
unsafe impl<'gc, K: 'gc, V: 'gc, S: 'static> Trace for Table<'gc, K, V, S> {
    const HAS_GC: bool = true;
    const SLOTS: SlotMap = SlotMap::Empty
        .field(offset_of!(Self, entries), <Buffer<'gc, Entry<K, V>> as Trace>::SLOTS)
        .field(offset_of!(Self, index), <Index<'gc> as Trace>::SLOTS);

    #[inline]
    fn visit(&self, edges: &mut Edges) {
        self.entries.visit(edges);
        self.index.visit(edges);
    }

    #[inline]
    fn relocate(&mut self, slots: &mut Slots) {
        self.entries.relocate(slots);
        self.index.relocate(slots);
    }

    fn describe(&self, edges: &mut NamedEdges<'_>) {
        edges.field("entries", &self.entries);
        edges.field("index", &self.index);
    }

    // Keys and values are in objects of their own; the rest are numbers.
    fn check_send(check: &mut SendCheck<'_>) {
        check.look_up::<S>();
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::super::super::testing::with_mutation;
    use super::*;

    fn entry(key: u64) -> Entry<u64, ()> {
        Entry { hash: key, key, value: () }
    }

    fn filled<'gc>(mc: &Mutation<'gc>, len: u64) -> Gc<'gc, Table<'gc, u64, (), ()>> {
        let table = Gc::new(mc, Table::new(()));
        for key in 0..len {
            assert_eq!(Table::push(table, mc, entry(key)).unwrap() as u64, key);
        }
        table
    }

    #[test]
    fn an_entry_keeps_its_number_until_entries_move() {
        with_mutation(|mc| {
            let table = filled(mc, 16);
            assert_eq!(table.take(mc, 3), Some((3, ())));
            assert_eq!(table.take(mc, 3), None);
            assert_eq!((table.len(), table.end(), table.layout()), (15, 16, 0));
            assert_eq!(table.lookup(5, |_| true), Some(5));
            // There is no room behind the last, and one place among the others is empty.
            assert_eq!(Table::push(table, mc, entry(16)).unwrap(), 15);
            assert_eq!(table.layout(), 1);
            assert_eq!(table.lookup(5, |_| true), Some(4));
        });
    }

    #[test]
    fn a_table_without_empty_places_grows_without_moving_entries() {
        with_mutation(|mc| {
            let table = filled(mc, 1_000);
            assert_eq!(table.layout(), 0);
            assert!((0..1_000).all(|key| table.lookup(key, |&k| k == key) == Some(key as usize)));
        });
    }

    #[test]
    fn inserting_and_removing_in_turn_does_not_grow_it() {
        with_mutation(|mc| {
            let table = filled(mc, 20);
            for key in 20..10_000 {
                let oldest = table.lookup(key - 20, |_| true).unwrap();
                assert_eq!(table.take(mc, oldest), Some((key - 20, ())));
                Table::push(table, mc, entry(key)).unwrap();
            }
            assert_eq!((table.len(), table.capacity()), (20, 32));
            let keys: Vec<_> =
                (0..table.end()).filter_map(|i| table.entry(i)).map(|e| e.key).collect();
            assert_eq!(keys, (9_980..10_000).collect::<Vec<_>>());
        });
    }

    #[test]
    fn an_empty_table_starts_again_at_its_first_place() {
        with_mutation(|mc| {
            let table = filled(mc, 4);
            (0..4).for_each(|index| {
                table.take(mc, index);
            });
            assert_eq!((table.end(), table.capacity(), table.layout()), (0, 4, 1));
        });
    }

    #[test]
    fn its_object_is_scanned_by_its_words() {
        assert!(matches!(<Table<'static, u8, u8, ()> as Trace>::SLOTS, SlotMap::Words(_)));
    }
}
