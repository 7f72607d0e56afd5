//! What a collection did, what happened so far, and who wants to know: [`Collection`], [`Stats`],
//! [`GenerationStats`], [`Event`] and [`Listener`].

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

/// What one collection did: the report of [`Arena::collect`](crate::Arena::collect), which listeners
/// are told too.
///
/// Finalizers and callbacks that a collection causes are a part of it, and what these make unreachable
/// is counted among what was freed.
///
/// # Examples
///
/// ```
/// use gc_core::{Arena, Gc, NullCollector, Reason, Rootable};
///
/// let mut arena: Arena<Rootable![Gc<'_, u32>], NullCollector> = Arena::new(|mc| Gc::new(mc, 1));
/// let collection = arena.collect();
/// assert_eq!((collection.reason, collection.freed_objects), (Reason::Explicit, 0));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Collection {
    /// Why it ran.
    pub reason: Reason,
    /// The oldest generation that was collected.
    pub generation: u8,
    /// Objects among which garbage was sought: those of the collected generations, or those near
    /// the candidates of trial deletion.
    pub candidates: usize,
    /// Objects that a cycle-finding phase found unreachable. A collector that counts references
    /// reports those that can refer to others, which is what CPython's `gc.collect` returns (and 0
    /// if it looks for no cycles); one that does not count reports all that it found dead.
    pub unreachable: usize,
    /// Objects whose finalizers have run.
    pub finalized: usize,
    /// Objects that were found unreachable, and that finalizers have made reachable again. What a
    /// collector without counts has finalized in a collection that began by itself is left to a later
    /// one, and not counted.
    pub resurrected: usize,
    /// Objects that were found unreachable, and that this collector does not reclaim: the cycles of
    /// pure reference counting, with what hangs from them. Counted by explicit full collections.
    pub uncollectable: usize,
    /// Candidates that are left.
    pub survivors: usize,
    /// Objects that were reclaimed. A collector that counts references does not look at objects
    /// that die young, and leaves them out.
    pub freed_objects: usize,
    /// Bytes of these objects, headers included.
    pub freed_bytes: usize,
    /// Bytes of the objects that are mature after the collection, headers included.
    pub live_bytes: usize,
    /// How long it took, from the beginning of the collection until what had died was torn down and
    /// finalizers and callbacks had run. Zero where there is no clock: without the feature `std`.
    pub duration: Duration,
}

impl Collection {
    /// What this and then another step of the same collection did together.
    pub(crate) fn and(mut self, later: &Collection) -> Collection {
        self.candidates += later.candidates;
        self.unreachable += later.unreachable;
        self.resurrected += later.resurrected;
        self.uncollectable += later.uncollectable;
        self.freed_objects += later.freed_objects;
        self.freed_bytes += later.freed_bytes;
        self.live_bytes = later.live_bytes;
        self
    }
}

/// As one line: what is zero is left out, but for the objects that were freed.
impl fmt::Display for Collection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Collection { candidates, freed_objects, freed_bytes, .. } = self;
        write!(f, "{} collection of generation {}: ", self.reason, self.generation)?;
        write!(f, "freed {freed_objects} of {candidates} objects, {freed_bytes} bytes")?;
        let counts = [
            (self.unreachable, "unreachable"),
            (self.finalized, "finalized"),
            (self.resurrected, "resurrected"),
            (self.uncollectable, "uncollectable"),
        ];
        for (count, what) in counts.into_iter().filter(|(count, _)| *count > 0) {
            write!(f, ", {count} {what}")?;
        }
        write!(f, "; {} bytes live", self.live_bytes)?;
        if !self.duration.is_zero() {
            write!(f, ", {:?}", self.duration)?;
        }
        Ok(())
    }
}

/// Why a collection ran.
///
/// See the example of [`Event`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// It was due at a safepoint.
    #[default]
    Automatic,
    /// [`Arena::collect`](crate::Arena::collect) or its like was called.
    Explicit,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Reason::Automatic => "automatic",
            Reason::Explicit => "explicit",
        })
    }
}

/// Something that a [`Listener`] is told, in the order in which it happens.
///
/// # Examples
///
/// ```
/// use gc_core::{Arena, Event, NullCollector, Reason, Rootable};
/// use std::sync::mpsc::channel;
///
/// let (sender, events) = channel();
/// let mut arena: Arena<Rootable![()], NullCollector> = Arena::new(|_| ());
/// arena.set_listener(move |event: &Event| sender.send(*event).unwrap());
/// arena.collect();
/// let events: Vec<Event> = events.try_iter().collect();
/// let start = Event::CollectionStart { reason: Reason::Explicit, generation: 0 };
/// assert!(events.contains(&start));
/// assert!(matches!(events.last(), Some(Event::CollectionStop { collection })
///     if collection.freed_objects == 0));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The collector begins to work: at a safepoint, or because a call that it had waited for has
    /// ended. A pause begins.
    SafepointStart,
    /// The collector has worked, and the drop glue of what died has run.
    SafepointStop {
        /// Objects that were reclaimed, by counting alone or by a collection.
        freed_objects: usize,
        /// Bytes of these, headers included.
        freed_bytes: usize,
        /// Bytes of the objects that are mature now, headers included.
        live_bytes: usize,
        /// Bytes that count against the limit now, when what died is torn down: see
        /// [`Stats::used_bytes`].
        used_bytes: usize,
        /// Bytes that counted against the limit when the safepoint began.
        used_bytes_before: usize,
    },
    /// A collection begins.
    CollectionStart {
        /// Why.
        reason: Reason,
        /// The oldest generation that is collected.
        generation: u8,
    },
    /// A collection has ended, with the finalizers and callbacks that it waited for.
    CollectionStop {
        /// What it did.
        collection: Collection,
    },
}

