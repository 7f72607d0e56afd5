//! What a vector does with the user's iterators, closures and formatters.
//! See Note [User code].

use alloc::vec::Vec;
use core::cmp::Ordering;
use core::fmt;

use super::GcVec;
use crate::mutation::Mutation;
use crate::trace::Trace;

/// The most elements for which an iterator's word is taken before it has yielded them: one that
/// lies must not exhaust the heap. A page or so of references.
const HINT_MAX: usize = 1 << 10;

impl<'gc, T: Trace + Copy + 'gc> GcVec<'gc, T> {
    /// A vector of the elements of an iterator.
    ///
    /// # Panics
    ///
    /// If the heap is full.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let squares = GcVec::from_iter_in(mc, (1..4).map(|n| n * n));
    /// assert_eq!(squares.to_vec(), [1, 4, 9]);
    /// # });
    /// ```
    #[must_use]
    #[track_caller]
    pub fn from_iter_in(
        mc: &Mutation<'gc>,
        elements: impl IntoIterator<Item = T>,
    ) -> GcVec<'gc, T> {
        let vec = GcVec::new(mc);
        vec.extend(mc, elements);
        vec
    }

    /// Appends the elements of an iterator, each as it comes.
    ///
    /// The iterator may use the vector. If it panics, the elements before that are in the vector.
    ///
    /// # Panics
    ///
    /// If the heap is full.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let vec = GcVec::from_slice(mc, &[1]);
    /// // What it appends is not seen by its own iterator.
    /// vec.extend(mc, vec.iter().map(|n| n + 1));
    /// assert_eq!(vec.to_vec(), [1, 2]);
    /// # });
    /// ```
    #[track_caller]
    pub fn extend(self, mc: &Mutation<'gc>, elements: impl IntoIterator<Item = T>) {
        let elements = elements.into_iter();
        self.reserve(mc, elements.size_hint().0.min(HINT_MAX));
        for element in elements {
            self.push(mc, element);
        }
    }

    /// Keeps the elements that the closure approves, in their order.
    ///
    /// The vector is changed when the closure has seen every element: if it panics, nothing is. If
    /// it changes the vector itself, what it did to the elements from the first disapproved one on
    /// is lost.
    ///
    /// # Complexity
    ///
    /// O(len) time. What is in front of the first disapproved element is not written to, and what is
    /// kept behind it is copied aside.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let vec = GcVec::from_slice(mc, &[1, 2, 3, 4]);
    /// vec.retain(mc, |n| n % 2 == 0);
    /// assert_eq!(vec.to_vec(), [2, 4]);
    /// # });
    /// ```
    #[track_caller]
    pub fn retain(self, mc: &Mutation<'gc>, mut is_kept: impl FnMut(&T) -> bool) {
        let mut elements = self.iter();
        let Some(first_removed) = elements.by_ref().position(|element| !is_kept(&element)) else {
            return;
        };
        let kept: Vec<T> = elements.filter(|element| is_kept(element)).collect();
        self.truncate(mc, first_removed);
        self.extend_from_slice(mc, &kept);
    }

    /// Sorts the elements; those that compare equal keep their order.
    ///
    /// A copy is sorted and then stored: if the comparison panics, nothing is changed. If it changes
    /// the vector itself, the sorted elements are stored over that, as far as there are places. A
    /// comparison that is no order may panic, or lead to any order.
    ///
    /// # Complexity
    ///
    /// O(len log len) comparisons, O(len) memory.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::{Arena, GcVec, NullCollector, Rootable};
    /// # let arena: Arena<Rootable![()], NullCollector> = Arena::new(|_| ());
    /// # arena.enter(|mc, ()| {
    /// let vec = GcVec::from_slice(mc, &[3, 1, 2]);
    /// vec.sort_by(mc, |a, b| b.cmp(a));
    /// assert_eq!(vec.to_vec(), [3, 2, 1]);
    /// # });
    /// ```
    #[track_caller]
    pub fn sort_by(self, mc: &Mutation<'gc>, compare: impl FnMut(&T, &T) -> Ordering) {
        let mut sorted = self.to_vec();
        sorted.sort_by(compare);
        let len = self.len();
        for (index, element) in sorted.into_iter().enumerate().take(len) {
            self.set(mc, index, element);
        }
    }
}

