//! A map from objects to what lives as long as they do: [`WeakMap`].

use core::fmt;
use core::marker::PhantomData;

use super::{Collection, Entry};
use crate::error::HeapFull;
use crate::id::GcId;
use crate::mutation::{Invariant, Mutation};
use crate::place::NamedEdges;
use crate::pointee::Pointee;
use crate::send_check::SendCheck;
use crate::trace::{Edges, SlotMap, Slots, Trace};
use crate::{Gc, GcWeak};

/// A map from objects to objects in which an entry lives only as long as its key.
///
/// An entry is an *ephemeron*: its value is reachable by it only while both the map and the key are.
/// So a value that refers to its own key, however indirectly, keeps neither alive, where the collector
/// reclaims cycles at all. (`WeakKeyDictionary` of CPython and `WeakHashMap` of Java leak both.) It is
/// how one adds to an object what is not a field of it.
///
/// The handle is `Copy` and one word; all copies are the same map. Keys are compared by identity, and
/// both keys and values may be of any type that a [`Gc`] refers to. Values are objects because the
/// collector updates and counts a reference for each of them; one that is no object yet is put into
/// one: `map.insert(mc, key, Gc::new(mc, value))`.
///
/// # When entries go
///
/// With the ordinary [weak references](GcWeak) to the key: a collection that finds the key unreachable
/// removes the entry before finalizers run, so a key that is brought back has lost it. Where the key
/// dies by its count the entry goes after the key's finalizers, before what the key refers to, and
/// takes its reference to the value along at once. A map that is dead itself holds nothing.
///
/// `len`, iteration and look-ups are about entries whose key lives. Keys die at safepoints only: while
/// a `mutate` runs no entry goes but those that are removed.
///
/// # Complexity
///
/// That of a hash map, and an object of some 60 bytes for each entry. Memory is O(entries that live), of
/// which nobody has to take care. A full collection looks at each entry once, in whatever order
/// values lead to keys. (Barros and Ierusalimschy, "Eliminating cycles in weak tables", 2008.)
///
/// # Examples
///
/// ```
/// use gc_core::{Arena, Gc, Lock, NullCollector, Rootable, Trace, WeakMap, unlock};
///
/// #[derive(Trace)]
/// struct Note<'gc> {
///     about: Gc<'gc, str>,
///     stars: u32,
/// }
///
/// type Notes<'gc> = WeakMap<'gc, str, Note<'gc>>;
/// let mut arena: Arena<Rootable![Notes<'_>], NullCollector> = Arena::new(|mc| WeakMap::new(mc));
/// arena.mutate(|mc, notes| {
///     let book = Gc::new_str(mc, "The Garbage Collection Handbook");
///     // The value refers to its key.
///     notes.insert(mc, book, Gc::new(mc, Note { about: book, stars: 5 }));
///     assert_eq!(notes.get(book).unwrap().stars, 5);
///     assert!(Gc::ptr_eq(notes.get(book).unwrap().about, book));
/// });
/// arena.collect();
/// // Nothing refers to the book but the note: a collector that reclaims cycles has dropped both.
/// arena.enter(|_, notes| assert!(notes.len() <= 1));
///
/// // What else one does with it.
/// arena.mutate(|mc, notes| {
///     let (tale, note) = (Gc::new_str(mc, "A tale"), |stars| {
///         Gc::new(mc, Note { about: Gc::new_str(mc, "something"), stars })
///     });
///     assert!(notes.insert(mc, tale, note(3)).is_none());
///     assert_eq!(notes.insert(mc, tale, note(4)).map(|old| old.stars), Some(3));
///     assert!(notes.contains_key(tale) && notes.capacity() >= notes.len());
///     assert_eq!(notes.iter().filter(|(key, _)| Gc::ptr_eq(*key, tale)).count(), 1);
///     notes.retain(mc, |_, note| note.stars < 5);
///     assert_eq!((notes.len(), notes.is_empty()), (1, false));
///     assert_eq!(notes.remove(mc, tale).map(|note| note.stars), Some(4));
///     assert_eq!(notes.try_insert(mc, tale, note(1)).map(|old| old.is_none()), Ok(true));
///     notes.clear(mc);
///     assert!(notes.is_empty() && notes.get(tale).is_none());
///     assert!(notes.ptr_eq(*notes) && notes.id() != WeakMap::<'_, str, str>::new(mc).id());
/// });
/// ```
pub struct WeakMap<'gc, K: ?Sized + Pointee + 'gc, V: ?Sized + Pointee + 'gc> {
    collection: Gc<'gc, Collection<'gc, Ephemeron<'gc, K, V>, ()>>,
}

/// An entry.
struct Ephemeron<'gc, K: ?Sized + Pointee + 'gc, V: ?Sized + Pointee + 'gc> {
    key: GcWeak<'gc, K>,
    /// The address in it is out of date: the cell has the value. A trait object's vtable is kept here.
    value: V::Ptr,
    _brand: PhantomData<(&'gc V, Invariant<'gc>)>,
}

