//! A map to objects that it does not keep alive: [`WeakValueMap`].

use core::borrow::Borrow;
use core::fmt;
use core::hash::{BuildHasher, Hash};

use super::{Collection, Entry, Member};
use crate::collections::DefaultHashBuilder;
use crate::error::HeapFull;
use crate::id::GcId;
use crate::mutation::Mutation;
use crate::place::NamedEdges;
use crate::pointee::Pointee;
use crate::send_check::SendCheck;
use crate::trace::{Edges, SlotMap, Slots, Trace};
use crate::{Gc, GcWeak};

/// A map to objects that it does not keep alive: a cache.
///
/// The handle is `Copy` and one word; all copies are the same map. Keys are `Copy` and may hold
/// [`Gc`], as those of a [`GcHashMap`](crate::GcHashMap); what is said there about `Hash` and `Eq` that
/// panic or use the map holds here too. A key that holds a [`Gc`] may keep that alive for a while after
/// its value has died: until an insertion finds no room, or most entries are dead.
///
/// Entries go with the ordinary [weak references](GcWeak) to their values, at safepoints only, and
/// `len`, iteration and look-ups are about entries whose value lives. If another value has been inserted
/// under the same key meanwhile, the death of the old one changes nothing.
///
/// # Complexity
///
/// That of a hash map, and an object of some 60 bytes for each entry. Memory is O(entries that live), of
/// which nobody has to take care.
///
/// # Examples
///
/// ```
/// use gc_core::{Arena, Gc, NullCollector, Rootable, WeakValueMap};
///
/// type Images<'gc> = WeakValueMap<'gc, u32, [u8]>;
/// let mut arena: Arena<Rootable![Images<'_>], NullCollector> =
///     Arena::new(|mc| WeakValueMap::new(mc));
/// arena.mutate(|mc, images| {
///     let image = images.get_or_insert_with(mc, 7, || Gc::slice_from_fn(mc, 100, |_| 0));
///     assert!(Gc::ptr_eq(image, images.get(&7).unwrap()));
/// });
/// arena.collect();
/// // Nobody else refers to the image: a collector that reclaims has dropped it.
/// arena.enter(|_, images| assert!(images.len() <= 1));
///
/// // What else one does with it.
/// arena.mutate(|mc, images| {
///     let image = |byte| Gc::slice_from_fn(mc, 10, |_| byte);
///     let kept = image(1);
///     assert!(images.insert(mc, 8, kept).is_none());
///     assert!(images.contains_key(&8) && images.iter().any(|(key, _)| key == 8));
///     assert!(images.insert(mc, 8, image(2)).is_some_and(|old| Gc::ptr_eq(old, kept)));
///     let found = images.find(images.hash_of(&8), |&key| key == 8);
///     assert_eq!(found.map(|(key, image)| (key, image[0])), Some((8, 2)));
///     images.retain(mc, |&key, _| key == 8);
///     assert!(images.len() == 1 && images.capacity() >= 1);
///     assert!(images.remove(mc, &8).is_some() && images.is_empty());
///     images.insert_unique(mc, images.hash_of(&9), 9, kept);
///     assert_eq!(images.try_insert(mc, 9, kept).map(|old| old.is_some()), Ok(true));
///     images.clear(mc);
///     let other = WeakValueMap::with_hasher(mc, images.hasher().clone());
///     assert!(!images.ptr_eq(other) && images.id() != other.id());
/// });
/// ```
pub struct WeakValueMap<'gc, K: 'gc, V: ?Sized + Pointee + 'gc, S: 'static = DefaultHashBuilder> {
    collection: Gc<'gc, Collection<'gc, Keyed<'gc, K, V>, S>>,
}

/// An entry.
struct Keyed<'gc, K: 'gc, V: ?Sized + Pointee + 'gc> {
    key: K,
    value: Member<'gc, V>,
}

impl<K: Copy, V: ?Sized + Pointee> Copy for Keyed<'_, K, V> {}

