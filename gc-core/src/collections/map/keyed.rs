//! What a map does with the user's `Hash`, `Eq` and `Borrow`. See Note [User code].
//!
//! Every method first hashes, then looks up ([`Table::lookup`](super::table::Table::lookup) notices
//! if the map changes under it), and acts on what was found without calling the user again.

use core::borrow::Borrow;
use core::hash::{BuildHasher, Hash};

use super::GcHashMap;
use crate::collections::DefaultHashBuilder;
use crate::error::HeapFull;
use crate::mutation::Mutation;
use crate::trace::Trace;

impl<'gc, K, V> GcHashMap<'gc, K, V>
where
    K: Trace + Copy + 'gc,
    V: Trace + Copy + 'gc,
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
    /// let map = GcHashMap::<_, _>::new(mc);
    /// map.insert(mc, Gc::new_str(mc, "Ada"), 36);
    /// assert_eq!(map.get("Ada"), Some(36));
    /// # });
    /// ```
    #[must_use]
    #[track_caller]
    pub fn new(mc: &Mutation<'gc>) -> GcHashMap<'gc, K, V> {
        GcHashMap::with_hasher(mc, DefaultHashBuilder::default())
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
    /// let map = GcHashMap::<_, _>::with_capacity(mc, 100);
    /// let capacity = map.capacity();
    /// map.extend(mc, (0..100).map(|n| (n, n)));
    /// assert_eq!(map.capacity(), capacity);
    /// # });
    /// ```
    #[must_use]
    #[track_caller]
    pub fn with_capacity(mc: &Mutation<'gc>, capacity: usize) -> GcHashMap<'gc, K, V> {
        GcHashMap::with_capacity_and_hasher(mc, capacity, DefaultHashBuilder::default())
    }
}

impl<'gc, K, V, S> GcHashMap<'gc, K, V, S>
where
    K: Copy + 'gc,
    V: Copy + 'gc,
    S: BuildHasher + 'static,
{
    /// The hash of a key, as [`find`](GcHashMap::find) takes it.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let map = GcHashMap::<Gc<'_, str>, u32>::new(mc);
    /// assert_eq!(map.hash_of("Ada"), map.hash_of(&Gc::new_str(mc, "Ada")));
    /// # });
    /// ```
    #[inline]
    #[must_use]
    pub fn hash_of<Q: Hash + ?Sized>(self, key: &Q) -> u64 {
        self.hasher().hash_one(key)
    }

    /// The index of the entry for a key.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let map = GcHashMap::<_, _>::new(mc);
    /// map.extend(mc, [("Ada", 36), ("Grace", 85)]);
    /// assert_eq!((map.index_of("Grace"), map.index_of("Alan")), (Some(1), None));
    /// # });
    /// ```
    #[inline]
    #[must_use]
    pub fn index_of<Q>(self, key: &Q) -> Option<usize>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.find(self.hash_of(key), |other| other.borrow() == key)
    }

    /// The value for a key.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let map = GcHashMap::<_, _>::new(mc);
    /// map.insert(mc, Gc::new_str(mc, "Ada"), 36);
    /// assert_eq!((map.get("Ada"), map.get("Grace")), (Some(36), None));
    /// # });
    /// ```
    #[inline]
    #[must_use]
    pub fn get<Q>(self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.get_key_value(key).map(|(_, value)| value)
    }

    /// The key in the map that equals this one, and its value.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let map = GcHashMap::<_, _>::new(mc);
    /// let name = Gc::new_str(mc, "Ada");
    /// map.insert(mc, name, 36);
    /// let (key, age) = map.get_key_value("Ada").unwrap();
    /// assert!(Gc::ptr_eq(key, name) && age == 36);
    /// # });
    /// ```
    #[inline]
    #[must_use]
    pub fn get_key_value<Q>(self, key: &Q) -> Option<(K, V)>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.get_index(self.index_of(key)?)
    }

    /// Whether there is an entry for a key.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let map = GcHashMap::<_, _>::new(mc);
    /// map.insert(mc, "Ada", 36);
    /// assert!(map.contains_key("Ada") && !map.contains_key("Grace"));
    /// # });
    /// ```
    #[inline]
    #[must_use]
    pub fn contains_key<Q>(self, key: &Q) -> bool
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.index_of(key).is_some()
    }
}

