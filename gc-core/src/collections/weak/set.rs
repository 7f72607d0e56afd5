//! A set of objects that it does not keep alive: [`WeakSet`].

use core::borrow::Borrow;
use core::fmt;
use core::hash::{BuildHasher, Hash};

use super::{Collection, Entry, Member};
use crate::Gc;
use crate::collections::DefaultHashBuilder;
use crate::error::HeapFull;
use crate::id::GcId;
use crate::mutation::Mutation;
use crate::place::NamedEdges;
use crate::pointee::Pointee;
use crate::send_check::SendCheck;
use crate::trace::{Edges, SlotMap, Slots, Trace};

/// A set of objects that it does not keep alive: an interner.
///
/// The handle is `Copy` and one word; all copies are the same set. Objects are compared and hashed by
/// their values, as a [`Gc`] is, and these must stay the same, or by what the methods that take a hash
/// are given. Objects that are dead are no members: they go with the ordinary
/// [weak references](crate::GcWeak) to them, at safepoints only, and `len`, iteration and look-ups are
/// about the others.
///
/// What is said of [`GcHashMap`](crate::GcHashMap) about `Hash` and `Eq` that panic or use the collection
/// holds here too.
///
/// # Complexity
///
/// That of a hash set, and an object of some 60 bytes for each member. Memory is O(members that live),
/// of which nobody has to take care.
///
/// # Examples
///
/// ```
/// use gc_core::{Arena, Gc, Mutation, NullCollector, Rootable, WeakSet};
///
/// fn intern<'gc>(mc: &Mutation<'gc>, names: WeakSet<'gc, str>, name: &str) -> Gc<'gc, str> {
///     names.get_or_insert_with(mc, name, || Gc::new_str(mc, name))
/// }
///
/// type Names<'gc> = WeakSet<'gc, str>;
/// let mut arena: Arena<Rootable![Names<'_>], NullCollector> = Arena::new(|mc| WeakSet::new(mc));
/// arena.mutate(|mc, names| {
///     let (one, other) = (intern(mc, *names, "x"), intern(mc, *names, "x"));
///     assert!(Gc::ptr_eq(one, other));
///     assert!(!Gc::ptr_eq(one, intern(mc, *names, "y")));
/// });
/// arena.collect();
/// // Nobody else refers to the names: a collector that reclaims has dropped them.
/// arena.enter(|_, names| assert!(names.len() <= 2));
///
/// // What else one does with it.
/// arena.mutate(|mc, names| {
///     let z = Gc::new_str(mc, "z");
///     assert!(names.insert(mc, z) && !names.insert(mc, Gc::new_str(mc, "z")));
///     assert!(names.contains("z") && names.iter().any(|name| Gc::ptr_eq(name, z)));
///     assert!(names.get("z").is_some_and(|name| Gc::ptr_eq(name, z)));
///     assert_eq!(names.hash_of("z"), names.hash_of(&*z));
///     names.retain(mc, |name| &*name == "z");
///     assert!(names.len() == 1 && names.capacity() >= 1);
///     assert!(names.remove(mc, "z").is_some() && names.is_empty());
///     assert!(names.try_insert_unique(mc, names.hash_of("z"), z).is_ok());
///     names.clear(mc);
///     let other = WeakSet::with_hasher(mc, names.hasher().clone());
///     assert!(!names.ptr_eq(other) && names.id() != other.id());
/// });
/// ```
pub struct WeakSet<'gc, T: ?Sized + Pointee + 'gc, S: 'static = DefaultHashBuilder> {
    collection: Gc<'gc, Collection<'gc, Member<'gc, T>, S>>,
}

impl<T: ?Sized + Pointee, S> Copy for WeakSet<'_, T, S> {}

