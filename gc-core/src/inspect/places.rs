//! References with their names: where in an object, or in the root, each of them is.
//!
//! Which references there are, and to what, is always what `visit` says, as everywhere else; that a
//! type describes itself adds the names. So a wrong description is a wrong name and nothing worse.

use alloc::string::ToString;
use alloc::vec::Vec;
use core::fmt;

use super::references::ELEMENTS_MAX;
use super::{AnyGc, HeapView};
use crate::heap::ObjectRef;
use crate::place::{NamedEdges, Place};
use crate::short_name::Short;
use crate::trace::Edges;

/// What keeps an object from outside of the heap.
///
/// It is printed as `root`, `root.sessions[2]`, `handle`, `frozen` or `pending`.
///
/// See the example of [`HeapView::for_each_root`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Holding<'a> {
    /// A reference at this place in the root: an empty one, if the root is but one reference.
    Root(&'a Place<'a>),
    /// A handle of the arena's own set: a [`DynamicRoot`](crate::DynamicRoot) and its clones, a
    /// finalizer that has its turn, or garbage that was [saved](crate::Arena::save_garbage). Other
    /// sets of handles are objects, and keep only while they are reachable.
    Handle,
    /// It is [frozen](AnyGc::is_frozen).
    Frozen,
    /// Nothing, but its count is yet to be taken back: a call of the user's comes first.
    Pending,
}

impl fmt::Display for Holding<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Holding::Root(place) => write!(f, "root{}", place.behind_name()),
            Holding::Handle => f.write_str("handle"),
            Holding::Frozen => f.write_str("frozen"),
            Holding::Pending => f.write_str("pending"),
        }
    }
}

impl<'gc> HeapView<'gc> {
    /// Calls the closure for every reference of an object, with the place where it is: in the order of
    /// [`referents`](HeapView::referents), and as there a weak reference is none.
    ///
    /// # Complexity
    ///
    /// O(references), and two allocations for all of them, or for 64 elements of an array.
    ///
    /// # Examples
    ///
    /// By which field does one object refer to another?
    ///
    /// ```
    /// use gc_core::{AnyGc, Arena, Gc, NullCollector, Rootable, Trace};
    ///
    /// #[derive(Trace)]
    /// struct Account<'gc> {
    ///     owner: Gc<'gc, str>,
    ///     entries: Vec<Gc<'gc, i64>>,
    /// }
    ///
    /// type Root = Rootable![Gc<'_, Account<'_>>];
    /// let mut arena: Arena<Root, NullCollector> = Arena::new(|mc| {
    ///     let entries = [100, -30].map(|cents| Gc::new(mc, cents)).into();
    ///     Gc::new(mc, Account { owner: Gc::new_str(mc, "Ada"), entries })
    /// });
    /// arena.inspect(|heap, account| {
    ///     let mut lines = Vec::new();
    ///     heap.for_each_reference(AnyGc::from(*account), |place, object| {
    ///         lines.push(format!("{place}: {}", object.type_name()));
    ///     });
    ///     assert_eq!(lines, ["owner: [u8]", "entries[0]: i64", "entries[1]: i64"]);
    /// });
    /// ```
    pub fn for_each_reference(&self, of: AnyGc<'gc>, mut each: impl FnMut(&Place<'_>, AnyGc<'gc>)) {
        of.for_each_named(&mut each);
    }

