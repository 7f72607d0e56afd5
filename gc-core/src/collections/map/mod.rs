//! A map in the heap: [`GcHashMap`].
//!
//! This file has what needs neither `Hash` nor `Eq`; what does is in `keyed`.

mod index;
mod iter;
mod keyed;
mod table;

use core::fmt;

pub use iter::MapIter;
use table::{Entry, Table};

use crate::Gc;
use crate::collections::DefaultHashBuilder;
use crate::error::HeapFull;
use crate::id::GcId;
use crate::mutation::Mutation;
use crate::place::NamedEdges;
use crate::send_check::SendCheck;
use crate::trace::{Edges, SlotMap, Slots, Trace};

/// A hash map that is an object of the heap, in the order of insertion.
///
/// The handle is `Copy` and one word; all copies are the same map. Keys and values are `Copy`, and
/// read and stored by value. Both may hold [`Gc`]: hashing one goes through to its value, which
/// must then stay the same; for identity make a key type that hashes and compares
/// [`Gc::id`] or [`Gc::ptr_eq`], or use the methods that take a hash.
///
/// # Indices
///
/// Every entry has an index, by which it can be read and changed without hashing
/// ([`get_index`](GcHashMap::get_index)), and from which iteration can go on
/// ([`next_entry`](GcHashMap::next_entry), which is `next` of Lua). An index stays valid through
/// collections, through the insertion of other entries and through the removal of any: only
/// [`clear`](GcHashMap::clear), and an insertion that finds no room but gaps that removals have
/// left, and so closes them, give entries other indices. The same holds when the last entry is
/// removed. An index that is no longer valid means another entry or none.
///
/// # Hash and Eq that panic or use the map
///
/// They may. What they find is the map before or after the operation. If they made entries come or
/// go, the look-up that called them begins again; so one that does so in every call never ends.
///
/// # Complexity
///
/// That of a hash map. The first store after a safepoint into a segment of 16 entries of an old map
/// also logs that segment, and no more than it, however large the map is.
///
/// # Examples
///
/// ```
/// use gc_core::{Arena, Gc, GcHashMap, NullCollector, Rootable};
///
/// type Ages<'gc> = GcHashMap<'gc, Gc<'gc, str>, u32>;
/// let mut arena: Arena<Rootable![Ages<'_>], NullCollector> = Arena::new(|mc| GcHashMap::new(mc));
/// arena.mutate(|mc, ages| {
///     ages.insert(mc, Gc::new_str(mc, "Ada"), 36);
///     assert_eq!(ages.insert(mc, Gc::new_str(mc, "Ada"), 37), Some(36));
/// });
/// arena.enter(|_, ages| assert_eq!(ages.get("Ada"), Some(37)));
/// ```
pub struct GcHashMap<'gc, K: 'gc, V: 'gc, S: 'static = DefaultHashBuilder> {
    table: Gc<'gc, Table<'gc, K, V, S>>,
}

static_assertions::assert_eq_size!(Option<GcHashMap<'static, u32, u32>>, usize);

impl<K, V, S> Copy for GcHashMap<'_, K, V, S> {}

impl<K, V, S> Clone for GcHashMap<'_, K, V, S> {
    #[inline]
    fn clone(&self) -> Self {
        *self
    }
}

