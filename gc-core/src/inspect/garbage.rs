//! What is unreachable and was not reclaimed, by the cycles that hold it: [`Garbage`].
//!
//! Cycles are the strongly connected components of the graph of what is unreachable. What is in none
//! of them is told by which it is kept: a collector that only counts would reclaim it if that cycle
//! were cut.

use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;
use core::cmp::Reverse;
use core::fmt;

use super::graph::{Components, HeapGraph};
use super::places::Lead;
use super::{AnyGc, Node};
use crate::profile::AllocationSite;
use crate::short_name::Short;

/// What is unreachable and was not reclaimed: see [`HeapView::find_garbage`](super::HeapView::find_garbage).
///
/// It is printed in one line for each cycle, the largest first.
///
/// # Examples
///
/// ```
/// use gc_core::{Arena, Gc, Holder, Lock, NullCollector, Rootable, Trace, unlock};
///
/// #[derive(Trace)]
/// struct Node<'gc> {
///     name: Gc<'gc, str>,
///     other: Lock<Option<Gc<'gc, Node<'gc>>>>,
/// }
///
/// let mut arena: Arena<Rootable![()], NullCollector> = Arena::new(|_| ());
/// arena.mutate(|mc, ()| {
///     let [a, b] = ["a", "b"].map(|name| {
///         Gc::new(mc, Node { name: Gc::new_str(mc, name), other: Lock::new(None) })
///     });
///     unlock!(Gc::write(mc, a), Node, other).set(Some(b));
///     unlock!(Gc::write(mc, b), Node, other).set(Some(a));
/// });
/// arena.inspect(|heap, ()| {
///     let garbage = heap.find_garbage();
///     assert!(!garbage.is_empty() && garbage.objects().count() == 4);
///     let [cycle] = garbage.cycles() else { panic!("a -> b -> a") };
///     assert_eq!((cycle.members().len(), cycle.way_around().len()), (2, 2));
///     assert_eq!(cycle.holder(), Holder::Nothing);
///     // Their names would go with it.
///     assert_eq!(cycle.kept().len(), 2);
///     assert!(cycle.size_bytes() < cycle.retained_bytes());
///     assert_eq!(cycle.retained_bytes(), garbage.size_bytes());
///     assert!(garbage.shared().is_empty() && garbage.acyclic().is_empty());
/// });
/// ```
#[derive(Clone, Debug)]
pub struct Garbage<'gc> {
    cycles: Vec<Cycle<'gc>>,
    shared: Vec<AnyGc<'gc>>,
    acyclic: Vec<AnyGc<'gc>>,
}

/// Unreachable objects each of which leads to all others.
///
/// It is printed as `2 objects, 96 bytes: Session.cache -> Entry.owner -> Session`: as a
/// [`RootPath`](super::RootPath) is, and the last leads to the first.
///
/// See the example of [`Garbage`].
#[derive(Clone, Debug)]
pub struct Cycle<'gc> {
    members: Vec<AnyGc<'gc>>,
    way_around: Vec<AnyGc<'gc>>,
    /// Of those, as far as they are known.
    sites: Vec<AllocationSite>,
    kept: Vec<AnyGc<'gc>>,
    holder: Holder,
}

/// Which cycle holds something: the next one from which it is reached.
///
/// See the example of [`Garbage`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Holder {
    /// None does.
    #[default]
    Nothing,
    /// This one, by its place in [`Garbage::cycles`].
    Cycle(usize),
    /// Several do.
    Several,
}

impl Holder {
    fn and(self, other: Holder) -> Holder {
        match (self, other) {
            (Holder::Nothing, holder) | (holder, Holder::Nothing) => holder,
            (a, b) if a == b => a,
            _ => Holder::Several,
        }
    }
}

