//! A set in the heap: [`GcHashSet`].

use core::borrow::Borrow;
use core::fmt;
use core::hash::{BuildHasher, Hash};

use super::{DefaultHashBuilder, GcHashMap};
use crate::error::HeapFull;
use crate::id::GcId;
use crate::mutation::Mutation;
use crate::place::NamedEdges;
use crate::send_check::SendCheck;
use crate::trace::{Edges, SlotMap, Slots, Trace};

/// A hash set that is an object of the heap, in the order of insertion: a [`GcHashMap`] without
/// values. What is said there of indices and of the user's code holds here too.
///
/// # Examples
///
/// ```
/// use gc_core::{Arena, Gc, GcHashSet, NullCollector, Rootable};
///
/// type Names<'gc> = GcHashSet<'gc, Gc<'gc, str>>;
/// let mut arena: Arena<Rootable![Names<'_>], NullCollector> = Arena::new(|mc| GcHashSet::new(mc));
/// arena.mutate(|mc, names| {
///     assert!(names.insert(mc, Gc::new_str(mc, "Ada")));
///     assert!(!names.insert(mc, Gc::new_str(mc, "Ada")));
/// });
/// arena.enter(|_, names| assert!(names.contains("Ada")));
/// ```
pub struct GcHashSet<'gc, K: 'gc, S: 'static = DefaultHashBuilder> {
    map: GcHashMap<'gc, K, (), S>,
}

impl<K, S> Copy for GcHashSet<'_, K, S> {}

impl<K, S> Clone for GcHashSet<'_, K, S> {
    #[inline]
    fn clone(&self) -> Self {
        *self
    }
}

impl<'gc, K: Copy + 'gc, S: 'static> GcHashSet<'gc, K, S> {
    /// Whether both are the same set.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let set = GcHashSet::<u32>::new(mc);
    /// let same = set;
    /// assert!(set.ptr_eq(same) && !set.ptr_eq(GcHashSet::new(mc)));
    /// # });
    /// ```
    #[inline]
    #[must_use]
    pub fn ptr_eq(self, other: GcHashSet<'gc, K, S>) -> bool {
        self.map.ptr_eq(other.map)
    }

    /// The set's identity: see [`Gc::id`](crate::Gc::id).
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let set = GcHashSet::<u32>::new(mc);
    /// let id = set.id();
    /// set.insert(mc, 1);
    /// assert_eq!(set.id(), id);
    /// # });
    /// ```
    #[must_use]
    pub fn id(self) -> GcId {
        self.map.id()
    }

    /// The number of elements.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let set = GcHashSet::<_>::new(mc);
    /// set.extend(mc, [1, 2, 1]);
    /// assert_eq!(set.len(), 2);
    /// # });
    /// ```
    #[inline]
    #[must_use]
    pub fn len(self) -> usize {
        self.map.len()
    }

    /// Whether there is no element.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let set = GcHashSet::<_>::new(mc);
    /// assert!(set.is_empty() && set.insert(mc, 1) && !set.is_empty());
    /// # });
    /// ```
    #[inline]
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.map.is_empty()
    }

    /// The elements: see [`GcHashMap::iter`].
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let set = GcHashSet::<_>::new(mc);
    /// set.extend(mc, [3, 1, 2, 1]);
    /// assert_eq!(set.iter().collect::<Vec<_>>(), [3, 1, 2]);
    /// # });
    /// ```
    pub fn iter(self) -> impl Iterator<Item = K> {
        self.map.keys()
    }

    /// The element at an index; `None` if there is none.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let set = GcHashSet::<_>::new(mc);
    /// set.extend(mc, ["a", "b"]);
    /// assert_eq!((set.get_index(1), set.get_index(2)), (Some("b"), None));
    /// # });
    /// ```
    #[inline]
    #[must_use]
    pub fn get_index(self, index: usize) -> Option<K> {
        self.map.get_index(index).map(|(key, ())| key)
    }

    /// The index of the element with this hash that the closure recognizes.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let set = GcHashSet::<_>::new(mc);
    /// set.extend(mc, [10, 20]);
    /// assert_eq!(set.find(set.hash_of(&20), |&n| n == 20), Some(1));
    /// # });
    /// ```
    #[inline]
    #[must_use]
    pub fn find(self, hash: u64, is_match: impl FnMut(&K) -> bool) -> Option<usize> {
        self.map.find(hash, is_match)
    }
}

