//! A vector in the heap: [`GcVec`].
//!
//! Nothing in this file calls the user's code; what does is in `user_code`.

mod iter;
mod user_code;

use alloc::vec::Vec;

pub use iter::VecIter;

use super::buffer::Buffer;
use crate::error::HeapFull;
use crate::id::GcId;
use crate::mutation::Mutation;
use crate::place::NamedEdges;
use crate::send_check::SendCheck;
use crate::trace::{Edges, SlotMap, Slots, Trace};
use crate::{Gc, Lock};

/// The slots of the first allocation that is not asked for a number.
const CAPACITY_MIN: usize = 4;

/// A growable vector that is an object of the heap.
///
/// The handle is `Copy` and one word; all copies are the same vector, as with a reference of a
/// scripting language. Elements are `Copy`, and read and stored by value: a `&'gc T` to an element
/// would see it change, so there is none. An element without a niche, such as an integer, takes
/// another word for its slot: see [`Option`].
///
/// What goes out of the vector is dead at once, as far as the vector is concerned: spare slots are
/// emptied.
///
/// # Complexity
///
/// That of `Vec`. The first store after a safepoint into one of the segments of 16 elements of an
/// old vector also logs that segment, and no more than it, however long the vector is. Growing
/// allocates a new slice in the heap; the old one is garbage.
///
/// # Examples
///
/// ```
/// use gc_core::{Arena, Gc, GcVec, NullCollector, Rootable};
///
/// type Names<'gc> = GcVec<'gc, Gc<'gc, str>>;
/// let mut arena: Arena<Rootable![Names<'_>], NullCollector> = Arena::new(|mc| GcVec::new(mc));
/// arena.mutate(|mc, names| {
///     let same = *names;
///     same.push(mc, Gc::new_str(mc, "Ada"));
///     same.push(mc, Gc::new_str(mc, "Grace"));
/// });
/// arena.enter(|_, names| {
///     assert_eq!(names.len(), 2);
///     assert_eq!(&*names.get(1).unwrap(), "Grace");
/// });
/// ```
pub struct GcVec<'gc, T: 'gc> {
    object: Gc<'gc, Buffer<'gc, T>>,
}

static_assertions::assert_eq_size!(Option<GcVec<'static, u32>>, usize);

impl<T> Copy for GcVec<'_, T> {}

impl<T> Clone for GcVec<'_, T> {
    #[inline]
    fn clone(&self) -> Self {
        *self
    }
}

impl<'gc, T: 'gc> GcVec<'gc, T> {
    /// Whether both are the same vector.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let vec = GcVec::from_slice(mc, &[1, 2]);
    /// let same = vec;
    /// assert!(vec.ptr_eq(same) && !vec.ptr_eq(GcVec::from_slice(mc, &[1, 2])));
    /// # });
    /// ```
    #[inline]
    #[must_use]
    pub fn ptr_eq(self, other: GcVec<'gc, T>) -> bool {
        Gc::ptr_eq(self.object, other.object)
    }

    /// The vector's identity: see [`Gc::id`].
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let vec = GcVec::<u32>::new(mc);
    /// let id = vec.id();
    /// vec.push(mc, 1);
    /// assert_eq!(vec.id(), id);
    /// # });
    /// ```
    #[must_use]
    pub fn id(self) -> GcId {
        Gc::id(self.object)
    }
}