impl<K: Copy, V: ?Sized + Pointee> Clone for Keyed<'_, K, V> {
    fn clone(&self) -> Self {
        *self
    }
}

// SAFETY: it is that of the member, which is made for the collection.
unsafe impl<'gc, K: Trace + Copy + 'gc, V: ?Sized + Pointee + 'gc> Entry<'gc> for Keyed<'gc, K, V> {
    type Object = V;

    #[inline]
    fn weak(&self) -> GcWeak<'gc, V> {
        self.value.weak()
    }
}

// SAFETY: both fields are passed on.
unsafe impl<'gc, K: Trace + 'gc, V: ?Sized + Pointee + 'gc> Trace for Keyed<'gc, K, V> {
    const HAS_GC: bool = true;
    const SLOTS: SlotMap = SlotMap::Empty
        .field(core::mem::offset_of!(Self, key), <K as Trace>::SLOTS)
        .field(core::mem::offset_of!(Self, value), <Member<'gc, V> as Trace>::SLOTS);

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
        // It is the key of an entry.
        self.key.describe(edges);
        self.value.describe(edges);
    }

    fn check_send(check: &mut SendCheck<'_>) {
        check.part::<K>();
    }
}

impl<K, V: ?Sized + Pointee, S> Copy for WeakValueMap<'_, K, V, S> {}

impl<K, V: ?Sized + Pointee, S> Clone for WeakValueMap<'_, K, V, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<'gc, K: Trace + Copy + 'gc, V: ?Sized + Pointee + 'gc> WeakValueMap<'gc, K, V> {
    /// An empty map.
    ///
    /// # Panics
    ///
    /// If the heap is full.
    ///
    /// See the example of [`WeakValueMap`].
    #[must_use]
    #[track_caller]
    pub fn new(mc: &Mutation<'gc>) -> WeakValueMap<'gc, K, V> {
        WeakValueMap::with_hasher(mc, DefaultHashBuilder::default())
    }
}

