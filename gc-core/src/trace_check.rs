//! Checking what types report: a debug mode that finds a [`Trace`] which contradicts itself, and
//! references that are counted and not reported, or reported and not counted.
//!
//! What a type never reports to anyone cannot be found in this way: nobody knows of it.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::fmt;

use crate::arena::Arena;
use crate::collector::Collector;
use crate::heap::{Contents, FaultKind, Hold, ObjectCounts, ObjectRef, for_each_edge};
use crate::place::NamedEdges;
use crate::rootable::{Root, Rootable};
use crate::short_name::Short;
use crate::trace::{DynTrace, Edges, Slots, Trace};

/// What is wrong with one type's [`Trace`].
///
/// # Examples
///
/// ```
/// use gc_core::{Arena, Edges, Gc, NullCollector, Rootable, Slots, Trace, TraceFault};
///
/// struct Forgetful<'gc>(Gc<'gc, u32>);
///
/// // SAFETY: none, on purpose: `relocate` does not report the reference that `visit` does.
/// unsafe impl Trace for Forgetful<'_> {
///     const HAS_GC: bool = true;
/// #     const SLOTS: gc_core::SlotMap = gc_core::SlotMap::Dynamic;
///
///     fn visit(&self, edges: &mut Edges) {
///         self.0.visit(edges);
///     }
///
///     fn relocate(&mut self, _: &mut Slots) {}
/// }
///
/// let mut arena: Arena<Rootable![Gc<'_, Forgetful<'_>>], NullCollector> =
///     Arena::new(|mc| Gc::new(mc, Forgetful(Gc::new(mc, 1))));
/// let faults = arena.check_trace().unwrap_err();
/// assert!(matches!(
///     faults.faults(),
///     [TraceFault::Contradiction { visited: 1, relocated: 0, .. }]
/// ));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TraceFault {
    /// Of the same value, `visit` and `relocate` have reported different references, or others than
    /// lie at the places that the type's map names.
    Contradiction {
        /// The type.
        type_name: &'static str,
        /// How many references `visit` has reported.
        visited: usize,
        /// How many `relocate` has reported.
        relocated: usize,
    },
    /// Of the same value, `describe` has reported other references than `visit`, or in another order:
    /// their names are wrong.
    Misnaming {
        /// The type.
        type_name: &'static str,
        /// How many references `visit` has reported.
        visited: usize,
        /// How many `describe` has reported.
        described: usize,
    },
    /// The number of references to an object that were counted is not that of those that are
    /// reported. If more were counted, some type has ceased to report a reference, or has lost it
    /// without the write barrier, and the object leaks. If fewer were, the object dies too early.
    Miscount {
        /// The type of the object that is referred to.
        type_name: &'static str,
        /// How many references were counted.
        counted: usize,
        /// How many are reported.
        reported: usize,
        /// The types that report some, in alphabetical order, and `root`, `handle`
        /// and `entry` (of a [`WeakMap`](crate::WeakMap)), where they are.
        holders: Vec<&'static str>,
    },
}

impl TraceFault {
    /// As what the verifier reports it.
    pub(crate) fn kind(&self) -> FaultKind {
        match self {
            TraceFault::Miscount { .. } => FaultKind::Count,
            TraceFault::Contradiction { .. } | TraceFault::Misnaming { .. } => FaultKind::Trace,
        }
    }
}

impl fmt::Display for TraceFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TraceFault::Contradiction { type_name, visited, relocated } => write!(
                f,
                "`Trace` of {} contradicts itself: `visit` reports {visited} references, `relocate` \
                 {relocated}, or others",
                Short(type_name)
            ),
            TraceFault::Misnaming { type_name, visited, described } => write!(
                f,
                "`Trace` of {} misnames references: `visit` reports {visited}, `describe` \
                 {described}, or others",
                Short(type_name)
            ),
            TraceFault::Miscount { type_name, counted, reported, holders } => {
                write!(
                    f,
                    "a {} is counted {counted} times and referred to {reported} times",
                    Short(type_name)
                )?;
                for (place, holder) in holders.iter().enumerate() {
                    write!(f, "{} {}", if place == 0 { ", by" } else { "," }, Short(holder))?;
                }
                Ok(())
            }
        }
    }
}