    /// Calls the closure for everything that keeps objects from outside of the heap, once for each
    /// reference: whatever lives is reached from these objects, or is the value of a
    /// [`WeakMap`](crate::WeakMap) whose key is.
    ///
    /// # Complexity
    ///
    /// O(references in the root, and handles), and O(objects) if any is frozen.
    ///
    /// # Examples
    ///
    /// What keeps these objects?
    ///
    /// ```
    /// use gc_core::{Arena, Gc, NullCollector, Rootable, Trace};
    ///
    /// #[derive(Trace)]
    /// struct Server<'gc> {
    ///     sessions: Vec<Gc<'gc, u32>>,
    /// }
    ///
    /// let mut arena: Arena<Rootable![Server<'_>], NullCollector> =
    ///     Arena::new(|mc| Server { sessions: vec![Gc::new(mc, 1), Gc::new(mc, 2)] });
    /// let handle = arena.mutate(|mc, server| mc.stash::<Rootable![u32]>(server.sessions[1]));
    /// arena.inspect(|heap, server| {
    ///     let mut holders = Vec::new();
    ///     heap.for_each_root(|holding, _| holders.push(holding.to_string()));
    ///     assert_eq!(holders, ["root.sessions[0]", "root.sessions[1]", "handle"]);
    /// });
    /// # drop(handle);
    /// ```
    pub fn for_each_root(&self, mut each: impl FnMut(&Holding<'_>, AnyGc<'gc>)) {
        // SAFETY: what is kept is of this heap.
        let show = |object| unsafe { HeapView::show(object) };
        Names::default().pair(
            |edges| self.root.visit_dyn(edges),
            |edges| self.root.describe_dyn(edges),
            &mut |place, object| {
                if let Some(object) = show(object) {
                    each(&Holding::Root(place), object);
                }
            },
        );
        let mut handles = Vec::new();
        // A list, for the closure may drop a handle.
        self.arena_handles().for_each_edge(|object| handles.push(object));
        handles.into_iter().filter_map(show).for_each(|object| each(&Holding::Handle, object));
        if self.contents.frozen_objects > 0 {
            let frozen = self.objects().filter(|object| object.is_frozen());
            frozen.for_each(|object| each(&Holding::Frozen, object));
        }
        let owed = self.owed.iter().copied().filter_map(show);
        owed.for_each(|object| each(&Holding::Pending, object));
    }

    /// Calls the closure for the key and the value of every entry of a [`WeakMap`](crate::WeakMap),
    /// as long as the key lives. It is no reference of either object: key and map keep the value
    /// together, so it is reachable if both are.
    ///
    /// # Complexity
    ///
    /// O(weakly held objects).
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::*;
    /// type Root<'gc> = (WeakMap<'gc, u32, str>, Gc<'gc, u32>);
    /// let mut arena: Arena<Rootable!['gc => Root<'gc>], NullCollector> = Arena::new(|mc| {
    ///     let (map, key) = (WeakMap::new(mc), Gc::new(mc, 1));
    ///     map.insert(mc, key, Gc::new_str(mc, "one"));
    ///     (map, key)
    /// });
    /// arena.inspect(|heap, root| {
    ///     let mut values = Vec::new();
    ///     heap.for_each_weak_value(|key, value| values.push((key, value.type_name())));
    ///     assert_eq!(values, [(AnyGc::from(root.1), "[u8]")]);
    /// });
    /// ```
    pub fn for_each_weak_value(&self, mut each: impl FnMut(AnyGc<'gc>, AnyGc<'gc>)) {
        for ephemeron in self.contents.weak.all_ephemerons() {
            // SAFETY: an ephemeron that is listed has a key and a value of this heap.
            let show = |object| unsafe { HeapView::show(object) };
            if let (Some(key), Some(value)) = (show(ephemeron.key), show(ephemeron.value)) {
                each(key, value);
            }
        }
    }
}

impl<'gc> AnyGc<'gc> {
    /// Every reference of the object with its place, in the order in which `visit` reports them.
    pub(super) fn for_each_named(self, each: &mut dyn FnMut(&Place<'_>, AnyGc<'gc>)) {
        self.for_each_place(&mut |place, object| {
            // SAFETY: what an object refers to is of its heap.
            if let Some(object) = unsafe { HeapView::show(object) } {
                each(place, object);
            }
        });
    }