impl<'gc, K: Trace + Copy + 'gc> GcHashSet<'gc, K> {
    /// An empty set. Its storage is allocated when the first element comes.
    ///
    /// # Panics
    ///
    /// If the heap is full.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let set = GcHashSet::<_>::new(mc);
    /// assert!(set.insert(mc, Gc::new_str(mc, "Ada")));
    /// assert!(set.contains("Ada"));
    /// # });
    /// ```
    #[must_use]
    #[track_caller]
    pub fn new(mc: &Mutation<'gc>) -> GcHashSet<'gc, K> {
        GcHashSet { map: GcHashMap::new(mc) }
    }

    /// An empty set with room for this many elements.
    ///
    /// # Panics
    ///
    /// If the heap is full.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let set = GcHashSet::<_>::with_capacity(mc, 100);
    /// set.extend(mc, 0..100);
    /// assert_eq!(set.len(), 100);
    /// # });
    /// ```
    #[must_use]
    #[track_caller]
    pub fn with_capacity(mc: &Mutation<'gc>, capacity: usize) -> GcHashSet<'gc, K> {
        GcHashSet { map: GcHashMap::with_capacity(mc, capacity) }
    }
}

impl<'gc, K: Trace + Copy + 'gc, S: 'static> GcHashSet<'gc, K, S> {
    /// An empty set. Its storage is allocated when the first element comes.
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
    /// let set = GcHashSet::with_hasher(mc, hasher);
    /// assert!(set.insert(mc, 1) && set.contains(&1));
    /// # });
    /// ```
    #[must_use]
    #[track_caller]
    pub fn with_hasher(mc: &Mutation<'gc>, hasher: S) -> GcHashSet<'gc, K, S> {
        GcHashSet { map: GcHashMap::with_hasher(mc, hasher) }
    }

    /// Inserts an element that is not in the set, under a hash that the caller has computed, and
    /// returns its index: see [`GcHashMap::insert_unique`].
    ///
    /// # Panics
    ///
    /// If the heap is full; the set is unchanged.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let set = GcHashSet::<_>::new(mc);
    /// let text = Gc::new_str(mc, "hashed once");
    /// let hash = set.hash_of(&text);
    /// if set.find(hash, |other| *other == text).is_none() {
    ///     set.insert_unique(mc, hash, text);
    /// }
    /// assert!(set.contains("hashed once"));
    /// # });
    /// ```
    #[track_caller]
    pub fn insert_unique(self, mc: &Mutation<'gc>, hash: u64, key: K) -> usize {
        self.map.insert_unique(mc, hash, key, ())
    }

    /// Takes all elements away, and gives their memory up.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let set = GcHashSet::<_>::new(mc);
    /// set.extend(mc, [1, 2]);
    /// set.clear(mc);
    /// assert!(set.is_empty() && !set.contains(&1));
    /// # });
    /// ```
    pub fn clear(self, mc: &Mutation<'gc>) {
        self.map.clear(mc);
    }

    /// Keeps the elements that the closure approves: see [`GcHashMap::retain`].
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let set = GcHashSet::<_>::new(mc);
    /// set.extend(mc, 1..5);
    /// set.retain(mc, |n| n % 2 == 0);
    /// assert_eq!(format!("{set:?}"), "{2, 4}");
    /// # });
    /// ```
    #[track_caller]
    pub fn retain(self, mc: &Mutation<'gc>, mut is_kept: impl FnMut(&K) -> bool) {
        self.map.retain(mc, |key, ()| is_kept(key));
    }
}

impl<'gc, K: Copy + 'gc, S: BuildHasher + 'static> GcHashSet<'gc, K, S> {
    /// The hash of an element, as [`find`](GcHashSet::find) takes it.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let set = GcHashSet::<Gc<'_, str>>::new(mc);
    /// assert_eq!(set.hash_of("Ada"), set.hash_of(&Gc::new_str(mc, "Ada")));
    /// # });
    /// ```
    #[inline]
    #[must_use]
    pub fn hash_of<Q: Hash + ?Sized>(self, key: &Q) -> u64 {
        self.map.hash_of(key)
    }

    /// The element that equals this one: what an interner asks.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let names = GcHashSet::<_>::new(mc);
    /// let intern = |text| {
    ///     names.get(text).unwrap_or_else(|| {
    ///         let name = Gc::new_str(mc, text);
    ///         names.insert(mc, name);
    ///         name
    ///     })
    /// };
    /// assert!(Gc::ptr_eq(intern("Ada"), intern("Ada")));
    /// # });
    /// ```
    #[inline]
    #[must_use]
    pub fn get<Q>(self, key: &Q) -> Option<K>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.map.get_key_value(key).map(|(key, ())| key)
    }

    /// Whether an element is there.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let set = GcHashSet::<_>::new(mc);
    /// set.insert(mc, Gc::new_str(mc, "Ada"));
    /// assert!(set.contains("Ada") && !set.contains("Grace"));
    /// # });
    /// ```
    #[inline]
    #[must_use]
    pub fn contains<Q>(self, key: &Q) -> bool
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.map.contains_key(key)
    }
}

