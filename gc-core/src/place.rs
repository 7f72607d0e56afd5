//! The way to a reference within an object, for people: [`Place`], and [`NamedEdges`], by which a type
//! tells it.
//!
//! Nothing that a collector does depends on it. Whoever names references asks `visit` which there are,
//! and [`Trace::describe`] only for the names of these.

use alloc::vec::Vec;
use core::fmt;

use crate::heap::ObjectRef;
use crate::trace::{Edges, Trace};

/// One step of the way to a reference within an object.
///
/// See the example of [`Place`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// To a field, by its name: that of a tuple by its number.
    Field(&'static str),
    /// To an element of an array or of a collection, by its index: in a map by its place among the
    /// entries.
    Element(usize),
}

/// The way to a reference within an object or the root.
///
/// Cells, boxes, options and variants are no steps. A reference that is all there is in an object has
/// an empty place, and so has one whose type does not tell.
///
/// It is printed as `entries[3].key`; an empty one as `*`.
///
/// # Examples
///
/// Where in this object are its references?
///
/// ```
/// use gc_core::{AnyGc, Arena, Gc, Lock, NullCollector, Rootable, Step, Trace};
///
/// #[derive(Trace)]
/// struct Session<'gc> {
///     user: Gc<'gc, str>,
///     pages: Vec<(u32, Lock<Option<Gc<'gc, str>>>)>,
/// }
///
/// let mut arena: Arena<Rootable![Gc<'_, Session<'_>>], NullCollector> = Arena::new(|mc| {
///     let page = Lock::new(Some(Gc::new_str(mc, "/")));
///     Gc::new(mc, Session { user: Gc::new_str(mc, "Ada"), pages: vec![(1, page)] })
/// });
/// arena.inspect(|heap, session| {
///     let (mut names, mut steps) = (Vec::new(), Vec::new());
///     heap.for_each_reference(AnyGc::from(*session), |place, _| {
///         names.push(place.to_string());
///         steps = place.steps().to_vec();
///     });
///     assert_eq!(names, ["user", "pages[0].1"]);
///     assert_eq!(steps, [Step::Field("pages"), Step::Element(0), Step::Field("1")]);
/// });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place<'a> {
    steps: &'a [Step],
}

impl<'a> Place<'a> {
    /// The place of what has none.
    pub(crate) const EMPTY: Place<'static> = Place { steps: &[] };

    /// The steps, from the outermost.
    ///
    /// See the example of [`Place`].
    #[must_use]
    pub fn steps(&self) -> &'a [Step] {
        self.steps
    }

    /// Whether there is no step.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*;
    /// let mut arena = Arena::<Rootable![Gc<'_, Gc<'_, u32>>], NullCollector>::new(|mc| {
    ///     Gc::new(mc, Gc::new(mc, 1))
    /// });
    /// arena.inspect(|heap, outer| {
    ///     heap.for_each_reference(AnyGc::from(*outer), |place, _| {
    ///         assert!(place.is_empty() && place.to_string() == "*");
    ///     });
    /// });
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// As it is printed behind the name of what it is in: `.entries[3].key`, and an empty one not at
    /// all.
    pub(crate) fn behind_name(self) -> impl fmt::Display + use<'a> {
        Behind(self.steps)
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.steps {
            [] => f.write_str("*"),
            [Step::Field(name), others @ ..] => write!(f, "{name}{}", Behind(others)),
            steps => Behind(steps).fmt(f),
        }
    }
}

/// Steps that something stands in front of.
struct Behind<'a>(&'a [Step]);

impl fmt::Display for Behind<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|step| match step {
            Step::Field(name) => write!(f, ".{name}"),
            Step::Element(index) => write!(f, "[{index}]"),
        })
    }
}

