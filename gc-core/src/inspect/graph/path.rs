//! Why an object is alive: [`RootPath`].

use alloc::vec::Vec;
use core::fmt;

use super::super::{AnyGc, HeapView};
use crate::heap::{ObjectRef, ObjectSet};
use crate::short_name::Short;

/// A way from a root to an object: see [`HeapView::why_alive`] and
/// [`HeapGraph::path_to`](super::HeapGraph::path_to).
///
/// It is printed as `root -> Session -> Entry -> [u8]`, and in the middle of a long one objects are only
/// counted, but with `{:#}`.
///
/// # Examples
///
/// What keeps this object alive?
///
/// ```
/// use gc_core::{AnyGc, Arena, Gc, NullCollector, Rootable, Trace};
///
/// #[derive(Trace)]
/// struct Session<'gc> {
///     user: Gc<'gc, str>,
/// }
///
/// let mut arena: Arena<Rootable![Vec<Gc<'_, Session<'_>>>], NullCollector> =
///     Arena::new(|mc| vec![Gc::new(mc, Session { user: Gc::new_str(mc, "Ada") })]);
/// let handle = arena.mutate(|mc, _| mc.stash::<Rootable![u64]>(Gc::new(mc, 1)));
/// arena.mutate(|mc, _| _ = Gc::new(mc, 1.5));
/// arena.inspect(|heap, sessions| {
///     let user = AnyGc::from(sessions[0].user);
///     let path = heap.why_alive(user).expect("the root leads there");
///     assert!(path.objects().eq([AnyGc::from(sessions[0]), user]));
///     assert_eq!(path.to_string().replace("<'_>", ""), "root -> Session -> [u8]");
///
///     let number = AnyGc::from(heap.try_fetch(&handle).expect("it is of this arena"));
///     assert_eq!(heap.why_alive(number).unwrap().to_string(), "handle -> u64");
///     let garbage = heap.objects_of_type::<f64>().next().expect("it was not reclaimed");
///     assert!(heap.why_alive(garbage).is_none());
/// });
/// ```
#[derive(Clone)]
pub struct RootPath<'gc> {
    view: HeapView<'gc>,
    /// From the one that is held from outside on; there is at least one.
    objects: Vec<AnyGc<'gc>>,
}

/// So many objects are named on either side of a gap.
const NAMED_MAX: usize = 8;

impl<'gc> HeapView<'gc> {
    /// A shortest way from a root to an object; `None` if it is unreachable.
    ///
    /// An entry of a [`WeakMap`](crate::WeakMap) leads from the key to the value. All holders of an object,
    /// not only one that is next to a root, are its [`referrers`](HeapView::referrers).
    ///
    /// # Complexity
    ///
    /// O(objects that are not farther from the roots, and references) time; for each of these objects 16
    /// bytes, and a bit for each 8 bytes of the chunks that they are in. If there are entries of weak maps all
    /// that is reachable is looked at before. No recursion.
    ///
    /// # Examples
    ///
    /// See the example of [`RootPath`].
    #[must_use]
    pub fn why_alive(&self, of: AnyGc<'gc>) -> Option<RootPath<'gc>> {
        let links = self.links();
        let mut reached = ObjectSet::default();
        // In breadth-first order, each with the place of the one before it.
        let mut order: Vec<(ObjectRef, Option<usize>)> = Vec::new();
        for root in self.roots() {
            if reached.insert(root) {
                order.push((root, None));
            }
        }
        let mut next = 0;
        while !reached.contains(of.object()) {
            let &(from, _) = order.get(next)?;
            let reach = |target| {
                if reached.insert(target) {
                    order.push((target, Some(next)));
                }
            };
            // SAFETY: what is reachable was not reclaimed, and nothing is within `'gc`; a `&mut` takes a
            // `Mutation`, which nobody has of this arena. The table is that of this heap.
            unsafe { links.for_each(from, reach) }
            next += 1;
        }
        let last = order.iter().rev().find(|&&(object, _)| object == of.object()).copied();
        let back = core::iter::successors(last, |&(_, before)| before.map(|place| order[place]));
        // SAFETY: they are of this heap, and reachable.
        Some(RootPath::back(*self, back.map(|(object, _)| unsafe { AnyGc::new(object) })))
    }

    /// What holds an object from outside.
    fn holder(&self, of: AnyGc<'gc>) -> &'static str {
        let is_in_root = self.count_in_root(of) > 0;
        if is_in_root {
            "root"
        } else if self.count_handles(of) > 0 {
            "handle"
        } else if of.is_frozen() {
            "frozen"
        } else {
            "pending call"
        }
    }
}

impl<'gc> RootPath<'gc> {
    /// The way that leads back through these objects.
    pub(super) fn back(
        view: HeapView<'gc>,
        objects: impl Iterator<Item = AnyGc<'gc>>,
    ) -> RootPath<'gc> {
        let mut objects: Vec<AnyGc<'gc>> = objects.collect();
        objects.reverse();
        RootPath { view, objects }
    }

    /// The objects on the way: first one that is held from outside, and last the one that was asked for.
    ///
    /// See the example of [`RootPath`].
    pub fn objects(&self) -> impl ExactSizeIterator<Item = AnyGc<'gc>> + DoubleEndedIterator {
        self.objects.iter().copied()
    }
}

impl fmt::Display for RootPath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.view.holder(self.objects[0]))?;
        let write = |f: &mut fmt::Formatter<'_>, objects: &[AnyGc<'_>]| {
            objects.iter().try_for_each(|object| write!(f, " -> {}", Short(object.type_name())))
        };
        let left_out = self.objects.len().saturating_sub(2 * NAMED_MAX);
        // A gap takes the place of one.
        if f.alternate() || left_out <= 1 {
            return write(f, &self.objects);
        }
        write(f, &self.objects[..NAMED_MAX])?;
        write!(f, " -> .. {left_out} more ..")?;
        write(f, &self.objects[NAMED_MAX + left_out..])
    }
}

impl fmt::Debug for RootPath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RootPath({self})")
    }
}