impl<T: ?Sized + Pointee, S> Clone for WeakSet<'_, T, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<'gc, T: ?Sized + Pointee + 'gc> WeakSet<'gc, T> {
    /// An empty set.
    ///
    /// # Panics
    ///
    /// If the heap is full.
    ///
    /// See the example of [`WeakSet`].
    #[must_use]
    #[track_caller]
    pub fn new(mc: &Mutation<'gc>) -> WeakSet<'gc, T> {
        WeakSet::with_hasher(mc, DefaultHashBuilder::default())
    }
}

impl<'gc, T: ?Sized + Pointee + 'gc, S: 'static> WeakSet<'gc, T, S> {
    /// An empty set.
    ///
    /// # Panics
    ///
    /// If the heap is full.
    ///
    /// See the example of [`WeakSet`].
    #[must_use]
    #[track_caller]
    pub fn with_hasher(mc: &Mutation<'gc>, hasher: S) -> WeakSet<'gc, T, S> {
        WeakSet { collection: Collection::new(mc, hasher) }
    }

    /// Whether both are the same set.
    ///
    /// See the example of [`WeakSet`].
    #[must_use]
    pub fn ptr_eq(self, other: WeakSet<'gc, T, S>) -> bool {
        Gc::ptr_eq(self.collection, other.collection)
    }

    /// The set's identity: see [`Gc::id`].
    ///
    /// See the example of [`WeakSet`].
    #[must_use]
    pub fn id(self) -> GcId {
        Gc::id(self.collection)
    }

    /// What makes the hashes of members.
    ///
    /// See the example of [`WeakSet`].
    #[must_use]
    pub fn hasher(self) -> &'gc S {
        self.collection.hasher()
    }

    /// The number of members that live.
    ///
    /// # Complexity
    ///
    /// O(1).
    ///
    /// See the example of [`WeakSet`].
    #[must_use]
    pub fn len(self) -> usize {
        self.collection.len()
    }

    /// Whether there is no member that lives.
    ///
    /// See the example of [`WeakSet`].
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The number of members, dead ones included, for which there is room.
    ///
    /// See the example of [`WeakSet`].
    #[must_use]
    pub fn capacity(self) -> usize {
        self.collection.capacity()
    }

    /// The members that live, in the order in which they came, none of them twice.
    ///
    /// The set may be changed meanwhile: see [`GcHashMap::iter`](crate::GcHashMap::iter).
    ///
    /// See the example of [`WeakSet`].
    pub fn iter(self) -> impl Iterator<Item = Gc<'gc, T>> {
        self.collection.iter().filter_map(|member| member.weak().get())
    }

    /// The member with this hash that the closure recognizes: what an interner asks before it makes
    /// an object.
    ///
    /// The hash is what [`insert_unique`](WeakSet::insert_unique) was given, or what the hasher makes
    /// of the value.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::{Arena, Gc, NullCollector, Rootable, WeakSet};
    /// # let arena: Arena<Rootable![()], NullCollector> = Arena::new(|_| ());
    /// # arena.enter(|mc, ()| {
    /// // Hashed by what the caller says: no hasher.
    /// let points = WeakSet::with_hasher(mc, ());
    /// let point = |x: u32, y: u32| {
    ///     let hash = u64::from(x) << 32 | u64::from(y);
    ///     points.find(hash, |point| *point == (x, y)).unwrap_or_else(|| {
    ///         let point = Gc::new(mc, (x, y));
    ///         points.insert_unique(mc, hash, point);
    ///         point
    ///     })
    /// };
    /// assert!(Gc::ptr_eq(point(1, 2), point(1, 2)));
    /// assert!(!Gc::ptr_eq(point(1, 2), point(2, 1)));
    /// # });
    /// ```
    #[must_use]
    pub fn find(
        self,
        hash: u64,
        mut is_match: impl FnMut(Gc<'gc, T>) -> bool,
    ) -> Option<Gc<'gc, T>> {
        let index = self.find_index(hash, &mut is_match)?;
        self.collection.get(index)?.weak().get()
    }

    fn find_index(self, hash: u64, is_match: &mut dyn FnMut(Gc<'gc, T>) -> bool) -> Option<usize> {
        self.collection.find(hash, |member| member.weak().get().is_some_and(&mut *is_match))
    }

    /// Adds an object that is not in the set, under a hash that the caller has computed.
    ///
    /// If it is in the set already it is there twice; if the hash is not the hasher's, only
    /// [`find`](WeakSet::find) finds it.
    ///
    /// # Panics
    ///
    /// If the heap is full; the set is unchanged.
    ///
    /// See the example of [`WeakSet`].
    #[track_caller]
    pub fn insert_unique(self, mc: &Mutation<'gc>, hash: u64, object: Gc<'gc, T>) {
        self.try_insert_unique(mc, hash, object).unwrap_or_else(|_| mc.exhausted());
    }

    /// As [`insert_unique`](WeakSet::insert_unique), but says so if the heap is full.
    ///
    /// # Errors
    ///
    /// [`HeapFull`] if the heap is full; the set is unchanged.
    ///
    /// See the example of [`WeakSet`].
    #[track_caller]
    pub fn try_insert_unique(
        self,
        mc: &Mutation<'gc>,
        hash: u64,
        object: Gc<'gc, T>,
    ) -> Result<(), HeapFull<()>> {
        let collection = self.collection.as_ref();
        collection.replace(mc, hash, None, Member::new(mc, collection, object)?)
    }

    /// Keeps the members that the closure approves.
    ///
    /// They go as they are disapproved: if the closure panics, those before are gone. It may change the
    /// set: see [`GcHashMap::retain`](crate::GcHashMap::retain).
    ///
    /// See the example of [`WeakSet`].
    #[track_caller]
    pub fn retain(self, mc: &Mutation<'gc>, mut is_kept: impl FnMut(Gc<'gc, T>) -> bool) {
        self.collection.retain(mc, |member| member.weak().get().is_none_or(&mut is_kept));
    }

