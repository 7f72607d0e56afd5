//! What a test leaves behind: [`Leaks`], [`LeakCheck`] and `assert_no_leaks!`.

use std::fmt;

use gc_core::{Arena, Collector, Garbage, HeapView, Root, Rootable, Trace};

use super::census::{Census, Growth, GrowthRow, Kind};

/// Finalizers may make garbage, and may make what was garbage reachable: so often it is collected, or
/// until nothing changes.
const COLLECTIONS_MAX: usize = 10;

/// So many sites are printed.
const SITES_MAX: usize = 20;

/// What is left after everything was collected that the collector can find: what is unreachable, and
/// of what there is more than before.
///
/// # Examples
///
/// Pure reference counting does not find cycles:
///
/// ```
/// use gc_core::{Arena, Gc, Lock, Rootable, Trace, unlock};
/// use gc_insight::leak::Leaks;
/// use gc_refcount::Refcount;
///
/// #[derive(Trace)]
/// struct Node<'gc> {
///     other: Lock<Option<Gc<'gc, Node<'gc>>>>,
/// }
///
/// let mut arena: Arena<Rootable![Option<Gc<'_, Node<'_>>>], Refcount> = Arena::new(|mc| {
///     let node = Gc::new(mc, Node { other: Lock::new(None) });
///     unlock!(Gc::write(mc, node), Node, other).set(Some(node));
///     Some(node)
/// });
/// assert!(Leaks::find(&mut arena).is_empty());
/// arena.mutate_root(|_, root| *root = None);
/// let leaks = Leaks::find(&mut arena);
/// assert_eq!((leaks.is_empty(), leaks.unreachable().total().objects), (false, 1));
/// assert!(!leaks.growth().has_grown());
/// assert!(leaks.to_string().contains("cycle 1: 1 object"));
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Leaks {
    unreachable: Census,
    /// What is unreachable, by cycles; empty if nothing is.
    report: String,
    growth: Growth,
    /// The growth by allocation sites, of types that have grown.
    sites: Vec<GrowthRow>,
}

impl Leaks {
    /// Collects everything, and looks for what is unreachable nevertheless: the cycles of a collector
    /// that only counts.
    ///
    /// What the arena [keeps on purpose](Arena::save_garbage) is reachable, and so is what waits for
    /// calls that were [deferred](gc_core::ArenaBuilder::defer_calls).
    ///
    /// # Complexity
    ///
    /// A few full collections, and O(objects and references).
    ///
    /// # Examples
    ///
    /// See the example of [`Leaks`].
    pub fn find<R, C>(arena: &mut Arena<R, C>) -> Leaks
    where
        R: for<'a> Rootable<'a>,
        for<'a> Root<'a, R>: Sized + Trace,
        C: Collector,
    {
        collect_all(arena);
        arena.inspect(|heap, _| Leaks::of(heap, &heap.find_garbage()))
    }

    fn of<'gc>(heap: &HeapView<'gc>, garbage: &Garbage<'gc>) -> Leaks {
        Leaks {
            unreachable: Census::of_objects(heap, garbage.objects()),
            report: if garbage.is_empty() { String::new() } else { garbage.to_string() },
            ..Leaks::default()
        }
    }

    /// Whether nothing is unreachable, and there is nothing more than before.
    ///
    /// See the example of [`Leaks`].
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.report.is_empty() && !self.growth.has_grown()
    }

    /// What is unreachable, and was not reclaimed, by types and the sites that are known.
    ///
    /// See the example of [`Leaks`].
    #[must_use]
    pub fn unreachable(&self) -> &Census {
        &self.unreachable
    }

    /// What has changed since the check was begun; nothing, if there was none.
    ///
    /// See the example of [`Leaks`].
    #[must_use]
    pub fn growth(&self) -> &Growth {
        &self.growth
    }

    /// Where objects of the types that have grown were allocated, and how many more of them there are,
    /// as far as the arena knows (see
    /// [`Arena::profile_allocations`](gc_core::Arena::profile_allocations)). The site of each row is
    /// there.
    ///
    /// # Examples
    ///
    /// See the example of [`LeakCheck`].
    #[must_use]
    pub fn sites(&self) -> &[GrowthRow] {
        &self.sites
    }

    /// Panics if there are leaks, with a report of them, and the place of the call.
    ///
    /// # Panics
    ///
    /// If there are leaks.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gc_core::{Arena, Rootable};
    /// # use gc_generational::Generational;
    /// use gc_insight::leak::Leaks;
    ///
    /// # let mut arena: Arena<Rootable![()], Generational> = Arena::new(|_| ());
    /// Leaks::find(&mut arena).assert_none();
    /// ```
    #[track_caller]
    pub fn assert_none(&self) {
        assert!(self.is_empty(), "{self}");
    }
}

impl fmt::Display for Leaks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("nothing is left over");
        }
        f.write_str(&self.report)?;
        if self.growth.has_grown() {
            let newline = if self.report.is_empty() { "" } else { "\n" };
            write!(f, "{newline}there are more objects than before:\n{}", self.growth)?;
        }
        for GrowthRow { kind, objects, .. } in self.sites.iter().take(SITES_MAX) {
            write!(f, "\n{objects:+} {kind}")?;
        }
        Ok(())
    }
}