impl<'gc, T: Copy + 'gc> GcVec<'gc, T> {
    /// The number of elements.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// assert_eq!(GcVec::from_slice(mc, &[1, 2]).len(), 2);
    /// # });
    /// ```
    #[inline]
    #[must_use]
    pub fn len(self) -> usize {
        self.object.len()
    }

    /// Whether there is no element.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let vec = GcVec::new(mc);
    /// assert!(vec.is_empty());
    /// vec.push(mc, 1);
    /// assert!(!vec.is_empty());
    /// # });
    /// ```
    #[inline]
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The number of elements for which there is room.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let vec = GcVec::with_capacity(mc, 10);
    /// vec.push(mc, 1);
    /// assert_eq!((vec.len(), vec.capacity()), (1, 10));
    /// # });
    /// ```
    #[inline]
    #[must_use]
    pub fn capacity(self) -> usize {
        self.object.capacity()
    }

    /// The element at an index; `None` if there is none.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let vec = GcVec::from_slice(mc, &['a', 'b']);
    /// assert_eq!((vec.get(1), vec.get(2)), (Some('b'), None));
    /// # });
    /// ```
    #[inline]
    #[must_use]
    pub fn get(self, index: usize) -> Option<T> {
        self.object.get(index)
    }

    /// The last element; `None` if there is none.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// assert_eq!(GcVec::from_slice(mc, &[1, 2]).last(), Some(2));
    /// assert_eq!(GcVec::<u32>::new(mc).last(), None);
    /// # });
    /// ```
    #[inline]
    #[must_use]
    pub fn last(self) -> Option<T> {
        self.get(self.len().checked_sub(1)?)
    }

    /// The elements, copied out of the heap.
    ///
    /// # Complexity
    ///
    /// O(len) time and memory.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let vec = GcVec::from_slice(mc, &[1, 2]);
    /// let copy = vec.to_vec();
    /// vec.push(mc, 3);
    /// assert_eq!(copy, [1, 2]);
    /// # });
    /// ```
    #[must_use]
    pub fn to_vec(self) -> Vec<T> {
        self.object.slots().iter().map_while(Lock::get).collect()
    }

    /// The element at an index that the caller says is there.
    #[inline]
    #[track_caller]
    fn element(self, index: usize) -> T {
        match self.get(index) {
            Some(element) => element,
            None => self.out_of_bounds(index),
        }
    }

    #[cold]
    #[track_caller]
    fn out_of_bounds(self, index: usize) -> ! {
        panic!("the length is {} but the index is {index}", self.len())
    }
}