/// Everything that [`Arena::check_trace`] has found.
///
/// See the example of [`TraceFault`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceFaults(Vec<TraceFault>);

impl TraceFaults {
    /// What is wrong, one entry for each type that contradicts itself and each object with a wrong
    /// count. There is at least one.
    ///
    /// See the example of [`TraceFault`].
    #[must_use]
    pub fn faults(&self) -> &[TraceFault] {
        &self.0
    }
}

/// So many faults have a line.
const LINES_MAX: usize = 20;

impl fmt::Display for TraceFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, fault) in self.0.iter().enumerate().take(LINES_MAX) {
            write!(f, "{}{fault}", if place == 0 { "" } else { "\n" })?;
        }
        match self.0.len().saturating_sub(LINES_MAX) {
            0 => Ok(()),
            others => write!(f, "\nand {others} more"),
        }
    }
}

impl core::error::Error for TraceFaults {}

impl<R, C> Arena<R, C>
where
    R: for<'a> Rootable<'a>,
    for<'a> Root<'a, R>: Sized + Trace,
    C: Collector,
{
    /// Checks that the types in the heap report their references right, as far as that can be seen:
    /// that `visit`, `relocate` and `describe` of each object agree, and, with a collector that counts,
    /// that every object is reported as often as it is counted. For authors of unsafe code; see
    /// [`ArenaBuilder::check_trace`](crate::ArenaBuilder::check_trace) for a check at every safepoint.
    ///
    /// Brings the counts up to date first, as [`inspect`](Arena::inspect) does.
    ///
    /// # Errors
    ///
    /// [`TraceFaults`], with the names of the types.
    ///
    /// # Complexity
    ///
    /// O(objects and references) time, and an entry for each object that is referred to.
    ///
    /// # Examples
    ///
    /// ```
    /// use gc_core::{Arena, Gc, NullCollector, Rootable};
    ///
    /// let mut arena: Arena<Rootable![Vec<Gc<'_, u32>>], NullCollector> =
    ///     Arena::new(|mc| vec![Gc::new(mc, 1), Gc::new(mc, 2)]);
    /// arena.check_trace()?;
    /// # Ok::<(), gc_core::TraceFaults>(())
    /// ```
    pub fn check_trace(&mut self) -> Result<(), TraceFaults> {
        self.settle_counts();
        self.check_settled_trace()
    }

    /// [`check_trace`](Arena::check_trace), when the counts are up to date.
    pub(crate) fn check_settled_trace(&mut self) -> Result<(), TraceFaults> {
        let faults = self.find_trace_faults(true);
        if faults.is_empty() { Ok(()) } else { Err(TraceFaults(faults)) }
    }

    /// What is wrong with counts that are up to date, and, if it is asked for, with what types report.
    pub(crate) fn find_trace_faults(&mut self, finds_contradictions: bool) -> Vec<TraceFault> {
        let mut faults = Vec::new();
        let contents = self.heap.contents();
        if finds_contradictions {
            let mut contradicting = BTreeSet::new();
            // SAFETY: the arena is borrowed exclusively, and no closure of it runs.
            unsafe {
                find_contradictions(contents, &mut self.root, &mut contradicting, &mut faults)
            }
        }
        if C::ATTRIBUTES.counts_references {
            let counted = Counted { contents, root: &self.root, owed: self.collector.owed() };
            counted.find_miscounts(&mut faults);
        }
        faults
    }
}