/// A check that has begun: what there is more of when it [ends](LeakCheck::end) is a leak.
///
/// # Examples
///
/// ```
/// use gc_core::{Arena, Gc, Rootable, Sampling};
/// use gc_generational::Generational;
/// use gc_insight::leak::LeakCheck;
///
/// let mut arena: Arena<Rootable![Vec<Gc<'_, u32>>], Generational> = Arena::new(|_| Vec::new());
/// // So that the report says where they were made.
/// arena.profile_allocations(Some(Sampling::exact()));
/// let check = LeakCheck::begin(&mut arena);
/// arena.mutate_root(|mc, root| root.push(Gc::new(mc, 1)));
/// let leaks = check.end(&mut arena);
/// assert_eq!((leaks.unreachable().total().objects, leaks.is_empty()), (0, false));
/// assert!(leaks.to_string().contains("there are more objects than before"));
/// assert!(leaks.growth().grown().all(|row| row.kind.type_name == "u32"));
/// assert_eq!(leaks.sites()[0].kind.site.map(|site| site.line()), Some(line!() - 5));
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct LeakCheck {
    /// By sites.
    before: Census,
}

impl LeakCheck {
    /// Collects everything, and counts what there is.
    ///
    /// # Complexity
    ///
    /// A few full collections, and O(objects).
    ///
    /// # Examples
    ///
    /// See the example of [`LeakCheck`].
    pub fn begin<R, C>(arena: &mut Arena<R, C>) -> LeakCheck
    where
        R: for<'a> Rootable<'a>,
        for<'a> Root<'a, R>: Sized + Trace,
        C: Collector,
    {
        collect_all(arena);
        LeakCheck { before: arena.inspect(|heap, _| Census::by_site(heap)) }
    }

    /// Collects everything, and reports what is unreachable, and of which types there are more objects
    /// than when the check began.
    ///
    /// # Complexity
    ///
    /// As [`Leaks::find`].
    ///
    /// # Examples
    ///
    /// See the example of [`LeakCheck`].
    pub fn end<R, C>(self, arena: &mut Arena<R, C>) -> Leaks
    where
        R: for<'a> Rootable<'a>,
        for<'a> Root<'a, R>: Sized + Trace,
        C: Collector,
    {
        let leaks = Leaks::find(arena);
        let after = arena.inspect(|heap, _| Census::by_site(heap));
        // Not every object was sampled: by sites alone, one that takes the place of another looks as if
        // there were more.
        let growth = after.by_type().since(&self.before.by_type());
        let by_site = after.since(&self.before);
        let has_grown = |kind: &Kind| {
            kind.site.is_some() && growth.grown().any(|row| row.kind.type_name == kind.type_name)
        };
        let sites = by_site.grown().filter(|row| has_grown(&row.kind)).copied().collect();
        Leaks { growth, sites, ..leaks }
    }
}

/// Collects until nothing changes.
fn collect_all<R, C>(arena: &mut Arena<R, C>)
where
    R: for<'a> Rootable<'a>,
    for<'a> Root<'a, R>: Sized + Trace,
    C: Collector,
{
    for _ in 0..COLLECTIONS_MAX {
        let collection = arena.collect();
        if collection.freed_objects == 0 && collection.finalized == 0 {
            return;
        }
    }
}

/// Panics if an arena leaks, and says what: for tests.
///
/// `assert_no_leaks!(arena)` collects everything, and panics if something is unreachable and was not
/// reclaimed: the cycles of a collector that only counts, which are named.
///
/// `assert_no_leaks!(arena, { .. })` runs the block in between, and also panics if there are more
/// objects of any type than before it: their types are named. It has the value of the block.
///
/// The arena is a place: for a reference write `*arena`. [`Leaks`] and [`LeakCheck`](crate::leak::LeakCheck)
/// do the same without a panic.
///
/// # Panics
///
/// If there are leaks.
///
/// # Examples
///
/// ```
/// use gc_core::{Arena, Gc, Rootable};
/// use gc_generational::Generational;
/// use gc_insight::assert_no_leaks;
///
/// let mut arena: Arena<Rootable![Vec<Gc<'_, u32>>], Generational> = Arena::new(|_| Vec::new());
/// let sum = assert_no_leaks!(arena, {
///     arena.mutate_root(|mc, root| {
///         root.extend((1..=4).map(|number| Gc::new(mc, number)));
///         root.drain(..).map(|number| *number).sum::<u32>()
///     })
/// });
/// assert_eq!(sum, 10);
/// assert_no_leaks!(arena);
/// ```
///
/// ```should_panic
/// # use gc_core::{Arena, Gc, Rootable};
/// # use gc_generational::Generational;
/// # use gc_insight::assert_no_leaks;
/// # let mut arena: Arena<Rootable![Vec<Gc<'_, u32>>], Generational> = Arena::new(|_| Vec::new());
/// assert_no_leaks!(arena, {
///     arena.mutate_root(|mc, root| root.push(Gc::new(mc, 1)));
/// });
/// ```
///
/// [`Leaks`]: crate::leak::Leaks
#[macro_export]
macro_rules! assert_no_leaks {
    ($arena:expr $(,)?) => {
        $crate::leak::Leaks::find(&mut $arena).assert_none()
    };
    ($arena:expr, $body:block $(,)?) => {{
        let check = $crate::leak::LeakCheck::begin(&mut $arena);
        let value = $body;
        check.end(&mut $arena).assert_none();
        value
    }};
}
