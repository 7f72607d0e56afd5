//! Iterating over a map that may change meanwhile.

use core::fmt;
use core::iter::FusedIterator;
use core::ops::Range;

use super::GcHashMap;

/// The entries of a [`GcHashMap`]: see [`GcHashMap::iter`].
///
/// # Examples
///
/// ```
/// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
/// let map = GcHashMap::<_, _>::new(mc);
/// map.extend(mc, [("b", 2), ("a", 1)]);
/// let mut iter: MapIter<'_, &str, u32, _> = map.iter();
/// assert_eq!([iter.next(), iter.next(), iter.next()], [Some(("b", 2)), Some(("a", 1)), None]);
/// # });
/// ```
pub struct MapIter<'gc, K: 'gc, V: 'gc, S: 'static> {
    map: GcHashMap<'gc, K, V, S>,
    /// What is left of the indices that there were at the beginning.
    indices: Range<usize>,
}

impl<'gc, K: Copy + 'gc, V: Copy + 'gc, S: 'static> GcHashMap<'gc, K, V, S> {
    /// Keys and values, by value, in the order of insertion.
    ///
    /// The map may be changed meanwhile. Entries removed before their turn are not seen, and values
    /// are seen as they are when it comes. Entries inserted meanwhile may be seen or not, and if
    /// that makes the map close its gaps (see [`GcHashMap`]), others may be missed. No entry is seen
    /// twice, and the iterator ends however many are inserted.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let map = GcHashMap::<_, _>::new(mc);
    /// map.extend(mc, [(3, 'c'), (1, 'a'), (2, 'b')]);
    /// for (key, _) in map {
    ///     map.remove(mc, &(key - 1));
    /// }
    /// // 3 took 2 away before its turn; 1 took nothing.
    /// assert_eq!(map.iter().collect::<Vec<_>>(), [(3, 'c'), (1, 'a')]);
    /// # });
    /// ```
    #[must_use]
    pub fn iter(self) -> MapIter<'gc, K, V, S> {
        MapIter { map: self, indices: 0..self.end() }
    }

    /// The keys: see [`iter`](GcHashMap::iter).
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let map = GcHashMap::<_, _>::new(mc);
    /// map.extend(mc, [("b", 2), ("a", 1)]);
    /// assert_eq!(map.keys().collect::<String>(), "ba");
    /// # });
    /// ```
    pub fn keys(self) -> impl Iterator<Item = K> {
        self.iter().map(|(key, _)| key)
    }

    /// The values: see [`iter`](GcHashMap::iter).
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let map = GcHashMap::<_, _>::new(mc);
    /// map.extend(mc, [("b", 2), ("a", 1)]);
    /// assert_eq!(map.values().sum::<u32>(), 3);
    /// # });
    /// ```
    pub fn values(self) -> impl Iterator<Item = V> {
        self.iter().map(|(_, value)| value)
    }
}

impl<K: Copy, V: Copy, S> Iterator for MapIter<'_, K, V, S> {
    type Item = (K, V);

    #[inline]
    fn next(&mut self) -> Option<(K, V)> {
        self.indices.find_map(|index| self.map.get_index(index))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(self.indices.len()))
    }
}

impl<K: Copy, V: Copy, S> FusedIterator for MapIter<'_, K, V, S> {}

impl<K, V, S> Clone for MapIter<'_, K, V, S> {
    fn clone(&self) -> Self {
        MapIter { map: self.map, indices: self.indices.clone() }
    }
}

impl<K: Copy + fmt::Debug, V: Copy + fmt::Debug, S> fmt::Debug for MapIter<'_, K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

impl<'gc, K: Copy + 'gc, V: Copy + 'gc, S: 'static> IntoIterator for GcHashMap<'gc, K, V, S> {
    type Item = (K, V);
    type IntoIter = MapIter<'gc, K, V, S>;

    fn into_iter(self) -> MapIter<'gc, K, V, S> {
        self.iter()
    }
}