    /// As [`for_each_named`](AnyGc::for_each_named), with hidden objects; looks at none that is referred to.
    pub(super) fn for_each_place(self, each: &mut dyn FnMut(&Place<'_>, ObjectRef)) {
        if !self.is_tracked() {
            return;
        }
        let object = self.object();
        // SAFETY: it is not reclaimed within `'gc`.
        let descriptor = unsafe { object.descriptor() };
        // SAFETY: as above.
        let len = unsafe { object.element_count() };
        let mut names = Names::default();
        let mut first = 0;
        loop {
            let elements = first..len.min(first + ELEMENTS_MAX);
            first = elements.end;
            names.pair(
                // SAFETY: as above; the elements are within it. That takes a `Mutation` which could
                // borrow anything in it mutably, and nobody has one of this arena.
                |edges| unsafe { descriptor.visit(object, elements.clone(), edges) },
                // SAFETY: as above.
                |edges| unsafe { descriptor.describe(object, elements.clone(), edges) },
                each,
            );
            if first == len {
                return;
            }
        }
    }
}

/// How an object leads to the next of a way: printed as `Session.cache -> `, or with a double arrow if it
/// is the key of an entry whose value is the next.
pub(super) struct Lead<'gc> {
    pub(super) object: AnyGc<'gc>,
    pub(super) next: AnyGc<'gc>,
}

impl fmt::Display for Lead<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Short(self.object.type_name()))?;
        let mut lead = None;
        self.object.for_each_named(&mut |place, target| {
            if target == self.next && lead.is_none() {
                lead = Some(place.behind_name().to_string());
            }
        });
        match lead {
            Some(place) => write!(f, "{place} -> "),
            None => f.write_str(" => "),
        }
    }
}

/// References that are yet to be named.
#[derive(Default)]
struct Names(Vec<ObjectRef>);

impl Names {
    /// Calls `each` with every reference that is visited, and the place that the description has for
    /// it: an empty one, if the description does not agree.
    fn pair(
        &mut self,
        visit: impl FnOnce(&mut Edges),
        describe: impl FnOnce(&mut NamedEdges<'_>),
        each: &mut dyn FnMut(&Place<'_>, ObjectRef),
    ) {
        Edges::collect(&mut |object| self.0.push(object), visit);
        let mut visited = self.0.drain(..);
        let mut name = |place: &Place<'_>, described| {
            if let Some(object) = visited.next() {
                each(if described == object { place } else { &Place::EMPTY }, object);
            }
        };
        NamedEdges::collect(&mut name, describe);
        visited.for_each(|object| each(&Place::EMPTY, object));
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::String;
    use alloc::vec;

    use super::*;
    use crate::trace::{SlotMap, Slots, Trace};
    use crate::{Arena, Gc, NullCollector, Rootable, SliceWithHeader};

    fn names<'gc>(heap: &HeapView<'gc>, of: AnyGc<'gc>) -> Vec<(String, AnyGc<'gc>)> {
        let mut names = Vec::new();
        heap.for_each_reference(of, |place, object| names.push((place.to_string(), object)));
        names
    }

    /// What a description says beside the truth.
    #[derive(Clone, Copy)]
    enum Lie {
        Nothing,
        TooFew,
        TooMany,
        AnotherObject,
        AnotherOrder,
    }

    struct Liar<'gc> {
        lie: Lie,
        parts: [Gc<'gc, u8>; 2],
        other: Gc<'gc, u8>,
    }

    // SAFETY: `visit` and `relocate` report the parts. (Nothing is ever reclaimed here.)
    unsafe impl Trace for Liar<'_> {
        const HAS_GC: bool = true;
        const SLOTS: SlotMap = SlotMap::Dynamic;

        fn visit(&self, edges: &mut Edges) {
            self.parts.visit(edges);
        }

        fn relocate(&mut self, slots: &mut Slots) {
            self.parts.relocate(slots);
        }

        fn describe(&self, edges: &mut NamedEdges<'_>) {
            let [first, last] = &self.parts;
            match self.lie {
                Lie::Nothing => {}
                Lie::TooFew => edges.field("first", first),
                Lie::TooMany => edges.field("all", &[*first, *last, *last]),
                Lie::AnotherObject => edges.field("others", &[self.other, *last]),
                Lie::AnotherOrder => edges.field("parts", &[*last, *first]),
            }
        }
    }

