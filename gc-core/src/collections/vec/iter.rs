//! Iterating over a vector that may change meanwhile.

use core::fmt;
use core::iter::FusedIterator;
use core::ops::Range;

use super::GcVec;

/// The elements of a [`GcVec`]: see [`GcVec::iter`].
///
/// # Examples
///
/// ```
/// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
/// let vec = GcVec::from_slice(mc, &[1, 2, 3]);
/// let mut iter: VecIter<'_, u32> = vec.iter();
/// assert_eq!((iter.next(), iter.next_back()), (Some(1), Some(3)));
/// # });
/// ```
pub struct VecIter<'gc, T: 'gc> {
    vec: GcVec<'gc, T>,
    /// What is left of the indices that there were at the beginning.
    indices: Range<usize>,
}

impl<'gc, T: Copy + 'gc> GcVec<'gc, T> {
    /// The elements, by value.
    ///
    /// The vector may be changed meanwhile. The iterator walks the indices that there were at the
    /// beginning, and yields what it finds there when it comes to them: elements appended later are
    /// not seen, and indices that are gone are passed over.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let vec = GcVec::from_slice(mc, &[1, 2, 3]);
    /// for element in vec {
    ///     vec.push(mc, 10 * element);
    /// }
    /// assert_eq!(vec.iter().rev().collect::<Vec<_>>(), [30, 20, 10, 3, 2, 1]);
    /// # });
    /// ```
    #[must_use]
    pub fn iter(self) -> VecIter<'gc, T> {
        VecIter { vec: self, indices: 0..self.len() }
    }
}

impl<T: Copy> Iterator for VecIter<'_, T> {
    type Item = T;

    #[inline]
    fn next(&mut self) -> Option<T> {
        let element = self.vec.get(self.indices.next()?);
        if element.is_none() {
            // Behind an index that is gone all are gone.
            self.indices.end = self.indices.start;
        }
        element
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(self.indices.len()))
    }
}

impl<T: Copy> DoubleEndedIterator for VecIter<'_, T> {
    #[inline]
    fn next_back(&mut self) -> Option<T> {
        self.indices.end = self.indices.end.min(self.vec.len()).max(self.indices.start);
        self.vec.get(self.indices.next_back()?)
    }
}

impl<T: Copy> FusedIterator for VecIter<'_, T> {}

impl<T> Clone for VecIter<'_, T> {
    fn clone(&self) -> Self {
        VecIter { vec: self.vec, indices: self.indices.clone() }
    }
}

impl<T: Copy + fmt::Debug> fmt::Debug for VecIter<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

impl<'gc, T: Copy + 'gc> IntoIterator for GcVec<'gc, T> {
    type Item = T;
    type IntoIter = VecIter<'gc, T>;

    fn into_iter(self) -> VecIter<'gc, T> {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::super::super::testing::with_mutation;
    use super::*;

    #[test]
    fn what_is_appended_meanwhile_is_not_seen() {
        with_mutation(|mc| {
            let vec = GcVec::from_slice(mc, &[1, 2, 3]);
            let seen: Vec<_> = vec.iter().inspect(|&element| vec.push(mc, element)).collect();
            assert_eq!(seen, [1, 2, 3]);
            assert_eq!(vec.to_vec(), [1, 2, 3, 1, 2, 3]);
        });
    }

    #[test]
    fn what_is_gone_meanwhile_is_passed_over() {
        with_mutation(|mc| {
            let vec = GcVec::from_slice(mc, &[1, 2, 3, 4, 5, 6]);
            let (mut forward, mut backward) = (vec.iter(), vec.iter().rev());
            assert_eq!((forward.next(), backward.next()), (Some(1), Some(6)));
            vec.truncate(mc, 3);
            assert_eq!(forward.collect::<Vec<_>>(), [2, 3]);
            assert_eq!(backward.clone().collect::<Vec<_>>(), [3, 2, 1]);
            vec.clear(mc);
            assert_eq!(backward.next(), None);
        });
    }

    #[test]
    fn both_ends_meet() {
        with_mutation(|mc| {
            let vec = GcVec::from_slice(mc, &[1, 2, 3]);
            let mut iter = vec.iter();
            assert_eq!((iter.next(), iter.next_back(), iter.next()), (Some(1), Some(3), Some(2)));
            assert_eq!((iter.next(), iter.next_back()), (None, None));
        });
    }
}
