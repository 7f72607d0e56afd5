//! Why an object is alive: [`RootPath`].

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use super::super::places::Lead;
use super::super::{AnyGc, HeapView};
use crate::heap::{ObjectRef, ObjectSet};
use crate::short_name::Short;

/// A way from a root to an object: see [`HeapView::why_alive`] and
/// [`HeapGraph::path_to`](super::HeapGraph::path_to).
///
/// It is printed as `root.sessions[2] -> Session.cache -> Cache => Entry`: each object with the place of the
/// [reference](HeapView::for_each_reference) to the next, or with a double arrow, if it is the key of an
/// entry of a [`WeakMap`](crate::WeakMap) whose value is the next. Of a long way the middle is left out,
/// but with `{:#}`.
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
///     assert_eq!(path.to_string().replace("<'_>", ""), "root[0] -> Session.user -> [u8]");
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

impl<'gc> RootPath<'gc> {
    /// What holds the first object from outside.
    fn holding(&self) -> String {
        let mut holding = None;
        self.view.for_each_root(|first, object| {
            if object == self.objects[0] && holding.is_none() {
                holding = Some(first.to_string());
            }
        });
        // Nothing else that holds an object can be taken away meanwhile.
        holding.unwrap_or_else(|| "dropped handle".into())
    }

    /// Writes an object of the way, and how it leads to the next.
    fn write_object(&self, f: &mut fmt::Formatter<'_>, place: usize) -> fmt::Result {
        let object = self.objects[place];
        match self.objects.get(place + 1) {
            Some(&next) => write!(f, "{}", Lead { object, next }),
            None => write!(f, "{}", Short(object.type_name())),
        }
    }
}

impl fmt::Display for RootPath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -> ", self.holding())?;
        let len = self.objects.len();
        let left_out = match len.saturating_sub(2 * NAMED_MAX) {
            // A gap would take the place of one.
            1 => 0,
            _ if f.alternate() => 0,
            left_out => left_out,
        };
        (0..NAMED_MAX.min(len)).try_for_each(|place| self.write_object(f, place))?;
        if left_out > 0 {
            write!(f, ".. {left_out} more .. -> ")?;
        }
        (NAMED_MAX + left_out..len).try_for_each(|place| self.write_object(f, place))
    }
}

impl fmt::Debug for RootPath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RootPath({self})")
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::{String, ToString};

    use super::*;
    use crate::{Arena, Gc, NullCollector, Rootable, Trace, WeakMap};

    #[derive(Trace)]
    #[trace(crate = crate)]
    struct Link<'gc> {
        next: Option<Gc<'gc, Link<'gc>>>,
    }

    /// The way to the last of so many links, and all of it.
    fn printed(len: usize) -> [String; 2] {
        let mut arena = Arena::<Rootable![Option<Gc<'_, Link<'_>>>], NullCollector>::new(|mc| {
            (0..len).fold(None, |next, _| Some(Gc::new(mc, Link { next })))
        });
        arena.inspect(|heap, first| {
            let links = core::iter::successors(*first, |link| link.next);
            let path = heap.why_alive(links.last().expect("there is one").into());
            let path = path.expect("it is reachable");
            assert_eq!(path.objects().len(), len);
            [path.to_string(), alloc::format!("{path:#}")].map(|text| text.replace("<'_>", ""))
        })
    }

    #[test]
    fn the_middle_of_a_long_way_is_left_out() {
        let step = "Link.next -> ";
        for len in [1, 2, 2 * NAMED_MAX, 2 * NAMED_MAX + 1] {
            let expected = alloc::format!("root -> {}Link", step.repeat(len - 1));
            assert_eq!(printed(len), [expected.clone(), expected]);
        }
        let [short, long] = printed(2 * NAMED_MAX + 2);
        let (before, after) = (step.repeat(NAMED_MAX), step.repeat(NAMED_MAX - 1));
        assert_eq!(short, alloc::format!("root -> {before}.. 2 more .. -> {after}Link"));
        assert_eq!(long.matches("Link.next").count(), 2 * NAMED_MAX + 1);
    }

    type Map<'gc> = WeakMap<'gc, u32, str>;

    #[test]
    fn a_key_leads_to_its_value_by_a_double_arrow() {
        let mut arena =
            Arena::<Rootable!['gc => (Map<'gc>, Gc<'gc, u32>)], NullCollector>::new(|mc| {
                let (map, key) = (WeakMap::new(mc), Gc::new(mc, 1));
                map.insert(mc, key, Gc::new_str(mc, "one"));
                (map, key)
            });
        arena.inspect(|heap, _| {
            let text = heap.objects_of_type::<[u8]>().next().expect("a string is bytes");
            let path = heap.why_alive(text).map(|path| path.to_string());
            assert_eq!(path.as_deref(), Some("root.1 -> u32 => [u8]"));
        });
    }

    #[test]
    fn a_handle_that_is_dropped_meanwhile_is_said_to_be() {
        let mut arena = Arena::<Rootable![()], NullCollector>::new(|_| ());
        let handle = arena.mutate(|mc, ()| mc.stash::<Rootable![u32]>(Gc::new(mc, 42)));
        arena.inspect(|heap, ()| {
            let number = AnyGc::from(heap.try_fetch(&handle).expect("it is of this arena"));
            let graph = heap.graph();
            let path = heap.why_alive(number).expect("the handle keeps it");
            assert_eq!(path.to_string(), "handle -> u32");
            drop(handle);
            assert_eq!(path.to_string(), "dropped handle -> u32");
            assert!(heap.why_alive(number).is_none());
            assert!(graph.node(number).is_some_and(|node| graph.is_reachable(node)), "it was");
        });
    }
}