    type Liars = Arena<Rootable![Gc<'_, Liar<'_>>], NullCollector>;

    #[test]
    fn a_description_that_lies_gives_wrong_names_and_no_other_objects() {
        for (lie, expected) in [
            (Lie::Nothing, ["*", "*"]),
            (Lie::TooFew, ["first", "*"]),
            (Lie::TooMany, ["all[0]", "all[1]"]),
            (Lie::AnotherObject, ["*", "others[1]"]),
            (Lie::AnotherOrder, ["*", "*"]),
        ] {
            let mut arena = Liars::new(|mc| {
                let parts = [Gc::new(mc, 0), Gc::new(mc, 1)];
                Gc::new(mc, Liar { lie, parts, other: Gc::new(mc, 2) })
            });
            arena.inspect(|heap, liar| {
                let [first, last] = liar.parts.map(AnyGc::from);
                let expected = [(expected[0].to_string(), first), (expected[1].to_string(), last)];
                assert_eq!(names(heap, AnyGc::from(*liar)), expected);
            });
        }
    }

    #[test]
    fn the_elements_of_a_long_array_have_their_numbers_and_the_header_its_name() {
        type Row<'gc> = SliceWithHeader<Gc<'gc, u8>, (bool, Option<Gc<'gc, u8>>)>;
        type Rows = Arena<Rootable![Vec<Gc<'_, Row<'_>>>], NullCollector>;
        let mut arena = Rows::new(|mc| {
            let byte = |byte| Gc::new(mc, byte);
            let odd = |i: usize| (true, (i % 2 == 1).then(|| byte(i as u8)));
            let row = |len| Gc::new_slice_with_header(mc, byte(200), len, odd);
            [0, 1, ELEMENTS_MAX, 3 * ELEMENTS_MAX + 1].map(row).into()
        });
        arena.inspect(|heap, rows| {
            for row in rows {
                let mut expected = vec![("header".to_string(), AnyGc::from(row.header))];
                for (index, (_, byte)) in row.slice.iter().enumerate() {
                    let name = |&byte| (alloc::format!("[{index}].1"), AnyGc::from(byte));
                    expected.extend(byte.iter().map(name));
                }
                assert_eq!(names(heap, AnyGc::from(*row)), expected);
            }
        });
    }

    #[test]
    fn a_closure_may_drop_the_handles_it_hears_of() {
        type Sets<'gc> = crate::DynamicRootSet<'gc>;
        let mut arena: Arena<Rootable![Sets<'_>], NullCollector> =
            Arena::new(|mc| crate::DynamicRootSet::new(mc));
        let mut handles: Vec<_> = arena.mutate(|mc, set| {
            let own = mc.stash::<Rootable![u8]>(Gc::new(mc, 0));
            let of_set = [1, 2].map(|byte| set.stash::<Rootable![u8]>(mc, Gc::new(mc, byte)));
            [own].into_iter().chain(of_set).collect()
        });
        arena.inspect(|heap, _| {
            let mut set = None;
            heap.for_each_root(|holding, object| match holding {
                Holding::Handle => drop(handles.remove(0)),
                holding => {
                    assert_eq!(holding.to_string(), "root");
                    set = Some(object);
                }
            });
            let mut places = Vec::new();
            heap.for_each_reference(set.expect("the root is the set"), |place, _| {
                handles.truncate(1);
                places.push(place.to_string());
            });
            // The other is there still, but has no place in the set any more.
            assert_eq!(places, ["[0]", "*"]);
        });
    }
}