impl<'gc, K: 'gc, V: 'gc, S: 'static> GcHashMap<'gc, K, V, S> {
    /// Whether both are the same map.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let map = GcHashMap::<u32, u32>::new(mc);
    /// let same = map;
    /// assert!(map.ptr_eq(same) && !map.ptr_eq(GcHashMap::new(mc)));
    /// # });
    /// ```
    #[inline]
    #[must_use]
    pub fn ptr_eq(self, other: GcHashMap<'gc, K, V, S>) -> bool {
        Gc::ptr_eq(self.table, other.table)
    }

    /// The map's identity: see [`Gc::id`].
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let map = GcHashMap::<u32, u32>::new(mc);
    /// let id = map.id();
    /// map.insert(mc, 1, 2);
    /// assert_eq!(map.id(), id);
    /// # });
    /// ```
    #[must_use]
    pub fn id(self) -> GcId {
        Gc::id(self.table)
    }

    /// What makes the hashes of keys.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// use std::hash::BuildHasher;
    ///
    /// let map = GcHashMap::<u32, ()>::new(mc);
    /// assert_eq!(map.hasher().hash_one(7), map.hash_of(&7));
    /// # });
    /// ```
    #[inline]
    #[must_use]
    pub fn hasher(self) -> &'gc S {
        &self.table.as_ref().hasher.0
    }
}

impl<'gc, K: Copy + 'gc, V: Copy + 'gc, S: 'static> GcHashMap<'gc, K, V, S> {
    /// The number of entries.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let map = GcHashMap::<_, _>::new(mc);
    /// map.extend(mc, [(1, 'a'), (2, 'b'), (1, 'c')]);
    /// assert_eq!(map.len(), 2);
    /// # });
    /// ```
    #[inline]
    #[must_use]
    pub fn len(self) -> usize {
        self.table.len()
    }

    /// Whether there is no entry.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let map = GcHashMap::<_, _>::new(mc);
    /// assert!(map.is_empty());
    /// map.insert(mc, 1, 'a');
    /// assert!(!map.is_empty());
    /// # });
    /// ```
    #[inline]
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The number of entries, gaps included, for which there is room.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let map = GcHashMap::<_, _>::with_capacity(mc, 100);
    /// map.insert(mc, 1, 'a');
    /// assert!(map.capacity() >= 100);
    /// # });
    /// ```
    #[inline]
    #[must_use]
    pub fn capacity(self) -> usize {
        self.table.capacity()
    }

    /// The key and the value at an index; `None` if there is no entry.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let map = GcHashMap::<_, _>::new(mc);
    /// map.extend(mc, [(10, 'a'), (20, 'b')]);
    /// assert_eq!((map.get_index(1), map.get_index(2)), (Some((20, 'b')), None));
    /// # });
    /// ```
    #[inline]
    #[must_use]
    pub fn get_index(self, index: usize) -> Option<(K, V)> {
        self.table.entry(index).map(|entry| (entry.key, entry.value))
    }

    /// The first entry whose index is not below this, with its index: for iterating by steps.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::{Arena, GcHashMap, NullCollector, Rootable};
    /// # let arena: Arena<Rootable![()], NullCollector> = Arena::new(|_| ());
    /// # arena.enter(|mc, ()| {
    /// let map = GcHashMap::<_, _>::new(mc);
    /// (0..4).for_each(|n| { map.insert(mc, n, n * n); });
    /// map.remove(mc, &1);
    /// let mut next = 0;
    /// let mut sum = 0;
    /// while let Some((index, _, square)) = map.next_entry(next) {
    ///     sum += square;
    ///     next = index + 1;
    /// }
    /// assert_eq!(sum, 0 + 4 + 9);
    /// # });
    /// ```
    #[must_use]
    pub fn next_entry(self, index: usize) -> Option<(usize, K, V)> {
        (index..self.end()).find_map(|index| {
            let (key, value) = self.get_index(index)?;
            Some((index, key, value))
        })
    }

    /// The index of the entry with this hash whose key the closure recognizes.
    ///
    /// The hash is what [`insert_unique`](GcHashMap::insert_unique) was given, or what the hasher
    /// makes of the key.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let map = GcHashMap::<_, _>::new(mc);
    /// map.extend(mc, [(10, 'a'), (20, 'b')]);
    /// assert_eq!(map.find(map.hash_of(&20), |&key| key == 20), Some(1));
    /// # });
    /// ```
    #[inline]
    #[must_use]
    pub fn find(self, hash: u64, is_match: impl FnMut(&K) -> bool) -> Option<usize> {
        self.table.lookup(hash, is_match)
    }

    /// Above the indices of all entries.
    pub(super) fn end(self) -> usize {
        self.table.end()
    }

    /// Whether the next insertion finds no room.
    pub(super) fn is_full(self) -> bool {
        self.table.end() == self.table.capacity()
    }
}