    /// Takes all members out, and gives their memory up.
    ///
    /// See the example of [`WeakSet`].
    pub fn clear(self, mc: &Mutation<'gc>) {
        self.collection.clear(mc);
    }
}

impl<'gc, T: ?Sized + Pointee + 'gc, S: BuildHasher + 'static> WeakSet<'gc, T, S> {
    /// The hash of a value, as [`find`](WeakSet::find) takes it.
    ///
    /// See the example of [`WeakSet`].
    #[must_use]
    pub fn hash_of<Q: Hash + ?Sized>(self, value: &Q) -> u64 {
        self.hasher().hash_one(value)
    }

    fn index_of<Q>(self, hash: u64, value: &Q) -> Option<usize>
    where
        T: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.find_index(hash, &mut |object| object.as_ref().borrow() == value)
    }

    /// The member whose value equals this.
    ///
    /// See the example of [`WeakSet`].
    #[must_use]
    pub fn get<Q>(self, value: &Q) -> Option<Gc<'gc, T>>
    where
        T: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let index = self.index_of(self.hash_of(value), value)?;
        self.collection.get(index)?.weak().get()
    }

    /// Whether there is a member whose value equals this.
    ///
    /// See the example of [`WeakSet`].
    #[must_use]
    pub fn contains<Q>(self, value: &Q) -> bool
    where
        T: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.get(value).is_some()
    }

    /// Adds an object; whether it is new. If there is a member whose value equals its own, that stays.
    ///
    /// # Panics
    ///
    /// If the heap is full; the set is unchanged.
    ///
    /// See the example of [`WeakSet`].
    #[track_caller]
    pub fn insert(self, mc: &Mutation<'gc>, object: Gc<'gc, T>) -> bool
    where
        T: Hash + Eq,
    {
        let hash = self.hash_of(object.as_ref());
        let is_new = self.index_of(hash, object.as_ref()).is_none();
        if is_new {
            self.insert_unique(mc, hash, object);
        }
        is_new
    }

    /// The member whose value equals this; if there is none, the closure makes it.
    ///
    /// What it makes must equal the value. It may use the set: if there is a member afterwards, that is
    /// returned.
    ///
    /// # Panics
    ///
    /// If the heap is full, or the closure panics; the set is as the closure left it.
    ///
    /// See the example of [`WeakSet`].
    #[track_caller]
    pub fn get_or_insert_with<Q>(
        self,
        mc: &Mutation<'gc>,
        value: &Q,
        make: impl FnOnce() -> Gc<'gc, T>,
    ) -> Gc<'gc, T>
    where
        T: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let hash = self.hash_of(value);
        let mut is_match = |object: Gc<'gc, T>| object.as_ref().borrow() == value;
        if let Some(object) = self.find(hash, &mut is_match) {
            return object;
        }
        let object = make();
        if let Some(object) = self.find(hash, &mut is_match) {
            return object;
        }
        self.insert_unique(mc, hash, object);
        object
    }

    /// Takes the member out whose value equals this.
    ///
    /// See the example of [`WeakSet`].
    #[track_caller]
    pub fn remove<Q>(self, mc: &Mutation<'gc>, value: &Q) -> Option<Gc<'gc, T>>
    where
        T: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let index = self.index_of(self.hash_of(value), value)?;
        let object = self.collection.get(index)?.weak().get();
        self.collection.remove(mc, index);
        object
    }
}

// SAFETY: the one reference is passed on.
unsafe impl<'gc, T: ?Sized + Pointee + 'gc, S: 'static> Trace for WeakSet<'gc, T, S> {
    const HAS_GC: bool = true;
    const SLOTS: SlotMap = <Gc<'gc, Collection<'gc, Member<'gc, T>, S>> as Trace>::SLOTS;

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

impl<'gc, T: ?Sized + Pointee + fmt::Debug + 'gc, S: 'static> fmt::Debug for WeakSet<'gc, T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}