/// Compares `visit`, `relocate` and `describe` of every object and of the root; each type is noted
/// once.
///
/// # Safety
///
/// There is no reference into any object, nor to the root.
unsafe fn find_contradictions(
    contents: Contents<'_>,
    root: &mut dyn DynTrace,
    contradicting: &mut BTreeSet<&'static str>,
    faults: &mut Vec<TraceFault>,
) {
    let [mut mapped, mut visited, mut relocated, mut described] = [const { Vec::new() }; 4];
    let mut compare = |type_name, lists: [&mut Vec<ObjectRef>; 4]| {
        let [mapped, visited, relocated, described] = lists;
        let is_misnamed = visited != described;
        // The compiler may have laid the fields out in another order.
        mapped.sort_unstable();
        visited.sort_unstable();
        relocated.sort_unstable();
        if (mapped != visited || visited != relocated) && contradicting.insert(type_name) {
            let (visited, relocated) = (visited.len(), relocated.len());
            faults.push(TraceFault::Contradiction { type_name, visited, relocated });
        } else if is_misnamed && contradicting.insert(type_name) {
            let (visited, described) = (visited.len(), described.len());
            faults.push(TraceFault::Misnaming { type_name, visited, described });
        }
        [mapped, visited, relocated, described].into_iter().for_each(Vec::clear);
    };
    for object in contents.objects() {
        // SAFETY: what is listed was not reclaimed.
        let descriptor = unsafe { object.descriptor() };
        // SAFETY: as above.
        let elements = 0..unsafe { object.element_count() };
        // SAFETY: as above; there is no reference into it, says the caller.
        unsafe { for_each_edge(object, |target| mapped.push(target)) }
        Edges::collect(&mut |target| visited.push(target), |edges| {
            // SAFETY: as above; the elements are all there are.
            unsafe { descriptor.visit(object, elements.clone(), edges) }
        });
        Slots::collect(&mut |slot| relocated.push(slot.get()), |slots| {
            // SAFETY: as above.
            unsafe { descriptor.relocate(object, elements.clone(), slots) }
        });
        NamedEdges::collect(&mut |_, target| described.push(target), |edges| {
            // SAFETY: as above.
            unsafe { descriptor.describe(object, elements, edges) }
        });
        let lists = [&mut mapped, &mut visited, &mut relocated, &mut described];
        compare(descriptor.type_name(), lists);
    }
    Edges::collect(&mut |target| visited.push(target), |edges| root.visit_dyn(edges));
    mapped.clone_from(&visited);
    Slots::collect(&mut |slot| relocated.push(slot.get()), |slots| root.relocate_dyn(slots));
    NamedEdges::collect(&mut |_, target| described.push(target), |edges| root.describe_dyn(edges));
    compare(ROOT, [&mut mapped, &mut visited, &mut relocated, &mut described]);
}

const ROOT: &str = "root";
const HANDLE: &str = "handle";
/// Of a `WeakMap`.
const ENTRY: &str = "entry";
/// Nothing reports it any more, but it is yet to be taken back.
const OWED: &str = "owed";

/// Everything that a collector has counted, when its counts are up to date.
struct Counted<'a> {
    contents: Contents<'a>,
    root: &'a dyn DynTrace,
    owed: Vec<ObjectRef>,
}