impl<'gc> Garbage<'gc> {
    /// What this graph of garbage is.
    pub(super) fn of(graph: &HeapGraph<'gc>) -> Garbage<'gc> {
        let show = |&node: &Node| graph.object(node);
        let components = graph.components();
        let cycles = Cycles::of(graph, &components);

        let mut garbage = Garbage { cycles: Vec::new(), shared: Vec::new(), acyclic: Vec::new() };
        for &component in &cycles.found {
            let members = components.members(component);
            let way_around = components.way_around(members[0]).unwrap_or_default();
            garbage.cycles.push(Cycle {
                members: members.iter().map(show).collect(),
                way_around: way_around.iter().map(show).collect(),
                sites: Vec::new(),
                kept: Vec::new(),
                holder: cycles.holders[component],
            });
        }
        for node in graph.nodes() {
            let component = components.of(node);
            if cycles.places[component].is_none() {
                match cycles.holders[component] {
                    Holder::Nothing => garbage.acyclic.push(show(&node)),
                    Holder::Cycle(place) => garbage.cycles[place].kept.push(show(&node)),
                    Holder::Several => garbage.shared.push(show(&node)),
                }
            }
        }
        garbage.sort();
        garbage
    }

    /// Notes where the members of cycles were made.
    pub(super) fn locate(mut self, site: impl Fn(AnyGc<'gc>) -> Option<AllocationSite>) -> Self {
        for cycle in &mut self.cycles {
            for site in cycle.way_around.iter().take(TYPES_MAX).filter_map(|&object| site(object)) {
                if !cycle.sites.contains(&site) {
                    cycle.sites.push(site);
                }
            }
        }
        self
    }

    /// Puts the cycles that keep most first.
    fn sort(&mut self) {
        let mut order: Vec<usize> = (0..self.cycles.len()).collect();
        order.sort_by_key(|&place| Reverse(self.cycles[place].retained_bytes()));
        let mut places = vec![0; order.len()];
        for (place, &before) in order.iter().enumerate() {
            places[before] = place;
        }
        self.cycles.sort_by_key(|cycle| Reverse(cycle.retained_bytes()));
        for cycle in &mut self.cycles {
            if let Holder::Cycle(place) = &mut cycle.holder {
                *place = places[*place];
            }
        }
    }

    /// Whether everything is reachable.
    ///
    /// See the example of [`Garbage`].
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.objects().next().is_none()
    }

    /// All unreachable objects.
    ///
    /// See the example of [`Garbage`].
    pub fn objects(&self) -> impl Iterator<Item = AnyGc<'gc>> {
        let in_cycles =
            self.cycles.iter().flat_map(|cycle| cycle.members.iter().chain(&cycle.kept));
        in_cycles.chain(&self.shared).chain(&self.acyclic).copied()
    }

    /// Bytes of all unreachable objects.
    ///
    /// See the example of [`Garbage`].
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        self.objects().map(AnyGc::size_bytes).sum()
    }

    /// The cycles, those first that keep most bytes.
    ///
    /// See the example of [`Garbage`].
    #[must_use]
    pub fn cycles(&self) -> &[Cycle<'gc>] {
        &self.cycles
    }

    /// The objects that are in no cycle, and that several cycles keep.
    ///
    /// See the example of [`Garbage`].
    #[must_use]
    pub fn shared(&self) -> &[AnyGc<'gc>] {
        &self.shared
    }

    /// The objects that no cycle leads to. With a collector that counts there are none, unless a
    /// `Trace` has hidden a reference that was counted.
    ///
    /// See the example of [`Garbage`].
    #[must_use]
    pub fn acyclic(&self) -> &[AnyGc<'gc>] {
        &self.acyclic
    }
}

impl<'gc> Cycle<'gc> {
    /// The objects of the cycle.
    ///
    /// See the example of [`Garbage`].
    #[must_use]
    pub fn members(&self) -> &[AnyGc<'gc>] {
        &self.members
    }

    /// The members on a shortest way from one of them back to itself, each of which refers to the
    /// next, and the last to the first.
    ///
    /// See the example of [`Garbage`].
    #[must_use]
    pub fn way_around(&self) -> &[AnyGc<'gc>] {
        &self.way_around
    }

    /// Where the first members of the [way around](Cycle::way_around) were made, each site once, if
    /// allocations are [profiled](crate::Arena::profile_allocations) and they were sampled.
    ///
    /// # Examples
    ///
    /// ```
    /// use gc_core::{Arena, Gc, Lock, NullCollector, Rootable, Sampling, Trace, unlock};
    ///
    /// #[derive(Trace)]
    /// struct Node<'gc> {
    ///     next: Lock<Option<Gc<'gc, Node<'gc>>>>,
    /// }
    ///
    /// let mut arena: Arena<Rootable![()], NullCollector> = Arena::new(|_| ());
    /// arena.profile_allocations(Some(Sampling::exact()));
    /// arena.mutate(|mc, ()| {
    ///     let node = Gc::new(mc, Node { next: Lock::new(None) });
    ///     unlock!(Gc::write(mc, node), Node, next).set(Some(node));
    /// });
    /// arena.inspect(|heap, ()| {
    ///     let garbage = heap.find_garbage();
    ///     assert_eq!(garbage.cycles()[0].sites()[0].location().line(), line!() - 5);
    ///     assert!(garbage.to_string().contains(".next -> itself; made at "));
    /// });
    /// ```
    #[must_use]
    pub fn sites(&self) -> &[AllocationSite] {
        &self.sites
    }

    /// The objects that are in no cycle, and that this one keeps and no other.
    ///
    /// See the example of [`Garbage`].
    #[must_use]
    pub fn kept(&self) -> &[AnyGc<'gc>] {
        &self.kept
    }

    /// Which of the other cycles holds this one.
    ///
    /// See the example of [`Garbage`].
    #[must_use]
    pub fn holder(&self) -> Holder {
        self.holder
    }