impl<'gc, K: Trace + Copy + 'gc, S: BuildHasher + 'static> GcHashSet<'gc, K, S> {
    /// Adds an element; whether it is new. One that is there stays.
    ///
    /// # Panics
    ///
    /// If the heap is full; the set is unchanged.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let set = GcHashSet::<_>::new(mc);
    /// assert!(set.insert(mc, 1) && !set.insert(mc, 1));
    /// # });
    /// ```
    #[inline]
    #[track_caller]
    pub fn insert(self, mc: &Mutation<'gc>, key: K) -> bool
    where
        K: Hash + Eq,
    {
        self.map.insert(mc, key, ()).is_none()
    }

    /// As [`insert`](GcHashSet::insert), or gives the element back if the heap is full.
    ///
    /// # Errors
    ///
    /// [`HeapFull`] if the heap is full; the set is unchanged.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*;
    /// type Small = Arena<Rootable![()], NullCollector>;
    /// Small::builder().limit_bytes(64 << 10).build(|_| ()).enter(|mc, ()| {
    ///     let set = GcHashSet::<_>::new(mc);
    ///     let full = (0_u32..).find_map(|n| set.try_insert(mc, n).err()).unwrap();
    ///     assert!(!set.contains(&full.into_value()) && set.contains(&0));
    /// });
    /// ```
    #[track_caller]
    pub fn try_insert(self, mc: &Mutation<'gc>, key: K) -> Result<bool, HeapFull<K>>
    where
        K: Hash + Eq,
    {
        match self.map.try_insert(mc, key, ()) {
            Ok(old) => Ok(old.is_none()),
            Err(full) => Err(full.map(|(key, ())| key)),
        }
    }

    /// Takes an element away; whether it was there.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let set = GcHashSet::<_>::new(mc);
    /// set.insert(mc, 1);
    /// assert!(set.remove(mc, &1) && !set.remove(mc, &1));
    /// # });
    /// ```
    #[inline]
    #[track_caller]
    pub fn remove<Q>(self, mc: &Mutation<'gc>, key: &Q) -> bool
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.map.remove(mc, key).is_some()
    }

    /// Adds the elements of an iterator, each as it comes: see [`GcHashMap::extend`].
    ///
    /// # Panics
    ///
    /// If the heap is full.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let set = GcHashSet::<_>::new(mc);
    /// set.extend(mc, "hello".chars());
    /// assert_eq!(set.iter().collect::<String>(), "helo");
    /// # });
    /// ```
    #[track_caller]
    pub fn extend(self, mc: &Mutation<'gc>, keys: impl IntoIterator<Item = K>)
    where
        K: Hash + Eq,
    {
        self.map.extend(mc, keys.into_iter().map(|key| (key, ())));
    }
}

// SAFETY: the one reference is passed on.
unsafe impl<'gc, K: 'gc, S: 'static> Trace for GcHashSet<'gc, K, S> {
    const HAS_GC: bool = true;
    const SLOTS: SlotMap = <GcHashMap<'gc, K, (), S> as Trace>::SLOTS;

    #[inline]
    fn visit(&self, edges: &mut Edges) {
        self.map.visit(edges);
    }

    #[inline]
    fn relocate(&mut self, slots: &mut Slots) {
        self.map.relocate(slots);
    }

    fn describe(&self, edges: &mut NamedEdges<'_>) {
        self.map.describe(edges);
    }

    fn check_send(_: &mut SendCheck<'_>) {}
}

impl<K: Copy + fmt::Debug, S> fmt::Debug for GcHashSet<'_, K, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::vec::Vec;

    use super::super::testing::with_mutation;
    use super::*;
    use crate::Gc;

    #[test]
    fn the_element_that_is_there_stays() {
        with_mutation(|mc| {
            let set = GcHashSet::<_>::new(mc);
            let first = Gc::new_str(mc, "name");
            assert!(set.insert(mc, first));
            assert!(!set.insert(mc, Gc::new_str(mc, "name")));
            assert!(Gc::ptr_eq(set.get("name").unwrap(), first));
            assert!(set.remove(mc, "name") && !set.remove(mc, "name"));
        });
    }

    #[test]
    fn it_does_as_a_map_without_values() {
        with_mutation(|mc| {
            let set = GcHashSet::<_>::with_capacity(mc, 10);
            set.extend(mc, [5, 6, 5, 7]);
            assert_eq!(format!("{set:?}"), "{5, 6, 7}");
            set.retain(mc, |key| key % 2 == 1);
            assert_eq!(set.iter().collect::<Vec<_>>(), [5, 7]);
            let index = set.find(set.hash_of(&7), |&key| key == 7).unwrap();
            assert_eq!((set.get_index(index), set.len()), (Some(7), 2));
            set.clear(mc);
            assert!(set.is_empty() && !set.contains(&5));
        });
    }
}