/// Listens to the events of an arena.
///
/// Called at a safepoint, before the collector begins and when what died has been torn down: it has
/// no access to the arena. What it does is part of the pause.
///
/// A closure is a listener, and so is a vector of listeners, which are told one after the other.
///
/// # Examples
///
/// What does each collection do? (CPython's `gc.DEBUG_STATS`.)
///
/// ```
/// use gc_core::{Arena, Event, NullCollector, Rootable};
///
/// let mut arena: Arena<Rootable![()], NullCollector> = Arena::new(|_| ());
/// arena.set_listener(|event: &Event| {
///     if let Event::CollectionStop { collection } = event {
///         eprintln!("{collection}");
///     }
/// });
/// arena.collect();
/// ```
pub trait Listener {
    /// Something happened.
    ///
    /// See the example of [`Listener`].
    fn event(&mut self, event: &Event);
}

impl<F: FnMut(&Event)> Listener for F {
    fn event(&mut self, event: &Event) {
        self(event);
    }
}

impl Listener for Box<dyn Listener> {
    fn event(&mut self, event: &Event) {
        (**self).event(event);
    }
}

impl<L: Listener> Listener for Vec<L> {
    fn event(&mut self, event: &Event) {
        self.iter_mut().for_each(|listener| listener.event(event));
    }
}

impl fmt::Debug for dyn Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Listener")
    }
}

/// What has happened in an arena since it was made.
///
/// # Examples
///
/// ```
/// use gc_core::{Arena, Gc, NullCollector, Rootable, Stats};
///
/// let mut arena: Arena<Rootable![()], NullCollector> = Arena::new(|_| ());
/// arena.mutate(|mc, ()| (0..100).for_each(|n| { let _ = Gc::new(mc, n); }));
/// let stats: Stats = arena.stats();
/// assert_eq!(stats.allocated_objects, 100);
/// assert!(stats.allocated_bytes >= 100 * 4);
/// assert!(stats.used_bytes <= stats.reserved_bytes);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Objects allocated.
    pub allocated_objects: u64,
    /// Bytes allocated, headers included. Counted when a nursery region is used up and at
    /// safepoints: bytes of the region in use are included.
    pub allocated_bytes: u64,
    /// Safepoints at which the collector ran.
    pub safepoints: u64,
    /// Collections: explicit ones, and those that were due. A collector that counts references runs
    /// at many safepoints without one.
    pub collections: u64,
    /// Objects whose finalizers have run.
    pub finalized_objects: u64,
    /// Objects reclaimed, as [`Collection::freed_objects`] counts them.
    pub freed_objects: u64,
    /// Mature objects, as of the last safepoint.
    pub live_objects: usize,
    /// Bytes of mature objects, headers included, as of the last safepoint.
    pub live_bytes: usize,
    /// The largest value that `live_bytes` had after a safepoint.
    pub live_bytes_max: usize,
    /// Bytes of memory held from the system, metadata included.
    pub reserved_bytes: usize,
    /// Those of them that the system has to back with memory: without pages that were given back
    /// since they were last used, or never used. Errs upwards, and of huge pages downwards: they are
    /// present as a whole.
    pub resident_bytes: usize,
    /// Bytes of free memory that were given back to the system so far, page by page or in larger
    /// pieces; without those of huge objects, which go back as they came. A program that uses the
    /// same memory again and again does not give it back in between.
    pub returned_bytes: u64,
    /// Bytes that count against the limit: blocks in use, large objects, external memory.
    pub used_bytes: usize,
}

/// What the collections of one generation did, since the arena was made: those in which it was the
/// oldest that was collected.
///
/// # Examples
///
/// ```
/// use gc_core::{Arena, NullCollector, Rootable};
///
/// let mut arena: Arena<Rootable![()], NullCollector> = Arena::new(|_| ());
/// arena.collect();
/// assert_eq!(arena.generation_stats()[0].collections, 1);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct GenerationStats {
    /// Collections.
    pub collections: u64,
    /// The sum of [`Collection::candidates`].
    pub candidates: u64,
    /// The sum of [`Collection::unreachable`].
    pub unreachable: u64,
    /// The sum of [`Collection::uncollectable`].
    pub uncollectable: u64,
    /// The sum of [`Collection::freed_objects`].
    pub freed_objects: u64,
    /// The sum of [`Collection::freed_bytes`].
    pub freed_bytes: u64,
    /// How long all of them took.
    pub duration: Duration,
}

impl GenerationStats {
    pub(crate) fn add(&mut self, collection: &Collection) {
        self.collections += 1;
        self.candidates += collection.candidates as u64;
        self.unreachable += collection.unreachable as u64;
        self.uncollectable += collection.uncollectable as u64;
        self.freed_objects += collection.freed_objects as u64;
        self.freed_bytes += collection.freed_bytes as u64;
        self.duration += collection.duration;
    }
}