impl<'gc, K, V, S> GcHashMap<'gc, K, V, S>
where
    K: Trace + Copy + 'gc,
    V: Trace + Copy + 'gc,
    S: 'static,
{
    /// An empty map. Its storage is allocated when the first entry comes.
    ///
    /// # Panics
    ///
    /// If the heap is full.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// // The same hashes in every run.
    /// let hasher = std::hash::BuildHasherDefault::<std::hash::DefaultHasher>::default();
    /// let map = GcHashMap::with_hasher(mc, hasher);
    /// map.insert(mc, 1, 'a');
    /// assert_eq!(map.get(&1), Some('a'));
    /// # });
    /// ```
    #[must_use]
    #[track_caller]
    pub fn with_hasher(mc: &Mutation<'gc>, hasher: S) -> GcHashMap<'gc, K, V, S> {
        GcHashMap { table: Gc::new(mc, Table::new(hasher)) }
    }

    /// An empty map with room for this many entries.
    ///
    /// # Panics
    ///
    /// If the heap is full.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let map = GcHashMap::with_capacity_and_hasher(mc, 100, DefaultHashBuilder::default());
    /// map.insert(mc, 1, 'a');
    /// assert!(map.capacity() >= 100);
    /// # });
    /// ```
    #[must_use]
    #[track_caller]
    pub fn with_capacity_and_hasher(
        mc: &Mutation<'gc>,
        capacity: usize,
        hasher: S,
    ) -> GcHashMap<'gc, K, V, S> {
        let map = GcHashMap::with_hasher(mc, hasher);
        map.try_reserve(mc, capacity).unwrap_or_else(|_| mc.exhausted());
        map
    }

    /// Makes room for this many more entries. May change indices.
    ///
    /// # Errors
    ///
    /// [`HeapFull`] if the heap is full; the map is unchanged.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let map = GcHashMap::<_, _>::new(mc);
    /// map.insert(mc, 1, 'a');
    /// assert!(map.try_reserve(mc, usize::MAX).is_err());
    /// assert_eq!(map.get(&1), Some('a'));
    /// # });
    /// ```
    #[track_caller]
    pub fn try_reserve(self, mc: &Mutation<'gc>, additional: usize) -> Result<(), HeapFull<()>> {
        Table::reserve(self.table, mc, additional)
    }

    /// Gives memory up if little of it is used. Changes indices. Does nothing if the heap is full.
    #[track_caller]
    pub(super) fn shrink(self, mc: &Mutation<'gc>) {
        Table::shrink(self.table, mc);
    }

    /// Inserts an entry that is not in the map, under a hash that the caller has computed, and
    /// returns its index.
    ///
    /// If the key is in the map already there are two entries for it, and which one is found is not
    /// specified; if the hash is not the hasher's, only [`find`](GcHashMap::find) finds the entry.
    ///
    /// # Panics
    ///
    /// If the heap is full; the map is unchanged.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::{Arena, Gc, GcHashMap, NullCollector, Rootable};
    /// # let arena: Arena<Rootable![()], NullCollector> = Arena::new(|_| ());
    /// # arena.enter(|mc, ()| {
    /// // Hashed by identity.
    /// let map = GcHashMap::with_hasher(mc, ());
    /// let key = Gc::new(mc, 1.5);
    /// let hash = Gc::id(key).as_u64();
    /// let index = map.insert_unique(mc, hash, key, "one and a half");
    /// assert_eq!(map.find(hash, |&other| Gc::ptr_eq(other, key)), Some(index));
    /// assert_eq!(map.find(hash, |&other| Gc::ptr_eq(other, Gc::new(mc, 1.5))), None);
    /// # });
    /// ```
    #[track_caller]
    pub fn insert_unique(self, mc: &Mutation<'gc>, hash: u64, key: K, value: V) -> usize {
        self.try_insert_unique(mc, hash, key, value).unwrap_or_else(|_| mc.exhausted())
    }

    /// As [`insert_unique`](GcHashMap::insert_unique), or gives the entry back if the heap is full.
    ///
    /// # Errors
    ///
    /// [`HeapFull`] if the heap is full; the map is unchanged.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let map = GcHashMap::<_, _>::new(mc);
    /// let index = map.try_insert_unique(mc, map.hash_of("Ada"), "Ada", 36).unwrap();
    /// assert_eq!(map.index_of("Ada"), Some(index));
    /// # });
    /// ```
    #[inline]
    #[track_caller]
    pub fn try_insert_unique(
        self,
        mc: &Mutation<'gc>,
        hash: u64,
        key: K,
        value: V,
    ) -> Result<usize, HeapFull<(K, V)>> {
        Table::push(self.table, mc, Entry { hash, key, value })
    }

    /// Replaces the value at an index, and returns the old one; if there is no entry, does nothing
    /// and returns `None`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let map = GcHashMap::<_, _>::new(mc);
    /// map.insert(mc, 1, 'a');
    /// assert_eq!((map.set_index(mc, 0, 'b'), map.set_index(mc, 1, 'c')), (Some('a'), None));
    /// assert_eq!(map.get(&1), Some('b'));
    /// # });
    /// ```
    #[inline]
    pub fn set_index(self, mc: &Mutation<'gc>, index: usize, value: V) -> Option<V> {
        self.table.set_value(mc, index, value)
    }

    /// Takes away the entry at an index; `None` if there is none. Other entries keep their indices.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let map = GcHashMap::<_, _>::new(mc);
    /// map.extend(mc, [(1, 'a'), (2, 'b')]);
    /// assert_eq!(map.remove_index(mc, 0), Some((1, 'a')));
    /// assert_eq!(map.index_of(&2), Some(1));
    /// # });
    /// ```
    #[inline]
    #[track_caller]
    pub fn remove_index(self, mc: &Mutation<'gc>, index: usize) -> Option<(K, V)> {
        self.table.take(mc, index)
    }

    /// Takes all entries away, and gives their memory up.
    ///
    /// # Complexity
    ///
    /// O(1), but for what the collector does with what it finds dead.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let map = GcHashMap::<_, _>::new(mc);
    /// map.insert(mc, 1, 'a');
    /// map.clear(mc);
    /// assert_eq!((map.len(), map.capacity(), map.get(&1)), (0, 0, None));
    /// # });
    /// ```
    pub fn clear(self, mc: &Mutation<'gc>) {
        Table::clear(self.table, mc);
    }

    /// Keeps the entries that the closure approves. They keep their indices.
    ///
    /// Entries go as they are disapproved: if the closure panics, those before are gone. It may
    /// change the map itself; if that makes entries move (see [`GcHashMap`]), some may be passed
    /// over.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let map = GcHashMap::<_, _>::new(mc);
    /// map.extend(mc, (1..5).map(|n| (n, n * n)));
    /// map.retain(mc, |key, square| key + square > 6);
    /// assert_eq!(format!("{map:?}"), "{3: 9, 4: 16}");
    /// # });
    /// ```
    #[track_caller]
    pub fn retain(self, mc: &Mutation<'gc>, mut is_kept: impl FnMut(&K, &V) -> bool) {
        for index in 0..self.end() {
            let Some((key, value)) = self.get_index(index) else { continue };
            let layout = self.table.layout();
            // While nothing moves, there is at the index the same entry or none.
            if !is_kept(&key, &value) && self.table.layout() == layout {
                self.remove_index(mc, index);
            }
        }
    }
}