impl Counted<'_> {
    /// Calls `each` for every reference, with the type of what holds it.
    fn for_each(&self, mut each: impl FnMut(ObjectRef, &'static str)) {
        Edges::collect(&mut |target| each(target, ROOT), |edges| self.root.visit_dyn(edges));
        let released = self.contents.weak.released();
        self.owed.iter().chain(released).for_each(|&target| each(target, OWED));
        for ephemeron in self.contents.weak.all_ephemerons() {
            // SAFETY: what is in the table was not reclaimed.
            if unsafe { ephemeron.hold() } == Hold::Counted {
                each(ephemeron.value, ENTRY);
            }
        }
        let mut sets = BTreeSet::new();
        for table in self.contents.handle_tables.iter().filter(|table| table.is_owner_mature()) {
            table.for_each_counted(|target| each(target, HANDLE));
            sets.extend(table.owning_object());
        }
        for holder in self.contents.objects().filter(|holder| !sets.contains(holder)) {
            // SAFETY: what is listed was not reclaimed.
            let type_name = unsafe { holder.descriptor() }.type_name();
            // SAFETY: as above, and outside of every closure nothing is borrowed.
            unsafe { for_each_edge(holder, |target| each(target, type_name)) }
        }
    }

    fn find_miscounts(&self, faults: &mut Vec<TraceFault>) {
        let mut reported = ObjectCounts::default();
        self.for_each(|target, _| reported.increment(target));
        let mut wrong: BTreeMap<ObjectRef, BTreeSet<&'static str>> = BTreeMap::new();
        // SAFETY: what is listed was not reclaimed.
        let count = |object| unsafe { self.contents.census.counts.get(object) };
        for object in self.contents.objects() {
            if count(object) != reported.get(object) {
                wrong.insert(object, BTreeSet::new());
            }
        }
        if wrong.is_empty() {
            return;
        }
        self.for_each(|target, holder| {
            if let Some(holders) = wrong.get_mut(&target) {
                holders.insert(holder);
            }
        });
        faults.extend(wrong.into_iter().map(|(object, holders)| TraceFault::Miscount {
            // SAFETY: as above.
            type_name: unsafe { object.descriptor() }.type_name(),
            counted: count(object),
            reported: reported.get(object),
            holders: holders.into_iter().collect(),
        }));
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;
    use crate::trace::SlotMap;
    use crate::{Gc, NullCollector, Rootable};

    /// Moves one reference fewer than it reports.
    struct Half<'gc>(Gc<'gc, u8>, Gc<'gc, u8>);

    // SAFETY: it is not, which is what the test is about; nothing is ever moved here.
    unsafe impl Trace for Half<'_> {
        const HAS_GC: bool = true;
        const SLOTS: SlotMap = SlotMap::Dynamic;

        fn visit(&self, edges: &mut Edges) {
            self.0.visit(edges);
            self.1.visit(edges);
        }

        fn relocate(&mut self, slots: &mut Slots) {
            self.0.relocate(slots);
        }
    }

    type Halves = Arena<Rootable![Vec<Gc<'_, Half<'_>>>], NullCollector>;

    #[test]
    fn what_is_visited_and_not_relocated_is_found_and_the_type_named() {
        let mut arena = Halves::new(|mc| {
            let half = || Gc::new(mc, Half(Gc::new(mc, 1), Gc::new(mc, 2)));
            [half(), half()].into()
        });
        let faults = arena.check_trace().expect_err("it contradicts itself");
        let [TraceFault::Contradiction { visited: 2, relocated: 1, .. }] = faults.faults() else {
            panic!("{faults:?}");
        };
        assert!(faults.to_string().contains("Half"));
    }

    /// Describes its references in another order than it reports them, or one too few.
    struct Confused<'gc>(Gc<'gc, u8>, Gc<'gc, u8>, bool);

    // SAFETY: `visit` and `relocate` report both references.
    unsafe impl Trace for Confused<'_> {
        const HAS_GC: bool = true;
        const SLOTS: SlotMap = SlotMap::Dynamic;

        fn visit(&self, edges: &mut Edges) {
            self.0.visit(edges);
            self.1.visit(edges);
        }

        fn relocate(&mut self, slots: &mut Slots) {
            self.0.relocate(slots);
            self.1.relocate(slots);
        }

        fn describe(&self, edges: &mut NamedEdges<'_>) {
            edges.field("1", &self.1);
            if self.2 {
                edges.field("0", &self.0);
            }
        }
    }

    type Confusion = Arena<Rootable![Gc<'_, Confused<'_>>], NullCollector>;

    #[test]
    fn a_description_that_is_not_what_is_visited_is_found_and_the_type_named() {
        for (are_both, described) in [(true, 2), (false, 1)] {
            let mut arena = Confusion::new(|mc| {
                Gc::new(mc, Confused(Gc::new(mc, 1), Gc::new(mc, 2), are_both))
            });
            let faults = arena.check_trace().expect_err("it misnames");
            let [TraceFault::Misnaming { visited: 2, described: found, .. }] = faults.faults()
            else {
                panic!("{faults:?}");
            };
            assert_eq!(*found, described);
            assert!(faults.to_string().contains("Confused"));
        }
    }

    #[test]
    fn a_root_that_contradicts_itself_is_found() {
        let mut arena: Arena<Rootable![Half<'_>], NullCollector> =
            Arena::new(|mc| Half(Gc::new(mc, 1), Gc::new(mc, 2)));
        let faults = arena.check_trace().expect_err("it contradicts itself");
        assert!(faults.to_string().contains("root"));
    }
}