impl<'gc, K, V, S> WeakValueMap<'gc, K, V, S>
where
    K: Trace + Copy + 'gc,
    V: ?Sized + Pointee + 'gc,
    S: 'static,
{
    /// An empty map.
    ///
    /// # Panics
    ///
    /// If the heap is full.
    ///
    /// See the example of [`WeakValueMap`].
    #[must_use]
    #[track_caller]
    pub fn with_hasher(mc: &Mutation<'gc>, hasher: S) -> WeakValueMap<'gc, K, V, S> {
        WeakValueMap { collection: Collection::new(mc, hasher) }
    }

    /// Whether both are the same map.
    ///
    /// See the example of [`WeakValueMap`].
    #[must_use]
    pub fn ptr_eq(self, other: WeakValueMap<'gc, K, V, S>) -> bool {
        Gc::ptr_eq(self.collection, other.collection)
    }

    /// The map's identity: see [`Gc::id`].
    ///
    /// See the example of [`WeakValueMap`].
    #[must_use]
    pub fn id(self) -> GcId {
        Gc::id(self.collection)
    }

    /// What makes the hashes of keys.
    ///
    /// See the example of [`WeakValueMap`].
    #[must_use]
    pub fn hasher(self) -> &'gc S {
        self.collection.hasher()
    }

    /// The number of entries whose value lives.
    ///
    /// # Complexity
    ///
    /// O(1).
    ///
    /// See the example of [`WeakValueMap`].
    #[must_use]
    pub fn len(self) -> usize {
        self.collection.len()
    }

    /// Whether there is no entry whose value lives.
    ///
    /// See the example of [`WeakValueMap`].
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The number of entries, dead ones included, for which there is room.
    ///
    /// See the example of [`WeakValueMap`].
    #[must_use]
    pub fn capacity(self) -> usize {
        self.collection.capacity()
    }

    /// Keys and values, in the order in which the entries came. No entry is seen twice, and none whose
    /// value is dead.
    ///
    /// The map may be changed meanwhile: see [`GcHashMap::iter`](crate::GcHashMap::iter).
    ///
    /// See the example of [`WeakValueMap`].
    pub fn iter(self) -> impl Iterator<Item = (K, Gc<'gc, V>)> {
        self.collection.iter().filter_map(|entry| Some((entry.key, entry.weak().get()?)))
    }

    fn at(self, index: usize) -> Option<(K, Gc<'gc, V>)> {
        let entry = self.collection.get(index)?;
        Some((entry.key, entry.weak().get()?))
    }

    /// Key and value of the entry with this hash whose key the closure recognizes.
    ///
    /// The hash is what [`insert_unique`](WeakValueMap::insert_unique) was given, or what the hasher
    /// makes of the key.
    ///
    /// See the example of [`WeakValueMap`].
    #[must_use]
    pub fn find(self, hash: u64, mut is_match: impl FnMut(&K) -> bool) -> Option<(K, Gc<'gc, V>)> {
        self.at(self.collection.find(hash, |entry| is_match(&entry.key))?)
    }

    /// Inserts an entry that is not in the map, under a hash that the caller has computed.
    ///
    /// If the key is in the map already there are two entries for it, and which one is found is not
    /// specified; if the hash is not the hasher's, only [`find`](WeakValueMap::find) finds the entry.
    ///
    /// # Panics
    ///
    /// If the heap is full; the map is unchanged.
    ///
    /// See the example of [`WeakValueMap`].
    #[track_caller]
    pub fn insert_unique(self, mc: &Mutation<'gc>, hash: u64, key: K, value: Gc<'gc, V>) {
        self.replace(mc, hash, None, (key, value)).unwrap_or_else(|_| mc.exhausted());
    }

    #[track_caller]
    fn replace(
        self,
        mc: &Mutation<'gc>,
        hash: u64,
        old: Option<usize>,
        (key, value): (K, Gc<'gc, V>),
    ) -> Result<(), HeapFull<()>> {
        let collection = self.collection.as_ref();
        let value = Member::new(mc, collection, value)?;
        collection.replace(mc, hash, old, Keyed { key, value })
    }

    /// Keeps the entries that the closure approves.
    ///
    /// Entries go as they are disapproved: if the closure panics, those before are gone. It may change
    /// the map: see [`GcHashMap::retain`](crate::GcHashMap::retain).
    ///
    /// See the example of [`WeakValueMap`].
    #[track_caller]
    pub fn retain(self, mc: &Mutation<'gc>, mut is_kept: impl FnMut(&K, Gc<'gc, V>) -> bool) {
        self.collection
            .retain(mc, |entry| entry.weak().get().is_none_or(|value| is_kept(&entry.key, value)));
    }

    /// Removes all entries, and gives their memory up.
    ///
    /// See the example of [`WeakValueMap`].
    pub fn clear(self, mc: &Mutation<'gc>) {
        self.collection.clear(mc);
    }
}