// SAFETY: the one reference is passed on.
unsafe impl<'gc, K: 'gc, V: 'gc, S: 'static> Trace for GcHashMap<'gc, K, V, S> {
    const HAS_GC: bool = true;
    const SLOTS: SlotMap = <Gc<'gc, Table<'gc, K, V, S>> as Trace>::SLOTS;

    #[inline]
    fn visit(&self, edges: &mut Edges) {
        self.table.visit(edges);
    }

    #[inline]
    fn relocate(&mut self, slots: &mut Slots) {
        self.table.relocate(slots);
    }

    fn describe(&self, edges: &mut NamedEdges<'_>) {
        self.table.describe(edges);
    }

    fn check_send(_: &mut SendCheck<'_>) {}
}

impl<K: Copy + fmt::Debug, V: Copy + fmt::Debug, S> fmt::Debug for GcHashMap<'_, K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::vec::Vec;

    use super::super::testing::{assert_panics, with_mutation};
    use super::*;

    #[test]
    fn entries_come_in_the_order_of_insertion() {
        with_mutation(|mc| {
            let map = GcHashMap::<_, _>::new(mc);
            [3, 1, 2].into_iter().for_each(|key| {
                map.insert(mc, key, -key);
            });
            map.insert(mc, 3, 0);
            assert_eq!(
                format!("{map:?} {:?}", map.iter()),
                "{3: 0, 1: -1, 2: -2} [(3, 0), (1, -1), (2, -2)]"
            );
            map.remove(mc, &3);
            map.insert(mc, 3, 3);
            assert_eq!(map.keys().collect::<Vec<_>>(), [1, 2, 3]);
            assert_eq!(map.values().collect::<Vec<_>>(), [-1, -2, 3]);
        });
    }

    #[test]
    fn every_entry_may_be_removed_while_it_is_seen() {
        with_mutation(|mc| {
            let map = GcHashMap::<_, _>::new(mc);
            (0..100).for_each(|key| {
                map.insert(mc, key, ());
            });
            let seen: Vec<_> = map
                .keys()
                .inspect(|key| {
                    map.remove(mc, key);
                })
                .collect();
            assert_eq!(seen, (0..100).collect::<Vec<_>>());
            assert!(map.is_empty());
        });
    }

    #[test]
    fn a_closure_that_panics_keeps_what_it_has_not_disapproved() {
        with_mutation(|mc| {
            let map = GcHashMap::<_, _>::new(mc);
            (0..20).for_each(|key| {
                map.insert(mc, key, ());
            });
            assert_panics(|| {
                map.retain(mc, |&key, ()| {
                    assert!(key < 10);
                    key % 2 == 0
                })
            });
            assert_eq!(map.len(), 15);
            assert!((0..20).all(|key| map.contains_key(&key) == (key % 2 == 0 || key >= 10)));
        });
    }

    #[test]
    fn a_closure_may_change_the_map_it_is_asked_about() {
        with_mutation(|mc| {
            let map = GcHashMap::<_, _>::new(mc);
            (0..64).for_each(|key| {
                map.insert(mc, key, ());
            });
            map.retain(mc, |&key, ()| {
                map.remove(mc, &(key + 1));
                map.insert(mc, key + 1_000, ());
                false
            });
            let keys: Vec<_> = map.keys().collect();
            assert_eq!(keys.len(), map.len());
            assert!(keys.iter().all(|key| map.contains_key(key)));
        });
    }

    #[test]
    fn a_cleared_map_has_no_memory_and_can_be_used_again() {
        with_mutation(|mc| {
            let map = GcHashMap::<_, _>::with_capacity(mc, 100);
            map.insert(mc, 1, 1);
            assert_eq!(map.capacity(), 128);
            map.clear(mc);
            assert_eq!((map.capacity(), map.get(&1), map.iter().next()), (0, None, None));
            map.insert(mc, 1, 2);
            assert_eq!(map.get(&1), Some(2));
        });
    }
}