impl<'gc, T: Trace + Copy + 'gc> GcVec<'gc, T> {
    /// An empty vector. Its storage is allocated when the first element comes.
    ///
    /// # Panics
    ///
    /// If the heap is full.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let vec = GcVec::new(mc);
    /// assert_eq!(vec.capacity(), 0);
    /// vec.push(mc, Gc::new_str(mc, "first"));
    /// assert_eq!(vec.capacity(), 4);
    /// # });
    /// ```
    #[must_use]
    #[track_caller]
    pub fn new(mc: &Mutation<'gc>) -> GcVec<'gc, T> {
        GcVec { object: Gc::new(mc, Buffer::new()) }
    }

    /// An empty vector with room for this many elements.
    ///
    /// # Panics
    ///
    /// If the heap is full.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let vec = GcVec::with_capacity(mc, 100);
    /// vec.extend(mc, 0..100);
    /// assert_eq!(vec.capacity(), 100);
    /// # });
    /// ```
    #[must_use]
    #[track_caller]
    pub fn with_capacity(mc: &Mutation<'gc>, capacity: usize) -> GcVec<'gc, T> {
        let vec = GcVec::new(mc);
        if capacity > 0 {
            vec.reallocate(mc, capacity).unwrap_or_else(|_| mc.exhausted());
        }
        vec
    }

    /// A vector with these elements.
    ///
    /// # Panics
    ///
    /// If the heap is full.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let vec = GcVec::from_slice(mc, &[1, 2, 3]);
    /// assert_eq!(format!("{vec:?}"), "[1, 2, 3]");
    /// # });
    /// ```
    #[must_use]
    #[track_caller]
    pub fn from_slice(mc: &Mutation<'gc>, elements: &[T]) -> GcVec<'gc, T> {
        let vec = GcVec::with_capacity(mc, elements.len());
        vec.extend_from_slice(mc, elements);
        vec
    }

    /// Makes room for this many more elements.
    ///
    /// # Errors
    ///
    /// [`HeapFull`] if the heap is full; the vector is unchanged.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let vec = GcVec::from_slice(mc, &[1]);
    /// assert!(vec.try_reserve(mc, usize::MAX).is_err());
    /// assert_eq!(vec.to_vec(), [1]);
    /// # });
    /// ```
    #[track_caller]
    pub fn try_reserve(self, mc: &Mutation<'gc>, additional: usize) -> Result<(), HeapFull<()>> {
        let needed = self.len().checked_add(additional).ok_or_else(|| mc.heap_full(()))?;
        if needed <= self.capacity() {
            return Ok(());
        }
        // Twice the room, so that pushing costs O(1) on average.
        let doubled = self.capacity().saturating_mul(2);
        self.reallocate(mc, needed.max(doubled).max(CAPACITY_MIN))
    }

    /// Makes room for this many more elements.
    ///
    /// # Panics
    ///
    /// If the heap is full; the vector is unchanged.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let vec = GcVec::from_slice(mc, &[1]);
    /// vec.reserve(mc, 9);
    /// assert_eq!((vec.len(), vec.capacity()), (1, 10));
    /// # });
    /// ```
    #[track_caller]
    pub fn reserve(self, mc: &Mutation<'gc>, additional: usize) {
        self.try_reserve(mc, additional).unwrap_or_else(|_| mc.exhausted());
    }

    /// Replaces the storage by a larger one.
    #[track_caller]
    fn reallocate(self, mc: &Mutation<'gc>, capacity: usize) -> Result<(), HeapFull<()>> {
        let elements = self.object.slots().iter().map_while(Lock::get);
        let slots = Buffer::allocate(mc, capacity, elements)?;
        Buffer::install(Gc::write(mc, self.object), Some(slots), self.len());
        Ok(())
    }

    /// Stores an element.
    ///
    /// # Panics
    ///
    /// If the index is not below the length.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let vec = GcVec::from_slice(mc, &[1, 2]);
    /// vec.set(mc, 1, 20);
    /// assert_eq!(vec.to_vec(), [1, 20]);
    /// # });
    /// ```
    #[inline]
    #[track_caller]
    pub fn set(self, mc: &Mutation<'gc>, index: usize, element: T) {
        if index >= self.len() {
            self.out_of_bounds(index);
        }
        self.object.put(mc, index, Some(element));
    }

    /// Appends an element.
    ///
    /// # Panics
    ///
    /// If the heap is full; the vector is unchanged.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let vec = GcVec::from_slice(mc, &[1]);
    /// vec.push(mc, 2);
    /// assert_eq!(vec.to_vec(), [1, 2]);
    /// # });
    /// ```
    #[inline]
    #[track_caller]
    pub fn push(self, mc: &Mutation<'gc>, element: T) {
        if self.try_push(mc, element).is_err() {
            mc.exhausted();
        }
    }

    /// Appends an element, or gives it back if the heap is full.
    ///
    /// # Errors
    ///
    /// [`HeapFull`] if the heap is full; the vector is unchanged.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*;
    /// type Small = Arena<Rootable![()], NullCollector>;
    /// Small::builder().limit_bytes(64 << 10).build(|_| ()).enter(|mc, ()| {
    ///     let vec = GcVec::new(mc);
    ///     let full = (0_u32..).find_map(|n| vec.try_push(mc, n).err()).unwrap();
    ///     assert_eq!(full.into_value(), vec.len() as u32);
    /// });
    /// ```
    #[inline]
    #[track_caller]
    pub fn try_push(self, mc: &Mutation<'gc>, element: T) -> Result<(), HeapFull<T>> {
        match self.object.push(mc, element) {
            Ok(()) => Ok(()),
            Err(element) => self.push_slow(mc, element),
        }
    }

    #[cold]
    #[track_caller]
    fn push_slow(self, mc: &Mutation<'gc>, element: T) -> Result<(), HeapFull<T>> {
        self.try_reserve(mc, 1).map_err(|full| full.map(|()| element))?;
        self.object.push(mc, element).map_err(|element| mc.heap_full(element))
    }

    /// Takes the last element away; `None` if there is none.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let vec = GcVec::from_slice(mc, &[1, 2]);
    /// assert_eq!([vec.pop(mc), vec.pop(mc), vec.pop(mc)], [Some(2), Some(1), None]);
    /// # });
    /// ```
    #[inline]
    pub fn pop(self, mc: &Mutation<'gc>) -> Option<T> {
        let last = self.last()?;
        self.truncate(mc, self.len() - 1);
        Some(last)
    }

    /// Exchanges two elements.
    ///
    /// # Panics
    ///
    /// If an index is not below the length.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let vec = GcVec::from_slice(mc, &[1, 2, 3]);
    /// vec.swap(mc, 0, 2);
    /// assert_eq!(vec.to_vec(), [3, 2, 1]);
    /// # });
    /// ```
    #[track_caller]
    pub fn swap(self, mc: &Mutation<'gc>, a: usize, b: usize) {
        let (at_a, at_b) = (self.element(a), self.element(b));
        self.set(mc, a, at_b);
        self.set(mc, b, at_a);
    }

    /// Takes an element away and puts the last one in its place.
    ///
    /// # Panics
    ///
    /// If the index is not below the length.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let vec = GcVec::from_slice(mc, &[1, 2, 3]);
    /// assert_eq!(vec.swap_remove(mc, 0), 1);
    /// assert_eq!(vec.to_vec(), [3, 2]);
    /// # });
    /// ```
    #[track_caller]
    pub fn swap_remove(self, mc: &Mutation<'gc>, index: usize) -> T {
        let removed = self.element(index);
        self.swap(mc, index, self.len() - 1);
        self.truncate(mc, self.len() - 1);
        removed
    }

    /// Puts an element at an index; those from there on move up.
    ///
    /// # Panics
    ///
    /// If the index is above the length, or the heap is full; the vector is unchanged.
    ///
    /// # Complexity
    ///
    /// O(len - index): all of them are stored anew, and their segments logged.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let vec = GcVec::from_slice(mc, &[1, 3]);
    /// vec.insert(mc, 1, 2);
    /// assert_eq!(vec.to_vec(), [1, 2, 3]);
    /// # });
    /// ```
    #[track_caller]
    pub fn insert(self, mc: &Mutation<'gc>, index: usize, element: T) {
        let len = self.len();
        if index > len {
            self.out_of_bounds(index);
        }
        self.push(mc, element);
        for place in (index..len).rev() {
            self.object.put(mc, place + 1, self.get(place));
        }
        self.set(mc, index, element);
    }

    /// Takes an element away; those behind it move down.
    ///
    /// # Panics
    ///
    /// If the index is not below the length.
    ///
    /// # Complexity
    ///
    /// O(len - index): all of them are stored anew, and their segments logged.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let vec = GcVec::from_slice(mc, &[1, 2, 3]);
    /// assert_eq!(vec.remove(mc, 0), 1);
    /// assert_eq!(vec.to_vec(), [2, 3]);
    /// # });
    /// ```
    #[track_caller]
    pub fn remove(self, mc: &Mutation<'gc>, index: usize) -> T {
        let removed = self.element(index);
        let last = self.len() - 1;
        for place in index..last {
            self.object.put(mc, place, self.get(place + 1));
        }
        self.truncate(mc, last);
        removed
    }

    /// Keeps the first `len` elements; does nothing if there are not more. Keeps the capacity.
    ///
    /// # Complexity
    ///
    /// O(elements taken away).
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let vec = GcVec::from_slice(mc, &[1, 2, 3]);
    /// vec.truncate(mc, 5);
    /// vec.truncate(mc, 1);
    /// assert_eq!((vec.to_vec(), vec.capacity()), (vec![1], 3));
    /// # });
    /// ```
    #[inline]
    pub fn truncate(self, mc: &Mutation<'gc>, len: usize) {
        self.object.truncate(mc, len);
    }

    /// Takes all elements away. Keeps the capacity.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let vec = GcVec::from_slice(mc, &[1, 2, 3]);
    /// vec.clear(mc);
    /// assert_eq!((vec.len(), vec.capacity()), (0, 3));
    /// # });
    /// ```
    pub fn clear(self, mc: &Mutation<'gc>) {
        self.truncate(mc, 0);
    }

    /// Appends elements.
    ///
    /// # Panics
    ///
    /// If the heap is full; the vector is unchanged.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let vec = GcVec::from_slice(mc, &[1]);
    /// vec.extend_from_slice(mc, &[2, 3]);
    /// assert_eq!(vec.to_vec(), [1, 2, 3]);
    /// # });
    /// ```
    #[track_caller]
    pub fn extend_from_slice(self, mc: &Mutation<'gc>, elements: &[T]) {
        self.reserve(mc, elements.len());
        elements.iter().for_each(|&element| self.push(mc, element));
    }

    /// Makes the length `len`: takes elements away, or appends copies of `element`.
    ///
    /// # Panics
    ///
    /// If the heap is full; the vector is unchanged.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*; Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
    /// let vec = GcVec::from_slice(mc, &[1, 2, 3]);
    /// vec.resize(mc, 1, 0);
    /// vec.resize(mc, 3, 0);
    /// assert_eq!(vec.to_vec(), [1, 0, 0]);
    /// # });
    /// ```
    #[track_caller]
    pub fn resize(self, mc: &Mutation<'gc>, len: usize, element: T) {
        self.reserve(mc, len.saturating_sub(self.len()));
        self.truncate(mc, len);
        while self.len() < len {
            self.push(mc, element);
        }
    }
}

// SAFETY: the one reference is passed on.
unsafe impl<'gc, T: 'gc> Trace for GcVec<'gc, T> {
    const HAS_GC: bool = true;
    const SLOTS: SlotMap = <Gc<'gc, Buffer<'gc, T>> as Trace>::SLOTS;

    #[inline]
    fn visit(&self, edges: &mut Edges) {
        self.object.visit(edges);
    }

    #[inline]
    fn relocate(&mut self, slots: &mut Slots) {
        self.object.relocate(slots);
    }

    fn describe(&self, edges: &mut NamedEdges<'_>) {
        self.object.describe(edges);
    }

    fn check_send(_: &mut SendCheck<'_>) {}
}

#[cfg(test)]
mod tests {
    use fastrand::Rng;

    use super::super::testing::with_mutation;
    use super::*;

    #[test]
    fn it_answers_as_a_vec_does() {
        for seed in 0..20 {
            with_mutation(|mc| {
                let mut random = Rng::with_seed(seed);
                let (vec, mut model) = (GcVec::new(mc), Vec::new());
                for value in 0..2_000_u32 {
                    let index = random.usize(..model.len() + 1);
                    match random.usize(..12) {
                        0..=3 => {
                            vec.push(mc, value);
                            model.push(value);
                        }
                        4 => assert_eq!(vec.pop(mc), model.pop()),
                        5 => {
                            vec.insert(mc, index, value);
                            model.insert(index, value);
                        }
                        6 if index < model.len() => {
                            assert_eq!(vec.remove(mc, index), model.remove(index));
                        }
                        7 if index < model.len() => {
                            assert_eq!(vec.swap_remove(mc, index), model.swap_remove(index));
                        }
                        8 if index < model.len() => {
                            vec.set(mc, index, value);
                            model[index] = value;
                        }
                        9 if random.usize(..20) == 0 => {
                            vec.truncate(mc, index);
                            model.truncate(index);
                        }
                        10 => {
                            let len = index + random.usize(..10);
                            vec.resize(mc, len, value);
                            model.resize(len, value);
                        }
                        11 if index < model.len() => {
                            let last = model.len() - 1;
                            vec.swap(mc, index, last);
                            model.swap(index, last);
                        }
                        _ => {}
                    }
                    assert_eq!(vec.len(), model.len());
                    assert_eq!(vec.get(index), model.get(index).copied());
                    assert_eq!(vec.last(), model.last().copied());
                    assert!(vec.capacity() >= vec.len());
                }
                assert_eq!(vec.to_vec(), model);
                let slots = vec.object.slots();
                assert!(slots[vec.len()..].iter().all(|slot| slot.get().is_none()));
            });
        }
    }

    #[test]
    fn all_copies_of_a_handle_are_one_vector() {
        with_mutation(|mc| {
            let a = GcVec::with_capacity(mc, 10);
            let b = a;
            b.push(mc, 1);
            assert_eq!((a.len(), a.capacity()), (1, 10));
            assert!(a.ptr_eq(b) && a.id() == b.id());
            assert!(!a.ptr_eq(GcVec::from_slice(mc, &[1])));
        });
    }

    #[test]
    fn an_index_out_of_bounds_panics_and_changes_nothing() {
        with_mutation(|mc| {
            let vec = GcVec::from_slice(mc, &[1, 2, 3]);
            // There is a spare slot behind the elements, and it is not written to.
            vec.reserve(mc, 10);
            let operations: [&dyn Fn(); 5] = [
                &|| vec.set(mc, 3, 0),
                &|| vec.insert(mc, 4, 0),
                &|| {
                    vec.remove(mc, 3);
                },
                &|| {
                    vec.swap_remove(mc, usize::MAX);
                },
                &|| vec.swap(mc, 0, 3),
            ];
            for operation in operations {
                super::super::testing::assert_panics(operation);
                assert_eq!(vec.to_vec(), [1, 2, 3]);
            }
        });
    }

    #[test]
    fn a_full_heap_gives_the_element_back() {
        type Arena = crate::Arena<
            crate::__DynRootable<dyn for<'a> crate::Rootable<'a, Root = ()>>,
            crate::NullCollector,
        >;
        let arena = Arena::builder().limit_bytes(256 << 10).build(|_| ());
        arena.enter(|mc, ()| {
            let vec = GcVec::new(mc);
            let full = (0_u64..).find_map(|n| vec.try_push(mc, n).err()).unwrap();
            assert_eq!(full.into_value(), vec.len() as u64);
            assert!(vec.len() > 1_000);
            assert!(vec.try_reserve(mc, usize::MAX).is_err());
            assert_eq!(vec.to_vec(), (0..vec.len() as u64).collect::<Vec<_>>());
        });
    }
}