/// Takes the references that [`Trace::describe`] reports, and their places.
///
/// Only this crate can make one.
///
/// # Examples
///
/// A description by hand, of a type whose `Trace` is written by hand:
///
/// ```
/// use gc_core::{AnyGc, Arena, Edges, Gc, NamedEdges, NullCollector, Rootable, Slots, Trace};
///
/// struct Matrix<'gc> {
///     title: Gc<'gc, str>,
///     cells: [[Gc<'gc, f64>; 2]; 2],
/// }
///
/// // SAFETY: `visit` and `relocate` report all references, in the same order.
/// unsafe impl Trace for Matrix<'_> {
///     const HAS_GC: bool = true;
/// #     const SLOTS: gc_core::SlotMap = gc_core::SlotMap::Dynamic;
///
///     fn visit(&self, edges: &mut Edges) {
///         self.title.visit(edges);
///         self.cells.visit(edges);
///     }
///
///     fn relocate(&mut self, slots: &mut Slots) {
///         self.title.relocate(slots);
///         self.cells.relocate(slots);
///     }
///
///     fn describe(&self, edges: &mut NamedEdges<'_>) {
///         edges.field("title", &self.title);
///         for (index, row) in self.cells.iter().enumerate() {
///             edges.element(index, row);
///         }
///     }
/// }
///
/// type Root = Rootable![Gc<'_, Matrix<'_>>];
/// let mut arena: Arena<Root, NullCollector> = Arena::new(|mc| {
///     let cell = Gc::new(mc, 0.0);
///     Gc::new(mc, Matrix { title: Gc::new_str(mc, "zero"), cells: [[cell; 2]; 2] })
/// });
/// arena.check_trace()?;
/// arena.inspect(|heap, matrix| {
///     let mut places = Vec::new();
///     heap.for_each_reference(AnyGc::from(*matrix), |place, _| places.push(place.to_string()));
///     assert_eq!(places, ["title", "[0][0]", "[0][1]", "[1][0]", "[1][1]"]);
/// });
/// # Ok::<(), gc_core::TraceFaults>(())
/// ```
pub struct NamedEdges<'a> {
    steps: Vec<Step>,
    each: &'a mut dyn FnMut(&Place<'_>, ObjectRef),
}

impl NamedEdges<'_> {
    /// Runs `report` with a sink whose references arrive at `each`, in the order reported.
    pub(crate) fn collect(
        each: &mut dyn FnMut(&Place<'_>, ObjectRef),
        report: impl FnOnce(&mut NamedEdges<'_>),
    ) {
        report(&mut NamedEdges { steps: Vec::new(), each });
    }

    /// Has a field described; its name is the next step of the way to what is in it.
    ///
    /// See the example of [`NamedEdges`].
    pub fn field<T: Trace + ?Sized>(&mut self, name: &'static str, value: &T) {
        self.describe(Step::Field(name), value);
    }

    /// Has an element described; its index is the next step of the way to what is in it.
    ///
    /// See the example of [`NamedEdges`].
    pub fn element<T: Trace + ?Sized>(&mut self, index: usize, value: &T) {
        self.describe(Step::Element(index), value);
    }

    fn describe<T: Trace + ?Sized>(&mut self, step: Step, value: &T) {
        if T::HAS_GC {
            self.steps.push(step);
            value.describe(self);
            self.__leave();
        }
    }

    /// The elements of a sequence.
    pub(crate) fn elements<'v, T: Trace + 'v>(&mut self, values: impl IntoIterator<Item = &'v T>) {
        if T::HAS_GC {
            values.into_iter().enumerate().for_each(|(index, value)| self.element(index, value));
        }
    }

    /// The values of a map whose keys hold no reference.
    pub(crate) fn values<'v, T: Trace + 'v>(&mut self, values: impl IntoIterator<Item = &'v T>) {
        if T::HAS_GC {
            for (index, value) in values.into_iter().enumerate() {
                self.steps.push(Step::Element(index));
                self.field("value", value);
                self.__leave();
            }
        }
    }

    /// For the derive, whose calls name a field's own `describe`: the next step is to this field.
    #[doc(hidden)]
    pub fn __enter(&mut self, name: &'static str) {
        self.steps.push(Step::Field(name));
    }

    /// For the derive: takes back what [`__enter`](NamedEdges::__enter) did.
    #[doc(hidden)]
    pub fn __leave(&mut self) {
        self.steps.pop();
    }

    /// A reference that is at the end of the way.
    pub(crate) fn push(&mut self, object: ObjectRef) {
        (self.each)(&Place { steps: &self.steps }, object);
    }

    /// A reference that is an element.
    pub(crate) fn push_element(&mut self, index: usize, object: ObjectRef) {
        self.steps.push(Step::Element(index));
        self.push(object);
        self.__leave();
    }

    /// What a `visit` reports, without further names.
    pub(crate) fn unnamed(&mut self, visit: impl FnOnce(&mut Edges)) {
        let mut objects = Vec::new();
        // Gathered, for `each` may unwind, and `visit` may not.
        Edges::collect(&mut |object| objects.push(object), visit);
        objects.into_iter().for_each(|object| self.push(object));
    }
}

impl fmt::Debug for NamedEdges<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NamedEdges").field("steps", &self.steps).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn a_place_is_printed_as_it_would_be_written() {
        let (field, element) = (Step::Field, Step::Element);
        for (steps, alone, behind) in [
            (&[][..], "*", ""),
            (&[field("key")], "key", ".key"),
            (&[element(3)], "[3]", "[3]"),
            (&[field("entries"), element(3), field("0")], "entries[3].0", ".entries[3].0"),
            (&[element(1), element(2), field("key")], "[1][2].key", "[1][2].key"),
        ] {
            let place = Place { steps };
            assert_eq!(place.to_string(), alone);
            assert_eq!(format!("Node{}", place.behind_name()), format!("Node{behind}"));
        }
    }
}