impl<K: ?Sized + Pointee, V: ?Sized + Pointee> Copy for Ephemeron<'_, K, V> {}

impl<K: ?Sized + Pointee, V: ?Sized + Pointee> Clone for Ephemeron<'_, K, V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<'gc, K: ?Sized + Pointee, V: ?Sized + Pointee> Ephemeron<'gc, K, V> {
    fn value(&self) -> Option<Gc<'gc, V>> {
        // SAFETY: an `Ephemeron` has the weak reference of an entry.
        let value = unsafe { self.key.entry_value() }?;
        // SAFETY: the cell keeps the value alive and its address up to date, as long as the key lives;
        // it is what the entry was made with.
        Some(unsafe { Gc::from_raw(V::with_object(self.value, value)) })
    }
}

// SAFETY: `try_insert` makes the weak reference for one collection.
unsafe impl<'gc, K, V> Entry<'gc> for Ephemeron<'gc, K, V>
where
    K: ?Sized + Pointee + 'gc,
    V: ?Sized + Pointee + 'gc,
{
    type Object = K;

    #[inline]
    fn weak(&self) -> GcWeak<'gc, K> {
        self.key
    }
}

// SAFETY: the weak reference is passed on. The value is no edge: see Note [Ephemerons].
unsafe impl<'gc, K: ?Sized + Pointee, V: ?Sized + Pointee> Trace for Ephemeron<'gc, K, V> {
    const HAS_GC: bool = true;
    const SLOTS: SlotMap =
        SlotMap::Empty.field(core::mem::offset_of!(Self, key), <GcWeak<'gc, K> as Trace>::SLOTS);

    #[inline]
    fn visit(&self, edges: &mut Edges) {
        self.key.visit(edges);
    }

    #[inline]
    fn relocate(&mut self, slots: &mut Slots) {
        self.key.relocate(slots);
    }

    fn describe(&self, edges: &mut NamedEdges<'_>) {
        self.key.describe(edges);
    }

    fn check_send(_: &mut SendCheck<'_>) {}
}

impl<K: ?Sized + Pointee, V: ?Sized + Pointee> Copy for WeakMap<'_, K, V> {}

impl<K: ?Sized + Pointee, V: ?Sized + Pointee> Clone for WeakMap<'_, K, V> {
    fn clone(&self) -> Self {
        *self
    }
}

/// Keys are compared by identity, and so hashed.
fn hash_of<K: ?Sized + Pointee>(key: Gc<'_, K>) -> u64 {
    Gc::id(key).as_u64()
}

impl<'gc, K: ?Sized + Pointee + 'gc, V: ?Sized + Pointee + 'gc> WeakMap<'gc, K, V> {
    /// An empty map.
    ///
    /// # Panics
    ///
    /// If the heap is full.
    ///
    /// See the example of [`WeakMap`].
    #[must_use]
    #[track_caller]
    pub fn new(mc: &Mutation<'gc>) -> WeakMap<'gc, K, V> {
        WeakMap { collection: Collection::new(mc, ()) }
    }

    /// Whether both are the same map.
    ///
    /// See the example of [`WeakMap`].
    #[must_use]
    pub fn ptr_eq(self, other: WeakMap<'gc, K, V>) -> bool {
        Gc::ptr_eq(self.collection, other.collection)
    }

    /// The map's identity: see [`Gc::id`].
    ///
    /// See the example of [`WeakMap`].
    #[must_use]
    pub fn id(self) -> GcId {
        Gc::id(self.collection)
    }

    /// The number of entries whose key lives.
    ///
    /// # Complexity
    ///
    /// O(1).
    ///
    /// See the example of [`WeakMap`].
    #[must_use]
    pub fn len(self) -> usize {
        self.collection.len()
    }

    /// Whether there is no entry whose key lives.
    ///
    /// See the example of [`WeakMap`].
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The number of entries, dead ones included, for which there is room.
    ///
    /// See the example of [`WeakMap`].
    #[must_use]
    pub fn capacity(self) -> usize {
        self.collection.capacity()
    }

    fn find(self, key: Gc<'gc, K>) -> Option<usize> {
        let is_key = |entry: &Ephemeron<'gc, K, V>| entry.key.is_to(key);
        self.collection.find(hash_of(key), is_key)
    }

    /// The value for a key.
    ///
    /// See the example of [`WeakMap`].
    #[must_use]
    pub fn get(self, key: Gc<'gc, K>) -> Option<Gc<'gc, V>> {
        self.value_at(self.find(key))
    }

    /// Whether there is an entry for a key.
    ///
    /// See the example of [`WeakMap`].
    #[must_use]
    pub fn contains_key(self, key: Gc<'gc, K>) -> bool {
        self.find(key).is_some()
    }

    /// Keys and values, in the order in which the entries came. No entry is seen twice, and none whose
    /// key is dead.
    ///
    /// The map may be changed meanwhile: see [`GcHashMap::iter`](crate::GcHashMap::iter).
    ///
    /// See the example of [`WeakMap`].
    pub fn iter(self) -> impl Iterator<Item = (Gc<'gc, K>, Gc<'gc, V>)> {
        self.collection.iter().filter_map(|entry| Some((entry.key.get()?, entry.value()?)))
    }

    /// Adds an entry, or replaces the value of the one for this key, which is returned.
    ///
    /// # Panics
    ///
    /// If the heap is full; the map is unchanged.
    ///
    /// See the example of [`WeakMap`].
    #[track_caller]
    pub fn insert(
        self,
        mc: &Mutation<'gc>,
        key: Gc<'gc, K>,
        value: Gc<'gc, V>,
    ) -> Option<Gc<'gc, V>> {
        self.try_insert(mc, key, value).unwrap_or_else(|_| mc.exhausted())
    }

    /// As [`insert`](WeakMap::insert), but says so if the heap is full.
    ///
    /// # Errors
    ///
    /// [`HeapFull`] if the heap is full; the map is unchanged.
    ///
    /// See the example of [`WeakMap`].
    #[track_caller]
    pub fn try_insert(
        self,
        mc: &Mutation<'gc>,
        key: Gc<'gc, K>,
        value: Gc<'gc, V>,
    ) -> Result<Option<Gc<'gc, V>>, HeapFull<()>> {
        let collection = self.collection.as_ref();
        let old = self.find(key);
        let old_value = self.value_at(old);
        let weak = GcWeak::of_entry(mc, key, Some(value.object()), collection.number())?;
        let entry = Ephemeron { key: weak, value: value.as_raw(), _brand: PhantomData };
        collection.replace(mc, hash_of(key), old, entry)?;
        Ok(old_value)
    }