impl<'gc, K, V, S> GcHashMap<'gc, K, V, S>
where
    K: Trace + Copy + 'gc,
    V: Trace + Copy + 'gc,
    S: BuildHasher + 'static,
{
    /// Sets the value for a key, and returns the old one. A key that is there stays.
    ///
    /// # Panics
    ///
    /// If the heap is full; the map is unchanged.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let map = GcHashMap::<_, _>::new(mc);
    /// assert_eq!(map.insert(mc, "Ada", 36), None);
    /// assert_eq!(map.insert(mc, "Ada", 37), Some(36));
    /// # });
    /// ```
    #[inline]
    #[track_caller]
    pub fn insert(self, mc: &Mutation<'gc>, key: K, value: V) -> Option<V>
    where
        K: Hash + Eq,
    {
        self.try_insert(mc, key, value).unwrap_or_else(|_| mc.exhausted())
    }

    /// As [`insert`](GcHashMap::insert), or gives the entry back if the heap is full.
    ///
    /// # Errors
    ///
    /// [`HeapFull`] if the heap is full; the map is unchanged.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*;
    /// type Small = Arena<Rootable![()], NullCollector>;
    /// Small::builder().limit_bytes(64 << 10).build(|_| ()).enter(|mc, ()| {
    ///     let map = GcHashMap::<_, _>::new(mc);
    ///     let full = (0_u32..).find_map(|n| map.try_insert(mc, n, n * n).err()).unwrap();
    ///     let (key, value) = full.into_value();
    ///     assert_eq!((value, map.get(&key)), (key * key, None));
    /// });
    /// ```
    #[inline]
    #[track_caller]
    pub fn try_insert(
        self,
        mc: &Mutation<'gc>,
        key: K,
        value: V,
    ) -> Result<Option<V>, HeapFull<(K, V)>>
    where
        K: Hash + Eq,
    {
        let hash = self.hash_of(&key);
        match self.find(hash, |other| *other == key) {
            Some(index) => Ok(self.set_index(mc, index, value)),
            None => self.try_insert_unique(mc, hash, key, value).map(|_| None),
        }
    }

    /// Takes the entry for a key away, and returns its value.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let map = GcHashMap::<_, _>::new(mc);
    /// map.insert(mc, "Ada", 36);
    /// assert_eq!((map.remove(mc, "Ada"), map.remove(mc, "Ada")), (Some(36), None));
    /// # });
    /// ```
    #[inline]
    #[track_caller]
    pub fn remove<Q>(self, mc: &Mutation<'gc>, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.remove_entry(mc, key).map(|(_, value)| value)
    }

    /// Takes the entry for a key away, and returns it.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let map = GcHashMap::<_, _>::new(mc);
    /// map.insert(mc, "Ada", 36);
    /// assert_eq!(map.remove_entry(mc, "Ada"), Some(("Ada", 36)));
    /// # });
    /// ```
    #[track_caller]
    pub fn remove_entry<Q>(self, mc: &Mutation<'gc>, key: &Q) -> Option<(K, V)>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.remove_index(mc, self.index_of(key)?)
    }

    /// The value for a key; if there is none, the closure makes it.
    ///
    /// If the closure itself inserts the key, what it inserted is returned and what it made is not
    /// used.
    ///
    /// # Panics
    ///
    /// If the heap is full.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::{Arena, GcHashMap, NullCollector, Rootable};
    /// # let arena: Arena<Rootable![()], NullCollector> = Arena::new(|_| ());
    /// # arena.enter(|mc, ()| {
    /// let squares = GcHashMap::<_, _>::new(mc);
    /// assert_eq!(squares.get_or_insert_with(mc, 3, || 3 * 3), 9);
    /// assert_eq!(squares.get_or_insert_with(mc, 3, || unreachable!()), 9);
    /// # });
    /// ```
    #[track_caller]
    pub fn get_or_insert_with(self, mc: &Mutation<'gc>, key: K, make: impl FnOnce() -> V) -> V
    where
        K: Hash + Eq,
    {
        let hash = self.hash_of(&key);
        let find = || self.find(hash, |other| *other == key);
        if let Some((_, value)) = find().and_then(|index| self.get_index(index)) {
            return value;
        }
        let made = make();
        // The closure may have done anything to the map.
        if let Some((_, value)) = find().and_then(|index| self.get_index(index)) {
            return value;
        }
        self.insert_unique(mc, hash, key, made);
        made
    }

    /// Inserts the entries of an iterator, each as it comes.
    ///
    /// The iterator may use the map. If it panics, the entries before that are in the map.
    ///
    /// # Panics
    ///
    /// If the heap is full.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let map = GcHashMap::<_, _>::new(mc);
    /// map.extend(mc, [("a", 1), ("b", 2), ("a", 3)]);
    /// assert_eq!(format!("{map:?}"), r#"{"a": 3, "b": 2}"#);
    /// # });
    /// ```
    #[track_caller]
    pub fn extend(self, mc: &Mutation<'gc>, entries: impl IntoIterator<Item = (K, V)>)
    where
        K: Hash + Eq,
    {
        for (key, value) in entries {
            self.insert(mc, key, value);
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use alloc::vec::Vec;
    use core::cell::{Cell, RefCell};
    use core::hash::{BuildHasherDefault, Hasher};
    use core::panic::AssertUnwindSafe;
    use std::collections::HashMap;

    use fastrand::Rng;

    use super::super::super::testing::{assert_panics, with_mutation};
    use super::*;
    use crate::trace::{Edges, SlotMap, Slots};
    use crate::{Gc, Static};

    /// Sees one hash in everything.
    #[derive(Default)]
    struct OneHash;

    impl Hasher for OneHash {
        fn write(&mut self, _: &[u8]) {}

        fn finish(&self) -> u64 {
            7
        }
    }

    fn check_against_std<S: BuildHasher + Default + 'static>(key_count: usize, steps: u32) {
        for seed in 0..10 {
            with_mutation(|mc| {
                let mut random = Rng::with_seed(seed);
                let map = GcHashMap::with_hasher(mc, S::default());
                let mut model = HashMap::new();
                for value in 0..steps {
                    let key = random.usize(..key_count) as u32;
                    match random.usize(..8) {
                        0..=2 => assert_eq!(map.insert(mc, key, value), model.insert(key, value)),
                        3 | 4 => assert_eq!(map.remove(mc, &key), model.remove(&key)),
                        5 => assert_eq!(
                            map.get_or_insert_with(mc, key, || value),
                            *model.entry(key).or_insert(value),
                        ),
                        6 if random.usize(..100) == 0 => {
                            let divisor = 2 + key;
                            map.retain(mc, |key, _| key % divisor != 0);
                            model.retain(|key, _| key % divisor != 0);
                        }
                        7 if random.usize(..300) == 0 => {
                            map.clear(mc);
                            model.clear();
                        }
                        _ => {}
                    }
                    assert_eq!(map.get(&key), model.get(&key).copied());
                    assert_eq!(map.len(), model.len());
                }
                assert_eq!(map.iter().collect::<HashMap<_, _>>(), model);
                for (key, value) in model {
                    let index = map.index_of(&key).unwrap();
                    assert_eq!(map.get_index(index), Some((key, value)));
                }
            });
        }
    }

    #[test]
    fn it_answers_as_a_map_of_std_does() {
        check_against_std::<DefaultHashBuilder>(6, 500);
        check_against_std::<DefaultHashBuilder>(300, 5_000);
    }

    #[test]
    fn it_answers_as_a_map_of_std_does_when_all_hashes_collide() {
        check_against_std::<BuildHasherDefault<OneHash>>(50, 2_000);
    }

    type Map<'gc> = GcHashMap<'gc, Hostile<'gc>, u32, BuildHasherDefault<OneHash>>;

    /// A key whose comparison panics, or uses the map it is in.
    #[derive(Clone, Copy)]
    struct Hostile<'gc> {
        name: u32,
        mc: &'gc Mutation<'gc>,
        map: Map<'gc>,
        random: Gc<'gc, Static<RefCell<Rng>>>,
        is_armed: Gc<'gc, Static<Cell<bool>>>,
    }

    // SAFETY: the references are passed on, and the collector of this test does not ask.
    unsafe impl Trace for Hostile<'_> {
        const HAS_GC: bool = true;
        const SLOTS: SlotMap = SlotMap::Dynamic;

        fn visit(&self, edges: &mut Edges) {
            self.map.visit(edges);
            self.random.visit(edges);
            self.is_armed.visit(edges);
        }

        fn relocate(&mut self, slots: &mut Slots) {
            self.map.relocate(slots);
            self.random.relocate(slots);
            self.is_armed.relocate(slots);
        }
    }

    impl Hostile<'_> {
        fn act(&self) {
            // What it does to the map compares too: then it behaves.
            if !self.is_armed.replace(false) {
                return;
            }
            let (what, name) = {
                let mut random = self.random.borrow_mut();
                (random.usize(..16), random.usize(..30) as u32)
            };
            let other = Hostile { name, ..*self };
            match what {
                0 => panic!("a comparison panics"),
                1..=3 => {
                    self.map.insert(self.mc, other, 0);
                }
                4..=6 => {
                    self.map.remove(self.mc, &other);
                }
                7 => self.map.retain(self.mc, |key, _| key.name % 2 == 0),
                8 if name == 0 => self.map.clear(self.mc),
                9 => {
                    self.map.try_reserve(self.mc, 40).unwrap();
                }
                _ => {}
            }
            self.is_armed.set(true);
        }
    }

    impl Hash for Hostile<'_> {
        fn hash<H: Hasher>(&self, state: &mut H) {
            self.act();
            self.name.hash(state);
        }
    }

    impl PartialEq for Hostile<'_> {
        fn eq(&self, other: &Self) -> bool {
            let is_equal = self.name == other.name;
            self.act();
            is_equal
        }
    }

    impl Eq for Hostile<'_> {}

    #[test]
    fn keys_that_panic_and_use_the_map_leave_it_consistent() {
        let panics = Cell::new(0);
        for seed in 0..20 {
            with_mutation(|mc| {
                let map = Map::with_hasher(mc, Default::default());
                let random = Gc::new(mc, Static(RefCell::new(Rng::with_seed(seed))));
                let is_armed = Gc::new(mc, Static(Cell::new(false)));
                for step in 0..400 {
                    let name = random.borrow_mut().usize(..30) as u32;
                    let key = Hostile { name, mc, map, random, is_armed };
                    is_armed.set(true);
                    let operation = AssertUnwindSafe(|| match step % 4 {
                        0 | 1 => {
                            map.insert(mc, key, step);
                        }
                        2 => {
                            map.remove(mc, &key);
                        }
                        _ => assert!(map.get_or_insert_with(mc, key, || step) <= step),
                    });
                    if std::panic::catch_unwind(operation).is_err() {
                        panics.set(panics.get() + 1);
                    }
                    is_armed.set(false);
                    let mut names: Vec<_> = map.keys().map(|key| key.name).collect();
                    assert_eq!(names.len(), map.len());
                    for (index, key) in
                        (0..).filter_map(|i| Some((i, map.get_index(i)?.0))).take(names.len())
                    {
                        assert_eq!(map.index_of(&key), Some(index));
                    }
                    names.sort_unstable();
                    names.dedup();
                    assert_eq!(names.len(), map.len(), "no key is there twice");
                }
            });
        }
        assert!(panics.get() > 100, "the keys are hostile");
    }

    #[test]
    fn what_makes_a_value_may_insert_its_key() {
        with_mutation(|mc| {
            let map = GcHashMap::<_, _>::new(mc);
            let value = map.get_or_insert_with(mc, 1, || {
                (0..100).for_each(|key| {
                    map.insert(mc, key, "first");
                });
                "second"
            });
            assert_eq!((value, map.get(&1), map.len()), ("first", Some("first"), 100));
            assert_panics(|| {
                map.get_or_insert_with(mc, 100, || panic!("no value"));
            });
            assert!(!map.contains_key(&100));
        });
    }

    #[test]
    fn keys_are_found_by_what_they_refer_to() {
        with_mutation(|mc| {
            let map = GcHashMap::<Gc<'_, str>, _>::new(mc);
            map.extend(mc, ["a", "b", "c"].map(|text| (Gc::new_str(mc, text), text.len())));
            assert_eq!(map.get("b"), Some(1));
            assert_eq!(map.remove_entry(mc, "b").map(|(key, _)| key.as_ref()), Some("b"));
            assert_eq!((map.get("b"), map.len()), (None, 2));
        });
    }

    #[test]
    fn a_full_heap_gives_the_entry_back() {
        type Empty = crate::__DynRootable<dyn for<'a> crate::Rootable<'a, Root = ()>>;
        type Arena = crate::Arena<Empty, crate::NullCollector>;
        let arena = Arena::builder().limit_bytes(512 << 10).build(|_| ());
        arena.enter(|mc, ()| {
            let map = GcHashMap::<_, _>::new(mc);
            let full = (0_u64..).find_map(|key| map.try_insert(mc, key, -1).err()).unwrap();
            assert_eq!(full.into_value(), (map.len() as u64, -1));
            assert!(map.len() > 1_000);
            assert!((0..map.len() as u64).all(|key| map.get(&key) == Some(-1)));
            assert_panics(|| {
                map.insert(mc, u64::MAX, 0);
            });
            assert!(map.try_reserve(mc, usize::MAX).is_err());
        });
    }
}
