//! The objects of a heap with a number each, and nothing else of it: [`NumberedObjects`].

use alloc::vec::Vec;
use core::fmt;

use super::references::References;
use super::{AnyGc, HeapView};
use crate::heap::{ObjectNumbers, ObjectRef};
use crate::place::Place;

/// The objects of a heap with a number each: see [`HeapView::number_objects`].
///
/// A [`HeapGraph`](super::HeapGraph) has the same numbers, and which object refers to which beside
/// that. These alone are for who looks at each object once or twice, and writes down what is there.
///
/// Memory: 8 bytes for each object, and 32 KiB for each MiB of the heap.
///
/// # Examples
///
/// ```
/// use gc_core::{AnyGc, Arena, Gc, NullCollector, Rootable};
///
/// let mut arena: Arena<Rootable![Vec<Gc<'_, u32>>], NullCollector> =
///     Arena::new(|mc| (0..10).map(|number| Gc::new(mc, number)).collect());
/// arena.inspect(|heap, numbers| {
///     let objects = heap.number_objects();
///     let last = AnyGc::from(numbers[9]);
///     let number = objects.number(last).expect("it is an object of this heap");
///     assert_eq!(objects.as_slice()[number as usize], last);
///     assert_eq!(objects.as_slice().len(), 10);
/// });
/// ```
///
/// What refers to what, without a look at what is referred to:
///
/// ```
/// # use gc_core::*;
/// type Pair<'gc> = Gc<'gc, (Gc<'gc, u32>, Gc<'gc, f64>)>;
/// let mut arena = Arena::<Rootable![Pair<'_>], NullCollector>::new(|mc| {
///     Gc::new(mc, (Gc::new(mc, 1), Gc::new(mc, 1.5)))
/// });
/// arena.inspect(|heap, pair| {
///     let objects = heap.number_objects();
///     let expected = [AnyGc::from(pair.0), AnyGc::from(pair.1)].map(|it| objects.number(it).unwrap());
///     assert!(objects.referents(AnyGc::from(*pair)).eq(expected));
///     let mut found = Vec::new();
///     objects.for_each_reference(AnyGc::from(*pair), |place, to| found.push((place.to_string(), to)));
///     assert_eq!(found, [("0".to_owned(), expected[0]), ("1".to_owned(), expected[1])]);
/// });
/// ```
pub struct NumberedObjects<'gc> {
    /// In the order of their addresses.
    objects: Vec<AnyGc<'gc>>,
    numbers: ObjectNumbers,
}

impl<'gc> HeapView<'gc> {
    /// Numbers all objects, from 0 on, in the order of their addresses.
    ///
    /// # Complexity
    ///
    /// O(objects * log(objects)); a heap whose objects were listed by their addresses is sorted.
    ///
    /// # Panics
    ///
    /// If there are 2^32 objects or more. They would take 64 GiB at least.
    ///
    /// # Examples
    ///
    /// See the example of [`NumberedObjects`].
    #[must_use]
    pub fn number_objects(&self) -> NumberedObjects<'gc> {
        NumberedObjects::of(self.objects().collect())
    }
}

impl<'gc> NumberedObjects<'gc> {
    /// Numbers objects none of which is there twice.
    pub(super) fn of(mut objects: Vec<AnyGc<'gc>>) -> NumberedObjects<'gc> {
        assert!(u32::try_from(objects.len()).is_ok(), "there are 2^32 objects or more");
        // The walk goes through each block in this order, so most of it is sorted as it is.
        objects.sort_by_key(|object| object.object());
        objects.shrink_to_fit();
        let numbers = ObjectNumbers::of(objects.iter().map(|object| object.object()));
        NumberedObjects { objects, numbers }
    }

    /// The number of an object that may be hidden: then it has none.
    pub(super) fn number_of(&self, object: ObjectRef) -> Option<u32> {
        self.numbers.get(object)
    }

    /// All objects, each at the place of its number.
    ///
    /// See the example of [`NumberedObjects`].
    #[must_use]
    pub fn as_slice(&self) -> &[AnyGc<'gc>] {
        &self.objects
    }

    /// The number of an object; `None` if [`HeapView::objects`] does not list it.
    ///
    /// # Complexity
    ///
    /// O(1), and a look-up in a hash table of the chunks of the heap.
    ///
    /// See the example of [`NumberedObjects`].
    #[must_use]
    pub fn number(&self, object: AnyGc<'gc>) -> Option<u32> {
        self.number_of(object.object())
    }

    /// The numbers of the objects that an object refers to, as
    /// [`HeapView::referents`] has them. Several times as fast in a large heap: these objects are not
    /// looked at.
    ///
    /// See the example of [`NumberedObjects`].
    pub fn referents(&self, of: AnyGc<'gc>) -> impl Iterator<Item = u32> {
        // What is hidden has no number.
        References::new(of.object()).filter_map(|object| self.number_of(object))
    }

    /// Calls the closure for every reference of an object with its place, and the number of what it
    /// leads to, as [`HeapView::for_each_reference`] does. Several times as fast in a large heap.
    ///
    /// See the example of [`NumberedObjects`].
    pub fn for_each_reference(&self, of: AnyGc<'gc>, mut each: impl FnMut(&Place<'_>, u32)) {
        of.for_each_place(&mut |place, object| {
            if let Some(number) = self.number_of(object) {
                each(place, number);
            }
        });
    }
}

impl fmt::Debug for NumberedObjects<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NumberedObjects")
            .field("objects", &self.objects.len())
            .finish_non_exhaustive()
    }
}