impl<'gc, K, V, S> WeakValueMap<'gc, K, V, S>
where
    K: Trace + Copy + 'gc,
    V: ?Sized + Pointee + 'gc,
    S: BuildHasher + 'static,
{
    /// The hash of a key, as [`find`](WeakValueMap::find) takes it.
    ///
    /// See the example of [`WeakValueMap`].
    #[must_use]
    pub fn hash_of<Q: Hash + ?Sized>(self, key: &Q) -> u64 {
        self.hasher().hash_one(key)
    }

    fn index_of<Q>(self, hash: u64, key: &Q) -> Option<usize>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.collection.find(hash, |entry| entry.key.borrow() == key)
    }

    /// The value for a key.
    ///
    /// See the example of [`WeakValueMap`].
    #[must_use]
    pub fn get<Q>(self, key: &Q) -> Option<Gc<'gc, V>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        Some(self.at(self.index_of(self.hash_of(key), key)?)?.1)
    }

    /// Whether there is an entry for a key.
    ///
    /// See the example of [`WeakValueMap`].
    #[must_use]
    pub fn contains_key<Q>(self, key: &Q) -> bool
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.get(key).is_some()
    }

    /// Adds an entry, or replaces the one for this key, whose value is returned if it lives.
    ///
    /// # Panics
    ///
    /// If the heap is full; the map is unchanged.
    ///
    /// See the example of [`WeakValueMap`].
    #[track_caller]
    pub fn insert(self, mc: &Mutation<'gc>, key: K, value: Gc<'gc, V>) -> Option<Gc<'gc, V>>
    where
        K: Hash + Eq,
    {
        self.try_insert(mc, key, value).unwrap_or_else(|_| mc.exhausted())
    }

    /// As [`insert`](WeakValueMap::insert), but says so if the heap is full.
    ///
    /// # Errors
    ///
    /// [`HeapFull`] if the heap is full; the map is unchanged.
    ///
    /// See the example of [`WeakValueMap`].
    #[track_caller]
    pub fn try_insert(
        self,
        mc: &Mutation<'gc>,
        key: K,
        value: Gc<'gc, V>,
    ) -> Result<Option<Gc<'gc, V>>, HeapFull<()>>
    where
        K: Hash + Eq,
    {
        let hash = self.hash_of(&key);
        let old = self.index_of(hash, &key);
        let old_value = old.and_then(|index| Some(self.at(index)?.1));
        self.replace(mc, hash, old, (key, value)).map(|()| old_value)
    }

    /// The value for a key; if there is none, the closure makes it.
    ///
    /// The closure may use the map: if there is an entry for the key afterwards, its value is
    /// returned.
    ///
    /// # Panics
    ///
    /// If the heap is full, or the closure panics; the map is as the closure left it.
    ///
    /// See the example of [`WeakValueMap`].
    #[track_caller]
    pub fn get_or_insert_with(
        self,
        mc: &Mutation<'gc>,
        key: K,
        make: impl FnOnce() -> Gc<'gc, V>,
    ) -> Gc<'gc, V>
    where
        K: Hash + Eq,
    {
        let hash = self.hash_of(&key);
        let is_key = |other: &K| *other == key;
        if let Some((_, value)) = self.find(hash, is_key) {
            return value;
        }
        let value = make();
        if let Some((_, value)) = self.find(hash, is_key) {
            return value;
        }
        self.insert_unique(mc, hash, key, value);
        value
    }

    /// Removes the entry for a key, and returns its value.
    ///
    /// See the example of [`WeakValueMap`].
    #[track_caller]
    pub fn remove<Q>(self, mc: &Mutation<'gc>, key: &Q) -> Option<Gc<'gc, V>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let index = self.index_of(self.hash_of(key), key)?;
        let (_, value) = self.at(index)?;
        self.collection.remove(mc, index);
        Some(value)
    }
}

// SAFETY: the one reference is passed on.
unsafe impl<'gc, K: 'gc, V: ?Sized + Pointee + 'gc, S: 'static> Trace
    for WeakValueMap<'gc, K, V, S>
{
    const HAS_GC: bool = true;
    const SLOTS: SlotMap = <Gc<'gc, Collection<'gc, Keyed<'gc, K, V>, S>> as Trace>::SLOTS;

    #[inline]
    fn visit(&self, edges: &mut Edges) {
        self.collection.visit(edges);
    }

    #[inline]
    fn relocate(&mut self, slots: &mut Slots) {
        self.collection.relocate(slots);
    }

    fn describe(&self, edges: &mut NamedEdges<'_>) {
        self.collection.describe(edges);
    }

    fn check_send(_: &mut SendCheck<'_>) {}
}

impl<K, V, S> fmt::Debug for WeakValueMap<'_, K, V, S>
where
    K: Trace + Copy + fmt::Debug,
    V: ?Sized + Pointee + fmt::Debug,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}