    fn value_at(self, index: Option<usize>) -> Option<Gc<'gc, V>> {
        self.collection.get(index?)?.value()
    }

    /// The value for a key; if there is no entry, one is made with what the closure makes.
    ///
    /// The closure may use the map. If it makes an entry for the key itself, the value of that is
    /// returned.
    ///
    /// # Panics
    ///
    /// If the heap is full, or the closure panics; the map is as the closure left it.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::{Arena, Gc, Lock, NullCollector, Rootable, WeakMap};
    /// # let arena: Arena<Rootable![()], NullCollector> = Arena::new(|_| ());
    /// # arena.enter(|mc, ()| {
    /// let visits: WeakMap<'_, str, Lock<u32>> = WeakMap::new(mc);
    /// let page = Gc::new_str(mc, "index");
    /// for _ in 0..3 {
    ///     let count = visits.get_or_insert_with(mc, page, || Gc::new(mc, Lock::new(0)));
    ///     count.set(mc, count.get() + 1);
    /// }
    /// assert_eq!(visits.get(page).unwrap().get(), 3);
    /// # });
    /// ```
    #[track_caller]
    pub fn get_or_insert_with(
        self,
        mc: &Mutation<'gc>,
        key: Gc<'gc, K>,
        make: impl FnOnce() -> Gc<'gc, V>,
    ) -> Gc<'gc, V> {
        if let Some(value) = self.get(key) {
            return value;
        }
        let value = make();
        if let Some(value) = self.get(key) {
            return value;
        }
        self.insert(mc, key, value);
        value
    }

    /// Removes the entry for a key, and returns its value.
    ///
    /// See the example of [`WeakMap`].
    #[track_caller]
    pub fn remove(self, mc: &Mutation<'gc>, key: Gc<'gc, K>) -> Option<Gc<'gc, V>> {
        let index = self.find(key)?;
        let value = self.value_at(Some(index));
        self.collection.remove(mc, index);
        value
    }

    /// Keeps the entries that the closure approves.
    ///
    /// Entries go as they are disapproved: if the closure panics, those before are gone. It may change
    /// the map: see [`GcHashMap::retain`](crate::GcHashMap::retain).
    ///
    /// See the example of [`WeakMap`].
    #[track_caller]
    pub fn retain(
        self,
        mc: &Mutation<'gc>,
        mut is_kept: impl FnMut(Gc<'gc, K>, Gc<'gc, V>) -> bool,
    ) {
        self.collection.retain(mc, |entry| match (entry.key.get(), entry.value()) {
            (Some(key), Some(value)) => is_kept(key, value),
            _ => true,
        });
    }

    /// Removes all entries, and gives their memory up.
    ///
    /// See the example of [`WeakMap`].
    pub fn clear(self, mc: &Mutation<'gc>) {
        self.collection.clear(mc);
    }
}

// SAFETY: the one reference is passed on.
unsafe impl<'gc, K: ?Sized + Pointee + 'gc, V: ?Sized + Pointee + 'gc> Trace
    for WeakMap<'gc, K, V>
{
    const HAS_GC: bool = true;
    const SLOTS: SlotMap = <Gc<'gc, Collection<'gc, Ephemeron<'gc, K, V>, ()>> as Trace>::SLOTS;

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

impl<K: ?Sized + Pointee, V: ?Sized + Pointee> fmt::Debug for WeakMap<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakMap").field("len", &self.len()).finish_non_exhaustive()
    }
}
