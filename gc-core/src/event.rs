//! What a collection did, what happened so far, and who wants to know: [`Collection`], [`Stats`],
//! [`Event`] and [`Listener`].

use core::fmt;

/// What one collection did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Collection {
    /// The oldest generation that was collected.
    pub generation: u8,
    /// Objects that a cycle-finding phase found unreachable. A collector that counts references
    /// reports those that can refer to others, which is what CPython's `gc.collect` returns (and 0
    /// if it looks for no cycles); one that does not count reports all that it found dead.
    pub unreachable: usize,
    /// Objects that were reclaimed. A collector that counts references does not look at objects
    /// that die young, and leaves them out.
    pub freed_objects: usize,
    /// Bytes of these objects, headers included.
    pub freed_bytes: usize,
    /// Bytes of the objects that are mature after the collection, headers included.
    pub live_bytes: usize,
}

impl Collection {
    /// What this and then another did together.
    pub(crate) fn and(mut self, later: &Collection) -> Collection {
        self.unreachable += later.unreachable;
        self.freed_objects += later.freed_objects;
        self.freed_bytes += later.freed_bytes;
        self.live_bytes = later.live_bytes;
        self
    }
}

/// Why a collection ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// A safepoint had something to do.
    Automatic,
    /// [`Arena::collect`](crate::Arena::collect) or its like was called.
    Explicit,
}

/// Something that a [`Listener`] is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A collection begins.
    CollectionStart {
        /// Why.
        reason: Reason,
    },
    /// A collection has ended, and the drop glue of what died has run.
    CollectionStop {
        /// Why it ran.
        reason: Reason,
        /// What it did.
        collection: Collection,
    },
}

/// Listens to the events of an arena.
///
/// Called at a safepoint, before the collector begins and when what died has been torn down: it has
/// no access to the arena. What it does is part of the pause.
pub trait Listener {
    /// Something happened.
    fn event(&mut self, event: &Event);
}

impl<F: FnMut(&Event)> Listener for F {
    fn event(&mut self, event: &Event) {
        self(event);
    }
}

impl fmt::Debug for dyn Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Listener")
    }
}

/// What has happened in an arena since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Objects allocated.
    pub allocated_objects: u64,
    /// Bytes allocated, headers included. Counted when a nursery region is used up and at
    /// safepoints: bytes of the region in use are included.
    pub allocated_bytes: u64,
    /// Safepoints at which the collector ran.
    pub collections: u64,
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
    /// since they were last used, or never used. Errs upwards.
    pub resident_bytes: usize,
    /// Bytes of free memory that were given back to the system so far, page by page or in larger
    /// pieces; without those of huge objects, which go back as they came. A program that uses the
    /// same memory again and again does not give it back in between.
    pub returned_bytes: u64,
    /// Bytes that count against the limit: blocks in use, large objects, external memory.
    pub used_bytes: usize,
}