    /// Bytes of the members.
    ///
    /// See the example of [`Garbage`].
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        bytes_of(&self.members)
    }

    /// Bytes of the members and of what they keep.
    ///
    /// See the example of [`Garbage`].
    #[must_use]
    pub fn retained_bytes(&self) -> usize {
        self.size_bytes() + bytes_of(&self.kept)
    }
}

fn bytes_of(objects: &[AnyGc<'_>]) -> usize {
    objects.iter().map(|object| object.size_bytes()).sum()
}

/// Which components are cycles, and which of these holds what.
struct Cycles {
    /// The components that are cycles.
    found: Vec<usize>,
    /// For each component its place in that list.
    places: Vec<Option<usize>>,
    /// For each component the cycle that holds it.
    holders: Vec<Holder>,
}

impl Cycles {
    fn of(graph: &HeapGraph<'_>, components: &Components<'_>) -> Cycles {
        let mut found = Vec::new();
        let mut places = vec![None; components.count()];
        let mut holders = vec![Holder::Nothing; components.count()];
        // What leads to a component comes before it.
        for component in (0..components.count()).rev() {
            if components.is_cycle(component) {
                places[component] = Some(found.len());
                found.push(component);
            }
            let holder = places[component].map_or(holders[component], Holder::Cycle);
            let members = components.members(component).iter();
            for &target in members.flat_map(|&node| graph.targets(node)) {
                let target = components.of(target);
                if target != component {
                    holders[target] = holders[target].and(holder);
                }
            }
        }
        Cycles { found, places, holders }
    }
}

/// So many types are named on a line, and so many cycles have one.
const TYPES_MAX: usize = 8;
const LINES_MAX: usize = 20;

impl fmt::Display for Garbage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.objects().count();
        if count == 0 {
            return f.write_str("nothing is unreachable");
        }
        let verb = if count == 1 { "is" } else { "are" };
        write!(f, "{} {verb} unreachable", Amount(count, self.size_bytes()))?;
        for (place, cycle) in self.cycles.iter().enumerate().take(LINES_MAX) {
            write!(f, "\ncycle {}: {cycle}", place + 1)?;
            match cycle.holder {
                Holder::Nothing => {}
                Holder::Cycle(holder) => write!(f, "; held by cycle {}", holder + 1)?,
                Holder::Several => f.write_str("; held by several cycles")?,
            }
        }
        if let Some(others) = self.cycles.len().checked_sub(LINES_MAX).filter(|&others| others > 0)
        {
            let bytes = self.cycles[LINES_MAX..].iter().map(Cycle::retained_bytes).sum::<usize>();
            write!(f, "\nand cycles beside: {others}, which keep {bytes} bytes")?;
        }
        for (objects, what) in
            [(&self.shared, "kept by several cycles"), (&self.acyclic, "in no cycle")]
        {
            if !objects.is_empty() {
                write!(f, "\n{what}: {}", ByType(objects))?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Cycle<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", Amount(self.members.len(), self.size_bytes()))?;
        let nexts = self.way_around.iter().cycle().skip(1);
        for (object, next) in self.way_around.iter().zip(nexts).take(TYPES_MAX) {
            write!(f, "{}", Lead { object: *object, next: *next })?;
        }
        match &self.way_around[..] {
            [_] => f.write_str("itself")?,
            way if way.len() > TYPES_MAX => f.write_str("..")?,
            way => write!(f, "{}", Short(way[0].type_name()))?,
        }
        for (place, site) in self.sites.iter().enumerate() {
            let lead = if place == 0 { "; made at" } else { "," };
            let location = site.location();
            write!(f, "{lead} {}:{}", location.file(), location.line())?;
        }
        if !self.kept.is_empty() {
            write!(f, "; keeps {}", ByType(&self.kept))?;
        }
        Ok(())
    }
}

/// Objects and their bytes.
struct Amount(usize, usize);

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Amount(count, bytes) = self;
        let plural = if *count == 1 { "" } else { "s" };
        write!(f, "{count} object{plural}, {bytes} bytes")
    }
}

/// Objects in no order, by their types.
struct ByType<'a, 'gc>(&'a [AnyGc<'gc>]);

impl fmt::Display for ByType<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", Amount(self.0.len(), bytes_of(self.0)))?;
        let mut counts = BTreeMap::new();
        for object in self.0 {
            *counts.entry(object.type_name()).or_insert(0) += 1;
        }
        let mut counts: Vec<(&str, usize)> = counts.into_iter().collect();
        counts.sort_by_key(|&(_, count)| Reverse(count));
        for (place, (name, count)) in counts.iter().take(TYPES_MAX).enumerate() {
            let comma = if place == 0 { "" } else { ", " };
            write!(f, "{comma}{count} {}", Short(name))?;
        }
        if counts.len() > TYPES_MAX {
            f.write_str(", ..")?;
        }
        Ok(())
    }
}