impl<T: Copy + fmt::Debug> fmt::Debug for GcVec<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use core::cell::Cell;

    use fastrand::Rng;

    use super::super::super::testing::{assert_panics, with_mutation};
    use super::*;

    #[test]
    fn it_sorts_and_retains_as_a_vec_does() {
        for seed in 0..50 {
            with_mutation(|mc| {
                let mut random = Rng::with_seed(seed);
                let mut model: Vec<_> = (0..300).map(|n| (random.usize(..10), n)).collect();
                let vec = GcVec::from_iter_in(mc, model.iter().copied());
                vec.sort_by(mc, |a, b| b.0.cmp(&a.0));
                model.sort_by_key(|element| core::cmp::Reverse(element.0));
                assert_eq!(vec.to_vec(), model);
                let divisor = 1 + random.usize(..5);
                vec.retain(mc, |element| element.1 % divisor == 0);
                model.retain(|element| element.1 % divisor == 0);
                assert_eq!(format!("{vec:?}"), format!("{model:?}"));
            });
        }
    }

    /// Says that it has all the elements in the world.
    struct Liar<I>(I);

    impl<I: Iterator> Iterator for Liar<I> {
        type Item = I::Item;

        fn next(&mut self) -> Option<I::Item> {
            self.0.next()
        }

        fn size_hint(&self) -> (usize, Option<usize>) {
            (usize::MAX, None)
        }
    }

    #[test]
    fn an_iterator_may_lie_and_use_the_vector_it_extends() {
        with_mutation(|mc| {
            let vec = GcVec::from_slice(mc, &[0]);
            vec.extend(
                mc,
                Liar((1..100).inspect(|&n| {
                    vec.push(mc, -n);
                    if n % 10 == 0 {
                        vec.clear(mc);
                    }
                })),
            );
            assert_eq!(vec.to_vec()[..3], [90, -91, 91]);
            assert_eq!(vec.len(), 19);
        });
    }

    #[test]
    fn an_iterator_that_panics_leaves_what_it_yielded() {
        with_mutation(|mc| {
            let vec = GcVec::new(mc);
            assert_panics(|| vec.extend(mc, (0..10).inspect(|&n| assert!(n < 5))));
            assert_eq!(vec.to_vec(), [0, 1, 2, 3, 4]);
        });
    }

    #[test]
    fn a_closure_that_panics_changes_nothing() {
        with_mutation(|mc| {
            let vec = GcVec::from_slice(mc, &[3, 1, 2]);
            assert_panics(|| {
                vec.retain(mc, |&n| {
                    assert!(n != 2);
                    false
                })
            });
            assert_panics(|| vec.sort_by(mc, |_, _| panic!("no order")));
            assert_eq!(vec.to_vec(), [3, 1, 2]);
        });
    }

    #[test]
    fn a_closure_may_change_the_vector_it_is_asked_about() {
        with_mutation(|mc| {
            let vec = GcVec::from_iter_in(mc, 0..100);
            vec.sort_by(mc, |a, b| {
                vec.pop(mc);
                b.cmp(a)
            });
            assert_eq!(vec.len(), 1);
            vec.extend(mc, 0..100);
            let calls = Cell::new(0);
            vec.retain(mc, |_| {
                calls.set(calls.get() + 1);
                vec.insert(mc, 0, 1_000);
                calls.get() % 2 == 0
            });
            assert_eq!(calls.get(), 101);
            assert_eq!(vec.iter().count(), vec.len());
        });
    }
}
